"""The published schemas say what the course's tools write: their fields and words are compared with the code's own."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

import jsonschema
import pytest

from helpers.clients.forge import Approval, PullRequest
from helpers.compliance.audit import Action, Decision
from helpers.compliance.audit.types import EVENT_SHAPE
from helpers.compliance.contracts import CONTRACTS, UnknownContract, contract, contracts, validator
from helpers.compliance.contracts.custom_resource import CustomResource
from helpers.compliance.contracts.schemas import faults
from helpers.compliance.evidence import Artifact, Evidence
from helpers.compliance.gates.settings import _KEYS, GATES, Settings
from helpers.compliance.module_rules import interface
from helpers.core.paths import IAC, ROOT
from helpers.core.verdicts.gates import Finding, Gate, GateReport
from helpers.wrappers.module_interface import Interface, Output, Variable

FILES = sorted(CONTRACTS.glob("*/v*/*.schema.json"))


def schema(name: str, of: str = "proj-304") -> dict[str, Any]:
    return contract(of).schemas()[name]


def names(part: dict[str, Any]) -> set[str]:
    assert part["additionalProperties"] is False
    return set(part["properties"])


def attributes(of: type) -> set[str]:
    return {one.name for one in fields(of)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.parent.name + "/" + file.name)
def test_each_schema_is_one_and_says_where_it_is_published(file: Any) -> None:
    found = json.loads(file.read_text())
    jsonschema.Draft202012Validator.check_schema(found)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found["$id"] == f"https://acme.test/{file.relative_to(ROOT)}"
    assert found["title"]


@pytest.mark.parametrize("name", contracts())
def test_a_contract_names_the_schemas_that_are_there(name: str) -> None:
    found = contract(name)
    used = {one.schema for one in found.deliverables} - {""}
    assert used | {"evidence-record"} >= set(found.schemas()) and used <= set(found.schemas())


def test_a_contract_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownContract, match="There is no contract proj-305 v1"):
        contract("proj-305")
    with pytest.raises(UnknownContract, match="There is no contract proj-304 v2"):
        contract("proj-304", 2)


def test_audit_records_are_what_the_trail_writes() -> None:
    found = schema("audit-record")
    said = {name.removesuffix("?"): kind for name, kind in EVENT_SHAPE["predicate"].items()}
    predicate = found["properties"]["predicate"]
    assert names(found) == set(EVENT_SHAPE) and names(predicate) == set(said)
    assert set(predicate["required"]) == {name for name in EVENT_SHAPE["predicate"] if not name.endswith("?")}
    assert predicate["properties"]["action"]["enum"] == [str(one) for one in Action]
    assert predicate["properties"]["decision"]["enum"] == [str(one) for one in Decision]


def test_promotion_records_are_made_of_what_the_forge_says() -> None:
    parts = schema("promotion-record")["$defs"]
    assert names(parts["pull"]) == attributes(PullRequest)
    assert names(parts["approval"]) == attributes(Approval)
    assert names(parts["report"]) == set(GateReport((), "").to_dict())
    gate = parts["report"]["properties"]["gates"]["items"]
    assert names(gate) == attributes(Gate) and names(gate["properties"]["findings"]["items"]) == attributes(Finding)


def test_gates_are_those_of_the_course() -> None:
    found = schema("gates")
    assert names(found) == _KEYS and found["properties"]["gates"]["items"]["enum"] == list(GATES)
    text = (IAC / "gitops" / "gates.yaml").read_text()
    assert Settings.parse(text).gates
    from helpers.core import yaml_reader  # the reader of that file

    assert not faults("proj-304", "gates", yaml_reader.load(text), "gates.yaml")


def test_the_interface_is_what_the_registry_shows() -> None:
    parts = schema("module-contract")["$defs"]["interface"]
    said = interface.to_json(Interface("x", (Variable("a"),), (Output("b"),)))
    assert names(parts) == set(said)
    assert names(parts["properties"]["inputs"]["items"]) == set(said["inputs"][0])
    assert names(parts["properties"]["outputs"]["items"]) == set(said["outputs"][0])


def test_evidence_records_are_rows_of_a_pack() -> None:
    assert names(schema("evidence-record", "mod-209")) == attributes(Evidence)
    parts = schema("pack-statement", "mod-209")["properties"]
    assert names(parts["artifacts"]["items"]) == attributes(Artifact)
    row = Evidence(
        "CC8.1", "approved", "2027-01-10T09:00:00Z", "a" * 64, "bela", "2034-01-10T09:00:00Z", "x", 3, "b" * 64
    )
    judge = validator("mod-209", "evidence-record")
    assert judge.is_valid(row.__dict__)
    # An event without the hash of the one before it could have been put anywhere.
    assert not judge.is_valid({**row.__dict__, "previous": ""})
    assert judge.is_valid({**row.__dict__, "index": None, "previous": ""})
    for name in row.__dict__:
        assert not judge.is_valid({key: value for key, value in row.__dict__.items() if key != name})


def test_the_given_resource_has_its_fields() -> None:
    found = CustomResource.read(CONTRACTS / "proj-304" / "v1" / contract("proj-304").given)
    here = found.fields("v1")
    assert (found.group, found.kind) == ("ml.acme.test", "TrainingJob")
    assert here["spec.team"].always and here["spec.gpu.nodes"].always and here["spec.network.cidr"].always
    assert not here["status.bucket"].always
    assert here["metadata.name"].always


def test_faults_say_what_why_and_next() -> None:
    said = faults("proj-304", "gates", {"version": 1, "gates": ["signature"], "enviroments": {}}, "gates.yaml")
    words = [(one.what, one.next) for one in said]
    assert ("enviroments is not a field here", "Did you mean environments?") in words
    assert ("environments, pipeline is missing", "Add environments.") in words
    both = faults(
        "proj-304", "gates", {"version": 2, "gates": ["sign"], "environments": {"dev": []}, "pipeline": {"x": "y"}}, "g"
    )
    assert [one.where for one in both] == ["g: environments.dev", "g: gates.0", "g: version"]
    assert all(one.next for one in both)


def test_the_page_names_every_deliverable_and_schema() -> None:
    page = (ROOT / "docs" / "contracts.md").read_text()
    for name in contracts():
        found = contract(name)
        rows = re.findall(rf"^\| `([^`]+)` \|.*contracts/{name}/v1/", page, re.MULTILINE)
        wanted = [one.path for one in found.deliverables if one.schema]
        assert [row for row in rows if row in wanted] == wanted
        for schema_name, content in found.schemas().items():
            assert f"contracts/{name}/v1/{schema_name}.schema.json" in page, schema_name
            assert content["title"] in page, content["title"]
