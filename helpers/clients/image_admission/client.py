"""Switch admission of signed images on and off."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.clients.image_admission.policy import FILE, BadPolicy, Policy, Rule
from helpers.clients.kubernetes import Cluster, ObjectNotFound
from helpers.core.files import write_private
from helpers.runtime import services
from helpers.runtime.services.control_plane.access import authority
from helpers.wrappers.cosign import Identity

#: Namespaces with this label are asked about.
LABEL = {"acme.test/signed-images": "required"}
NAME = "signed-images.acme.test"
SERVICE = "image-admission"
_PODS = (
    ("", "v1", ("pods", "pods/ephemeralcontainers", "replicationcontrollers")),
    ("apps", "v1", ("deployments", "replicasets", "statefulsets", "daemonsets")),
    ("batch", "v1", ("jobs", "cronjobs")),
)


class ImageAdmission:
    """Admission of signed images on the course's API server.

    Args:
        cluster: whose webhook configuration is written; by default the course's own, as its admin.
    """

    def __init__(self, cluster: Cluster | None = None) -> None:
        self._cluster = cluster

    def __repr__(self) -> str:
        return f"ImageAdmission({len(self.rules)} rules, {'on' if self.on else 'off'})"

    @property
    def cluster(self) -> Cluster:
        """The cluster whose API server asks."""
        return self._cluster or Cluster()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What is asked for now."""
        return Policy.read(self._data()).rules

    @property
    def on(self) -> bool:
        """Does the API server ask?"""
        try:
            self.cluster.get("ValidatingWebhookConfiguration", NAME)
        except ObjectNotFound:
            return False
        return True

    def enforce(self, keys: Mapping[str, Path | Identity], *, endpoints: Mapping[str, str] | None = None) -> None:
        """From now on admit only images that a rule knows, signed with the rule's key or by its identity.

        Args:
            keys: pattern of repositories -> file of the public key, or who must have signed without one; the first
                that fits decides.
            endpoints: host in an image's name -> ``HOST:PORT`` it is reached at; by default the story's registry
                ``images.acme.test`` is the service ``oci``.

        Raises:
            BadPolicy: a key or a trusted root cannot be read, a key is a private one, or an identity is empty.
        """
        services.ensure(SERVICE)
        if endpoints is None:
            endpoints = {"images.acme.test": services.ensure("oci").address}
        rules = tuple(_rule(pattern, signer) for pattern, signer in keys.items())
        write_private(self._data() / FILE, Policy(rules, endpoints).to_json().encode())
        self.cluster.apply(self.webhook(), field_manager=SERVICE)

    def webhook(self) -> dict[str, Any]:
        """Return the ValidatingWebhookConfiguration, for the service where it runs now."""
        url = services.ensure(SERVICE).url
        ca = authority(services.data("kubernetes").parent).cert
        return webhook(url, ca)

    def lift(self) -> None:
        """Stop asking; the rules stay."""
        try:
            self.cluster.delete("ValidatingWebhookConfiguration", NAME)
        except ObjectNotFound:
            return

    @staticmethod
    def _data() -> Path:
        return services.data(SERVICE)


def webhook(url: str, ca: Path) -> dict[str, Any]:
    """Return the ValidatingWebhookConfiguration of a service at *url*, whose certificate *ca* vouches for."""
    rules = [
        {"apiGroups": [group], "apiVersions": [version], "operations": ["CREATE", "UPDATE"], "resources": list(kinds)}
        for group, version, kinds in _PODS
    ]
    hook = {
        "name": NAME,
        "clientConfig": {"url": f"{url}/validate", "caBundle": base64.b64encode(ca.read_bytes()).decode()},
        "rules": rules,
        "namespaceSelector": {"matchLabels": dict(LABEL)},
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        # An image that nobody looked at is not a signed image.
        "failurePolicy": "Fail",
        "timeoutSeconds": 15,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": NAME},
        "webhooks": [hook],
    }


def _rule(pattern: str, signer: Path | Identity) -> Rule:
    if not isinstance(signer, Identity):
        return Rule(pattern, _public(signer))
    roots = _text(signer.roots)
    try:
        json.loads(roots)
        return Rule(pattern, identity=signer.identity, issuer=signer.issuer, roots=roots)
    except ValueError as error:
        raise BadPolicy(
            f"{signer.identity or 'Nobody'} cannot be used to verify images",
            why=str(error),
            next="Identity(identity, issuer, roots): keyless.trusted_root(...) writes the roots.",
        ) from None


def _text(path: Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(path, str(error)) from None


def _public(path: Path) -> str:
    text = _text(path)
    if "-----BEGIN PUBLIC KEY-----" not in text or "PRIVATE" in text:
        raise _bad(path, "It is not a public key in PEM.")
    return text


def _bad(path: Path, why: str) -> BadPolicy:
    return BadPolicy(
        f"{Path(path).name} cannot be used to verify images", why=why, next="Name the public half, NAME.pub."
    )
