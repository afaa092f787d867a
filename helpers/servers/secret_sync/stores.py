"""Finds the store an ExternalSecret names and logs in there, as its SecretStore says."""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.clients.aws import cloud
from helpers.clients.kubernetes import ObjectNotFound, reveal
from helpers.clients.secret_sync.errors import StoreProblem
from helpers.clients.vault import Vault
from helpers.core.errors import CourseError
from helpers.core.redact import add_secrets
from helpers.servers.secret_sync.providers import AwsProvider, Provider, VaultProvider

if TYPE_CHECKING:
    from helpers.clients.kubernetes import Cluster, Object

#: Seconds after which a login is repeated.
MAX_AGE = 300.0


class Stores:
    """The stores of a cluster; a login is kept for a while.

    Args:
        cluster: where SecretStores and their credentials are.
        directory: for the certificates of stores' authorities.
    """

    def __init__(self, cluster: Cluster, directory: Path) -> None:
        self._cluster, self._folder = cluster, directory
        self._kept: dict[tuple[str, str, str], tuple[str, float, Provider]] = {}

    def find(self, ref: Mapping[str, str], namespace: str) -> Object:
        """Return the store that a ``secretStoreRef`` in *namespace* names.

        Raises:
            StoreProblem: it is not there, or may not be used from *namespace*.
        """
        kind, name = ref.get("kind", "SecretStore"), ref["name"]
        try:
            store = self._cluster.get(kind, name, namespace=namespace)
        except ObjectNotFound:
            where = f" in namespace {namespace}" if kind == "SecretStore" else ""
            raise StoreProblem(f"There is no {kind} {name}{where}", next=f"Apply the {kind}.") from None
        allowed = [one for part in store.raw["spec"].get("conditions", ()) for one in part["namespaces"]]
        if kind == "ClusterSecretStore" and allowed and namespace not in allowed:
            raise StoreProblem(
                f"ClusterSecretStore {name} may not be used from namespace {namespace}",
                why="Its conditions allow " + ", ".join(sorted(allowed)) + ".",
                next="Ask the platform team.",
            )
        return store

    def provider(self, store: Object) -> Provider:
        """Return the store, logged in to.

        Raises:
            StoreProblem: its description or its credentials cannot work. CourseError: it refuses or does not answer.
        """
        key = (store.kind, store.namespace, store.name)
        meta = store.raw["metadata"]
        version = f"{meta['uid']}/{meta['generation']}"
        kept = self._kept.get(key)
        if kept is None or kept[0] != version or time.monotonic() - kept[1] > MAX_AGE:
            kept = (version, time.monotonic(), self._open(store))
            self._kept[key] = kept
        return kept[2]

    def forget(self, store: Object) -> bool:
        """Drop the login to the store, so that the next request logs in again; return whether there was one."""
        return self._kept.pop((store.kind, store.namespace, store.name), None) is not None

    def _open(self, store: Object) -> Provider:
        spec = store.raw["spec"]["provider"]
        if "vault" in spec:
            return VaultProvider(self._vault(store, spec["vault"]), spec["vault"].get("path", "secret"))
        if "aws" in spec:
            return AwsProvider(self._aws(store, spec["aws"]))
        raise StoreProblem(f"{store.kind} {store.name} names no provider", next="provider: vault or aws")

    def _vault(self, store: Object, spec: Mapping[str, Any]) -> Vault:
        url, ca = spec["server"], self._authority(store, spec)
        auth = spec["auth"]
        if ref := auth.get("tokenSecretRef"):
            return Vault(token=self._secret(store, ref), url=url, ca=ca)
        stranger = Vault("", url=url, ca=ca)
        if approle := auth.get("appRole"):
            return stranger.log_in(approle["roleId"], self._secret(store, approle["secretRef"]))
        if workload := auth.get("kubernetes"):
            jwt = self._workload_token(store, workload["serviceAccountRef"])
            return stranger.log_in_workload(workload["role"], jwt, mount=workload.get("mountPath", "kubernetes"))
        raise StoreProblem(f"{store.kind} {store.name} has no login method", next="auth: appRole, ...")

    def _authority(self, store: Object, spec: Mapping[str, Any]) -> str:
        """Return a file with the certificate to trust; none is the machine's own authorities."""
        pem = b""
        if bundle := spec.get("caBundle"):
            pem = _decoded(bundle, f"caBundle of {store.kind} {store.name}")
        elif source := spec.get("caProvider"):
            ref = {"key": "ca.crt", **source}
            pem = (
                self._secret(store, ref).encode()
                if ref["type"] == "Secret"
                else str(self._look(store, "ConfigMap", ref)["data"].get(ref["key"], "")).encode()
            )
        if not pem:
            return ""
        path = self._folder / f"{hashlib.sha256(pem).hexdigest()[:16]}.pem"
        path.write_bytes(pem)
        return str(path)

    def _namespace(self, store: Object, ref: Mapping[str, Any]) -> str:
        """Return the namespace of what a store refers to: a SecretStore never reaches out of its own."""
        wanted = ref.get("namespace", "")
        if store.kind == "SecretStore":
            if wanted not in ("", store.namespace):
                raise StoreProblem(
                    f"SecretStore {store.name} refers to namespace {wanted}",
                    why="Only a ClusterSecretStore may refer to another namespace.",
                    next="Leave the namespace out.",
                )
            return store.namespace
        if not wanted:
            raise StoreProblem(f"ClusterSecretStore {store.name} must say the namespace of {ref['name']}", next="")
        return str(wanted)

    def _look(self, store: Object, kind: str, ref: Mapping[str, Any]) -> dict[str, Any]:
        namespace = self._namespace(store, ref)
        try:
            found: dict[str, Any] = self._cluster.get(kind, ref["name"], namespace=namespace).raw
        except ObjectNotFound:
            raise StoreProblem(
                f"{store.kind} {store.name} needs the {kind} {namespace}/{ref['name']}", why="It is not there.", next=""
            ) from None
        return found

    def _secret(self, store: Object, ref: Mapping[str, Any]) -> str:
        """Return the value that a secretRef of a store names."""
        data = reveal(self._look(store, "Secret", ref).get("data") or {})
        key = ref.get("key") or (next(iter(data)) if len(data) == 1 else "")
        if key not in data:
            raise StoreProblem(
                f"The Secret {ref['name']} of {store.kind} {store.name} has no key {key!r}",
                why="Its keys: " + (", ".join(sorted(data)) or "none") + ".",
                next="",
            )
        text = _decoded(data[key], f"Secret {ref['name']}").decode().strip()
        add_secrets(text)
        return text

    def _workload_token(self, store: Object, ref: Mapping[str, Any]) -> str:
        """Return a token of a service account, good for ten minutes."""
        namespace, audiences = self._namespace(store, ref), ref.get("audiences") or ()
        return str(self._cluster.token_request(namespace, ref["name"], audiences=audiences, seconds=600).reveal())

    def _aws(self, store: Object, spec: Mapping[str, Any]) -> Any:
        # Expensive (0.5 s); few stores are AWS's.
        import boto3
        import botocore.exceptions  # only when it fails

        keys = (spec.get("auth") or {}).get("secretRef") or {}
        names = ("accessKeyIDSecretRef", "secretAccessKeySecretRef", "sessionTokenSecretRef")
        given = [self._secret(store, keys[name]) if name in keys else None for name in names]
        session = boto3.session.Session(*given, region_name=spec["region"])
        options = cloud.client_options(cloud.url())
        try:
            if role := spec.get("role"):
                sts = session.client("sts", **options)
                held = sts.assume_role(RoleArn=role, RoleSessionName="external-secrets")["Credentials"]
                add_secrets(held["SecretAccessKey"], held["SessionToken"])
                session = boto3.session.Session(
                    held["AccessKeyId"], held["SecretAccessKey"], held["SessionToken"], region_name=spec["region"]
                )
            return session.client("secretsmanager", **options)
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            raise StoreProblem(f"{store.kind} {store.name} cannot log in to AWS", why=str(error), next="") from None


def _decoded(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise StoreProblem(f"The {what} is not base64", next="") from None


def explained(error: CourseError) -> str:
    """Return an error as the message of a condition: what and why, without a value."""
    return " ".join(f"{error.what}. {error.why}".split())[:1000]
