"""The audit trail over time, with what is proved of each event: verified, tampered with, gone, or could not tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.errors import BadInput, CourseError
from helpers.widgets._base import button, choose, controls, frame
from helpers.widgets._gitops import count
from helpers.widgets._html import Html, code, cut, details, dim, head, mark, page, rows_html, tag
from helpers.widgets._live import Live
from helpers.widgets._moments import Moment, moments, utc
from helpers.widgets._style import STATES, Mark
from helpers.widgets.timeline import lanes_svg

if TYPE_CHECKING:
    from helpers.audit import Entry, Finding, Verification

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
        entries: of `helpers.audit.Trail.entries`, or the folder of an export.
        verification: a verifier's answer about them; without it, nothing counts as checked.
        start: leave out the events before this one.
        clock: say the time of day; by default times are counted from the first event, so that the same story looks
            the same.
        hashes: show the hashes, too.

    Raises:
        BadInput: the folder is no export.
    """
    return page(*audit_parts(proved(entries, verification, start), verification, clock=clock, hashes=hashes),
                label="Audit timeline")  # fmt: skip


def proved(entries: Any, verification: Verification | None = None, start: int = 0) -> tuple[Proved, ...]:
    """Return each event with its proof status, and a place for each that should be there and is not.

    An event counts as verified only when a signed checkpoint covers it and nothing speaks against the whole.
    """
    found = _export(entries) if isinstance(entries, str | Path) else [(e.index, e, False) for e in entries]
    wrong: dict[int, Finding] = {}
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
    from helpers.audit import Entry

    try:
        lines = (Path(folder) / "entries.jsonl").read_bytes().splitlines()
    except OSError as error:
        raise BadInput(
            f"{folder} is no export of an audit trail", why=str(error), next="Trail().export(FOLDER)"
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
    found: tuple[Proved, ...], verification: Verification | None, *, clock: bool = False, hashes: bool = False,
    empty: str = "Nothing was recorded.",
) -> tuple[Html | str, ...]:  # fmt: skip
    """Return title, findings, drawing and list; *empty* is said where there is nothing to draw."""
    title = head("Audit timeline", *_facts(found, verification), clock and found and _since(found))
    if not found:
        return title, _findings(verification), tag("p", dim(empty))
    drawn = _drawn(found)
    note = "" if len(drawn) == len(found) else tag(
        "p", dim(f"{count(len(found) - len(drawn), 'event')} before them are in the list only."))  # fmt: skip
    drawing = tag("div", lanes_svg(drawn), style="overflow-x:auto") if drawn else ""
    listing = details("The events as a list", _listing(found, clock, hashes), open=not all(p.fine for p in found))
    return title, _findings(verification), drawing, note, listing


def _facts(found: Iterable[Proved], verification: Verification | None) -> list[object]:
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
    said = [f for f in (verification.findings if verification is not None else ()) if f.index is None]
    if not said:
        return ""
    items = [
        tag("li", mark(_mark(f.kind)), " ", code(f.file) if f.file else "", " ", cut(f.message, 600)) for f in said
    ]
    return tag("ul", *items, class_="m-bare")


def _drawn(found: tuple[Proved, ...]) -> tuple[Moment, ...]:
    # What is wrong must be seen, however old it is.
    late = found[-MAX_EVENTS:]
    shown = [*(p for p in found[:-MAX_EVENTS] if not p.fine and p.status != "not-checked"), *late]
    last: datetime | None = next((p.entry.at for p in shown if p.entry is not None), None)
    made = []
    for one in shown:
        last = one.entry.at if one.entry is not None else last
        event = one.entry.event if one.entry is not None else None
        said = f"{one.index} {event.actor}: {event.decision}" if event is not None else f"{one.index}"
        lane = str(event.action) if event is not None else "no content"
        if one.message:
            # A lane of its own: in a crowded one it might find no room.
            lane, said = "findings", f"{lane} {said}"
        made.append(Moment(last or datetime.fromtimestamp(0, UTC), lane, one.status, said))
    return moments(made)


def _listing(found: tuple[Proved, ...], clock: bool, hashes: bool) -> Html:
    first = next((p.entry.at for p in found if p.entry is not None), None)
    names = ["#No.", "When (UTC)" if clock else "#After", "Who", "What", "Subject", "Decision", "Proof", "Why"]
    rows = [_row(one, first, clock, hashes) for one in found[-MAX_ROWS:]]
    return rows_html([*names, "Hash", "Hash before"] if hashes else names, rows)


def _row(one: Proved, first: datetime | None, clock: bool, hashes: bool) -> list[object]:
    proof, entry = mark(_mark(one.status)), one.entry
    number = _whole(one.index)
    if entry is None:
        said = one.message or ("past its retention: only its hash is left" if one.status == "withheld" else "")
        return [number, "", "", "", "", "", proof, said, *(["", ""] if hashes else [])]
    event = entry.event
    name = event.subject["name"] if isinstance(event.subject, Mapping) else event.subject.name
    at = utc(entry.at) if clock else _after((entry.at - first).total_seconds() if first else 0.0)
    action = mark("break-glass") if event.action == "break-glass" else tag("strong", event.action)
    return [number, _whole(at), cut(event.actor, 80), action, cut(name, 80), mark(str(event.decision)), proof,
            cut(one.message or event.reason, 300),
            *([code(entry.leaf_hash[:8]), code(entry.previous[:8])] if hashes else [])]  # fmt: skip


def _whole(value: object) -> Html:
    """Return a short value that is not broken into lines."""
    return tag("span", value, style="display:inline-block;min-width:2.2em;white-space:nowrap")


def _after(seconds: float) -> str:
    sign, left = "-" if seconds < 0 else "+", round(abs(seconds))
    days, rest = divmod(left, 86400)
    return f"{sign}{f'{days} d ' if days else ''}{rest // 3600}:{rest // 60 % 60:02d}:{rest % 60:02d}"


class AuditTimeline(Live[tuple[Proved, ...]]):
    """Follows a trail and draws it: ``AuditTimeline(trail.entries, verify=trail.verify)``.

    Args:
        source: entries, the folder of an export, or a callable that gives either, asked every *every* seconds.
        verification: an answer that is there already.
        verify: asked when the person wants to know; what was recorded since then is not checked.
        start, clock, hashes: see `audit_timeline_html`.
        every, limit, until: see `Live`.
    """

    def __init__(
        self, source: Any, verification: Verification | None = None, *,
        verify: Callable[[], Verification] | None = None, start: int = 0, clock: bool = False, hashes: bool = False,
        **options: Any,
    ) -> None:  # fmt: skip
        self.verification, self._verify = verification, verify
        self._entries: Any = ()
        self._start_at = start
        self._options: dict[str, Any] = {"clock": clock, "hashes": hashes}
        super().__init__(source, **options)

    def __repr__(self) -> str:
        bad = sum(not one.fine and one.status != "not-checked" for one in self.value)
        status = self.verification.status if self.verification is not None else "not checked"
        return f"AuditTimeline({count(len(self.value), 'event')}, {status}{f', {bad} not fine' if bad else ''})"

    @property
    def value(self) -> tuple[Proved, ...]:
        """Each event with its proof status."""
        return proved(self._entries, self.verification, self._start_at)

    def take(self, item: Any) -> None:
        """Take in the entries; they replace what was known."""
        self._entries = item

    def static(self) -> tuple[Html | str, ...]:
        """Return title, findings, drawing and list."""
        return audit_parts(self.value, self.verification, **self._options)

    def _build(self) -> Any:
        import ipywidgets

        self._title, self._view, self._note = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self._filter = choose("Show", [("all events", "all"), ("what is not verified", "open")], lambda _: self.draw())
        self._ask = button("Verify now", lambda _: self._verify_now(), hint="Ask the verifier about the whole trail")
        self._ask.layout.display = "" if self._verify else "none"
        stop = self.stop_button()
        row = controls(self._filter, self._ask, stop)
        built = self.begin(frame(self._title, row, self._note, self._view))
        if not self._following:
            stop.layout.display = "none"
        return built

    def draw(self) -> None:
        """Draw anew when something changed."""
        found = self.value
        shown = found if self._filter.value == "all" else tuple(one for one in found if not one.fine)
        empty = "Every event is verified." if found else "Nothing was recorded."
        _, *rest = audit_parts(shown, self.verification, **self._options, empty=empty)
        title = tag("div", head("Audit timeline", *_facts(found, self.verification)), role="status")
        for view, source in ((self._title, page(title)), (self._view, page(*rest, self.said()))):
            if view.value != source:
                view.value = source

    def _verify_now(self) -> None:
        ask = self._verify
        if ask is None or self._ask.disabled:
            return
        self._ask.disabled = True
        self._note.value = page(tag("p", mark("working", "verifying…"), role="status"))

        def run() -> None:
            try:
                answer = ask()
                if callable(self._source):
                    self.take(self._source())
            except CourseError:
                # An old answer beside a verifier that failed would look like a new one.
                self.verification = None
                raise
            else:
                self.verification, self._note.value = answer, ""
            finally:
                self._ask.disabled = False
                with self._lock:
                    self.draw()

        self.background(run, lambda said: setattr(self._note, "value", said))
