"""The audit trail: what is recorded, what never is, order among many, proofs, retention."""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from helpers.compliance.audit import (
    Action,
    AuditLogDirectory,
    BadEvent,
    Decision,
    Entry,
    Event,
    LogRefused,
    Operation,
    PersonalData,
    SecretInEvent,
    Subject,
    Trail,
    changing,
    enrol,
    privacy,
    unfinished,
    verify_consistency,
    verify_export,
    verify_inclusion,
)
from helpers.compliance.audit.retention import DAYS, ranges
from helpers.core import redact
from helpers.core.errors import BadInput
from helpers.runtime import services

PLAN = Subject.of("plan.json", b"{}")
TOKEN = "hvs." + "CAESIJk3mQp9zR7tVbNwXy2LfHs"


@pytest.fixture(scope="module")
def trail() -> Trail:
    services.ensure("audit")
    return Trail()


def record(trail: Trail, **changed: object) -> object:
    fields = {"actor": "ada", "subject": PLAN, "decision": "accepted", **changed}
    return trail.record("apply", **fields)


def test_a_change_is_on_record_before_it_begins_and_after_it_ended(trail: Trail) -> None:
    subject, seen = Subject.of("destroy.json", b"[1]"), []

    def about() -> list[Entry]:
        return [one for one in trail.entries() if one.event.subject == subject]

    with changing(trail, Operation.DESTROY, actor="ada", subject=subject) as intent:
        seen = about()
    assert seen == [intent] and intent.event.decision == Decision.UNKNOWN
    assert unfinished(seen) == [f"entry {intent.index}: a destroy by ada that never ended"]
    with pytest.raises(KeyError), changing(trail, "move-state", actor="ada", subject=subject):
        raise KeyError("no such address")
    ends = [one for one in about() if one.event.decision != Decision.UNKNOWN]
    assert [(str(one.event.decision), one.event.reason) for one in ends] == [("accepted", ""), ("failed", "KeyError")]
    assert ends[0].event.details == {"operation": "destroy", "intent": intent.index} and unfinished(about()) == []
    # What cannot be put on record is not done.
    with pytest.raises(SecretInEvent), changing(trail, "rotate-secret", actor=TOKEN, subject=subject):
        seen.append("done")
    with pytest.raises(ValueError, match="erase"), changing(trail, "erase", actor="ada", subject=subject):
        seen.append("done")
    assert "done" not in seen


def test_an_event_is_an_in_toto_statement_signed_by_its_collector(trail: Trail) -> None:
    at = datetime(2026, 1, 10, 9, 30, tzinfo=UTC)
    entry = trail.record(
        Action.APPLY, actor="ada", subject=PLAN, decision=Decision.ACCEPTED, reason="approved", details={"n": 1}, at=at
    )
    statement = entry.statement
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["subject"] == [{"name": "plan.json", "digest": {"sha256": PLAN.digest}}]
    said = statement["predicate"]
    assert said["at"] == "2026-01-10T09:30:00.000Z" and said["index"] == entry.index and said["decision"] == "accepted"
    envelope = json.loads(entry.raw)
    payload = base64.b64decode(envelope["payload"])
    signed = b"DSSEv1 28 application/vnd.in-toto+json %d %s" % (len(payload), payload)
    key = base64.b64decode(trail.collector.public.split("+", 2)[2])[1:]
    Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(envelope["signatures"][0]["sig"]), signed)
    assert trail.entries(entry.index, entry.index + 1) == (entry,)


def test_every_event_names_the_one_before(trail: Trail) -> None:
    trail.record_all([Event("plan", "ada", PLAN, "accepted")] * 3)
    found = trail.entries()
    assert [entry.index for entry in found] == list(range(len(found)))
    assert all(later.previous == earlier.leaf_hash for earlier, later in itertools.pairwise(found))


def test_proofs_are_verified_by_a_stranger(trail: Trail, tmp_path: Path) -> None:
    entries = trail.record_all([Event("drift", "drift-job", PLAN, "in-sync") for _ in range(5)])
    old, key = trail.checkpoint(), trail.directory.public_key
    record(trail)
    proof = trail.inclusion(entries[2].index)
    assert verify_inclusion(proof, entries[2], key=key).status == "valid"
    wrong = verify_inclusion(proof, entries[3], key=key)
    assert wrong.status == "invalid" and wrong.findings[0].kind == "not-included"
    assert wrong.findings[0].index == entries[2].index and not wrong
    assert verify_consistency(trail.consistency(old), old, key=key).status == "valid"
    assert verify_consistency(trail.consistency(1), old, key=key).exit_code == 1
    assert verify_inclusion(proof, entries[2], key=tmp_path / "none").exit_code == 3
    with pytest.raises(LogRefused, match="no entry"):
        trail.inclusion(10_000)


def test_export_is_verified_with_public_keys_alone(trail: Trail, tmp_path: Path) -> None:
    record(trail)
    folder = trail.export(tmp_path / "export")
    found = verify_export(folder, key=trail.directory.public_key, collectors=trail.directory.collectors)
    assert found.status == "valid" and found.size == trail.checkpoint().size and found.origin == "acme.test/audit"
    assert set(found.checked) == {"checkpoint", "collectors", "entries", "events", "witnesses"}
    text = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert trail.directory.token().encode() not in text and b"PRIVATE" not in text
    with pytest.raises(BadInput, match="not empty"):
        trail.export(folder)


def test_export_needs_no_running_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    services.ensure("audit")
    trail = Trail()
    record(trail)
    services.stop("audit")
    assert trail.verify().size == 1


def test_what_is_no_event_is_refused(trail: Trail) -> None:
    size = trail.checkpoint().size
    for changed, said in (
        ({"decision": "maybe"}, "no decision"),
        ({"subject": {"name": "x", "digest": "12"}}, "digest"),
        ({"actor": " "}, "actor"),
        ({"actor": "a\nb"}, "actor"),
        ({"at": datetime(2026, 1, 1)}, "time zone"),
        ({"details": {"x": float("nan")}}, "not JSON"),
        ({"details": {"x": object()}}, "not JSON"),
        ({"reason": "x" * 40_000}, "too long"),
    ):
        with pytest.raises(BadEvent, match=said):
            record(trail, **changed)
    with pytest.raises(BadEvent, match="no action"):
        trail.record("delete", actor="ada", subject=PLAN, decision="accepted")
    with pytest.raises(BadEvent, match="by hand"):
        trail.record("retention", actor="ada", subject=PLAN, decision="accepted")
    with pytest.raises(BadEvent, match="no decision"):
        trail.record_all([Event("plan", "ada", PLAN, "accepted"), Event("plan", "ada", PLAN, "yes")])
    with pytest.raises(BadInput, match="not the name of a collector"):
        Trail("../x").collector  # noqa: B018
    assert trail.checkpoint().size == size


def test_secrets_and_personal_data_never_get_in(trail: Trail, tmp_path: Path) -> None:
    canary = "canary-9f8e7d6c5b4a"
    redact.add_secrets(canary)
    planted = (canary, TOKEN, "hunter2-x", "bob@acme.test", "203.0.113.7", "2001:db8::7", "+49 170 1234567")
    record(
        trail,
        reason=f"asked by bob@acme.test from 203.0.113.7 and 2001:db8::7, call +49 170 1234567; {TOKEN} {canary}",
        details={"password": "hunter2-x", "nested": [{"note": f"it was {canary}"}], "who": "bob@acme.test", TOKEN: 1},
    )
    entry = record(trail, reason="asked by bob@acme.test", details={"client": "203.0.113.7", "network": "10.0.0.0/16"})
    assert entry.event.reason == "asked by [mail address]"
    assert entry.event.details == {"client": "[network address]", "network": "10.0.0.0/16"}
    said = [trail.export(tmp_path / "out") / "entries.jsonl", *trail.directory.path.rglob("*")]
    texts = [path.read_bytes() for path in said if path.is_file()]
    texts += [base64.b64decode(json.loads(e.raw)["payload"]) for e in trail.entries()]
    assert not [secret for secret in planted for text in texts if secret.encode() in text]
    with pytest.raises(SecretInEvent) as refused:
        record(trail, actor=TOKEN)
    assert TOKEN not in str(refused.value)
    with pytest.raises(PersonalData, match="mail address"):
        record(trail, actor="bob@acme.test")
    with pytest.raises(SecretInEvent):
        record(trail, subject=Subject.of(f"x-{canary}", b""))


@given(st.text(max_size=200), st.sampled_from(["", "reason", "password", "token_ttl"]))
def test_masking_is_stable(text: str, name: str) -> None:
    once = privacy.mask(text, name)
    assert privacy.mask(once) == once


def test_ordinary_words_and_numbers_are_left_alone() -> None:
    for text in (
        "module 1.2.3 planned: 3 to add",
        "10.20.0.0/16",
        "127.0.0.1:8080",
        "sha256:" + "a" * 64,
        "at 09:30:00",
        "acme.test/vision/inference@sha256",
        "2026-01-10T09:30:00Z",
        "system:serviceaccount:argocd:controller",
    ):
        assert privacy.mask(text) == text
    assert privacy.clean({"token_ttl": 3600, "secret_name": "vision/db"}) == {
        "token_ttl": 3600,
        "secret_name": "vision/db",
    }


def test_retention_lets_content_go_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    services.ensure("audit")
    trail = Trail()
    now = datetime.now(UTC)
    old = now - timedelta(days=DAYS["plan"] + 10)
    trail.record_all(
        [
            Event("plan", "ada", PLAN, "accepted", "the first words", at=old),
            Event("apply", "ada", PLAN, "accepted", at=old),
            Event("plan", "ada", PLAN, "accepted", at=now),
        ]
    )
    gone = trail.expire()
    assert gone is not None and gone.event.details == {"expired": [[0, 1]]} and trail.expire() is None
    folder = trail.export(tmp_path / "out")
    lines = (folder / "entries.jsonl").read_text().splitlines()
    held, first = json.loads(lines[0])["withheld"], trail.entries(0, 1)[0]
    assert held["leafHash"] == first.leaf_hash and held["until"] == first.statement["predicate"]["retention"]["until"]
    assert gone.signer.startswith("records+")
    found = trail.verify()
    assert found.status == "valid" and found.withheld == 1
    zero, first = (json.loads(entry.raw)["payload"].encode() for entry in trail.entries(0, 2))
    assert b"the first words" in base64.b64decode(zero)
    # Once its part of the log is full, the content leaves the disk as well.
    trail.record_all([Event("apply", "ada", PLAN, "accepted")] * 260)
    assert trail.expire() is None
    assert [entry.index for entry in trail.entries(0, 3)] == [1, 2] and trail.verify().status == "valid"
    disk = b"".join(path.read_bytes() for path in trail.directory.log.rglob("*") if path.is_file())
    assert zero not in disk and first in disk
    for moment in (now + timedelta(days=31), datetime.now()):
        with pytest.raises(BadInput, match="cannot be judged"):
            trail.expire(moment)
    trail.record_all([Event("plan", "ada", PLAN, "accepted", at=old)] * 2)
    assert trail.expire(old) is None
    later = trail.expire()
    assert later is not None and later.event.reason == "The retention of 2 events is over."
    assert gone.event.reason == "The retention of 1 event is over."
    assert trail.verify().withheld == 3
    services.stop("audit")


def test_a_legal_hold_keeps_what_is_past_its_retention(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    services.ensure("audit")
    trail, old = Trail(), datetime.now(UTC) - timedelta(days=DAYS["plan"] + 10)
    trail.record_all([Event("plan", "ada", PLAN, "accepted", at=old)] * 2)
    held = trail.hold([0], "matter 7")
    assert held.signer.startswith("legal+") and held.event.details == {"hold": [[0, 1]]}
    gone = trail.expire()
    assert gone is not None and gone.event.details == {"expired": [[1, 2]]} and trail.expire() is None
    found = trail.verify()
    assert found.status == "valid" and found.withheld == 1
    trail.release([0], "matter 7 is closed")
    later = trail.expire()
    assert later is not None and later.event.details == {"expired": [[0, 1]]} and trail.verify().withheld == 2
    with pytest.raises(BadInput, match="nothing to hold"):
        trail.hold([99], "no such entry")
    with pytest.raises(BadEvent, match="by hand"):
        trail.record("legal-hold", actor="ada", subject=PLAN, decision="accepted")
    services.stop("audit")


def test_ranges() -> None:
    assert ranges([1, 2, 3, 7, 9, 10]) == [[1, 4], [7, 8], [9, 11]] and ranges([]) == []


WRITER = """
import sys
from helpers.compliance.audit import Event, Subject, Trail
trail = Trail(sys.argv[1], patience=60)
for number in range(10):
    events = [Event("plan", sys.argv[1], Subject.of(f"{sys.argv[1]}-{number}-{n}", b"x"), "accepted") for n in range(5)]
    for entry in trail.record_all(events):
        print(entry.index, entry.event.subject.name)
"""


def test_many_at_once_keep_order_and_proofs(trail: Trail) -> None:
    start = trail.checkpoint().size
    names = [f"writer-{number}" for number in range(4)]
    argv = [sys.executable, "-c", WRITER]
    for name in names:
        enrol(name, ["plan"])
    writers = [subprocess.Popen([*argv, name], stdout=subprocess.PIPE, text=True) for name in names]
    said = {int(i): name for one in writers for i, name in map(str.split, one.communicate()[0].splitlines())}
    found = trail.entries(start)
    assert said == {entry.index: entry.event.subject.name for entry in found} and len(said) == 200
    for name in names:
        mine = [entry for entry in found if entry.event.actor == name]
        assert [e.event.subject.name for e in mine] == [f"{name}-{n}-{k}" for n in range(10) for k in range(5)]
        assert {entry.signer.split("+")[0] for entry in mine} == {name}
    assert trail.verify().status == "valid"
    key = trail.directory.public_key
    for entry in found[::40]:
        assert verify_inclusion(trail.inclusion(entry.index), entry, key=key).status == "valid"


def test_displays(trail: Trail) -> None:
    entry = record(trail, reason="<script>alert(1)</script>")
    shown = entry._repr_html_() + trail.entries()._repr_html_()
    assert "<script>alert" not in shown and "&lt;script&gt;" in shown
    assert "verified" in trail.verify()._repr_html_()
    assert trail.checkpoint().root in trail.checkpoint()._repr_html_()
    assert "inclusion" in trail.inclusion(0)._repr_html_()
    assert AuditLogDirectory.of_service().key.read_text() not in repr(trail.collector)
