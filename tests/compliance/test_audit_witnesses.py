"""Witnesses that run: what is kept moves only by a proof, and a log that was rolled back or forked is named."""

from __future__ import annotations

import base64
import shutil
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.compliance.audit import (
    AuditDown,
    Checkpoint,
    Event,
    LogRewritten,
    Subject,
    Trail,
    enrol,
    verify_export,
    verify_inclusion,
)
from helpers.compliance.audit.consistency import grew, signed_by
from helpers.compliance.audit.types import leaf_hash
from helpers.runtime import services, trust
from helpers.runtime.services import ServiceError
from tests.compliance.test_audit_tamper import root
from tests.repeats import examples


def event(name: str) -> Event:
    return Event("plan", "ada", Subject.of(name, b"x"), "accepted")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def test_two_witnesses_with_keys_of_their_own_cosign_each_checkpoint(state: Path, tmp_path: Path) -> None:
    services.ensure("audit")
    trail = Trail()
    trail.record_all([event("a")])
    signed = trail.checkpoint().signed.split("\n\n")[1].splitlines()
    assert signed[0].split()[1] == "acme.test/audit"
    assert {line.split()[1] for line in signed[1:]} == {"witness-a", "witness-b"}
    keys = [one.public for one in trail.directory.witnesses()]
    assert len({key.split("+", 2)[2] for key in keys}) == 2
    assert "witnesses" in trail.verify().checked
    mine, by_root = trail.directory.collectors, trail.directory.root
    proof, entry = trail.inclusion(0), trail.entries()[0]
    found = verify_inclusion(proof, entry, key=trail.directory.public_key, collectors=mine, root=by_root)
    assert found.status == "valid" and "witnesses" in found.checked
    # They ask for a token, and to be asked by the name of this machine.
    url, token = trail.directory.address("witness-a")
    known = ssl.create_default_context(cafile=trust.ca_file())
    for headers, status in (({}, 401), ({"Authorization": f"Bearer {token}", "Host": "rebound.test"}, 421)):
        with pytest.raises(urllib.error.HTTPError, match=str(status)):
            asked = urllib.request.Request(f"{url}/checkpoint", headers=headers)
            urllib.request.urlopen(asked, timeout=60, context=known)
    services.stop("audit")


def test_a_log_that_was_rolled_back_is_named_by_who_remembers(state: Path, tmp_path: Path) -> None:
    services.ensure("audit")
    trail = Trail()
    trail.record_all([event("a"), event("b")])
    early = trail.export(tmp_path / "early")
    services.stop("audit")
    shutil.copytree(trail.directory.log, tmp_path / "before")
    services.ensure("audit")
    trail.record_all([event("c"), event("d")])
    services.stop("audit")
    shutil.move(trail.directory.log, tmp_path / "today")
    shutil.copytree(tmp_path / "before", trail.directory.log)
    # The log does not even start: its witnesses saw more.
    with pytest.raises(ServiceError, match="rolled-back"):
        services.ensure("audit")
    # Nor does what it showed once convince somebody who asks a witness.
    key, root_key = trail.directory.public_key, trail.directory.root
    seen = [next(one.seen.glob("[0-9a-f]*")) for one in trail.directory.witnesses()]
    assert verify_export(early, key=key, root=root_key).status == "valid"
    found = verify_export(early, key=key, root=root_key, witnessed=seen)
    assert [one.kind for one in found.findings] == ["truncated", "truncated"]
    # The honest twin: what was there is put back.
    shutil.rmtree(trail.directory.log)
    shutil.move(tmp_path / "today", trail.directory.log)
    services.ensure("audit")
    assert trail.record_all([event("e")])[0].index == 4 and trail.verify().status == "valid"
    services.stop("audit")


def test_what_a_collector_keeps_moves_only_by_a_proof(state: Path, tmp_path: Path) -> None:
    services.ensure("audit")
    trail = Trail()
    trail.record_all([event("a"), event("b"), event("c")])
    kept = trail._seen_file.read_bytes()
    seen = trail.seen
    assert seen is not None and seen.size == 3 and signed_by(seen, trail.directory.public_key)
    # Another history of more entries, with the log's own key.
    text = f"acme.test/audit\n5\n{base64.b64encode(bytes(32)).decode()}\n"
    forged = Checkpoint.parse(sign(trail, text))
    with pytest.raises(LogRewritten, match="forked"):
        trail._remember(forged)
    with pytest.raises(LogRewritten, match="forked"):
        trail._remember(Checkpoint.parse(sign(trail, text.replace("\n5\n", "\n3\n"))))
    with pytest.raises(LogRewritten, match="rolled-back"):
        trail._remember(Checkpoint.parse(sign(trail, text.replace("\n5\n", "\n2\n"))))
    with pytest.raises(LogRewritten, match="wrong-key"):
        trail._remember(Checkpoint.parse(seen.signed.replace("\n3\n", "\n4\n")))
    assert trail._seen_file.read_bytes() == kept
    # The honest twin: it grew.
    trail.record_all([event("d")])
    assert trail.seen is not None and trail.seen.size == 4 and trail.verify().status == "valid"
    # Another collector remembers for itself.
    enrol("second", ["plan"])
    second = Trail("second")
    assert second.seen is None
    second.record_all([event("e")])
    assert second.seen is not None and second.seen.size == 5
    services.stop("audit")
    with pytest.raises(AuditDown):
        Trail(patience=0).checkpoint()


def sign(trail: Trail, text: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    secret = base64.b64decode(trail.directory.key.read_text().strip().split("+", 4)[4])
    name, key_hash, _ = trail.directory.public_key.read_text().strip().split("+", 2)
    made = Ed25519PrivateKey.from_private_bytes(secret[1:]).sign(text.encode())
    return f"{text}\n— {name} {base64.b64encode(bytes.fromhex(key_hash) + made).decode()}\n"


def proof(old: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    """Return a consistency proof straight from its definition (RFC 6962, 2.1.2)."""
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= split:
        return [*proof(old, leaves[:split], whole), root(leaves[split:])]
    return [*proof(old - split, leaves[split:], False), root(leaves[:split])]


@given(st.data())
@examples(150)
def test_consistency_is_judged_as_its_definition_says(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    old = data.draw(st.integers(1, size))
    leaves = [bytes.fromhex(leaf_hash(b"%d" % number)) for number in range(size)]

    def at(count: int, of: list[bytes]) -> Checkpoint:
        return Checkpoint("acme.test/audit", count, root(of[:count]).hex(), "")

    nodes = proof(old, leaves) if old < size else []
    assert grew(at(old, leaves), at(size, leaves), nodes)
    # Another history, another proof, another size: never.
    other = list(leaves)
    other[data.draw(st.integers(0, old - 1))] = bytes(32)
    assert not grew(at(old, other), at(size, leaves), nodes)
    assert not grew(at(old, leaves), at(size, other), nodes)
    assert not grew(at(old, leaves), at(size, leaves), [*nodes, bytes(32)])
    if nodes:
        where = data.draw(st.integers(0, len(nodes) - 1))
        assert not grew(at(old, leaves), at(size, leaves), nodes[:where] + nodes[where + 1 :])
        flipped = bytes([nodes[where][0] ^ 1]) + nodes[where][1:]
        assert not grew(at(old, leaves), at(size, leaves), [*nodes[:where], flipped, *nodes[where + 1 :]])
    assert not grew(at(size, leaves), at(old, leaves), nodes) or old == size
