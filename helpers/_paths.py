"""Where things are: the course, the per-user cache, the learner's workspace."""

from __future__ import annotations

import os
from pathlib import Path

#: Root of the course (the folder of ``course.yaml``).
ROOT = Path(os.environ.get("MOD208_HOME", Path(__file__).resolve().parent.parent))
TOOLCHAIN = ROOT / "toolchain"
IAC = ROOT / "iac"


def _user_dir(variable: str, kind: str) -> Path:
    if value := os.environ.get(variable):
        return Path(value).expanduser().resolve()
    import platformdirs

    folder = platformdirs.user_cache_path if kind == "cache" else platformdirs.user_state_path
    return folder("mod208", appauthor=False)


def cache_dir() -> Path:
    """Return the per-user cache of tools; ``MOD208_CACHE`` moves it."""
    return _user_dir("MOD208_CACHE", "cache")


def state_dir() -> Path:
    """Return the per-user folder of running services and their data; ``MOD208_STATE`` moves it."""
    return _user_dir("MOD208_STATE", "state")


def workspace_dir() -> Path:
    """Return the folder that holds the learner's workspaces; ``MOD208_WORKSPACE`` moves it."""
    return Path(os.environ.get("MOD208_WORKSPACE", ROOT / "workspace")).expanduser().resolve()
