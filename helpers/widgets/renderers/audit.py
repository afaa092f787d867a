"""HTML of the audit trail's types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from helpers.compliance.audit.types import counted
from helpers.core.html.elements import code, cut, definitions, head, mark, page, rows_html, tag
from helpers.core.html.style import STATES, Mark

if TYPE_CHECKING:
    from helpers.compliance.audit.types import Checkpoint, Entry, Proof, Verification


def entries_html(entries: Sequence[Entry]) -> str:
    """Return entries as a table, oldest first."""
    rows = []
    for one in entries:
        event = one.event
        digest = event.subject.digest if not isinstance(event.subject, Mapping) else ""
        name = event.subject.name if not isinstance(event.subject, Mapping) else ""
        rows.append(
            [
                one.index,
                f"{one.at:%Y-%m-%d %H:%M:%S}",
                event.actor,
                mark("break-glass") if event.action == "break-glass" else tag("strong", event.action),
                cut(name, 80),
                code(digest[:8]),
                mark(str(event.decision)),
                cut(event.reason, 300),
                code(one.leaf_hash[:8]),
                code(one.previous[:8]),
            ]
        )
    names = ["#No.", "When (UTC)", "Who", "What", "Subject", "Digest", "Decision", "Why", "Hash", "Hash before"]
    title = head(counted(len(rows), "entry"))
    return str(page(title, rows_html(names, rows, empty="Nothing was recorded."), label="Audit trail"))


def entry_html(entry: Entry) -> str:
    """Return one entry as a table."""
    return entries_html((entry,))


def checkpoint_html(checkpoint: Checkpoint) -> str:
    """Return a signed state of the log."""
    facts = {"log": checkpoint.origin, "entries": checkpoint.size, "root": checkpoint.root}
    return facts_html("Checkpoint", facts)


def proof_html(proof: Proof) -> str:
    """Return what a proof is about, and how many hashes it takes."""
    what = "entry" if proof.kind == "inclusion" else "earlier size"
    facts = {what: proof.index, "entries of the log": proof.size, "hashes": proof.hashes}
    return facts_html(f"Proof of {proof.kind}", facts)


def verification_html(found: Verification) -> str:
    """Return a verifier's answer: the verdict, what was checked, and each finding."""
    known = {"valid": STATES["verified"], "invalid": Mark("✗", "tampered with", "bad"), "unknown": STATES["unknown"]}
    facts = [counted(found.size, "entry")] if found.size else []
    if found.withheld:
        facts.append(f"{found.withheld} past their retention, by hash only")
    rows = [
        [mark(Mark("✗", f.kind, "bad")), "" if f.index is None else f.index, f.file, f.message] for f in found.findings
    ]
    table = rows_html(["Finding", "Entry", "File", "What was found"], rows, empty="No findings.")
    checked = f"Checked: {', '.join(found.checked) or 'nothing'}."
    return str(page(head(mark(known[found.status]), *facts, checked), table, label="Verification of the audit trail"))


def facts_html(title: str, facts: Mapping[str, object]) -> str:
    """Return a few facts as a table."""
    return str(page(head(title), definitions({name: code(value) for name, value in facts.items()}), label=title))
