"""The scenario of the lecture on signatures: an inference image in a registry, and people who may write there.

Some functions do what an attacker with write access to a registry does: put a signature beside another image, damage
stored bytes. They touch only the lecture's own repository.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import itertools
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from helpers.clients.image_admission import ImageAdmission
from helpers.clients.image_admission.client import LABEL, NAME
from helpers.clients.kubernetes import Cluster, KubernetesError
from helpers.core import http, process
from helpers.core.errors import BadInput
from helpers.core.paths import workspace_dir
from helpers.course import teaching
from helpers.course.scenarios.waits import poll_until
from helpers.runtime import services, tools, trust
from helpers.wrappers.cosign import CannotVerify, Cosign, KeyPair
from helpers.wrappers.crane import Crane, write_layer

if TYPE_CHECKING:
    from helpers.wrappers.cosign import Identity

#: Host in the names of images; the local registry stands in for it.
HOST = "images.acme.test"
#: The lecture's namespace; the label asks the API server to look at signatures.
NAMESPACE = "lecture-signing"
#: Type of the statement that ``cosign sign`` makes about an image.
SIGNATURE = "https://sigstore.dev/cosign/sign/v1"
#: What differs from run to run: the registry's port, generated names of pods, digests of signatures.
RUN_SPECIFIC_TEXT = (r"(?<=127\.0\.0\.\d:)\d+", r"(?<=inference-)[a-z0-9]{5,10}(-[a-z0-9]{5})?\b")
#: Order of the group of the curve P-256 (SEC 2, section 2.4.2).
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_NOBODY = f"{HOST}/nobody/knows@sha256:{'0' * 64}"
_INDEX = "application/vnd.oci.image.index.v1+json"


class SigningScenario:
    """A repository of the local registry with its own directory for keys and files; `set_up` makes it.

    Attributes:
        repository: for example ``signing/inference``; each run of the lecture has a new one.
        folder: keys, and files that were fetched.
    """

    def __init__(self, repository: str, folder: Path) -> None:
        self.repository, self.folder = repository, folder
        self.cosign, self.crane = Cosign(folder), Crane(folder)

    def __repr__(self) -> str:
        return f"SigningScenario(repository {self.repository})"

    @property
    def address(self) -> str:
        """The repository with the address it is reached at."""
        return f"{services.ensure('oci').address}/{self.repository}"

    def push(self, tag: str, content: str) -> str:
        """Push an image with one file under a tag and return it as ``REPOSITORY@DIGEST``; same content, same digest."""
        layer = write_layer(self.folder / "layer.tar", {"model.txt": content.encode()})
        return self.crane.append([layer], f"{self.address}:{tag}")

    def image_name(self, reference: str) -> str:
        """Return the name that manifests use for an image of this repository."""
        return f"{HOST}/{self.repository}@{reference.partition('@')[2]}"

    def fetch(self, reference: str) -> tuple[Path, Path]:
        """Write an image's manifest and the first signature that lies beside it to files, and return both."""
        manifest, bundle = self.folder / "manifest.json", self.folder / "bundle.json"
        manifest.write_bytes(self._crane("manifest", reference))
        signature = self._signature(reference).manifests[0].digest
        layer = self.crane.manifest(f"{self.address}@{signature}").layers[0].digest
        bundle.write_bytes(self._crane("blob", f"{self.address}@{layer}"))
        return manifest, bundle

    def attach(self, bundle: Path, reference: str) -> None:
        """Put a signature beside an image, as anybody may who can write to the registry; no key is needed for it."""
        target = self._crane("manifest", reference)
        content = bundle.read_bytes()
        artifact = json.loads(bundle.read_text())["mediaType"]
        layer = {"mediaType": artifact, "digest": _sha256(content), "size": len(content)}
        empty = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": _sha256(b"{}"), "size": 2}
        subject = {"mediaType": json.loads(target)["mediaType"], "digest": _sha256(target), "size": len(target)}
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactType": artifact,
            "config": empty | {"artifactType": artifact},
            "layers": [layer],
            "subject": subject,
            "annotations": {
                "dev.sigstore.bundle.content": "dsse-envelope",
                "dev.sigstore.bundle.predicateType": SIGNATURE,
            },
        }
        body = json.dumps(manifest).encode()
        for blob in (content, b"{}"):
            self._send("POST", f"blobs/uploads/?digest={_sha256(blob)}", blob, "application/octet-stream")
        self._send("PUT", f"manifests/{_sha256(body)}", body, str(manifest["mediaType"]))
        one = {"mediaType": manifest["mediaType"], "digest": _sha256(body), "size": len(body), "artifactType": artifact}
        index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": [one]}
        self._send("PUT", f"manifests/{_sha256(target).replace(':', '-')}", json.dumps(index).encode(), _INDEX)

    @contextlib.contextmanager
    def damaged(self, reference: str) -> Iterator[None]:
        """Flip a bit of an image's layer on the registry's disk while the block runs."""
        digest = self.crane.manifest(reference).layers[0].digest.partition(":")[2]
        (file,) = (path for path in services.data("oci").rglob(f"*{digest}*") if path.is_file())
        whole = file.read_bytes()
        file.write_bytes(with_flipped_bit(whole, len(whole) // 2))
        try:
            yield
        finally:
            file.write_bytes(whole)

    def run_verify(self, reference: str, key: KeyPair, *flags: str) -> tuple[bool, str]:
        """Run cosign itself with these flags and no others; return whether it said yes, and its words."""
        done = self.cosign.verify_with_flags(reference, key=key, flags=flags)
        return done.returncode == 0, done.stderr

    def _signature(self, reference: str) -> Any:
        return self.crane.manifest(f"{self.address}:{reference.partition('@')[2].replace(':', '-')}")

    def _crane(self, command: str, reference: str) -> bytes:
        env = process.environment(trust.client_environment([reference]))
        done = process.run([tools.ensure("crane").path, command, reference], env=env)
        if done.returncode != 0:
            raise BadInput(f"{reference} cannot be read", why=done.stderr, next="Run the notebook from the top.")
        return done.stdout.encode()

    def _send(self, method: str, path: str, body: bytes, kind: str) -> None:
        host, _, repository = self.address.partition("/")
        _, account = trust.registry_account()
        url, headers = f"https://{host}/v2/{repository}/{path}", {"Content-Type": kind, "Authorization": account}
        answer = http.request(method, url, body, headers=headers, ca=trust.ca_file())
        assert answer.ok, answer.text

    # The API server

    @property
    def cluster(self) -> Cluster:
        """The cluster, as its admin, in the lecture's namespace."""
        return Cluster(namespace=NAMESPACE)

    def deployment(self, image: str, *, name: str = "inference") -> dict[str, Any]:
        """Return a Deployment of one replica that runs an image."""
        labels = {"app": name}
        box = {"name": "server", "image": image, "resources": {"limits": {"nvidia.com/gpu": 1}}}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [box]}}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
        }

    def enforce(self, key: Path) -> ImageAdmission:
        """Let the API server ask for a signature by this key on the lecture's images; the rules of others stay."""
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": dict(LABEL)}}
        services.ensure("kubernetes")
        self.cluster.apply(space)
        admission = ImageAdmission()
        admission.enforce({self._pattern: key, **self._others(admission)})
        poll_until(lambda: not self.admits(_NOBODY), "the API server asks")
        return admission

    def admits(self, image: str) -> bool:
        """Would the API server take a Deployment of this image now? Nothing is kept."""
        try:
            self.cluster.apply(self.deployment(image, name="asked"), dry_run=True)
        except KubernetesError:
            return False
        return True

    def ready(self) -> tuple[int, str]:
        """Return how many replicas of ``inference`` are ready, and why one could not be made."""
        found = self.cluster.get("Deployment", "inference")
        told = (c for c in found.status.get("conditions") or () if c.get("type") == "ReplicaFailure")
        return int(found.status.get("readyReplicas", 0)), next((str(c["message"]) for c in told), "")

    def delete_pods(self) -> str:
        """Delete the pod of ``inference``, as a node that dies does, and return why no other can be made."""
        for pod in self.cluster.get("Pod"):
            self.cluster.delete("Pod", pod.name)
        why = poll_until(lambda: self.ready()[1] if not self.ready()[0] else "", "no pod is left")
        return why.partition("denied the request: ")[2]

    def failure_policy(self, policy: Literal["Fail", "Ignore"]) -> None:
        """While the service that verifies is down: set what the API server does then, and wait until it does it."""
        found = self.cluster.get("ValidatingWebhookConfiguration", NAME)
        hooks = [hook | {"failurePolicy": policy} for hook in found.raw["webhooks"]]
        self.cluster.patch("ValidatingWebhookConfiguration", NAME, {"webhooks": hooks})
        poll_until(lambda: self.admits(_NOBODY) == (policy == "Ignore"), f"failurePolicy is {policy}")

    def wait_until_ready(self) -> int:
        """Wait until ``inference`` is ready again, and return with how many replicas."""

        def looked() -> int:
            # The controller waits longer after each failure; a change of the object makes it look at once.
            stamp = {"metadata": {"annotations": {"acme.test/looked": str(next(_counter))}}}
            for found in self.cluster.get("ReplicaSet"):
                with contextlib.suppress(Exception):
                    self.cluster.patch("ReplicaSet", found.name, stamp)
            return self.ready()[0]

        return poll_until(looked, "the pod is back")

    def clear(self) -> None:
        """Stop asking for the lecture's images and remove its namespace; the rules of others stay."""
        admission = ImageAdmission()
        others = self._others(admission)
        if others:
            admission.enforce(others)
        else:
            admission.lift()
        self.cluster.delete("Namespace", NAMESPACE, missing_ok=True)

    @property
    def _pattern(self) -> str:
        return f"{HOST}/{self.repository}"

    def _others(self, admission: ImageAdmission) -> dict[str, Path | Identity]:
        """Return the rules that are not this lecture's, each with its key in a file."""
        others = (rule for rule in admission.rules if not rule.images.startswith(f"{HOST}/signing"))
        return {rule.images: rule.signer(self.folder) for rule in others}


_counter = itertools.count(1)


def set_up() -> SigningScenario:
    """Start the registry, and return a repository that nothing was pushed to yet, with an empty directory."""
    folder = workspace_dir() / "lectures" / "unit4" / "signing"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    host = services.ensure("oci").address
    taken = Crane(folder).catalog(host)
    names = (f"signing{f'-{n}' if n > 1 else ''}/inference" for n in itertools.count(1))
    return SigningScenario(next(name for name in names if name not in taken), folder)


def statement(bundle: Path) -> dict[str, Any]:
    """Return the statement in a bundle, as it was signed."""
    return dict(json.loads(base64.b64decode(json.loads(bundle.read_text())["dsseEnvelope"]["payload"])))


def with_flipped_bit(content: bytes, place: int) -> bytes:
    """Return the content with the lowest bit of one byte flipped."""
    changed = bytearray(content)
    changed[place] ^= 1
    return bytes(changed)


def malleable_copy(bundle: Path) -> Path:
    """Write a second signature, made from a first one without any key: (r, n - s) instead of (r, s)."""
    # cryptography takes 0.1 s to import, and only this step needs it.
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    raw = json.loads(bundle.read_text())
    found = raw["dsseEnvelope"]["signatures"][0]
    r, s = decode_dss_signature(base64.b64decode(found["sig"]))
    found["sig"] = base64.b64encode(encode_dss_signature(r, _ORDER - s)).decode()
    made = bundle.with_name("twin.json")
    made.write_text(json.dumps(raw))
    return made


def verdict(cosign: Cosign, manifest: Path, bundle: Path, key: Path) -> str:
    """Return ``verified``, the cause of a refusal, or ``could not tell``."""
    try:
        answer = cosign.verify_blob_attestation(manifest, key=key, bundle=bundle, type=SIGNATURE)
    except CannotVerify:
        return "could not tell"
    return "verified" if answer.verified else answer.cause.value


def flip_bits(manifest: Path, bundle: Path, key: Path, *, flips: int = 6) -> teaching.Shown:
    """Flip bits all over each region of what cosign reads, verify each time, and show how it was named.

    Args:
        flips: how many bytes of each region are tried, evenly spread, the first and the last among them.
    """
    folder = manifest.parent / "sweep"
    folder.mkdir(exist_ok=True)
    cosign, rows = Cosign(folder), []
    for region, change in _regions(manifest, bundle, key).items():
        size, write = change
        places = sorted({round(i * (size - 1) / (flips - 1)) for i in range(flips)})
        found = [verdict(cosign, *write(folder, place)) for place in places]
        kinds = ", ".join(dict.fromkeys(sorted(found)))
        rows.append((region, len(found), len(found) - found.count("verified"), kinds))
    return teaching.table(["Region", "#Bytes tried", "#Not accepted", "It is called"], rows)


Write = Callable[[Path, int], tuple[Path, Path, Path]]


def _regions(manifest: Path, bundle: Path, key: Path) -> Mapping[str, tuple[int, Write]]:
    """Return the regions: how many bytes each has, and what writes the three files with one byte of it changed."""
    raw = json.loads(bundle.read_text())
    pem = key.read_text().splitlines()
    der = base64.b64decode("".join(pem[1:-1]))
    envelope = raw["dsseEnvelope"]
    payload, signature = base64.b64decode(envelope["payload"]), base64.b64decode(envelope["signatures"][0]["sig"])
    kind, hint = envelope["payloadType"].encode(), raw["verificationMaterial"]["publicKey"]["hint"].encode()

    def image(folder: Path, place: int) -> tuple[Path, Path, Path]:
        return _file(folder, with_flipped_bit(manifest.read_bytes(), place)), bundle, key

    def public(folder: Path, place: int) -> tuple[Path, Path, Path]:
        body = base64.b64encode(with_flipped_bit(der, place)).decode()
        return manifest, bundle, _file(folder, "\n".join([pem[0], body, pem[-1], ""]).encode())

    def inside(path: Iterable[str | int], content: bytes, *, text: bool = False) -> Write:
        *way, last = path

        def write(folder: Path, place: int) -> tuple[Path, Path, Path]:
            copy = json.loads(bundle.read_text())
            target = copy
            for step in way:
                target = target[step]
            changed = with_flipped_bit(content, place)
            target[last] = (changed if text else base64.b64encode(changed)).decode("latin-1")
            return manifest, _file(folder, json.dumps(copy).encode()), key

        return write

    dsse = "dsseEnvelope"
    return {
        "manifest (the image)": (manifest.stat().st_size, image),
        "payload (what is stated)": (len(payload), inside([dsse, "payload"], payload)),
        "payload type": (len(kind), inside([dsse, "payloadType"], kind, text=True)),
        "signature": (len(signature), inside([dsse, "signatures", 0, "sig"], signature)),
        "public key": (len(der), public),
        "hint of the key": (len(hint), inside(["verificationMaterial", "publicKey", "hint"], hint, text=True)),
    }


def _file(folder: Path, content: bytes) -> Path:
    path = folder / "changed"
    path.write_bytes(content)
    return path


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
