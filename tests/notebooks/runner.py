"""Finds the course's notebooks and executes the lectures, by papermill, as a reader with an empty state would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.core.paths import ROOT
from helpers.runtime import services

SANITIZE = Path(__file__).with_name("sanitize.cfg")
#: Seconds one cell may take.
CELL = 900


def lectures(root: Path = ROOT) -> list[str]:
    """Return every notebook under ``notebooks/``. None at all is an error: a check that finds nothing must not pass."""
    return _found(root, "notebooks")


def labs(root: Path = ROOT) -> dict[str, list[str]]:
    """Return assignment -> its notebooks in order, from ``source/``; none at all is an error."""
    folders: dict[str, list[str]] = {}
    for path in _found(root, "source"):
        if path != "source/header.ipynb":
            folders.setdefault(Path(path).parent.name, []).append(path)
    assert folders, "no assignment under source/"
    return folders


def _found(root: Path, folder: str) -> list[str]:
    kept = (".ipynb_checkpoints", ".state", "work")
    paths = [path.relative_to(root) for path in (root / folder).rglob("*.ipynb")]
    found = sorted(path.as_posix() for path in paths if not set(kept).intersection(path.parts))
    assert found, f"no notebook under {root / folder}"
    return found


@contextmanager
def fresh(room: Path) -> Iterator[Path]:
    """State and workspace of one reader; services are stopped at the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(room / "state"))
        patch.setenv("MOD208_WORKSPACE", str(room / "workspace"))
        # The terminal's settings must not decide what a notebook shows.
        patch.setenv("IPYTHONDIR", str(room / "ipython"))
        patch.setenv("COLUMNS", "80")
        # Questions have other values for each learner; the committed outputs are this one's.
        patch.setenv("MOD208_LEARNER", "reader")
        try:
            yield room
        finally:
            # A notebook that fails must not leave its services running beside the rest of the run.
            if (room / "state" / "services").is_dir():
                services.stop()


def execute(path: Path, room: Path, cwd: Path) -> Any:
    """Run a notebook by papermill; return it with its outputs. An error in a cell is raised."""
    import papermill

    cwd.mkdir(parents=True, exist_ok=True)
    made = room / path.name
    papermill.execute_notebook(
        str(path), str(made), cwd=str(cwd), kernel_name="python3", progress_bar=False, execution_timeout=CELL
    )
    return nbformat.read(made, 4)


def differences(path: Path, executed: Any, session: pytest.Session) -> list[str]:
    """Compare a committed notebook's outputs with those of a run, by nbval's own rules, marks and sanitizers."""
    from nbval.plugin import IPyNbFile, coalesce_streams, get_sanitize_patterns

    collector = IPyNbFile.from_parent(session, path=path)
    collector.sanitize_patterns.update(get_sanitize_patterns(SANITIZE.read_text(encoding="utf-8")))
    collector.compare_outputs = True
    items = list(collector.collect())
    ran = [cell for cell in executed.cells if cell.cell_type == "code"]
    ran = [cell for cell in ran if "injected-parameters" not in cell.metadata.get("tags", [])]
    assert len(items) == len(ran), "papermill ran other cells than the notebook has"
    found = []
    for item, cell in zip(items, ran, strict=True):
        if not item.options["check"] or item.options["skip"]:
            continue
        if item.cell.execution_count is None and item.cell.source.strip():
            found.append(f"{path.name} cell {item.cell_num}: committed without having been run")
        elif not item.compare_outputs(coalesce_streams(cell.outputs), coalesce_streams(item.cell.outputs)):
            found.append(
                f"{path.name} cell {item.cell_num}:\n{item.cell.source}\n" + "\n".join(item.comparison_traceback)
            )
    return found
