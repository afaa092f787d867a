"""Compiles a suite into a test binary, once for the same sources, kept in the per-user cache like a tool."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from helpers.core import process
from helpers.core.files import new_directory
from helpers.core.paths import TOOLCHAIN, cache_dir
from helpers.runtime.tools import build, records
from helpers.runtime.tools.progress import shown
from helpers.wrappers.terratest.errors import SuiteNotCompiled, TerratestError
from helpers.wrappers.terratest.types import Problem

#: The Go module that pins Terratest; a suite without a go.mod of its own is compiled as a package of it.
PINNED = TOOLCHAIN / "terratest"
#: Go that its go.mod asks for.
GO = "1.26"
#: Binaries that are kept; each has about 40 MB.
KEPT = 6
#: What is kept of a suite: the test binary, and Go's converter of its output.
BINARY, CONVERTER = "bin/suite.test", "bin/test2json"
_PROBLEM = re.compile(r"^(?:vet: )?(?:\./)?([^\s:]+\.go):(\d+)(?::(\d+))?: (.*)$")
#: An import that the pins do not have; the last: Go would have to ask the network where it is.
_FOREIGN = re.compile(
    r"no required module provides package|cannot find module providing package|module lookup disabled by GOPROXY=off"
)


@dataclass(frozen=True)
class Compiled:
    """A compiled suite: the directory in the cache that holds it."""

    directory: Path

    @property
    def binary(self) -> Path:
        """The test binary."""
        return self.directory / BINARY

    @property
    def converter(self) -> Path:
        """Go's ``test2json``."""
        return self.directory / CONVERTER


def compiled(suite: Path) -> Compiled:
    """Return the binary of a suite, compiling it when its sources or the pins have changed.

    Args:
        suite: directory of ``*_test.go`` files of one package.

    Raises:
        SuiteNotCompiled: with Go's own messages. ToolError: there is no Go. TerratestError: Terratest itself could not
            be had.
    """
    own = _module(suite)
    directory = cache_dir() / "terratest" / _digest(suite, own)
    found = Compiled(directory)
    with build.locked("terratest"):
        if directory.is_dir() and not records.fault(directory, BINARY):
            directory.touch()
            return found
        shutil.rmtree(directory, ignore_errors=True)
        go = build.go_command(GO, lambda line, share: None)
        if own is None:
            _warm(go)
        with _stage(suite, own) as stage, new_directory(directory) as new:
            (new / "bin").mkdir()
            _compile(go, stage, new / BINARY, offline=own is None)
            shutil.copy2(_converter(go), new / CONVERTER)
            facts = {"tool": "terratest", "version": version(), "sha256": records.sha256(new / BINARY)}
            records.write(new, facts)
    _prune(directory)
    return found


def prepare() -> Path:
    """Have Terratest itself downloaded and compiled, so that suites compile without a network; quick when it is.

    Returns:
        The directory of the Go that did it (``GOROOT``). For another Go nothing is compiled yet.

    Raises:
        ToolError: there is no Go. TerratestError: Terratest itself could not be had.
    """
    with build.locked("terratest"):
        go = build.go_command(GO, lambda line, share: None)
        _warm(go)
        _converter(go)
    return _go_facts(go)[0]


def version() -> str:
    """Return the version of Terratest that is pinned."""
    found = re.search(r"gruntwork-io/terratest v(\S+)", (PINNED / "go.mod").read_text(encoding="utf-8"))
    return found[1] if found else ""


def _module(suite: Path) -> Path | None:
    """Return the directory of the Go module that a suite belongs to, if it brings one."""
    return next((at for at in (suite, *suite.parents[:3]) if (at / "go.mod").is_file()), None)


def _sources(suite: Path, own: Path | None) -> list[Path]:
    if own is not None:
        return sorted([own / "go.mod", *own.glob("go.sum"), *own.rglob("*.go")])
    pinned = [PINNED / "go.mod", PINNED / "go.sum", *(PINNED / "harness").glob("*.go")]
    return sorted(pinned) + sorted(suite.glob("*.go"))


def _digest(suite: Path, own: Path | None) -> str:
    sha = hashlib.sha256(
        "\0".join([str(suite if own else ""), platform.machine(), sys.platform, build.GO_FLAGS]).encode()
    )
    for path in _sources(suite, own):
        name = path.relative_to(own) if own is not None else path.name
        sha.update(str(name).encode() + b"\0" + path.read_bytes() + b"\0")
    return sha.hexdigest()[:16]


@contextmanager
def _stage(suite: Path, own: Path | None) -> Iterator[Path]:
    """Give the directory to compile in: the suite's own module, or a package beside the pinned harness."""
    if own is not None:
        yield suite
        return
    with tempfile.TemporaryDirectory(prefix="mod208-suite-") as name:
        room = Path(name)
        for file in ("go.mod", "go.sum"):
            shutil.copyfile(PINNED / file, room / file)
        shutil.copytree(PINNED / "harness", room / "harness")
        (room / "suite").mkdir()
        for path in sorted(suite.glob("*.go")):
            shutil.copyfile(path, room / "suite" / path.name)
        yield room / "suite"


def _warm(go: Path) -> None:
    """Download and compile Terratest itself, once for each Go: the only part that needs a network."""
    pins = hashlib.sha256(b"".join((PINNED / name).read_bytes() for name in ("go.sum", "pinned/pinned.go")))
    done = build.test_cache() / f"terratest-{pins.hexdigest()[:16]}-{_go_facts(go)[1]}"
    if done.exists():
        return
    env = build.go_environment(build.test_cache())
    with shown(f"Compiling Terratest {version()} (once; some minutes)", "terratest") as progress:
        seen = 0

        def on_line(line: process.Line) -> None:
            nonlocal seen
            seen += 1
            progress(line.text, min(0.95, seen / 800))

        command: list[str | os.PathLike[str]] = [go, "test", "-v", "-c", "-o", "/dev/null", "./harness", "./pinned"]
        ran = process.run(command, cwd=PINNED, env=env, timeout=3600, on_line=on_line)
    if ran.returncode != 0:
        raise TerratestError(
            f"Terratest {version()} could not be compiled",
            why="\n".join(ran.stderr.strip().splitlines()[-6:]),
            next="Check the network or proxy and the disk, then run it again; it goes on where it stopped.",
        )
    done.touch()


def _go_facts(go: Path) -> tuple[Path, str]:
    """Return the directory and the version of a Go."""
    env = build.go_environment(build.test_cache())
    root, version = process.run([go, "env", "GOROOT", "GOVERSION"], env=env, timeout=60).stdout.split("\n")[:2]
    return Path(root), version


def _environment() -> dict[str, str]:
    """Return Go's environment; caches that may only be read, as in a grader's sandbox, are used and not changed."""
    shared = build.test_cache()
    env = build.go_environment(shared)
    if os.access(shared, os.W_OK):
        return env
    own = cache_dir() / "go-own"
    if not own.is_dir():
        with new_directory(own) as new:
            (new / "tmp").mkdir()
            linked(shared / "go", new / "go")
    return {**env, "GOCACHE": str(own / "go"), "GOTMPDIR": str(own / "tmp")}


def linked(shared: Path, own: Path) -> None:
    """Make *own* a compiler's cache with all that *shared* has, as links: what is new is written to *own* only."""
    for directory in filter(Path.is_dir, shared.iterdir()):
        (own / directory.name).mkdir(parents=True)
        for entry in directory.iterdir():
            (own / directory.name / entry.name).symlink_to(entry)
    # Cleaned up just now: Go would remove links to what has not been used for days.
    (own / "trim.txt").write_text(str(int(time.time())))


def _compile(go: Path, stage: Path, target: Path, *, offline: bool) -> None:
    env = _environment() | ({"GOPROXY": "off"} if offline else {})
    ran = process.run([go, "test", "-c", "-o", target, "."], cwd=stage, env=env, timeout=1800)
    if ran.returncode == 0 and target.is_file():
        return
    said = (ran.stderr + ran.stdout).strip()
    raise _not_compiled(said or "Go wrote no test binary: the directory has no test file.")


def _not_compiled(said: str) -> SuiteNotCompiled:
    problems = [
        Problem(Path(found[1]).name, int(found[2]), int(found[3] or 0), found[4])
        for found in map(_PROBLEM.match, said.splitlines())
        if found
    ]
    foreign = _FOREIGN.search(said)
    if foreign:
        why = "\n".join(map(str, problems)) or said
        next = "Import only what toolchain/terratest/pinned/pinned.go names, or give the suite a go.mod of its own."
    else:
        # The comment lines name a package of the stage, which nobody has seen.
        why = "\n".join(map(str, problems)) or "\n".join(x for x in said.splitlines() if not x.startswith("#"))
        next = "Correct the first line; the others may follow from it."
    return SuiteNotCompiled("The tests do not compile", why=why, next=next, problems=problems)


def _converter(go: Path) -> Path:
    """Return Go's ``test2json``; newer versions build it at the first use."""
    env = _environment()
    return Path(process.run([go, "tool", "-n", "test2json"], env=env, timeout=300).stdout.strip())


def _prune(newest: Path) -> None:
    kept = sorted(newest.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in kept[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
