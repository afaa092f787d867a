"""What the audit trail is made of: events, entries, checkpoints, proofs, verdicts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from helpers.core import strict_json
from helpers.core.display import Displayed
from helpers.core.strict_json import COUNT, OBJECT, TEXT

#: What an in-toto statement of ours is about.
PREDICATE_TYPE = "https://acme.test/audit-event/v1"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
#: Longest entry in bytes; an entry bundle of the log gives its length 16 bits.
MAX_ENTRY = 65_535


class Action(StrEnum):
    """What is recorded; nothing else is."""

    PLAN = "plan"
    APPLY = "apply"
    POLICY_DECISION = "policy-decision"
    APPROVAL = "approval"
    PROMOTION = "promotion"
    DRIFT = "drift"
    SECRET_ACCESS = "secret-access"  # noqa: S105
    BREAK_GLASS = "break-glass"
    SIGN = "sign"
    VERIFY = "verify"
    #: Written by `Trail.expire` only.
    RETENTION = "retention"
    #: Written by `Trail.hold` and `Trail.release` only.
    LEGAL_HOLD = "legal-hold"


class Decision(StrEnum):
    """How it ended. ``unknown`` (could not tell) is never shown as any other."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"
    IN_SYNC = "in-sync"
    DRIFTED = "drifted"
    UNKNOWN = "unknown"


#: How an event writes digests and times: one spelling, or equal things would not be found equal.
_SHA256, _COMMIT = re.compile("[0-9a-f]{64}"), re.compile("[0-9a-f]{40}")
_TIME = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z")
#: What a statement looks like, as the verifier has it too (``toolchain/audit-log/event.go``).
EVENT_SHAPE: strict_json.Shape = {
    "_type": (STATEMENT_TYPE,),
    "subject": [{"name": TEXT, "digest": {"sha256?": _SHA256, "gitCommit?": _COMMIT}}],
    "predicateType": (PREDICATE_TYPE,),
    "predicate": {
        "action": tuple(str(one) for one in Action),
        "actor": TEXT,
        "decision": tuple(str(one) for one in Decision),
        "reason": TEXT,
        "details": OBJECT,
        "at": _TIME,
        "retention": {"days": COUNT, "until": _TIME, "sig?": TEXT},
        "source?": {"log": TEXT, "id": TEXT},
        "index": COUNT,
        "previous": {"sha256": _SHA256},
    },
}
_ENVELOPE: strict_json.Shape = {"payloadType": TEXT, "payload": TEXT, "signatures": [{"keyid": TEXT, "sig": TEXT}]}


def read_statement(payload: bytes) -> dict[str, Any]:
    """Return the statement of an event.

    Raises:
        BadJson: it has not one meaning only, or is not an event.
    """
    found = strict_json.load(payload, limit=MAX_ENTRY, shape=EVENT_SHAPE)
    if [len(one["digest"]) for one in found["subject"]] != [1]:
        raise strict_json.BadJson("type", "an event is about one subject with one digest")
    try:
        for text in (found["predicate"]["at"], found["predicate"]["retention"]["until"]):
            datetime.fromisoformat(text)
    except ValueError as error:
        raise strict_json.BadJson("type", str(error)) from None
    return found


@dataclass(frozen=True)
class Subject:
    """What an event is about.

    Attributes:
        name: of the artifact, commit or object.
        digest: SHA-256, 64 hex digits; of a Git commit its SHA-1, 40 hex digits.
    """

    name: str
    digest: str

    @property
    def algorithm(self) -> Literal["sha256", "gitCommit"]:
        """Name of the digest in an in-toto DigestSet."""
        return "gitCommit" if len(self.digest) == 40 else "sha256"

    @classmethod
    def of(cls, name: str, content: bytes | str | Path) -> Subject:
        """Return the subject with this content, or with that of a file."""
        raw = content.read_bytes() if isinstance(content, Path) else content
        return cls(name, hashlib.sha256(raw.encode() if isinstance(raw, str) else raw).hexdigest())


@dataclass(frozen=True)
class Event:
    """Something that happened, before it is recorded.

    Attributes:
        action: what. actor: which account did it. subject: to what. decision: how it ended. reason: why.
        details: more, JSON.
        at: when, UTC; by default the moment it is recorded.
        source: the log it was collected from and its identity there; empty when it was recorded first-hand.
    """

    action: Action | str
    actor: str
    subject: Subject | Mapping[str, str]
    decision: Decision | str
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    source: tuple[str, str] | None = None


@dataclass(frozen=True)
class Entry(Displayed):
    """An event in the log.

    Attributes:
        index: its place.
        event: what was recorded.
        statement: the in-toto statement that was signed.
        leaf_hash: its RFC 6962 leaf hash, hex.
        at: when it happened, UTC.
        signer: key id of the collector that signed it.
        raw: the entry as it is in the log, a DSSE envelope.
    """

    index: int
    event: Event
    statement: Mapping[str, Any]
    leaf_hash: str
    at: datetime
    signer: str
    raw: bytes = field(repr=False)

    @property
    def previous(self) -> str:
        """Leaf hash of the event before it, as its collector signed it."""
        return str(self.statement["predicate"]["previous"]["sha256"])

    @property
    def keep_until(self) -> datetime:
        """When its retention ends."""
        return datetime.fromisoformat(self.statement["predicate"]["retention"]["until"])

    @staticmethod
    def withheld(raw: bytes) -> bool:
        """Return whether an entry's content is gone, its retention being over; its hash is left."""
        return raw.startswith(b'{"withheld":')

    @classmethod
    def of(cls, index: int, raw: bytes) -> Entry:
        """Return the entry in an envelope; it verifies no signature.

        Raises:
            ValueError: it has not one meaning only (see `helpers.core.strict_json`), or is not an event.
        """
        envelope = strict_json.load(raw, limit=MAX_ENTRY, shape=_ENVELOPE)
        payload = base64.b64decode(envelope["payload"], validate=True)
        statement = read_statement(payload)
        said, subject = statement["predicate"], statement["subject"][0]
        at = datetime.fromisoformat(said["at"])
        source = (said["source"]["log"], said["source"]["id"]) if "source" in said else None
        event = Event(
            Action(said["action"]),
            said["actor"],
            Subject(subject["name"], next(iter(subject["digest"].values()))),
            Decision(said["decision"]),
            said["reason"],
            said["details"],
            at,
            source,
        )
        return cls(index, event, statement, leaf_hash(raw), at, envelope["signatures"][0]["keyid"], raw)

    def __repr__(self) -> str:
        one = self.event
        return f"Entry({self.index} {self.at:%Y-%m-%dT%H:%M:%SZ} {one.actor} {one.action}: {one.decision})"


class Entries(tuple[Entry, ...], Displayed):
    """Entries, oldest first; a tuple with a rich display."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Entries({len(self)})"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 entry``, ``2 entries``, ``0 events``."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def leaf_hash(raw: bytes) -> str:
    """Return the RFC 6962 leaf hash of an entry, hex."""
    return hashlib.sha256(b"\0" + raw).hexdigest()


@dataclass(frozen=True)
class Checkpoint(Displayed):
    """The log at one moment, signed by its key (c2sp.org/tlog-checkpoint).

    Attributes:
        origin: name of the log. size: how many entries. root: of their tree, hex. signed: the whole signed note.
    """

    origin: str
    size: int
    root: str
    signed: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Return what a signed note says; it does not verify the signature.

        Raises:
            ValueError: it is not a checkpoint, or not written the one way.
        """
        origin, size, root = text.split("\n")[:3]
        raw = base64.b64decode(root, validate=True)
        if str(int(size)) != size or base64.b64encode(raw).decode() != root:
            raise ValueError("a checkpoint writes its size without noughts before it, and its root in plain base64")
        return cls(origin, int(size), raw.hex(), text)

    def save(self, path: Path) -> Path:
        """Write the signed note: who keeps it can show later that the log was changed."""
        path.write_text(self.signed, encoding="utf-8")
        return path


@dataclass(frozen=True)
class Proof(Displayed):
    """A proof that anybody can verify with the log's public key.

    Attributes:
        kind: ``inclusion`` (the log holds this entry) or ``consistency`` (the log only grew).
        index: of the entry, or the size of the earlier log.
        size: of the log the proof leads to.
        hashes: how many hashes it takes; at most about the binary logarithm of the size.
        text: the proof as a verifier reads it (c2sp.org/tlog-proof, or JSON).
    """

    kind: Literal["inclusion", "consistency"]
    index: int
    size: int
    hashes: int
    text: str = field(repr=False)

    def save(self, path: Path) -> Path:
        """Write the proof to a file."""
        path.write_text(self.text, encoding="utf-8")
        return path


@dataclass(frozen=True)
class AuditFinding:
    """One thing that is wrong.

    Attributes:
        kind: ``flipped``, ``deleted``, ``truncated``, ``inserted``, ``replayed``, ``reordered``, ``forked``,
            ``edited-checkpoint``, ``wrong-key``, ``damaged-file``, ``missing-file``, ``unknown-file``, ``too-large``,
            ``not-included``; a rule that is broken: ``role``, ``name``, ``self-approval``, ``look-alike``,
            ``retention``, ``legal-hold``, ``future``, ``roles``, ``roles-rolled-back``, ``unwitnessed``;
            ``unknown``: could not tell.
        index: of the entry, ``None`` when it is about a file.
        message: what was found.
        file: which file.
    """

    kind: str
    index: int | None
    message: str
    file: str = ""


@dataclass(frozen=True)
class Verification(Displayed):
    """A verifier's answer; true only when it is ``valid``: what could not be told is as false as what is invalid.

    Attributes:
        status: ``valid``, ``invalid`` or ``unknown`` (could not tell).
        findings: what is wrong, by entry.
        origin, size, root: what the checkpoint says.
        checked: what was judged: ``checkpoint``, ``entries``, ``events``, ``collectors``, ``witnessed``, ...
        withheld: entries past their retention, proved by their hash alone.
    """

    status: Literal["valid", "invalid", "unknown"]
    findings: tuple[AuditFinding, ...]
    origin: str = ""
    size: int = 0
    root: str = ""
    checked: tuple[str, ...] = ()
    withheld: int = 0

    @property
    def exit_code(self) -> int:
        """Exit code of a command that ends with this answer: 0 valid, 1 invalid, 3 could not tell."""
        return {"valid": 0, "invalid": 1, "unknown": 3}[self.status]

    def __bool__(self) -> bool:
        return self.status == "valid"

    def __repr__(self) -> str:
        named = ", ".join(f"{f.kind} {f.file if f.index is None else f.index}" for f in self.findings[:5])
        return f"Verification({self.status}: {counted(self.size, 'entry')}{'; ' + named if named else ''})"
