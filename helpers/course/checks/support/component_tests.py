"""Lab 1 in Pulumi: do the learner's tests pass, and do they notice?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from helpers.clients.aws import cloud
from helpers.core.verdicts.checks import Unmet, require
from helpers.course.checks.support.component import COMPONENT, bench, hints
from helpers.course.checks.support.component_faults import Ran, faults, run
from helpers.course.checks.support.terraform_runs import NOWHERE
from helpers.course.workspace import Workspace

UNIT, CLOUD = "tests/test_unit.py", "tests/test_cloud.py"
#: Inputs whose refusals the unit tests must show.
REFUSALS = ("team", "environment", "cost_centre", "network_cidr", "gpu_nodes")
_UNIT_HINTS = (
    "Which bad values would a tired colleague type? Which test shows each of them refused?",
    "pulumi.runtime.set_mocks(...) stands for the engine. with pytest.raises(...) around GpuWorkspace(...) passes only "
    "when the value is refused. What was declared is in the mocks' new_resource(args).",
    '@pytest.mark.parametrize("bad", [{"team": "Vision"}, ...])\ndef test_refused(bad):\n'
    '    with pytest.raises(Exception):\n        GpuWorkspace("refused", GpuWorkspaceArgs(**{**GOOD, **bad}))',
)


def unit(lab: Workspace) -> str:
    """The tests with Pulumi's mocks pass with no cloud in reach, and show the refusals."""
    _there(lab, UNIT)
    with hints(*_UNIT_HINTS), bench(lab, made_up=False) as copy:
        found = run(copy, [UNIT], {name: {"tolerate": name} for name in REFUSALS}, NOWHERE)
        _good(found, UNIT)
        missing = [name for name in REFUSALS if found[name].good]
        say = f"{COMPONENT}/{UNIT}: no test shows a bad value refused for " + ", ".join(f'"{n}"' for n in missing)
        require(not missing, say)
    return f"{found['none'].passed} tests pass without a cloud and show {len(REFUSALS)} kinds of refusals"


def mutants(
    lab: Workspace, planted: Mapping[str, Mapping[str, Any]] | None = None, files: Sequence[str] | None = None
) -> str:
    """No planted fault survives the tests with mocks, which pass on the component as it is.

    Args:
        planted: other faults than those of the lab's table. files: only these tests, below the component.
    """
    every = faults() if planted is None else dict(planted)
    there = sorted(f"tests/{path.name}" for path in lab.path(f"{COMPONENT}/tests").glob("test_*.py"))
    _there(lab, UNIT)
    with (
        hints(
            "If this fault were in your component tonight, which of your tests would be red tomorrow?",
            "Look at what the mocks were given for the object that the reason names, with inputs unlike the defaults.",
            'bucket = declared("ArtifactBucket")\nassert bucket["encryption"] == "aws:kms"\n'
            "and likewise for the attribute in the reason",
        ),
        bench(lab, made_up=False) as copy,
    ):
        found = run(copy, [name for name in files or there if name != CLOUD], every, NOWHERE)
        _good(found, UNIT)
        alive = [name for name in every if found[name].good]
        if alive:
            first = every[alive[0]]
            raise Unmet(
                f"{len(alive)} mutants survived: {', '.join(alive)}. The first: {first['what']} ({first['type']}: "
                f"{first['attributes']}), and every test still passes"
            )
    return f"all {len(every)} planted faults were caught"


#: Faults that the test on the cloud has to notice.
WRONG: Mapping[str, Mapping[str, Any]] = {
    "gpus": {"output": "gpus", "value": 0},
    "token_secret_arn": {"output": "token_secret_arn", "value": "arn:wrong"},
    "hourly_cost_usd": {"output": "hourly_cost_usd", "value": -1},
}
REFUSED_BY_CLOUD: Mapping[str, Mapping[str, Any]] = {"bucket": {"refuse": "BucketProvider"}}


def on_cloud(
    lab: Workspace, in_cloud: Callable[[], Sequence[str]], planted: Mapping[str, Mapping[str, Any]] = WRONG
) -> str:
    """The test on the cloud makes a workspace, asserts what came out, and leaves nothing, also when it fails."""
    _there(lab, CLOUD)
    with (
        hints(
            "What does only an update of a real stack know? Who removes it when an assertion fails?",
            "Pulumi(...).up() in try, assertions on pulumi.output(), and destroy() in finally.",
            "pulumi.stack_init()\ntry:\n    pulumi.up()\n    outputs = pulumi.output()\n"
            '    assert outputs["gpus"].value == 2\n    ...\nfinally:\n    pulumi.destroy()',
        ),
        bench(lab, made_up=False) as copy,
    ):
        before = set(in_cloud())
        found = run(copy, [CLOUD], planted, cloud.environment("vision"))
        _good(found, CLOUD)
        left = sorted(set(in_cloud()) - before)
        require(not left, f"{COMPONENT}/{CLOUD} leaves {', '.join(left)} in the cloud; does it destroy what it made?")
        for name, fault in planted.items():
            what = f'with a wrong output "{name}": nothing asserts it'
            if "refuse" in fault:
                what = f"although the cloud refuses to make the {name}: it makes nothing there"
            require(not found[name].good, f"{COMPONENT}/{CLOUD} passes {what}")
    return f"{found['none'].passed} tests made a workspace, noticed {len(planted)} faults, and left nothing behind"


def _there(lab: Workspace, file: str) -> None:
    text = lab.read(f"{COMPONENT}/{file}")
    say = "has no test" if text else "does not exist"
    require("def test_" in text, f"{COMPONENT}/{file} {say}")


def _good(found: Mapping[str, Ran], file: str) -> None:
    plain = found["none"]
    said = plain.first or ("nothing ran" if not plain.passed else f"pytest ends with {plain.code}")
    require(plain.good, f"{COMPONENT}/{file}: {' '.join(said.split())[:600]}")
