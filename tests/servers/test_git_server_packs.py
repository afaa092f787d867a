"""A push is measured before git reads it: what inflates without end, and what only looks like a push, stops there."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.clients.forge import Forge
from helpers.runtime import services
from helpers.servers.git_server import packs
from helpers.servers.git_server.packs import PushTooLarge
from helpers.wrappers.git.types import PushRejected
from tests.servers.test_git_server import post, status

KIND = {"Content-Type": "application/x-git-receive-pack-request"}
EMPTY = "0" * 40


def entry(kind: int, data: bytes, *, base: bytes = b"", claimed: int | None = None) -> bytes:
    """One object as it is in a pack."""
    size = len(data) if claimed is None else claimed
    head, rest = [(kind << 4) | (size & 15)], size >> 4
    while rest:
        head[-1] |= 0x80
        head.append(rest & 0x7F)
        rest >>= 7
    return bytes(head) + base + zlib.compress(data, 9)


def pack(*objects: bytes, count: int | None = None) -> bytes:
    """A pack of these objects, with its own digest at the end."""
    number = len(objects) if count is None else count
    body = b"PACK" + (2).to_bytes(4) + number.to_bytes(4) + b"".join(objects)
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def varint(number: int) -> bytes:
    found = b""
    while number > 0x7F:
        found, number = found + bytes([number & 0x7F | 0x80]), number >> 7
    return found + bytes([number])


def asked(new: str = "1" * 40, *, known: str = "report-status side-band-64k", ref: str = "refs/heads/bomb") -> bytes:
    """The commands before the pack."""
    line = f"{EMPTY} {new} {ref}\0 {known}\n".encode()
    return b"%04x" % (len(line) + 4) + line + b"0000"


#: Small packs that stand for more than is taken, and what is said of each.
BOMBS = {
    "many zeros": (lambda: pack(*[entry(3, bytes(60_000_000))] * 10), "together"),
    "one file": (lambda: pack(entry(3, bytes(70_000_000))), "70,000,000 bytes"),
    "a delta": (
        lambda: pack(entry(7, varint(10) + varint(4_000_000_000) + b"\x90\x0a", base=bytes(20))),
        "4,000,000,000 bytes",
    ),
    "a delta of a delta": (lambda: pack(entry(6, varint(9) + varint(1 << 40), base=b"\x05")), "bytes"),
    "objects": (lambda: pack(count=4_000_000_000), "4,000,000,000 objects"),
    "a size without an end": (lambda: pack(b"\xb0" + b"\xff" * 200_000), "does not say how large"),
    "a base without an end": (lambda: pack(b"\x61" + b"\xff" * 200_000), "does not say what it is of"),
    "a lie about its size": (lambda: pack(entry(3, bytes(50_000_000), claimed=10)), "larger than it says"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_named_without_being_inflated(name: str) -> None:
    make, said = BOMBS[name]
    with pytest.raises(PushTooLarge) as caught:
        packs.measure(io.BytesIO(make()))
    assert said in caught.value.refusal.why


@pytest.mark.parametrize(
    "body",
    [b"", b"0", b"0001", b"0004", b"ffff", b"000ahello\n0000", asked()[:-6], asked(ref="heads/x"), b"-001", b"0x1f"],
)
def test_what_is_not_a_push_is_refused(body: bytes) -> None:
    with pytest.raises(PushTooLarge, match="cannot be understood"):
        packs.read_request(io.BytesIO(body))


def test_list_of_references_has_an_end() -> None:
    line = f"{EMPTY} {'1' * 40} refs/heads/x".encode()
    with pytest.raises(PushTooLarge, match="too many references"):
        packs.read_request(io.BytesIO((b"%04x" % (len(line) + 4) + line) * 20_000))


@pytest.mark.parametrize("offset", range(40))
def test_delta_is_measured_wherever_a_read_ends(offset: int) -> None:
    noise = os.urandom(packs._PIECE)
    around = len(pack(entry(3, noise))) - 20 - len(noise)
    first = noise[: packs._PIECE - around - offset]
    delta = entry(6, varint(60_000) + varint(50_000) + b"\xb0\x50\xc3", base=b"\x05")
    assert packs.measure(io.BytesIO(pack(entry(3, first), delta))) == len(first) + 50_000


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_measured_or_refused(given: bytes, whole: bool) -> None:
    try:
        assert packs.measure(io.BytesIO(pack(entry(3, given), given) if whole else b"PACK" + given)) >= 0
    except PushTooLarge as error:
        assert error.refusal.why


@pytest.mark.parametrize("options", [[], ["--depth=1", "--window=10"], ["--window=0"]])
def test_what_git_packs_is_measured_exactly(tmp_path: Path, options: list[str]) -> None:
    def git(*args: str, given: bytes = b"") -> bytes:
        who = ["-c", "user.name=a", "-c", "user.email=a@acme.test"]
        return subprocess.run(["git", *who, *args], cwd=tmp_path, input=given, check=True, capture_output=True).stdout

    git("init", "-q")
    for number in range(4):
        (tmp_path / "large").write_bytes(bytes(range(256)) * 900 + f"{number}".encode() * number)
        (tmp_path / "noise").write_bytes(os.urandom(70_000))
        git("add", ".")
        git("commit", "-qm", str(number))
    objects = git("rev-list", "--objects", "--all")
    made = git("pack-objects", "--stdout", "--delta-base-offset", *options, given=objects)
    form = "--batch-check=%(objectsize)"
    sizes = git("cat-file", form, "--batch-all-objects").split()
    # Of a delta the larger one counts: what it stands for. So the sum is that of all objects, however they are packed.
    assert packs.measure(io.BytesIO(made)) == sum(map(int, sizes))


@pytest.fixture(scope="module")
def forge() -> Path:
    """Start a Git server with the repository `app` and return its data."""
    services.ensure("git")
    Forge().create("app", policy={"gates": False, "approvals": 0})
    return services.data("git")


def test_bomb_stops_before_git_reads_it_and_is_recorded(forge: Path) -> None:
    bare = forge / "repositories/app.git"
    before = sum(1 for _ in bare.rglob("*"))
    begun = time.monotonic()
    answer = post("/app.git/git-receive-pack", asked() + BOMBS["many zeros"][0](), KIND)
    assert b"refused before it is read" in answer and b"ng refs/heads/bomb push-too-large" in answer
    assert time.monotonic() - begun < 30
    assert sum(1 for _ in bare.rglob("*")) == before and not list((forge / "spool").iterdir())
    assert any(
        row.decision == "refused" and "too large" in row.reason and row.ref == "refs/heads/bomb"
        for row in Forge().audit("app")
    )


def test_git_shows_the_reason_to_who_pushes(forge: Path, tmp_path: Path) -> None:
    git = Forge().clone("app", tmp_path / "clone")
    (git.workdir / "zeros").write_bytes(bytes(70_000_000))
    git.add("zeros")
    git.commit("Add zeros")
    with pytest.raises(PushRejected) as caught:
        git.push("origin", "main")
    said = caught.value.why
    assert "refused before it is read: one object is too large" in said and "Keep large data in a bucket" in said


def test_client_that_wants_no_report_is_refused_by_the_status(forge: Path) -> None:
    assert status("/app.git/git-receive-pack", asked(known="agent=x") + BOMBS["objects"][0](), KIND) == 413


def test_body_packed_in_a_body(forge: Path) -> None:
    packed = KIND | {"Content-Encoding": "gzip"}
    assert b"too large" in post("/app.git/git-receive-pack", gzip.compress(asked() + BOMBS["one file"][0]()), packed)
    assert status("/app.git/git-receive-pack", gzip.compress(bytes(300_000_000)), packed) == 413
    assert status("/app.git/git-receive-pack", gzip.compress(asked())[:-9], packed) == 400
    assert status("/app.git/git-receive-pack", b"x", KIND | {"Content-Encoding": "br"}) == 415
    assert not list((forge / "spool").iterdir())


def tower(height: int) -> tuple[str, bytes]:
    """A commit whose only file is below so many directories, and its pack."""

    def named(kind: bytes, data: bytes) -> bytes:
        return hashlib.sha1(b"%s %d\0" % (kind, len(data)) + data, usedforsecurity=False).digest()

    objects, child, mode = [entry(3, b"x\n")], named(b"blob", b"x\n"), b"100644"
    for _ in range(height):
        tree = mode + b" a\0" + child
        objects.append(entry(2, tree))
        child, mode = named(b"tree", tree), b"40000"
    commit = b"tree %s\nauthor a <a@x.test> 1 +0000\ncommitter a <a@x.test> 1 +0000\n\nm\n" % child.hex().encode()
    objects.append(entry(1, commit))
    return named(b"commit", commit).hex(), pack(*objects)


@pytest.mark.parametrize("height", [150, 20_000, 49_000])
def test_tower_of_directories_is_refused(forge: Path, height: int) -> None:
    new, made = tower(height)
    answer = post("/app.git/git-receive-pack", asked(new, ref="refs/heads/tower") + made, KIND)
    assert b"ng refs/heads/tower" in answer
    assert (b"too deep" in answer) == (height == 150)
    assert status("/healthz") == 200


def test_push_of_many_commits_is_refused_at_once(forge: Path) -> None:
    objects, new, before = [], "", ""
    tree = b"4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    objects.append(entry(2, b""))
    for number in range(2_100):
        parent = f"parent {before}\n".encode() if before else b""
        text = b"tree %s\n%sauthor a <a@x.test> %d +0000\ncommitter a <a@x.test> 1 +0000\n\nm\n"
        data = text % (tree, parent, number)
        before = new = hashlib.sha1(b"commit %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        objects.append(entry(1, data))
    answer = post("/app.git/git-receive-pack", asked(new, ref="refs/heads/many") + pack(*objects), KIND)
    assert b"too many commits" in answer
