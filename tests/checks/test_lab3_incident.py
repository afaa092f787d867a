"""Checks of notebook 05 of Lab 3 with the mistakes learners make, and the rooms it makes."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from grading.hidden import lab3_incident as hidden
from helpers import incident, services
from helpers.audit import Subject, Trail
from helpers.checks.lab3_incident import FINDINGS, KEYS, RESTORED, ROOM, case
from helpers.labs import Lab

pytestmark = pytest.mark.timeout(600)
STEPS = ("find", "contain")


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The workspace with the notebook solved, its services running."""
    home = tmp_path_factory.mktemp("lab3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(home / "s"))
        lab = Lab("lab3", work=home / "work")
        for step in STEPS:
            lab.solve(step)
        yield lab.work
        services.stop("all")


@pytest.fixture
def lab(solved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("MOD208_STATE", str(solved.parent / "s"))
    shutil.copytree(solved, tmp_path / "work")
    return Lab("lab3", work=tmp_path / "work")


def said(lab: Lab, step: str) -> str:
    result = lab.result(step)
    assert not result.passed
    assert "Traceback" not in result.reason
    return result.reason


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
    world = incident._World(tmp_path / "room", private, random.Random(seed))
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
    assert all(incident.vouched(package, room.signers)[0] for package in room.artifacts)
    assert not [path for path in room.folder.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]


def test_rooms_differ_between_learners() -> None:
    found = {(w.victim, w.thief, tuple(w.order)) for w in (
        incident._World(Path(), Path(), random.Random(seed)) for seed in range(20))}  # fmt: skip
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
        (_set("key.evidence", lambda t: t.signer), "name the one who signed it"),
        (_set("since.checkpoint", lambda t: t.next), "does not fit today's log"),
        (_set("since.checkpoint", "sunday"), "there is no checkpoint"),
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
    incident.put(truth.replaced, back)
    assert "the trail names" in said(lab, "contain")
    back.unlink()
    assert "is not there" in said(lab, "contain")
    incident.put(truth.room.folder / "copies" / f"sha256-{truth.right[back.name]}.tar.gz", back)
    assert lab.result("contain").passed or "no trusted key vouches" in said(lab, "contain")
    back.with_name(back.name + incident.ATTESTATION).unlink()
    assert "no trusted key vouches" in said(lab, "contain")


def test_packages_of_the_stolen_key_must_be_signed_anew(lab: Lab) -> None:
    truth = case(lab)
    for package in truth.room.artifacts:
        if package != truth.replaced and incident.vouched(package, truth.room.signers)[0] == truth.signer:
            incident.put(package, lab.path(RESTORED) / package.name)
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
