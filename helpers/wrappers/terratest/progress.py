"""What is known of a suite while its events come in, and the result at the end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from helpers.wrappers.terratest.types import GoEvent, GoTest, Outcome

_ENDS: dict[str, Outcome] = {"pass": "pass", "fail": "fail", "skip": "skip"}
#: testify's block: the trace, the error, who complained.
_TESTIFY = re.compile(r"Error Trace:\s*(?P<trace>.*?)\n\s*Error:\s*(?P<error>.*?)\n\s*Test:", re.DOTALL)
#: The caller's own words follow, indented; then come lines of others.
_NOTE = re.compile(r"\A[^\n]*\n\s+Messages:[ \t]*(.*(?:\n[ \t]+\S.*)*)")
_PLACE = re.compile(r"([\w.-]+_test\.go):(\d+)")
#: Lines that testing.T itself writes for t.Error and t.Fatal.
_LOGGED = re.compile(r"^\s+([\w.-]+_test\.go):(\d+): (.*)$", re.MULTILINE)
_PANIC = re.compile(r"^panic: (.*)$", re.MULTILINE)
#: A line of Terratest's logger: test, time, file.
_LOGGER = re.compile(r"(Test\S*) \d{4}-\d\d-\d\dT\S+ [\w.-]+\.go:\d+:")
TIMED_OUT = "test timed out after"


@dataclass
class Row:
    """One test so far: its state is ``running``, ``waiting`` (for its turn, t.Parallel) or an outcome."""

    name: str
    state: str = "running"
    seconds: float = 0.0
    output: list[str] = field(default_factory=list)


@dataclass
class SuiteProgress:
    """Takes events in; `tests` gives the result. Rows stand in the order in which the tests began."""

    rows: dict[str, Row] = field(default_factory=dict)
    loose: list[str] = field(default_factory=list)
    over: bool = False

    def feed(self, event: GoEvent) -> None:
        """Take in one event."""
        if not event.test:
            self.loose.append(event.output)
            self.over = self.over or event.action in _ENDS
            return
        row = self.rows.setdefault(event.test, Row(event.test))
        if event.output:
            self._writer(event.output, row).output.append(event.output)
        elif event.action in _ENDS:
            row.state, row.seconds = _ENDS[event.action], event.seconds
        elif event.action == "pause":
            row.state = "waiting"
        elif event.action in ("run", "cont"):
            row.state = "running"

    def _writer(self, line: str, row: Row) -> Row:
        """Return whose line it is: Terratest's logger names its test, and Go gives it to whoever wrote last."""
        named = _LOGGER.match(line)
        return self.rows.get(named[1], row) if named else row

    @property
    def text(self) -> str:
        """Everything that was printed, by whom it may be."""
        return "".join([*self.loose, *(line for row in self.rows.values() for line in row.output)])

    def tests(self) -> tuple[GoTest, ...]:
        """Return the tests as results: what has not ended by now has been cut off."""
        text = self.text
        cut: Outcome = "timeout" if TIMED_OUT in text else "exit"
        return tuple(_result(row, cut, text) for row in self.rows.values())


def _result(row: Row, cut: Outcome, text: str) -> GoTest:
    output = "".join(row.output)
    outcome: Outcome = _ENDS.get(row.state, cut)
    said = _PANIC.search(output)
    if outcome in ("fail", "exit") and said and TIMED_OUT not in said[1]:
        where = _places(output[said.end() :])
        return GoTest(row.name, "panic", row.seconds, where, f"panic: {said[1]}", output)
    if outcome in ("timeout", "exit"):
        return GoTest(row.name, outcome, row.seconds, "", _why(outcome, text), output)
    where, message = _complaint(output) if outcome == "fail" else ("", "")
    return GoTest(row.name, outcome, row.seconds, where, message, output)


def _why(outcome: Outcome, text: str) -> str:
    if outcome == "timeout":
        return "The time of the suite was over; no deferred call ran."
    if _PANIC.search(text):
        return "Another test's panic ended the process."
    return "The process ended before the test did: os.Exit, log.Fatal or a kill."


def _places(text: str) -> str:
    found = _PLACE.search(text)
    return f"{found[1]}:{found[2]}" if found else ""


def _complaint(output: str) -> tuple[str, str]:
    """Return place and words of the first complaint in a failed test's output."""
    testify = _TESTIFY.search(output)
    logged = next((found for found in _LOGGED.finditer(output) if found[3].strip()), None)
    if testify and not (logged and logged.start() < testify.start()):
        error = _flat(testify["error"])
        note = _NOTE.search(output[testify.end() :])
        return _places(testify["trace"]), f"{error} ({_flat(note[1])})" if note else error
    if logged:
        return f"{logged[1]}:{logged[2]}", logged[3].strip()
    return _places(output), ""


def _flat(text: str) -> str:
    return " ".join(text.split())
