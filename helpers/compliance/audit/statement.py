"""Turns an event into a signed entry: checked, masked, an in-toto statement in a DSSE envelope."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from helpers.compliance.audit import privacy
from helpers.compliance.audit.errors import BadEvent
from helpers.compliance.audit.log_directory import Collector
from helpers.compliance.audit.retention import Retention
from helpers.compliance.audit.types import (
    MAX_ENTRY,
    PAYLOAD_TYPE,
    PREDICATE_TYPE,
    STATEMENT_TYPE,
    Action,
    Decision,
    Event,
    Subject,
)
from helpers.core import strict_json

TERM_TYPE = "application/vnd.acme.retention-term+json"
#: Who did something: an account, in a form that leaves no room for a name that only looks like another.
_ACCOUNT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:@/%+-]{0,498}[A-Za-z0-9])?")
_DIGEST = re.compile(r"(?:sha256:)?(?P<hex>[0-9a-f]{64}|[0-9a-f]{40})")


@dataclass(frozen=True)
class CheckedEvent:
    """An event that was checked and masked, and only lacks its place in the log."""

    subject: Subject
    predicate: Mapping[str, Any]

    def signed(self, index: int, previous: str, collector: Collector) -> bytes:
        """Return the entry: the statement of this event in this place, in its envelope."""
        kept = self.predicate["retention"]
        # What proves, once only the hash is left, until when the content was to be kept.
        term = _json(
            {
                "index": index,
                "previous": previous,
                "action": self.predicate["action"],
                "at": self.predicate["at"],
                "until": kept["until"],
            }
        )
        signed_term = base64.b64encode(collector.sign(_pae(TERM_TYPE, term))).decode()
        statement = {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": self.subject.name, "digest": {self.subject.algorithm: self.subject.digest}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                **self.predicate,
                "retention": {"days": kept["days"], "until": kept["until"], "sig": signed_term},
                "index": index,
                "previous": {"sha256": previous},
            },
        }
        payload = _json(statement)
        signature = collector.sign(_pae(PAYLOAD_TYPE, payload))
        return _json(
            {
                "payloadType": PAYLOAD_TYPE,
                "payload": base64.b64encode(payload).decode(),
                "signatures": [{"keyid": collector.key_id, "sig": base64.b64encode(signature).decode()}],
            }
        )


def check_event(event: Event, retention: Retention, now: datetime) -> CheckedEvent:
    """Check an event, mask its free text, and settle its time and retention.

    Raises:
        BadEvent: something is missing or of no known kind. SecretInEvent, PersonalData: it would name one.
    """
    action, decision = _one_of(Action, event.action, "action"), _one_of(Decision, event.decision, "decision")
    at = (event.at or now).astimezone(UTC)
    if event.at is not None and event.at.tzinfo is None:
        raise BadEvent("The time of the event has no time zone", why=str(event.at), next="datetime.now(UTC)")
    predicate: dict[str, Any] = {
        "action": action,
        "actor": _account(event.actor),
        "decision": decision,
        "reason": privacy.mask(event.reason),
        "details": _details(event.details),
        "at": _time(at),
        "retention": {"days": retention.days[action], "until": _time(retention.until(action, at))},
    }
    if event.source is not None:
        log, identity = event.source
        predicate["source"] = {"log": _named(log, "source"), "id": _named(identity, "source")}
    made = CheckedEvent(_subject(event.subject), predicate)
    if (size := len(_json(predicate))) > MAX_ENTRY // 2:
        raise BadEvent(
            "The event is too long",
            why=f"It has {size} bytes, {MAX_ENTRY // 2} are allowed.",
            next="Keep the content as an artifact and record its digest.",
        )
    return made


def _one_of(kind: type[Action] | type[Decision], value: str, field: str) -> str:
    try:
        return str(kind(value).value)
    except ValueError:
        raise BadEvent(
            f"There is no {field} {privacy.mask(str(value))!r}",
            why=f"Known: {', '.join(kind)}.",
            next=f"Use one of them: {kind.__name__}.{kind(next(iter(kind))).name}",
        ) from None


def _named(text: str, field: str) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > 500 or not text.isprintable():
        raise BadEvent(
            f"The {field} of the event is missing or not plain text",
            why="Expected 1 to 500 printable characters.",
            next=f"Give {field}='...'",
        )
    return privacy.require_clean(text, field)


def _account(text: str) -> str:
    name = _named(text, "actor")
    if not _ACCOUNT.fullmatch(name):
        raise BadEvent(
            f"The actor of the event, {name!r}, is not the name of an account",
            why="It has letters of a-z, digits and . _ : @ / % + - between them, so that no name looks like another.",
            next="Give the account's name, for example actor='ada'",
        )
    return name


def _subject(given: Subject | Mapping[str, str]) -> Subject:
    if isinstance(given, Subject):
        name, digest = given.name, given.digest
    else:
        name, digest = str(given.get("name", "")), str(given.get("digest", ""))
    match = _DIGEST.fullmatch(digest)
    if not match:
        raise BadEvent(
            "The digest of the event's subject is none",
            why="It is a SHA-256 (64 hex digits) or a commit (40).",
            next="Subject.of('plan.json', Path('plan.json'))",
        )
    return Subject(_named(name, "subject"), match["hex"])


def _details(given: Mapping[str, Any]) -> Any:
    try:
        held = _json({"predicate": {"details": privacy.clean(dict(given))}})
        return strict_json.load(held, limit=MAX_ENTRY)["predicate"]["details"]
    except (TypeError, ValueError) as error:
        raise BadEvent(
            "The details of the event are not JSON", why=str(error), next="Use strings and numbers."
        ) from None


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _pae(payload_type: str, payload: bytes) -> bytes:
    """Return what is signed (DSSE's pre-authentication encoding)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
