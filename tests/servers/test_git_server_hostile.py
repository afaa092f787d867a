"""What git's clients do not send, sent to a running Git server: names, trees, references and packs that mislead.

Who may lie: whoever may push. A tree is refused by git's own checks (``receive.fsckObjects``), a reference by the hook.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from helpers.clients.forge import Forge
from helpers.runtime import services
from tests.servers.test_git_server import post, status
from tests.servers.test_git_server_packs import EMPTY, KIND, entry, pack, varint

TREE, BLOB = 2, 3
ME = b"author a <a@x.test> 1 +0000\ncommitter a <a@x.test> 1 +0000\n\nm\n"


@dataclass(frozen=True)
class Landed:
    """A repository of the server, and the tip of its protected branch."""

    name: str
    head: str

    def push(self, ref: str, new: str, *objects: bytes, shallow: str = "") -> str:
        """Send a push as bytes and return what the server said of it."""
        line = f"{EMPTY} {new} {ref}\0 report-status\n".encode("utf-8", "surrogateescape")
        lines = [f"shallow {shallow}".encode()] if shallow else []
        asked = b"".join(b"%04x" % (len(one) + 4) + one for one in (*lines, line)) + b"0000"
        return post(f"/{self.name}.git/git-receive-pack", asked + pack(*objects), KIND).decode("utf-8", "replace")

    def branches(self) -> set[str]:
        return set(Forge().repository(self.name).branches)


@pytest.fixture(scope="module")
def landed(isolated: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landed]:
    services.ensure("git")
    Forge().create("app", policy={"gates": False, "approvals": 0})
    git = Forge().clone("app", tmp_path_factory.mktemp("hostile") / "learner")
    (git.workdir / "file").write_text("one\n")
    git.add("file")
    head = git.commit("Add a file").sha
    git.push("origin", "main", set_upstream=True)
    found = Landed("app", head)
    yield found
    assert found.branches() == {"main"} and git.run(["ls-remote", "origin"]).stdout.count("\n") == 2


def named(kind: str, data: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()


def tree(*entries: tuple[bytes, bytes, str]) -> bytes:
    return b"".join(mode + b" " + name + b"\0" + bytes.fromhex(sha) for mode, name, sha in entries)


def commit(top: bytes, *parents: str) -> bytes:
    above = "".join(f"parent {parent}\n" for parent in parents).encode()
    return b"tree %b\n" % named("tree", top).encode() + above + ME


#: Names by which a checkout would write into `.git`, on some file system, or outside.
NAMES = (
    *(b".git", b".GIT", b".git ", b".git.", b"git~1", b".g\xe2\x80\x8cit", b".git::$INDEX_ALLOCATION", b"a\\.git"),
    *(b"..", b".", b""),
)


@pytest.mark.parametrize("name", NAMES)
def test_directory_that_would_be_gits_own_is_refused(landed: Landed, name: bytes) -> None:
    config = b"[core]\n\tsshCommand = id\n"
    inner = tree((b"100644", b"config", named("blob", config)))
    top = tree((b"40000", name, named("tree", inner)))
    made = commit(top, landed.head)
    objects = [entry(BLOB, config), entry(TREE, inner), entry(TREE, top), entry(1, made)]
    assert "unpack ok" not in landed.push("refs/heads/t", named("commit", made), *objects)


@pytest.mark.parametrize("where", ["-u./payload", "ext::sh -c id", "https://127.0.0.1/other"])
def test_submodule_brings_what_nobody_judged_and_is_refused(landed: Landed, where: str) -> None:
    settings = f'[submodule "a"]\n\tpath = a\n\turl = {where}\n'.encode()
    top = tree((b"100644", b".gitmodules", named("blob", settings)), (b"160000", b"a", landed.head))
    made = commit(top, landed.head)
    said = landed.push("refs/heads/t", named("commit", made), entry(BLOB, settings), entry(TREE, top), entry(1, made))
    assert "unpack ok\n" not in said or "ng refs/heads/t" in said


#: References that people may not push: what replaces objects, what others wrote, what is taken for something else.
REFERENCES = (
    *("refs/replace/{head}", "refs/notes/commits", "refs/approvals/1/ada", "refs/stash", "refs/heads/HEAD"),
    *("refs/heads/a\x1b[31m", "refs/heads/../../x", "refs/heads/x.lock", "refs/heads/a\\b", "refs/heads/\u202emain"),
    *("refs/tags/main", "refs/tags/HEAD", "refs/tags/--output=x", "refs/tags/-x", "refs/tags/$(id)"),
    *("refs/tags/refs/heads/main", "refs/tags/../heads/main", "HEAD", "refs/"),
)


@pytest.mark.parametrize("ref", REFERENCES)
def test_reference_that_misleads_is_refused(landed: Landed, ref: str) -> None:
    line = f"{EMPTY} {landed.head} {ref.format(head=landed.head)}\0 report-status\n".encode()
    body = b"%04x" % (len(line) + 4) + line + b"0000" + pack()
    if status("/app.git/git-receive-pack", body, KIND) == 200:
        assert "ng " in landed.push(ref.format(head=landed.head), landed.head)


def test_history_that_is_cut_off_and_packs_that_lack_their_base_are_refused(landed: Landed) -> None:
    made = commit(b"", "1" * 40)
    sha = named("commit", made)
    assert "ng refs/heads/t" in landed.push("refs/heads/t", sha, entry(TREE, b""), entry(1, made), shallow=sha)
    delta = varint(2) + varint(2) + b"\x90\x02"
    loop = [entry(7, delta, base=b"\x01" * 20), entry(7, delta, base=b"\x02" * 20)]
    for objects in (loop, []):
        assert "ng refs/heads/t" in landed.push("refs/heads/t", "3" * 40, *objects)


def test_reader_that_asks_for_two_services_gets_the_one_that_was_judged(landed: Landed) -> None:
    asked = "service=git-upload-pack&service=git-receive-pack"
    assert post("/app.git/info/refs?" + asked, None, {}).startswith(b"001e# service=git-upload-pack\n")
