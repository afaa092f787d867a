"""Checks of notebooks 01 to 03: mistakes that learners make, and what they are told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grading.hidden import lab1_module as hidden
from helpers.course.checks import verdict_cache
from helpers.course.labs import Lab

MODULE = "modules/gpu-workspace"
UNIT, RULES, EXAMPLE = "tests/unit.tftest.hcl", "tests/rules.tftest.hcl", "examples/basic/main.tf"
SOLVED = ("interface", "contract", "build", "validate", "plan", "test-mock", "test-cloud", "test-mutants", "drift")


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("solved") / "work"
    lab = Lab("lab1", work=work)
    for step in SOLVED:
        lab.solve(step)
    return work


@pytest.fixture
def lab(solved: Path, tmp_path: Path) -> Lab:
    shutil.copytree(solved, tmp_path / "work")
    return Lab("lab1", work=tmp_path / "work")


def change(lab: Lab, path: str, old: str, new: str) -> None:
    text = lab.read(path)
    assert old in text
    lab.path(path).write_text(text.replace(old, new, 1))


#: step, file, text, what a learner writes instead, what the reason must say
MISTAKES = [
    ("interface", "variables.tf", '"^cc-[0-9]{4}$"', '"cc-[0-9]{4}"', r'variable "cost_centre" accepts'),
    ("interface", "variables.tf", "  sensitive   = true\n", "", r'"registry_token" is a secret, but is not sensitive'),
    ("interface", "variables.tf", "  ephemeral   = true\n", "", "it is not ephemeral"),
    ("interface", "variables.tf", "= 16\n  nullable    = false", "= 16", r'"gpu_quota" takes null'),
    ("interface", "variables.tf", "default     = 16", "default     = 32", r'default of "gpu_quota" is 32, not 16'),
    ("interface", "variables.tf", "= map(string)", "= map(any)", "is map(any), not map(string)"),
    ("interface", "variables.tf", 'description = "Most GPUs', 'descriptio = "Most GPUs', "has no description"),
    ("interface", "variables.tf", 'variable "owner" {', 'variable "owner" ', "variables.tf:"),
    ("interface", "outputs.tf", 'output "gpus"', 'output "gpu_count"', 'output "gpus" is not declared'),
    ("contract", EXAMPLE, "gpu_nodes      = 1", "gpu_count      = 1", "Unsupported argument"),
    ("contract", EXAMPLE, '  team           = "vision"\n', "", "Missing required argument"),
    ("contract", EXAMPLE, "module.workspace.bucket", "module.workspace.buckets", "Unsupported attribute"),
    ("contract", EXAMPLE, '"cc-4021"', '"cc-40"', "cost_centre"),
    ("contract", EXAMPLE, "module.workspace.bucket", '"a-bucket"', "does not come from the module"),
    ("contract", EXAMPLE, '"vision"', '"speech"', "team = 'speech', not 'vision'"),
    ("contract", EXAMPLE, "= var.registry_token", '= "a-literal-token"', "does not fit the interface"),
    ("contract", EXAMPLE, "  ephemeral   = true\n", "", "not ephemeral"),
    ("contract", EXAMPLE, "  sensitive   = true\n", "", "not sensitive"),
    (
        "interface",
        "variables.tf",
        "lookup(local.gpus_per_node, var.gpu_kind, 1)",
        "8",
        "16 l4 nodes of one GPU each fit",
    ),
    ("interface", "variables.tf", "{2,19}", "{4,7}", "refuses the smallest values"),
    ("interface", "variables.tf", "var.gpu_quota <= 8000", "var.gpu_quota <= 64", "refuses the largest values"),
    ("build", "main.tf", '"aws:kms"', '"AES256"', "buckets are encrypted with KMS"),
    ("build", "main.tf", "merge(var.tags, {", "merge({}, {", "the caller's stay"),
    ("build", "main.tf", "network_id  = platform_network.this.id", 'network_id  = "default"', "workspace's network"),
    ("build", "main.tf", "cidr        =", "cidr =", "main.tf is not formatted"),
    ("build", "main.tf", "= var.gpu_quota", "= 8000", "quota is 8000, not 16"),
    ("build", "main.tf", "var.data_retention_days", "var.retention", "Reference to undeclared input variable"),
    ("build", "outputs.tf", "platform_gpu_pool.this.gpus", "var.gpu_nodes", 'output "gpus" gives 3'),
    ("test-mock", UNIT, "[var.environment]", "[var.team]", "environment_is_refused"),
    ("test-mock", UNIT, 'mock_provider "platform" {}', "", "unit.tftest.hcl"),
    ("test-mutants", RULES, '.encryption == "aws:kms"', '.encryption != ""', "mutants survived: encryption"),
    ("test-mutants", RULES, "gpu_nodes              = 3", "gpu_nodes = 1", "pool_follows_the_rules"),
]


@pytest.mark.parametrize(("step", "file", "old", "new", "reason"), MISTAKES)
def test_a_mistake_is_refused_with_its_place(lab: Lab, step: str, file: str, old: str, new: str, reason: str) -> None:
    change(lab, f"{MODULE}/{file}", old, new)
    result = lab.result(step)
    assert not result.passed
    assert reason in result.reason, result.reason
    assert "Traceback" not in result.reason


@pytest.mark.parametrize("where", ["platform_gpu_pool.this.tags", "local.tags"])
def test_tags_may_be_asserted_anywhere(lab: Lab, where: str) -> None:
    text = lab.read(f"{MODULE}/{UNIT}")
    assert "platform_artifact_bucket.this.tags" in text
    lab.path(f"{MODULE}/{UNIT}").write_text(text.replace("platform_artifact_bucket.this.tags", where))
    hidden.test_mock(lab)


@pytest.mark.parametrize("step", ["interface", "contract", "build", "validate", "test-mock", "test-mutants"])
def test_the_solution_passes_visible_and_hidden_tests(lab: Lab, step: str) -> None:
    assert lab.result(step).passed, lab.result(step).reason
    getattr(hidden, step.replace("-", "_"))(lab)


def test_plan_and_cloud_and_their_hidden_tests(lab: Lab) -> None:
    for step in ("plan", "test-cloud"):
        assert lab.result(step).passed, lab.result(step).reason
        getattr(hidden, step.replace("-", "_"))(lab)
    lab.write(
        "answers/plan.yaml", lab.read("answers/plan.yaml").replace("largest_h100_pool: 2", "largest_h100_pool: 3")
    )
    assert "largest_h100_pool is 3" in lab.result("plan").reason


def test_an_integration_test_that_asserts_nothing_is_refused(lab: Lab) -> None:
    change(lab, f"{MODULE}/tests/integration.tftest.hcl", "output.gpus == 2", "output.gpus != null")
    assert 'passes with a wrong output "gpus"' in lab.result("test-cloud").reason


def test_a_detector_that_takes_an_error_for_order_is_refused(lab: Lab) -> None:
    change(
        lab,
        "drift/detect.py",
        '{"in-sync": 0, "drifted": 2}.get(drift.status, 3)',
        '2 if drift.status == "drifted" else 0',
    )
    result = lab.result("drift")
    assert "'could not tell' is reported as 'in sync'" in result.reason
    with pytest.raises(hidden.HiddenTestFailed):
        hidden.drift(lab)


HIDDEN = [
    (hidden.interface, "variables.tf", "{2,19}", "{1,19}"),
    (hidden.build, "main.tf", "var.data_retention_days", "max(var.data_retention_days, 30)"),
    (hidden.test_mock, UNIT, 'output.bucket == "acme-vision-dev-artifacts"', 'output.bucket != ""'),
    (hidden.test_mutants, RULES, "platform_network.this.tags, ", ""),
]


@pytest.mark.parametrize(("test", "file", "old", "new"), HIDDEN)
def test_hidden_tests_see_what_the_check_lets_through(lab: Lab, test: object, file: str, old: str, new: str) -> None:
    change(lab, f"{MODULE}/{file}", old, new)
    with pytest.raises(hidden.HiddenTestFailed):
        test(lab)  # type: ignore[operator]


def test_a_verdict_depends_on_the_files_it_reads(lab: Lab) -> None:
    before = verdict_cache.key_of(lab.work, (MODULE,), "x")
    lab.write("elsewhere.tf", "a")
    assert verdict_cache.key_of(lab.work, (MODULE,), "x") == before
    lab.write(f"{MODULE}/new.tf", "a")
    assert verdict_cache.key_of(lab.work, (MODULE,), "x") != before


def test_a_verdict_depends_on_the_code_of_the_course(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "helpers/course").mkdir(parents=True)
    (tmp_path / "helpers/course/checks.py").write_text("changed = False\n")
    monkeypatch.setattr(verdict_cache, "_HELPERS", tmp_path / "helpers")
    before = verdict_cache.key_of(lab.work, (MODULE,), "x")
    assert verdict_cache.key_of(lab.work, (MODULE,), "x") == before
    verdict_cache.code_digest.cache_clear()
    (tmp_path / "helpers/course/checks.py").write_text("changed = True\n")
    assert verdict_cache.key_of(lab.work, (MODULE,), "x") != before
