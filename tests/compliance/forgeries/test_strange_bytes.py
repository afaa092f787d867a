"""A log in bytes that some reader takes for what they are not; whoever has a key signed each of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from helpers.compliance.audit import Checkpoint
from helpers.compliance.audit.log_directory import Collector
from helpers.compliance.audit.roles import read
from helpers.core import process
from helpers.runtime import tools
from tests.compliance.forgeries.world import Lines, World, cosignature, event, leaves, root

STATEMENT, LIST = "application/vnd.in-toto+json", "application/vnd.acme.functionaries+json"


def signature(key: Collector, payload: bytes, kind: str) -> dict[str, str]:
    signed = key.sign(b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload))
    return {"keyid": key.key_id, "sig": base64.b64encode(signed).decode()}


def enveloped(payload: bytes, *signatures: dict[str, str], kind: str = STATEMENT) -> bytes:
    said = {"payloadType": kind, "payload": base64.b64encode(payload).decode(), "signatures": list(signatures)}
    return json.dumps(said, separators=(",", ":")).encode()


def payload_of(line: bytes) -> bytes:
    return base64.b64decode(json.loads(line)["payload"])


def statuses(world: World, lines: Lines, **parts: Any) -> str:
    return world.verify(world.export(lines, **parts)).status


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"index":3', b'"index":3e0'),
        (b'"index":3', b'"index":03'),
        (b'"index":3', b'"index":-0'),
        (b'"index":3', b'"index":18446744073709551619'),
        (b'"sha256":"', b'"SHA256":"'),
        (b'"digest":{"sha256":"', b'"digest":{"gitCommit":"' + b"0" * 40 + b'","sha256":"'),
        (b'"digest":{"sha256":"44136fa3', b'"digest":{"sha256":"'),
        (b'"sha256":"', b'"sha512":"'),
        (b'"actor":"mallory"', b'"actor":"mallory\\u0000ada"'),
        (b'"actor":"mallory"', b'"actor":"\\ufeffada"'),
        (b'"actor":"mallory"', b'"actor":"\xef\xbc\xa1da"'),
        (b'"actor":"mallory"', b'"actor":"ada\\n"'),
        (b'"actor":"mallory"', b'"actor":"\\ud800"'),
        (b"T", b"t"),
        (b'"_type"', b'\xef\xbb\xbf"_type"'),
    ],
    ids=[
        "an exponent",
        "a leading zero",
        "minus nought",
        "a number beyond 64 bits",
        "an algorithm in capitals",
        "two algorithms",
        "a prefix",
        "another algorithm",
        "a NUL",
        "a byte order mark",
        "a full-width letter",
        "a line feed",
        "half a pair",
        "a time in small letters",
        "a mark inside",
    ],
)
def test_forgery_of_an_event(world: World, old: bytes, new: bytes) -> None:
    lines = world.signed(world.story(), "pipeline", event("break-glass", "mallory"))
    payload = payload_of(lines[3])
    assert old in payload
    changed = payload.replace(b'"at":"2', b'"at":"2', 1).replace(old, new, 1)
    if old == b"T":
        head, mark, tail = payload.partition(b'"at":"')
        changed = head + mark + tail.replace(b"T", b"t", 1)
    forged = enveloped(changed, signature(world.log.collector("pipeline"), changed, STATEMENT))
    assert statuses(world, [*lines[:3], forged]) == "invalid"


def test_forgery_in_another_encoding(world: World) -> None:
    lines = world.signed(world.story(), "pipeline", event("break-glass", "mallory"))
    for encoding in ("utf-16", "utf-8-sig", "utf-32-le"):
        payload = payload_of(lines[3]).decode().encode(encoding)
        forged = enveloped(payload, signature(world.log.collector("pipeline"), payload, STATEMENT))
        assert statuses(world, [*lines[:3], forged]) == "invalid", encoding


def test_forgery_with_a_second_signature(world: World) -> None:
    """One is good, and some readers look at one only."""
    lines = world.story()
    payload, key = payload_of(lines[2]), world.log.collector("pipeline")
    good = signature(key, payload, STATEMENT)
    bad = good | {"sig": base64.b64encode(bytes(64)).decode()}
    for both in ((good, bad), (bad, good), (good, good), ()):
        assert statuses(world, [*lines[:2], enveloped(payload, *both)]) == "invalid"


def test_forgery_of_the_type(world: World) -> None:
    """The bytes of an event, signed as something else, are no event; nor are those of a term or a list."""
    lines, key = world.story(), world.log.collector("pipeline")
    payload = payload_of(lines[2])
    for kind in ("application/json", f"{STATEMENT} ", STATEMENT.upper(), LIST):
        for shown in (kind, STATEMENT):
            forged = enveloped(payload, signature(key, payload, kind), kind=shown)
            assert statuses(world, [*lines[:2], forged]) == "invalid", kind


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text + b"\n",
        lambda text: b"\n" + text,
        lambda text: text[:-1],
        lambda text: text.replace(b'{"payloadType"', b'{ "payloadType"', 1),
        lambda text: text + b"\0",
    ],
    ids=["a mark", "carriage returns", "an empty line", "one before", "no end", "a blank", "a NUL"],
)
def test_forgery_of_the_file(world: World, change: Callable[[bytes], bytes]) -> None:
    export = world.export(world.story())
    entries = export / "entries.jsonl"
    entries.write_bytes(change(entries.read_bytes()))
    assert world.verify(export).status == "invalid"


def test_forgery_by_another_log_of_the_same_name(world: World, tmp_path: Path) -> None:
    lines, other = world.story(), World(tmp_path / "other")
    theirs = other.checkpoint(lines)
    assert statuses(world, lines, checkpoint=theirs) == "invalid"
    # Nor with its signature beside the right one, in either place.
    ours, line = world.checkpoint(lines), theirs.splitlines(keepends=True)[4]
    head, _, rest = ours.partition("\n\n")
    assert statuses(world, lines, checkpoint=f"{head}\n\n{line}{rest}") == "invalid"
    assert statuses(world, lines, checkpoint=ours + line) == "invalid"


@pytest.mark.parametrize(
    "change",
    [
        lambda size: f"0{size}",
        lambda size: f"+{size}",
        lambda size: f"{size}.0",
        lambda size: f" {size}",
        lambda size: f"{size}\nnote: nothing",
        lambda size: f"{size}\r",
        lambda size: str(size + 1),
        lambda size: str(2**64 + size),
    ],
)
def test_forgery_of_a_size(world: World, change: Callable[[int], str]) -> None:
    """The log's keeper signs what it likes; only witnesses who do not look would cosign it."""
    lines = world.story()
    text = f"acme.test/audit\n{change(len(lines))}\n{base64.b64encode(root(leaves(lines))).decode()}\n"
    assert statuses(world, lines, checkpoint=noted(world, text)) == "invalid"


def noted(world: World, text: str) -> str:
    """Return a text signed by the log and cosigned by two witnesses."""
    secret = base64.b64decode(world.log.key.read_text().strip().split("+", 4)[4])[1:]
    name, key_hash, _ = world.log.public_key.read_text().strip().split("+", 2)
    raw = bytes.fromhex(key_hash) + Ed25519PrivateKey.from_private_bytes(secret).sign(text.encode())
    note = f"{text}\n\u2014 {name} {base64.b64encode(raw).decode()}\n"
    return note + "".join(cosignature(one.key, one.public_key, text) for one in world.log.witnesses()[:2])


def test_forgery_of_a_root_with_spare_bits(world: World) -> None:
    lines = world.story()
    honest = base64.b64encode(root(leaves(lines))).decode()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = honest[:-2] + letters[letters.index(honest[-2]) | 1] + "="
    assert base64.b64decode(other) == base64.b64decode(honest)
    note = noted(world, f"acme.test/audit\n{len(lines)}\n{other}\n")
    assert other == honest or statuses(world, lines, checkpoint=note) == "invalid"
    with pytest.raises(ValueError, match="plain base64"):
        Checkpoint.parse(note)


def test_forgery_of_a_quorum(world: World) -> None:
    """One witness, twice, at two times: still one."""
    lines = world.story()
    alone = world.checkpoint(lines, ["witness-a"])
    again = world.checkpoint(lines, ["witness-a"], at=datetime.now(UTC) + timedelta(seconds=7)).splitlines(True)[-1]
    assert statuses(world, lines, checkpoint=alone + again) == "invalid"


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said["witnesses"].update(quorum=0),
        lambda said: said.update(version=said["version"] + 1, note="x"),
        lambda said: said.update(version=float(said["version"])),
        lambda said: said["functionaries"].append({**said["functionaries"][0], "may": ["approval"]}),
    ],
    ids=["another list of this version", "a part that nobody knows", "a version with a point", "a key twice"],
)
def test_forgery_of_the_list(world: World, tmp_path: Path, change: Callable[[Any], object]) -> None:
    """The root's key signed it, once, by mistake or by theft; a verifier has a list of its own."""
    mine = tmp_path / "functionaries"
    mine.write_bytes(world.collectors)
    said = json.loads(read(world.collectors).to_json("acme.test/audit"))
    change(said)
    unsigned = tmp_path / "list.json"
    unsigned.write_text(json.dumps(said))
    argv: list[str | Path] = [tools.ensure("audit-log").path, "sign-roles", "--key", world.log.root_key, unsigned]
    signed = process.run(argv, timeout=60)
    if signed.returncode == 0:
        world.collectors = signed.stdout.encode()
        assert world.verify(world.export(world.story()), collectors=mine).status == "invalid"


def test_honest_twin(world: World) -> None:
    lines = world.story()
    payload = payload_of(lines[2])
    again = enveloped(payload, signature(world.log.collector("pipeline"), payload, STATEMENT))
    assert again == lines[2] and world.kinds(lines) == []
