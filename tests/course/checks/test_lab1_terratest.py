"""Step terratest of Lab 1: right in other styles than the solution's, and wrong in ways that look right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grading.hidden import lab1_module as hidden
from helpers.course.labs import Lab
from tests.repeats import SOAK

pytestmark = [pytest.mark.timeout(1800), pytest.mark.xdist_group("go")]
FILE = "modules/gpu-workspace/test/workspace_test.go"
IMPORTS = """package test

import (
	"testing"

	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
)
"""
TABLE = (
    IMPORTS
    + """
func TestWorkspace(t *testing.T) {
	options := options(t)
	t.Cleanup(func() { terraform.Destroy(t, options) })
	terraform.InitAndApply(t, options)
	outputs := terraform.OutputAll(t, options)
	for name, want := range map[string]any{
		"gpus":    2.0,
		"bucket":  "acme-" + options.Vars["team"].(string) + "-dev-artifacts",
		"network": made(t, options, "platform_network")["id"],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, want, outputs[name])
		})
	}
	t.Run("idempotent", func(t *testing.T) {
		assert.Equal(t, 0, terraform.PlanExitCode(t, options))
	})
}
"""
)
STAGES = """package test

import (
	"strings"
	"testing"

	"github.com/gruntwork-io/terratest/modules/terraform"
	teststructure "github.com/gruntwork-io/terratest/modules/test-structure"
	"github.com/stretchr/testify/require"
)

func TestStages(t *testing.T) {
	options := options(t)
	defer teststructure.RunTestStage(t, "teardown", func() { terraform.Destroy(t, options) })
	teststructure.RunTestStage(t, "deploy", func() { terraform.InitAndApply(t, options) })
	teststructure.RunTestStage(t, "validate", func() {
		require.Equal(t, "2", terraform.Output(t, options, "gpus"))
		bucket := terraform.Output(t, options, "bucket")
		require.True(t, strings.HasPrefix(bucket, "acme-tt-") && strings.HasSuffix(bucket, "-dev-artifacts"), bucket)
		require.Equal(t, made(t, options, "platform_gpu_pool")["network_id"], terraform.Output(t, options, "network"))
	})
	teststructure.RunTestStage(t, "rest", func() { terraform.ApplyAndIdempotent(t, options) })
}
"""
BODY = """
func TestWorkspace(t *testing.T) {
	options := options(t)
	%s
	terraform.InitAndApplyAndIdempotent(t, options)
	outputs := terraform.OutputAll(t, options)
	%s
	%s
}
"""
DESTROY = "terraform.Destroy(t, options)"
WRONG = {
    "no assertion": (
        IMPORTS + BODY % (f"defer {DESTROY}", "assert.NotNil(t, outputs)", ""),
        'still passes although the output "gpus" is gone',
    ),
    "a constant": (
        IMPORTS + BODY % (f"defer {DESTROY}", "_ = outputs", "gpus := 2.0\n\tassert.Equal(t, 2.0, gpus)"),
        'still passes although the output "gpus" is gone',
    ),
    "no destroy": (
        IMPORTS + BODY % ("", 'assert.Equal(t, 2.0, outputs["gpus"])', ""),
        "leave 4 resources in the cloud",
    ),
    "destroy at the end": (
        IMPORTS
        + BODY % ("", 'assert.Equal(t, "2", terraform.Output(t, options, "gpus"))', f"_ = outputs\n\t{DESTROY}"),
        "the destroy is not guaranteed",
    ),
    "not compiled": (IMPORTS + "\nfunc TestWorkspace(t *testing.T) {\n\tapply(t)\n}\n", "workspace_test.go:"),
    "never run": (IMPORTS + "\nfunc testWorkspace(t *testing.T) {\n}\n", "and Go never runs it"),
}


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("solved") / "work"
    lab = Lab("lab1", work=work)
    for step in ("interface", "build", "terratest"):
        lab.solve(step)
    return work


@pytest.fixture
def lab(solved: Path, tmp_path: Path) -> Lab:
    shutil.copytree(solved, tmp_path / "work")
    return Lab("lab1", work=tmp_path / "work")


#: Each variant compiles a suite and applies the module several times: an ordinary run has a share of them.
STYLES = {"stages": STAGES, "table": TABLE}
SHARE = ("a constant", "destroy at the end", "not compiled", "never run")


@pytest.mark.soak
@pytest.mark.parametrize("text", STYLES.values() if SOAK else [STAGES], ids=STYLES if SOAK else ["stages"])
def test_other_styles_pass(lab: Lab, text: str) -> None:
    lab.write(FILE, text)
    result = lab.result("terratest")
    assert result.passed, result.reason


@pytest.mark.soak
@pytest.mark.parametrize("name", WRONG if SOAK else SHARE)
def test_what_looks_right_is_refused(lab: Lab, name: str) -> None:
    text, reason = WRONG[name]
    lab.write(FILE, text)
    result = lab.result("terratest")
    assert not result.passed
    assert reason in result.reason, result.reason
    assert "Traceback" not in result.reason


def test_a_hidden_fault_is_found_that_no_assertion_asks_for(lab: Lab) -> None:
    bucket = next(line for line in lab.read(FILE).splitlines(keepends=True) if 'outputs["bucket"]' in line)
    lab.write(FILE, lab.read(FILE).replace(bucket, ""))
    with pytest.raises(hidden.HiddenTestFailed, match="bucket has another name"):
        hidden.terratest(lab)
