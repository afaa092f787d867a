"""One sitting: members review a deck, each with a key of their own, and the committee records its decision."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from helpers.compliance.audit import Action, AuditLogDirectory, Decision, Entry, NotEnrolled, Subject, Trail
from helpers.core.errors import BadInput
from helpers.course.assessment.committee.charter import Charter
from helpers.course.assessment.committee.reviews import ACCEPTED, Finding, NotDecided, Review, faults, outcome, share

#: The collector that signs decisions, and the account that they are of.
COMMITTEE = "committee"


def collector_of(account: str) -> str:
    """Return the name of the collector that signs a member's reviews."""
    return f"reviewer-{account}"


def seat(charter: Charter) -> None:
    """Have the root enrol the committee's key for approvals, and each member's for reviews, where it has not yet."""
    directory = AuditLogDirectory.of_service()
    wanted = {COMMITTEE: Action.APPROVAL} | {collector_of(name): Action.VERIFY for name in charter.members}
    for name, action in wanted.items():
        try:
            directory.collector(name)
        except NotEnrolled:
            directory.enrol(name, [action])


class Sitting:
    """The committee looks at one deck.

    Args:
        deck: the file that is presented. presenter: account of who presents it.
        change: SHA-256 of the artifact whose promotion the deck asks for: who approved it cannot vote.
    """

    def __init__(self, deck: Path | str, *, presenter: str, change: str, charter: Charter | None = None) -> None:
        self.charter = charter or Charter.load()
        self.deck, self.presenter, self.change = Path(deck), presenter, change.lower().removeprefix("sha256:")
        if not self.deck.is_file():
            raise BadInput(f"{self.deck.name} is not a file", next="Name the file of the deck.")
        self.subject = Subject.of(self.deck.name, self.deck)

    def review(self, review: Review) -> Entry:
        """Record a member's review, signed by the member's key.

        Raises:
            NotDecided: it is incomplete, or its reviewer has a conflict or is not a member.
        """
        before = [review_in(entry) for entry in self.reviews()]
        found = [one for one in self._faults([*before, review]) if one.kind != "quorum"]
        if found:
            raise NotDecided("The review was not recorded", why="\n".join(map(str, found)), next="Correct the form.")
        details: dict[str, Any] = {"committee": self.charter.id, "scores": dict(review.scores)}
        decision = Decision.UNKNOWN
        if review.counts:
            decision = Decision.ACCEPTED if outcome(self.charter, [review]) == ACCEPTED else Decision.REFUSED
        else:
            details["conflict"] = review.conflict
        return Trail(collector_of(review.reviewer)).record(
            Action.VERIFY,
            actor=review.reviewer,
            subject=self.subject,
            decision=decision,
            reason=review.comment,
            details=details,
        )

    def reviews(self) -> list[Entry]:
        """Return the entries of the reviews of this deck so far."""
        return reviews_of(Trail(COMMITTEE).entries(), self.charter, self.subject.digest)

    def decide(self) -> Entry:
        """Record the decision that follows from the reviews of this deck, signed by the committee's key.

        Raises:
            NotDecided: no quorum, a conflict, one person twice; each reason is in the message.
        """
        reviews = self.reviews()
        said = [review_in(entry) for entry in reviews]
        found = self._faults(said)
        if not approvers_of(Trail(COMMITTEE).entries(), self.change):
            # As the verifier does: without them nobody knows who may vote.
            found.append(Finding("no-approval", f"the trail does not say who approved {self.change[:12]}"))
        if found:
            why = "\n".join(map(str, found))
            raise NotDecided("The committee cannot decide on this deck", why=why, next="course committee review FORM")
        details = {
            "committee": self.charter.id,
            "presenter": self.presenter,
            "change": self.change,
            "reviews": [entry.leaf_hash for entry in reviews],
        }
        return Trail(COMMITTEE).record(
            Action.APPROVAL,
            actor=COMMITTEE,
            subject=self.subject,
            decision=outcome(self.charter, said),
            reason=f"{share(self.charter, said):.0%} of the points on average, {self.charter.mark:.0%} are needed",
            details=details,
        )

    def _faults(self, reviews: list[Review]) -> list[Finding]:
        approvers = approvers_of(Trail(COMMITTEE).entries(), self.change)
        return faults(self.charter, reviews, presenter=self.presenter, approvers=approvers)


def approvers_of(entries: Iterable[Entry], change: str) -> list[str]:
    """Return the accounts that approved an artifact, by the trail."""
    return [
        entry.event.actor
        for entry in entries
        if (entry.event.action, entry.event.decision) == (Action.APPROVAL, Decision.ACCEPTED)
        and digest(entry) == change
    ]


def reviews_of(entries: Iterable[Entry], charter: Charter, deck: str) -> list[Entry]:
    """Return the entries that are reviews of a deck by a committee, each signed by its reviewer's own key."""
    return [
        entry
        for entry in entries
        if entry.event.action == Action.VERIFY
        and signer(entry) == collector_of(entry.event.actor)
        and entry.event.details.get("committee") == charter.id
        and digest(entry) == deck
    ]


def review_in(entry: Entry) -> Review:
    """Return the review that an entry holds."""
    details = entry.event.details
    scores = details.get("scores")
    scores = dict(scores) if isinstance(scores, dict) else {}
    return Review(entry.event.actor, scores, entry.event.reason, str(details.get("conflict") or ""))


def signer(entry: Entry) -> str:
    """Return the name of the collector that signed an entry."""
    return entry.signer.split("+", 1)[0]


def digest(entry: Entry) -> str:
    """Return the digest that an entry is about."""
    subject = entry.event.subject
    return subject.digest if isinstance(subject, Subject) else ""
