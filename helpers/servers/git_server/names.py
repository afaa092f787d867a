"""Names that come from outside: repositories, people, branches, object ids."""

from __future__ import annotations

import re

from helpers.servers.git_server.problems import RequestRefused, printable

REPOSITORY = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
PERSON = re.compile(r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")
SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
#: Narrower than git's own rule (git-check-ref-format): what nobody needs cannot surprise anybody.
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}")


def repository(name: object) -> str:
    """Return a repository's name.

    Raises:
        RequestRefused: 400, it is none.
    """
    ok = isinstance(name, str) and REPOSITORY.fullmatch(name) and ".." not in name and not name.endswith(".git")
    if not ok:
        raise RequestRefused(
            400,
            "bad-name",
            f"{printable(repr(name), 60)} is not a valid name of a repository",
            why="Use up to 64 lower-case letters, digits, `-`, `.` and `_`.",
            next='Forge().create("inference")',
        )
    return str(name)


def is_branch(name: object) -> bool:
    """Return whether this is a branch's name (without ``refs/heads/``)."""
    if not isinstance(name, str) or not _BRANCH.fullmatch(name) or name == "HEAD":
        return False
    parts = name.split("/")
    return ".." not in name and all(p and not p.startswith(".") and not p.endswith((".", ".lock")) for p in parts)


def branch(name: object) -> str:
    """Return a branch's name.

    Raises:
        RequestRefused: 400, it is none.
    """
    if not is_branch(name):
        raise RequestRefused(
            400,
            "bad-name",
            f"{printable(repr(name), 60)} is not a valid name of a branch",
            why="Use letters, digits, `-`, `.`, `_`, `+` and `/`.",
            next='For example "feature/more-gpus".',
        )
    return str(name)


def text(value: object, field: str, limit: int) -> str:
    """Return a text for people from a request: one line, not empty, not too long.

    Raises:
        RequestRefused: 400, it is none.
    """
    if not isinstance(value, str) or not value.strip():
        raise RequestRefused(
            400, "bad-request", f"The {field} is missing", why="It says what and why.", next=f"{field}=..."
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise RequestRefused(
            400, "bad-request", f"The {field} is not valid text", why="It holds a lone surrogate."
        ) from None
    return printable(" ".join(value.split()), limit)
