"""Step docs of Lab 1: what the learner's README says besides its reference has to be true as well."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from helpers.course.labs import Lab
from tests.course.checks.judged import said

README = "modules/gpu-workspace/README.md"
EXAMPLE = """## Example

```hcl
variable "registry_token" {
  type      = string
  sensitive = true
  ephemeral = true
}

module "workspace" {
  source  = "registry.acme.test/acme/gpu-workspace/platform"
  version = "~> 1.0"

  team           = "vision"
  environment    = "dev"
  owner          = "vision@acme.test"
  cost_centre    = "cc-4021"
  network_cidr   = "10.20.0.0/20"
  registry_token = var.registry_token
}
```

See [the example](examples/basic/main.tf).

## Reference
"""


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lab = Lab("lab1", work=tmp_path_factory.mktemp("solved") / "work")
    for step in ("interface", "contract", "build", "docs", "version"):
        lab.solve(step)
    lab.write(README, lab.read(README).replace("## Reference\n", EXAMPLE, 1))
    return lab.work


@pytest.fixture
def lab(solved: Path, tmp_path: Path) -> Lab:
    shutil.copytree(solved, tmp_path / "work")
    return Lab("lab1", work=tmp_path / "work")


def test_an_example_that_runs(lab: Lab) -> None:
    result = lab.result("docs")
    assert result.passed, result.reason


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("network_cidr   =", "network_range  =", "network_range"),
        ('"~> 1.0"', '"~> 2.0"', "does not allow 1.0.0"),
        ("acme/gpu-workspace/platform", "acme/gpu-workspace/aws", "is another module"),
        ("examples/basic/main.tf", "examples/full/main.tf", "There is no examples/full/main.tf"),
    ],
)
def test_one_that_does_not(lab: Lab, old: str, new: str, reason: str) -> None:
    assert old in lab.read(README)
    lab.write(README, lab.read(README).replace(old, new))
    found = said(lab, "docs")
    assert reason in found and found.startswith(f"{README}:"), found
