"""Feedback as a page: steps by their names in the contents, no hidden test, nothing that is fetched from elsewhere."""

from __future__ import annotations

import html
import re
from functools import cache
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbgrader.utils import is_grade, is_solution

from grading._notebook import Node
from helpers.core.paths import ROOT
from helpers.course import outline

HIDDEN = re.compile(r"(?s)\n?[^\n]*### BEGIN (HIDDEN TESTS|MARK SCHEME).*?### END \1[^\n]*")
#: What stands where something of the judge's was.
MASK = "[a hidden test]"
#: Characters from which a line of the judge's own is known by its text alone.
_LONG = 25
_SCRIPT = re.compile(r"(?is)<script\b.*?</script\s*>")


class FeedbackExporter(HTMLExporter):
    """Makes the page of one graded notebook for its learner."""

    def from_notebook_node(self, nb: Node, resources: Any = None, **kw: Any) -> tuple[Any, dict[str, Any]]:
        """Convert a graded notebook; what hidden tests say stays, what they ask goes."""
        hidden = _lines(nb)
        named = []
        for cell in nb.cells:
            if cell.cell_type == "code":
                for output in cell.get("outputs", []):
                    _clean(output, hidden)
            if not is_grade(cell):
                continue
            named.append(_title(cell))
            if not is_solution(cell):
                cell.source = HIDDEN.sub(f"\n# {MASK}", cell.source)
                for output in cell.get("outputs", []):
                    if output.output_type == "error":
                        # A traceback shows the lines of the test.
                        output.traceback = [f"{output.ename}: {output.evalue}"]
        base: Any = super()
        page, resources = base.from_notebook_node(nb, resources, **kw)
        return _named(_SCRIPT.sub("", page), named), resources


def _lines(nb: Node) -> frozenset[str]:
    """Return the lines that only hidden tests have."""
    found: set[str] = set(_of_the_judge())
    for cell in nb.cells:
        if is_grade(cell) and not is_solution(cell):
            for block in HIDDEN.finditer(cell.source):
                found.update(line.strip() for line in block.group().splitlines() if len(line.strip()) >= 8)
    return frozenset(found)


@cache
def _of_the_judge() -> frozenset[str]:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "grading" / "hidden").glob("*.py")]
    return frozenset(line.strip() for text in texts for line in text.splitlines() if len(line.strip()) >= _LONG)


def _clean(output: Any, hidden: frozenset[str]) -> None:
    """Take lines of the judge's out of what a cell put out: a learner's cell may have printed its module."""
    if output.output_type == "stream":
        output.text = _without(output.text, hidden)
    elif output.output_type == "error":
        output.traceback = [_without(one, hidden) for one in output.traceback]
    elif "data" in output:
        for kind, value in output.data.items():
            if kind.startswith("text/"):
                output.data[kind] = _without("".join(value) if isinstance(value, list) else str(value), hidden)


def _without(text: str, hidden: frozenset[str]) -> str:
    for spelled in {text, html.unescape(text)}:
        if any(line.strip() in hidden for line in _split(spelled)):
            return "\n".join(MASK if line.strip() in hidden else line for line in _split(spelled))
    return text


def _split(text: str) -> list[str]:
    # The source of a module as one line, as its repr has it, has the same lines.
    return text.replace("\\n", "\n").split("\n")


def _title(cell: Node) -> str:
    step = cell.metadata.get("mod208", {}).get("step") or cell.metadata.nbgrader.grade_id.removesuffix("-test")
    titles = {one.id: one.title for lab in outline.labs().values() for one in lab.steps}
    titles |= {
        one["id"]: one["title"] for book in _books() for one in (*book.get("reviews", ()), *book.get("graded", ()))
    }
    return str(titles.get(step, step))


def _books() -> list[dict[str, Any]]:
    module = outline.load()
    return [book for lab in (*module["labs"], module["assessment"]) for book in lab["notebooks"]]


def _named(page: str, names: list[str]) -> str:
    """Put the names of steps into the contents, where nbgrader says "Test cell" of each."""
    waiting = iter(names)

    def name(found: re.Match[str]) -> str:
        return f"{found[1]}{html.escape(next(waiting, found[2]))}</a>"

    return re.sub(r'(<li><a href="#[^"]*">)(Test cell|Coding free-response|Written response)</a>', name, page)


__all__ = ["MASK", "FeedbackExporter"]
