"""Lab 1: what a learner's test file declares, as the parser says; words in comments and texts do not count."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.course.checks import Unmet
from helpers.course.checks.lab1_testing import mocked_tests
from helpers.course.checks.support import test_files
from helpers.course.labs import Lab

FILE = "modules/gpu-workspace/tests/integration.tftest.hcl"
RUN = """run "made" {
  command = apply
  assert {
    condition     = output.gpus == 2
    error_message = "x"
  }
}
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab("lab1", work=tmp_path / "work")


def judged(lab: Lab, text: str) -> str:
    lab.write(FILE, text)
    try:
        test_files.asks_the_cloud(test_files.has_runs(lab, FILE), FILE)
    except Unmet as unmet:
        return unmet.reason
    return ""


@pytest.mark.parametrize(
    "text",
    [
        f"# No mock_provider here: this asks the cloud.\n{RUN}",
        RUN.replace("  command = apply\n", ""),
        RUN.replace('"made"', "made"),
        RUN + 'run "refused" {\n  command = plan\n  variables {\n    gpu_nodes = -1\n  }\n'
        "  expect_failures = [var.gpu_nodes]\n}\n",
        RUN.replace('"x"', '"neither command = plan nor a mock_provider"'),
    ],
)
def test_right(lab: Lab, text: str) -> None:
    assert judged(lab, text) == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f'mock_provider "platform" {{}}\n{RUN}', "a mock_provider answers in place of the cloud"),
        (
            RUN.replace("  assert {", "  override_resource {\n    target = platform_gpu_pool.this\n  }\n  assert {"),
            "an override_resource answers in place of the cloud",
        ),
        (RUN.replace("= apply", "= plan"), "none applies"),
        (f"/*\n{RUN}*/\n", "has no run block"),
        (f"variables {{\n  team = <<-E\n{RUN}  E\n}}\n", "has no run block"),
        (RUN.replace("}\n}\n", "}\n"), f"{FILE}:"),
        ("", "does not exist"),
    ],
)
def test_wrong(lab: Lab, text: str, reason: str) -> None:
    assert reason in judged(lab, text)


def test_the_files_of_mocked_tests_are_found_whatever_they_are_called(lab: Lab) -> None:
    folder = "modules/gpu-workspace/tests"
    for name, text in {
        "acme.tftest.hcl": RUN.replace('"made"', "made"),
        "unit.tftest.hcl": RUN,
        "notes.tftest.hcl": f"/*\n{RUN}*/\n",
        "broken.tftest.hcl": "run {",
        "integration.tftest.hcl": RUN,
    }.items():
        lab.write(f"{folder}/{name}", text)
    # What does not parse is Terraform's to refuse, with its line.
    assert mocked_tests(lab) == ["tests/unit.tftest.hcl", "tests/acme.tftest.hcl", "tests/broken.tftest.hcl"]
