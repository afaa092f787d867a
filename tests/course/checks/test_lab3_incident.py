"""Checks of notebook 05 of Lab 3 with the mistakes learners make, and the rooms it makes."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from grading.hidden import lab3_incident as hidden
from helpers.compliance.audit import Subject, Trail
from helpers.course.checks.lab3_incident import FINDINGS, KEYS, RESTORED, ROOM, case
from helpers.course.labs import Lab
from helpers.course.scenarios import incident
from helpers.wrappers.cosign import Cosign
from tests.course.checks.judged import said

STEPS = ("find", "contain")


@pytest.mark.parametrize("step", STEPS)
def test_the_solution_passes_visible_and_hidden_tests(lab: Lab, step: str) -> None:
    before = Trail().checkpoint().root
    result = lab.result(step)
    assert result.passed, result.reason
    getattr(hidden, step)(lab)
    assert Trail().checkpoint().root == before


@pytest.mark.parametrize("seed", range(6))
def test_the_verifiers_find_what_was_done_whatever_the_seed(tmp_path: Path, seed: int) -> None:
    private = tmp_path / "private"
    private.mkdir()
    world = incident._EvidenceBuilder(tmp_path / "room", private, random.Random(seed))
    world.make()
    room = incident.Evidence(tmp_path / "room")
    kinds = {one.kind for one in room.verify().findings if one.index is not None}
    assert kinds in ({"flipped", "inserted", "deleted"}, {"flipped", "inserted", "deleted", "reordered"})
    lab = Lab("lab3", work=tmp_path / "work")
    shutil.copytree(room.folder, lab.path(ROOM))
    truth = case(lab)
    assert (truth.replaced.name, truth.signer) == (f"{world.victim}-{incident.VERSION}.tar.gz", world.thief)
    assert dict(truth.right) == {f"{name}-{incident.VERSION}.tar.gz": d for name, d in world.right.items()}
    # To the eye there is nothing: every package is signed by somebody known, and no private key was left.
    assert all(incident.signer_of(package, room.signers)[0] for package in room.artifacts)
    assert not [path for path in room.folder.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]


def test_rooms_differ_between_learners() -> None:
    found = {
        (w.victim, w.thief, tuple(w.order))
        for w in (incident._EvidenceBuilder(Path(), Path(), random.Random(seed)) for seed in range(20))
    }
    assert len(found) > 10


def _set(path: str, value: Any) -> Callable[[dict[str, Any], Any], None]:
    def change(answers: dict[str, Any], truth: Any) -> None:
        part, field = path.split(".")
        answers[part][field] = value(truth) if callable(value) else value

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_set("artifact.name", lambda t: next(n for n in t.right if n != t.replaced.name)), "it was not replaced"),
        (_set("artifact.right", lambda t: incident.digest_of(t.replaced)), "is the digest of the forged package"),
        (_set("artifact.right", "0" * 64), "no untouched entry names it"),
        (_set("artifact.found", "0" * 64), "is not the digest of the file"),
        (_set("artifact.evidence", lambda t: next(i for k, i in t.log if k == "inserted")), "it was edited"),
        (_set("artifact.evidence", 0), "is about something else"),
        (_set("key.signer", lambda t: next(s for s in incident.SIGNERS if s != t.signer)), "does not verify"),
        (_set("key.evidence", lambda t: t.signer), "signed the honest copy"),
        (_set("since.checkpoint", lambda t: t.next), "does not fit today's log"),
        (_set("since.checkpoint", "sunday"), "does not exist"),
        (_set("since.evidence", "flipped"), "the kind of finding"),
        (lambda a, t: a["log"].pop(), "1 more entries were edited"),
        (lambda a, t: a["log"].append({"kind": "flipped", "index": 0}), "nothing wrong with entry 0"),
        (lambda a, t: a["log"][0].update(kind="deleted"), "was not deleted"),
        (lambda a, t: a.update(log=[{"kind": None, "index": None}]), "log is not answered"),
        (lambda a, t: a.pop("since"), "since is missing"),
        (_set("key.signer", None), "key.signer is not answered"),
    ],
)
def test_a_wrong_finding_is_told_apart(lab: Lab, change: Callable[[Any, Any], Any], reason: str) -> None:
    answers = yaml.safe_load(lab.read(FINDINGS))
    change(answers, case(lab))
    lab.path(FINDINGS).write_text(yaml.safe_dump(answers))
    assert reason in said(lab, "find")


def test_all_wrong_findings_are_told_at_once(lab: Lab) -> None:
    answers = yaml.safe_load(lab.read(FINDINGS))
    answers["key"]["signer"] = answers["since"]["checkpoint"] = "nobody"
    answers["log"] = answers["log"][:1]
    lab.path(FINDINGS).write_text(yaml.safe_dump(answers))
    found = lab.result("find")
    wrong = [item.reason for item in found.items if not item.passed]
    assert any("key" in one for one in wrong) and any("log" in one for one in wrong), wrong
    assert any("since" in one for one in wrong) and found.counted, wrong


def test_findings_that_are_none_and_a_room_that_was_changed(lab: Lab) -> None:
    kept = lab.read(FINDINGS)
    for text in ("", "a: [", "[]"):
        lab.path(FINDINGS).write_text(text)
        assert said(lab, "find")
    lab.path(FINDINGS).write_text(kept)
    entries = lab.path(ROOM) / "trail" / "entries.jsonl"
    entries.write_bytes(b"\n".join(entries.read_bytes().splitlines()[:-1]) + b"\n")
    assert "is not as it was handed over" in said(lab, "find")


def test_the_stolen_key_may_not_stay_and_the_others_may_not_go(lab: Lab) -> None:
    truth = case(lab)
    shutil.copy(truth.room.signers[truth.signer], lab.path(KEYS) / "renamed.pub")
    assert "renamed.pub is the key that signed the forged package" in said(lab, "contain")
    lab.path(f"{KEYS}/renamed.pub").unlink()
    honest = next(name for name in incident.SIGNERS if name != truth.signer)
    lab.path(f"{KEYS}/{honest}.pub").unlink()
    assert f"the key of {honest} is gone" in said(lab, "contain")


def test_a_wrong_package_is_not_restored(lab: Lab) -> None:
    truth = case(lab)
    back = lab.path(RESTORED) / truth.replaced.name
    incident.copy_file(truth.replaced, back)
    assert "the trail names" in said(lab, "contain")
    back.unlink()
    assert "does not exist" in said(lab, "contain")
    incident.copy_file(truth.room.folder / "copies" / f"sha256-{truth.right[back.name]}.tar.gz", back)
    assert lab.result("contain").passed or "no trusted key vouches" in said(lab, "contain")
    back.with_name(back.name + incident.ATTESTATION).unlink()
    assert "no trusted key vouches" in said(lab, "contain")


def test_packages_of_the_stolen_key_must_be_signed_anew(lab: Lab) -> None:
    truth = case(lab)
    for package in truth.room.artifacts:
        if package != truth.replaced and incident.signer_of(package, truth.room.signers)[0] == truth.signer:
            incident.copy_file(package, lab.path(RESTORED) / package.name)
            assert "no trusted key vouches" in said(lab, "contain")
            return
    pytest.fail("the stolen key signed nothing else")


def test_what_is_not_recorded_is_asked_for(lab: Lab) -> None:
    truth = case(lab)
    forged = Subject.of(truth.replaced.name, truth.replaced)
    Trail("response").record("verify", actor="learner", subject=forged, decision="accepted")
    assert "the forged package was accepted" in said(lab, "contain")
    Trail("response").record("verify", actor="learner", subject=forged, decision="refused")
    assert lab.result("contain").passed


def test_a_new_statement_that_lists_nothing_and_a_private_key_left_behind_are_refused(lab: Lab) -> None:
    truth, room = case(lab), lab.path(RESTORED)
    package = room / truth.replaced.name
    name = incident.signer_of(package, incident.read_keys(lab.path(KEYS)))[0]
    if name == "response":
        key = Cosign(lab.private()).key_pair(name="response")
        password = lab.secret("response-key")
        Cosign(room).sign_blob(package.name, key=key, password=password)
        Cosign(room).attest_blob(package.name, key=key, password=password, predicate={}, type=incident.SBOM)
        assert "its SBOM statement is signed, and says nothing" in said(lab, "contain")
    shutil.copy(lab.private() / "response.key", lab.path("incident") / "response.key")
    assert "incident/response.key holds a private key" in said(lab, "contain")
