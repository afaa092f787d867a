"""The audit trail as those use it who record in it and read it."""

from __future__ import annotations

import base64
import contextlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from helpers.compliance.audit.api import Api, LeaseExpired, NoAnswer, down
from helpers.compliance.audit.consistency import grew, signed_by
from helpers.compliance.audit.errors import (
    AuditDown,
    AuditError,
    BadEvent,
    LogRefused,
    LogRewritten,
    NotAcknowledged,
)
from helpers.compliance.audit.log_directory import ORIGIN, AuditLogDirectory, Collector
from helpers.compliance.audit.retention import Retention, held_entries, named_entries, ranges
from helpers.compliance.audit.roles import LEGAL, RECORDS
from helpers.compliance.audit.statement import CheckedEvent, check_event
from helpers.compliance.audit.types import (
    Action,
    Checkpoint,
    Decision,
    Entries,
    Entry,
    Event,
    Proof,
    Subject,
    Verification,
    counted,
    leaf_hash,
)
from helpers.compliance.audit.verify import entries_of, verify_export
from helpers.compliance.audit.witnesses import last_cosigned
from helpers.core import process
from helpers.core.errors import BadInput
from helpers.core.files import write_private
from helpers.core.paths import state_dir
from helpers.runtime import tools

#: Events in one request, and entries in one answer.
BATCH, PAGE = 200, 2000
#: How often an append is tried, after a lost turn or a log that was restarted.
TRIES = 8


class _Restarted(Exception):
    """The log was restarted before it answered."""


class Trail:
    """The audit trail, service ``audit``, used by one collector.

    Args:
        name: of the collector, one that the root has enrolled (see `helpers.compliance.audit.roles.HOUSE`).
        retention: how long events are kept.
        patience: seconds to wait for a service that is being restarted, before giving up.

    Raises (every method that asks the service):
        AuditDown: it does not run; nothing starts it behind your back. LogRefused: it said no.
    """

    def __init__(self, name: str = "platform", *, retention: Retention | None = None, patience: float = 5.0) -> None:
        self.name, self.retention = name, retention or Retention()
        self.directory = AuditLogDirectory.of_service()
        self._api = Api(self.directory, patience)
        self._key: Collector | None = None

    def __repr__(self) -> str:
        return f"Trail({self.name!r})"

    @property
    def collector(self) -> Collector:
        """Who signs what this trail records."""
        if self._key is None:
            if not self.directory.key.exists():
                raise down("It never ran.")
            self._key = self.directory.collector(self.name)
        return self._key

    def record(
        self,
        action: Action | str,
        *,
        actor: str,
        subject: Subject | Mapping[str, str],
        decision: Decision | str,
        reason: str = "",
        details: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> Entry:
        """Record one event; return once it is on disk and in a signed checkpoint.

        Args:
            action: what happened, one of `Action`.
            actor: the account that did it, no mail address.
            subject: what it is about, by digest.
            decision: how it ended, one of `Decision`.
            reason: why, for a person. details: more, JSON. Secrets and personal data in both are masked.
            at: when, with a time zone; by default now.

        Raises:
            BadEvent: the event cannot be recorded as it is. NotAcknowledged: the log stopped and did not come back.
        """
        return self.record_all([Event(action, actor, subject, decision, reason, details or {}, at)])[0]

    def record_all(self, events: Iterable[Event]) -> Entries:
        """Record events in this order, as `record` does; much faster for many.

        Raises:
            BadEvent: of one of them; none is recorded then.
        """
        now = datetime.now(UTC)
        made = [check_event(event, self.retention, now) for event in events]
        if any(one.predicate["action"] == Action.RETENTION for one in made):
            raise BadEvent("Retention is not recorded by hand", why="It deletes content.", next="Trail().expire()")
        if any(one.predicate["action"] == Action.LEGAL_HOLD for one in made):
            raise BadEvent(
                "A legal hold is not recorded by hand", why="It keeps content.", next="Trail().hold([0], '..')"
            )
        return self._append(made)

    def _append(self, events: Sequence[CheckedEvent]) -> Entries:
        batches = (events[first : first + BATCH] for first in range(0, len(events), BATCH))
        return Entries(entry for batch in batches for entry in self._append_batch(batch))

    def _append_batch(self, events: Sequence[CheckedEvent]) -> list[Entry]:
        collector, why = self.collector, ""
        for _ in range(TRIES):
            lease = self._api.json("POST", "/turn")
            index, previous = int(lease["index"]), str(lease["previous"])
            lines: list[bytes] = []
            for event in events:
                lines.append(event.signed(index + len(lines), previous, collector))
                previous = leaf_hash(lines[-1])
            try:
                self._remember(Checkpoint.parse(self._post(lease["turn"], lines)))
            except LeaseExpired as error:
                why = error.why
            except _Restarted as error:
                why = str(error)
                # A killed log may have kept a part of them: as many as are there count.
                if kept := self._kept(index, lines):
                    found = [Entry.of(index + i, line) for i, line in enumerate(lines[:kept])]
                    return found + self._append_batch(events[kept:])
            else:
                return [Entry.of(index + i, line) for i, line in enumerate(lines)]
        raise NotAcknowledged("The audit log did not record the event", why=why, next="course services restart audit")

    def _post(self, lease: str, lines: Sequence[bytes]) -> str:
        """Hand in entries; when the answer is lost, ask again: what is there already is acknowledged.

        Raises:
            LeaseExpired: the lease expired first; nothing was recorded. _Restarted: a part may be there.
        """
        path, body = f"/entries?turn={lease}", b"\n".join(lines) + b"\n"
        try:
            return self._api.call("POST", path, body).decode()
        except (NoAnswer, AuditDown) as lost:
            try:
                return self._api.call_with_retry("POST", path, body).decode()
            except LeaseExpired:
                raise _Restarted(str(lost)) from None
            except AuditDown:
                raise NotAcknowledged(
                    f"It is not known whether {len(lines)} events are recorded",
                    why=f"The log stopped before it answered: {lost}",
                    next="course services start audit   # then look at Trail().entries() before recording them again",
                ) from None

    def _kept(self, index: int, lines: Sequence[bytes]) -> int:
        """Return how many of the entries are in the log."""
        size = self.checkpoint().size
        there = self._lines(index, min(size, index + len(lines))) if size > index else []
        same = [mine == kept for mine, kept in zip(lines, there, strict=False)]
        return same.index(False) if False in same else len(same)

    def _remember(self, new: Checkpoint) -> None:
        """Keep the newest checkpoint outside the log. What is kept moves only by a proof that the log went on from it.

        Raises:
            LogRewritten: there is no such proof.
        """
        if not signed_by(new, self.directory.public_key):
            raise LogRewritten.of("wrong-key", "Its newest checkpoint is not signed by the log's key.")
        self._seen_file.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        with FileLock(f"{self._seen_file}.lock", mode=0o600):
            known = self.seen
            if known is not None and known.size > new.size:
                # Answers of two threads may come in the other order: the smaller must be a part of the kept.
                known, new = new, known
                kind = "rolled-back"
            else:
                kind = "forked"
            if known is not None and not grew(known, new, self._nodes(known.size, new.size, kind)):
                words = f"The first {counted(known.size, 'entry')} are not those that this collector saw."
                raise LogRewritten.of(kind, words)
            write_private(self._seen_file, new.signed.encode())

    def _nodes(self, old: int, new: int, kind: str) -> list[bytes]:
        """Return the hashes of a consistency proof between two sizes of the log."""
        if old in (0, new):
            return []
        try:
            said = self._api.json("GET", f"/proof/consistency?of={old}&to={new}")
        except LogRefused as error:
            raise LogRewritten.of(kind, error.why) from None
        return [base64.b64decode(one) for one in said["hashes"]]

    @property
    def _seen_file(self) -> Path:
        return state_dir() / "audit" / f"seen-{self.name}"

    @property
    def seen(self) -> Checkpoint | None:
        """The newest checkpoint that this collector was given, kept outside the log."""
        try:
            return Checkpoint.parse(self._seen_file.read_text())
        except (OSError, ValueError):
            return None

    def entries(self, start: int = 0, end: int | None = None) -> Entries:
        """Return entries ``start`` up to, not including, ``end`` (by default: all).

        Those whose content is gone from the disk, their retention being over, are left out: there can be fewer than
        asked for, and `Entry.index` alone says which are there. One whose retention is over is returned until then
        (see `expire`), though exports hold its hash only.

        Raises:
            BadInput: there are no such entries.
        """
        size = self.checkpoint().size
        stop = size if end is None else end
        if not 0 <= start <= stop <= size:
            raise BadInput(
                f"There are no entries {start} to {stop}", why=f"The log has {size}.", next="Trail().checkpoint()"
            )
        lines = enumerate(self._lines(start, stop), start)
        return Entries(Entry.of(index, line) for index, line in lines if not Entry.withheld(line))

    def _lines(self, start: int, end: int) -> list[bytes]:
        return [line for page in self._pages(start, end) for line in page.removesuffix(b"\n").split(b"\n")]

    def _pages(self, start: int, end: int) -> Iterator[bytes]:
        for first in range(start, end, PAGE):
            yield self._api.call_with_retry("GET", f"/entries?start={first}&end={min(end, first + PAGE)}")

    def checkpoint(self) -> Checkpoint:
        """Return the newest signed checkpoint."""
        return Checkpoint.parse(self._api.call_with_retry("GET", "/checkpoint").decode())

    def inclusion(self, index: int) -> Proof:
        """Return a proof that the log holds entry *index*.

        Raises:
            LogRefused: there is no such entry.
        """
        text = self._api.call_with_retry("GET", f"/proof/inclusion?of={index}").decode()
        proof, checkpoint = text.split("\n\n", 1)
        return Proof("inclusion", index, Checkpoint.parse(checkpoint).size, len(proof.splitlines()) - 2, text)

    def consistency(self, old: Checkpoint | int) -> Proof:
        """Return a proof that the log of *old* (a checkpoint, or its size) is the beginning of today's.

        Raises:
            LogRefused: the log is smaller than that.
        """
        size = old if isinstance(old, int) else old.size
        text = self._api.call_with_retry("GET", f"/proof/consistency?of={size}").decode()
        said = json.loads(text)
        return Proof("consistency", size, said["to"], len(said["hashes"]), text)

    def export(self, folder: Path | str) -> Path:
        """Write the trail to a new directory that anybody can verify offline; the service need not run.

        Raises:
            BadInput: the directory holds something. AuditError: the log cannot be read.
        """
        out = Path(folder)
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise BadInput(
                f"{out} is not empty", why="An export is a directory of its own.", next="Name a new directory."
            )
        self._run("export", out)
        return out

    def verify(self) -> Verification:
        """Verify the whole trail against its keys, and what this collector and the witnesses saw of it before."""
        return self.verified()[0]

    def verified(self) -> tuple[Verification, Entries]:
        """Verify the trail as `verify` does, and return the entries of just what was verified; none unless it is valid.

        `entries` asks the log's API, which may answer something else.
        """
        with tempfile.TemporaryDirectory() as folder:
            out = self.export(Path(folder) / ORIGIN.rsplit("/", 1)[1])
            kept = [self._seen_file] if self._seen_file.exists() else []
            kept += self._seen_by_witnesses(Path(folder))
            found = verify_export(out, key=self.directory.public_key, root=self.directory.root, witnessed=kept)
            return found, entries_of(out) if found else Entries()

    def _seen_by_witnesses(self, directory: Path) -> list[Path]:
        """Write what the witnesses of this machine cosigned last; one that does not answer is left out."""
        found = []
        for one in self.directory.witnesses():
            with contextlib.suppress(OSError, StopIteration):  # it never ran
                said = last_cosigned(*self.directory.address(one.name), ORIGIN)
                if said is not None:
                    found.append(directory / one.name)
                    found[-1].write_bytes(said)
        return found

    def retention_over(self, event: Event) -> bool:
        """Return whether the retention of an event is over, by its own time."""
        return event.at is not None and self.retention.until(event.action, event.at) <= datetime.now(UTC)

    def expire(self, now: datetime | None = None) -> Entry | None:
        """Let the content of events go whose retention is over.

        Which they are is recorded, as a ``retention`` event; from then on exports leave the content out, and it is
        taken off the disk (in parts of 256 events: what is in the last, unfinished part goes with a later call).

        Args:
            now: judge by an earlier moment than the present.

        Returns:
            The ``retention`` event, or ``None`` when there was nothing new to let go.

        Raises:
            BadInput: *now* lies in the future, or has no time zone.
        """
        moment = now or datetime.now(UTC)
        if moment.tzinfo is None or moment > datetime.now(UTC):
            # Nothing brings content back: a wrong clock must not let go of what is still to be kept.
            raise BadInput(
                f"Retention cannot be judged by {moment}",
                why="It is not a time in the past with a time zone.",
                next="Trail().expire()",
            )
        found = self.entries()
        recorded = {
            index
            for entry in found
            if entry.event.action == Action.RETENTION
            for index in named_entries(entry, "expired")
        }
        # What says which content may be gone, or must not, must itself stay.
        stays = {Action.RETENTION, Action.LEGAL_HOLD}
        held = held_entries(found)
        due = [e.index for e in found if e.event.action not in stays and e.keep_until <= moment and e.index not in held]
        if new := [index for index in due if index not in recorded]:
            policy = json.dumps(dict(self.retention.days), sort_keys=True)
            reason, details = f"The retention of {counted(len(new), 'event')} is over.", {"expired": ranges(new)}
            subject = Subject.of("retention-policy", policy)
            event = Event(Action.RETENTION, RECORDS, subject, Decision.ACCEPTED, reason, details)
            made = self._as(RECORDS)._append([check_event(event, self.retention, datetime.now(UTC))])[0]
        if due:
            self._run("prune")
        return made if new else None

    def hold(self, indexes: Iterable[int], reason: str) -> Entry:
        """Keep the content of entries, whatever their retention, until they are released: a legal hold.

        Args:
            indexes: of the entries. reason: the matter they are kept for.

        Raises:
            BadInput: there are no such entries.
        """
        return self._legal("hold", indexes, reason)

    def release(self, indexes: Iterable[int], reason: str) -> Entry:
        """End the legal hold on entries: their retention is judged again.

        Raises:
            BadInput: there are no such entries.
        """
        return self._legal("release", indexes, reason)

    def _legal(self, what: str, indexes: Iterable[int], reason: str) -> Entry:
        wanted, size = sorted(set(indexes)), self.checkpoint().size
        if not wanted or not 0 <= wanted[0] <= wanted[-1] < size:
            raise BadInput(
                f"There is nothing to {what}", why=f"The log has entries 0 to {size - 1}.", next="Trail().entries()"
            )
        subject = Subject.of(f"legal-{what}", reason)
        event = Event(Action.LEGAL_HOLD, LEGAL, subject, Decision.ACCEPTED, reason, {what: ranges(wanted)})
        return self._as(LEGAL)._append([check_event(event, self.retention, datetime.now(UTC))])[0]

    def _as(self, name: str) -> Trail:
        """Return the trail as another functionary of this machine uses it."""
        return self if name == self.name else Trail(name, retention=self.retention, patience=self._api.patience)

    def _run(self, command: str, *operands: Path) -> None:
        argv: list[str | Path] = [
            tools.ensure("audit-log").path,
            command,
            "--dir",
            self.directory.log,
            "--collectors",
            self.directory.collectors,
            *operands,
        ]
        done = process.run(argv, timeout=600)
        if done.returncode != 0:
            raise AuditError(f"The audit log failed to {command}", why=done.stderr, next="course services logs audit")
