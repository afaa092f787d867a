"""A collector signs one event that two readers read as two: a name twice, or in another case."""

from __future__ import annotations

import base64
import json

import pytest

from helpers.compliance.audit.types import Entry
from helpers.core.strict_json import BadJson
from tests.compliance.forgeries.world import PLAN, Lines, World, event


def signed_anew(world: World, line: bytes, old: str, new: str) -> bytes:
    """Return the entry with another text, signed by the collector again."""
    key, kind = world.log.collector("pipeline"), "application/vnd.in-toto+json"
    payload = base64.b64decode(json.loads(line)["payload"]).decode().replace(old, new, 1).encode()
    signature = key.sign(b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload))
    envelope = {
        "payloadType": kind,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": key.key_id, "sig": base64.b64encode(signature).decode()}],
    }
    return json.dumps(envelope, separators=(",", ":")).encode()


def forged(world: World, old: str, new: str) -> Lines:
    lines = world.signed(world.story(), "pipeline", event("break-glass", "mallory"))
    return [*lines[:-1], signed_anew(world, lines[-1], old, new)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"actor":"mallory"', '"actor":"mallory","actor":"ada"'),
        ('"actor":"mallory"', '"actor":"mallory","Actor":"ada"'),
        ('"actor":"mallory"', '"Actor":"mallory"'),
        ('"actor":"mallory"', '"actor":"mallory","onBehalfOf":"ada"'),
        ('"index":3', '"index":3.0'),
        ('"decision":"accepted"', '"decision":"Accepted"'),
        (PLAN.digest, PLAN.digest.upper()),  # would be about another artifact than the approval is
        ('"predicateType":"https://acme.test/audit-event/v1"', '"predicateType":"https://slsa.dev/provenance/v1"'),
    ],
)
def test_forgery(world: World, old: str, new: str) -> None:
    lines = forged(world, old, new)
    assert world.verify(world.export(lines)).status == "invalid"
    with pytest.raises(BadJson):
        Entry.of(3, lines[3])


def test_honest_twin(world: World) -> None:
    lines = forged(world, '"actor":"mallory"', '"actor":"mallory"')
    assert world.kinds(lines) == [] and Entry.of(3, lines[3]).event.actor == "mallory"
