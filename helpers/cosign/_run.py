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

from helpers import _process
from helpers._paths import state_dir
from helpers._redact import add_secrets
from helpers._wrapper import StrPath, Wrapper
from helpers.cosign._judge import no_answer, said
from helpers.cosign.bundle import Bundle, KeyPair, MalformedBundle, fingerprint
from helpers.cosign.result import CannotVerify, Cause, CosignError, Refused
from helpers.cosign.sigstore import Sigstore
from helpers.crane import BadReference, registry_error
from helpers.errors import BadInput

#: Made by cosign itself: without these it asks the public Sigstore for its services and its root of trust.
_CONFIGS = {
    "signing-config.json": ["signing-config", "create"],
    "trusted-root.json": [
        "trusted-root", "create", "--no-default-fulcio", "--no-default-ctfe", "--no-default-rekor", "--no-default-tsa",
    ],
}  # fmt: skip
#: A trusted root and a signing configuration say from when on a part of the deployment counts.
_START = "start-time=2024-01-01T00:00:00Z"
#: The name that a bundle has beside its file.
SIGNATURE, ATTESTATION = ".sigstore.json", ".attestation.json"
#: What says in an image's claims that it is signed, not only described.
SIGN_TYPE = "https://sigstore.dev/cosign/sign/v1"
SIGN_TYPES = ("https://sigstore.dev/cosign/sign/", "cosign container image signature")
_LOOPBACK = re.compile(r"^(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?/")
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")
Key = KeyPair | StrPath


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
    """The parts of `Cosign` that are no subcommand."""

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
        self._made([
            *_CONFIGS["trusted-root.json"],
            f"--fulcio=url={site.fulcio},certificate-chain={site.fulcio_chain},{_START}",
            f"--tsa=url={site.tsa},certificate-chain={site.tsa_chain},{_START}", f"--out={path}",
        ])  # fmt: skip
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
        """Give the options with which cosign asks nobody, or the timestamp authority alone."""
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
                f"There is no folder for {path.name}", why=f"{path.parent.name} is missing.", next="Create it."
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
        """Give the options that name a predicate and its type.

        cosign writes it as an in-toto Statement v0.1. Predicates of SLSA v1 belong in a Statement v1; it differs in
        name alone, and readers take both (`helpers.provenance` does).
        """
        if "://" not in type:
            # With some short names cosign drops, without a word, the fields of the predicate that it does not know.
            raise BadInput(f"{type!r} is no predicate type", why="It is a URI.", next="https://slsa.dev/provenance/v1")
        with tempfile.TemporaryDirectory() as aside:
            file = Path(aside) / "predicate.json"
            if not isinstance(predicate, Mapping):
                file = self.workdir / predicate
            else:
                try:
                    file.write_text(json.dumps(predicate), encoding="utf-8")
                except (TypeError, ValueError) as error:
                    raise BadInput(
                        "The predicate is no JSON data", why=str(error), next="Use dict, list, str, int."
                    ) from None
            yield [f"--predicate={file}", f"--type={type}"]

    def _blob(
        self, file: StrPath, bundle: StrPath | None, suffix: str, *, key: str, checked: tuple[str, ...],
        not_checked: tuple[str, ...],
    ) -> Blob | Refused:  # fmt: skip
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
        self, args: Sequence[str], key: Key, password: str, *, reference: str = "", timestamp: bool = False
    ) -> _process.Completed:
        """Run a command that signs; the password goes through the environment, never through the arguments."""
        private = self.workdir / (key.private if isinstance(key, KeyPair) else key)
        if not private.is_file():
            raise CosignError(f"There is no key at {private.name}", next="cosign.generate_key_pair(...)")
        add_secrets(password)
        with self._configs(timestamp) as options:
            args = [args[0], f"--key={private}", *options, *args[1:]]
            done = self._run(args, env={"COSIGN_PASSWORD": password}, secrets=[password])
        if done.returncode != 0:
            error = registry_error(said(done), reference) if reference else None
            raise error or self._cosign_failed(args[0], done)
        return done

    def _cosign_failed(self, command: str, done: _process.Completed) -> CosignError:
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
                f"{path.name} is no public key", why="It is not in PEM form.", next="Name the .pub file."
            )
        return path, found


def operand(path: StrPath) -> str:
    """Return a path that cosign takes neither for an option nor for a digest or URL."""
    given = os.fspath(path)
    if not given or "\0" in given:
        raise BadInput(f"{given!r} is no path", why="A path is not empty and holds no NUL.", next="Correct it.")
    return given if given.startswith(("/", "./", "../")) else f"./{given}"


def http(reference: str) -> list[str]:
    """Return the option that allows a registry on loopback, and no other, to go without TLS."""
    return ["--allow-http-registry=true"] if _LOOPBACK.match(reference) else []


def require_digest(reference: str) -> str:
    """Return the digest in a reference; raise `BadReference` when it names content by a tag."""
    found = _DIGEST.search(reference)
    if found is None:
        raise BadReference(
            f"{reference!r} has no digest", why="A tag can be moved to other content after you looked at it.",
            next="Sign REPOSITORY@sha256:...; crane.digest(reference) tells it.",
        )  # fmt: skip
    return found[1]


def documents(done: _process.Completed, subject: str) -> list[Any]:
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


def statements(done: _process.Completed, subject: str) -> tuple[str, tuple[Any, ...]]:
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
