"""Where things are: the course, the per-user cache, the learner's workspace."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

#: Root of the course (the directory of ``course.yaml``).
ROOT = Path(os.environ.get("MOD208_HOME", Path(__file__).resolve().parents[2]))
TOOLCHAIN = ROOT / "toolchain"
IAC = ROOT / "iac"


def _user_dir(variable: str, kind: str) -> Path:
    if value := os.environ.get(variable):
        return Path(value).expanduser().resolve()

    directory = platformdirs.user_cache_path if kind == "cache" else platformdirs.user_state_path
    return directory("mod208", appauthor=False)


def cache_dir() -> Path:
    """Return the per-user cache of tools; ``MOD208_CACHE`` moves it."""
    return _user_dir("MOD208_CACHE", "cache")


def state_dir() -> Path:
    """Return the per-user directory of running services and their data; ``MOD208_STATE`` moves it."""
    return _user_dir("MOD208_STATE", "state")


def nbgrader_settings() -> dict[str, str]:
    """Return the variable by which nbgrader finds the course's settings from any directory."""
    before = os.environ.get("JUPYTER_CONFIG_PATH", "").split(os.pathsep)
    return {"JUPYTER_CONFIG_PATH": os.pathsep.join(dict.fromkeys([str(ROOT), *filter(None, before)]))}


def workspace_dir() -> Path:
    """Return the directory that holds the learner's workspaces; ``MOD208_WORKSPACE`` moves it."""
    return Path(os.environ.get("MOD208_WORKSPACE", ROOT / "workspace")).expanduser().resolve()
