"""Whatever is changed in an event or a checkpoint, the answer is never ``valid``.

The attacker holds the log's key and one collector's, and signs anew what was changed; the witnesses do not help.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from helpers.compliance.audit.types import leaf_hash
from tests.compliance.forgeries.world import Lines, World
from tests.repeats import examples

KIND = "application/vnd.in-toto+json"
#: Where a change of the statement may hit: a path of members.
PLACES = [
    ("predicate", "actor"),
    ("predicate", "action"),
    ("predicate", "decision"),
    ("predicate", "reason"),
    ("predicate", "at"),
    ("predicate", "index"),
    ("predicate", "details"),
    ("predicate", "retention", "until"),
    ("predicate", "previous", "sha256"),
    ("subject", 0, "name"),
    ("subject", 0, "digest", "sha256"),
    ("predicateType",),
]
VALUES = st.one_of(
    st.text(max_size=12),
    st.integers(-2, 2**60),
    st.none(),
    st.booleans(),
    st.sampled_from(["approval", "retention", "ada", "2033-01-01T00:00:00Z", "0" * 64]),
    st.dictionaries(st.sampled_from(["expired", "hold", "x"]), st.just([[0, 2]]), max_size=2),
)


def resigned(world: World, lines: Lines, at: int, path: tuple[Any, ...], value: Any) -> Lines:
    """Return the lines with a member changed, that entry and all after it signed by the pipeline again."""
    key, found = world.log.collector("pipeline"), list(lines)
    for index in range(at, len(found)):
        said = json.loads(base64.b64decode(json.loads(found[index])["payload"]))
        if index == at:
            place = said
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
        if index > at:
            said["predicate"]["previous"]["sha256"] = leaf_hash(found[index - 1])
        payload = json.dumps(said, separators=(",", ":"), ensure_ascii=True).encode()
        signature = key.sign(b"DSSEv1 %d %s %d %s" % (len(KIND), KIND.encode(), len(payload), payload))
        envelope = {
            "payloadType": KIND,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [{"keyid": key.key_id, "sig": base64.b64encode(signature).decode()}],
        }
        found[index] = json.dumps(envelope, separators=(",", ":")).encode()
    return found


@given(data=st.data())
@examples(12)
def test_a_changed_event_is_never_valid(world: World, data: st.DataObject) -> None:
    lines = world.story()
    at = data.draw(st.integers(0, len(lines) - 1))
    changed = resigned(world, lines, at, data.draw(st.sampled_from(PLACES)), data.draw(VALUES))
    for checkpoint in (
        world.checkpoint(lines),
        world.checkpoint(changed, ()),
        world.checkpoint(changed, ("witness-a",)),
    ):
        if changed == lines:
            continue
        found = world.verify(world.export(changed, checkpoint))
        assert found.status == "invalid" and found.findings


@given(data=st.data())
@examples(20)
def test_a_changed_checkpoint_is_never_valid(world: World, data: st.DataObject) -> None:
    lines = world.story()
    whole = world.checkpoint(lines)
    rows = whole.splitlines(keepends=True)
    how = data.draw(st.sampled_from(["byte", "line gone", "line twice", "lines swapped", "cut", "more"]))
    first, second = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, len(rows) - 1))
    match how:
        case "byte":
            raw = bytearray(whole.encode())
            place = data.draw(st.integers(0, len(raw) - 1))
            raw[place] = data.draw(st.integers(1, 127).filter(lambda byte: byte != raw[place]))
            changed = raw.decode(errors="replace")
        case "line gone":
            changed = "".join(rows[:first] + rows[first + 1 :])
        case "line twice":
            changed = "".join([*rows[: first + 1], rows[first], *rows[first + 1 :]])
        case "lines swapped":
            rows[first], rows[second] = rows[second], rows[first]
            changed = "".join(rows)
        case "cut":
            changed = whole[: data.draw(st.integers(1, len(whole) - 1))]
        case _:
            changed = whole + data.draw(st.text(min_size=1, max_size=20))
    # The order in which witnesses signed says nothing.
    same = changed.partition("\n\n")[0] == whole.partition("\n\n")[0] and sorted(changed.splitlines()[4:]) == sorted(
        whole.splitlines()[4:]
    )
    found = world.verify(world.export(lines, changed))
    if not (same and changed.splitlines()[4:5] == whole.splitlines()[4:5]):
        assert found.status == "invalid", (how, changed)
    else:
        assert found.status in ("valid", "invalid")
