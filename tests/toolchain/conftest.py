"""Runs Go on the modules of our own."""

from __future__ import annotations

from pathlib import Path

from helpers.core import process
from helpers.runtime import tools
from helpers.runtime.tools import build
from helpers.wrappers.base import SHORT


def go(module: Path, *args: str, env: dict[str, str] | None = None) -> process.Completed:
    """Run Go with caches of our own that later runs find again; `course tools clean --all` removes them."""
    # The tests of the provider start Terraform by the hundred: no program lives long enough to collect its garbage.
    own = build.go_environment(build.test_cache()) | SHORT | (env or {})
    return process.run([tools.ensure("go").path, *args], cwd=module, env=own, timeout=1800)
