"""Which language host runs Python programs: the one that a Pulumi on PATH brings along, else ours.

Pulumi looks for ``pulumi-language-python`` on PATH and beside its own executable. Ours is a small server
(`helpers.servers.pulumi_language`), put on the PATH of the ``pulumi`` process only. The executable for dynamic
providers, ``pulumi-resource-pulumi-python``, is a few lines of shell in Pulumi's releases and is made here likewise:
what it runs, ``python -m pulumi.dynamic``, is Pulumi's own and comes with the SDK; ours ends it with the engine.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from helpers.core.files import write_atomic
from helpers.core.paths import state_dir

LANGUAGE, DYNAMIC = "pulumi-language-python", "pulumi-resource-pulumi-python"

#: What each of our launchers runs: when `start` has to look at the runtime's options first, and the program otherwise,
#: which is sooner there. -P: the program is ours, whatever the project's directory holds.
_PYTHON = f"exec {shlex.quote(sys.executable)} -u -P -m helpers.servers.pulumi_language"
_OURS = {
    LANGUAGE: f"""#!/bin/sh
case "$*" in *" -"*) {_PYTHON}.start host "$@" ;; esac
{_PYTHON} "$@"
""",
    DYNAMIC: f"""#!/bin/sh
[ -z "$PULUMI_RUNTIME_VIRTUALENV" ] || {_PYTHON}.start dynamic "$@"
{_PYTHON}.dynamic "$@"
""",
}


@dataclass(frozen=True)
class LanguageHost:
    """The program that runs a Python program for the engine.

    Attributes:
        path: its executable.
        origin: ``pulumi`` for Pulumi's own host, ``course`` for ours, which does less: see its module.
    """

    path: Path
    origin: Literal["pulumi", "course"]


def language_host(engine: Path, path: str | None = None) -> LanguageHost:
    """Return the language host that this engine will use.

    Args:
        engine: the executable ``pulumi``.
        path: the PATH to search; by default ours.
    """
    if own := _of_pulumi(LANGUAGE, engine, path):
        return LanguageHost(own, "pulumi")
    return LanguageHost(_launchers(LANGUAGE) / LANGUAGE, "course")


def search_path(engine: Path, path: str | None = None) -> str:
    """Return the PATH for the engine: this interpreter first, what is ours last and only where Pulumi's is missing."""
    given = os.environ.get("PATH", "") if path is None else path
    ours = [str(_launchers(name)) for name in (LANGUAGE, DYNAMIC) if _of_pulumi(name, engine, path) is None]
    return os.pathsep.join([str(Path(sys.executable).parent), given, *ours])


def _of_pulumi(name: str, engine: Path, path: str | None) -> Path | None:
    """Return Pulumi's own executable of that name, where the engine itself would find it."""
    beside = [engine.parent / name, engine.resolve().parent / name]
    for found in [shutil.which(name, path=path), *beside]:
        if found and os.access(found, os.X_OK):
            return Path(found)
    return None


def _launchers(name: str) -> Path:
    """Return a directory that holds our launcher of that name and nothing else."""
    folder = state_dir() / "pulumi" / name
    launcher = folder / name
    text = _OURS[name]
    if not launcher.exists() or launcher.read_text() != text:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(launcher, text)
        launcher.chmod(0o755)
    return folder
