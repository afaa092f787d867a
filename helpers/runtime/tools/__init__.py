"""Find, build, cache and pin the tools of the course.

Order for each tool: a suitable version on PATH, else the per-user cache, else a build or install from the pinned
source. ``MOD208_TOOLS=cache`` in the environment ignores what is on PATH (except system tools such as git).
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from helpers.core import logs, process
from helpers.core.files import write_atomic
from helpers.core.paths import cache_dir
from helpers.runtime.tools import build as _build
from helpers.runtime.tools import records
from helpers.runtime.tools.build import Progress, clean
from helpers.runtime.tools.errors import (
    BuildFailed,
    NoCompiler,
    NoDisk,
    NoNetwork,
    ToolChanged,
    ToolError,
    ToolMissing,
    UnsupportedVersion,
)
from helpers.runtime.tools.pins import ToolSpec, spec, specs
from helpers.runtime.tools.progress import shown, title_of
from helpers.runtime.tools.records import unchanged

__all__ = [
    "BuildFailed",
    "NoCompiler",
    "NoDisk",
    "NoNetwork",
    "Progress",
    "Tool",
    "ToolChanged",
    "ToolError",
    "ToolMissing",
    "ToolSpec",
    "UnsupportedVersion",
    "candidates",
    "clean",
    "discard",
    "ensure",
    "find",
    "forget",
    "spec",
    "specs",
    "unchanged",
]

Origin = Literal["path", "cache"]


@dataclass(frozen=True)
class Tool:
    """A tool that is here and accepted.

    Attributes:
        name: the executable's name.
        path: where it is.
        version: what it says of itself, or the pinned version when it says nothing.
        origin: ``path`` (the user's own) or ``cache`` (built or installed by the course).
        sha256: digest of the executable, hex.
    """

    name: str
    path: Path
    version: str
    origin: Origin
    sha256: str

    @property
    def share(self) -> Path:
        """Directory of the files that came with it (manifests, schemas, scripts); only for a tool of the cache."""
        return self.path.parent.parent / "share"

    def to_dict(self) -> dict[str, str]:
        """Return the tool as JSON-ready data."""
        return {k: str(v) for k, v in asdict(self).items()}


log = logs.logger(__name__)

_found: dict[tuple[str, str | None], Tool] = {}
_lock = threading.Lock()


def find(name: str, *, origin: Origin | None = None) -> Tool | None:
    """Return the tool if it is here in an accepted version; never builds.

    One of the cache is checked against the record of its build, once in a process.

    Args:
        name: a tool of ``toolchain/tools.yaml``.
        origin: only look on PATH (``path``) or only in the cache (``cache``).

    Raises:
        ToolChanged: the one in the cache is not, byte for byte, what was built.
    """
    tool = spec(name)
    known = _found.get((name, origin))
    if known is not None and known.path.exists():
        return known
    for candidate in candidates(tool):
        if origin in (None, candidate.origin) and (candidate.origin == "cache" or accepted(tool, candidate.version)):
            if candidate.origin == "cache":
                _build.check(tool)
            with _lock:
                _found[name, origin] = candidate
            log.info("%s %s: %s", name, candidate.version, candidate.path)
            return candidate
    return None


def discard(name: str) -> None:
    """Drop a tool from the cache; for one that has changed since it was built."""
    _build.discard(spec(name))
    forget()


def forget() -> None:
    """Look everything up again the next time: PATH or the cache may have changed."""
    _found.clear()


def candidates(tool: ToolSpec) -> list[Tool]:
    """Return what is here under that name, accepted or not, in order of preference."""
    found: list[Tool] = []
    if tool.on_path and (tool.source == "system" or os.environ.get("MOD208_TOOLS") != "cache"):
        on_path = shutil.which(tool.name)
        if on_path:
            found.append(_inspect(tool, Path(on_path), "path"))
    if tool.source != "system" and _build.binary(tool).exists():
        found.append(_inspect(tool, _build.binary(tool), "cache"))
    return found


def accepted(tool: ToolSpec, version: str) -> bool:
    """Return whether *version* satisfies what the course accepts; an unreadable version does not."""
    # Only for tools on PATH: 15 ms.
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion, Version  # 20 ms, rarely needed

    try:
        return Version(version) in SpecifierSet(tool.accepts, prereleases=True)
    except InvalidVersion:
        return False


def ensure(name: str, *, origin: Origin | None = None, progress: Progress | None = None) -> Tool:
    """Return the tool, building or installing it first when it is not here.

    Args:
        name: a tool of ``toolchain/tools.yaml``.
        origin: insist on the user's own (``path``) or the course's (``cache``).
        progress: called with the builder's last line and the share done; by default a progress bar is shown.

    Raises:
        UnsupportedVersion: a system tool is here in a version that is not accepted.
        ToolMissing: a system tool is not here, or ``origin="path"`` and there is none.
        ToolChanged: the one in the cache is not what was built.
        ToolError: the build failed; the subclass and the message say why and what to do.
    """
    tool = find(name, origin=origin)
    if tool is not None:
        return tool
    wanted = spec(name)
    if wanted.source == "system" or origin == "path":
        raise _not_here(wanted)
    if progress is None:
        with shown(title_of(wanted), wanted.name) as progress:
            _build.build(wanted, progress)
    else:
        _build.build(wanted, progress)
    made = find(name, origin="cache")
    assert made is not None  # what the cache holds is pinned, so it is accepted
    return made


def _not_here(tool: ToolSpec) -> ToolError:
    how = f"apt-get install {tool.apt}" if tool.apt else f"course tools install {tool.name}"
    here = candidates(tool)
    if here:
        return UnsupportedVersion(
            f"{tool.name} {here[0].version or '(version unreadable)'} is not supported",
            why=f"The course accepts {tool.accepts}; found at {here[0].path}.",
            next=how,
        )
    return ToolMissing(f"{tool.name} is missing", why=f"The course accepts {tool.accepts}.", next=how)


def _inspect(tool: ToolSpec, path: Path, origin: Origin) -> Tool:
    """Return version and digest of an executable, without running one that was seen before."""
    if origin == "cache":
        # It was run before it was put there; what it said then was kept beside it.
        record = records.read(_build.target_dir(tool))
        return Tool(tool.name, path, str(record.get("version", tool.version)), origin, str(record.get("sha256", "")))
    stat = path.stat()
    key = f"{path}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ino}:{stat.st_ctime_ns}"
    store = cache_dir() / "seen.json"
    seen = _read(store)
    if key not in seen:
        seen[key] = {"version": _version(tool, path), "sha256": records.sha256(path)}
        _write(store, {**_read(store), key: seen[key]})
    return Tool(tool.name, path, seen[key]["version"], origin, seen[key]["sha256"])


def _version(tool: ToolSpec, path: Path) -> str:
    try:
        return _build.own_version(tool, process.run([path, *tool.version_args], timeout=30))
    except process.ProcessError:
        return ""


def _read(store: Path) -> dict[str, Any]:
    try:
        data = json.loads(store.read_text())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _write(store: Path, data: dict[str, Any]) -> None:
    store.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(store, json.dumps(data))
