"""Changes on record twice: what is meant before it begins, and how it ended.

An intent is an event whose decision is ``unknown``. Whoever records only the end may also leave it out; an intent that
has no end says that somebody has to look.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from helpers.compliance.audit.errors import EndNotRecorded
from helpers.compliance.audit.trail import Trail
from helpers.compliance.audit.types import Action, Decision, Entry, Subject
from helpers.core.errors import CourseError


class Operation(StrEnum):
    """What changes something real."""

    APPLY = "apply"
    DESTROY = "destroy"
    IMPORT = "import"
    MOVE_STATE = "move-state"
    ROTATE_SECRET = "rotate-secret"  # noqa: S105
    PROMOTE = "promote"
    ROLL_BACK = "roll-back"
    #: Of drift: the real objects go back to the code, or the state takes over the real values.
    HEAL = "heal"
    ADOPT = "adopt"


#: The action of the trail that each is recorded as; which operation it was is in the details.
ACTIONS: Mapping[Operation, Action] = MappingProxyType(
    dict.fromkeys(Operation, Action.APPLY) | dict.fromkeys((Operation.PROMOTE, Operation.ROLL_BACK), Action.PROMOTION)
)
#: What an apply or a promotion is when its details do not say.
_PLAIN = {Action.APPLY: Operation.APPLY, Action.PROMOTION: Operation.PROMOTE}
#: Who copies what another program's log says of the end alone: a merge is one step of the Git server, a write one of
#: the Kubernetes API.
_COPIED = frozenset({("forge", Action.PROMOTION), ("kubernetes", Action.APPLY)})


@dataclass(frozen=True)
class Unfinished:
    """A change that is on record once.

    Attributes:
        entry: its intent, or its end. why: what the other one lacks, in words.
    """

    entry: Entry
    why: str

    def __str__(self) -> str:
        return f"entry {self.entry.index}: {_named(self.entry)} {self.why}"


@contextmanager
def changing(
    trail: Trail,
    operation: Operation | str,
    *,
    actor: str,
    subject: Subject,
    reason: str = "",
    parameters: Mapping[str, Any] | None = None,
) -> Iterator[Entry]:
    """Record an intent, run the body, record how it ended.

    The body does not run when the intent cannot be recorded. When it raises, the end is ``failed``, and the error goes
    on, whether the end could be recorded or not. When it is killed there is no end, which `unfinished` says.

    Args:
        trail: of the collector that does it. operation: one of `Operation`.
        actor: the account that does it. subject: what it is about: the plan, the package. reason: why.
        parameters: what it was told, JSON; intent and end say the same.

    Yields:
        The intent, as it is in the trail.

    Raises:
        ValueError: there is no such operation. AuditDown, BadEvent: nothing was recorded, and nothing was done.
        EndNotRecorded: it was done; only its end could not be recorded.
    """
    kind = Operation(operation)
    action, said = ACTIONS[kind], {"operation": str(kind)} | ({"parameters": dict(parameters)} if parameters else {})
    intent = trail.record(
        action, actor=actor, subject=subject, decision=Decision.UNKNOWN, reason=reason or "begun", details=said
    )
    ended = said | {"intent": intent.index}
    try:
        yield intent
    except BaseException as error:
        why = type(error).__name__
        try:
            trail.record(action, actor=actor, subject=subject, decision=Decision.FAILED, reason=why, details=ended)
        except CourseError as lost:
            error.add_note(f"Entry {intent.index} of the audit trail has no end: {lost.what}.")
        raise
    try:
        trail.record(action, actor=actor, subject=subject, decision=Decision.ACCEPTED, reason=reason, details=ended)
    except CourseError as lost:
        raise EndNotRecorded(
            f"The {kind} is done, but its end is not on record",
            why=f"{lost.what}. Entry {intent.index} says that it began.",
            next="Do not repeat it. Look at what it changed, and record its end.",
        ) from lost


def once_on_record(entries: Iterable[Entry]) -> list[Unfinished]:
    """Return each change that began and has no end in the trail, and each that ended without an intent before it.

    An intent counts for one end: about the same artifact, of the same operation with the same parameters, by the same
    account, signed by the same key. An end that names its intent has that one or none.

    Args:
        entries: of a trail, or those about one artifact; oldest first.
    """
    begun: list[Entry] = []
    found = []
    for entry in entries:
        if entry.event.decision == Decision.REFUSED or not _changes(entry):
            continue
        if entry.event.decision == Decision.UNKNOWN:
            begun.append(entry)
        elif (intent := _intent_of(entry, begun)) is not None:
            begun.remove(intent)
        else:
            found.append(Unfinished(entry, "without an intent before it"))
    return found + [Unfinished(one, "that never ended") for one in begun]


def unfinished(entries: Iterable[Entry]) -> list[str]:
    """Return the same in words, as a gate asks for it."""
    return [str(one) for one in once_on_record(entries)]


def _changes(entry: Entry) -> bool:
    copied = entry.event.source is not None and (entry.signer.split("+")[0], entry.event.action) in _COPIED
    return entry.event.action in _PLAIN and not copied


def _intent_of(entry: Entry, begun: Iterable[Entry]) -> Entry | None:
    named = (entry.event.details or {}).get("intent")
    fits = (one for one in begun if _key(one) == _key(entry))
    # True is 1 to Python, and no entry.
    return next((one for one in fits if named is None or (type(named) is int and named == one.index)), None)


def _key(entry: Entry) -> tuple[object, ...]:
    told = json.dumps((entry.event.details or {}).get("parameters"), sort_keys=True)
    return entry.event.action, _operation(entry), told, _digest(entry), entry.event.actor, entry.signer


def _operation(entry: Entry) -> str:
    return str((entry.event.details or {}).get("operation", _PLAIN[Action(entry.event.action)]))


def _digest(entry: Entry) -> str:
    subject = entry.event.subject
    return subject.digest if isinstance(subject, Subject) else str(subject.get("digest", ""))


def _named(entry: Entry) -> str:
    word = _operation(entry)
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word} by {entry.event.actor}"
