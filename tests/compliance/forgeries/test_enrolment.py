"""A collector enrols itself: it writes a list of functionaries that lets it approve, and signs it itself."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from helpers.compliance.audit.roles import Functionary, read
from helpers.core import process
from helpers.runtime import tools
from tests.compliance.forgeries.world import World, event


def test_forgery(world: World) -> None:
    thief = world.log.collector("pipeline")
    wider = read(world.collectors).with_functionary(Functionary(thief.public, ("plan", "approval", "apply")))
    payload, kind = wider.to_json("acme.test/audit"), "application/vnd.acme.functionaries+json"
    signature = thief.sign(b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload))
    envelope = {
        "payloadType": kind,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": thief.key_id, "sig": base64.b64encode(signature).decode()}],
    }
    world.collectors = json.dumps(envelope, separators=(",", ":")).encode() + b"\n"
    lines = world.signed([], "pipeline", event("plan", "ada"), event("approval", "bela"), event("apply", "pipeline"))
    found = world.verify(world.export(lines))
    assert found.status == "invalid" and "roles" in {one.kind for one in found.findings}


def test_forgery_with_the_list_of_another_log(world: World, tmp_path: Path) -> None:
    """The root keeps two logs; in the one for rehearsals the pipeline may approve."""
    thief = world.log.collector("pipeline")
    wider = read(world.collectors).with_functionary(Functionary(thief.public, ("plan", "approval", "apply")))
    unsigned = tmp_path / "list.json"
    unsigned.write_bytes(wider.to_json("acme.test/rehearsal"))
    argv: list[str | Path] = [tools.ensure("audit-log").path, "sign-roles", "--key", world.log.root_key, unsigned]
    world.collectors = process.run(argv, timeout=60, raw_stdout=True).stdout.encode()
    lines = world.signed([], "pipeline", event("plan", "ada"), event("approval", "bela"), event("apply", "pipeline"))
    assert world.kinds(lines) == ["roles"]


def test_honest_twin(world: World) -> None:
    made = world.log.enrol("reviews", ["approval"])
    world.collectors = world.log.collectors.read_bytes()
    lines = world.signed([], "pipeline", event("plan", "ada"))
    lines = world.signed(lines, made.name, event("approval", "bela"))
    assert world.kinds(lines) == []
