"""What a certificate may state: competencies that the gradebook says are reached, by grades that count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from helpers.compliance.certificates import Claim
from helpers.core.errors import BadInput
from helpers.course import outline
from helpers.course.competencies import Competency


class NotEarned(BadInput):
    """The graded evidence does not carry what the certificate would state."""

    code = "not-earned"


def claims(found: Sequence[Competency], wanted: Sequence[str] = ()) -> tuple[Claim, ...]:
    """Return what a certificate of one learner states: the wanted competencies, by default all of the course.

    Args:
        found: the learner's competencies. wanted: their ids.

    Raises:
        NotEarned: one of them is not reached, or rests on grades that were made without a sandbox; each is named.
    """
    texts = {one["id"]: one["evidence"] for one in outline.load()["competencies"]}
    by_id = {one.id: one for one in found}
    if unknown := [name for name in wanted if name not in texts]:
        raise BadInput(f"There is no competency {unknown[0]!r}", why=f"They are: {', '.join(texts)}.")
    names = [name for name in texts if not wanted or name in wanted]
    problems = [line for name in names for line in _problems(name, by_id.get(name))]
    if problems:
        who = found[0].student if found else ""
        raise NotEarned(
            f"No certificate for {who or 'this learner'}: evidence is missing",
            why="\n".join(problems),
            next=f"course competencies {who}   # each cell that lacks points",
        )
    return tuple(_claim(by_id[name], texts[name]) for name in names)


def held(found: Sequence[Competency]) -> dict[str, Claim]:
    """Return what the gradebook holds for a learner, reached or not, to compare a certificate with."""
    return {one.id: _claim(one, "") for one in found}


def _problems(name: str, one: Competency | None) -> list[str]:
    if one is None:
        return [f"{name}: the gradebook has no grades for it"]
    if not one.reached:
        return [f"{name}: {words}" for words in one.missing or ("it is not reached",)]
    return [f"{name}: {book} was graded without a sandbox; grade it again with one" for book in one.unsafe]


def _claim(one: Competency, text: str) -> Claim:
    judged: Literal["apart", "together"] = "together" if one.together or one.unsafe else "apart"
    # nbgrader's extra credit can lift points above all that there are; a verifier takes no more than all.
    return Claim(one.id, one.level, text, min(one.points, one.max_points), one.max_points, one.needed, judged)


__all__ = ["NotEarned", "claims", "held"]
