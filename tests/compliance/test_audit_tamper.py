"""The tamper suite: whatever is done to an exported trail is found, and named.

Three attackers: one with the folder; one who holds the log's key as well and signs the result anew; one who holds the
collectors' keys too, and is found by whoever kept an earlier checkpoint.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from helpers.compliance.audit import Event, Subject, Trail, Verification, verify_export
from helpers.compliance.audit.log_directory import Collector, note_key
from helpers.compliance.audit.retention import Retention
from helpers.compliance.audit.roles import Functionary, Roles, read
from helpers.compliance.audit.statement import check_event
from helpers.compliance.audit.types import Entry, leaf_hash
from helpers.runtime import services
from tests.repeats import examples

Lines = list[bytes]
COUNT = 9


class Case:
    """An exported trail, what a stranger knows of it, and the keys an attacker may hold."""

    def __init__(self, folder: Path) -> None:
        services.ensure("audit")
        self.trail, other = Trail(), Trail("pipeline")
        for number in range(COUNT):
            who = other if number % 3 == 2 else self.trail
            who.record_all([Event("plan", "ada", Subject.of(f"plan-{number}", b"x"), "accepted", f"number {number}")])
            if number == 5:
                self.early = self.trail.checkpoint()
        self.key, self.collectors = self.trail.directory.public_key, self.trail.directory.collectors
        self.folder = self.trail.export(folder / "export")
        self.lines = (self.folder / "entries.jsonl").read_bytes().splitlines()
        self.witnessed = self.trail.checkpoint().save(folder / "witnessed")
        text = self.trail.directory.key.read_text().strip().split("+", 4)[4]
        self.log_key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(text)[1:])

    def verify(self, folder: Path, *, witnessed: bool = False, quorum: int = 0) -> Verification:
        """Verify as one who asks no witness for a cosignature: what is left is to be found by the log itself."""
        kept = self.witnessed if witnessed else None
        return verify_export(folder, key=self.key, collectors=self.collectors, witnessed=kept, quorum=quorum)

    def copy(self, to: Path) -> Path:
        return Path(shutil.copytree(self.folder, to))

    def resign(self, folder: Path, lines: Lines) -> None:
        """Make *lines* the log's content, as the holder of its key can."""
        leaves = [bytes.fromhex(leaf_hash(line)) for line in lines]
        text = f"acme.test/audit\n{len(leaves)}\n{base64.b64encode(root(leaves)).decode()}\n"
        name, key_hash, _ = self.key.read_text().strip().split("+", 2)
        sig = base64.b64encode(bytes.fromhex(key_hash) + self.log_key.sign(text.encode())).decode()
        (folder / "checkpoint").write_text(f"{text}\n— {name} {sig}\n", encoding="utf-8")
        shutil.rmtree(folder / "tile")
        tile = folder / "tile" / "0" / "000.p" / str(len(leaves))
        tile.parent.mkdir(parents=True)
        tile.write_bytes(b"".join(leaves))

    def forged(self, index: int, previous: str, signer: Collector, reason: str = "forged") -> bytes:
        """Return another event for this place, signed."""
        event = Event("plan", "ada", Subject.of(f"plan-{index}", b"y"), "accepted", reason)
        return check_event(event, Retention(), Entry.of(0, self.lines[0]).at).signed(index, previous, signer)


def root(leaves: list[bytes]) -> bytes:
    """Return the RFC 6962 root, straight from its definition."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root(leaves[:split]) + root(leaves[split:])).digest()


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp("case"))


def named(found: Verification) -> set[tuple[str, int | None]]:
    return {(one.kind, one.index) for one in found.findings}


def signed_list(roles: Roles, by: Collector) -> bytes:
    """Return a list of functionaries that somebody else than the root signed."""
    payload, kind = roles.to_json("acme.test/audit"), "application/vnd.acme.functionaries+json"
    signature = by.sign(b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload))
    envelope = {
        "payloadType": kind,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": by.key_id, "sig": base64.b64encode(signature).decode()}],
    }
    return json.dumps(envelope, separators=(",", ":")).encode() + b"\n"


def put(folder: Path, lines: Lines) -> None:
    (folder / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


def moved(lines: Lines, where: int, to: int) -> Lines:
    rest = lines[:where] + lines[where + 1 :]
    return [*rest[:to], lines[where], *rest[to:]]


def flip(line: bytes, at: int) -> bytes:
    return line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :]


#: What is done to the lines, what it is called, and what it is called when the log's key signs it anew.
TAMPERING: dict[str, tuple[Callable[[Lines], Lines], set[tuple[str, int]], set[tuple[str, int]]]] = {
    "flip": (lambda x: [*x[:4], flip(x[4], 200), *x[5:]], {("flipped", 4)}, {("flipped", 4)}),
    "flip the signature": (lambda x: [*x[:4], flip(x[4], -9), *x[5:]], {("flipped", 4)}, {("flipped", 4)}),
    "flip the last": (lambda x: [*x[:-1], flip(x[-1], 90)], {("flipped", 8)}, {("inserted", 8)}),
    "delete": (lambda x: x[:3] + x[4:], {("deleted", 3)}, {("deleted", 3)}),
    "delete the first": (lambda x: x[1:], {("deleted", 0)}, {("deleted", 0)}),
    "delete three": (
        lambda x: x[:2] + x[3:5] + x[7:],
        {("deleted", i) for i in (2, 5, 6)},
        {("deleted", i) for i in (2, 5, 6)},
    ),
    "reorder": (lambda x: moved(x, 6, 1), {("reordered", 6)}, {("reordered", 6)}),
    "insert": (lambda x: [*x[:5], b'{"payload":"x"}', *x[5:]], {("inserted", 5)}, {("inserted", 5)}),
    "truncate": (lambda x: x[:5], {("truncated", 5)}, set()),
    "replay": (lambda x: [*x, x[2]], {("replayed", 2)}, {("replayed", 2)}),
    "replay in the middle": (lambda x: [*x[:6], x[2], *x[6:]], {("replayed", 2)}, {("replayed", 2)}),
    "replace by another": (
        lambda x: [*x[:6], x[2], *x[7:]],
        {("replayed", 2), ("deleted", 6)},
        {("replayed", 2), ("deleted", 6)},
    ),
    "empty": (lambda x: [], {("truncated", 0)}, set()),
}


def test_untouched_is_valid(case: Case, tmp_path: Path) -> None:
    assert case.verify(case.folder, witnessed=True).status == "valid"
    # The attacker's tools are right: what they sign again without a change is the same log.
    folder = case.copy(tmp_path / "same")
    case.resign(folder, case.lines)
    assert case.verify(folder, witnessed=True).status == "valid"
    # But no witness cosigned what they signed.
    assert case.verify(case.folder, quorum=2).status == "valid"
    assert named(case.verify(folder, quorum=2)) == {("unwitnessed", None)}


@pytest.mark.parametrize("what", TAMPERING)
def test_entries(case: Case, tmp_path: Path, what: str) -> None:
    change, outsider, insider = TAMPERING[what]
    lines = change(case.lines)
    folder = case.copy(tmp_path / "export")
    put(folder, lines)
    found = case.verify(folder)
    assert found.status == "invalid" and named(found) == outsider
    if lines:
        case.resign(folder, lines)
        assert named(case.verify(folder)) == insider
        found = case.verify(folder, witnessed=True)
        assert found.status == "invalid"


@pytest.mark.parametrize("what", ["flip", "delete", "reorder", "insert", "replay"])
def test_entries_and_tiles_together(case: Case, tmp_path: Path, what: str) -> None:
    change, outsider, _ = TAMPERING[what]
    folder = case.copy(tmp_path / "export")
    put(folder, change(case.lines))
    tile = next(path for path in folder.glob("tile/**/*") if path.is_file())
    tile.write_bytes(flip(tile.read_bytes(), 40))
    assert outsider <= named(case.verify(folder))


def test_fork(case: Case, tmp_path: Path) -> None:
    """A collector signs another event for a place that is taken; the log's key signs that history."""
    signer = case.trail.collector
    other = case.forged(8, leaf_hash(case.lines[7]), signer)
    folder = case.copy(tmp_path / "export")
    put(folder, [*case.lines[:8], other])
    assert named(case.verify(folder)) == {("forked", 8)}
    case.resign(folder, [*case.lines[:8], other])
    assert case.verify(folder).status == "valid"
    assert named(case.verify(folder, witnessed=True)) == {("forked", None)}
    # In the middle, the events after it name another one.
    folder = case.copy(tmp_path / "middle")
    lines = [*case.lines[:4], case.forged(4, leaf_hash(case.lines[3]), signer), *case.lines[5:]]
    put(folder, lines)
    case.resign(folder, lines)
    assert named(case.verify(folder)) == {("forked", 5)}


def test_a_whole_other_history(case: Case, tmp_path: Path) -> None:
    lines: Lines = []
    for index in range(COUNT):
        previous = leaf_hash(lines[-1]) if lines else hashlib.sha256(b"").hexdigest()
        lines.append(case.forged(index, previous, case.trail.collector))
    folder = case.copy(tmp_path / "export")
    case.resign(folder, lines)
    # Beside the true entries, with its hashes and without.
    assert named(case.verify(folder)) == {("forked", index) for index in range(COUNT)}
    alone = case.copy(tmp_path / "alone")
    shutil.copy(folder / "checkpoint", alone)
    assert named(case.verify(alone)) == {("forked", None)}
    put(folder, lines)
    assert case.verify(folder).status == "valid"
    assert named(case.verify(folder, witnessed=True)) == {("forked", None)}


def test_rollback(case: Case, tmp_path: Path) -> None:
    """An honest earlier state is shown again: only who saw more knows."""
    folder = case.copy(tmp_path / "export")
    put(folder, case.lines[:6])
    case.resign(folder, case.lines[:6])
    (folder / "checkpoint").write_text(case.early.signed, encoding="utf-8")
    assert case.verify(folder).status == "valid"
    assert named(case.verify(folder, witnessed=True)) == {("truncated", 6)}


def test_a_stranger_signs(case: Case, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    fake = Collector("platform", note_key("platform", key.public_key().public_bytes_raw()), key)
    lines = [*case.lines, case.forged(COUNT, leaf_hash(case.lines[-1]), fake)]
    folder = case.copy(tmp_path / "export")
    put(folder, lines)
    case.resign(folder, lines)
    assert named(case.verify(folder)) == {("inserted", COUNT)}
    # Nor does it help to enrol the stranger in the folder.
    known = read(case.collectors.read_bytes())
    forged = known.with_functionary(Functionary(fake.public, ("plan",)))
    (folder / "collectors").write_bytes(signed_list(forged, fake))
    assert named(case.verify(folder)) == {("inserted", COUNT), ("wrong-key", None)}
    by_root = verify_export(folder, key=case.key, root=case.trail.directory.root)
    assert ("roles", None) in named(by_root) and by_root.status == "invalid"


def test_keys_and_checkpoint(case: Case, tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    swapped = tmp_path / "swapped.pub"
    swapped.write_text(note_key("acme.test/audit", private.public_key().public_bytes_raw()) + "\n")
    found = verify_export(case.folder, key=swapped, collectors=case.collectors)
    assert named(found) == {("wrong-key", None)} and found.exit_code == 1
    signed = case.trail.checkpoint().signed
    for edited in (
        signed.replace("\n9\n", "\n8\n"),
        signed.replace("acme.test/audit\n", "acme.test/other\n", 1),
        signed + "— acme.test/audit AAAA\n",
        signed[:-3] + "\n",
    ):
        folder = case.copy(tmp_path / hashlib.sha256(edited.encode()).hexdigest())
        (folder / "checkpoint").write_text(edited, encoding="utf-8")
        found = case.verify(folder)
        assert found.status == "invalid" and {f.file for f in found.findings} == {"checkpoint"}
        assert {f.kind for f in found.findings} <= {"edited-checkpoint", "wrong-key"}


def test_what_cannot_be_told_is_neither_valid_nor_invalid(case: Case, tmp_path: Path) -> None:
    folder = case.copy(tmp_path / "export")
    (folder / "checkpoint").unlink()
    for found in (
        case.verify(folder),
        verify_export(tmp_path / "none", key=case.key),
        verify_export(case.folder, key=tmp_path / "no-key"),
        verify_export(case.folder, key=case.key, witnessed=tmp_path / "none"),
        verify_export(case.folder, key=case.key, collectors=tmp_path / "none"),
    ):
        assert found.status == "unknown" and found.exit_code == 3 and {f.kind for f in found.findings} == {"unknown"}


def test_files(case: Case, tmp_path: Path) -> None:
    tile = "tile/0/000.p/9"
    for number, (name, content, kind) in enumerate(
        [
            ("entries.jsonl", None, "missing-file"),
            ("collectors", None, "missing-file"),
            (tile, None, "missing-file"),
            (tile, b"short", "damaged-file"),
            ("collectors", b"x\n", "damaged-file"),
            ("planted", b"", "unknown-file"),
            ("tile/1/000", b"", "unknown-file"),
        ]
    ):
        folder = case.copy(tmp_path / str(number))
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        found = case.verify(folder)
        assert (kind, name) in {(f.kind, f.file) for f in found.findings} and found.exit_code == 1


@given(st.permutations(range(COUNT)), st.sets(st.integers(0, COUNT - 1), max_size=4))
@examples(40)
def test_any_deletion_and_any_order_is_named(case: Case, order: list[int], gone: set[int]) -> None:
    """Whatever is taken away is named one by one; what is left in another order is named as well."""
    left = [place for place in order if place not in gone]
    with tempfile.TemporaryDirectory() as temporary:
        folder = case.copy(Path(temporary) / "export")
        put(folder, [case.lines[place] for place in left])
        found = case.verify(folder)
    last = max(left, default=-1)
    missing = {("deleted", place) for place in gone if place < last}
    missing |= {("truncated", last + 1)} if last < COUNT - 1 else set()
    moved = {index for kind, index in named(found) if kind == "reordered"}
    assert named(found) == missing | {("reordered", place) for place in moved}
    # Without those that are named, the rest is in order; nothing is named when all is.
    rest = [place for place in left if place not in moved]
    assert rest == sorted(rest) and bool(moved) == (left != sorted(left))
    assert found.status == ("invalid" if missing or moved else "valid")


@given(st.data())
@examples(60)
def test_any_changed_byte_of_any_file_is_found(case: Case, data: st.DataObject) -> None:
    files = sorted(path.relative_to(case.folder) for path in case.folder.rglob("*") if path.is_file())
    name = data.draw(st.sampled_from(files))
    content = (case.folder / name).read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != content[at]))
    with tempfile.TemporaryDirectory() as temporary:
        folder = case.copy(Path(temporary) / "export")
        (folder / name).write_bytes(content[:at] + bytes([byte]) + content[at + 1 :])
        # Also without knowing the collectors beforehand, by the root's key alone.
        for found in (case.verify(folder), verify_export(folder, key=case.key, root=case.trail.directory.root)):
            assert found.status == "invalid" and found.findings
        assert not verify_export(folder, key=case.key)
        if name.name == "entries.jsonl":
            entry = content[:at].count(b"\n")
            assert {entry, entry + 1} & {f.index for f in found.findings}


def test_the_running_log_is_held_to_what_it_said(case: Case, tmp_path: Path) -> None:
    """The trail itself remembers the newest checkpoint it was given, outside the log."""
    assert case.trail.verify().status == "valid"
    kept = case.trail._seen_file.read_bytes()
    case.resign(case.copy(tmp_path / "ahead"), [*case.lines, b"x"])
    case.trail._seen_file.write_bytes((tmp_path / "ahead" / "checkpoint").read_bytes())
    assert named(case.trail.verify()) == {("truncated", COUNT)}
    case.trail._seen_file.write_bytes(kept)
