"""A shell that knows the course, whatever a person's own settings do to PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.cli.open import jupyter_argv

COURSE = Path(sys.executable).with_name("course")
#: As Debian's /etc/profile does for every login shell.
RESETS = "PATH=/usr/local/bin:/usr/bin:/bin\nexport PATH GREETING=hello\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in (".profile", ".zshrc"):
        (tmp_path / name).write_text(RESETS)
    return tmp_path


def said(home: Path, shell: str, script: str, *, course: Path = COURSE) -> str:
    """Return what a script prints in the shell, started with nearly nothing in its environment."""
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "TERM": "dumb", "MOD208_STATE": str(home / "state")}
    argv = [str(course), "shell", "--shell", shell, "--", "-c", script]
    return subprocess.run(argv, capture_output=True, text=True, env=env, timeout=120, cwd=home, check=True).stdout


def shells() -> list[str]:
    # Bash reads nothing for `-c`: the next test has it in a terminal. Where people have zsh it is tried as well.
    return [path for name in ("dash", "zsh") if (path := shutil.which(name))]


@pytest.mark.parametrize("shell", shells())
def test_course_is_found_after_the_persons_own_settings(home: Path, shell: str) -> None:
    assert said(home, shell, "command -v course").strip() == str(COURSE)


def test_bash_in_a_terminal_finds_course_completes_it_and_keeps_the_persons_settings(home: Path) -> None:
    import pty

    env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "TERM": "dumb", "MOD208_STATE": str(home / "state"), "PS1": ""}
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [COURSE, "shell", "--shell", "/bin/bash"], stdin=child, stdout=child, stderr=child, env=env, cwd=home
    )
    os.close(child)
    os.write(parent, b"echo course=$(command -v course) greeting=$GREETING; complete -p course; exit\n")
    shown = b""
    while True:
        try:
            block = os.read(parent, 65536)
        except OSError:
            break
        if not block:
            break
        shown += block
    process.wait(60)
    text = shown.decode()
    assert f"course={COURSE} greeting=hello" in text
    assert "complete -o nosort -F _course_completion course" in text


def test_jupyterlabs_terminals_are_such_shells() -> None:
    assert f"--ServerApp.terminado_settings={{'shell_command': ['{COURSE}', 'shell']}}" in jupyter_argv(8888, False)


@pytest.mark.parametrize(
    ("wrong", "right"), [("chek", "course check"), ("service", "course services"), ("xyz", "--help")]
)
def test_a_mistyped_command_is_answered_with_the_nearest(wrong: str, right: str) -> None:
    done = subprocess.run([COURSE, wrong], capture_output=True, text=True)
    assert done.returncode == 2
    assert f"There is no command '{wrong}'" in done.stderr and right in done.stderr


def test_completion_of_a_line_with_a_mistyped_command_is_no_error() -> None:
    env = {**os.environ, "_COURSE_COMPLETE": "bash_complete", "COMP_WORDS": "course chek ", "COMP_CWORD": "2"}
    done = subprocess.run([COURSE], capture_output=True, text=True, env=env)
    # Click offers the commands there are.
    assert (done.returncode, done.stderr) == (0, "") and "check" in done.stdout
