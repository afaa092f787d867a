"""Step terratest of Lab 1: what its hidden test sees; other styles are in ``tests/course/alternatives``."""

from __future__ import annotations

from pathlib import Path

import pytest

from grading.hidden import lab1_module as hidden
from helpers.course.labs import Lab

pytestmark = [pytest.mark.timeout(1800), pytest.mark.xdist_group("go")]
FILE = "modules/gpu-workspace/test/workspace_test.go"


def test_a_hidden_fault_is_found_that_no_assertion_asks_for(tmp_path: Path) -> None:
    lab = Lab("lab1", work=tmp_path / "work")
    for step in ("interface", "build", "terratest"):
        lab.solve(step)
    bucket = next(line for line in lab.read(FILE).splitlines(keepends=True) if 'outputs["bucket"]' in line)
    lab.write(FILE, lab.read(FILE).replace(bucket, ""))
    with pytest.raises(hidden.HiddenTestFailed, match="bucket has another name"):
        hidden.terratest(lab)
