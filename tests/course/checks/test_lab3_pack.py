"""Checks of notebook 06 of Lab 3 with the mistakes learners make."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from grading.hidden import lab3_pack as hidden
from helpers.compliance.audit import Subject, Trail
from helpers.compliance.evidence import ATTESTATIONS, EvidencePack, controls, verify
from helpers.compliance.evidence.period import time_text
from helpers.compliance.evidence.types import FILES, PACK_TYPE, STATEMENT
from helpers.course.checks.lab3_pack import JOB, KEYS, LIST, PACK, answer, cases
from helpers.course.labs import Lab
from helpers.wrappers.cosign import Bundle, Cosign
from tests.course.checks.judged import said

STEPS = ("watch", "controls", "pack")


def edit(lab: Lab, path: str, old: str, new: str) -> None:
    text = lab.read(path)
    assert old in text
    lab.write(path, text.replace(old, new))


@pytest.mark.parametrize("step", STEPS)
def test_the_solution_passes_visible_and_hidden_tests(lab: Lab, step: str) -> None:
    before = Trail().checkpoint().root
    result = lab.result(step)
    assert result.passed, result.reason
    getattr(hidden, step)(lab)
    assert Trail().checkpoint().root == before


def test_a_pack_that_was_sealed_long_before_it_is_judged_is_judged_alike(lab: Lab) -> None:
    """An instructor grades days later: a forgery of an old pack is named as one of a new pack is."""
    copy = hidden._copy(lab, lab.path("old"))
    cosign, said = Cosign(lab.private()), Bundle.read(copy / "pack" / STATEMENT).predicate
    assert isinstance(said, dict)
    early = time_text(datetime.now(UTC) - timedelta(days=3))
    for row in (row for control in said["controls"] for row in control["evidence"]):
        row["at"] = early if row["at"] == said["madeAt"] else row["at"]
    said["madeAt"] = early
    (copy / "pack" / STATEMENT).unlink()
    own = cosign.key_pair(name="pack")
    Cosign(copy / "pack").attest_blob(
        FILES, key=own, password=lab.secret("release-key"), predicate=said, type=PACK_TYPE, bundle=STATEMENT
    )
    lab.path("stranger").mkdir()
    named = Cosign(lab.path("stranger")).generate_key_pair(password=hidden._PASSWORD, name="stranger")
    kind, way = hidden.WAYS["a shorter retention"]
    way(copy, named)
    assert {one.kind for one in verify(copy / "pack", keys=copy / "keys").findings} == {kind}


def test_the_courses_own_list_tells_the_stories_apart() -> None:
    listed = controls.load(controls.DEFAULT)
    assert [case.about for case in cases() if bool(answer(listed, case)) != case.gap] == []


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (
            '{"in-sync": 0, "drifted": 2}.get(status, 3)',
            '{"in-sync": 0, "drifted": 2}.get(status, 0)',
            "a cloud that does not answer: it ends with 0 (in sync), not with 3",
        ),
        (
            'status, why = "unknown", error.what',
            'status, why = "in-sync", error.what',
            "a cloud that does not answer: it ends with 0",
        ),
        ("decision=status", 'decision="in-sync"', "the trail says drift in-sync, not drifted"),
        ('state if state.is_file() else b""', 'stack / "main.tf.json"', "not about the state's digest"),
        ("except CourseError as error:", "except ZeroDivisionError as error:", "crashes at a cloud that does not"),
        ("terraform.drift()", "terraform.drift(); terraform.apply(auto_approve=True)", "a watch only looks"),
    ],
)
def test_a_watch_with_a_hole_is_refused(lab: Lab, old: str, new: str, why: str) -> None:
    edit(lab, JOB, old, new)
    assert why in said(lab, "watch")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("[in-sync, drifted]", "[in-sync, drifted, unknown]", "CC7.2 is covered although the drift watch could never"),
        ("[in-sync, drifted]", "[in-sync]", "CC7.2 has a gap although drift was found"),
        ("order: after,", "order: before,", "CC7.3"),
        ("other_actor: true, may_be_none: true", "may_be_none: true", "ada reviewed her own break-glass"),
        ("other_actor: true, may_be_none: true", "other_actor: true", "CC7.3 has a gap although no glass was broken"),
        (", for_each: break-glass", "", "CC7.3"),
        (
            "action: policy-decision, decisions: [accepted], for_each: promotion}",
            "action: policy-decision, decisions: [accepted, refused, failed, unknown], for_each: promotion}",
            "CC8.1 is covered although the policy",
        ),
        (
            "action: verify, decisions: [accepted]",
            "action: verify, decisions: [accepted, refused, failed, unknown]",
            "CC7.3 is covered although the review",
        ),
        ("[in-sync, drifted]", "[in-sync, drifted, failed]", "CC7.2 is covered although the drift watch failed"),
        ("for_each: promotion, other_actor: true", "for_each: promotion", "who promoted had approved it"),
        ("for_each: promotion, other_actor: true", "other_actor: true", "CC8.1"),
        ("artifact: signature", "artifact: sbom", "CC8.1 is covered although what was promoted is not signed"),
        ("id: CC7.3", "id: CC7.4", "CC7.3 is not in it"),
        ("for_each: break-glass", "foreach: break-glass", "unknown fields: foreach"),
        ("version: 1", "version: [1", "is not valid"),
    ],
)
def test_a_list_that_drops_half_of_a_sentence_is_refused(lab: Lab, old: str, new: str, why: str) -> None:
    edit(lab, LIST, old, new)
    assert why in said(lab, "controls")


def _lost(path: str) -> Callable[[Lab], object]:
    return lambda lab: lab.path(path).unlink()


def _private(lab: Lab) -> None:
    pem = "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"
    (lab.path(KEYS) / "pack.key").write_text(pem)


def _another_log(lab: Lab) -> None:
    shutil.copyfile(next((lab.path(KEYS) / "signers").iterdir()), lab.path(KEYS) / "log.pub")


def _package(lab: Lab) -> None:
    next((lab.path(PACK) / "artifacts").iterdir()).write_bytes(b"built again")


@pytest.mark.parametrize(
    ("mistake", "why"),
    [
        (_lost(f"{KEYS}/pack.pub"), "unknown"),
        (_lost(f"{KEYS}/builders.yaml"), "nobody is known to build"),
        (_lost(f"{KEYS}/controls.yaml"), "has no controls.yaml"),
        (_private, "holds a private key"),
        (_another_log, "the auditor's verifier says"),
        (_package, "signature-tampered"),
        (lambda lab: edit(lab, LIST, "framework: SOC 2", "framework: SOC 2 "), f"is not {LIST}'s"),
        (lambda lab: shutil.rmtree(lab.path(PACK)), "does not exist"),
    ],
)
def test_a_pack_that_an_auditor_cannot_use_is_refused(lab: Lab, mistake: Callable[[Lab], object], why: str) -> None:
    mistake(lab)
    assert why in said(lab, "pack")


def _seal(lab: Lab, *without: str) -> None:
    """Seal the pack again as it is now, with all papers of the package but some."""
    package = next(lab.path("product").glob("*.tar.gz"))
    shutil.rmtree(lab.path(PACK))
    made = EvidencePack(lab.path(PACK), controls=lab.path(LIST))
    papers = {kind: package.with_name(f"{package.name}.{kind}.json") for kind in ("sbom", "provenance")}
    kept: dict[str, Any] = {kind: path for kind, path in papers.items() if kind not in without}
    made.add(package, signature=package.with_name(f"{package.name}.sigstore.json"), **kept)
    made.seal(Trail(), key=Cosign(lab.private()).key_pair(name="pack"), password=lab.secret("release-key"))


def _states(kind: str, predicate: dict[str, object]) -> Callable[[Lab], None]:
    """Return what states something else about the package, with the release key."""

    def state(lab: Lab) -> None:
        package, key = next(lab.path("product").glob("*.tar.gz")), Cosign(lab.private()).key_pair(name="product")
        bundle = package.with_name(f"{package.name}.{kind}.json")
        asked = {"key": key, "password": lab.secret("release-key"), "type": ATTESTATIONS[kind]}
        Cosign(package.parent).attest_blob(package.name, predicate=predicate, bundle=bundle.name, **asked)  # type: ignore[arg-type]
        _seal(lab)

    return state


def _promotes(*decisions: str, approved: bool = True) -> Callable[[Lab], None]:
    """Return what promotes the package once more, as its trail then says."""

    def promote(lab: Lab) -> None:
        package = next(lab.path("product").glob("*.tar.gz"))
        subject = Subject.of(package.name, package) if approved else Subject.of("another", b"package")
        for one in decisions:
            Trail("pipeline").record("promotion", actor="learner", subject=subject, decision=one)
        _seal(lab)

    return promote


#: Last those that leave something in the trail, which all of these tests share.
@pytest.mark.parametrize(
    ("weaken", "why"),
    [
        (lambda lab: _seal(lab, "sbom"), "its parts are known: not for promotion"),
        (lambda lab: _seal(lab, "provenance"), "its origin is known: not for promotion"),
        (_states("sbom", {}), "sbom-says-nothing"),
        (_states("provenance", {"runDetails": {}}), "provenance-wrong-builder"),
        (_promotes("accepted"), "a promote by learner without an intent before it"),
        (_promotes("unknown"), "a promote by learner that never ended"),
        (_promotes("unknown", "accepted", approved=False), "approved by somebody else: not for promotion of another"),
    ],
    ids=["no SBOM", "no provenance", "an empty SBOM", "an origin of one's own", "no intent", "no end", "no approval"],
)
def test_a_pack_with_a_weak_link_is_refused(lab: Lab, weaken: Callable[[Lab], object], why: str) -> None:
    weaken(lab)
    assert why in said(lab, "pack")


def test_a_glass_broken_later_is_a_gap_in_the_next_pack(lab: Lab) -> None:
    subject = Subject.of("certificate", "broken again")
    Trail("pipeline").record("break-glass", actor="ada", subject=subject, decision="accepted")
    _seal(lab)
    assert "a gap is left: " in (reason := said(lab, "pack")) and "CC7.3" in reason
