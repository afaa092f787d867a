"""What the forge refuses, as types."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from helpers.core.errors import BadInput, CourseError


class ForgeError(CourseError):
    """The Git server did not do what it was asked for."""

    code = "forge-failed"


class ForgeNotFound(ForgeError):
    """There is no such repository, branch or pull request."""

    code = "forge-not-found"


class Exists(ForgeError):
    """There is one already, or it has landed or closed already."""

    code = "forge-exists"


class PermissionRefused(ForgeError):
    """The person may not do this, or the server does not know the person."""

    code = "forge-no-permission"


class UnknownPerson(ForgeError):
    """Nobody of that name was enrolled here."""

    code = "forge-unknown-person"


class ApprovalRefused(ForgeError):
    """The approval does not count: of one's own change, by a stranger, or of a commit that is no longer the head."""

    code = "forge-approval-refused"


class MergeRefused(ForgeError):
    """The change may not land; ``blockers`` says everything that stands against it."""

    code = "forge-merge-refused"

    def __init__(self, what: str, *, why: str = "", next: str = "", blockers: Sequence[str] = ()) -> None:
        super().__init__(what, why=why, next=next)
        self.blockers = tuple(blockers)


_BY_CODE: dict[str, type[ForgeError]] = {
    "own-change": ApprovalRefused,
    "not-trusted": ApprovalRefused,
    "outdated": ApprovalRefused,
    "other-person": ApprovalRefused,
    "bad-approval": ApprovalRefused,
    "moved": MergeRefused,
}
_BY_STATUS: dict[int, type[ForgeError]] = {
    401: PermissionRefused,
    403: PermissionRefused,
    404: ForgeNotFound,
    409: Exists,
}


def blocker_line(row: dict[str, Any]) -> str:
    """Return a blocker in one line."""
    parts = [f"{row['what']}.", str(row["why"]), f"Next: {row['next']}" if row["next"] else ""]
    return " ".join(" ".join(parts).split())


def error_of(status: int, body: bytes) -> CourseError:
    """Return the typed error for an answer of the server."""
    try:
        data = json.loads(body)
        code, what, why, todo = (str(data[key]) for key in ("error", "what", "why", "next"))
        rows = [dict(row) for row in data["blockers"]]
    except (ValueError, KeyError, TypeError):
        text = body[:200].decode("utf-8", "replace")
        return ForgeError(f"The Git server answered {status}", why=text, next="course services logs git")
    if code == "blocked":
        why = "\n".join(f"- {row['what']}: {row['why']}" for row in rows)
        return MergeRefused(what, why=why, next=todo, blockers=[blocker_line(row) for row in rows])
    if status == 400 and code not in _BY_CODE:
        return BadInput(what, why=why, next=todo)
    return _BY_CODE.get(code, _BY_STATUS.get(status, ForgeError))(what, why=why, next=todo)
