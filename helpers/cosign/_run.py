"""Runs cosign so that it neither calls out nor touches the user's own Sigstore state."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from helpers import _process
from helpers._paths import state_dir
from helpers._redact import add_secrets
from helpers._wrapper import StrPath, Wrapper
from helpers.cosign._judge import said
from helpers.cosign.bundle import KeyPair, fingerprint
from helpers.cosign.result import CannotVerify, CosignError
from helpers.crane import registry_error
from helpers.errors import BadInput

#: Made by cosign itself: without these it asks the public Sigstore for its services and its root of trust.
_CONFIGS = {
    "signing-config.json": ["signing-config", "create"],
    "trusted-root.json": [
        "trusted-root", "create", "--no-default-fulcio", "--no-default-ctfe", "--no-default-rekor", "--no-default-tsa",
    ],
}  # fmt: skip
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
    ) -> None:
        super().__init__(workdir, env=env, executable=executable, timeout=timeout)
        self._home = state_dir() / "cosign"

    def _fixed_env(self) -> dict[str, str]:
        return {"HOME": str(self._home), "TUF_ROOT": str(self._home / "tuf")}

    def _config(self, name: str) -> str:
        """Return the path of an empty signing configuration or trusted root, made on first use."""
        path = self._home / name
        if not path.exists():
            self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(dir=self._home) as aside:
                made = Path(aside) / name
                done = self._run([*_CONFIGS[name], f"--out={made}"])
                if done.returncode != 0:
                    raise self._cosign_failed(_CONFIGS[name][0], done)
                made.replace(path)
        return str(path)

    def _offline(self) -> list[str]:
        return [
            f"--signing-config={self._config('signing-config.json')}",
            f"--trusted-root={self._config('trusted-root.json')}",
            "--yes",
        ]

    def _sign(self, args: Sequence[str], key: Key, password: str, reference: str = "") -> _process.Completed:
        """Run a command that signs; the password goes through the environment, never through the arguments."""
        private = self.workdir / (key.private if isinstance(key, KeyPair) else key)
        if not private.is_file():
            raise CosignError(f"There is no key at {private.name}", next="cosign.generate_key_pair(...)")
        add_secrets(password)
        args = [args[0], f"--key={private}", *self._offline(), *args[1:]]
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
