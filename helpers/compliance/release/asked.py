"""Which version a module's changes ask for: the higher of what the commits claim and what the interface shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from helpers.compliance.release.source import ModuleSource, at_tag
from helpers.core.display import Displayed
from helpers.core.errors import BadInput
from helpers.wrappers import module_interface
from helpers.wrappers.git_cliff import Unreleased
from helpers.wrappers.module_interface import Bump, InterfaceDiff, raised

_ORDER: tuple[Bump, ...] = ("patch", "minor", "major")
#: A line of the signed tag's message: what a person decided about a change that no tool could judge.
_DECISION = re.compile(r"^Interface-Decision:\s*(\S+)=(major|minor|patch)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Asked(Displayed):
    """What the next version has to be.

    Attributes:
        previous: version of the last release; empty for the first. commits: what the messages claim.
        diff: what the interface shows.
    """

    previous: str
    commits: Unreleased | None
    diff: InterfaceDiff

    @property
    def bump(self) -> Bump:
        """The higher of both: a message may know of a break that no interface shows, but not deny one."""
        return max(self.diff.bump, self.claimed, key=_ORDER.index)

    @property
    def claimed(self) -> Bump:
        """What the messages ask for."""
        return self.commits.bump if self.commits else "patch"

    @property
    def understated(self) -> bool:
        """Whether the interface asks for more than the messages say."""
        return _ORDER.index(self.diff.bump) > _ORDER.index(self.claimed)

    @property
    def version(self) -> str:
        """The version that has to follow; empty for a first release, which its author chooses."""
        return raised(self.previous, self.bump) if self.previous else ""

    def __repr__(self) -> str:
        if not self.previous:
            return "Asked(first release)"
        return f"Asked({self.previous} -> {self.version}: commits say {self.claimed}, interface {self.diff.bump})"


def decisions(message: str) -> Mapping[str, Bump]:
    """Return what the message of a tag decides: ``Interface-Decision: KIND:NAME=minor``.

    Raises:
        BadInput: such a line says something else.
    """
    found: dict[str, Bump] = {}
    for line in re.findall(r"^Interface-Decision:.*$", message, re.MULTILINE):
        if not _DECISION.fullmatch(line):
            raise BadInput(
                f"The line {line[:80]!r} of the tag's message decides nothing",
                why="It does not say what is decided, and how.",
                next="Interface-Decision: KIND:NAME=major   # or minor, or patch",
            )
    for key, bump in _DECISION.findall(message):
        found[key] = "major" if bump == "major" else "minor" if bump == "minor" else "patch"
    return found


def asked(module: ModuleSource, *, decided: Mapping[str, Bump] | None = None) -> Asked:
    """Return what the changes of a module since its last release ask for.

    Args:
        decided: what a person decided about changes that cannot be judged.

    Raises:
        Unconventional: a commit has no kind. InvalidModule: a version cannot be read. BadInput: a decision fits nothing.
    """
    commits = module.cliff.unreleased()
    previous = commits.previous if commits else ""
    if not previous:
        # Nothing has changed yet, so whatever is decided here was meant for something else.
        return Asked("", commits, InterfaceDiff().decided(decided or {}))
    with at_tag(module.repository, previous) as before:
        diff = module_interface.compare(module_interface.read(before.folder), module_interface.read(module.folder))
    if decided:
        diff = diff.decided(decided)
    return Asked(previous.removeprefix(module.prefix), commits, diff)


def explained(found: Asked) -> str:
    """Return in a sentence why the version has to be that.

    Raises:
        BadInput: there was no earlier release.
    """
    if not found.previous:
        raise BadInput("A first release needs no reason", why="There is nothing that it could break.")
    weighty = [c for c in found.diff.changes if c.bump == found.diff.bump]
    shown = "; ".join(str(change) for change in weighty[:4]) or "nothing changed"
    return f"the commits say {found.claimed}, the interface asks for {found.diff.bump}: {shown}"
