"""Runs cosign so that it neither calls out nor touches the user's own Sigstore state."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core import process
from helpers.core.errors import BadInput
from helpers.core.paths import state_dir
from helpers.core.redact import add_secrets
from helpers.wrappers.base import StrPath, Wrapper
from helpers.wrappers.cosign._judge import no_answer, said
from helpers.wrappers.cosign.bundle import Bundle, Key, KeyPair, MalformedBundle, fingerprint
from helpers.wrappers.cosign.kms import KmsKey
from helpers.wrappers.cosign.result import CannotVerify, Cause, CosignError, Refused
from helpers.wrappers.cosign.sigstore import Sigstore
from helpers.wrappers.crane import BadReference, registry_error

#: Made by cosign itself: without these it asks the public Sigstore for its services and its root of trust.
_CONFIGS = {
    "signing-config.json": ["signing-config", "create"],
    "trusted-root.json": [
        "trusted-root",
        "create",
        "--no-default-fulcio",
        "--no-default-ctfe",
        "--no-default-rekor",
        "--no-default-tsa",
    ],
}
#: A trusted root and a signing configuration say from when on a part of the deployment counts.
_START = "start-time=2024-01-01T00:00:00Z"
#: The name that a bundle has beside its file.
SIGNATURE, ATTESTATION = ".sigstore.json", ".attestation.json"
#: What says in an image's claims that it is signed, not only described.
SIGN_TYPE = "https://sigstore.dev/cosign/sign/v1"
SIGN_TYPES = ("https://sigstore.dev/cosign/sign/", "cosign container image signature")
#: Where clients go without TLS; the course's own registry is elsewhere (`helpers.runtime.oci_address`).
_LOOPBACK = re.compile(r"^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?/")
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")


@dataclass(frozen=True)
class Blob:
    """A file (or an image) and a bundle, both read once: what is verified is this, whatever happens to the files.

    Attributes:
        digest: SHA-256 of the file or of the image's manifest, hex. content: of the bundle.
    """

    subject: str
    digest: str
    content: bytes
    bundle: Bundle


class CosignRunner(Wrapper):
    """The parts of `Cosign` that are not subcommands."""

    tool = "cosign"
    refused = ("COSIGN_*", "SIGSTORE_*", "TUF_*", "HOME")

    def __init__(
        self,
        workdir: StrPath = ".",
        *,
        env: Mapping[str, str] | None = None,
        executable: StrPath | None = None,
        timeout: float | None = 120,
        sigstore: Sigstore | None = None,
    ) -> None:
        super().__init__(workdir, env=env, executable=executable, timeout=timeout)
        self._home, self._sigstore = state_dir() / "cosign", sigstore

    @property
    def sigstore(self) -> Sigstore:
        """The deployment that gives signed times and certificates; by default the service, started at first use."""
        if self._sigstore is None:
            self._sigstore = Sigstore.local()
        return self._sigstore

    def trusted_root(self, out: StrPath) -> Path:
        """Write the trusted root: the certificates of Fulcio and of the TSA, all that a verifier elsewhere needs."""
        site, path = self.sigstore, self.workdir / out
        self._made(
            [
                *_CONFIGS["trusted-root.json"],
                f"--fulcio=url={site.fulcio},certificate-chain={site.fulcio_chain},{_START}",
                f"--tsa=url={site.tsa},certificate-chain={site.tsa_chain},{_START}",
                f"--out={path}",
            ]
        )
        return path

    def _signing_config(self, out: Path, *, fulcio: bool, timestamp: bool) -> None:
        site, rest = self.sigstore, f"api-version=1,{_START},operator=acme.test"
        ca = [f"--fulcio=url={site.fulcio},{rest}", f"--oidc-provider=url={site.people},{rest}"] if fulcio else []
        tsa = [f"--tsa=url={site.tsa},{rest}", "--tsa-config=EXACT:1"] if timestamp else []
        self._made(["signing-config", "create", *ca, *tsa, f"--out={out}"])

    def _made(self, args: Sequence[str]) -> None:
        """Run a command that makes a configuration."""
        done = self._run(args)
        if done.returncode != 0:
            raise self._cosign_failed(f"{args[0]} create", done)

    def _fixed_env(self) -> dict[str, str]:
        return {"HOME": str(self._home), "TUF_ROOT": str(self._home / "tuf")}

    def _config(self, name: str) -> str:
        """Return the path of an empty signing configuration or trusted root, made on first use."""
        path = self._home / name
        if not path.exists():
            self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(dir=self._home) as aside:
                made = Path(aside) / name
                self._made([*_CONFIGS[name], f"--out={made}"])
                made.replace(path)
        return str(path)

    @contextlib.contextmanager
    def _configs(self, timestamp: bool) -> Iterator[list[str]]:
        """Yield the options with which cosign contacts no service, or the timestamp authority alone."""
        with tempfile.TemporaryDirectory() as aside:
            signing = self._config("signing-config.json")
            root = self._config("trusted-root.json")
            if timestamp:
                signing, root = f"{aside}/signing-config.json", str(self.trusted_root(Path(aside) / "root.json"))
                self._signing_config(Path(signing), fulcio=False, timestamp=True)
            yield [f"--signing-config={signing}", f"--trusted-root={root}", "--yes"]

    def _into_bundle(
        self, file: StrPath, bundle: StrPath | None, suffix: str, sign: Callable[[list[str]], object]
    ) -> Bundle:
        """Let *sign* run with the options that name file and bundle, and return the bundle, written at once."""
        source = self.workdir / file
        if not source.is_file():
            raise CosignError(
                f"There is no file {os.fspath(file)}", why="Only a file can be signed.", next="Create it."
            )
        path = self.workdir / bundle if bundle is not None else source.with_name(source.name + suffix)
        if not path.parent.is_dir():
            raise CosignError(
                f"There is no directory for {path.name}", why=f"{path.parent.name} is missing.", next="Create it."
            )
        # Written aside: an interrupted run leaves no half bundle.
        with tempfile.TemporaryDirectory(dir=path.parent) as aside:
            made = Path(aside) / "bundle.json"
            sign([f"--bundle={made}", "--", operand(file)])
            made.chmod(0o644)
            Bundle.read(made)
            made.replace(path)
        return Bundle.read(path)

    def bundles(self, reference: str) -> tuple[Bundle, ...]:
        """Return what lies beside an image: signatures and statements, read, not verified. Junk is left out.

        Nothing lies beside an image that is not there.

        Raises:
            RegistryError: the registry is away. CosignError: it cannot be read.
        """
        done = self._run(["download", "attestation", *http(reference), "--", reference])
        if done.returncode != 0:
            raise registry_error(said(done), reference) or self._cosign_failed("download attestation", done)
        found = []
        for line in done.stdout.splitlines():
            with contextlib.suppress(MalformedBundle):
                found.append(Bundle.parse(line.encode()))
        return tuple(found)

    @contextlib.contextmanager
    def _predicate(self, predicate: StrPath | Mapping[str, Any], type: str) -> Iterator[list[str]]:
        """Give the options that name a predicate about an image; cosign makes an in-toto Statement v0.1 of it."""
        _uri(type)
        with tempfile.TemporaryDirectory() as aside:
            file = Path(aside) / "predicate.json"
            if isinstance(predicate, Mapping):
                file.write_text(_as_json(predicate), encoding="utf-8")
            else:
                file = self.workdir / predicate
            yield [f"--predicate={file}", f"--type={type}"]

    @contextlib.contextmanager
    def _statement(self, file: StrPath, predicate: StrPath | Mapping[str, Any], type: str) -> Iterator[list[str]]:
        """Give the options that name an in-toto Statement v1 about a file.

        From a predicate alone cosign 3.1 makes a Statement v0.1, in which a predicate of SLSA v1 does not belong.
        """
        _uri(type)
        source = self.workdir / file
        said = predicate if isinstance(predicate, Mapping) else self._read_predicate(predicate)
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": source.name, "digest": {"sha256": _hash_of(source)}}],
            "predicateType": type,
            "predicate": said,
        }
        with tempfile.TemporaryDirectory() as aside:
            path = Path(aside) / "statement.json"
            path.write_text(_as_json(statement), encoding="utf-8")
            yield [f"--statement={path}", f"--type={type}"]

    def _read_predicate(self, file: StrPath) -> Mapping[str, Any]:
        try:
            found = json.loads((self.workdir / file).read_bytes())
        except (OSError, ValueError) as error:
            raise CosignError(
                f"{Path(file).name} holds no predicate", why=str(error), next="Name a file with a JSON object."
            ) from None
        if not isinstance(found, dict):
            raise CosignError(
                f"{Path(file).name} holds no predicate",
                why="It is JSON, but not an object.",
                next="Name a file with a JSON object.",
            )
        return found

    def _blob(
        self,
        file: StrPath,
        bundle: StrPath | None,
        suffix: str,
        *,
        key: str,
        checked: tuple[str, ...],
        not_checked: tuple[str, ...],
    ) -> Blob | Refused:
        """Return a file with its bundle, or why it has none; *suffix* says which of the two kinds is asked for.

        Raises:
            CannotVerify: the file cannot be read.
        """
        source, subject = self.workdir / file, Path(file).name
        digest = _sha256(source, subject)
        path = self.workdir / bundle if bundle is not None else source.with_name(source.name + suffix)

        def refused(cause: Cause, why: str) -> Refused:
            return Refused(subject, cause, why, key, checked, not_checked)

        if not path.is_file():
            return refused(Cause.NO_SIGNATURE, f"There is no bundle {path.name}.")
        content = path.read_bytes()
        try:
            read = Bundle.parse(content, path)
        except MalformedBundle as error:
            return refused(Cause.MALFORMED_BUNDLE, f"{error.what}: {error.why}")
        if suffix == SIGNATURE and read.kind == "attestation":
            # cosign would take it for a signature.
            why = f"The bundle holds a statement about the file ({read.predicate_type}), not a signature of it."
            return refused(Cause.WRONG_TYPE, why)
        if not read.signed:
            return refused(Cause.NO_SIGNATURE, "The bundle holds no signature.")
        return Blob(subject, digest, content, read)

    @staticmethod
    @contextlib.contextmanager
    def _copy(blob: Blob) -> Iterator[str]:
        """Give the option that names the bundle that was read."""
        with tempfile.TemporaryDirectory() as aside:
            copy = Path(aside) / "bundle.json"
            copy.write_bytes(blob.content)
            yield f"--bundle={copy}"

    def _sign_with_key(
        self, args: Sequence[str], key: Key | KmsKey, password: str, *, reference: str = "", timestamp: bool = False
    ) -> process.Completed:
        """Run a command that signs; the password goes through the environment, never through the arguments."""
        named, env, hidden = self._signing_key(key, password)
        add_secrets(hidden)
        with self._configs(timestamp) as options:
            args = [args[0], f"--key={named}", *options, *args[1:]]
            done = self._run(args, env=env, secrets=[hidden])
        if done.returncode != 0:
            error = registry_error(said(done), reference) if reference else None
            raise error or self._cosign_failed(args[0], done)
        return done

    def _signing_key(self, key: Key | KmsKey, password: str) -> tuple[str, dict[str, str], str]:
        """Return how cosign names a key, the variables it needs for it, and the secret among them."""
        if isinstance(key, KmsKey):
            return key.reference, key.environment(), key.token
        private = self.workdir / (key.private if isinstance(key, KeyPair) else key)
        if not private.is_file():
            raise CosignError(f"There is no key at {private.name}", next="cosign.generate_key_pair(...)")
        return str(private), {"COSIGN_PASSWORD": password}, password

    def public_key(self, key: KmsKey, out: StrPath) -> Path:
        """Write the public half of a key in a KMS to a file, for those who verify; return its path.

        Raises:
            CosignError: the KMS is away, or does not allow it.
        """
        path = self.workdir / out
        add_secrets(key.token)
        done = self._run(["public-key", f"--key={key.reference}"], env=key.environment(), secrets=[key.token])
        if done.returncode != 0 or not fingerprint(done.stdout.encode()):
            raise self._cosign_failed("public-key", done)
        path.write_text(done.stdout, encoding="ascii")
        return path

    def _cosign_failed(self, command: str, done: process.Completed) -> CosignError:
        text = said(done)
        next = "course doctor"
        if "decryption failed" in text:
            next = "Pass the password the key was made with."
        return CosignError(f"cosign {command} failed", why=text[-1500:], next=next, completed=done)

    def _public(self, key: Key) -> tuple[Path, str]:
        """Return a public key and its fingerprint.

        Raises:
            CannotVerify: it is missing or no public key.
        """
        path = self.workdir / (key.public if isinstance(key, KeyPair) else key)
        try:
            found = fingerprint(path.read_bytes())
        except OSError as error:
            raise CannotVerify(
                f"The key {path.name} cannot be read", why=error.strerror or "", next="Name the public key (.pub)."
            ) from None
        if not found:
            raise CannotVerify(
                f"{path.name} is not a public key", why="It is not in PEM form.", next="Name the .pub file."
            )
        return path, found


def operand(path: StrPath) -> str:
    """Return a path that cosign takes neither for an option nor for a digest or URL."""
    given = os.fspath(path)
    if not given or "\0" in given:
        raise BadInput(f"{given!r} is not a path", why="A path is not empty and holds no NUL.", next="Correct it.")
    return given if given.startswith(("/", "./", "../")) else f"./{given}"


def http(reference: str) -> list[str]:
    """Return the option that allows a registry on loopback, and no other, to go without TLS."""
    return ["--allow-http-registry=true"] if _LOOPBACK.match(reference) else []


def require_digest(reference: str) -> str:
    """Return the digest in a reference; raise `BadReference` when it names content by a tag."""
    found = _DIGEST.search(reference)
    if found is None:
        raise BadReference(
            f"{reference!r} has no digest",
            why="A tag can be moved to other content after you looked at it.",
            next="Sign REPOSITORY@sha256:...; crane.digest(reference) tells it.",
        )
    return found[1]


def documents(done: process.Completed, subject: str) -> list[Any]:
    """Return the documents cosign printed: one list, or one document a line."""
    found: list[Any] = []
    try:
        for line in done.stdout.splitlines():
            if line.strip():
                item = json.loads(line)
                found += item if isinstance(item, list) else [item]
    except json.JSONDecodeError:
        found = []
    if not found:
        raise no_answer(done, subject)
    return found


def statements(done: process.Completed, subject: str) -> tuple[str, tuple[Any, ...]]:
    """Return the digest that verified statements are about, and their predicates."""
    found = [json.loads(base64.b64decode(envelope["payload"])) for envelope in documents(done, subject)]
    digest = "sha256:" + found[0]["subject"][0]["digest"]["sha256"]
    return digest, tuple(statement.get("predicate") for statement in found)


def _sha256(file: Path, subject: str) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise CannotVerify(
            f"{subject} cannot be read", why=error.strerror or str(error), next="Name the file that was signed."
        ) from None


def _uri(type: str) -> None:
    if "://" not in type:
        # With some short names cosign silently drops the fields of the predicate that it does not know.
        raise BadInput(f"{type!r} is not a predicate type", why="It is a URI.", next="https://slsa.dev/provenance/v1")


def _as_json(data: Mapping[str, Any]) -> str:
    try:
        return json.dumps(data)
    except (TypeError, ValueError) as error:
        raise BadInput("The predicate is not JSON data", why=str(error), next="Use dict, list, str, int.") from None


def _hash_of(file: Path) -> str:
    """Return a file's digest; nothing when there is no such file, which is said where it is signed."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
