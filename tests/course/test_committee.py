"""The steering committee: what keeps it from deciding, what a record must stand on, and what a verifier refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from helpers import committee
from helpers.compliance.audit import Action, Decision, Entry, Event, Subject
from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.course.assessment.committee import sitting
from helpers.course.assessment.committee.charter import FILE

CHARTER = committee.Charter.load()
DECK, OTHER, CHANGE = (Subject.of(name, name) for name in ("deck.html", "other.html", "module"))
GOOD = dict.fromkeys(("evidence", "risk", "change", "operation", "decision"), 12)
WHY = "The evidence can be verified by us."


def review(name: str, points: int = 12, **changed: Any) -> committee.Review:
    return committee.Review(name, **{"scores": dict.fromkeys(GOOD, points), "comment": WHY, **changed})


def kinds(reviews: list[committee.Review], presenter: str = "ada", approvers: tuple[str, ...] = ("gita",)) -> list[str]:
    return [one.kind for one in committee.faults(CHARTER, reviews, presenter=presenter, approvers=approvers)]


THREE = [review("bela"), review("cara"), review("dario")]


def test_three_complete_reviews_are_a_quorum() -> None:
    assert kinds(THREE) == [] and committee.outcome(CHARTER, THREE) == "accepted"
    assert kinds(THREE[:2]) == ["quorum"]


@pytest.mark.parametrize(
    ("reviews", "kind"),
    [
        ([*THREE[:2], review("mallory")], "not-a-member"),
        ([*THREE, review("cara")], "same-person"),
        ([*THREE, review("Cara")], "same-person"),
        ([*THREE, review("\uff43ara")], "same-person"),
        ([*THREE, review("ca\u0301ra")], "same-person"),
        ([*THREE, review("ca\u200bra")], "same-person"),
        ([*THREE, review("ca\u00adra")], "same-person"),
        ([*THREE, review("dar1o")], "same-person"),
        ([*THREE, review("emil", scores={"evidence": 12})], "scores"),
        ([*THREE, review("emil", points=7)], "scores"),
        ([*THREE, review("emil", scores={**GOOD, "risk": True})], "scores"),
        ([*THREE, review("emil", scores={**GOOD, "risk": "12"})], "scores"),
        ([*THREE, review("emil", scores={**GOOD, "style": 12})], "scores"),
        ([*THREE, review("emil", comment="Fine.")], "comment"),
        ([*THREE, review("emil", conflict="I built it")], "conflict"),
    ],
)
def test_what_keeps_the_committee_from_deciding_is_named(reviews: list[committee.Review], kind: str) -> None:
    assert kind in kinds(reviews)


def test_who_presents_or_approved_the_change_cannot_vote_and_does_not_count() -> None:
    assert kinds(THREE, presenter="bela") == ["conflict", "quorum"]
    assert kinds(THREE, presenter="\uff22ela") == ["conflict", "quorum"]
    assert kinds(THREE, approvers=("cara",)) == ["conflict", "quorum"]
    aside = committee.Review("bela", conflict="I present it")
    assert kinds([aside, *THREE[1:], review("emil")], presenter="bela") == []
    assert kinds([aside, *THREE[1:]], presenter="bela") == ["quorum"]


def test_the_decision_follows_from_the_scores() -> None:
    assert committee.outcome(CHARTER, [review("bela", 8), review("cara", 8), review("dario", 8)]) == "refused"
    assert committee.outcome(CHARTER, [review("bela", 12), review("cara", 8), review("dario", 8)]) == "accepted"
    nothing = {**GOOD, "operation": 0}
    half = [review("bela", scores=nothing), review("cara", scores=nothing), review("dario"), review("emil")]
    assert committee.outcome(CHARTER, half) == "accepted"
    assert committee.outcome(CHARTER, half[:3]) == "refused", "two of three give nothing for one criterion"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"members": ["bela", "cara", "Bela"]}, "look the same"),
        ({"members": ["carn", "carm", "carrn"]}, "look the same"),
        ({"quorum": 1}, "cannot be kept"),
        ({"quorum": 6}, "cannot be kept"),
        ({"mark": 0}, "cannot be kept"),
    ],
)
def test_a_charter_that_cannot_be_kept_is_refused(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    file = tmp_path / "committee.yaml"
    file.write_text(yaml_reader.dump({**yaml_reader.load(FILE.read_text()), **change}))
    with pytest.raises(BadInput, match=said):
        committee.Charter.load(file)


@pytest.mark.parametrize("form", [None, [], {"reviewer": "bela", "points": 3}, {"scores": [1]}])
def test_what_is_not_a_form_is_refused(form: Any) -> None:
    with pytest.raises(BadInput, match="not a review"):
        committee.Review.of(form)


class Trail:
    """Entries as a verified trail has them."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, signer: str, action: str, actor: str, subject: Subject, decision: str, **more: Any) -> Entry:
        at = datetime(2026, 11, 30, tzinfo=UTC) + timedelta(minutes=len(self.entries))
        event = Event(Action(action), actor, subject, Decision(decision), at=at, **more)
        mark = f"{len(self.entries):064x}"
        self.entries.append(Entry(len(self.entries), event, {}, mark, at, f"{signer}+abcd", b""))
        return self.entries[-1]

    def review(self, one: committee.Review, signer: str = "", deck: Subject = DECK) -> Entry:
        details = {"committee": CHARTER.id, "scores": one.scores, "conflict": one.conflict}
        by = signer or f"reviewer-{one.reviewer}"
        return self.add(by, "verify", one.reviewer, deck, "accepted", reason=one.comment, details=details)

    def record(self, listed: list[Entry], decision: str = "accepted", deck: Subject = DECK, **more: Any) -> Entry:
        details = {
            "committee": CHARTER.id,
            "presenter": "ada",
            "change": CHANGE.digest,
            "reviews": [entry.leaf_hash for entry in listed],
            **more,
        }
        return self.add("committee", "approval", "committee", deck, decision, details=details)

    def judge(self, by: str = "") -> committee.Verdict:
        return committee.judge(self.entries, CHARTER, deck=DECK.digest, change=CHANGE.digest, by=by)


@pytest.fixture
def trail() -> Trail:
    made = Trail()
    made.add("forge", "approval", "gita", CHANGE, "accepted")
    return made


def test_an_honest_record_is_valid_and_so_is_an_honest_refusal(trail: Trail) -> None:
    trail.record([trail.review(one) for one in THREE])
    assert trail.judge(by="ada") and trail.judge().exit_code == 0
    low = Trail()
    low.entries = trail.entries[:1]
    low.record([low.review(review(one.reviewer, 4)) for one in THREE], "refused")
    found = low.judge()
    assert (found.status, found.decision, bool(found), found.exit_code) == ("valid", "refused", False, 1)


def no_quorum(trail: Trail) -> None:
    trail.record([trail.review(one) for one in THREE[:2]])


def presenter_votes(trail: Trail) -> None:
    trail.record([trail.review(one) for one in THREE], presenter="bela")


def approver_votes(trail: Trail) -> None:
    trail.add("forge", "approval", "dario", CHANGE, "accepted")
    trail.record([trail.review(one) for one in THREE])


def one_twice(trail: Trail) -> None:
    trail.record([trail.review(one) for one in [*THREE[:2], THREE[0]]])


def one_twice_in_full_width(trail: Trail) -> None:
    trail.record([trail.review(one) for one in [*THREE, review("\uff42ela")]])


def against_the_scores(trail: Trail) -> None:
    trail.record([trail.review(review(one.reviewer, 4)) for one in THREE])


def refused_against_the_scores(trail: Trail) -> None:
    trail.record([trail.review(one) for one in THREE], "refused")


def another_deck(trail: Trail) -> None:
    trail.record([trail.review(one, deck=OTHER) for one in THREE], deck=OTHER)


def reviews_of_another_deck(trail: Trail) -> None:
    trail.record([trail.review(one, deck=OTHER) for one in THREE])


def another_change(trail: Trail) -> None:
    trail.record([trail.review(one) for one in THREE], change=OTHER.digest)


def bad_review_left_out(trail: Trail) -> None:
    trail.review(review("emil", 0))
    trail.record([trail.review(one) for one in THREE])


def written_by_the_pipeline(trail: Trail) -> None:
    trail.record([trail.review(one, signer="pipeline") for one in THREE])


def record_of_the_forge(trail: Trail) -> None:
    record = trail.record([trail.review(one) for one in THREE])
    trail.entries[-1] = replace(record, signer="forge+abcd")


def review_after_the_record(trail: Trail) -> None:
    listed = [trail.review(one) for one in THREE]
    trail.record(listed)
    trail.entries = [*trail.entries[:-2], trail.entries[-1], trail.entries[-2]]
    trail.entries = [replace(entry, index=at) for at, entry in enumerate(trail.entries)]


def scores_of_another_kind(trail: Trail) -> None:
    trail.record([trail.review(replace(one, scores="12")) for one in THREE])


@pytest.mark.parametrize(
    ("forge", "kind"),
    [
        (no_quorum, "quorum"),
        (presenter_votes, "conflict"),
        (approver_votes, "conflict"),
        (one_twice, "same-person"),
        (one_twice_in_full_width, "same-person"),
        (against_the_scores, "decision"),
        (refused_against_the_scores, "decision"),
        (another_deck, "other-deck"),
        (reviews_of_another_deck, "missing-review"),
        (another_change, "other-change"),
        (bad_review_left_out, "left-out"),
        (written_by_the_pipeline, "missing-review"),
        (record_of_the_forge, "signer"),
        (review_after_the_record, "missing-review"),
        (scores_of_another_kind, "scores"),
    ],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_a_forged_record_is_refused_and_the_fault_is_named(
    trail: Trail, forge: Callable[[Trail], None], kind: str
) -> None:
    forge(trail)
    found = trail.judge()
    assert kind in {finding.kind for finding in found.findings} and found.status == "invalid"
    assert not found and found.exit_code == 1 and kind in repr(found) and kind in str(found)


def test_a_presenter_other_than_the_recorded_one_is_refused(trail: Trail) -> None:
    trail.record([trail.review(one) for one in THREE])
    assert "other-change" in repr(trail.judge(by="bela")) and "conflict" in repr(trail.judge(by="bela"))


class Recorded:
    """A trail as a sitting writes to it, in memory."""

    def __init__(self, trail: Trail) -> None:
        self.trail = trail

    def __call__(self, name: str) -> Recorded:
        self.name = name
        return self

    def entries(self) -> list[Entry]:
        return self.trail.entries

    def record(self, action: str, *, actor: str, subject: Subject, decision: str, **more: Any) -> Entry:
        return self.trail.add(self.name, action, actor, subject, decision, **more)


@pytest.mark.parametrize("change", [f"sha256:{CHANGE.digest}", CHANGE.digest.upper()])
def test_a_change_is_the_same_however_its_digest_is_written(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: str
) -> None:
    monkeypatch.setattr(sitting, "Trail", Recorded(trail))
    (tmp_path / "deck.html").write_text("deck.html")
    held = sitting.Sitting(tmp_path / "deck.html", presenter="ada", change=change, charter=CHARTER)
    for one in THREE:
        held.review(one)
    held.decide()
    found = committee.judge(trail.entries, CHARTER, deck=held.subject.digest, change=CHANGE.digest)
    assert found.exit_code == 0, found


def test_a_change_that_nobody_approved_is_not_decided_on(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sitting, "Trail", Recorded(trail))
    (tmp_path / "deck.html").write_text("deck.html")
    held = sitting.Sitting(tmp_path / "deck.html", presenter="ada", change="0" * 64, charter=CHARTER)
    for one in THREE:
        held.review(one)
    with pytest.raises(committee.NotDecided, match="does not say who approved"):
        held.decide()


def test_reviews_past_their_retention_leave_the_question_open(trail: Trail) -> None:
    reviews = [trail.review(one) for one in THREE]
    trail.record(reviews)
    trail.entries = [entry for entry in trail.entries if entry not in reviews]
    gone = {entry.leaf_hash for entry in reviews}
    found = committee.judge(trail.entries, CHARTER, deck=DECK.digest, change=CHANGE.digest, gone=gone)
    assert found.exit_code == 3 and "past their retention" in str(found)
    assert trail.judge().exit_code == 1, "reviews that were never there are missing"


def test_what_cannot_be_told_is_not_valid(trail: Trail) -> None:
    assert (trail.judge().status, trail.judge().exit_code) == ("unknown", 3)
    trail.entries = []
    trail.record([trail.review(one) for one in THREE])
    found = trail.judge()
    assert found.status == "unknown" and [one.kind for one in found.findings] == ["no-approval"]
    assert found.to_dict()["findings"][0]["kind"] == "no-approval"
