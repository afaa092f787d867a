"""What the judge's services go on from: data of the learner's services, and nothing that runs or steers a program."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from grading import data, resuming
from grading.places import Box
from grading.watch import Limits
from helpers.core.paths import ROOT
from helpers.runtime.services.record import APART, Record, Started
from helpers.wrappers.git import Git

REPOSITORY = "services/git/data/repositories/platform.git"
#: Files of a state that a learner filled. The first ones are what a lab leaves.
HONEST = {
    "services/kubernetes/data/etcd/member/snap/db": "objects",
    "services/audit/keys/token": "a token",
    "services/vault/data/raft/raft.db": "sealed",
    "secrets/lab3/release-key": "a password",
    "private/lab3/release.key": "a key",
    "delivery/lab2/images.json": "{}",
    "audit/seen-pipeline": "a checkpoint",
    "services/audit/data/log/.state/treeState": "how far the log is",
    "services/gitops/data/gpg-keys/ABCD": "a public key",
}
HOSTILE = {
    "labs/lab2-0.json": '{"results": {"base": "passed"}}',
    "checks/0.json": '{"ok": true}',
    "ipython/profile_default/startup/0.py": "raise SystemExit",
    "terraform/terraformrc": "provider_installation {}",
    "services/registry/data/modules/a/b/c/1.0.0/module.tar.gz": "goes by the judge's rules",
    "services/gitops/kubeconfig/argocd.json": '{"users": [{"user": {"exec": {"command": "/work/own"}}}]}',
    "services/vault/bao.hcl": 'plugin_directory = "/grading"',
    f"{REPOSITORY}/hooks/pre-receive": "#!/bin/sh\nexit 0\n",
    f"{REPOSITORY}/config": "[core]\n\tfsmonitor = /grading/own\n",
    f"{REPOSITORY}/config.worktree": "[core]\n\tfsmonitor = /grading/own\n",
    f"{REPOSITORY}/info/attributes": "* filter=own\n",
    f"{REPOSITORY}/objects/info/alternates": "/work/elsewhere\n",
    "delivery/lab2/clones/learner/.git/config": "[core]\n\tfsmonitor = /grading/own\n",
    "private/project/clones/verifier/.git/config": "[core]\n\tfsmonitor = /grading/own\n",
    "private/project/clones/verifier/README.md": "the judge makes a clone of its own, where nothing is",
    # Where git would look when a repository is broken, and where a program's home is.
    "services/git/data/.git/config": "[core]\n\tfsmonitor = /grading/own\n",
    "services/gitops/data/home/.gitconfig": "[core]\n\tsshCommand = /grading/own\n",
    "services/gitops/data/gnupg/gpg-agent.conf": "pinentry-program /grading/own\n",
    "services/gitops/data/plugins/own.sock": "",
    "services/flux/data/home/.config/git/config": "[core]\n\tfsmonitor = /grading/own\n",
    "services/flux/data/source/git/platform/config": "[core]\n\tfsmonitor = /grading/own\n",
    "services/oci/docker/config.json": '{"credsStore": "own"}',
    "private/lab3/.ssh/config": "ProxyCommand /grading/own\n",
}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    state = tmp_path / "state"
    (state / REPOSITORY).mkdir(parents=True)
    Git(state / REPOSITORY).init(branch="main", bare=True)
    for path, text in {**HONEST, **HOSTILE}.items():
        (state / path).parent.mkdir(parents=True, exist_ok=True)
        (state / path).write_text(text)
    (state / "services/vault/data/raft/snapshots").mkdir()
    (state / "services/vault/keys").symlink_to(tmp_path)
    (state / "secrets/lab3/link").symlink_to("/etc/passwd")
    os.mkfifo(state / "services/audit/pipe")
    record = {"ports": {"http": 40123, "own": 80, "text": "x"}, "processes": [{"name": "x", "pid": 1, "created": 1.0}]}
    (state / "services/audit/service.json").write_text(json.dumps({**record, "started": 1, "urls": {}, "ready": True}))
    (state / "services/git/service.json").write_text("[" * 100_000)
    return state


@pytest.fixture
def resumed(state: Path, tmp_path: Path) -> Path:
    target = tmp_path / "judge"
    assert resuming.resume(state, target) == [
        "secrets/lab3/link: it is a link",
        "services/vault/keys: it is a link",
    ]
    return target


def test_data_is_taken_and_what_runs_is_not(resumed: Path) -> None:
    for path, text in HONEST.items():
        assert (resumed / path).read_text() == text
    there = [str(path) for path in HOSTILE if (resumed / path).exists()]
    assert there == [f"{REPOSITORY}/config"]
    assert "fsmonitor" not in (resumed / there[0]).read_text()
    assert not any(path.is_symlink() for path in resumed.rglob("*"))


def test_an_empty_directory_is_there_and_all_are_private(resumed: Path) -> None:
    assert (resumed / "services/vault/data/raft/snapshots").is_dir()
    below = [path for path in resumed.rglob("*") if path.is_dir()]
    assert not [path for path in below if path.stat().st_mode & 0o077]


def test_a_repository_works_without_what_was_left(resumed: Path) -> None:
    bare = Git(resumed / REPOSITORY)
    assert bare.run(["rev-parse", "--is-bare-repository"]).stdout.strip() == "true"


def test_a_record_gives_ports_and_no_process(resumed: Path) -> None:
    assert Record.read(resumed / "services/audit/service.json") == Record({"http": 40123})
    assert Record.read(resumed / "services/git/service.json") == Record()


def test_a_record_that_is_large_is_not_read(tmp_path: Path) -> None:
    """The grader itself reads records: a number of a service's ports that takes its memory would end the class."""
    record = tmp_path / "state/services/audit/service.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"ports": {"http": 40123, "x": "y" * 100_000}}))
    resuming.resume(tmp_path / "state", tmp_path / "judge")
    assert Record.read(tmp_path / "judge/services/audit/service.json") == Record()


def test_a_file_in_the_place_of_a_directory_stops_no_grader(tmp_path: Path) -> None:
    state, target = tmp_path / "state", tmp_path / "judge"
    (state / "services/git/data/repositories").mkdir(parents=True)
    (state / "services/git/data/repositories/file.git").write_text("x")
    (state / "services/git/data/repositories/odd.git").mkdir()
    (state / "services/git/data/repositories/odd.git/objects").write_text("x")
    (state / "services/audit/service.json").mkdir(parents=True)
    (state / "secrets").write_text("x")
    assert resuming.resume(state, target) == []
    assert (target / "services/git/data/repositories/odd.git/objects").is_dir()
    assert (target / "secrets").is_dir()


def test_no_path_is_too_long_for_the_grader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A learner's services can make paths, step by step, that no program can name at once."""
    state, target = tmp_path / "state", tmp_path / ("judge" * 30)
    (state / "services").mkdir(parents=True)
    monkeypatch.chdir(state / "services")
    while (length := len(str(Path.cwd()))) < 3_830:
        name = "d" * min(250, 3_835 - length)
        Path(name).mkdir()
        os.chdir(name)
    Path("f" * 255).write_text("x")
    monkeypatch.chdir(tmp_path)
    (left,) = resuming.resume(state, target)
    assert left.endswith("its path has more than 2,000 bytes")
    data.remove(state)


def test_where_processes_cannot_be_seen_what_was_noted_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, never = Started("x", 2**22, 5.0), Started("x", 2**22, 0.0)
    assert not gone.alive()
    monkeypatch.setenv(APART, "1")
    assert gone.alive()
    assert not never.alive()


#: A service of the judge's that runs a learner's program after all, and looks for a way to the verdict.
INSIDE = """
import os, pathlib, subprocess, sys, textwrap
from unittest import mock
from grading import sealing
kernel = pathlib.Path(sys.argv[1]) / "kernel.json"
kernel.write_text("the key of the kernel's sockets")
with mock.patch("grading.sealing.get_connection_file", lambda: str(kernel)):
    sealing.seal()
script = '''
import os, pathlib, sys
for name in ("mem", "environ", "fd/1", "maps"):
    try:
        with open(f"/proc/{os.getppid()}/{name}", "r+b" if name == "mem" else "rb") as file:
            file.read(1)
        print(name, "open")
    except OSError as error:
        print(name, error.strerror)
print("key", pathlib.Path(sys.argv[1]).exists())
'''
subprocess.run([sys.executable, "-c", script, str(kernel)], check=True)
"""


def test_a_program_beside_the_judges_kernel_cannot_look_into_it(tmp_path: Path) -> None:
    directory = tmp_path / "autograded" / "somebody" / "tiny"
    directory.mkdir(parents=True)
    box = Box(directory, tmp_path / "submitted" / "somebody" / "tiny")
    box.fill()
    with box.judges(Limits(wall=120), resumed=True) as place:
        done = place.sandbox.run([sys.executable, "-c", INSIDE, place.sockets], cwd="/tmp")
    assert done.returncode == 0, done.stderr
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert said == {**dict.fromkeys(("mem", "environ", "fd/1", "maps"), "Permission denied"), "key": "False"}


#: What a learner's script may see of the judge's state and of hidden tests when services are resumed.
TOOL = """
from helpers.core import process
script = "ls {root}/grading /state/labs; echo hidden over; cat /state/services/audit/keys/token;"
script += "echo $MOD208_SERVICES_APART; kill -9 -1; echo alive"
done = process.run(["sh", "-c", script], env=process.environment())
print(done.stdout, done.stderr)
"""


def test_a_tool_finds_the_services_and_no_hidden_test(state: Path, tmp_path: Path) -> None:
    directory = tmp_path / "autograded" / "somebody" / "tiny"
    directory.mkdir(parents=True)
    box = Box(directory, tmp_path / "submitted" / "somebody" / "tiny")
    box.fill()
    data.remove(box.state)
    state.rename(box.state)
    with box.judges(Limits(wall=120), resumed=True) as place:
        done = place.sandbox.run([sys.executable, "-c", TOOL.format(root=ROOT)], cwd="/tmp")
    assert done.returncode == 0, done.stderr
    assert "lab2_apps" not in done.stdout
    assert "hidden over\na token1\nalive\n" in done.stdout


#: What a learner's data may make a service run.
SERVICE = """
import os, pathlib, psutil
from helpers.core import polling, process
script = "ls {root}/grading /state/labs $SOCKETS; echo hidden over; ls /proc | grep -c '^[0-9]';"
script += "kill -9 -1; echo > /dev/null && echo alive"
env = process.environment({{"SOCKETS": {sockets!r}}})
pid = process.spawn(["sh", "-c", script], log_path=pathlib.Path("/tmp/log"), env=env)
while pathlib.Path(f"/proc/{{pid}}/exe").exists() and b"alive" not in pathlib.Path("/tmp/log").read_bytes():
    pass
print(pathlib.Path("/tmp/log").read_text())
pid = process.spawn(["sleep", "600"], log_path=pathlib.Path("/tmp/log"), env=env)
def sleeping():
    return [one for one in psutil.process_iter() if one.name() == "sleep" and one.status() != psutil.STATUS_ZOMBIE]
assert polling.poll(sleeping, 60)
os.kill(pid, 9)
print("ended:", polling.poll(lambda: not sleeping(), 60))
"""


def test_a_service_that_runs_something_finds_no_process_and_no_verdict(tmp_path: Path) -> None:
    directory = tmp_path / "autograded" / "somebody" / "tiny"
    directory.mkdir(parents=True)
    box = Box(directory, tmp_path / "submitted" / "somebody" / "tiny")
    box.fill()
    with box.judges(Limits(wall=120), resumed=True) as place:
        (place.sockets / "kernel.json").write_text("the key")
        script = SERVICE.format(root=ROOT, sockets=str(place.sockets))
        done = place.sandbox.run([sys.executable, "-c", script], cwd="/tmp")
    assert done.returncode == 0, done.stderr
    assert "lab2_apps" not in done.stdout
    assert "kernel.json" not in done.stdout
    assert "hidden over\n0\n" in done.stdout
    assert "alive" in done.stdout
    assert "ended: True" in done.stdout, "who ends the process that is known ends the service"
