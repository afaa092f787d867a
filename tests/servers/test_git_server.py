"""The forge as a service: outages, kills in the middle of a push, the protocol, and hostile input."""

from __future__ import annotations

import gzip
import os
import ssl
import threading
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from helpers.clients.forge import Forge, ForgeError, GitServerDown, PushRefused, api
from helpers.core import process as _process
from helpers.runtime import services, trust
from helpers.wrappers.git import Git
from tests.running import kill
from tests.waits import until


@pytest.fixture
def git(state: Path, tmp_path: Path) -> Git:
    """The learner's clone of the repository `app`, whose main has one commit."""
    services.ensure("git")
    Forge().create("app", policy={"gates": False, "approvals": 0})
    git = Forge().clone("app", tmp_path / "learner")
    commit(git, "one")
    git.push("origin", "main", set_upstream=True)
    return git


def commit(git: Git, text: str) -> str:
    (git.workdir / "file").write_text(text)
    git.add("file")
    return git.commit("Change the file").sha


def bare(name: str = "app") -> Git:
    return Git(services.data("git") / "repositories" / f"{name}.git")


def pid() -> int:
    found = next(one.pid for one in services.status() if one.name == "git")
    assert found is not None
    return found


class Held:
    """A push whose hook waits in the middle: its policy is a pipe that nobody has written to yet."""

    def __init__(self, git: Git) -> None:
        self.policy = bare().workdir / "forge.yaml"
        self.text = self.policy.read_text()
        self.policy.unlink()
        os.mkfifo(self.policy)
        self.push = _process.start(["git", "push", "origin", "main"], cwd=git.workdir, timeout=180)
        self.hook = self._await_hook()

    def _await_hook(self) -> psutil.Process:
        def found() -> psutil.Process | None:
            for process in psutil.process_iter(["cmdline"]):
                line = process.info["cmdline"] or []
                if "helpers.servers.git_server.hook" in line and str(services.data("git")) in line:
                    return process
            return None

        hook = until(found, "the hook did not start")
        assert hook is not None
        return hook

    def release(self) -> None:
        """Let the hook read the policy; the file is one again."""
        aside = self.policy.with_name("aside")
        with self.policy.open("w") as pipe:
            aside.write_text(self.text)
            aside.replace(self.policy)
            pipe.write(self.text)

    def forget(self) -> None:
        """Put the file back without letting the hook read it."""
        self.policy.unlink()
        self.policy.write_text(self.text)


def test_while_it_is_stopped_everything_says_so(git: Git, tmp_path: Path) -> None:
    commit(git, "two")
    services.stop("git")
    for call in (
        lambda: Forge().clone("app", tmp_path / "other"),
        lambda: git.push(),
        lambda: git.fetch(),
        lambda: Forge().open_pull("app", "more", title="More"),
        lambda: Forge().audit("app"),
    ):
        with pytest.raises(GitServerDown, match="he Git server is down") as down:
            call()
        assert down.value.next == "course services start git"
    services.start("git")
    git.push()


def test_a_killed_server_loses_nothing(git: Git) -> None:
    git.switch("more", create=True)
    head = commit(git, "two")
    git.push("origin", "more")
    Forge().open_pull("app", "more", title="Two")
    Forge("bela").approve("app", 1)
    before, trail = Forge().pull("app", 1), Forge().audit("app")
    kill(pid())
    with pytest.raises(GitServerDown, match="down"):
        Forge().pull("app", 1)
    with pytest.raises(GitServerDown):
        git.fetch()
    services.ensure("git")
    assert Forge().pull("app", 1) == before and Forge().audit("app") == trail
    assert Forge().merge("app", 1).state == "merged" and bare().rev_parse("main") == head


def test_killed_in_the_middle_of_a_push_it_waits_for_what_is_under_way(git: Git) -> None:
    head = commit(git, "two")
    held = Held(git)
    kill(pid())
    assert held.push.wait().returncode != 0
    starting = threading.Thread(target=services.ensure, args=("git",))
    starting.start()
    held.release()
    starting.join()
    # The new server took over when the push had landed as a whole.
    assert bare().rev_parse("main") == head and Forge().repository("app").branches == {"main": head}
    bare().run(["fsck", "--strict"])
    git.push()


def test_killed_with_all_of_its_processes_in_the_middle_of_a_push(git: Git) -> None:
    old, head = git.rev_parse(), commit(git, "two")
    held = Held(git)
    server = psutil.Process(pid())
    everything = [server, *server.children(recursive=True)]
    for process in everything:
        process.kill()
    psutil.wait_procs(everything, timeout=180)
    assert held.push.wait().returncode != 0
    held.forget()
    # What a git killed a moment later would leave behind.
    (bare().workdir / "refs" / "heads" / "main.lock").touch()
    assert list((bare().workdir / "objects").glob("*incoming-*"))
    services.ensure("git")
    assert bare().rev_parse("main") == old and not list((bare().workdir / "objects").glob("*incoming-*"))
    bare().run(["fsck", "--strict"])
    git.push()
    assert bare().rev_parse("main") == head


def test_stopped_in_the_middle_of_a_push_it_leaves_no_process(git: Git) -> None:
    old = git.rev_parse()
    commit(git, "two")
    held = Held(git)
    services.stop("git")
    held.hook.wait(10)
    assert held.push.wait().returncode != 0
    held.forget()
    services.start("git")
    assert bare().rev_parse("main") == old
    git.push()


def test_two_pushes_at_once_land_one_after_the_other(git: Git, tmp_path: Path) -> None:
    others = [Forge("bela").clone("app", tmp_path / f"bela-{n}") for n in range(3)]
    for number, other in enumerate(others):
        commit(other, f"text {number}")
    pushes = [_process.start(["git", "push", "origin", "main"], cwd=o.workdir, timeout=180) for o in others]
    codes = [push.wait().returncode for push in pushes]
    assert codes.count(0) == 1
    assert bare().rev_parse("main") == others[codes.index(0)].rev_parse()


def test_large_and_packed_requests(git: Git, tmp_path: Path) -> None:
    """A push beyond http.postBuffer comes in chunks; a long negotiation is compressed."""
    (git.workdir / "weights").write_bytes(os.urandom(3_000_000))
    git.add("weights")
    git.commit("Add weights")
    git.push()
    copy = Forge("bela").clone("app", tmp_path / "copy")
    assert (copy.workdir / "weights").read_bytes() == (git.workdir / "weights").read_bytes()
    answer = post(
        "/app.git/git-upload-pack",
        gzip.compress(b"0014command=ls-refs\n0000"),
        {
            "Content-Encoding": "gzip",
            "Git-Protocol": "version=2",
            "Content-Type": "application/x-git-upload-pack-request",
        },
    )
    assert f"{git.rev_parse()} refs/heads/main".encode() in answer


def ours() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=trust.ca_file())


def post(path: str, body: bytes | None, headers: dict[str, str], person: str = "learner") -> bytes:
    import base64

    login = Forge(person).credentials()
    request = urllib.request.Request(Forge().server + path, body, headers)
    request.add_header("Authorization", "Basic " + base64.b64encode(f"{person}:{login.password}".encode()).decode())
    with urllib.request.urlopen(request, timeout=180, context=ours()) as answer:
        return bytes(answer.read())


def status(path: str, body: bytes | None = None, headers: dict[str, str] | None = None, **options: str) -> int:
    try:
        post(path, body, headers or {}, **options)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    return 200


def test_only_the_smart_protocol_is_served(git: Git) -> None:
    assert status("/healthz") == 200
    assert status("/app.git/info/refs") == 403
    assert status("/app.git/info/refs?service=git-upload-archive") == 403
    for path in (
        "/app.git/HEAD",
        "/app.git/config",
        "/app.git/forge.yaml",
        "/app.git/objects/info/packs",
        "/app.git/../operator.token",
        "/..%2foperator.token",
        "/",
        "/api/nothing",
    ):
        assert status(path) in (404, 405), path
    assert status("/app.git/git-receive-pack", b"0000", person="argocd") == 403
    assert status("/app.git/git-upload-pack", b"nonsense", {"Content-Type": "text/plain"}) == 415
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(
            f"{Forge().server}/app.git/info/refs?service=git-upload-pack", timeout=180, context=ours()
        )
    assert refused.value.code == 401 and "Basic" in refused.value.headers["WWW-Authenticate"]
    for bad in ("learner:wrong", "nobody:x", "operator:", "learner"):
        with pytest.raises(ForgeError, match="does not know who you are"):
            name, _, token = bad.partition(":")
            api.call(Forge().server, name, token, "GET", "/api/people")


def test_without_the_audit_log_nothing_is_let_in(git: Git) -> None:
    log = services.data("git") / "audit.jsonl"
    commit(git, "two")
    log.rename(log.with_name("kept"))
    log.mkdir()
    with pytest.raises(PushRefused, match="failed, so nothing was accepted"):
        git.push()
    log.rmdir()
    log.with_name("kept").rename(log)
    git.push()
    with log.open("ab") as file:
        file.write(b"not json\n")
    with pytest.raises(ForgeError, match="audit log cannot be read"):
        Forge().audit("app")


def test_a_start_sweeps_up_what_was_left_and_nothing_else(git: Git) -> None:
    for branch in ("tmp_fix", "incoming-fix/one"):
        git.push("origin", f"main:{branch}")
    before = Forge().repository("app").branches
    for leftover in ("objects/tmp_obj_x", "packed-refs.lock", "refs/heads/tmp_fix.lock"):
        (bare().workdir / leftover).touch()
    services.restart("git")
    assert Forge().repository("app").branches == before and len(before) == 3
    assert not list(bare().workdir.rglob("*.lock")) and not list(bare().workdir.glob("objects/tmp_*"))


def test_another_start_finds_the_clones_again(git: Git, state: Path) -> None:
    """On another port a clone is pointed to the server by cloning again."""
    services.stop("git")
    services.start("git", port=free_port())
    commit(git, "two")
    with pytest.raises(GitServerDown):
        git.push()
    Forge().clone("app", git.workdir)
    git.push()


def free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
