"""Static displays of evidence: policy reports, signatures, commits."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
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
    text,
)
from helpers.widgets.renderers.timeline_event import utc

if TYPE_CHECKING:
    from helpers.wrappers.cosign.result import Refused, Verified
    from helpers.wrappers.git.types import Commit, SignatureCheck
    from helpers.wrappers.policy import PolicyReport, PolicyResult

    #: The result of a verification: cosign's answer on an artifact, or git's on a commit or tag.
    Signature = Verified | Refused | SignatureCheck

#: Lines of a rule shown around the one it is at.
AROUND = (2, 14)


_WORST = ("failure", "warning", "exception", "success")


def findings(report: PolicyReport) -> list[PolicyResult]:
    """Return the results, failures first, in an order that does not depend on the tool's."""
    rank = {level: i for i, level in enumerate(_WORST)}
    return sorted(report.results, key=lambda r: (rank.get(r.level, -1), r.file, r.namespace, r.msg))


def policy_report_html(report: PolicyReport) -> str:
    """Return a policy report; each finding opens to the source of its rule."""
    found = findings(report)
    rows = [[mark(r.level), text(r.msg), code(r.file), _rule(r)] for r in found if r.level != "success" or r.msg]
    table = rows_html(["Result", "Message", "File", "Rule"], rows, empty="No rule reported anything.")
    left = ", ".join(report.not_evaluated[:10])
    silent = tag("p", mark("warning", "not evaluated: rules in other packages than those asked for: "), code(left))
    return page(policy_head(report), table, silent if left else "", label="Policy report")


def policy_head(report: PolicyReport) -> Html:
    """Return the verdict and the counts. A run without any result never counts as passed."""
    counts = {level: sum(r.level == level for r in report.results) for level in _WORST}
    counts["success"] = max(counts["success"], report.successes)
    if not any(counts.values()):
        return head("Policies", mark("failure", "no rule was evaluated"))
    marks = [mark(level, n) for level, n in counts.items() if n]
    return head("Policies", mark("pass" if report.passed else "fail"), *marks)


def rule_name(result: PolicyResult) -> str:
    """Return the rule's own name: its title, its id, or its package."""
    named = result.rule or result.metadata.get("title") or result.metadata.get("id")
    return str(named or result.namespace)


def rule_place(result: PolicyResult) -> tuple[str, int] | None:
    """Return file and line of the rule, when the report knows them."""
    location = result.source or result.metadata.get("location") or result.metadata.get("source")
    if isinstance(location, Mapping):
        file, line = location.get("file"), location.get("row") or location.get("line")
    elif isinstance(location, tuple) and len(location) == 2:
        file, line = location
    else:
        file, _, line = str(location or "").rpartition(":")
    try:
        return (os.fspath(file), int(line)) if file and line else None
    except (TypeError, ValueError):
        return None


def excerpt(place: tuple[str, int]) -> Html:
    """Return the lines of a file around a place, numbered, the line itself marked."""
    file, line = place
    try:
        lines = Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, ValueError):  # ValueError: no file can have this name
        return tag("p", dim(f"{file} cannot be read from here."))
    first, last = max(1, line - AROUND[0]), min(len(lines), line + AROUND[1])
    shown = "\n".join(f"{'>' if n == line else ' '} {n:4} {lines[n - 1]}" for n in range(first, last + 1))
    return tag("pre", cut(shown, 4000))


def _rule(result: PolicyResult) -> Html:
    place = rule_place(result)
    name = join((code(rule_name(result)), dim(f" {Path(place[0]).name}:{place[1]}") if place else ""))
    return details(name, excerpt(place)) if place else name


def signature_html(result: Signature) -> str:
    """Return what a verification checked, by which key, and what it did not check."""
    return page(signature_part(result), label="Signature")


def signature_part(result: Signature) -> Html:
    """Return the same as a part of a display."""
    verdict = mark("verified" if result.verified else "refused")
    checked = [join((mark("pass"), " ", text(c))) if result.verified else text(c) for c in result.checked]
    left = [join((mark("not-checked"), " ", text(c))) for c in result.not_checked]
    # Only cosign's acceptance has them.
    digest, at = getattr(result, "digest", ""), getattr(result, "signed_at", None)
    # A signature made without a key is known by a person's mail address or a pipeline's URI.
    by = "Identity" if "@" in result.key or "://" in result.key else "Key"
    facts = {
        "Subject": code(result.subject),
        "Digest": code(digest) if digest else "",
        by: code(cut(result.key, 200)) if result.key else "",
        "Signed at": utc(at) if at else "",
    }
    return join(
        (
            head("Signature", verdict),
            definitions(facts),
            tag("pre", cut(result.reason, 2000)) if result.reason and not result.verified else "",
            _listed("What was checked" if result.verified else "What was asked for", checked),
            _listed("What was not checked", left),
        )
    )


def _listed(title: str, items: Sequence[Html]) -> Html:
    if not items:
        return Html("")
    return join(
        (tag("p", dim(title)), tag("ul", *(tag("li", i) for i in items), style="list-style:none;padding-left:4px"))
    )


def git_log_html(commits: Iterable[Commit]) -> str:
    """Return commits, newest first, with the state of their signatures. Times are left out."""
    rows = [[code(c.sha[:10]), text(c.subject), text(c.author), mark(c.signature, c.signer)] for c in commits]
    table = rows_html(["Commit", "Subject", "Author", "Signature"], rows, empty="No commits.")
    return page(head("Commits", dim(str(len(rows)))), table, label="Commits")
