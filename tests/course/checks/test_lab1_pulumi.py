"""Lab 1 done in Pulumi: right in three styles, and wrong in ways that look right; Pulumi's own engine judges.

Each step has a share of its variants in an ordinary run and all of them under ``make soak``: an engine takes seconds.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from grading.hidden import lab1_module as hidden
from helpers.course.checks.support.component import CHOICE, COMPONENT
from helpers.course.labs import Lab
from tests.course.checks.component_files import edit
from tests.course.checks.components import INIT, RIGHT, write
from tests.course.checks.judged import said
from tests.repeats import SOAK

pytestmark = [pytest.mark.timeout(1800), pytest.mark.xdist_group("pulumi-lab"), pytest.mark.soak]
EXAMPLE, UNIT = f"{COMPONENT}/examples/basic/__main__.py", f"{COMPONENT}/tests/test_unit.py"


def share(variants: list[tuple[str, ...]], ordinary: int = 1) -> list[tuple[str, ...]]:
    """Return the first variants in an ordinary run, all under ``make soak``."""
    return variants if SOAK else variants[:ordinary]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return write(Lab("lab1", work=tmp_path / "work"))


def passes(lab: Lab, *steps: str) -> None:
    for step in steps:
        result = lab.result(step)
        assert result.passed, result.reason


@pytest.mark.parametrize("style", RIGHT if SOAK else ["plain class"])
def test_a_component_may_be_written_in_any_style(lab: Lab, style: str) -> None:
    passes(write(lab, style), "build", "contract", "test-mutants")
    if SOAK:
        passes(lab, "interface", "test-mock")
        hidden.interface(lab)
        hidden.build(lab)
        hidden.contract(lab)


def test_the_choice(lab: Lab) -> None:
    lab.write(CHOICE, "module: cdk\n")
    assert said(lab, "build") == "tool.yaml: module is 'cdk'; it is terraform or pulumi"
    # Without a choice, and with this one, the lab is Terraform's.
    for text in ("", "module: terraform\n"):
        lab.write(CHOICE, text)
        assert said(lab, "interface") == "modules/gpu-workspace has no .tf file"
    lab.write(CHOICE, "module: pulumi\n")
    lab.path(INIT).unlink()
    assert said(lab, "build") == f"{INIT} does not exist: the component is a Python package"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    share(
        [
            ("gpus = self.gpu_nodes * (kind.gpus if kind else 1)", "gpus = self.gpu_nodes", "accepts 3 with"),
            ("{**args.tags, **marks}", "{**marks, **args.tags}", "the platform's three tags win"),
            ('f"{name}-network"', '"network"', "uplicate resource URN"),
            ('"cidr": args.network_cidr}, child)', '"cidr": args.network_cidr})', "not part of the component"),
            ("register_outputs({})", 'register_outputs({"token": args.registry_token})', "in the state in clear"),
            ("args.gpu_nodes * kind.gpus)", "args.gpu_nodes)", 'output "gpus" gives 3'),
            ('"cost_centre: cc-', '"cc-', "does not name cost_centre"),
        ],
    ),
)
def test_a_component_that_looks_right(lab: Lab, old: str, new: str, reason: str) -> None:
    edit(lab, INIT, old, new)
    assert reason in said(lab, "build")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    share(
        [
            ("workspace.bucket)", '"acme-vision-dev-artifacts")', '"bucket" is not the component\'s bucket'),
            ("cost_centre=", "cost_center=", "cost_center"),
            ("config.require_secret", "config.require", "not a secret of the configuration"),
            ('environment="dev"', 'environment="prod"', "gets environment = 'prod', not 'dev'"),
        ]
    ),
)
def test_an_example_that_looks_right(lab: Lab, old: str, new: str, reason: str) -> None:
    edit(lab, EXAMPLE, old, new)
    assert reason in said(lab, "contract")


def test_the_plan_is_read_from_previews(lab: Lab) -> None:
    passes(lab, "plan")
    edit(lab, "answers/plan.yaml", "largest_h100_pool: 2", "largest_h100_pool: 1")
    if SOAK:
        assert "largest_h100_pool is 1" in said(lab, "plan")
        edit(lab, "live-pulumi/__main__.py", 'config.get_int("gpu_nodes") or 1', "1")
        assert "with gpu_kind h100 and gpu_nodes 2 in the configuration it makes" in said(lab, "plan")
        edit(lab, "live-pulumi/__main__.py", "workspace = GpuWorkspace(", "workspace = (lambda *_: None)(")
        assert "The program failed" in said(lab, "plan")


@pytest.mark.parametrize(
    ("step", "old", "new", "reason"),
    share(
        [
            # It raises because arguments are missing, whatever the component does.
            ("test-mock", "GpuWorkspaceArgs(**{**GOOD, **bad})", "GpuWorkspaceArgs(**bad)", '"team", "environment"'),
            ("test-mock", '{"cost_centre": "4021"},', "", 'no test shows a bad value refused for "cost_centre"'),
            ("test-mock", 'bucket["expire_days"] == 7', 'bucket["expire_days"] == 8', "test_the_rules"),
            ("test-mutants", ' and bucket["versioning"]', "", "1 mutants survived: versioning"),
            ("test-mutants", "gpu_nodes=2,", "gpu_nodes=1,", "test_the_rules"),
        ]
    ),
)
def test_tests_that_look_right(lab: Lab, step: str, old: str, new: str, reason: str) -> None:
    edit(lab, UNIT, old, new)
    assert reason in said(lab, step)


@pytest.mark.parametrize("attribute", ["encryption", "expire_days"] if SOAK else ["encryption"])
def test_hidden_faults_are_planted_in_components_too(lab: Lab, attribute: str) -> None:
    if SOAK:
        hidden.test_mock(lab)
        hidden.test_mutants(lab)
    asserted = next(line for line in lab.read(UNIT).splitlines() if f'bucket["{attribute}"]' in line)
    edit(lab, UNIT, asserted, "        pass")
    with pytest.raises(hidden.HiddenTestFailed):
        hidden.test_mutants(lab)
