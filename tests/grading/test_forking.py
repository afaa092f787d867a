"""A kernel forked into a sandbox is held by it as one that was started there, and has nothing of another's."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from grading import forking, sandbox, zygote
from grading.execute import LimitedExecute
from grading.places import Box
from grading.watch import Limits
from helpers.core import process
from helpers.core.paths import ROOT
from tests.waits import until

LIMITS = Limits(wall=300, processes=60, open_files=256, memory=600_000_000)
#: Facts of a process that are the same however it came into a sandbox.
STATUS = ("Uid", "Gid", "NoNewPrivs", "Seccomp", "Seccomp_filters")
#: Prints, as JSON, all that a sandbox gives to a program or takes from it.
LOOK = """
import json, os, resource, sys, threading
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
def refused(path, how):
    try:
        os.close(os.open(path, how))
    except OSError as error:
        return error.strerror
    return ""
print(json.dumps({
    "status": {name: status[name] for name in status if name.startswith("Cap") or name in STATUS},
    "environment": dict(os.environ),
    "limits": {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name[:7] == "RLIMIT_"},
    "root": sorted(os.listdir("/")),
    "files": sorted({os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
                     if os.path.exists(f"/proc/self/fd/{n}")}),
    "path": sys.path,
    "python": [sys.executable, sys.prefix, sys.flags.safe_path],
    "spaces": {name: os.readlink(f"/proc/self/ns/{name}") == os.readlink(f"/proc/1/ns/{name}")
               for name in ("user", "pid", "net", "ipc", "uts", "cgroup", "mnt")},
    "writes": {"program": refused("/proc/self/exe", os.O_WRONLY), "course": refused(COURSE, os.O_WRONLY)},
    "modules": sorted({"grading", "nbgrader", "sqlalchemy", "marked"} & set(sys.modules)),
}))
""".replace("COURSE", repr(str(ROOT / "course.yaml"))).replace("STATUS", repr(STATUS))


@pytest.fixture
def box(tmp_path: Path) -> Box:
    directory = tmp_path / "autograded" / "somebody" / "tiny"
    (directory / "work").mkdir(parents=True)
    box = Box(directory, tmp_path / "submitted" / "somebody" / "tiny")
    box.fill()
    return box


@pytest.fixture(scope="module")
def forker() -> Iterator[None]:
    with forking.forker():
        yield


def ran(box: Box, *sources: str, limits: Limits = LIMITS) -> list[str]:
    """Run cells in the learner's sandbox; return what each said."""
    make: Any = nbformat.v4
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nb = make.new_notebook(cells=[make.new_code_cell(source) for source in sources], metadata={"kernelspec": spec})
    with box.learners(limits) as place:
        execute = LimitedExecute(timeout=120)
        execute.place = place
        execute.preprocess(nb, {"metadata": {"path": str(box.directory)}})
    return ["".join(out.get("text", "") + out.get("evalue", "") for out in cell.outputs) for cell in nb.cells]


def test_it_is_held_as_one_that_was_started_there(box: Box, forker: None) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forking, "_open", [])
        started = json.loads(ran(box, LOOK)[0])
    forked = json.loads(ran(box, LOOK)[0])
    for name in ("environment", "limits", "root", "path", "python"):
        assert forked[name] == started[name], name
    rights = {name: value for name, value in forked["status"].items() if name.startswith("Cap")}
    assert len(rights) == 5
    assert set(rights.values()) == {"0" * 16}
    for name in STATUS:
        assert forked["status"][name] == started["status"][name], name
    assert all(forked["spaces"].values())
    assert not [path for path in forked["files"] if path.startswith("/") and "/tmp" not in path and path != "/dev/null"]
    assert forked["modules"] == []


def test_nothing_of_the_machines_can_be_written(box: Box, forker: None) -> None:
    """A forked kernel's own program is not of the sandbox: it is a copy in memory that is sealed."""
    forked = json.loads(ran(box, LOOK)[0])
    assert all(forked["writes"].values()), forked["writes"]
    seals = "import fcntl\nprint(fcntl.fcntl(open('/proc/self/exe', 'rb'), fcntl.F_GET_SEALS))"
    wanted = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
    assert ran(box, seals)[0].strip() == str(wanted)


def test_one_kernel_has_nothing_of_another(box: Box, forker: None) -> None:
    mark = "import sys, types, os\nsys.modules['marked'] = types.ModuleType('marked')\nos.environ['MARKED'] = '1'\n"
    ran(box, mark + "import IPython\nIPython.marked = 1\nopen('/tmp/marked', 'w').close()")
    found = json.loads(ran(box, LOOK)[0])
    assert found["modules"] == []
    assert "MARKED" not in found["environment"]
    assert ran(box, "import IPython, os\nprint(hasattr(IPython, 'marked'), os.path.exists('/tmp/marked'))") == [
        "False False\n"
    ]


def test_a_kernel_that_ends_ends_its_sandbox(box: Box, forker: None) -> None:
    left = "import subprocess, os\nsubprocess.Popen(['sleep', '12345'], start_new_session=True)\nos._exit(3)"
    said = ran(box, "print('alive')", left, "print('never')")
    assert said[0] == "alive\n"
    assert "The kernel died" in said[1]
    assert "was not run" in said[2]
    until(lambda: not process.run(["pgrep", "-f", "^sleep 12345$"]).stdout)


def test_what_enters_is_watched(box: Box, forker: None) -> None:
    said = ran(
        box,
        "import time\nheld = bytearray(900_000_000)\nheld[::4096] = bytes(len(held[::4096])).replace(b'\\0', b'1')\n"
        "time.sleep(60)",
    )
    assert "more than 600 MB of memory" in said[0]


def test_an_interrupt_reaches_it(box: Box, forker: None) -> None:
    nb_said = ran(box, "import signal\nprint(signal.getsignal(signal.SIGINT) is signal.default_int_handler)")
    assert nb_said == ["True\n"]


def test_it_has_one_thread_when_it_forks() -> None:
    """A lock that another thread holds at the fork is held for ever in the kernel."""
    script = "import importlib, os\nimport zygote\nfor name in zygote.IMPORTS:\n    importlib.import_module(name)\n"
    done = process.run(
        [sys.executable, "-c", script + "print(len(os.listdir('/proc/self/task')))"],
        cwd=Path(zygote.__file__).parent,
        env=process.environment({"PYTHONPATH": str(Path(zygote.__file__).parent)}),
    )
    assert done.stdout.strip() == "1", done.stderr


def test_it_ends_with_the_grader() -> None:
    script = (
        "import os, time, psutil\nfrom grading import forking\nwith forking.forker():\n"
        "    while not forking._open[0].exists(): time.sleep(0.01)\n"
        "    print(psutil.Process().children()[0].pid, flush=True)\n    os.kill(os.getpid(), 9)"
    )
    grader = process.run([sys.executable, "-c", script], cwd=ROOT, env=process.environment())
    assert grader.returncode == -9
    forks = int(grader.stdout)
    until(lambda: not psutil.pid_exists(forks) or psutil.Process(forks).status() == psutil.STATUS_ZOMBIE)


def test_without_a_sandbox_nothing_is_forked(tmp_path: Path, forker: None) -> None:
    asked = forking.Request(dict(sandbox.BARE), {}, [], "/")
    ended = subprocess.Popen(["true"])
    ended.wait()
    with pytest.raises(forking.NotForked, match="A sandbox was not made"):
        forking.fork(asked, ended.pid, tmp_path / "ready")
