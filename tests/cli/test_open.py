"""What a learner's JupyterLab shows of nbgrader."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from jupyterlab_server.config import get_page_config

from helpers.cli.open import SETTINGS, begin_tools, jupyter_argv, root_and_page
from helpers.core import process
from helpers.core.paths import ROOT
from helpers.runtime import tools
from helpers.runtime.tools import behind

EXTENSIONS = Path(sys.prefix) / "share/jupyter/labextensions"
FOR_INSTRUCTORS = {
    "@jupyter/nbgrader:create-assignment",
    "@jupyter/nbgrader:course-list",
    "@jupyter/nbgrader:formgrader",
}


@pytest.fixture(autouse=True)
def own_jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))


def disabled(settings: Path | None) -> set[str]:
    return set(get_page_config([str(EXTENSIONS)], settings and str(settings))["disabledExtensions"])


def test_a_learner_is_not_offered_the_instructors_tools() -> None:
    assert f"--LabApp.app_settings_dir={SETTINGS}" in jupyter_argv(8888, browser=False)
    assert disabled(SETTINGS) >= FOR_INSTRUCTORS
    # Fetching, submitting and validating stay.
    assert not {"@jupyter/nbgrader:assignment-list", "@jupyter/nbgrader:validate-assignment"} & disabled(SETTINGS)


def test_an_instructor_has_them_in_plain_jupyterlab() -> None:
    assert not disabled(None) & FOR_INSTRUCTORS


def test_the_names_are_those_of_the_installed_nbgrader() -> None:
    code = "".join(p.read_text() for p in (EXTENSIONS / "@jupyter/nbgrader/static").glob("*.js"))
    named = json.loads((SETTINGS / "page_config.json").read_text())["disabledExtensions"]
    # The bundle writes some names out and puts others together from the package's name.
    assert named and all(name in code or f":{name.partition(':')[2]}" in code for name in named)


def test_jupyterlab_opens_the_learners_copy_of_the_first_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MOD208_WORKSPACE", raising=False)
    assert root_and_page() == (ROOT, "workspace/00-welcome.ipynb")
    monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path))
    assert root_and_page() == (tmp_path, "00-welcome.ipynb")
    assert f"--ServerApp.root_dir={tmp_path}" in jupyter_argv(8888, browser=False)


def test_missing_tools_are_begun_beside_jupyterlab_and_nothing_when_all_are_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(process, "spawn", lambda argv, **options: started.append(list(argv)) or 4321)
    monkeypatch.setattr(behind, "missing", lambda: [tools.spec("argocd")])
    assert begin_tools() == 4321
    assert started == [[sys.executable, "-m", "helpers.runtime.tools.behind", str(os.getpid())]]
    monkeypatch.setattr(behind, "missing", list)
    assert begin_tools() is None
    assert len(started) == 1
