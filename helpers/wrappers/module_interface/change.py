"""What a comparison of two interfaces says: changes, what they ask for, and what only a person can decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from semver import Version

from helpers.core.display import Displayed
from helpers.core.errors import BadInput

Bump = Literal["major", "minor", "patch"]
ORDER: tuple[Bump, ...] = ("patch", "minor", "major")


@dataclass(frozen=True)
class Change:
    """One change: its kind (``variable-removed``, ``type-narrowed`` ...), of what, in words, and what it asks for.

    Attributes:
        undecided: neither text nor tools can say whether it breaks; ``bump`` is then ``minor``, the least that it may
            ask for, and no release passes before a person has decided (`InterfaceDiff.decided`).
    """

    kind: str
    name: str
    text: str
    bump: Bump
    undecided: bool = False

    @property
    def key(self) -> str:
        """What a person names to decide it: ``KIND:NAME``."""
        return f"{self.kind}:{self.name}"

    @property
    def breaking(self) -> bool:
        """Whether it is certain that a caller may have to change something, or gets something else."""
        return self.bump == "major" and not self.undecided

    def __str__(self) -> str:
        return self.text


def undecided(kind: str, name: str, text: str) -> Change:
    """Return a change that a person has to decide."""
    return Change(kind, name, text, "minor", undecided=True)


@dataclass(frozen=True)
class InterfaceDiff(Displayed):
    """All changes from one interface to another, breaking ones first."""

    changes: tuple[Change, ...] = ()

    @property
    def breaking(self) -> tuple[Change, ...]:
        """The changes that certainly break callers."""
        return tuple(change for change in self.changes if change.breaking)

    @property
    def undecided(self) -> tuple[Change, ...]:
        """The changes that a person has to decide; see `decided`."""
        return tuple(change for change in self.changes if change.undecided)

    @property
    def bump(self) -> Bump:
        """The part of the version that has to go up; ``patch`` when the interface is the same.

        With an undecided change it is ``minor`` at least, and may rise to ``major`` when somebody decides.
        """
        return _highest(self.changes)

    def decided(self, decisions: Mapping[str, Bump]) -> InterfaceDiff:
        """Return the diff in which a person has decided: ``KIND:NAME`` of a change -> what it asks for.

        Only an undecided change can be decided; what is certain stays as it is.

        Raises:
            BadInput: a decision names no undecided change, so it was made for another diff, or asks for no part.
        """
        open_keys = {change.key for change in self.undecided}
        for key, bump in decisions.items():
            if key not in open_keys or bump not in ORDER:
                raise BadInput(
                    f"The decision {key}: {bump} decides nothing",
                    why=f"Open are: {', '.join(sorted(open_keys)) or 'none'}; each is major, minor or patch.",
                    next="Remove it, or correct its name.",
                )
        return InterfaceDiff(
            in_order(
                replace(
                    change,
                    bump=decisions[change.key],
                    undecided=False,
                    text=f"{change.text} (decided: {decisions[change.key]})",
                )
                if change.undecided and change.key in decisions
                else change
                for change in self.changes
            )
        )

    def next_version(self, current: str) -> str:
        """Return the lowest version that may follow *current*. Below 1.0.0 a breaking change raises the minor part.

        Raises:
            BadInput: *current* is not a semantic version.
        """
        return raised(current, self.bump)

    def allows(self, current: str, proposed: str) -> bool:
        """Return whether *proposed* is high enough to follow *current* with these changes.

        A pre-release counts as the version it leads to.

        Raises:
            BadInput: one of them is not a semantic version.
        """
        return bool(_version(proposed).finalize_version() >= _version(self.next_version(current)))

    def __repr__(self) -> str:
        open_ = f", {len(self.undecided)} for a person" if self.undecided else ""
        return f"InterfaceDiff({self.bump}: {len(self.breaking)} breaking of {len(self.changes)} changes{open_})"


def raised(current: str, bump: Bump) -> str:
    """Return the lowest version that follows *current* when *bump* is asked for.

    Raises:
        BadInput: *current* is not a semantic version.
    """
    version = _version(current)
    part = "minor" if version.major == 0 and bump == "major" else bump
    return str(version.next_version(part))


def in_order(changes: Any) -> tuple[Change, ...]:
    """Return changes in their order of weight: breaking, for a person, then the rest."""
    return tuple(sorted(changes, key=lambda c: (not c.breaking, not c.undecided, -ORDER.index(c.bump), c.kind, c.name)))


def _highest(changes: tuple[Change, ...]) -> Bump:
    return max((change.bump for change in changes), key=ORDER.index, default="patch")


def _version(text: str) -> Any:
    try:
        return Version.parse(text.removeprefix("v"))
    except ValueError:
        raise BadInput(f"{text!r} is not a version", why="Expected MAJOR.MINOR.PATCH.", next="1.0.0") from None
