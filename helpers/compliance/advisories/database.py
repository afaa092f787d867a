"""A local database of advisories: a directory of files in OSV form (https://ossf.github.io/osv-schema/)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from helpers.core.errors import BadInput
from helpers.core.paths import IAC
from helpers.wrappers.base import StrPath

#: The course's own database: advisories about acme's own packages.
DEFAULT = IAC / "compliance" / "advisories"
_EVENTS = ("introduced", "fixed", "last_affected", "limit")
#: Ranges whose versions can be put in order here; ranges of Git commits cannot without the repository.
_ORDERED = ("SEMVER", "ECOSYSTEM")


class BadAdvisory(BadInput):
    """A file of the database is not an advisory in OSV form."""


@dataclass(frozen=True)
class Range:
    """Versions in order: *events* are pairs of a word (``introduced``, ``fixed``, ...) and a version."""

    type: Literal["SEMVER", "ECOSYSTEM", "GIT"]
    events: tuple[tuple[str, str], ...]

    @property
    def fixed(self) -> tuple[str, ...]:
        """Versions in which it is fixed."""
        return tuple(version for name, version in self.events if name == "fixed")


@dataclass(frozen=True)
class Affected:
    """A package that an advisory is about: its ranges, and versions that are listed one by one."""

    ecosystem: str
    name: str
    ranges: tuple[Range, ...]
    versions: tuple[str, ...]


@dataclass(frozen=True)
class Advisory:
    """One advisory.

    Attributes:
        id: in the database it comes from. aliases: of the same vulnerability elsewhere (CVE, GHSA).
        modified: RFC 3339. withdrawn: since when it no longer holds; empty when it does.
    """

    id: str
    summary: str
    aliases: tuple[str, ...]
    modified: str
    withdrawn: str
    affected: tuple[Affected, ...]

    @property
    def names(self) -> frozenset[str]:
        """All names of the vulnerability."""
        return frozenset({self.id, *self.aliases})


@dataclass(frozen=True)
class Database:
    """Advisories that hold, by id."""

    advisories: tuple[Advisory, ...]

    def __repr__(self) -> str:
        newest = max((one.modified for one in self.advisories), default="never")
        return f"Database({len(self.advisories)} advisories, modified {newest})"


def load(directory: StrPath = DEFAULT) -> Database:
    """Return the advisories in a directory; withdrawn ones are left out.

    Raises:
        BadAdvisory: there is no such directory or no advisory in it, or a file is not one. An empty database would
            find nothing in anything.
    """
    root = Path(directory)
    found = [_read(path) for path in sorted(root.glob("*.json"))]
    if not found:
        raise BadAdvisory(
            f"There is no advisory in {root.name}",
            why="With an empty database nothing would ever be found.",
            next="Name a directory with files in OSV form.",
        )
    if len({one.id for one in found}) != len(found):
        raise BadAdvisory("Two advisories have one id", why="Ids are unique.", next="Remove one of the files.")
    return Database(tuple(one for one in found if not one.withdrawn))


def _read(path: Path) -> Advisory:
    try:
        raw = json.loads(path.read_bytes())
        made = Advisory(
            _text(raw, "id"),
            str(raw.get("summary", "")),
            tuple(map(str, raw.get("aliases") or ())),
            _text(raw, "modified"),
            str(raw.get("withdrawn") or ""),
            tuple(_affected(one) for one in raw.get("affected") or ()),
        )
        if path.stem != made.id or not made.affected:
            raise ValueError("the file is named by its id, and says what is affected")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadAdvisory(
            f"{path.name} is not an advisory", why=f"{type(error).__name__}: {error}", next="Write it in OSV form."
        ) from None
    return made


def _affected(raw: Mapping[str, Any]) -> Affected:
    package = raw["package"]
    ranges = tuple(_range(one) for one in raw.get("ranges") or ())
    versions = tuple(map(str, raw.get("versions") or ()))
    if not ranges and not versions:
        raise ValueError("neither ranges nor versions say what is affected")
    return Affected(_text(package, "ecosystem").partition(":")[0], _text(package, "name"), ranges, versions)


def _range(raw: Mapping[str, Any]) -> Range:
    events = tuple((name, str(version)) for event in raw["events"] for name, version in event.items())
    names = [name for name, _ in events]
    if raw["type"] not in (*_ORDERED, "GIT") or "introduced" not in names or set(names) - set(_EVENTS):
        raise ValueError("a range has a type of OSV, and events of which one is introduced")
    if {"fixed", "last_affected"} <= set(names):
        raise ValueError("a range has fixed or last_affected, not both")
    return Range(raw["type"], events)


def _text(raw: Mapping[str, Any], name: str) -> str:
    found = raw[name]
    if not isinstance(found, str) or not found:
        raise ValueError(f"{name} is not a text")
    return found
