"""A gradebook as grading leaves it, made through nbgrader's API in no time: two labs, their cells, and grades."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook

from helpers.course import outline

#: What a learner gets for a cell: points, or a word for "waits for a person".
Marks = Mapping[str, float | str]


class Classbook:
    """A class's directory with a gradebook.

    Args:
        root: the directory. labs: assignments of ``course.yaml`` that it has.
    """

    def __init__(self, root: Path, *labs: str) -> None:
        self.root = root
        self.labs = {lab["assignment"]: lab for lab in outline.load()["labs"] if lab["assignment"] in labs}
        root.mkdir(parents=True, exist_ok=True)
        with self.open() as book:
            for name, lab in self.labs.items():
                book.add_assignment(name)
                for notebook in lab["notebooks"]:
                    stem = notebook["file"].removesuffix(".ipynb")
                    book.add_notebook(stem, name)
                    for cell in self.cells(notebook):
                        book.add_grade_cell(cell["id"], stem, name, max_score=cell["points"], cell_type="code")

    @staticmethod
    def cells(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [*notebook["steps"], *notebook.get("reviews", [])]

    def open(self) -> Any:
        # nbgrader starts `alembic` by name.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", path)
            return Gradebook(f"sqlite:///{self.root}/gradebook.db")

    def enrol(self, learner: str) -> None:
        """Add a learner who has handed in nothing."""
        with self.open() as book:
            book.update_or_create_student(learner)

    def grade(self, learner: str, assignment: str, share: float, marks: Marks | None = None, **remarks: str) -> None:
        """Grade a submission: of each cell this share of the points, or what *marks* has for it by its step.

        Keywords are remarks of the grader's, by notebook with underscores: ``_01_interface="unsafe: ..."``.
        """
        self.enrol(learner)
        with self.open() as book:
            book.update_or_create_submission(assignment, learner)
            for notebook in self.labs[assignment]["notebooks"]:
                stem = notebook["file"].removesuffix(".ipynb")
                for cell in self.cells(notebook):
                    mark = (marks or {}).get(cell["id"], cell["points"] * share)
                    grade = book.find_grade(cell["id"], stem, assignment, learner)
                    grade.needs_manual_grade = mark == "waits"
                    grade.auto_score = None if mark == "waits" else float(mark)
                self._autograded(learner, assignment, stem, remarks.get("_" + stem.replace("-", "_"), ""))
            book.db.commit()

    def _autograded(self, learner: str, assignment: str, stem: str, remark: str) -> None:
        nb = nbformat.v4.new_notebook()
        if remark:
            nb.metadata["mod208"] = {"remarks": [remark]}
        directory = self.root / "autograded" / learner / assignment
        directory.mkdir(parents=True, exist_ok=True)
        nbformat.write(nb, directory / f"{stem}.ipynb")
