"""A grader's temporary directories: gone at its end, removed by the next one when it was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grading import temporary

GRADER = """
import os, sys
from grading import temporary
with temporary.directory("t") as here:
    (here / "left").write_text("by a grader")
    if sys.argv[1] == "forks" and os.fork():
        os.kill(os.getpid(), 9)
    print(here.parent, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


@pytest.fixture(params=["alone", "forks"])
def grader(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A grader that has a directory: itself, or in what was forked from one that is dead."""
    argv = [sys.executable, "-c", GRADER, request.param]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdin and run.stdout
        yield run, Path(run.stdout.readline().strip())
        run.stdin.close()


def test_what_a_living_grader_has_stays(grader: tuple[subprocess.Popen[str], Path]) -> None:
    assert temporary.sweep() == []
    assert (grader[1] / "d" / "left").is_file()


def test_what_a_killed_grader_had_is_removed_by_the_next(own: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", GRADER, "alone"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        left = Path(run.stdout.readline().strip())
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert left.is_dir()
    temporary._sweep_once.cache_clear()
    with temporary.directory("n") as mine:
        assert not left.exists()
        assert mine.is_dir()
        assert mine.stat().st_mode & 0o077 == 0
    assert list(own.iterdir()) == []


def test_no_link_is_followed_and_nothing_of_others_is_touched(
    own: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    valued = tmp_path_factory.mktemp("valued")
    (valued / "lock").touch()
    (own / f"{temporary.PREFIX}link").symlink_to(valued)
    linked = own / f"{temporary.PREFIX}linked-lock"
    linked.mkdir()
    (linked / "lock").symlink_to(valued / "lock")
    (own / f"{temporary.PREFIX}file").touch()
    (own / "mod208-other").mkdir()
    being_made = own / f"{temporary.PREFIX}young"
    being_made.mkdir()
    foreign = own / f"{temporary.PREFIX}foreign"
    foreign.mkdir()
    (foreign / "lock").touch()
    if os.getuid() == 0:
        os.chown(foreign, 65534, 65534)
        assert temporary.sweep() == []
    else:
        assert temporary.sweep() == [foreign]
    assert (valued / "lock").is_file()
    assert being_made.is_dir()
    os.utime(being_made, (0, 0))
    assert temporary.sweep() == [being_made]
