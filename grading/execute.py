"""Runs a submitted notebook: the learner's cells in a sandbox, the locked cells in another where no learner code ran.

What goes wrong becomes the cell's result, not the class's problem.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import zmq
from nbclient.exceptions import CellExecutionComplete, DeadKernelError
from nbclient.util import ensure_async
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_grade, is_solution
from traitlets import Bool, Integer, List, Unicode
from zmq.utils.monitor import recv_monitor_message

from grading import _notebook, judging, kernel, sandbox, tooling
from grading._notebook import Node
from grading.places import Box, Place
from grading.room import Room
from grading.submission import Unreadable, read
from grading.watch import Limits, Watch

OUTPUT = frozenset({"stream", "display_data", "execute_result", "update_display_data"})


class LimitedExecute(Execute):  # type: ignore[misc]
    """nbgrader's `Execute` with limits on output and on a whole notebook's time, in a place if it is given one.

    A dead or deaf kernel ends the run of this notebook only: points earned before stay, each later graded cell says
    why it was not run.
    """

    max_output = Integer(4_000_000, help="Characters one cell may put out before it is stopped.").tag(config=True)
    budget = Integer(3600, help="Seconds one notebook may take in all.").tag(config=True)

    #: Where the kernel runs; without one it runs as the grader does.
    place: Place | None = None
    environment: dict[str, str] | None = None

    def preprocess(self, nb: Node, resources: Any = None, km: Any = None) -> tuple[Node, Any]:
        """Run the notebook; see the class. One without code starts no kernel."""
        if not any(cell.cell_type == "code" and cell.source.strip() for cell in nb.cells):
            return nb, resources
        self._ended: str | None = None
        self._watch: Watch | None = None
        self._connection: zmq.Socket[Any] | None = None
        self._interrupt: asyncio.Future[None] | None = None
        self._deadline = time.monotonic() + self.budget
        if self.place is not None:
            place = self.place
            self.kernel_manager_class = kernel.manager(place.sandbox, sys.executable, place.cwd, place.sockets)
        nb, resources = super().preprocess(nb, resources, km)
        return nb, resources

    @contextlib.contextmanager
    def setup_kernel(self, **kwargs: Any) -> Iterator[None]:
        """Start the kernel with the environment of its place, and hold the limits of the sandbox while it runs."""
        if self.place is None:
            with super().setup_kernel(env=self.environment, **kwargs):
                yield
            return
        with super().setup_kernel(**kwargs), self._held() as self._watch:
            yield

    def _held(self) -> Watch:
        assert self.place is not None
        return self.place.sandbox.watch(self.km.provisioner.pid, *self.km.entered)

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
            because = f": the notebook took {self._watch.reason}" if self._watch and self._watch.reason else ""
            self._ended = f"the kernel died in cell {index + 1}{because}"
            _fault(cell, "KernelDied", f"The kernel died while it ran this cell{because}.")
        except Exception as error:
            # A kernel that answers no more, or answers nonsense; whatever it is, it is this submission's.
            self._ended = f"the kernel stopped answering in cell {index + 1}"
            _fault(cell, "KernelLost", f"The kernel stopped answering in this cell ({type(error).__name__}).")
        # A kernel that died has closed its connection as well; only what was counted is a flood then.
        if self._too_much and (self._room_left < 0 or self._ended is None):
            _fault(cell, "OutputLimit", f"The cell put out more than {self.max_output:,} characters and was stopped.")
        return cell, resources

    async def _async_poll_output_msg(self, parent_msg_id: str, cell: Node, cell_index: int) -> None:
        """Do as nbclient does, but give way after each message, and take a lost connection for a flood.

        While a kernel floods, the next message is there already and waiting for it does not give way: neither the
        interrupt nor the time limit of the cell would ever have its turn.
        """
        lost = asyncio.ensure_future(self._lost())
        try:
            while True:
                msg = await ensure_async(self.kc.iopub_channel.get_msg(timeout=None))
                await asyncio.sleep(0)
                if msg["parent_header"].get("msg_id") == parent_msg_id:
                    try:
                        self.process_message(msg, cell, cell_index)
                    except CellExecutionComplete:
                        return
        finally:
            lost.cancel()
            if self._interrupt is not None:
                self._interrupt.cancel()

    async def _lost(self) -> None:
        """Stop the cell when the connection is closed: that is what a message over `kernel.MAX_MESSAGE` does."""
        if self.place is None:
            return
        if self._connection is None:
            self._connection = self.kc.iopub_channel.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        while await ensure_async(recv_monitor_message(self._connection)):
            self._stop()

    def process_message(self, msg: dict[str, Any], cell: Node, cell_index: int) -> Any:
        """Take one message of the kernel; past the limit output is dropped and the cell interrupted."""
        if msg["msg_type"] in OUTPUT:
            self._room_left -= _size(msg["content"])
            if self._room_left < 0:
                self._stop()
                return None
        return super().process_message(msg, cell, cell_index)

    def _stop(self) -> None:
        if not self._too_much:
            self._too_much = True
            self._interrupt = asyncio.ensure_future(self._interrupt_soon())

    async def _interrupt_soon(self) -> None:
        # An honest kernel stops the cell itself by now, and an interrupt that comes late would meet the next cell.
        await asyncio.sleep(1)
        await ensure_async(self.km.interrupt_kernel())


class GradedExecute(LimitedExecute):
    """Runs a submission and has it judged; nbgrader reads the points from the cells it returns, as always.

    The learner's cells run in the submission's `Box`. The locked cells are not among them: they come from the
    instructor's notebook, run in the judge's sandbox over what the learner's cells left, and their outputs take the
    place of whatever the submission says.
    """

    together = List(
        Unicode(), help="Assignments whose locked cells run in the learner's kernel: their points can be forged."
    ).tag(config=True)
    resumed = List(
        Unicode(), help="Assignments in which the judge's services go on from what the learner's have left."
    ).tag(config=True)
    unsafe = Bool(False, help="Grade without sandboxes where there are none, and mark the grades.").tag(config=True)

    def preprocess(self, nb: Node, resources: Any = None, km: Any = None) -> tuple[Node, Any]:
        """Run and judge the notebook; see the class."""
        directory, who = Path(resources["metadata"]["path"]), resources["nbgrader"]
        try:
            sandbox.require()
        except sandbox.NoSandbox as missing:
            if not self.unsafe:
                self.log.error(missing.diagnostics())
                raise
            judging.remark(nb, f"unsafe: {missing.what}")
            nb.cells.insert(0, judging.notice_unsafe(missing.what))
            return self._run_unconfined(nb, resources, directory)
        locked = judging.locked_cells(self._instructors(who))
        box = Box(directory, self._directory("submitted_directory", who))
        box.fill()
        go = tooling.ready(who["assignment"], [*(cell.source for cell in (*locked, *nb.cells)), box.choice()])
        limits = Limits(wall=self.budget + 120)
        if who["assignment"] in self.together:
            self._run_together(nb, resources, box.together(limits, go))
            judging.note_taken(nb, box.empty())
        else:
            self._run_apart(nb, resources, locked, box, limits, go)
        self._remark(nb, who, locked)
        self._no_stderr(nb)
        return nb, resources

    def _run_together(self, nb: Node, resources: Any, given: AbstractContextManager[Place]) -> None:
        """Run the submission and its locked cells in one kernel: names of the learner's can be tested, and forged."""
        with given as place:
            self._part(place).preprocess(nb, resources)

    def _run_apart(
        self, nb: Node, resources: Any, locked: list[Node], box: Box, limits: Limits, go: Path | None
    ) -> None:
        with box.learners(limits, go) as place:
            theirs = judging.without_graded(nb)
            try:
                self._part(place).preprocess(theirs, copy.deepcopy(resources))
            except RuntimeError as error:
                # Files that were handed in can keep a kernel from starting; they are judged all the same.
                judging.remark(nb, f"the cells were not run: {error}")
        taken = box.empty()
        resumed = resources["nbgrader"]["assignment"] in self.resumed
        ours = judging.notebook(locked, nb, seal=resumed)
        with box.judges(limits, go, resumed=resumed) as place:
            taken.left_out += [f"state of the services, {line}" for line in place.left_out]
            judge = self._part(place)
            # A busy machine must not cost points: the limit for a learner's cell is for the learner's cells.
            judge.timeout = max(self.timeout, 900)
            judge.preprocess(ours, copy.deepcopy(resources))
        judging.merge(nb, theirs, ours, taken)

    def _remark(self, nb: Node, who: dict[str, str], locked: list[Node]) -> None:
        """Take down what an instructor should look at: it changed no points."""
        with contextlib.suppress(Unreadable):
            name = nb.metadata.get("mod208", {}).get("renamed") or f"{who['notebook']}.ipynb"
            handed_in = read(self._directory("submitted_directory", who) / name)
            for name in judging.changed(handed_in, locked):
                judging.remark(nb, f"the locked cell {name} was changed; the instructor's was run")
        for path in self._shadows(who):
            judging.remark(nb, f"{path} has a name of the course's or of Python's own; it was not imported")
        if replaced := nb.metadata.get("mod208", {}).get("replaced"):
            judging.remark(nb, f"the released notebook was graded in the place of the one handed in: {replaced}")
        directory = self._directory("submitted_directory", who)
        for link in [path for path in sorted(directory.rglob("*")) if path.is_symlink()][:20]:
            judging.remark(nb, f"{link.relative_to(directory)} is a link; what it leads to was not taken")

    def _shadows(self, who: dict[str, str]) -> list[str]:
        names = {"helpers", "grading", "sitecustomize", "usercustomize", *sys.stdlib_module_names}
        directory = self._directory("submitted_directory", who)
        return sorted(p.name for p in directory.iterdir() if p.stem in names and (p.is_dir() or p.suffix == ".py"))

    def _part(self, place: Place) -> LimitedExecute:
        part = LimitedExecute(parent=self.parent)
        for name in ("timeout", "iopub_timeout", "startup_timeout", "max_output", "budget"):
            setattr(part, name, getattr(self, name))
        part.place = place
        return part

    def _run_unconfined(self, nb: Node, resources: Any, directory: Path) -> tuple[Node, Any]:
        with Room(directory) as room:
            self.environment = room.environment()
            nb, resources = super().preprocess(nb, resources)
        self._no_stderr(nb)
        return nb, resources

    def _instructors(self, who: dict[str, str]) -> Path:
        return self._directory("source_directory", {**who, "student": "."}) / f"{who['notebook']}.ipynb"

    def _directory(self, kind: str, who: dict[str, str]) -> Path:
        exporter: Any = self.parent
        coursedir = exporter.parent.coursedir
        return Path(coursedir.format_path(getattr(coursedir, kind), who["student"], who["assignment"]))

    def _no_stderr(self, nb: Node) -> None:
        for cell in nb.cells:
            if cell.cell_type == "code" and is_grade(cell) and not is_solution(cell):
                _stderr_is_no_verdict(cell)


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
