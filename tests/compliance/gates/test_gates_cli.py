"""``course gates`` as it is typed: exit codes, what is printed, and the second engine."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from helpers.core import process
from helpers.course.scenarios import story
from helpers.runtime import services
from tests.compliance.gates.world import Repository

COURSE = [str(Path(sys.executable).with_name("course"))]
PROD = "apps/inference/overlays/prod/kustomization.yaml"


def course(repository: Repository, *args: str) -> process.Completed:
    return process.run([*COURSE, "gates", str(repository.folder), *args], timeout=180)


@pytest.fixture(scope="module")
def oci(world: object) -> str:
    """The registry service with the images of the world in it: what `course gates` asks by default."""
    from helpers.wrappers.crane import Crane

    address = services.ensure("oci").address
    crane = Crane()
    for tag in crane.tags(f"{world.registry}/vision/inference"):  # type: ignore[attr-defined]
        source = f"{world.registry}/vision/inference:{tag}"  # type: ignore[attr-defined]
        crane.copy(source, f"{address}/vision/inference:{tag}")
    assert os.environ["MOD208_STATE"]
    return address


def test_passed_failed_and_could_not_tell(repository: Repository, oci: str) -> None:
    repository.promote("staging", "1.1.0")
    repository.commit()
    # The base is where the branch left main.
    done = course(repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok  signature" in done.stdout and done.stdout.rstrip().endswith("The change may go on.")
    done = course(repository, "--base", "main", "--head", "change", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0 and report["status"] == "passed" and report["base"] == repository.base
    repository.replace(PROD, "count: 3", "count: 1")
    repository.commit()
    done = course(repository, "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 1 and report["status"] == "failed"
    policy = next(gate for gate in report["gates"] if gate["name"] == "policy")
    assert policy["findings"][0]["rule"] == "replicas"
    repository.git.switch("main")
    repository.git.switch("other", create=True)
    repository.promote("staging", "1.1.0")
    repository.commit()
    services.stop("oci")
    done = course(repository)
    assert done.returncode == 3 and "??  image" in done.stdout and "course services start oci" in done.stdout


def test_faults_end_in_a_message(repository: Repository, tmp_path: Path) -> None:
    done = course(repository, "--base", "gone")
    assert done.returncode == 1 and "There is no commit gone" in done.stderr and "Traceback" not in done.stderr
    (repository.folder / "gates.yaml").write_text("version: 2\n")
    repository.commit()
    done = course(repository, "--base", "0000000", "--json")
    assert done.returncode == 3 and json.loads(done.stdout)["error"] == "bad-gates"
    assert course(repository, "--base", "0000000").returncode == 3
    assert process.run([*COURSE, "gates", str(tmp_path / "gone")]).returncode == 2


def test_the_second_engine_blocks_as_well(repository: Repository) -> None:
    repository.replace("gates.yaml", "policy, image", "policy, kyverno, image")
    repository.base = repository.commit("Ask Kyverno as well")
    repository.edit("apps/inference/base/kustomization.yaml", lambda text: text.replace("owner: vision", "owner: ''"))
    repository.commit()
    report = repository.judge()
    assert {g.name: g.status for g in report.gates if not g.passed} == {"policy": "failed", "kyverno": "failed"}
    kyverno = report.gate("kyverno")
    assert kyverno is not None and {f.rule for f in kyverno.findings} == {"require-labels"}
    assert len(kyverno.findings) == 3 and story.IMAGE not in report.text()
