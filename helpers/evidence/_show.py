"""HTML of a pack's verification."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpers.evidence.types import PackVerification


def verification_html(found: PackVerification) -> str:
    """Return the verdict, each finding, and what the evidence answers."""
    from helpers.widgets._html import head, mark, page, rows_html
    from helpers.widgets._style import STATES, Mark
    from helpers.widgets.control_coverage import coverage_table

    known = {
        "valid": STATES["verified"],
        "invalid": Mark("✗", "do not rely on it", "bad"),
        "unknown": STATES["unknown"],
    }
    rows = [
        [mark(STATES["unknown"] if one.kind == "unknown" else Mark("✗", one.kind, "bad")), one.where, one.message]
        for one in found.findings
    ]
    parts = [rows_html(["Finding", "Where", "What was found"], rows)] if rows else []
    parts += [coverage_table(found.coverage)] if found.coverage else []
    return str(
        page(head("Evidence pack", mark(known[found.status])), *parts, label="Verification of the evidence pack")
    )
