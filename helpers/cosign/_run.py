"""Runs cosign so that it neither calls out nor touches the user's own Sigstore state."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from helpers import _process
from helpers._paths import state_dir
from helpers._redact import add_secrets
from helpers._wrapper import StrPath, Wrapper
from helpers.cosign._judge import said
from helpers.cosign.bundle import KeyPair, fingerprint
from helpers.cosign.result import CannotVerify, CosignError
from helpers.cosign.sigstore import Sigstore
from helpers.crane import registry_error
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
Key = KeyPair | StrPath


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
