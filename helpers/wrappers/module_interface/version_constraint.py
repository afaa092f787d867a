"""Terraform's version constraints: does a new one refuse a version that an old one accepted?

They are read as Terraform reads them, which has two sets of rules: ``hashicorp/go-version`` for modules and for
Terraform itself, ``apparentlymart/go-versions`` for providers. For a provider ``~> 1`` ends below 2 and a pre-release
counts only where it is named exactly; for a module ``~> 1`` has no end, and a bound may be a pre-release.
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


def request(old: Iterable[str], new: Iterable[str], *, provider: bool = False) -> Request:
    """Return the question which version fits *old* but not *new*, by the rules for modules or for a *provider*."""
    return {"op": "refused", "of": "provider" if provider else "", "old": list(old), "new": list(new)}


def comparison(answer: Answer) -> Comparison:
    """Return what the answer to a `request` says."""
    return Comparison(answer["version"], tuple(dict.fromkeys(error["message"] for error in answer["errors"])))


def refused(old: Iterable[str], new: Iterable[str], *, provider: bool = False) -> str:
    """Return a version that fits *old* but not *new*, or an empty string when there is none.

    Args:
        provider: they are of a provider, for which Terraform has other rules.

    Raises:
        InvalidConstraint: one of the constraints cannot be parsed.
    """
    (answer,) = ask([request(old, new, provider=provider)])
    found = comparison(answer)
    if found.errors:
        raise InvalidConstraint(
            "A version constraint cannot be parsed",
            why="; ".join(found.errors),
            next='Write it as Terraform expects it, for example ">= 1.2, < 2".',
        )
    return found.refused
