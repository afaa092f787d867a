"""Plans for the displays: one made by the real Terraform, others written by hand for our provider's types."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from helpers.core.process import environment
from helpers.runtime import tools
from helpers.wrappers.terraform.types import Plan
from tests.browser import chromium, lab_server
from tests.widgets.plans import CHILD, MAIN, SECRET

__all__ = ["chromium", "lab_server"]


def terraform(folder: Path, *args: str) -> str:
    """Run the real Terraform and return its output."""
    env = environment({"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": "/dev/null"})
    argv = [str(tools.ensure("terraform").path), f"-chdir={folder}", *args]
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """A plan document and the DOT text of real Terraform: an update, a replacement, a destroy, a create, a secret."""
    folder = tmp_path_factory.mktemp("terraform")
    (folder / "child").mkdir()
    (folder / "child" / "main.tf").write_text(CHILD)
    (folder / "main.tf").write_text(MAIN)
    terraform(folder, "init", "-input=false")
    terraform(folder, "apply", "-auto-approve", "-input=false", "-var", "size=1", "-var", "extra=true")
    terraform(folder, "plan", "-input=false", "-out=plan.bin", "-var", "size=2", "-var", f"password={SECRET}-new")
    return json.loads(terraform(folder, "show", "-json", "plan.bin")), terraform(folder, "graph")


@pytest.fixture
def real_plan(real: tuple[dict[str, Any], str]) -> Plan:
    """The real plan as the wrapper gives it."""
    return Plan.from_json(real[0])
