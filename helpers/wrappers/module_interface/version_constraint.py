"""Terraform's version constraints: does a new one refuse a version that an old one accepted?

They are read by ``hashicorp/go-version``, as Terraform does. Pre-releases count only where a constraint names them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from helpers.core.errors import BadInput
from helpers.wrappers.module_interface.hcl_reader import Answer, Request, ask


class InvalidConstraint(BadInput):
    """A text that is not a version constraint of Terraform's."""

    code = "invalid-constraint"


@dataclass(frozen=True)
class Comparison:
    """What became of a constraint.

    Attributes:
        refused: a version that fits the old one but not the new one; empty when there is none.
        errors: what cannot be parsed, in the parser's words; then nothing else is known.
    """

    refused: str
    errors: tuple[str, ...] = ()


def request(old: Iterable[str], new: Iterable[str]) -> Request:
    """Return the question which version fits *old* but not *new*."""
    return {"op": "refused", "old": list(old), "new": list(new)}


def comparison(answer: Answer) -> Comparison:
    """Return what the answer to a `request` says."""
    return Comparison(answer["version"], tuple(dict.fromkeys(error["message"] for error in answer["errors"])))


def refused(old: Iterable[str], new: Iterable[str]) -> str:
    """Return a version that fits *old* but not *new*, or an empty string when there is none.

    Raises:
        InvalidConstraint: one of the constraints cannot be parsed.
    """
    (answer,) = ask([request(old, new)])
    found = comparison(answer)
    if found.errors:
        raise InvalidConstraint(
            "A version constraint cannot be parsed",
            why="; ".join(found.errors),
            next='Write it as Terraform expects it, for example ">= 1.2, < 2".',
        )
    return found.refused
