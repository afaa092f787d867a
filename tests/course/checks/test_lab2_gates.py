"""Checks of notebook 03 of Lab 2: mistakes that learners make in rules, their tests, the policy and the pipeline."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from grading.hidden import lab2_gates as hidden
from grading.hidden.lab1_module import HiddenTestFailed
from helpers.course.delivery import Platform
from helpers.course.labs import Lab
from tests.worlds import LabWorld

SECURITY, CAPACITY, LABELS = (f"policy/conftest/{name}.rego" for name in ("security", "capacity", "labels"))
TESTS, DATA = "policy/conftest/rules_test.rego", "policy/data/environments.yaml"
WORKLOADS, BINDING = "policy/admission/workloads.yaml", "policy/admission/binding.yaml"
APPLICATION, KEPT = "clusters/admission/application.yaml", "policy/admission/kustomization.yaml"
GATES, WORKFLOW = "gates.yaml", ".github/workflows/gates.yaml"
DEV = "apps/inference/overlays/dev/kustomization.yaml"
STEPS = ("policy", "admission", "pipeline")


@pytest.fixture(scope="module")
def solved(lab2: LabWorld) -> Path:
    """The workspace of the shared world, solved up to the end of the notebook."""
    return lab2.upto("pipeline")


@pytest.fixture
def lab(solved: Path, tmp_path: Path) -> Lab:
    shutil.copytree(solved, tmp_path / "work")
    return Lab("lab2", work=tmp_path / "work")


def change(lab: Lab, file: str, old: str, new: str) -> None:
    text = lab.read(f"platform/{file}")
    assert old in text
    lab.path(f"platform/{file}").write_text(text.replace(old, new, 1))


#: step, file, text, what a learner writes instead, what the reason must say
MISTAKES = [
    (
        "policy",
        SECURITY,
        "in workload.containers",
        "in input.spec.template.spec.containers",
        "does not refuse a privileged init container (rule privileged)",
    ),
    ("policy", SECURITY, "volume.hostPath\n", 'volume.hostPath.path == "/etc"\n', "does not refuse a directory of the"),
    (
        "policy",
        SECURITY,
        "[workload.title(container)]",
        "[container.image]",
        "the message of privileged does not name server",
    ),
    ("policy", SECURITY, "sprintf(", "sprint(", "security.rego:"),
    ("policy", CAPACITY, " * workload.replicas", "", "does not refuse 9 replicas with a GPU each in prod"),
    ("policy", CAPACITY, "workload.limits.gpus\n", "8\n", "does not refuse 2 replicas with a GPU each in dev"),
    ("policy", CAPACITY, "gpus > ", "gpus >= ", "refuses your own overlay dev: Deployment/inference: asks for 1 GPUs"),
    (
        "policy",
        CAPACITY,
        "sum([workload.gpus_of(container) | some container in workload.containers])",
        "1",
        "does not refuse one pod with 12 GPUs",
    ),
    ("policy", LABELS, "\tworkload.runs_pods\n", "", "refuses what is good (a ConfigMap without an owner)"),
    ("policy", LABELS, '"pod-owner"', '"owner"', "(rule pod-owner); it says only"),
    ("policy", DATA, "prod: {gpus: 8}", "prod: {gpus: 80}", "does not refuse 9 replicas"),
    ("policy", DEV, "count: 1", "count: 2", "refuses your own overlay dev"),
    ("policy", TESTS, "test_host_path_is_denied", "host_path_is_denied", "no test fails when this rule is removed"),
    ("policy", TESTS, "test_good_deployment_passes", "good", "when gpu-limit refuses everything: show a good"),
    ("policy", TESTS, '== {"owner"}', '== {"boss"}', "test_missing_owner_is_denied fails"),
    ("admission", WORKLOADS, "failurePolicy: Fail", "failurePolicy: Ignore", "failurePolicy is Ignore"),
    ("admission", WORKLOADS, "  validations:", "  other:", "refuses nothing yet: spec has no validations"),
    ("admission", BINDING, "[Deny]", "[Warn, Audit]", "that warns, and lets it in"),
    ("admission", BINDING, "policyName: tenant-workloads", "policyName: workloads", "the policy workloads, not tenant"),
    ("admission", KEPT, "  - binding.yaml\n", "", "renders to no ValidatingAdmissionPolicyBinding"),
    ("admission", APPLICATION, "path: policy/admission", "path: policy", "path of the Application admission is pol"),
    ("admission", APPLICATION, "project: platform", "project: vision", "project of the Application admission is vis"),
    ("admission", APPLICATION, "      selfHeal: true\n", "", "admission has no selfHeal: true"),
    ("admission", WORKLOADS, "images.acme.test/", "images.acme", "main has another policy/admission/workloads.yaml"),
    ("pipeline", GATES, "signature, render", "render", "the gate signature is not asked"),
    ("pipeline", GATES, "render, policy", "render, polcy", "gates.yaml is not valid: gates lists some of"),
    ("pipeline", GATES, "\nenvironments:", "\nenvironment:", "unknown fields: environment;"),
    (
        "pipeline",
        GATES,
        "prod: [apps/*/overlays/prod]",
        "prod: [apps/overlays/prod]",
        "no environment has the directory",
    ),
    ("pipeline", GATES, "dev: [apps/*/overlays/dev]", "dev: [apps/*/overlays/*]", "is judged as dev, staging, not as"),
    ("pipeline", GATES, "  - clusters/secrets\n", "", "clusters/secrets is named nowhere"),
    ("pipeline", GATES, "images.acme.test", "docker.io", "images.registry is docker.io, not images.acme.test"),
    ("pipeline", GATES, "key: trust", "key: my", "images.key is my/cosign.pub"),
    ("pipeline", GATES, "rules: policy/conftest", "rules: policy", "policy.rules is policy, not policy/conftest"),
    ("pipeline", WORKFLOW, "pull_request:", "push:", "it does not run for a pull_request"),
    ("pipeline", WORKFLOW, "  pull_request:", "  pull_request: {paths: [apps]}", "with paths some pull requests"),
    ("pipeline", WORKFLOW, "  pull_request:", "  pull_request:\n  pull_request_target:", "the rights of main"),
    ("pipeline", WORKFLOW, "contents: read", "contents: write", "not contents: read"),
    ("pipeline", WORKFLOW, "    runs-on", "    permissions: write-all\n    runs-on", "takes write-all for itself"),
    ("pipeline", WORKFLOW, "          fetch-depth: 0\n", "", "no fetch-depth: 0, so the gates see no history"),
    ("pipeline", WORKFLOW, "ref: ${{ github.event.pull_request.head.sha }}", "ref: main", "a merge nobody signed"),
    ("pipeline", WORKFLOW, "          persist-credentials: false\n", "", "leaves a token behind"),
    ("pipeline", WORKFLOW, "11bd71901bbe5b1630ceea73d27597364c9af683", "v4", "pin the action by commit"),
    ("pipeline", WORKFLOW, '"${HEAD}"', '"${HEAD}" || true', "this line is not in gates.yaml"),
    ("pipeline", WORKFLOW, "    steps:", "    continue-on-error: true\n    steps:", "swallows the verdict"),
    (
        "pipeline",
        WORKFLOW,
        'run: course gates . --base "${BASE}" --head "${HEAD}"',
        "uses: ./gates@" + 40 * "a",
        "no step asks the gates",
    ),
    ("pipeline", WORKFLOW, "github.event.pull_request.base.sha", "github.sha", "BASE is ${{ github.sha }}, not"),
    ("pipeline", LABELS, "answers", "speaks", "main has another policy/conftest/labels.rego than your workspace"),
]


@pytest.mark.parametrize(("step", "file", "old", "new", "reason"), MISTAKES)
def test_a_mistake_is_refused_with_its_place(lab: Lab, step: str, file: str, old: str, new: str, reason: str) -> None:
    change(lab, file, old, new)
    result = lab.result(step)
    assert not result.passed
    assert reason in result.reason, result.reason
    assert "Traceback" not in result.reason


def test_a_missing_file_is_named(lab: Lab) -> None:
    for step, file in (("policy", LABELS), ("admission", BINDING), ("pipeline", WORKFLOW)):
        lab.path(f"platform/{file}").unlink()
        assert f"platform/{file} does not exist" in lab.result(step).reason


@pytest.fixture
def world(lab: Lab) -> Iterator[Platform]:
    world = Platform(lab).open()
    yield world
    world.forge("ada").set_policy("platform", {"gates": True})


@pytest.mark.parametrize(
    ("policy", "reason"),
    [({"gates": False}, "the forge asks no gates"), ({"gates": {"image": False}}, "does not count the gates image")],
)
def test_gates_that_the_forge_does_not_ask_are_noticed(
    lab: Lab, world: Platform, policy: dict[str, object], reason: str
) -> None:
    world.forge("ada").set_policy("platform", policy)
    result = lab.result("pipeline")
    assert not result.passed
    assert reason in result.reason


def test_a_policy_that_is_taken_away_by_hand_comes_back(lab: Lab, world: Platform) -> None:
    world.cluster.delete("ValidatingAdmissionPolicyBinding", "tenant-workloads")
    result = lab.result("admission")
    assert result.passed, result.reason


def test_the_checks_leave_nothing_behind_in_the_forge(lab: Lab, world: Platform) -> None:
    assert lab.result("pipeline").passed
    assert not [branch for branch in world.forge().repository("platform").branches if branch.startswith("check-")]
    assert not [pull for pull in world.forge().pulls("platform") if pull.state == "open"]


def test_the_hidden_tests_see_kinds_that_the_check_does_not_show(lab: Lab) -> None:
    change(
        lab, SECURITY, "in workload.containers", 'in object.get(input, ["spec", "template", "spec", "containers"], [])'
    )
    with pytest.raises(HiddenTestFailed, match="do not hold"):
        hidden.policy(lab)


@pytest.mark.parametrize("step", STEPS)
def test_the_solution_passes_visible_and_hidden_tests(lab: Lab, step: str) -> None:
    assert lab.result(step).passed, lab.result(step).reason
    getattr(hidden, step)(lab)
