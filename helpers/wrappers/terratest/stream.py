"""A running suite: iterate for its events as they come, then ask for the result."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from helpers.core import process
from helpers.wrappers.terratest.errors import NothingTested, SuiteStopped, TerratestError
from helpers.wrappers.terratest.progress import SuiteProgress
from helpers.wrappers.terratest.types import GoEvent, Left, SuiteRun

#: Exit code of the runner when it is at fault itself.
_RUNNER_FAILED = 3


class SuiteEvents:
    """A suite on its way. Leaving it early ends it in an orderly way and sweeps what it made.

    Args:
        running: the process of the runner.
        report: file that the runner writes what was left to; its directory is removed at the end.
        swept: what was swept before. asked: the pattern of tests, for messages.
        finished: called with the result, once.
    """

    def __init__(
        self,
        running: process.Running,
        report: Path,
        swept: tuple[Left, ...],
        asked: str,
        finished: Callable[[SuiteRun], None],
    ) -> None:
        self.state = SuiteProgress()
        self._running, self._report, self._swept = running, report, swept
        self._asked, self._finished = asked, finished
        self._result: SuiteRun | None = None
        self._lock = threading.Lock()
        self._lines = self._read()

    @property
    def pid(self) -> int:
        """Id of the runner's process."""
        return self._running.pid

    def __iter__(self) -> Iterator[GoEvent]:
        return self._lines

    def _read(self) -> Iterator[GoEvent]:
        try:
            for line in self._running:
                event = _event(line)
                self.state.feed(event)
                yield event
        except (process.Cancelled, process.TimedOut) as error:
            raise self._stopped(error) from None
        except BaseException:
            self._running.cancel()
            raise

    def until(self, text: str) -> GoEvent:
        """Read to the first event whose output holds *text*, and return it.

        Raises:
            TerratestError: the suite ended without it; the reason has the end of what the tests printed.
        """
        printed: list[str] = []
        for event in self:
            if text in event.output:
                return event
            printed.append(event.output)
        said = "".join(printed).splitlines()[-12:]
        raise TerratestError(f"The suite ended before {text!r}", why="\n".join(said), next="Run the cell again.")

    def cancel(self) -> None:
        """Stop the suite: Terraform finishes what it is doing, then what was made is destroyed."""
        self._running.cancel()

    def kill(self) -> None:
        """Kill the runner, the tests and their Terraform at once, as a lost machine would: nobody cleans up."""
        runner = psutil.Process(self.pid)
        for one in [runner, *runner.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        with contextlib.suppress(process.ProcessError):
            self._running.wait()

    def result(self) -> SuiteRun:
        """Read to the end and return the result.

        Raises:
            NothingTested: no test ran. SuiteStopped: it was cancelled. TerratestError: the runner itself failed.
        """
        with self._lock:
            if self._result is None:
                try:
                    for _ in self:
                        pass
                    self._result = self._judge()
                finally:
                    shutil.rmtree(self._report.parent, ignore_errors=True)
                self._finished(self._result)
            return self._result

    def _judge(self) -> SuiteRun:
        done = self._running.wait()
        tests = self.state.tests()
        if not tests and done.returncode == _RUNNER_FAILED:
            raise TerratestError("The suite could not be run", why=done.stderr[-1500:], next="course doctor")
        if not tests and "no tests to run" in self.state.text:
            raise NothingTested(
                "No test ran",
                why=f"No test's name matches {self._asked!r}.",
                next="Terratest(...).tests() lists them; a pattern is a regular expression.",
            )
        if not tests or all(test.outcome == "skip" for test in tests):
            why = "All tests were skipped." if tests else self.state.text[-1500:] or done.stderr[-1500:]
            raise NothingTested("No test ran", why=why, next="Correct what kept the tests from running.")
        return SuiteRun(tests, round(done.seconds, 2), self._left(), self._swept)

    def _left(self) -> Left | None:
        with contextlib.suppress(OSError):
            raw = json.loads(self._report.read_text(encoding="utf-8"))
            return Left.from_json(raw) if raw else None
        return None

    def _stopped(self, error: process.ProcessError) -> SuiteStopped:
        left = self._left()
        made = f"It had made {', '.join(left.resources)}." if left and left.resources else "It had made nothing."
        fate = " That is destroyed." if left and left.resources and left.destroyed else ""
        late = isinstance(error, process.TimedOut)
        return SuiteStopped(
            "The suite took too long and was stopped" if late else "The suite was stopped",
            why=made + fate + (f"\n{left.why}" if left and left.why else ""),
            next="Terratest(...).sweep()   # destroys what is left, if anything is",
            left=left,
        )


def _event(line: process.Line) -> GoEvent:
    try:
        raw = json.loads(line.text)
    except ValueError:
        raw = None
    return GoEvent.from_json(raw) if isinstance(raw, dict) else GoEvent("output", output=line.text + "\n")
