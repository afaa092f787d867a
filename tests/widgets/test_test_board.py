"""The board of a Go suite: its static twin, and what it shows while tests run."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from helpers.widgets import TestBoard, suite_html
from helpers.wrappers.terratest.progress import SuiteProgress
from helpers.wrappers.terratest.types import GoEvent, GoTest, Left, SuiteRun

FAILED = GoTest("TestStore/one", "fail", 1.0, "store_test.go:17", "Not equal: expected: 3 actual : 2", "<b>log</b>")
RUN = SuiteRun(
    (GoTest("TestStore", "fail", 2.0), FAILED, GoTest("TestOther", "pass", 1.0), GoTest("TestEnd", "timeout")),
    3.0,
    Left("a1", ("platform_artifact_bucket.this",), True),
    (Left("b2", ("platform_gpu_pool.this",), False, "no credentials"),),
)


class Playing:
    """A suite whose events come when the test lets them."""

    def __init__(self) -> None:
        self.state = SuiteProgress()
        self.go = threading.Event()
        self.stopped = False

    def __iter__(self) -> Iterator[GoEvent]:
        for event in (GoEvent("run", "TestA"), GoEvent("run", "TestB"), GoEvent("pause", "TestB")):
            self.state.feed(event)
            yield event
        self.go.wait(20)
        event = GoEvent("pass", "TestA", 1.0)
        self.state.feed(event)
        yield event

    def result(self) -> SuiteRun:
        return SuiteRun(self.state.tests(), 1.0)

    def cancel(self) -> None:
        self.stopped = True
        self.go.set()


def test_the_static_twin_names_what_failed_and_what_was_left() -> None:
    html = suite_html(RUN)
    for shown in ("store_test.go:17", "expected: 3 actual : 2", "timed out", "The tests left behind", "no credentials"):
        assert shown in html
    assert "<b>log</b>" not in html
    assert "1.0" not in html


def test_a_board_shows_rows_while_tests_run_and_the_result_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_WIDGETS", "widget")
    suite = Playing()
    board = TestBoard(suite)  # type: ignore[arg-type]
    assert board.widget is not None
    while "waiting" not in board._view.value:
        with board._lock:
            board.draw()
    assert "working" in board._view.value
    suite.go.set()
    found = board.result()
    assert [test.outcome for test in found.tests] == ["pass", "exit"]
    assert repr(board) == "SuiteRun(failed: 1 pass, 1 exit)"


def test_its_button_stops_the_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_WIDGETS", "widget")
    suite = Playing()
    board = TestBoard(suite)  # type: ignore[arg-type]
    board.widget.children[-1].children[0].click()
    board.result()
    assert suite.stopped
