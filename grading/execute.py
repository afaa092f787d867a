"""Runs a submitted notebook inside its room; what goes wrong becomes the cell's result, not the class's problem."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbclient.exceptions import DeadKernelError
from nbclient.util import ensure_async
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_grade
from traitlets import Integer

from grading import _notebook
from grading._notebook import Node
from grading.room import Room

OUTPUT = frozenset({"stream", "display_data", "execute_result", "update_display_data"})


class GradedExecute(Execute):  # type: ignore[misc]
    """nbgrader's `Execute`, in a `Room`, with limits on output and on a whole notebook's time.

    A dead or deaf kernel ends the run of this notebook only: points earned before stay, each later graded cell says
    why it was not run.
    """

    max_output = Integer(4_000_000, help="Characters one cell may put out before it is stopped.").tag(config=True)
    budget = Integer(3600, help="Seconds one notebook may take in all.").tag(config=True)

    def preprocess(self, nb: Node, resources: Any = None, km: Any = None) -> tuple[Node, Any]:
        """Run the notebook; see the class."""
        self._ended: str | None = None
        self._deadline = time.monotonic() + self.budget
        with Room(Path(resources["metadata"]["path"])) as room:
            self._room = room
            nb, resources = super().preprocess(nb, resources, km)
        for cell in nb.cells:
            if cell.cell_type == "code" and is_grade(cell):
                _stderr_is_no_verdict(cell)
        return nb, resources

    @contextlib.contextmanager
    def setup_kernel(self, **kwargs: Any) -> Iterator[None]:
        """Start the kernel with the room's environment."""
        with super().setup_kernel(env=self._room.environment(), **kwargs):
            yield

    def preprocess_cell(self, cell: Node, resources: Any, index: int) -> tuple[Node, Any]:
        """Run one cell, or say why it was not run."""
        if cell.cell_type != "code" or not cell.source.strip():
            return cell, resources
        if self._ended is None and time.monotonic() > self._deadline:
            self._ended = f"the notebook took more than {self.budget} s in all"
        if self._ended is not None:
            cell.outputs = []
            _fault(cell, "NotRun", f"This cell was not run: {self._ended}.")
            return cell, resources
        self._room_left, self._too_much = self.max_output, False
        try:
            cell, resources = super().preprocess_cell(cell, resources, index)
        except DeadKernelError:
            self._ended = f"the kernel died in cell {index + 1}"
            _fault(cell, "KernelDied", "The kernel died while it ran this cell.")
        except Exception as error:
            # A kernel that answers no more, or answers nonsense; whatever it is, it is this submission's.
            self._ended = f"the kernel stopped answering in cell {index + 1}"
            _fault(cell, "KernelLost", f"The kernel stopped answering in this cell ({type(error).__name__}).")
        if self._too_much:
            _fault(cell, "OutputLimit", f"The cell put out more than {self.max_output:,} characters and was stopped.")
        return cell, resources

    def process_message(self, msg: dict[str, Any], cell: Node, cell_index: int) -> Any:
        """Take one message of the kernel; past the limit output is dropped and the cell interrupted."""
        if msg["msg_type"] in OUTPUT:
            self._room_left -= _size(msg["content"])
            if self._room_left < 0:
                if not self._too_much:
                    self._too_much = True
                    self._interrupt = asyncio.ensure_future(ensure_async(self.km.interrupt_kernel()))
                return None
        return super().process_message(msg, cell, cell_index)


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(_size(item) for item in value.values())
    return sum(_size(item) for item in value) if isinstance(value, list) else 8


def _fault(cell: Node, name: str, reason: str) -> None:
    cell.outputs = [*cell.get("outputs", []), _notebook.error(name, reason)]


def _stderr_is_no_verdict(cell: Node) -> None:
    # nbgrader gives no points to a cell that wrote to stderr, be it only a library's warning. An error still counts.
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            output.name = "stdout"
