"""Terraform's version constraints: does a new one refuse a version that an old one accepted?

Source: Terraform documentation, "Version Constraints". Pre-releases are left out: ranges never match them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Version = tuple[int, int, int]
_PART = re.compile(r"^\s*(=|!=|>=|<=|>|<|~>)?\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[-+][\w.+-]*)?\s*$")


def _parts(constraints: Iterable[str]) -> list[tuple[str, Version, int]]:
    found = []
    for text in ",".join(constraints).split(","):
        if match := _PART.match(text):
            numbers = [int(n) for n in match.groups()[1:] if n is not None]
            major, minor, patch = [*numbers, 0, 0][:3]
            found.append((match[1] or "=", (major, minor, patch), len(numbers)))
    return found


def _fits(version: Version, parts: list[tuple[str, Version, int]]) -> bool:
    for sign, wanted, count in parts:
        ceiling = (wanted[0] + 1, 0, 0) if count <= 2 else (wanted[0], wanted[1] + 1, 0)
        fits = {
            "=": version == wanted, "!=": version != wanted, ">": version > wanted, ">=": version >= wanted,
            "<": version < wanted, "<=": version <= wanted, "~>": wanted <= version < ceiling,
        }[sign]  # fmt: skip
        if not fits:
            return False
    return True


def refused(old: Iterable[str], new: Iterable[str]) -> str:
    """Return a version that fits *old* but not *new*, or an empty string when there is none.

    Only versions next to those named can differ, so only they are tried.
    """
    before, after = _parts(old), _parts(new)
    tried: set[Version] = {(0, 0, 0), (10**6, 0, 0)}
    for _, (major, minor, patch), _ in (*before, *after):
        tried |= {(major, minor, patch), (major, minor, patch + 1), (major, minor + 1, 0), (major + 1, 0, 0)}
        tried |= {(major, minor, max(patch - 1, 0)), (major, max(minor - 1, 0), 0), (max(major - 1, 0), 0, 0)}
        tried |= {(major, minor, 10**6), (major, 10**6, 0)}
    for version in sorted(tried):
        if _fits(version, before) and not _fits(version, after):
            return ".".join("x" if n == 10**6 else str(n) for n in version)
    return ""
