"""Static displays of a change and its way to the cluster: gates, pull requests, approvals, audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from helpers.widgets._cards import field
from helpers.widgets._gitops import count, several, short
from helpers.widgets._html import Html, code, cut, definitions, details, dim, head, join, mark, page, rows_html, tag
from helpers.widgets._moments import utc
from helpers.widgets._style import STATES, Mark

#: The only words a gate may say; any other is "could not tell".
_VERDICTS = ("passed", "failed", "unknown")
_GATE_WORDS = {
    "signature": "signed by a person we know",
    "policy": "keeps the rules of the platform",
    "kyverno": "the cluster would admit it",
    "image": "image pinned by digest and signed",
    "secrets": "no secret in the change",
    "render": "manifests can be rendered",
}


class Finding(Protocol):
    """One thing a gate found: where, by which rule, in which words."""

    @property
    def file(self) -> str:
        """The file, relative to the repository."""

    @property
    def line(self) -> int | None:
        """Line number from 1; nothing when the gate does not know it."""

    @property
    def rule(self) -> str:
        """Name of the rule."""

    @property
    def message(self) -> str:
        """What is wrong."""


class Gate(Protocol):
    """One gate's answer; see `helpers.gates`."""

    @property
    def name(self) -> str:
        """Name of the gate."""

    @property
    def status(self) -> str:
        """One of ``passed``, ``failed``, ``unknown``."""

    @property
    def reason(self) -> str:
        """Why."""

    @property
    def findings(self) -> Sequence[Finding]:
        """What was found."""


class Report(Protocol):
    """The answers of all gates about one commit; see `helpers.gates`."""

    @property
    def gates(self) -> Sequence[Gate]:
        """The gates, in order."""

    @property
    def commit(self) -> str:
        """The commit judged."""

    @property
    def passed(self) -> bool:
        """Did every gate pass?"""


def verdict(gate: Gate) -> str:
    """Return a gate's word; one that is not known is ``unknown``, never ``passed``."""
    return gate.status if gate.status in _VERDICTS else "unknown"


def overall(report: Report) -> str:
    """Return the verdict on all gates: ``passed`` only when there are gates and each of them passed."""
    words = [verdict(gate) for gate in report.gates]
    if "failed" in words:
        return "failed"
    return "passed" if words and set(words) == {"passed"} and report.passed is True else "unknown"


def gate_report_html(report: Report) -> str:
    """Return the gates of a change, one row each. How long they took is left out."""
    return page(gates_part(report), label="Gates")


def gates_part(report: Report) -> Html:
    """Return the same as a part of a display."""
    counts = [mark(w, n) for w in _VERDICTS if (n := sum(verdict(g) == w for g in report.gates))]
    word = overall(report)
    title = head("Gates", mark(Mark(STATES[word].symbol, {"passed": "the change may go on", "failed": "the change is "
                 "stopped", "unknown": "could not tell: the change is stopped"}[word], STATES[word].tone)),
                 *counts, dim(join(("commit ", code(short(report.commit))))) if report.commit else "")  # fmt: skip
    if not report.gates:
        return join((title, tag("p", mark("unknown", "no gate was run"))))
    rules = field(report, "rules")
    told = tag("p", dim(f"Judged by the gates and keys of {rules}.")) if rules else ""
    body = [row for gate in report.gates for row in _gate(gate)]
    heads = [tag("th", name, scope="col") for name in ("Gate", "Verdict", "Reason")]
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body), class_="m-gates")
    return join((title, told, table))


def _gate(gate: Gate) -> list[Html]:
    word = verdict(gate)
    name = join((tag("strong", gate.name), *([tag("span", _GATE_WORDS[gate.name], class_="m-dim m-line")]
                                             if gate.name in _GATE_WORDS else [])))  # fmt: skip
    said = cut(gate.reason, 2000)
    if not said and word == "unknown":
        said = "The gate gave no reason."
    reason = tag("pre", said) if "\n" in said else tag("span", said)
    shown = findings_part(gate.findings, open=word != "passed")
    return [tag("tr", tag("th", name, scope="row"), tag("td", mark(word)), tag("td", reason, shown),
                class_=f"m-row m-row-{word}")]  # fmt: skip


def findings_part(findings: Sequence[Finding], *, open: bool = True) -> Html:
    """Return findings with file and line."""
    if not findings:
        return Html("")
    order = sorted(findings, key=lambda f: (f.file, f.line or 0, f.rule, f.message))
    rows = [[code(f"{f.file}:{f.line}" if f.line else f.file), code(f.rule), cut(f.message, 600)] for f in order]
    return details(count(len(rows), "finding"), rows_html(["Place", "Rule", "What"], rows), open=open)


def pull_request_html(pull: Any) -> str:
    """Return a pull request: who wants what, who approved which commit, what the gates say, what stands in the way.

    Args:
        pull: a `helpers.forge.PullRequest`.
    """
    way = join((code(field(pull, "source")), " → ", code(field(pull, "target"))))
    facts = {
        "Author": field(pull, "author"),
        "Change": way,
        "Head": code(short(str(field(pull, "head")))) if field(pull, "head") else "",
        "Merged by": field(pull, "merged_by"),
        "Glass broken by": join((mark("break-glass"), " ", field(pull, "break_glass")))
        if field(pull, "break_glass")
        else "",
    }
    gates = field(pull, "gates", default=None)
    state = str(field(pull, "state", default="open"))
    title = head(f"#{field(pull, 'number')} {cut(str(field(pull, 'title')), 200)}", mark(state))
    parts = [gates_part(gates) if gates is not None else tag("p", mark("not-checked", "the gates did not run yet"))]
    blockers = [cut(str(b), 600) for b in field(pull, "blockers", default=())]
    way_on = _blockers(blockers) if state == "open" else ""
    return page(title, definitions(facts), way_on, _approvals(pull), *parts, label="Pull request")


def _blockers(blockers: list[str]) -> Html:
    if not blockers:
        return tag("p", mark("ready", "nothing stands in the way"))
    items = [tag("li", mark("blocked"), " ", b) for b in blockers]
    return tag("ul", *items, class_="m-bare")


def _approvals(pull: Any) -> Html:
    rows = []
    for one in sorted(
        field(pull, "approvals", default=()), key=lambda a: (str(field(a, "at")), str(field(a, "person")))
    ):
        commit, valid = str(field(one, "commit")), getattr(one, "valid", False) is True
        older = commit != str(field(pull, "head"))
        why = field(one, "reason") or ("it is of another commit" if older else "its signature does not hold")
        rows.append(
            [
                field(one, "person"),
                code(short(commit)),
                mark("approved") if valid else join((mark("outdated"), " ", dim(why))),
            ]
        )
    return rows_html(["Approval by", "Commit", "Counts"], rows, empty="Nobody approved it yet.")


def audit_html(entries: Any) -> str:
    """Return an audit trail, oldest first; a break-glass stands out.

    Args:
        entries: `helpers.forge.AuditEntry`, one or many.
    """
    found = list(several(entries))
    rows = []
    for one in found:
        action = str(field(one, "action"))
        glass = action.replace("_", "-").replace(" ", "-") == "break-glass"
        said = field(one, "reason")
        number = field(one, "pull", "number")
        rows.append([
            utc(field(one, "at")),
            field(one, "actor", "person"),
            mark("break-glass") if glass else tag("strong", action),
            mark(str(field(one, "decision"))) if field(one, "decision") else dim("–"),
            f"#{number}" if number else "",
            code(short(str(field(one, "commit")))),
            cut(str(said), 600),
        ])  # fmt: skip
    broken = sum("break-glass" in str(row[2]) for row in rows)
    refused = sum(field(one, "decision") == "refused" for one in found)
    title = head(count(len(rows), "audit entry").replace("entrys", "entries"), mark("break-glass", broken) if broken
                 else "", mark("refused", refused) if refused else "")  # fmt: skip
    table = rows_html(
        ["When", "Who", "What", "Decision", "Change", "Commit", "Why"], rows, empty="Nothing was recorded."
    )
    return page(title, table, label="Audit trail")
