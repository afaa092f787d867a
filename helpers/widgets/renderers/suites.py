"""Static display of a Go test suite: a line a test, what failed with its place, what was left behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from helpers.core.html.elements import Html, code, cut, details, dim, head, join, mark, page, tag

if TYPE_CHECKING:
    from helpers.wrappers.terratest.types import GoTest, Left, SuiteRun

#: Characters of a test's output that are shown; the end says why it failed.
_OUTPUT = 4000


def suite_html(run: SuiteRun) -> str:
    """Return the result of a suite. Times and the tests' own output are left out, so that the same looks the same."""
    return page(*suite_parts(run), label="Go tests")


def suite_parts(run: SuiteRun, *, output: bool = False) -> tuple[Html, ...]:
    """Return title, tests and what was left; with *output* what a test that did not pass has printed."""
    counts = [mark(outcome, number) for outcome, number in run.counts().items()]
    tests = sorted(run.tests, key=lambda test: test.name.split("/"))
    return (
        head("Go tests", mark("passed" if run.passed else "failed"), *counts),
        *_swept(run.swept),
        *(test_part(test, output=output) for test in tests),
        _left(run.left),
    )


def test_part(test: GoTest, *, output: bool = False) -> Html:
    """Return one test as a line; one that did not pass opens to its reason."""
    name = test.name.rpartition("/")[2] if test.depth else test.name
    line = join((Html("&nbsp;" * 4 * test.depth), mark(test.outcome), " ", code(name)))
    if not test.message and not test.where:
        return tag("div", line)
    place = join((code(test.where), ": ")) if test.where else ""
    said = tag("pre", test.output[-_OUTPUT:]) if output and test.output else ""
    return details(line, tag("p", place, cut(test.message, 1200)), said, open=True)


test_part.__test__ = False  # type: ignore[attr-defined]  # its name starts as a test's


def _swept(swept: Sequence[Left]) -> list[Html]:
    lines = [_line(left, "An earlier run that was killed had left") for left in swept]
    return [tag("p", mark("warning"), " ", *line) for line in lines]


def _left(left: Left | None) -> Html:
    return tag("p", mark("fail"), " ", *_line(left, "The tests left behind")) if left else Html("")


def _line(left: Left, words: str) -> tuple[object, ...]:
    fate = "Destroyed now." if left.destroyed else f"Not destroyed: {cut(left.why)}"
    return (words, " ", join((code(name) for name in left.resources), ", "), dim(f" {fate}"))
