"""Programs that attack the sandbox: each ends in time, reaches nothing outside, and leaves the others unharmed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grading import sandbox, seccomp
from grading.crowd import SLACK
from grading.sandbox import HOME, NoSandbox, Sandbox
from grading.watch import LimitReached, Limits, members
from helpers.core import process
from tests.waits import until

#: Small, so that an attack reaches them at once.
SMALL = Limits(
    wall=60,
    cpu=30,
    memory=200_000_000,
    processes=40,
    open_files=64,
    file_size=20_000_000,
    disk=50_000_000,
    files=2_000,
    tmp=8_000_000,
    output=200_000,
)
PYTHON = "/usr/bin/python3"


@pytest.fixture
def room(tmp_path: Path) -> Path:
    room = tmp_path / "room"
    room.mkdir()
    return room


def box(room: Path, **more: object) -> Sandbox:
    return Sandbox({"MOD208_MARK": "inside"}, writes={"/room": room}, **{"limits": SMALL, **more})  # type: ignore[arg-type]


def shell(room: Path, script: str, **more: object) -> process.Completed:
    return box(room, **more).run(["bash", "-c", script])


def python(room: Path, script: str, **more: object) -> process.Completed:
    return box(room, **more).run(["python3", "-c", script])


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of the instructor's, whose text is in the environment too."""
    monkeypatch.setenv("GRADEBOOK_PASSWORD", "for-the-instructor-only")
    file = tmp_path / "gradebook.db"
    file.write_text("for-the-instructor-only")
    return file


@pytest.mark.parametrize(
    ("attack", "limit"),
    [
        ("f() { f | f & }; f; sleep 60", "processes"),
        ("python3 -c 'import time\nx = b\"a\" * 2**30\ntime.sleep(60)'", "memory"),
        ("for i in $(seq 60); do head -c 4000000 /dev/zero > /room/$i; done; sleep 60", "of disk"),
        ("cd /room; seq 4000 | xargs touch; sleep 60", "files"),
        ("head -c 1000000000 /dev/zero | tr '\\0' x", "output"),
    ],
    ids=["fork-bomb", "memory", "disk", "files", "output"],
)
def test_what_takes_too_much_is_ended_and_named(room: Path, attack: str, limit: str) -> None:
    with pytest.raises(LimitReached) as ended:
        shell(room, attack)
    assert limit in ended.value.why
    assert not [one for one in _everybody() if "/room" in one and str(room) in one], "something of it runs still"


@pytest.mark.parametrize(
    "deaf",
    ["while :; do :; done", "trap '' TERM INT HUP QUIT; while :; do sleep 1; done"],
    ids=["endless-loop", "ignores-signals"],
)
def test_what_does_not_end_is_ended(room: Path, deaf: str) -> None:
    with pytest.raises(LimitReached, match="more than 2 s"):
        shell(room, deaf, limits=Limits(wall=2))


def test_who_leaves_its_session_ends_with_the_sandbox(room: Path) -> None:
    shell(room, "setsid sh -c 'trap \"\" TERM; while :; do date > /room/late; sleep 0.05; done' & sleep 0.5")
    (room / "late").unlink(missing_ok=True)
    assert not [one for one in _everybody() if "/room/late" in one]
    assert not (room / "late").exists(), "a process wrote after the end of its sandbox"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("head -c 100000000 /dev/zero > /room/large", "File size limit exceeded"),
        ("head -c 100000000 /dev/zero > /tmp/large", "No space left"),
        ("head -c 100000000 /dev/zero > /dev/shm/large", "No space left"),
        ("touch /usr/bin/evil /etc/evil /evil /dev/evil /proc/evil", "Read-only file system"),
        ("unshare --user true", "unshare failed"),
        ("mount -t tmpfs none /usr", "mount: "),
        ("su -c id", "su: "),
    ],
)
def test_the_system_refuses(room: Path, script: str, said: str) -> None:
    done = shell(room, script)
    assert done.returncode != 0
    assert said in done.stderr
    assert not (room / "large").exists() or (room / "large").stat().st_size <= SMALL.file_size


def test_a_process_has_no_more_files_than_its_limit(room: Path) -> None:
    done = python(room, "kept = [open('/dev/null') for _ in range(100)]")
    assert "Too many open files" in done.stderr


def test_the_environment_is_the_one_it_was_given(room: Path, outside: Path) -> None:
    done = shell(room, "cat /proc/*/environ | tr '\\0' '\\n'; env")
    names = {line.partition("=")[0] for line in done.stdout.splitlines()}
    assert names <= {"HOME", "USER", "LANG", "TMPDIR", "PATH", "MOD208_MARK", "PWD", "SHLVL", "_", "OLDPWD"}
    assert "for-the-instructor-only" not in done.stdout


def test_the_instructors_files_are_not_there(room: Path, outside: Path) -> None:
    (room / "link").symlink_to(outside)
    done = shell(room, f"cat {outside} /room/link; ls /work /root /home /etc/shadow; ls -a {HOME}; id -u")
    assert "for-the-instructor-only" not in done.stdout
    assert done.stdout.splitlines()[-1] == str(sandbox.USER)
    assert "gradebook" not in shell(room, "find / -xdev -name '*gradebook*' 2>/dev/null").stdout


def test_a_hard_link_to_what_it_only_reads_is_refused(room: Path) -> None:
    assert "Invalid cross-device link" in shell(room, "ln /usr/bin/env /room/env").stderr


def test_no_process_of_others_is_seen_or_signalled(room: Path) -> None:
    done = python(
        room,
        "import os, signal\n"
        "print(sorted(int(name) for name in os.listdir('/proc') if name.isdigit()))\n"
        f"for pid in ({os.getpid()}, {os.getppid()}):\n"
        "    try:\n        os.kill(pid, signal.SIGKILL)\n    except ProcessLookupError:\n        print('nobody')",
    )
    seen, *answers = done.stdout.splitlines()
    assert len(seen.split(",")) <= 3
    assert answers == ["nobody", "nobody"]


#: Each asks a call of the kernel by its number on this machine; a call that is let through fails in another way.
CALLS = """
import ctypes, errno, platform
from grading.seccomp import REFUSED
column = ["x86_64", "aarch64"].index(platform.machine())
libc = ctypes.CDLL(None, use_errno=True)
for name, numbers in REFUSED.items():
    ctypes.set_errno(0)
    answer = libc.syscall(numbers[column], -1, -1, -1, -1, -1, -1)
    print(name, answer, errno.errorcode.get(ctypes.get_errno()))
print("getpid", libc.getpid())
"""


def test_no_process_looks_into_another(room: Path) -> None:
    reads = sandbox.course("grading")
    done = box(room, reads=reads).run([sys.executable, "-c", CALLS])
    assert done.returncode == 0, done.stderr
    *refused, last = done.stdout.splitlines()
    assert [line.split()[1:] for line in refused] == [["-1", "EPERM"]] * len(seccomp.REFUSED), done.stdout
    assert last.startswith("getpid ")


def test_the_filter_is_the_same_for_all_kinds_of_machines() -> None:
    """As many lines on each; on a machine whose numbers are not known there is none."""
    assert len(seccomp.program("x86_64")) == len(seccomp.program("aarch64")) == 8 * (len(seccomp.REFUSED) + 6)
    assert seccomp.program("s390x") == b""


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


CONNECT = "import socket, sys\nsocket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=5)"


def test_loopback_is_its_own(room: Path, listening: int) -> None:
    done = box(room).run(["python3", "-c", CONNECT, str(listening)])
    assert "ConnectionRefusedError" in done.stderr


def test_another_sandbox_is_not_reached(room: Path, tmp_path: Path) -> None:
    serve = (
        "import socket\ns = socket.create_server(('127.0.0.1', 25111))\n"
        "b = socket.socket(socket.AF_UNIX)\nb.bind('\\0other')\nb.listen()\n"
        "open('/room/ready', 'w').close()\ns.accept()"
    )
    with process.start(box(room).command(["python3", "-c", serve]), env=sandbox.BARE, grace=0) as other:
        until(lambda: (room / "ready").exists(), "the other sandbox listens")
        mine = tmp_path / "mine"
        mine.mkdir()
        tcp = box(mine).run(["python3", "-c", CONNECT, "25111"])
        unix = "import socket\nsocket.socket(socket.AF_UNIX).connect('\\0other')"
        abstract = box(mine).run(["python3", "-c", unix])
        seen = shell(mine, "cat /proc/*/cmdline | tr '\\0' ' '").stdout
        assert other.returncode is None
    assert "ConnectionRefusedError" in tcp.stderr
    assert "ConnectionRefusedError" in abstract.stderr
    assert "25111" not in seen


def test_it_ends_with_the_grader(room: Path) -> None:
    """kill -9 of the process that started it leaves nothing running."""
    argv = box(room).command(["sh", "-c", "touch /room/ready; sleep 600"])
    starter = f"import subprocess\nsubprocess.run({argv!r})"
    grader = subprocess.Popen([sys.executable, "-c", starter])
    until(lambda: (room / "ready").exists(), "it runs")
    inside = members(grader.pid)
    assert len(inside) > 2
    grader.kill()
    grader.wait()
    until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in inside), "nothing is left")


def test_others_are_unharmed_by_a_fork_bomb(room: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    bomb = process.start(box(room).command(["bash", "-c", "f() { f | f & }; f; sleep 60"]), env=sandbox.BARE, grace=0)
    with bomb, box(room).watch(bomb.pid) as watch:
        begun = time.monotonic()
        assert shell(mine, "echo unharmed").stdout == "unharmed\n"
        assert time.monotonic() - begun < SMALL.wall
        until(lambda: bool(watch.reason), "the bomb is stopped")


def test_the_kernel_holds_a_fork_bomb_that_nobody_watches(room: Path) -> None:
    """On a busy machine the watch may come late; without another limit a bomb takes every process id there is."""
    bomb = process.start(box(room).command(["bash", "-c", "f() { f | f & }; f; sleep 60"]), env=sandbox.BARE, grace=0)
    with bomb:
        until(lambda: len(members(bomb.pid)) > SMALL.processes // 2, "the bomb goes off")
        assert max(len(members(bomb.pid)) for _ in range(100)) <= SMALL.processes + SLACK


def test_an_ordinary_user_can_grade(room: Path) -> None:
    argv = ["bwrap", *sandbox.NAMESPACES, "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib64", "/lib64"]
    argv += ["--symlink", "usr/lib", "/lib", "--proc", "/proc", "--dev", "/dev", "/usr/bin/id", "-u"]
    # Where the tests run as root somebody else is asked, who need not be able to read the checkout.
    other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
    done = process.run([*other, *argv], env=sandbox.BARE, cwd="/")
    assert done.stdout.strip() == str(sandbox.USER), done.stderr


def test_where_no_sandbox_can_be_made_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sandbox.require()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoSandbox) as missing:
        sandbox.require()
    assert "bubblewrap is missing" in missing.value.what
    assert "MOD208_UNSAFE_GRADING=1" in missing.value.next


def _everybody() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_text(errors="replace"))
        except OSError:
            continue
    return found
