"""Lab 1: right solutions in other styles, and wrong ones that look right, for the check and the hidden test.

Each is judged by the check and, where the check lets it pass, by the hidden test; what needs the cloud is elsewhere.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grading.hidden import lab1_module as hidden
from helpers.course.labs import Lab

MODULE, BROKEN = "modules/gpu-workspace", "exercises/broken"
VARIABLES, UNIT = f"{MODULE}/variables.tf", f"{MODULE}/tests/unit.tftest.hcl"
EXAMPLE, POOL, NETWORK = f"{MODULE}/examples/basic/main.tf", f"{BROKEN}/pool.tf", f"{BROKEN}/main.tf"
Changes = list[tuple[str, str, str]]


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("alternatives") / "work"
    lab = Lab("lab1", work=work)
    for step in ("interface", "contract", "build", "validate", "test-mock"):
        lab.solve(step)
    return work


@pytest.fixture
def lab(solved: Path, tmp_path: Path) -> Lab:
    shutil.copytree(solved, tmp_path / "work")
    return Lab("lab1", work=tmp_path / "work")


def written(lab: Lab, changes: Changes) -> None:
    for path, old, new in changes:
        text = lab.read(path)
        assert old in text or not old
        lab.write(path, text.replace(old, new) if old else new)


BUCKET = """output "bucket" {
  description = "Bucket for the team's artifacts."
  value       = module.workspace.bucket
}
"""

RIGHT: dict[str, tuple[str, Changes]] = {
    "interface: a type over several lines, with a comment": (
        "interface",
        [(VARIABLES, "= map(string)", "= map( # of the caller\n    string\n  )")],
    ),
    "interface: without regular expressions": (
        "interface",
        [
            (
                VARIABLES,
                'can(regex("^cc-[0-9]{4}$", var.cost_centre))',
                'var.cost_centre == format("cc-%04d", try(tonumber(substr(var.cost_centre, 3, 4)), -1))',
            ),
            (
                VARIABLES,
                'contains(["dev", "staging", "prod"], var.environment)',
                'anytrue([for stage in ["dev", "staging", "prod"] : stage == var.environment])',
            ),
        ],
    ),
    "interface: one rule as two validations": (
        "interface",
        [
            (
                VARIABLES,
                "    condition     = var.gpu_quota >= 0 && var.gpu_quota <= 8000 && "
                "floor(var.gpu_quota) == var.gpu_quota\n",
                "    condition     = abs(var.gpu_quota - 4000) <= 4000\n"
                '    error_message = "gpu_quota is from 0 to 8000."\n  }\n\n  validation {\n'
                "    condition     = var.gpu_quota % 1 == 0\n",
            )
        ],
    ),
    "contract: values in locals": (
        "contract",
        [
            (EXAMPLE, '"vision"\n  environment    = "dev"', 'local.who.team\n  environment    = local.who["stage"]'),
            (
                EXAMPLE,
                'module "workspace"',
                'locals {\n  who = { team = "vision", stage = "dev" }\n}\n\nmodule "workspace"',
            ),
        ],
    ),
    "contract: another name, defaults left out": (
        "contract",
        [
            (EXAMPLE, 'module "workspace"', 'module "gpus_of_vision"'),
            (EXAMPLE, "module.workspace.", "module.gpus_of_vision."),
            (EXAMPLE, '  gpu_kind       = "l4"\n  gpu_nodes      = 1\n', ""),
        ],
    ),
    "contract: outputs in a file of their own": (
        "contract",
        [
            (
                EXAMPLE,
                BUCKET,
                "",
            ),
            (
                f"{MODULE}/examples/basic/outputs.tf",
                "",
                'output "bucket" {\n  value = one(module.workspace[*].bucket)\n}\n',
            ),
        ],
    ),
    "validate: the cost centre in a local of another file": (
        "validate",
        [
            (POOL, '"cc-4022"', "local.cost_centre"),
            (NETWORK, '"cc-4022"', "local.cost_centre"),
            (f"{BROKEN}/locals.tf", "", 'locals {\n  cost_centre = "cc-4022"\n}\n'),
        ],
    ),
    "validate: the pool finds its network by a local": (
        "validate",
        [
            (POOL, "platform_network.speech.id", "local.network.id"),
            (f"{BROKEN}/locals.tf", "", "locals {\n  network = platform_network.speech\n}\n"),
        ],
    ),
    "validate: everything in one file, names by format": (
        "validate",
        [(POOL, '"speech-${var.environment}"', 'format("speech-%s", var.environment)')],
    ),
    "test-mock: what is wanted in a variable of the file": (
        "test-mock",
        [(UNIT, '"acme-vision-dev-artifacts"', 'join("-", ["acme", var.team, var.environment, "artifacts"])')],
    ),
    "test-mock: one assertion with both": (
        "test-mock",
        [
            (
                UNIT,
                'output.workspace_id == "vision-dev"',
                'output.workspace_id == "vision-dev" && output.bucket == "acme-${output.workspace_id}-artifacts"',
            )
        ],
    ),
    "test-mock: the resource asked instead of the output": (
        "test-mock",
        [(UNIT, 'output.bucket == "acme', 'platform_artifact_bucket.this.name == "acme')],
    ),
}

WRONG: dict[str, tuple[str, Changes]] = {
    "interface: letters among the digits": (
        "interface",
        [(VARIABLES, "^cc-[0-9]{4}$", "^cc-[0-9a-z]{4}$")],
    ),
    "interface: only whole numbers by their text": (
        "interface",
        [(VARIABLES, "floor(var.gpu_quota) == var.gpu_quota", "length(tostring(var.gpu_quota)) < 5")],
    ),
    "interface: any type converts": ("interface", [(VARIABLES, "= map(string)", "= map(any)")]),
    "contract: the quota raised": (
        "contract",
        [(EXAMPLE, "gpu_nodes      = 1", "gpu_nodes      = 1\n  gpu_quota      = 32")],
    ),
    "contract: somebody else's address": ("contract", [(EXAMPLE, "vision@acme.test", "me@mail.test")]),
    "contract: the outputs swapped": (
        "contract",
        [(EXAMPLE, "module.workspace.hourly_cost_usd", "module.workspace.gpus")],
    ),
    "validate: the range typed in, its variable in a comment": (
        "validate",
        [(NETWORK, "= var.network_cidr", '= "10.30.0.0/20" # var.network_cidr')],
    ),
    "validate: the pool in a network by its name": (
        "validate",
        [(POOL, "= platform_network.speech.id", '= "speech-dev" # platform_network.speech.id')],
    ),
    "validate: the environment forgotten": (
        "validate",
        [(POOL, '"speech-${var.environment}"', '"speech-dev" # var.environment')],
    ),
    "test-mock: any name is good": (
        "test-mock",
        [(UNIT, 'output.bucket == "acme-vision-dev-artifacts"', "length(output.bucket) > 0")],
    ),
    "test-mock: it asks what it was told": (
        "test-mock",
        [(UNIT, 'output.bucket == "acme-vision-dev-artifacts"', "output.bucket == platform_artifact_bucket.this.name")],
    ),
    "test-mock: a refusal of everything": (
        "test-mock",
        [(UNIT, 'environment = "production"', 'environment = "prod"')],
    ),
}


def hidden_test(lab: Lab, step: str) -> None:
    getattr(hidden, step.replace("-", "_"))(lab)


@pytest.mark.parametrize("name", RIGHT)
def test_right_in_another_style(lab: Lab, name: str) -> None:
    step, changes = RIGHT[name]
    written(lab, changes)
    assert lab.result(step).passed, lab.result(step).reason
    hidden_test(lab, step)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_though_it_looks_right(lab: Lab, name: str) -> None:
    step, changes = WRONG[name]
    written(lab, changes)
    result = lab.result(step)
    assert "Traceback" not in result.reason
    if result.passed:
        with pytest.raises(hidden.HiddenTestFailed):
            hidden_test(lab, step)


def test_each_step_has_three_of_each() -> None:
    for solutions in (RIGHT, WRONG):
        steps = [step for step, _ in solutions.values()]
        assert {step: steps.count(step) for step in steps} == dict.fromkeys(
            ("interface", "contract", "validate", "test-mock"), 3
        )
