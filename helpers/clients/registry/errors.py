"""What goes wrong with the registry, as typed errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from helpers.core.display import Displayed
from helpers.core.errors import CourseError


class RegistryError(CourseError):
    """Base of the faults of the registry."""

    code = "registry-error"
    #: What the registry answered, as data; empty when it did not answer.
    answer: dict[str, Any] = {}  # noqa: RUF012 - set on instances only, by `from_answer`


class RegistryUnreachable(RegistryError):
    """The registry does not answer."""

    code = "registry-unreachable"


class VersionTaken(RegistryError):
    """The version is published already; versions never change (HTTP 409)."""

    code = "registry-version-taken"


class NoPermission(RegistryError):
    """The token is missing, unknown, or not allowed to do this (HTTP 401, 403)."""

    code = "registry-no-permission"


class RegistryNotFound(RegistryError):
    """There is no such module or version (HTTP 404)."""

    code = "registry-not-found"


class Tampered(RegistryError):
    """The registry's copy of an archive is no longer what was published (HTTP 500)."""

    code = "registry-tampered"


@dataclass(frozen=True)
class PackageProblem:
    """One rule that a module package breaks.

    Attributes:
        rule: short, stable name, such as ``variable-described``.
        where: file, variable or part it is about.
        what: what is wrong.
        fix: how to correct it.
    """

    rule: str
    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"[{self.rule}] {self.where}: {self.what} {self.fix}"


class PublishRefused(RegistryError, Displayed):
    """The module breaks rules (HTTP 422); ``problems`` has all of them."""

    code = "registry-refused"

    def __init__(self, what: str, *, problems: Sequence[PackageProblem] = (), why: str = "", next: str = "") -> None:
        super().__init__(what, why=why, next=next)
        self.problems = tuple(problems)

    def to_dict(self) -> dict[str, Any]:
        """Return the error as JSON-ready data, with the problems."""
        return {**super().to_dict(), "problems": [vars(problem) for problem in self.problems]}


def from_answer(status: int, body: bytes) -> RegistryError:
    """Return the error that an answer of the registry stands for."""
    error = _error(status, body)
    try:
        data = json.loads(body)
    except ValueError:
        return error
    error.answer = data if isinstance(data, dict) else {}
    return error


def _error(status: int, body: bytes) -> RegistryError:
    try:
        data = json.loads(body)
        said = str(data["errors"][0]).rstrip(".")
        code, problems = str(data["error"]), [PackageProblem(**p) for p in data.get("problems", ())]
    except (ValueError, KeyError, TypeError, IndexError):
        return RegistryError(f"The registry answered {status}", why=body[:200].decode("utf-8", "replace"))
    if status == 409 and code == "version-taken":
        return VersionTaken(said, next="Raise the version, add its CHANGELOG entry, publish again.")
    if status == 422:
        why = "\n".join(f"- {p.where}: {p.what} {p.fix} [{p.rule}]" for p in problems)
        return PublishRefused(said, problems=problems, why=why, next="Fix these and publish again.")
    if status in (401, 403):
        return NoPermission(said, next="Registry(url, token) with a token that may do this.")
    if status == 404:
        return RegistryNotFound(said, next="Registry.search() lists what is there.")
    if code == "tampered":
        return Tampered(said, next="Do not use this version; publish a new one.")
    # Below 500 the request is at fault, not the server.
    return RegistryError(said, next="Correct it and ask again." if status < 500 else "course services logs registry")
