"""Hidden tests of Lab 1, notebooks 01 to 03: the same questions with values a learner has not seen.

Each raises `HiddenTestFailed` with a reason that names the file, not the value that was tried.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from helpers.core import process
from helpers.core.errors import CourseError
from helpers.core.paths import ROOT
from helpers.course.checks import Unmet
from helpers.course.checks.lab1_module import BROKEN, EXAMPLE, LIVE, call_of_example, follows_rules, formatted
from helpers.course.checks.lab1_testing import INTEGRATION, UNIT, beside, has_runs, in_cloud, tested
from helpers.course.checks.support import component_example, component_rules, component_tests, go_suites
from helpers.course.checks.support.component import bench, in_pulumi
from helpers.course.checks.support.component_faults import faults as of_component
from helpers.course.checks.support.gpu_workspace import INPUTS, MADE_UP, MODULE
from helpers.course.checks.support.module_probes import Probe, ask_all, inspect, learners_fault, scratch
from helpers.course.checks.support.mutants import Mutant, run, survivors
from helpers.course.checks.support.terraform_runs import NOWHERE, one_provider, terraform
from helpers.course.labs import Lab
from helpers.wrappers.terraform.errors import TerraformError


class HiddenTestFailed(CourseError, AssertionError):
    """A hidden test does not pass."""

    code = "hidden-test-failed"


@contextmanager
def _judged(what: str) -> Iterator[None]:
    try:
        yield
    except Unmet as unmet:
        raise HiddenTestFailed(what, why=unmet.reason) from None


def _refuses(name: str, values: Sequence[Any], **also: Any) -> list[Probe]:
    say = f'{MODULE}/variables.tf: variable "{name}" accepts a value that the decision forbids'
    return [Probe(f"{name}_{i}", {**also, name: value}, refused=[name], say=say) for i, value in enumerate(values)]


def interface(lab: Lab) -> None:
    """The inputs accept and refuse other values than those of the check."""
    good = {
        "gpu_kind": "t4",
        "gpu_nodes": 0,
        "gpu_quota": 0,
        "network_cidr": "172.20.0.0/24",
        "team": "nlp-2",
        "environment": "staging",
        "data_retention_days": 3650,
        "owner": "ml.ops@eu.acme.test",
    }
    probes = [
        Probe("good", good, say=f"{MODULE}/variables.tf refuses values that the decision allows"),
        *_refuses("team", ["-nlp", "nlp lab", "", "ml"]),
        *_refuses("environment", ["test", ""]),
        *_refuses("owner", ["@acme.test", "vision@", "a b@acme.test"]),
        *_refuses("cost_centre", ["CC-4021", "cc-402", "xcc-4021", "cc-40x1"]),
        *_refuses("gpu_kind", ["A100", ""]),
        *_refuses("gpu_nodes", [0.5, -7]),
        *_refuses("gpu_nodes", [2], gpu_kind="h100", gpu_quota=15),
        *_refuses("gpu_quota", [2.5]),
        *_refuses("network_cidr", ["10.0.0.0/25", "10.0.0.0/15", "10.0.0.300/20", "ten"]),
        *_refuses("data_retention_days", [-1, 0.5]),
        *_refuses("registry_token_version", [1.5, -1]),
    ]
    if in_pulumi(lab):
        with _judged("The component does not hold for other values"), bench(lab, made_up=True) as copy:
            asked = [p for p in probes if component_rules.ABSENT not in p.variables]
            component_rules.answers(copy, asked, {}, outputs=())
        return
    with _judged("The interface does not hold for other values"), scratch(lab, f"{MODULE}/variables.tf") as room:
        ask_all(room / MODULE, MODULE, probes, INPUTS)


def contract(lab: Lab) -> None:
    """The example asks for nothing that was not agreed."""
    with _judged("The example does not keep to what was agreed"):
        if in_pulumi(lab):
            with bench(lab, made_up=True) as copy:
                given = {"gpu_quota": 16, **component_example.called(copy)}
        else:
            given = call_of_example(lab, inspect(lab, EXAMPLE))
        if given["owner"] != "vision@acme.test" and "@acme.test" not in given["owner"]:
            raise Unmet(f"{EXAMPLE}: the owner is not somebody at acme")
        if given["gpu_quota"] > 16:
            raise Unmet(f"{EXAMPLE}: the example raises its own quota")


def build(lab: Lab) -> None:
    """The rules hold for workspaces the learner has not seen."""
    third = {
        **INPUTS,
        "team": "nlp-2",
        "environment": "prod",
        "owner": "nlp@acme.test",
        "cost_centre": "cc-9001",
        "network_cidr": "172.20.0.0/22",
        "gpu_kind": "h100",
        "gpu_nodes": 2,
        "gpu_quota": 17,
        "data_retention_days": 1,
        "registry_token_version": 9,
        "tags": {"module": "mine", "environment": "dev", "stage": "canary"},
    }
    idle = {**INPUTS, "gpu_nodes": 0, "tags": {}}
    what = "The module does not follow the rules for other inputs"
    if in_pulumi(lab):
        with _judged(what):
            component_rules.build(lab, {"third": third, "idle": idle})
        return
    with _judged(what), scratch(lab, MODULE, pattern="*.tf") as room, one_provider():
        formatted(room / MODULE, MODULE)
        follows_rules(room / MODULE, {"third": third, "idle": idle})


#: What the speech team meant: type, attribute, and its value for the inputs of a call.
_MEANT: tuple[tuple[str, str, Callable[[dict[str, str]], str]], ...] = (
    ("platform_network", "cidr", lambda given: given["network_cidr"]),
    ("platform_gpu_pool", "name", lambda given: f"speech-{given['environment']}"),
    ("platform_gpu_pool", "network_id", lambda given: MADE_UP["platform_network"]["id"]),
    ("platform_network", "cost_centre", lambda given: "cc-4022"),
    ("platform_gpu_pool", "cost_centre", lambda given: "cc-4022"),
)


def validate(lab: Lab) -> None:
    """The repaired module, built for two calls, still does what it was written for."""
    calls = {
        "dev": {"environment": "dev", "network_cidr": "10.30.0.0/20"},
        "prod": {"environment": "prod", "network_cidr": "172.30.0.0/22"},
    }
    say = f"{BROKEN} cannot be built"
    probes = [Probe(name, given, apply=True, say=say) for name, given in calls.items()]
    what = "The repaired module does not do what the speech team meant"
    with _judged(what), scratch(lab, BROKEN, pattern="*.tf") as room, one_provider():
        with learners_fault(BROKEN):
            terraform(room / BROKEN).init(backend=False)
        answers = ask_all(room / BROKEN, BROKEN, probes, {}, mock=MADE_UP, details=True)
        for name, given in calls.items():
            for kind, attribute, wanted in _MEANT:
                built = [r for r in answers.states[name].resources if r.type == kind and r.mode == "managed"]
                if not any(r.values.get(attribute) == wanted(given) for r in built):
                    raise Unmet(f"{BROKEN}: no {kind} has the {attribute} that was meant; repairing is not deleting")


def plan(lab: Lab) -> None:
    """The token is in no file of the workspace and the module is used as it is."""
    with _judged("The workspace of vision is not as it should be"):
        if in_pulumi(lab):
            component_example.asks_for_token(lab)
            return
        found = inspect(lab, LIVE)
        if not any(call.source.endswith(MODULE) for call in found.module_calls):
            raise Unmet(f"{LIVE}: no module block uses {MODULE}")
        token = found.variable("registry_token")
        if token is None or not token.required:
            raise Unmet(f'{LIVE}: "registry_token" has a default, so a secret is in a file')


def test_mock(lab: Lab) -> None:
    """The unit tests notice wrong names, and lost tags wherever they look for them."""
    name = Mutant(
        "bucket-name", "platform_artifact_bucket", {"name": "acme-somewhere-else"}, "the bucket has another name"
    )
    lost = {"tags": {"team": "somebody-else"}}
    tags = [Mutant(f"{kind}-tags", kind, lost, "the team's tag is lost") for kind in MADE_UP]
    with _judged("The unit tests do not notice a planted fault"):
        if in_pulumi(lab):
            of_bucket = [one for one in tags if one.type == name.type]
            component_tests.mutants(lab, of_component((name, *of_bucket)), files=[component_tests.UNIT])
            return
        has_runs(lab, UNIT)
        _none_survives(lab, [UNIT], (name,))
        with tested(lab) as folder:
            alive = survivors(lab, folder, [UNIT], NOWHERE, tags)
            if len(alive) == len(tags) and not _local_tags_noticed(folder):
                raise Unmet(f"every test still passes although {alive[0].mutant.fault}")


def _local_tags_noticed(folder: Path) -> bool:
    """Return whether the unit tests look at a local value ``tags``, which no fault of a resource changes."""
    blocks = [m for file in folder.glob("*.tf") for m in _LOCAL_TAGS.finditer(file.read_text(encoding="utf-8"))]
    copy = beside(folder, "local-tags")
    (copy / "planted_override.tf.json").write_text(json.dumps({"locals": {"tags": {"team": "somebody-else"}}}))
    return bool(blocks) and not run(copy, [UNIT], NOWHERE)


_LOCAL_TAGS = re.compile(r"^locals \{\n(?:.*\n)*?  tags\s+=", re.MULTILINE)


def test_cloud(lab: Lab) -> None:
    """The integration tests need the cloud: where none is, they fail."""
    with _judged("The integration tests do not test the cloud"):
        if in_pulumi(lab):
            component_tests.on_cloud(lab, in_cloud, component_tests.REFUSED_BY_CLOUD)
            return
        has_runs(lab, INTEGRATION)
        with tested(lab) as folder:
            try:
                passed = terraform(folder).test(filter=[INTEGRATION]).passed
            except TerraformError:
                passed = False
        if passed:
            raise Unmet(f"{MODULE}/{INTEGRATION} passes where there is no cloud")


def test_mutants(lab: Lab) -> None:
    """The tests notice faults of the same kind that the table does not list."""
    faults = (
        Mutant("network-tags", "platform_network", {"tags": None}, "the network loses its tags"),
        Mutant("bucket-tags", "platform_artifact_bucket", {"tags": None}, "the bucket loses its tags"),
        Mutant("retention", "platform_artifact_bucket", {"expire_days": None}, "the artifacts never expire"),
        Mutant("default", "platform_artifact_bucket", {"expire_days": 30}, "the bucket always keeps artifacts 30 days"),
        Mutant(
            "encryption", "platform_artifact_bucket", {"encryption": None}, "the encryption is left to the provider"
        ),
    )
    files = [f"tests/{path.name}" for path in sorted(lab.path(f"{MODULE}/tests").glob("*.tftest.hcl"))]
    with _judged("The tests do not notice a planted fault"):
        if in_pulumi(lab):
            component_tests.mutants(lab, of_component(faults))
            return
        _none_survives(lab, [name for name in files if name != INTEGRATION], faults)


def _none_survives(lab: Lab, files: list[str], faults: Sequence[Mutant]) -> None:
    with tested(lab) as folder:
        alive = survivors(lab, folder, files, NOWHERE, faults)
    if alive:
        raise Unmet(f"every test still passes although {alive[0].mutant.fault}")


def terratest(lab: Lab) -> None:
    """The Go tests notice faults of the same kind that the task does not list."""
    faults = (
        go_suites.Fault(
            "bucket", "the bucket has another name", "the bucket's name", go_suites.output("bucket", "acme-elsewhere")
        ),
        go_suites.Fault("gpus", "the number of GPUs is wrong", "the number of GPUs", go_suites.output("gpus", 0)),
    )
    with (
        _judged("The Go tests do not notice a planted fault"),
        scratch(lab, MODULE) as room,
        go_suites.Suites(room / MODULE) as suites,
    ):
        go_suites.passing(suites)
        go_suites.noticed(suites, faults)


def drift(lab: Lab) -> None:
    """The detector keeps the three answers apart for results of any content."""
    script = (
        "import runpy, sys\n"
        "from helpers.wrappers.terraform.types import Drift\n"
        "made = runpy.run_path(sys.argv[1], run_name='detector')\n"
        "for status in ('in-sync', 'drifted', 'unknown'):\n"
        "    print(made['exit_code'](Drift(status, why='a reason')))\n"
        "said = made['report'](Drift('unknown', why='no permission to read')) or []\n"
        "print(said if isinstance(said, str) else ' '.join(said))\n"
    )
    env = process.environment({"PYTHONPATH": str(ROOT)})
    with _judged("The detector mixes up its answers"), learners_fault("drift"):
        done = process.run([sys.executable, "-c", script, lab.path("drift/detect.py")], env=env, timeout=60)
        lines = done.stdout.split("\n")
        if lines[:3] != ["0", "2", "3"]:
            raise Unmet("drift/detect.py: exit_code does not give 0, 2 and 3 for the three answers")
        if "no permission to read" not in done.stdout:
            raise Unmet("drift/detect.py: the report does not say why it could not tell")
