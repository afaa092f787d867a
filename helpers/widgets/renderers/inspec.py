"""What the controls on the running thing say: a row a control, and which engine asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from helpers.core.html.elements import Html, code, cut, details, dim, head, join, mark, page, rows_html, tag

if TYPE_CHECKING:
    from helpers.wrappers.inspec.types import ControlVerdict, InspecReport, ProfileControl

#: In this order: what somebody must do something about comes first.
_ORDER = ("failed", "unknown", "skipped", "waived", "passed")
_MEANS = {
    "passed": "Every control passed, or is waived with a reason and an end.",
    "failed": "A control failed.",
    "unknown": "Not every control could be judged. This is not the same as passed.",
}


def inspec_report_html(report: InspecReport) -> str:
    """Return a report of controls, what did not pass first; each row opens to its expectations."""
    counts = [mark(name, n) for name in _ORDER if (n := len(report.of(cast("ControlVerdict", name))))]
    engine = f"executed by {report.engine} {report.engine_version}"
    title = head("Controls", mark(report.verdict), *counts, dim(cut(engine, 120)))
    controls = sorted(report.controls, key=lambda one: (_ORDER.index(one.verdict), one.id))
    table = rows_html(
        ("Verdict", "Control", "Impact", "Evidence for", "What was seen"),
        [_row(one) for one in controls],
        empty="There is no control: nothing was judged.",
    )
    return page(title, tag("p", _MEANS[report.verdict]), table, label="Controls on the running platform")


def _row(one: ProfileControl) -> tuple[object, ...]:
    name = join((tag("strong", cut(one.id, 80)), " ", cut(one.title, 160)))
    return mark(one.verdict), name, f"{one.impact:.1f}", cut(", ".join(map(str, one.soc2)), 80), _seen(one)


def _seen(one: ProfileControl) -> Html:
    expectations = [
        tag("li", mark(result.status if result.status in _ORDER else "unknown"), " ", code(cut(result.code_desc, 300)))
        for result in one.results
    ]
    reason = cut(one.reason, 300)
    return details(reason, tag("ul", *expectations)) if expectations else tag("span", reason)
