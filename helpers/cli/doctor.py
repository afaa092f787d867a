"""``course doctor``: what is missing, and the one command that fixes it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import click

from helpers.cli import emit
from helpers.core.paths import ROOT, cache_dir, state_dir
from helpers.runtime import tools

#: Free disk the course needs while it builds the core tools, in MB.
DISK_MB = 8_000


@dataclass(frozen=True)
class Finding:
    """One thing looked at: fine or not, needed now or only later, and the command that fixes it."""

    name: str
    ok: bool
    detail: str
    fix: str = ""
    needed: bool = True


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer, then: make lab")


def _environment() -> Finding:
    here = sys.prefix == str(ROOT / ".venv")
    return Finding("environment", here, sys.prefix, "make setup", needed=False)


def _disk() -> Finding:
    directory = cache_dir()
    directory.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(directory).free // 1_000_000
    built = all(_here(name) for name, spec in tools.specs().items() if spec.core)
    return Finding("disk", free >= DISK_MB or built, f"{free:,} MB free", "course tools clean", needed=not built)


def _writable() -> Iterator[Finding]:
    for name, directory in (("cache", cache_dir()), ("state", state_dir())):
        directory.mkdir(parents=True, exist_ok=True)
        yield Finding(
            f"{name} directory", os.access(directory, os.W_OK), str(directory), f"chown -R $(id -u) {directory}"
        )


def _here(name: str) -> tools.Tool | None:
    """Return a tool that is here and as it was built."""
    try:
        return tools.find(name)
    except tools.ToolChanged:
        return None


def _tools() -> Iterator[Finding]:
    for name, spec in tools.specs().items():
        here = _here(name)
        if here:
            yield Finding(name, True, f"{here.version} ({here.origin})", needed=spec.core)
            continue
        seen = tools.candidates(spec)
        detail = f"{seen[0].version or 'unreadable version'} is not {spec.accepts}" if seen else "missing"
        if seen and seen[0].origin == "cache":
            detail = "changed since it was built"
        fix = f"apt-get install -y {spec.apt}" if spec.apt else f"course tools install {name}"
        yield Finding(name, False, detail, fix, needed=spec.core)


def _browser() -> Finding:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    return Finding(
        "chromium",
        bool(found),
        found or "missing (browser tests)",
        "apt-get install -y chromium",
        needed=False,
    )


def findings() -> list[Finding]:
    """Look at everything the course stands on."""
    single: list[Callable[[], Finding]] = [_python, _environment, _disk]
    return [*(look() for look in single), *_writable(), *_tools(), _browser()]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Say what is missing and the one command that fixes it.

    Exit code 1 when something needed now is missing.
    """
    found = findings()
    lines = []
    for finding in found:
        mark = "ok  " if finding.ok else "MISS" if finding.needed else "-   "
        lines.append(f"{mark} {finding.name:26}{finding.detail}")
        if not finding.ok:
            when = "" if finding.needed else "  (when first needed)"
            lines.append(f"       fix: {finding.fix}{when}")
    bad = [f for f in found if f.needed and not f.ok]
    lines.append("All that is needed now is here." if not bad else f"{len(bad)} thing(s) to fix.")
    emit({"ok": not bad, "findings": [asdict(f) for f in found]}, as_json, "\n".join(lines))
    if bad:
        raise click.exceptions.Exit(1)
