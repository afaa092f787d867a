"""The audit trail over time, with what is proved of each event: verified, tampered with, gone, or could not tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.compliance.audit import Entry
from helpers.core.errors import BadInput
from helpers.core.html.elements import Html, code, cut, details, dim, head, mark, page, rows_html, tag
from helpers.core.html.style import STATES, Mark
from helpers.widgets.renderers.gitops import count
from helpers.widgets.renderers.timeline_draw import lanes_svg
from helpers.widgets.renderers.timeline_event import TimelineEvent, in_order, utc

if TYPE_CHECKING:
    from helpers.compliance.audit import AuditFinding, Verification

#: More events than this are not drawn; the newest stay, and those something is wrong with.
MAX_EVENTS = 40
#: How many rows the list has.
MAX_ROWS = 500
_VERDICTS = {
    "valid": STATES["verified"],
    "invalid": Mark("✗", "tampered with", "bad"),
    "unknown": STATES["unknown"],
    "not-checked": STATES["not-checked"],
}


@dataclass(frozen=True)
class Proved:
    """An event and what is proved of it.

    Attributes:
        index: its place.
        entry: the event; ``None`` when there is none that can be read.
        status: ``verified``, ``withheld`` (its retention is over, its hash is proved), ``not-checked``, ``unknown``,
            or the kind of a finding: ``flipped``, ``deleted``, ``truncated``, ``inserted``, ``replayed``, ...
        message: what was found.
    """

    index: int
    entry: Entry | None
    status: str
    message: str = ""

    @property
    def fine(self) -> bool:
        """Is nothing wrong with it and nothing open?"""
        return self.status in ("verified", "withheld")


def audit_timeline_html(
    entries: Any, verification: Verification | None = None, *, start: int = 0, clock: bool = False, hashes: bool = False
) -> str:
    """Return the timeline of an audit trail with the proof status of each event.

    Args:
        entries: of `helpers.audit.Trail.entries`, or the directory of an export.
        verification: a verifier's answer about them; without it, nothing counts as checked.
        start: leave out the events before this one.
        clock: say the time of day; by default times are counted from the first event, so that the same story looks
            the same.
        hashes: show the hashes, too.

    Raises:
        BadInput: the directory is not an export.
    """
    return page(
        *audit_parts(proved(entries, verification, start), verification, clock=clock, hashes=hashes),
        label="Audit timeline",
    )


def proved(entries: Any, verification: Verification | None = None, start: int = 0) -> tuple[Proved, ...]:
    """Return each event with its proof status, and a place for each that should be there and is not.

    An event counts as verified only when a signed checkpoint covers it and nothing speaks against the whole.
    """
    found = _export(entries) if isinstance(entries, str | Path) else [(e.index, e, False) for e in entries]
    wrong: dict[int, AuditFinding] = {}
    for one in verification.findings if verification is not None else ():
        if one.index is not None:
            wrong.setdefault(one.index, one)
    made = []
    for index, entry, held in found:
        if (finding := wrong.get(index)) is not None:
            made.append(Proved(index, entry, finding.kind, finding.message))
            continue
        status = _status(index, verification)
        made.append(Proved(index, entry, "withheld" if held and status == "verified" else status))
    there = {one.index for one in made}
    made += [Proved(i, None, f.kind, f.message) for i, f in wrong.items() if i not in there]
    return tuple(sorted((one for one in made if one.index >= start), key=lambda one: one.index))


def _status(index: int, verification: Verification | None) -> str:
    if verification is None:
        return "not-checked"
    about_all = any(f.index is None for f in verification.findings)
    if verification.status == "unknown" or about_all or not {"checkpoint", "entries"} <= set(verification.checked):
        return "unknown"
    cut_off = [f.index for f in verification.findings if f.kind == "truncated" and f.index is not None]
    if cut_off and index >= min(cut_off):
        return "truncated"
    # What was recorded after the verifier looked, it says nothing about.
    return "verified" if index < verification.size else "not-checked"


def _export(folder: str | Path) -> list[tuple[int, Entry | None, bool]]:
    """Return index, event and whether it is withheld, of each line; a line may be anything."""
    try:
        lines = (Path(folder) / "entries.jsonl").read_bytes().splitlines()
    except OSError as error:
        raise BadInput(
            f"{folder} is not an export of an audit trail", why=str(error), next="Trail().export(DIRECTORY)"
        ) from None
    found: list[tuple[int, Entry | None, bool]] = []
    for number, line in enumerate(lines):
        if Entry.withheld(line):
            found.append((number, None, True))
            continue
        try:
            entry = Entry.of(number, line)
            # Where something was taken out, the place that its collector signed still tells which it is.
            found.append((int(entry.statement["predicate"]["index"]), entry, False))
        except (ValueError, KeyError, TypeError, LookupError):
            found.append((number, None, False))
    return found


def audit_parts(
    found: tuple[Proved, ...],
    verification: Verification | None,
    *,
    clock: bool = False,
    hashes: bool = False,
    empty: str = "Nothing was recorded.",
) -> tuple[Html | str, ...]:
    """Return title, findings, drawing and list; *empty* is the text where there is nothing to draw."""
    title = head("Audit timeline", *facts(found, verification), clock and found and _since(found))
    if not found:
        return title, _findings(verification), tag("p", dim(empty))
    drawn = _drawn(found)
    note = (
        ""
        if len(drawn) == len(found)
        else tag("p", dim(f"{count(len(found) - len(drawn), 'event')} before them are in the list only."))
    )
    drawing = tag("div", lanes_svg(drawn), style="overflow-x:auto") if drawn else ""
    listing = details("The events as a list", _listing(found, clock, hashes), open=not all(p.fine for p in found))
    return title, _findings(verification), drawing, note, listing


def facts(found: Iterable[Proved], verification: Verification | None) -> list[object]:
    """Return the counts and the verdict that stand beside the title."""
    items = list(found)
    counts = Counter(p.status for p in items)
    order = sorted(counts, key=lambda s: (s == "verified", s))
    verdict = mark(_VERDICTS[verification.status if verification is not None else "not-checked"])
    return [count(len(items), "event"), verdict, *(mark(_mark(s), counts[s]) for s in order)]


def _since(found: tuple[Proved, ...]) -> Html | str:
    first = next((p.entry.at for p in found if p.entry is not None), None)
    return dim(f"from {utc(first)}") if first else ""


def _mark(status: str) -> Mark:
    return STATES.get(status) or Mark("✗", status, "bad")


def _findings(verification: Verification | None) -> Html | str:
    """Return what the verifier says that is about no single event."""
    general = [f for f in (verification.findings if verification is not None else ()) if f.index is None]
    if not general:
        return ""
    items = [
        tag("li", mark(_mark(f.kind)), " ", code(f.file) if f.file else "", " ", cut(f.message, 600)) for f in general
    ]
    return tag("ul", *items, class_="m-bare")


def _drawn(found: tuple[Proved, ...]) -> tuple[TimelineEvent, ...]:
    # What is wrong must be seen, however old it is.
    late = found[-MAX_EVENTS:]
    shown = [*(p for p in found[:-MAX_EVENTS] if not p.fine and p.status != "not-checked"), *late]
    last: datetime | None = next((p.entry.at for p in shown if p.entry is not None), None)
    made = []
    for one in shown:
        last = one.entry.at if one.entry is not None else last
        event = one.entry.event if one.entry is not None else None
        message = f"{one.index} {event.actor}: {event.decision}" if event is not None else f"{one.index}"
        lane = str(event.action) if event is not None else "no content"
        if one.message:
            # A lane of its own: in a crowded one it might find no room.
            lane, message = "findings", f"{lane} {message}"
        made.append(TimelineEvent(last or datetime.fromtimestamp(0, UTC), lane, one.status, message))
    return in_order(made)


def _listing(found: tuple[Proved, ...], clock: bool, hashes: bool) -> Html:
    first = next((p.entry.at for p in found if p.entry is not None), None)
    names = ["#No.", "When (UTC)" if clock else "#After", "Who", "What", "Subject", "Decision", "Proof", "Why"]
    rows = [_row(one, first, clock, hashes) for one in found[-MAX_ROWS:]]
    return rows_html([*names, "Hash", "Hash before"] if hashes else names, rows)


def _row(one: Proved, first: datetime | None, clock: bool, hashes: bool) -> list[object]:
    proof, entry = mark(_mark(one.status)), one.entry
    number = _whole(one.index)
    if entry is None:
        message = one.message or ("past its retention: only its hash is left" if one.status == "withheld" else "")
        return [number, "", "", "", "", "", proof, message, *(["", ""] if hashes else [])]
    event = entry.event
    name = event.subject["name"] if isinstance(event.subject, Mapping) else event.subject.name
    at = utc(entry.at) if clock else _after((entry.at - first).total_seconds() if first else 0.0)
    action = mark("break-glass") if event.action == "break-glass" else tag("strong", event.action)
    return [
        number,
        _whole(at),
        cut(event.actor, 80),
        action,
        cut(name, 80),
        mark(str(event.decision)),
        proof,
        cut(one.message or event.reason, 300),
        *([code(entry.leaf_hash[:8]), code(entry.previous[:8])] if hashes else []),
    ]


def _whole(value: object) -> Html:
    """Return a short value that is not broken into lines."""
    return tag("span", value, style="display:inline-block;min-width:2.2em;white-space:nowrap")


def _after(seconds: float) -> str:
    sign, left = "-" if seconds < 0 else "+", round(abs(seconds))
    days, rest = divmod(left, 86400)
    return f"{sign}{f'{days} d ' if days else ''}{rest // 3600}:{rest // 60 % 60:02d}:{rest % 60:02d}"
