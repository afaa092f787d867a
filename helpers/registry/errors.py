"""What goes wrong with the registry, as typed errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from helpers.errors import CourseError


class RegistryError(CourseError):
    """Base of the faults of the registry."""

    code = "registry-error"


class RegistryUnreachable(RegistryError):
    """The registry does not answer."""

    code = "registry-unreachable"


class VersionTaken(RegistryError):
    """The version is published already; versions never change (HTTP 409)."""

    code = "registry-version-taken"


class NoPermission(RegistryError):
    """The token is missing, unknown, or not allowed to do this (HTTP 401, 403)."""

    code = "registry-no-permission"


class NotFound(RegistryError):
    """There is no such module or version (HTTP 404)."""

    code = "registry-not-found"


class Tampered(RegistryError):
    """The registry's copy of an archive is no longer what was published (HTTP 500)."""

    code = "registry-tampered"


@dataclass(frozen=True)
class Problem:
    """One rule that a module breaks: the rule's name, where, what is wrong, and how to mend it."""

    rule: str
    where: str
    what: str
    fix: str


class PublishRefused(RegistryError):
    """The module breaks rules (HTTP 422); ``problems`` has all of them."""

    code = "registry-refused"

    def __init__(self, what: str, *, problems: Sequence[Problem] = (), why: str = "", next: str = "") -> None:
        super().__init__(what, why=why, next=next)
        self.problems = tuple(problems)

    def to_dict(self) -> dict[str, Any]:
        """Return the error as JSON-ready data, with the problems."""
        return {**super().to_dict(), "problems": [vars(problem) for problem in self.problems]}

    def _repr_html_(self) -> str:
        from helpers.widgets import table_html

        rows = [[p.rule, p.where, p.what, p.fix] for p in self.problems]
        return table_html(["Rule", "Where", "What", "How to mend it"], rows, caption=self.what)


def from_answer(status: int, body: bytes) -> RegistryError:
    """Return the error that an answer of the registry stands for."""
    try:
        data = json.loads(body)
        said = str(data["errors"][0]).rstrip(".")
        code, problems = str(data["error"]), [Problem(**p) for p in data["problems"]]
    except (ValueError, KeyError, TypeError, IndexError):
        return RegistryError(f"The registry answered {status}", why=body[:200].decode("utf-8", "replace"))
    if status == 409:
        return VersionTaken(said, next="Raise the version, add its CHANGELOG entry, publish again.")
    if status == 422:
        why = "\n".join(f"- {p.where}: {p.what} {p.fix} [{p.rule}]" for p in problems)
        return PublishRefused(said, problems=problems, why=why, next="Mend these and publish again.")
    if status in (401, 403):
        return NoPermission(said, next="Registry(url, token) with a token that may do this.")
    if status == 404:
        return NotFound(said, next="Registry.search() lists what is there.")
    if code == "tampered":
        return Tampered(said, next="Do not use this version; publish a new one.")
    return RegistryError(said, next="course services logs registry")
