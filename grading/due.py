"""Tells learners when an assignment is due: nbgrader keeps the date in the gradebook, which they never see."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.preprocessors import NbGraderPreprocessor

from grading._notebook import Node
from helpers.course.handing.exchanges import DUE


class DueDate(NbGraderPreprocessor):  # type: ignore[misc]
    """Writes the date of the gradebook beside the notebooks that are generated, where there is one.

    `course submit` and the panel of the last notebook read it in the exchange.
    """

    def preprocess(self, nb: Node, resources: Any) -> tuple[Node, Any]:
        """Write the file; the notebook stays as it is."""
        about = resources["nbgrader"]
        with Gradebook(about["db_url"], self.parent.parent.coursedir.course_id) as gradebook:
            try:
                due = gradebook.find_assignment(about["assignment"]).duedate
            except MissingEntry:
                due = None
        if due is not None:
            coursedir = self.parent.parent.coursedir
            released = Path(coursedir.format_path(coursedir.release_directory, ".", about["assignment"]))
            # The gradebook's dates are UTC, without saying so.
            released.mkdir(parents=True, exist_ok=True)
            (released / DUE).write_text(due.replace(tzinfo=dt.UTC).isoformat() + "\n")
        return nb, resources
