"""The material of the lecture on failures: its policy and its quota leave room for what each scenario shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from helpers.compliance import gates
from helpers.compliance.gates import GateReport
from helpers.core.paths import IAC
from helpers.wrappers.git import Git, Identity

MATERIAL = IAC / "lectures/unit3/fails"
DEPLOYMENT = "apps/inference/deployment.yaml"


def judged(folder: Path, old: str, new: str) -> GateReport:
    shutil.copytree(MATERIAL / "repository", folder, dirs_exist_ok=True)
    for name in ("conftest", "data"):
        shutil.copytree(IAC / "gitops/policy" / name, folder / "policy" / name)
    settings = (folder / "gates.yaml").read_text()
    # Who signed is the Git server's part; here it is about what the change holds.
    (folder / "gates.yaml").write_text(settings.replace("signature, ", ""))
    git = Git(folder).init()
    git.configure_identity(Identity("Ada", "ada@acme.test"), sign=False)
    git.add(all=True)
    base = git.commit("Begin").sha
    text = (folder / DEPLOYMENT).read_text()
    assert text.count(old) == 1
    (folder / DEPLOYMENT).write_text(text.replace(old, new))
    git.add(all=True)
    git.commit("Change")
    return gates.run(folder, base=base)


@pytest.mark.parametrize(("count", "status"), [(1, "failed"), (3, "passed"), (4, "passed")])
def test_the_policy_stops_one_replica_and_lets_the_others_through(tmp_path: Path, count: int, status: str) -> None:
    assert judged(tmp_path, "replicas: 2", f"replicas: {count}").status == status


def test_the_quota_holds_three_and_not_four() -> None:
    quota = yaml.safe_load((MATERIAL / "quota.yaml").read_text())
    assert quota["spec"]["hard"] == {"requests.nvidia.com/gpu": "3"}
