"""An operator's reconcile loop consumes the deliverables, with nothing of the course but what is published."""

from __future__ import annotations

import ast
import copy
import json
from pathlib import Path
from typing import Any

import pytest

from helpers.compliance.contracts import CONTRACTS
from helpers.compliance.contracts.promotion import way_back
from tests.compliance.contracts import operator_loop
from tests.compliance.contracts.made import ONE, THREE, TWO, Made
from tests.compliance.contracts.operator_loop import Cluster, Operator

PUBLISHED = CONTRACTS / "proj-304" / "v1"


def job(**spec: Any) -> dict[str, Any]:
    given = {
        "team": "vision",
        "environment": "prod",
        "owner": "vision@acme.test",
        "costCentre": "cc-4021",
        "network": {"cidr": "10.20.0.0/20"},
    }
    named = {"apiVersion": "ml.acme.test/v1", "kind": "TrainingJob", "metadata": {"name": "nightly"}}
    return {**named, "spec": {**given, **spec}}


def cluster(**spec: Any) -> Cluster:
    return Cluster({"nightly": job(**spec)}, {"registry-token": {"token": "not shown"}})


@pytest.fixture
def operator(delivered: Made) -> Operator:
    return Operator(delivered.root, PUBLISHED)


def test_the_operator_knows_no_code_of_the_course() -> None:
    tree = ast.parse(Path(operator_loop.__file__).read_text())
    named = [one.module or "" for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]
    named += [alias.name for one in ast.walk(tree) if isinstance(one, ast.Import) for alias in one.names]
    assert not [name for name in named if name.split(".")[0] in ("helpers", "grading", "tests")]


def test_a_job_becomes_the_inputs_of_the_module_and_the_approved_image(operator: Operator) -> None:
    world = cluster(gpu={"kind": "a100", "nodes": 4})
    assert operator.run(world) == 2
    assert world.changes == 1
    assert world.applied["nightly"] == {
        "module": "vision/gpu-workspace/platform",
        "version": "1.2.0",
        "image": TWO,
        "inputs": {
            "team": "vision",
            "environment": "prod",
            "owner": "vision@acme.test",
            "cost_centre": "cc-4021",
            "network_cidr": "10.20.0.0/20",
            "gpu_kind": "a100",
            "gpu_nodes": 4,
            "registry_token": "secret:registry-token/token",
        },
    }
    assert world.jobs["nightly"]["status"] == {"phase": "Provisioning", "image": TWO}


def test_defaults_of_the_definition_reach_the_module(operator: Operator) -> None:
    world = cluster()
    operator.run(world)
    assert (world.applied["nightly"]["inputs"]["gpu_kind"], world.applied["nightly"]["inputs"]["gpu_nodes"]) == (
        "l4",
        1,
    )


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"gpu": {"nodes": 17}}, "spec.gpu.nodes: 17 is greater than the maximum of 16"),  # the definition allows 64
        ({"gpu": {"kind": "h100"}}, "spec.gpu.kind: 'h100' is not one of"),  # the definition allows it
        ({"gpu": {"nodes": "four"}}, "spec.gpu.nodes: 'four' is not of type 'integer'"),
        ({"owner": "x"}, "spec.owner: 'x' is too short"),
        ({"team": "Vision!"}, "spec.team"),
        ({"tokenSecret": "elsewhere"}, "spec.tokenSecret: there is no Secret"),
        ({"environment": "moon"}, "spec.environment"),
    ],
)
def test_what_the_contract_refuses_is_refused_and_nothing_is_made(
    operator: Operator, spec: dict[str, Any], reason: str
) -> None:
    world = cluster(**spec)
    operator.run(world)
    status = world.jobs["nightly"]["status"]
    assert status["phase"] == "Refused" and reason in status["reason"]
    assert not world.applied


def test_a_job_that_is_no_longer_allowed_is_taken_away(operator: Operator) -> None:
    world = cluster()
    operator.run(world)
    world.jobs["nightly"]["spec"]["gpu"] = {"nodes": 40}
    operator.run(world)
    assert not world.applied and world.jobs["nightly"]["status"]["phase"] == "Refused"


def test_each_environment_runs_what_was_approved_for_it_and_a_rollback_is_followed(
    delivered: Made, tmp_path: Path
) -> None:
    made = delivered.copy(tmp_path / "d")
    operator, world = Operator(made.root, PUBLISHED), cluster(environment="dev")
    record = json.loads((made.root / "promotion" / "record.json").read_text())
    now = copy.deepcopy(record)
    now["releases"].pop()  # before dev was rolled back
    now["current"]["dev"] = {"digest": THREE, "rollback": TWO}
    made.write("promotion/record.json", now)
    operator.run(world)
    assert world.applied["nightly"]["image"] == THREE
    made.write("promotion/record.json", record)
    operator.run(world)
    assert world.applied["nightly"]["image"] == TWO == now["current"]["dev"]["rollback"]
    assert record["current"]["dev"]["rollback"] == ONE  # 3.0.0 was rolled back: it is nothing to go back to


def test_what_nobody_else_approved_is_not_run(delivered: Made, tmp_path: Path) -> None:
    made = delivered.copy(tmp_path / "d")

    def by_its_author(record: dict[str, Any]) -> None:
        for release in record["releases"]:
            release["pull"]["approvals"][0]["person"] = release["pull"]["author"]

    made.change("promotion/record.json", by_its_author)
    world = cluster()
    Operator(made.root, PUBLISHED).run(world)
    assert "nobody approved" in world.jobs["nightly"]["status"]["reason"]


def test_what_to_go_back_to() -> None:
    def ran(*steps: tuple[str, str]) -> list[dict[str, str]]:
        return [{"digest": digest, "kind": kind} for digest, kind in steps]

    assert way_back(ran(("a", "release"))) is None
    assert way_back(ran(("a", "release"), ("b", "release"))) == "a"
    assert way_back(ran(("a", "release"), ("b", "release"), ("a", "rollback"))) is None
    again = ran(("a", "release"), ("b", "release"), ("a", "rollback"), ("b", "release"))
    assert way_back(again) == "a"
