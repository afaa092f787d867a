"""What a check says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any

from helpers.core.display import Displayed
from helpers.core.redact import redact

#: Nudge (a question), pointer (where to look), near-solution (all but the last line).
Hints = tuple[str, str, str] | tuple[str, str]


@dataclass(frozen=True)
class Item:
    """One thing that a step asks for.

    Attributes:
        group: what it belongs to, for a heading. name: the thing, where it has a name of its own.
        reason: when not passed, what is wrong and in which file, line or variable.
        hints: nudge, pointer, near-solution for this reason.
    """

    group: str
    name: str
    passed: bool
    reason: str = ""
    hints: Hints | tuple[()] = ()


@dataclass(frozen=True, repr=False)
class CheckResult(Displayed):
    """The verdict on one step.

    Attributes:
        step: id of the step.
        name: its title, for a person.
        reason: what was seen; when not passed, what is wrong and in which file, line or variable: one line a thing.
        hints: nudge, pointer, near-solution for what is wrong first.
        items: all that was looked at, one by one; none where the check looks at one thing only.
        points: what the step gives.
        next: title of the step that follows, and where it is.
    """

    step: str
    name: str
    passed: bool
    reason: str
    hints: Hints
    items: tuple[Item, ...] = ()
    points: float = 0.0
    next: tuple[str, str] | None = None

    @property
    def counted(self) -> str:
        """How many of the things that were looked at are right, or nothing where there is one thing only."""
        right = sum(item.passed for item in self.items)
        return f"{right} of {len(self.items)} right" if len(self.items) > 1 else ""

    @property
    def due(self) -> tuple[tuple[Hints, tuple[str, ...]], ...]:
        """The hints to offer, each with the reasons that it is about; none once the step passes."""
        if self.passed:
            return ()
        found: dict[Hints, list[str]] = {}
        for item in self.items or (Item("", "", False, self.reason, self.hints),):
            if not item.passed:
                found.setdefault(item.hints or self.hints, []).append(item.reason)
        return tuple((hints, tuple(reasons)) for hints, reasons in found.items())

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON-ready data, without the hints."""
        data = asdict(self)
        del data["hints"]
        for item in data["items"]:
            del item["hints"]
        return data

    def __repr__(self) -> str:
        return f"CheckResult({self.step}: {'passed' if self.passed else 'not yet'}: {self.reason.splitlines()[0]})"


class Unmet(Exception):
    """Something the step asks for is not so; never leaves `helpers.checks`.

    Args:
        reason: what is wrong, naming file, line or variable.
        hints: hints that fit this reason better than the step's own.
    """

    def __init__(self, reason: str, hints: Hints | None = None) -> None:
        super().__init__(reason)
        self.reason = redact(reason.strip())
        self.hints = hints


class Enough(Unmet):
    """The items before have said what is wrong, and what comes after would only repeat it."""


#: What the check that runs now has looked at; None outside of a check.
_looked_at: ContextVar[list[Item] | None] = ContextVar("looked_at", default=None)
#: Group and hints of the `every` block that runs now; None outside of one.
_every: ContextVar[tuple[str, Hints | tuple[()]] | None] = ContextVar("every", default=None)


@contextlib.contextmanager
def looking() -> Iterator[list[Item]]:
    """Collect the items of one run of a check."""
    items: list[Item] = []
    token, within = _looked_at.set(items), _every.set(None)
    try:
        yield items
    finally:
        _looked_at.reset(token)
        _every.reset(within)


@contextlib.contextmanager
def item(group: str, name: str = "") -> Iterator[None]:
    """Look at one thing of several: the first that is wrong with it is noted, and the check goes on after the block.

    Outside of a check, as in a test of a part of it, `Unmet` is raised as ever.
    """
    items, token = _looked_at.get(), _every.set(None)
    try:
        yield
    except Enough:
        raise
    except Unmet as unmet:
        if items is None:
            raise
        items.append(Item(group, name, False, unmet.reason, unmet.hints or ()))
    else:
        if items is not None:
            items.append(Item(group, name, True))
    finally:
        _every.reset(token)


@contextlib.contextmanager
def every(group: str, hints: Hints | tuple[()] = ()) -> Iterator[None]:
    """Look at several things that do not build on each other: each `require` in the block notes one, and goes on.

    A program's fault after something was found wrong follows from that, and ends the block only. Outside of a check,
    `Unmet` is raised as ever. *hints* fit every reason of the block that brings none of its own.
    """
    items = _looked_at.get()
    if items is None:
        yield
        return
    before, token = len(items), _every.set((group, hints))
    try:
        yield
    except Enough:
        raise
    except Unmet as unmet:
        items.append(Item(group, "", False, unmet.reason, unmet.hints or hints))
    except (LookupError, TypeError, AttributeError, ValueError):
        if all(one.passed for one in items[before:]):
            raise
    finally:
        _every.reset(token)


def collecting() -> list[Item] | None:
    """Return the list of the check that runs now, for code that runs parts of it in threads of its own."""
    return _looked_at.get()


def settled() -> None:
    """End the check here if something is wrong already: what follows builds on it."""
    if any(not one.passed for one in _looked_at.get() or ()):
        raise Enough("more is looked at once this is right")


def require(condition: object, reason: str, hints: Hints | None = None) -> None:
    """Raise `Unmet` with *reason* unless *condition* holds; in a block of `every`, note it and go on."""
    items, around = _looked_at.get(), _every.get()
    if items is None or around is None:
        if not condition:
            raise Unmet(reason, hints)
        return
    group, usual = around
    given = () if condition else hints or usual
    items.append(Item(group, "", bool(condition), "" if condition else Unmet(reason).reason, given))
