"""Static displays of what Terraform answers: diagnostics, tests, drift, applies and outputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from helpers.core.html.elements import (
    Html,
    code,
    details,
    dim,
    head,
    join,
    mark,
    page,
    rows_html,
    tag,
    text,
    value_text,
)
from helpers.widgets.renderers.plan import diagnostics_part, entry

if TYPE_CHECKING:
    from helpers.wrappers.terraform.types import (
        ApplyResult,
        Diagnostic,
        Drift,
        Output,
        TestRun,
        TestSummary,
        ValidateResult,
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def diagnostics_html(result: ValidateResult | Iterable[Diagnostic]) -> str:
    """Return the answer of ``validate``, or any diagnostics, errors first."""
    valid = getattr(result, "valid", None)
    found: Iterable[Diagnostic] = getattr(result, "diagnostics", result)  # type: ignore[arg-type]
    items = sorted(found, key=lambda d: d.severity != "error")
    errors = sum(item.severity == "error" for item in items)
    verdict = "fail" if errors or valid is False else "pass"
    title = "Valid" if verdict == "pass" else "Not valid"
    counts = f"{_count(errors, 'error')}, {_count(len(items) - errors, 'warning')}"
    return page(head(title, mark(verdict), dim(counts)), diagnostics_part(items), label="Diagnostics")


def test_html(summary: TestSummary) -> str:
    """Return the answer of ``terraform test``, by file."""
    files: dict[str, list[TestRun]] = defaultdict(list)
    for run in summary.runs:
        files[run.file].append(run)
    verdict = mark("pass" if summary.passed else "fail")
    counts = dim(", ".join(f"{summary.count(s)} {s}" for s in ("pass", "fail", "error", "skip") if summary.count(s)))
    body = [
        details(join((code(name), dim(f" {_count(len(runs), 'run')}"))), *map(_run, runs), open=True)
        for name, runs in sorted(files.items())
    ]
    if not summary.runs:
        body = [tag("p", mark("fail"), " No run block ran: a test that tests nothing does not pass.")]
    return page(head("Terraform test", verdict, counts), *body, diagnostics_part(summary.diagnostics), label="Tests")


test_html.__test__ = False  # type: ignore[attr-defined]  # its name starts as a test's


def _run(run: TestRun) -> Html:
    line = join((mark(run.status), " ", text(run.name)))
    return details(line, diagnostics_part(run.diagnostics), open=True) if run.diagnostics else tag("p", line)


_DRIFT_WORDS = {
    "in-sync": "The infrastructure matches the state.",
    "drifted": "Something was changed outside of Terraform.",
    "unknown": "Terraform could not tell. This is not the same as in sync.",
}


def drift_html(drift: Drift) -> str:
    """Return one of the three answers of a drift check, with the changes or with what kept us from knowing."""
    facts = [dim(_count(len(drift.changes), "resource"))] if drift.changes else []
    message = tag("p", _DRIFT_WORDS.get(drift.status, ""))
    why = tag("pre", drift.why) if drift.status == "unknown" and drift.why else ""
    changes = [entry(change, (), open=len(drift.changes) <= 3) for change in drift.changes]
    return page(head("Drift", mark(drift.status), *facts), message, why, *changes, label="Drift")


def apply_html(result: ApplyResult) -> str:
    """Return what an apply or destroy did. Times are left out, so that the same work looks the same."""
    failed = any(d.severity == "error" for d in result.diagnostics)
    numbers = {"create": result.added, "update": result.changed, "delete": result.destroyed}
    counts = [mark(action, n) for action, n in numbers.items() if n]
    rows = sorted([address, action] for address, action in result.applied)
    table = rows_html(["Resource", "Done"], [[code(a), mark(action)] for a, action in rows])
    listing = details(_count(len(rows), "operation"), table, open=len(rows) <= 12) if rows else ""
    summary = f"{result.added} added, {result.changed} changed, {result.destroyed} destroyed"
    return page(
        head(f"Apply: {summary}", mark("fail" if failed else "pass"), *counts),
        diagnostics_part(result.diagnostics),
        listing,
        _outputs(result.outputs),
        label="Apply",
    )


def outputs_html(outputs: Mapping[str, Output]) -> str:
    """Return root output values; sensitive ones stay masked."""
    return page(_outputs(outputs) or tag("p", dim("No outputs.")), label="Outputs")


def _outputs(outputs: Mapping[str, Output]) -> Html:
    rows = [
        [code(o.name), dim("(sensitive value)") if o.sensitive else code(value_text(o.value)), code(_type(o.type))]
        for o in outputs.values()
    ]
    return rows_html(["Output", "Value", "Type"], rows) if rows else Html("")


def _type(kind: object) -> str:
    """Return Terraform's JSON type as it is written in HCL."""
    match kind:
        case None:
            return ""
        case ["object", dict(fields)]:
            return "object({" + ", ".join(f"{k} = {_type(v)}" for k, v in sorted(fields.items())) + "})"
        case ["tuple", list(items)]:
            return "tuple([" + ", ".join(map(_type, items)) + "])"
        case [str(name), inner]:
            return f"{name}({_type(inner)})"
    return str(kind)
