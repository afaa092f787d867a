"""What was found: each advisory about each component, open or answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol

from helpers.core.display import Displayed

#: ``unknown``: whether the version is affected cannot be told. The other words are OpenVEX's.
Status = Literal["affected", "unknown", "not_affected", "fixed", "under_investigation"]
_CLOSED = ("not_affected", "fixed")


@dataclass(frozen=True, order=True)
class Match:
    """One advisory about one component.

    Attributes:
        advisory: its id. component, version: as the SBOM names them. purl: empty when there is none.
        fixed: versions in which it is fixed. status: see `Status`. why: of an answer, or why nobody can tell.
        answered_by: author of the answer; empty without one.
    """

    advisory: str
    summary: str
    component: str
    version: str
    purl: str
    fixed: tuple[str, ...]
    status: Status
    why: str = ""
    answered_by: str = ""

    @property
    def open(self) -> bool:
        """Nobody said that it does no harm here."""
        return self.status not in _CLOSED


class Answer(Protocol):
    """What somebody said about matches; `Vex` is one."""

    @property
    def author(self) -> str:
        """Who says so."""

    @property
    def at(self) -> dt.datetime:
        """When, UTC."""

    def ignored(self, digest: str, now: dt.datetime) -> str:
        """Return why it does not count for an artifact at a moment; empty when it does."""

    def about(self, found: Match) -> tuple[Status, str] | None:
        """Return status and reason for a match; None when it says nothing."""


@dataclass(frozen=True)
class AdvisoryReport(Displayed):
    """The advisories that are about the parts of an artifact.

    Attributes:
        subject, digest: of the SBOM. components: how many were looked up. matches: what was found, sorted.
        ignored: answers that did not count, each with the reason.
    """

    subject: str
    digest: str
    components: int
    matches: tuple[Match, ...]
    ignored: tuple[str, ...] = ()

    @property
    def open(self) -> tuple[Match, ...]:
        """What is still to be dealt with, also what nobody can tell."""
        return tuple(one for one in self.matches if one.open)

    @property
    def exit_code(self) -> int:
        """0 nothing is open, 1 something is, 3 could not tell."""
        if not self.components or (self.open and all(one.status == "unknown" for one in self.open)):
            return 3
        return 1 if self.open else 0

    def __bool__(self) -> bool:
        return self.exit_code == 0

    def answered(self, answers: Iterable[Answer], *, now: dt.datetime | None = None) -> AdvisoryReport:
        """Return the report with signed answers applied; who signed them was verified by `read_vex`.

        An answer counts for the artifact whose digest it was signed about, for the component it names, and until it
        expires. Of two about one thing the newer counts; *affected* never closes anything.

        Args:
            now: by default this moment, UTC.
        """
        moment = now or dt.datetime.now(dt.UTC)
        found, ignored = list(self.matches), list(self.ignored)
        for answer in sorted(answers, key=lambda one: one.at):
            if reason := answer.ignored(self.digest, moment):
                ignored.append(f"{answer.author}, {answer.at:%Y-%m-%d}: {reason}")
                continue
            found = [_answered(one, answer) for one in found]
        return replace(self, matches=tuple(sorted(found)), ignored=tuple(ignored))

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {**asdict(self), "exitCode": self.exit_code}

    def text(self) -> str:
        """Return it for a person at a terminal."""
        lines = []
        for one in self.matches:
            repaired = f"fixed in {', '.join(one.fixed)}" if one.fixed else "no version fixes it"
            lines.append(f"{one.advisory}  {one.component} {one.version or '(no version)'}: {one.status}; {repaired}")
            lines += [f"    {one.summary}", *([f"    {one.answered_by or 'we'}: {one.why}"] if one.why else [])]
        lines += [f"An answer does not count: {reason}" for reason in self.ignored]
        lines.append(f"{self.components} components looked up: {self._counts()}.")
        return "\n".join(lines)

    def _counts(self) -> str:
        unknown = sum(one.status == "unknown" for one in self.matches)
        closed = len(self.matches) - len(self.open)
        return f"{len(self.open) - unknown} open, {closed} answered, {unknown} could not tell"

    def __repr__(self) -> str:
        return f"AdvisoryReport({self.subject}: {self._counts()})"


def _answered(found: Match, answer: Answer) -> Match:
    said = answer.about(found)
    if said is None:
        return found
    status, why = said
    return replace(found, status=status, why=why, answered_by=answer.author)
