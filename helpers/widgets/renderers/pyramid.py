"""The test pyramid as measured: layers with their time and kills, and a table of mutants against layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.core.html.elements import Html, code, cut, dim, head, join, mark, page, tag
from helpers.core.html.style import Mark

if TYPE_CHECKING:
    from helpers.compliance.pyramid import Cell, Layer, PyramidReport

_READS = {"code": "the code", "plan": "a plan", "objects": "real objects"}
OUTCOMES = {
    "killed": Mark("✗", "killed", "good"),
    "survived": Mark("·", "passed", "plain"),
    "unknown": Mark("?", "could not tell", "change"),
    "not-run": Mark("–", "not run", "plain"),
}
SURVIVOR = Mark("○", "survives", "bad")


def pyramid_html(report: PyramidReport) -> str:
    """Return the pyramid, the most expensive layer on top, and below it each mutant against each layer."""
    return page(pyramid_title(report), pyramid_table(report), kills_table(report), label="Test pyramid")


def pyramid_title(report: PyramidReport) -> Html:
    """Return the first line: how many mutants, how many of them killed."""
    left = len(report.survivors)
    facts = [mark(OUTCOMES["killed"], f"{len(report.mutants) - left} of {len(report.mutants)} mutants")]
    facts += [mark(SURVIVOR, left)] if left else []
    facts += [mark(OUTCOMES["unknown"], len(report.unknown))] if report.unknown else []
    return head("Test pyramid", *facts)


def pyramid_table(report: PyramidReport) -> Html:
    """Return a row for each layer: a bar as long as its share of kills, kills, kills of its own, time."""
    names = ("Layer", "reads", "kills", "killed", "nobody else killed", "time for one", "time for a kill")
    heads = [tag("th", name, scope="col", class_="m-num" if n > 2 else None) for n, name in enumerate(names)]
    rows = [_layer(report, layer) for layer in reversed(report.layers)]
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows))
    return tag("div", table, style="overflow-x:auto")


def _layer(report: PyramidReport, layer: Layer) -> Html:
    kills, ran = len(report.kills(layer.id)), report.ran(layer.id)
    share = round(100 * kills / len(report.mutants)) if report.mutants else 0
    bar = tag(
        "span",
        tag("i", style=f"width:{share}%;margin:0 auto;background:var(--m-good)"),
        class_="m-bar",
        style="height:14px;min-width:140px",
        aria_hidden="true",
    )
    price = report.seconds_per_kill(layer.id)
    cells = [
        tag("td", _READS[layer.reads]),
        tag("td", bar),
        tag("td", f"{kills} of {ran}", class_="m-num"),
        tag("td", len(report.unique(layer.id)), class_="m-num"),
        tag("td", seconds_text(report.baseline.get(layer.id)), class_="m-num"),
        tag("td", seconds_text(price), class_="m-num"),
    ]
    return tag("tr", tag("th", layer.title, scope="row"), *cells)


def seconds_text(seconds: float | None) -> str:
    """Return a duration as a person says it; a dash for none."""
    return "–" if seconds is None else f"{seconds:.1f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"


def kills_table(report: PyramidReport) -> Html:
    """Return a row for each mutant, a column for each layer."""
    heads = [tag("th", "Mutant", scope="col"), *(tag("th", layer.title, scope="col") for layer in report.layers)]
    rows = []
    for mutant in report.mutants:
        alive = tag("div", mark(SURVIVOR)) if mutant.id in report.survivors else ""
        name = tag("th", code(cut(mutant.id, 90)), tag("div", dim(cut(mutant.fault, 90))), alive, scope="row")
        rows.append(tag("tr", name, *(_cell(report.cell(mutant.id, layer.id)) for layer in report.layers)))
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="m-heat")
    return tag("div", table, style="overflow-x:auto")


def _cell(cell: Cell) -> Html:
    shade = {"killed": "m-heat-1", "unknown": "m-heat-gap"}.get(cell.outcome)
    return tag("td", mark(OUTCOMES[cell.outcome]), class_=shade, title=cut(cell.reason, 200) or None)


def mutant_part(report: PyramidReport, id: str) -> Html:
    """Return one mutant: the fault, where it stands, and what each layer said."""
    mutant = next(one for one in report.mutants if one.id == id)
    cells = [(layer, report.cell(id, layer.id)) for layer in report.layers]
    rows = [
        tag(
            "tr",
            tag("th", layer.title, scope="row"),
            tag("td", mark(OUTCOMES[cell.outcome])),
            tag("td", cut(cell.reason, 300)),
        )
        for layer, cell in cells
    ]
    heads = tag("tr", *(tag("th", name, scope="col") for name in ("Layer", "Verdict", "In its own words")))
    where = tag("p", code(f"{mutant.file}:{mutant.line}"), " ", mutant.fault)
    alive = tag("p", mark(SURVIVOR)) if id in report.survivors else ""
    return join((where, alive, tag("table", tag("thead", heads), tag("tbody", *rows))))
