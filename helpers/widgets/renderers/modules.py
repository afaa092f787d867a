"""What is said of a module: how its interface changed and which version that asks for, whether its README is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.core.html.elements import Html, code, definitions, details, dim, head, join, mark, page, rows_html, tag
from helpers.core.html.style import Mark

if TYPE_CHECKING:
    from helpers.compliance.module_docs import ReadmeReport
    from helpers.compliance.release import Asked, Released
    from helpers.wrappers.module_interface import Change, InterfaceDiff

#: Weight of a change -> how it shows; what a person decides stands between breaking and compatible.
_WEIGHTS = {
    "breaking": Mark("✗", "breaks callers", "bad"),
    "person": Mark("?", "a person decides", "change"),
    "minor": Mark("+", "compatible, callers get more", "good"),
    "patch": Mark("·", "compatible", "plain"),
}
#: What became of an example -> how it shows.
_STATES = {
    **{word: Mark("✓", word, "good") for word in ("executed", "planned", "validated")},
    "failed": Mark("✗", "failed", "bad"),
    "not run": Mark("○", "not run", "change"),
}
#: A version that the diff is shown on when it is not known which one the module has.
_EXAMPLE = "1.4.2"


def interface_diff_html(diff: InterfaceDiff) -> str:
    """Return the changes by weight, under the version that they ask for.

    Each group opens and closes by click, Enter or Space; what breaks and what a person decides is open at first.
    """
    return page(
        head("Interface", _asks(diff)), _steps(diff, _EXAMPLE, "for example "), _groups(diff), label="Interface"
    )


def asked_html(asked: Asked) -> str:
    """Return what the commits claim beside what the interface shows, and the version that must follow."""
    if not asked.previous:
        return page(head("Next version"), tag("p", dim("It is the first release: its author chooses.")))
    rows = [
        ["the commits' messages", asked.claimed],
        ["the interface", asked.diff.bump],
        ["so the release is", asked.bump],
    ]
    verdict = mark(Mark("✗", "the messages say too little", "bad")) if asked.understated else mark("passed")
    table = rows_html(["Asked", "Part of the version"], rows)
    version = tag("p", code(asked.previous), " → ", tag("b", code(asked.version)))
    return page(head("Next version", verdict), version, table, _groups(asked.diff), label="Next version")


def _asks(diff: InterfaceDiff) -> Html:
    if diff.undecided and not diff.breaking:
        return join(["asks for a ", tag("b", diff.bump), " version at least, and for a person's decision"])
    return join(["asks for a ", tag("b", diff.bump), " version"])


def _steps(diff: InterfaceDiff, before: str, lead: str) -> Html:
    """Return the version before and after; the part that goes up is bold, so no colour is needed to read it."""
    after = diff.next_version(before)
    part = ("major", "minor", "patch").index(diff.bump)
    numbers = [tag("b", n) if i == part else n for i, n in enumerate(after.split("."))]
    return tag("p", dim(lead), code(before), " → ", tag("code", join(numbers, ".")))


def _groups(diff: InterfaceDiff) -> Html:
    parts = [_group(kind, [c for c in diff.changes if _weight(c) == kind]) for kind in _WEIGHTS]
    return join(filter(None, parts)) if diff.changes else tag("p", dim("The interface is the same."))


def _weight(change: Change) -> str:
    return "breaking" if change.breaking else "person" if change.undecided else change.bump


def _group(kind: str, changes: list[Change]) -> Html:
    if not changes:
        return Html("")
    rows = [[code(c.kind), code(c.name or "-"), c.text] for c in changes]
    table = rows_html(["Kind", "Name", "What"], rows)
    return details(mark(_WEIGHTS[kind], f"({len(changes)})"), table, open=kind in ("breaking", "person"))


def released_html(released: Released) -> str:
    """Return a published version: which tag and commit it is made of, and every gate's answer."""
    rows = [[gate.name, mark(gate.status), gate.reason] for gate in released.report.gates]
    facts = definitions({"Module": released.module.source, "Commit": code(released.report.commit[:12])})
    return page(
        head("Released", released.module.version, mark("verified")), facts, rows_html(["Gate", "", "Why"], rows)
    )


def readme_html(report: ReadmeReport) -> str:
    """Return what is not true in a README, with its lines, and what became of each example."""
    verdict = mark("passed") if report.ok else mark("failed", f"({len(report.findings)})")
    found = [[f.line, code(f.kind), f.what, f.fix] for f in report.findings]
    ran = [[e.line, e.language, mark(_STATES[state])] for e, state in report.examples]
    findings = rows_html(
        ["# Line", "Kind", "What is not true", "Fix"], found, empty="Everything that was checked is true."
    )
    examples = rows_html(["# Line", "Language", "Example"], ran, caption="Examples", empty="There is no example.")
    return page(head(f"README of {report.module}", verdict), findings, examples, label="README")
