"""Static displays of a change and its way to the cluster: gates, pull requests, approvals, audit trail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from helpers.core.html.elements import (
    Html,
    code,
    cut,
    definitions,
    details,
    dim,
    head,
    join,
    mark,
    page,
    rows_html,
    tag,
)
from helpers.core.html.style import STATES, Mark
from helpers.widgets.renderers.gitops import count, several, short
from helpers.widgets.renderers.timeline_event import utc

if TYPE_CHECKING:
    from helpers.clients.forge.types import AuditEntry, PullRequest
    from helpers.core.verdicts.gates import Finding, Gate, GateReport

#: The only words a gate may say; any other is "could not tell".
_VERDICTS = ("passed", "failed", "unknown")
_GATE_WORDS = {
    "signature": "signed by a trusted person",
    "policy": "follows the platform policies",
    "kyverno": "the cluster would admit it",
    "image": "image pinned by digest and signed",
    "secrets": "no secret in the change",
    "render": "manifests can be rendered",
}


def verdict(gate: Gate) -> str:
    """Return a gate's word; one that is not known is ``unknown``, never ``passed``."""
    return gate.status if gate.status in _VERDICTS else "unknown"


def overall(report: GateReport) -> str:
    """Return the verdict on all gates: ``passed`` only when there are gates and each of them passed."""
    words = [verdict(gate) for gate in report.gates]
    if "failed" in words:
        return "failed"
    return "passed" if words and set(words) == {"passed"} and report.passed is True else "unknown"


def gate_report_html(report: GateReport) -> str:
    """Return the gates of a change, one row each. How long they took is left out."""
    return page(gates_part(report), label="Gates")


def gates_part(report: GateReport) -> Html:
    """Return the same as a part of a display."""
    counts = [mark(w, n) for w in _VERDICTS if (n := sum(verdict(g) == w for g in report.gates))]
    word = overall(report)
    title = head(
        "Gates",
        mark(
            Mark(
                STATES[word].symbol,
                {
                    "passed": "the change may go on",
                    "failed": "the change is stopped",
                    "unknown": "could not tell: the change is stopped",
                }[word],
                STATES[word].tone,
            )
        ),
        *counts,
        dim(join(("commit ", code(short(report.commit))))) if report.commit else "",
    )
    if not report.gates:
        return join((title, tag("p", mark("unknown", "no gate was run"))))
    judges = tag("p", dim(f"Judged by the gates and keys of {report.rules}.")) if report.rules else ""
    body = [row for gate in report.gates for row in _gate(gate)]
    heads = [tag("th", name, scope="col") for name in ("Gate", "Verdict", "Reason")]
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body), class_="m-gates")
    return join((title, judges, table))


def _gate(gate: Gate) -> list[Html]:
    word = verdict(gate)
    name = join(
        (
            tag("strong", gate.name),
            *([tag("span", _GATE_WORDS[gate.name], class_="m-dim m-line")] if gate.name in _GATE_WORDS else []),
        )
    )
    words = cut(gate.reason, 2000)
    if not words and word == "unknown":
        words = "The gate gave no reason."
    reason = tag("pre", words) if "\n" in words else tag("span", words)
    shown = findings_part(gate.findings, open=word != "passed")
    return [
        tag(
            "tr",
            tag("th", name, scope="row"),
            tag("td", mark(word)),
            tag("td", reason, shown),
            class_=f"m-row m-row-{word}",
        )
    ]


def findings_part(findings: Sequence[Finding], *, open: bool = True) -> Html:
    """Return findings with file and line."""
    if not findings:
        return Html("")
    order = sorted(findings, key=lambda f: (f.file, f.line or 0, f.rule, f.message))
    rows = [[code(f"{f.file}:{f.line}" if f.line else f.file), code(f.rule), cut(f.message, 600)] for f in order]
    return details(count(len(rows), "finding"), rows_html(["Place", "Rule", "What"], rows), open=open)


def pull_request_html(pull: PullRequest) -> str:
    """Return a pull request: who asks for what, who approved which commit, what the gates say, what blocks it."""
    facts = {
        "Author": pull.author,
        "Change": join((code(pull.source), " → ", code(pull.target))),
        "Head": code(short(pull.head)) if pull.head else "",
        "Merged by": pull.merged_by,
        "Break-glass by": join((mark("break-glass"), " ", pull.break_glass)) if pull.break_glass else "",
    }
    title = head(f"#{pull.number} {cut(pull.title, 200)}", mark(pull.state))
    gates = gates_part(pull.gates) if pull.gates else tag("p", mark("not-checked", "the gates did not run yet"))
    blockers = _blockers([cut(b, 600) for b in pull.blockers]) if pull.state == "open" else ""
    return page(title, definitions(facts), blockers, _approvals(pull), gates, label="Pull request")


def _blockers(blockers: list[str]) -> Html:
    if not blockers:
        return tag("p", mark("ready", "no blockers"))
    items = [tag("li", mark("blocked"), " ", b) for b in blockers]
    return tag("ul", *items, class_="m-bare")


def _approvals(pull: PullRequest) -> Html:
    rows = []
    for one in sorted(pull.approvals, key=lambda a: (a.at, a.person)):
        why = one.reason or ("it is for another commit" if one.commit != pull.head else "its signature is not valid")
        counts = mark("approved") if one.valid is True else join((mark("outdated"), " ", dim(why)))
        rows.append([one.person, code(short(one.commit)), counts])
    return rows_html(["Approval by", "Commit", "Counts"], rows, empty="No approvals yet.")


def audit_html(entries: AuditEntry | Iterable[AuditEntry]) -> str:
    """Return the forge's audit log, oldest first; a break-glass stands out."""
    found: list[AuditEntry] = several(entries)
    rows = [
        [
            utc(one.at),
            one.actor,
            mark("break-glass") if one.action == "break-glass" else tag("strong", one.action),
            mark(one.decision) if one.decision else dim("–"),
            f"#{one.pull}" if one.pull else "",
            code(short(one.commit)),
            cut(one.reason, 600),
        ]
        for one in found
    ]
    broken = sum(one.action == "break-glass" for one in found)
    refused = sum(one.decision == "refused" for one in found)
    title = head(
        count(len(rows), "audit entry").replace("entrys", "entries"),
        mark("break-glass", broken) if broken else "",
        mark("refused", refused) if refused else "",
    )
    table = rows_html(
        ["When", "Who", "What", "Decision", "Change", "Commit", "Why"], rows, empty="Nothing was recorded."
    )
    return page(title, table, label="Audit trail")
