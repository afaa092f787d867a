"""The hooks before a commit: all local, each with a command that exists, and labs without outputs."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.core.paths import ROOT
from scripts import clean_notebooks

CONFIG = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
#: Files of each kind that hooks are for.
SOME = [
    path.relative_to(ROOT).as_posix()
    for top in ("helpers/core", "grading", "source", "release")
    for path in (ROOT / top).rglob("*.*")
]
HOOKS = [hook for repo in CONFIG["repos"] for hook in repo["hooks"]]


def test_nothing_is_fetched() -> None:
    assert [repo["repo"] for repo in CONFIG["repos"]] == ["local"]
    assert {hook["language"] for hook in HOOKS} == {"system"}


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_a_hook_names_a_command_that_exists(hook: dict[str, Any]) -> None:
    program, *arguments = hook["entry"].split()
    assert (ROOT / program).is_file()
    if arguments[:1] == ["-m"]:
        assert importlib.util.find_spec(arguments[1])
    if "files" in hook:
        assert any(re.search(hook["files"], name) for name in SOME)


def test_lint_asks_what_the_hooks_ask() -> None:
    lint = (ROOT / "scripts" / "lint.sh").read_text(encoding="utf-8")
    for command in ("ruff format", "ruff check", "mypy", "lint-imports"):
        assert command in lint
        assert any(command in hook["entry"] for hook in HOOKS)


def test_labs_are_committed_without_outputs() -> None:
    paths = sorted((ROOT / "source").rglob("*.ipynb"))
    assert len(paths) > 15
    assert not clean_notebooks.check(paths, fix=False)


def test_outputs_are_found_and_taken_out_and_nothing_else_changes(tmp_path: Path) -> None:
    lab = sorted((ROOT / "source").rglob("01-*.ipynb"))[0]
    notebook = json.loads(lab.read_text(encoding="utf-8"))
    ran = tmp_path / "ran.ipynb"
    code = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    code["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["a secret\n"]}]
    code["execution_count"] = 3
    ran.write_text(json.dumps(notebook), encoding="utf-8")
    assert clean_notebooks.check([ran], fix=False) == [ran]
    assert clean_notebooks.check([ran], fix=True) == [ran]
    assert ran.read_text(encoding="utf-8") == lab.read_text(encoding="utf-8")
    assert not clean_notebooks.check([ran], fix=False)
