"""Whatever is in the deliverables, there is an answer: no traceback, and never ``valid`` for changed bytes."""

from __future__ import annotations

import copy
import json
import os
import shutil
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from helpers.compliance.contracts import contract, validate
from helpers.compliance.contracts.custom_resource import CustomResource
from helpers.compliance.contracts.module_contracts import Judge as ModuleJudge
from helpers.compliance.contracts.promotion import Judge as PromotionJudge
from helpers.compliance.contracts.schemas import faults
from helpers.compliance.gates.settings import Settings
from tests.compliance.contracts.made import GATES, Made
from tests.repeats import examples

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 70) | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)
#: Words that mean something somewhere, so that a change keeps the form more often.
WORDS = st.sampled_from(
    [
        *("prod", "dev", "learner", "bela", "rollback", "spec.owner", "metadata.uid", "string", "integer"),
        *("a" * 40, "sha256:" + "3" * 64, "1" * 64, "^(a|b)*$", "[", "ada: it was late"),
    ]
)


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path] * bool(path) + [way for key, value in inner for way in places(value, (*path, key))]


def mutate(draw: Any, data: Any) -> Any:
    """Return a copy with up to three values replaced, taken away or moved."""
    made = copy.deepcopy(data)
    for _ in range(draw(st.integers(1, 3))):
        ways = places(made)
        if not ways:
            break
        *path, last = draw(st.sampled_from(ways))
        target = made
        for step in path:
            target = target[step]
        what = draw(st.integers(0, 3))
        if what == 0:
            del target[last]
        elif what == 1:
            target[last] = draw(VALUES)
        elif what == 2:
            target[last] = draw(WORDS)
        elif isinstance(target, list):
            target.append(copy.deepcopy(target[last]))
    return made


@examples(150)
@given(st.data())
def test_a_mutated_record_is_judged(delivered: Made, data: st.DataObject) -> None:
    record = mutate(data.draw, json.loads((delivered.root / "promotion" / "record.json").read_text()))
    found = faults("proj-304", "promotion-record", record, "record.json")
    if not found:
        found = list(PromotionJudge("record.json", record, Settings.parse(GATES), ()).faults())
        # No trail knows of any approval: such a record is never right.
    assert found and all(one.where.startswith("record.json") and one.what for one in found)


@examples(150)
@given(st.data())
def test_a_mutated_contract_is_judged(delivered: Made, data: st.DataObject) -> None:
    said = mutate(data.draw, json.loads((delivered.root / "module" / "contract.json").read_text()))
    found = faults("proj-304", "module-contract", said, "contract.json")
    if not found:
        published = contract("proj-304")
        resource = CustomResource.read(published.directory / published.given)
        found = list(ModuleJudge("contract.json", said, None, resource).faults())
    assert all(one.where.startswith("contract.json") and one.what for one in found)


@examples(12)
@given(st.data())
def test_a_directory_with_changed_files_is_never_valid(
    delivered: Made, tmp_path_factory: Any, data: st.DataObject
) -> None:
    files = sorted(str(path.relative_to(delivered.root)) for path in delivered.root.rglob("*") if path.is_file())
    name = data.draw(st.sampled_from(files))
    root = Path(tmp_path_factory.mktemp("m")) / "d"
    shutil.copytree(delivered.root, root)
    content = (root / name).read_bytes()
    at = data.draw(st.integers(0, max(0, len(content) - 1)))
    replaced = data.draw(st.one_of(st.binary(max_size=4), st.sampled_from([b"", b"{", b"\x00" * 9, b'"x":1,'])))
    end = data.draw(st.sampled_from([at + 1, at + 7, len(content)]))
    changed = content[:at] + replaced + content[end:]
    (root / name).write_bytes(changed)
    found = validate(root, keys=delivered.keys)
    assert all(one.what and one.where for one in found.faults)
    same = changed == content
    # These two are not signed: a comment or a space of them may change.
    assert found.status != "valid" or same or name.endswith(("gates.yaml", ".sigstore.json")), f"{name} at {at}"


def test_a_pipe_and_a_link_to_a_directory_do_not_hang(delivered: Made, tmp_path: Path) -> None:
    made = delivered.copy(tmp_path / "d")
    (made.root / "promotion" / "record.json").unlink()
    os.mkfifo(made.root / "promotion" / "record.json")
    shutil.move(made.root / "module", tmp_path / "elsewhere")
    (made.root / "module").symlink_to(tmp_path / "elsewhere")
    kinds = {one.kind for one in validate(made.root, keys=made.keys).faults}
    assert {"not-a-file", "link"} <= kinds
