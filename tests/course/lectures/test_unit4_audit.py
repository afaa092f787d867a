"""What the lecture on audit logs stands on: an intruder who really changes things, and a stranger who has little."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from helpers.compliance.audit import Subject, Trail, verify_export
from helpers.compliance.audit.types import leaf_hash
from helpers.core.errors import BadInput
from helpers.course.scenarios import audit
from helpers.runtime import services


@pytest.fixture(scope="module")
def trail(isolated: None) -> Trail:
    services.ensure("audit")
    made = Trail()
    audit.record_story(made, audit.story_events())
    return made


@pytest.fixture
def export(trail: Trail, tmp_path: Path) -> Path:
    return trail.export(tmp_path / "export")


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("alter", "flipped"),
        ("delete", "deleted"),
        ("reorder", "reordered"),
        ("insert", "inserted"),
        ("replay", "replayed"),
        ("truncate", "truncated"),
    ],
)
def test_each_tampering_is_named_with_its_event(trail: Trail, export: Path, how: str, kind: str) -> None:
    folder = audit.tampered_copy(export, how, 6)
    found = verify_export(folder, key=trail.directory.public_key, collectors=trail.directory.collectors)
    assert found.status == "invalid" and next((one.kind, one.index) for one in found.findings) == (kind, 6)
    assert verify_export(export, key=trail.directory.public_key, root=trail.directory.root).status == "valid", (
        "the export itself is left alone"
    )


def test_tampering_needs_a_way_and_an_entry(export: Path) -> None:
    for how, at in (("bend", 4), ("alter", 0), ("alter", 10_000)):
        with pytest.raises(BadInput):
            audit.tampered_copy(export, how, at)


def test_another_history_is_valid_until_somebody_remembers(trail: Trail, export: Path, tmp_path: Path) -> None:
    folder = audit.rewrite_history(trail, export, 6, actor="ada")
    keys = {"key": trail.directory.public_key, "collectors": trail.directory.collectors}
    assert [one.kind for one in verify_export(folder, **keys).findings] == ["unwitnessed"]
    # A verifier that asks for no witness is left with what it remembers itself.
    assert verify_export(folder, **keys, quorum=0).status == "valid"
    assert trail.seen is not None
    found = verify_export(folder, **keys, quorum=0, witnessed=trail.seen.save(tmp_path / "seen"))
    assert [one.kind for one in found.findings] == ["forked"]
    assert b"mallory" not in (folder / "entries.jsonl").read_bytes()


def test_history_can_be_rewritten_across_tiles_and_what_was_let_go(trail: Trail, tmp_path: Path) -> None:
    trail.record_all([audit.old_plan()])
    trail.expire()
    first = trail.checkpoint().size
    trail.record_all([audit.story_events()[0]] * 600)
    export = trail.export(tmp_path / "long")
    folder = audit.rewrite_history(trail, export, first + 1, actor="cleo")
    found = verify_export(folder, key=trail.directory.public_key, collectors=trail.directory.collectors, quorum=0)
    assert not found.findings and found.withheld == 1 and found.size == first + 600


def test_the_root_is_that_of_the_log(trail: Trail) -> None:
    leaves = [bytes.fromhex(leaf_hash(entry.raw)) for entry in trail.entries(0, 5)]
    pair = [hashlib.sha256(b"\1" + leaves[i] + leaves[i + 1]).digest() for i in (0, 2)]
    left = hashlib.sha256(b"\1" + pair[0] + pair[1]).digest()
    assert audit._root(leaves) == hashlib.sha256(b"\1" + left + leaves[4]).digest()


def test_a_stranger_has_the_folder_the_key_and_the_verifier(trail: Trail, export: Path, tmp_path: Path) -> None:
    code, said = audit.verify_as_third_party(export, trail.directory.public_key, tmp_path / "elsewhere")
    assert (code, said["status"]) == (0, "valid")
    assert sorted(p.name for p in (tmp_path / "elsewhere").iterdir()) == [
        "audit-log",
        "audit.pub",
        "export",
        "root.pub",
    ]
    (export / "checkpoint").unlink()
    assert audit.verify_as_third_party(export, trail.directory.public_key, tmp_path / "elsewhere")[0] == 3


def test_a_crash_is_counted_by_what_is_in_the_log(trail: Trail) -> None:
    found = audit.kill_while_recording(trail, events=20, kills=1)
    assert (found.acknowledged, found.kept, found.invented, found.kills) == (20, 20, 0, 1)


def test_an_old_plan_is_past_its_retention_and_the_story_is_not(trail: Trail) -> None:
    assert trail.retention_over(audit.old_plan())
    assert not any(trail.retention_over(event) for event in audit.story_events())
    assert all(isinstance(event.subject, Subject) for event in audit.story_events())
