"""Syft from Python: looks into directories, programs and images.

Source: Syft's command reference and its configuration file (``syft config``).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from helpers.core.errors import BadInput
from helpers.wrappers.base import StrPath, Wrapper, empty_config
from helpers.wrappers.crane import BadReference, Crane, registry_error
from helpers.wrappers.module_package import pack
from helpers.wrappers.sbom import _terraform
from helpers.wrappers.sbom._parse import parse
from helpers.wrappers.sbom.types import Format, NothingFound, Sbom

#: Our name of a format -> Syft's.
_FORMATS: dict[str, str] = {"cyclonedx": "cyclonedx-json", "spdx": "spdx-json"}
#: Where clients go without TLS; the course's own registry is elsewhere (`helpers.runtime.oci_address`).
_LOOPBACK = re.compile(r"^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?/")
_PYTHON = "python-installed-package-cataloger"


class Syft(Wrapper):
    """Syft in one working directory. Every method returns an `Sbom` with the document in ``raw``.

    What Syft finds is what it knows how to recognise: an SBOM lists what was found, never all that is there.
    Options come from the keywords only, a ``.syft.yaml`` in the directory is not read; nothing is asked for on the
    network but the registry of an image.

    Raises (every method):
        NothingFound: there is no such thing. ToolFailed: Syft gave no document.
    """

    tool = "syft"
    refused = ("SYFT_*", "DOCKER_*")

    def _fixed_env(self) -> dict[str, str]:
        # Only the executable is asked, so a document does not depend on what else is installed on this machine.
        return {"SYFT_CHECK_FOR_APP_UPDATE": "false", "SYFT_FORMAT_PRETTY": "false"}

    def directory(
        self,
        path: StrPath = ".",
        *,
        name: str | None = None,
        version: str = "",
        format: Format = "cyclonedx",
        exclude: Sequence[str] = (),
    ) -> Sbom:
        """List what a directory declares (lock files) and holds (installed packages, programs).

        Args:
            name, version: of the subject; by default the directory's name, and none.
            exclude: patterns of paths to leave out, which start with ``./`` or ``**/``.
        """
        folder = self._folder(path)
        args = [*_named(name or folder.resolve().name, version), *(f"--exclude={pattern}" for pattern in exclude)]
        return parse(self._scan(f"dir:{folder}", args, [_format(format)])[0])

    def file(self, path: StrPath, *, format: Format = "cyclonedx") -> Sbom:
        """List what a program was built from, as its compiler wrote it down (for Go: the modules and their hashes).

        A program that was built without that information has an SBOM without components.
        """
        source = self.workdir / path
        if not source.is_file():
            raise NothingFound(f"There is no file {os.fspath(path)}", why="A program is one file.", next="Build it.")
        # A tool may be a link into a store: what is listed is what it points to, so name and digest go together.
        return parse(self._scan(f"file:{source}", [f"--source-name={source.name}"], [_format(format)])[0])

    def image(self, reference: str, *, format: Format = "cyclonedx") -> Sbom:
        """List what an image in a registry holds; a tag is resolved first, ``digest`` of the result says to what.

        Registries on 127.0.0.1 are spoken to without TLS, all others (the course's too) with.

        Raises:
            RegistryError: the registry is away, refuses, or has no such image.
        """
        if not reference or reference.startswith("-") or "/" not in reference:
            raise BadReference(
                f"{reference!r} is not a reference", why="It names no registry.", next="HOST/REPOSITORY:TAG"
            )
        digest = Crane(self.workdir, env=self._env).digest(reference)
        repository = re.sub(r":[^:/]*$", "", reference.split("@", 1)[0])
        env = {"SYFT_REGISTRY_INSECURE_USE_HTTP": "true"} if _LOOPBACK.match(reference) else {}
        args = [f"--source-name={repository}", f"--source-version={digest}"]
        pinned = f"{repository}@{digest}"
        return parse(self._scan(f"registry:{pinned}", args, [_format(format)], env=env, reference=reference)[0])

    def python(self, prefix: StrPath = ".venv", *, name: str | None = None, format: Format = "cyclonedx") -> Sbom:
        """List the packages installed in a Python environment.

        Only what pip recorded is listed: not the interpreter, not the JavaScript inside a wheel, not the C libraries.
        There are no hashes, as an installed package is no longer the archive that a lock file pins.
        """
        folder = self._folder(prefix)
        if not any(folder.glob("lib/python*/site-packages")) and not (folder / "Lib/site-packages").is_dir():
            raise NothingFound(
                f"{os.fspath(prefix)} is not a Python environment",
                why="It has no site-packages.",
                next="python -m venv",
            )
        args = [*_named(name or folder.resolve().name, ""), f"--override-default-catalogers={_PYTHON}"]
        return parse(self._scan(f"dir:{folder}", args, [_format(format)])[0])

    def module(
        self, path: StrPath = ".", *, name: str | None = None, version: str = "", format: Format = "cyclonedx"
    ) -> Sbom:
        """List what a Terraform module needs; ``digest`` is that of the package which `registry.package.pack` makes.

        Syft itself sees only the lock file's providers, without package URL. Added by us from terraform-config-inspect
        and from ``terraform init``: the modules that are called, the providers asked for but not locked, package URLs
        (generic ones: Terraform has no type of its own) and the lock file's ``h1`` hashes. A component of which only a
        constraint is known has no version. Modules inside the directory are part of the package, not components.
        Not listed: what a provider is made of (see `file`), and what a called module calls in turn, unless it is
        inside the directory.

        Raises:
            InvalidModule: the module cannot be read.
        """
        folder = self._folder(path)
        complete = {"cyclonedx": _terraform.complete_cyclonedx, "spdx": _terraform.complete_spdx}[_format(format)]
        digest = hashlib.sha256(pack(folder)).hexdigest()
        subject = name or folder.resolve().name
        args = [*_named(subject, version), "--exclude=./.terraform", "--exclude=**/.terraform"]
        document, own = self._scan(f"dir:{folder}", args, [format, "syft"])
        found = _terraform.dependencies(folder, own.get("artifacts") or ())
        complete(document, found, name=subject, version=version, digest=digest)
        return parse(document)

    def _folder(self, path: StrPath) -> Path:
        folder = self.workdir / path
        if not folder.is_dir():
            raise NothingFound(
                f"There is no directory {os.fspath(path)}", why="Nothing was listed.", next="Name another."
            )
        return folder

    def _scan(
        self,
        source: str,
        args: Sequence[str],
        formats: Sequence[str],
        *,
        env: dict[str, str] | None = None,
        reference: str = "",
    ) -> list[dict[str, Any]]:
        with tempfile.TemporaryDirectory() as aside:
            files = [Path(aside) / f"{format}.json" for format in formats]
            outputs = [
                f"--output={_FORMATS.get(f, 'syft-json')}={file}" for f, file in zip(formats, files, strict=True)
            ]
            return self._document(["scan", *_config(), *outputs, *args, source], files, env, reference)

    def _document(
        self, args: Sequence[str], files: Sequence[Path], env: dict[str, str] | None = None, reference: str = ""
    ) -> list[dict[str, Any]]:
        done = self._run(args, env=env)
        if done.returncode != 0 or not all(file.is_file() for file in files):
            error = registry_error(done.stderr, reference) if reference else None
            raise error or self._failed(args[0], done)
        return [dict(json.loads(file.read_bytes())) for file in files]


def _config() -> list[str]:
    return [f"--config={empty_config('syft.yaml')}"]


def _named(name: str, version: str) -> list[str]:
    return [f"--source-name={name}", *([f"--source-version={version}"] if version else [])]


def _format(given: str) -> Format:
    for known in get_args(Format):
        if given == known:
            return known  # type: ignore[no-any-return]
    raise BadInput(f"{given!r} is not a format", why="Two are known.", next='format="cyclonedx" or format="spdx"')
