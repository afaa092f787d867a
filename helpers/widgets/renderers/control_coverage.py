"""The controls of an audit against the kinds of evidence that answer them: a heat map, static."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from helpers.core.html.elements import Html, cut, head, mark, page, tag
from helpers.core.html.style import Mark

if TYPE_CHECKING:
    from helpers.compliance.evidence.types import Coverage, Requirement

#: Number of pieces of evidence from which a cell gets the next darker shade.
_SHADES = (1, 3, 10)


def control_coverage_html(coverage: Sequence[Coverage]) -> str:
    """Return a heat map: a row a control, a column a kind of evidence.

    A number is how many pieces there are; the more, the darker. A cell that is asked for and empty is a gap, and says
    so; a cell that no requirement asks for is blank.
    """
    covered = sum(one.covered for one in coverage)
    title = head("Controls", mark(Mark("✓", "covered", "good"), covered), *_gap_count(len(coverage) - covered))
    return str(page(title, coverage_table(coverage), label="Coverage of controls"))


def _gap_count(gaps: int) -> tuple[Html, ...]:
    return (mark(Mark("✗", "with a gap", "bad"), gaps),) if gaps else ()


def coverage_table(coverage: Sequence[Coverage]) -> Html:
    """Return the heat map's table alone."""
    kinds = list(dict.fromkeys(_kind(asked) for one in coverage for asked in one.control.requirements))
    heads = [tag("th", "Control", scope="col"), *(tag("th", kind, scope="col") for kind in kinds)]
    rows = [_row(one, kinds) for one in coverage]
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="m-heat")
    gaps = [tag("li", tag("strong", one.control.id), " ", cut(gap, 300)) for one in coverage for gap in one.gaps]
    return tag("div", table, *([tag("ul", *gaps)] if gaps else []), style="overflow-x:auto")


def _row(one: Coverage, kinds: Sequence[str]) -> Html:
    title = tag("th", tag("strong", one.control.id), " ", cut(one.control.title, 120), scope="row")
    return tag("tr", title, *(_cell(one, kind) for kind in kinds))


def _cell(one: Coverage, kind: str) -> Html:
    asked = [requirement for requirement in one.control.requirements if _kind(requirement) == kind]
    if not asked:
        return tag("td", tag("span", "not asked", class_="m-sr"))
    names = {requirement.name for requirement in asked}
    gaps = [gap for gap in one.gaps if gap.partition(":")[0] in names]
    # A run of controls has a row for each of them, after the name of what is asked.
    count = sum(bool({row.requirement, row.requirement.partition(":")[0]} & names) for row in one.evidence)
    if gaps:
        return tag("td", mark(Mark("✗", "gap", "bad")), title="; ".join(gaps), class_="m-heat-gap")
    shade = sum(count >= least for least in _SHADES)
    return tag("td", str(count), title="; ".join(sorted(names)), class_=f"m-heat-{shade}")


def _kind(asked: Requirement) -> str:
    return asked.artifact or asked.action or asked.profile
