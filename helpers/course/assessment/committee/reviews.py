"""Reviews, what is wrong with them together, and the decision that follows from their scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from helpers.core.errors import BadInput, CourseError
from helpers.course.assessment.committee.charter import Charter, person

ACCEPTED, REFUSED = "accepted", "refused"
#: Shortest comment, in words: a score without a reason helps nobody who has to decide again.
WORDS = 5


class NotDecided(CourseError):
    """The committee cannot decide on these reviews; nothing was recorded."""

    code = "not-decided"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        kind: ``quorum``, ``conflict``, ``same-person``, ``not-a-member``, ``scores``, ``comment``, ``decision``,
            ``other-deck``, ``other-change``, ``left-out``, ``signer``, ``missing-review``, ``trail``; what could not
            be told: ``no-record``, ``no-approval``, ``unknown``.
        message: what was found.
    """

    kind: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


@dataclass(frozen=True)
class Review:
    """What one member says of a presentation.

    Attributes:
        reviewer: account. scores: criterion -> points of one of its levels.
        comment: why, for the presenter. conflict: why this member does not score; then there are no scores.
    """

    reviewer: str
    scores: Mapping[str, int] = field(default_factory=dict)
    comment: str = ""
    conflict: str = ""

    @classmethod
    def of(cls, data: Any) -> Review:
        """Return the review in a form that was filled in.

        Raises:
            BadInput: it is not one.
        """
        known = {"reviewer", "scores", "comment", "conflict"}
        if not isinstance(data, dict) or not set(data) <= known or not isinstance(data.get("scores") or {}, dict):
            why = f"It has the fields {', '.join(sorted(known))}; the scores are points by criterion."
            raise BadInput("This is not a review", why=why, next="course committee form")
        scores = {str(name): points for name, points in (data.get("scores") or {}).items()}
        words = {name: str(data.get(name) or "").strip() for name in ("reviewer", "comment", "conflict")}
        return cls(words["reviewer"], scores, words["comment"], words["conflict"])

    @property
    def counts(self) -> bool:
        """Whether it is a vote: its reviewer declared no conflict."""
        return not self.conflict

    @property
    def points(self) -> int:
        """Points of all criteria."""
        return sum(self.scores.values())


def faults(charter: Charter, reviews: Sequence[Review], *, presenter: str, approvers: Iterable[str]) -> list[Finding]:
    """Return why the committee cannot decide on these reviews: nothing when it can.

    Args:
        presenter: account of who presents. approvers: accounts that approved the change that is presented.
    """
    barred = {person(presenter): "presents it"} | {person(name): "approved the change" for name in approvers}
    found: list[Finding] = []
    seen: dict[str, str] = {}
    for review in reviews:
        name = review.reviewer
        if name not in charter.members:
            found.append(Finding("not-a-member", f"{name!r} is not on the committee {charter.id}"))
        if (other := seen.setdefault(person(name), name)) != name or [r.reviewer for r in reviews].count(name) > 1:
            found.append(Finding("same-person", f"{name!r} and {other!r} are one person, who reviews once"))
        if review.counts and person(name) in barred:
            found.append(Finding("conflict", f"{name!r} scores, and {barred[person(name)]}"))
        found += _of_form(charter, review)
    votes = {person(review.reviewer) for review in reviews if review.counts} - set(barred)
    if len(votes) < charter.quorum:
        found.append(Finding("quorum", f"{len(votes)} votes can be counted, {charter.quorum} are needed"))
    return list(dict.fromkeys(found))


def _of_form(charter: Charter, review: Review) -> list[Finding]:
    if not review.counts:
        scored = Finding("conflict", f"{review.reviewer!r} declares a conflict and scores all the same")
        return [scored] if review.scores else []
    found = []
    levels = {one.id: [level.points for level in one.levels] for one in charter.rubric.criteria}
    if set(review.scores) != set(levels):
        found.append(Finding("scores", f"{review.reviewer!r} scores not exactly {', '.join(levels)}"))
    wrong = [
        name
        for name, points in review.scores.items()
        if name in levels and (type(points) is not int or points not in levels[name])
    ]
    if wrong:
        found.append(Finding("scores", f"{review.reviewer!r} gives points that no level of {', '.join(wrong)} has"))
    if len(review.comment.split()) < WORDS:
        found.append(Finding("comment", f"{review.reviewer!r} says in fewer than {WORDS} words why"))
    return found


def share(charter: Charter, reviews: Iterable[Review]) -> float:
    """Return the average share of the rubric's points, over the votes."""
    votes = [review for review in reviews if review.counts]
    return sum(vote.points for vote in votes) / (charter.rubric.points * len(votes))


def outcome(charter: Charter, reviews: Sequence[Review]) -> str:
    """Return the decision that follows from the scores, ``accepted`` or ``refused``.

    Accepted needs the mark on average, and no criterion for which more than half of the votes give nothing.
    """
    votes = [review for review in reviews if review.counts]
    failed = [
        one.id for one in charter.rubric.criteria if 2 * sum(vote.scores[one.id] == 0 for vote in votes) > len(votes)
    ]
    return ACCEPTED if share(charter, votes) >= charter.mark - 1e-9 and not failed else REFUSED
