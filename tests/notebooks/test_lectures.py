"""Every lecture runs by papermill in a fresh state, and shows what is committed, by nbval's comparison.

Papermill runs it once; nbval judges that run, so nothing is executed twice.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.core.paths import ROOT
from tests.notebooks import runner

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("notebook", runner.lectures())
def test_lecture(notebook: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = ROOT / notebook
    with runner.fresh(tmp_path):
        executed = runner.execute(path, tmp_path, cwd=path.parent)
    differences = runner.differences(path, executed, request.session)
    assert not differences, "\n\n".join(differences)
