"""What a graded kernel is given, and what of a submission is taken away before nbgrader looks at it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from grading.room import Room
from tests.waits import until


def test_nothing_that_opens_a_door_reaches_a_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "JUPYTER_TOKEN": "of-the-instructor",
        "JUPYTERHUB_API_TOKEN": "of-the-hub",
        "MOD208_DB_URL": "postgresql://grader:pass@db/grades",
        "HTTPS_PROXY": "http://grader:pass@proxy:3128",
        "http_proxy": "http://grader:pass@proxy:3128",
    }
    for name, value in {**secrets, "HTTP_PROXY": "http://proxy:3128", "JUPYTER_DATA_DIR": "/data"}.items():
        monkeypatch.setenv(name, value)
    env = Room(tmp_path).environment()
    assert not secrets.keys() & env.keys() and not set(secrets.values()) & set(env.values())
    assert env["HTTP_PROXY"] == "http://proxy:3128" and env["JUPYTER_DATA_DIR"] == "/data"


def test_a_kernel_knows_whose_work_is_graded(tmp_path: Path) -> None:
    assert Room(tmp_path / "ada" / "lab1-module").environment()["MOD208_LEARNER"] == "ada"


def test_links_that_lead_outside_are_removed_directories_too(tmp_path: Path) -> None:
    """nbgrader changes the mode of what it finds: through a link that would be the instructor's own directory."""
    outside, folder = tmp_path / "outside", tmp_path / "autograded"
    (outside / "sub").mkdir(parents=True)
    (outside / "notes").write_text("the instructor's")
    (folder / "work/own").mkdir(parents=True)
    (folder / "work/own/file").write_text("x")
    for name, target in {"dir": outside, "file": outside / "notes", "up": Path(".."), "gone": Path("nowhere")}.items():
        (folder / name).symlink_to(target)
    (folder / "work/inside").symlink_to("own")
    Room(folder).drop_links()
    assert sorted(p.name for p in folder.rglob("*") if p.is_symlink()) == ["inside"]
    assert (outside / "notes").read_text() == "the instructor's" and (outside / "sub").is_dir()


#: Leaves its parent, its session and its environment behind, and stays.
ESCAPES = """
import os, sys
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
told = open(sys.argv[1] + ".new", "w")
told.write(str(os.getpid()))
told.close()
os.rename(sys.argv[1] + ".new", sys.argv[1])
os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)"], {})
"""


def test_who_drops_the_mark_and_leaves_its_parent_is_ended_too(tmp_path: Path) -> None:
    # A terminal of the instructor's: it was there before, and starts something meanwhile.
    terminal = 'import subprocess, sys; input(); subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"])'
    bystander = subprocess.Popen([sys.executable, "-c", terminal], env={}, stdin=subprocess.PIPE)
    try:
        with Room(tmp_path) as room:
            assert bystander.stdin is not None
            bystander.stdin.write(b"\n")
            bystander.stdin.flush()
            until(lambda: psutil.Process(bystander.pid).children(), "the terminal started nothing")
            (begun,) = psutil.Process(bystander.pid).children()
            for number in range(2):
                argv = [sys.executable, "-c", ESCAPES, str(tmp_path / f"pid-{number}")]
                subprocess.run(argv, env=room.environment(), check=True)
            files = [tmp_path / f"pid-{number}" for number in range(2)]
            until(lambda: all(file.exists() for file in files), "they did not start")
            escaped = [psutil.Process(int(file.read_text())) for file in files]
            # The mark is gone when the last program has begun.
            until(lambda: not any("MOD208_ROOM" in one.environ() for one in escaped), "the mark stayed")
            escaped[1].kill()
            until(lambda: not escaped[1].is_running(), "nobody took note of its end")
            # Who waits for a program of its own still learns how it ended.
            assert subprocess.run([sys.executable, "-c", "raise SystemExit(7)"]).returncode == 7
        assert not any(one.is_running() for one in escaped), "neither a process nor a zombie is left"
        assert bystander.poll() is None and begun.is_running(), "who was there before is none of the room's"
    finally:
        for one in psutil.Process(bystander.pid).children():
            one.kill()
        bystander.kill()
        bystander.wait()


def test_what_nbgrader_opened_to_others_is_closed_again(tmp_path: Path) -> None:
    key, program = tmp_path / ".state/services/key", tmp_path / ".state/bin/tool"
    for file in (key, program):
        file.parent.mkdir(parents=True)
        file.touch()
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o644)
    (tmp_path / ".state/link").symlink_to(outside)
    key.chmod(0o444)
    program.chmod(0o755)
    with Room(tmp_path):
        modes = [path.stat().st_mode & 0o777 for path in (key, program, key.parent, outside)]
    assert modes == [0o600, 0o700, 0o700, 0o644]
