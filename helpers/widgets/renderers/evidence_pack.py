"""HTML of a pack's verification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.compliance.evidence.period import time_text
from helpers.core.html.elements import head, mark, page, rows_html
from helpers.core.html.style import STATES, Mark
from helpers.widgets.renderers.control_coverage import coverage_table

if TYPE_CHECKING:
    from helpers.compliance.evidence.types import PackVerification


def verification_html(found: PackVerification) -> str:
    """Return the verdict, each finding, and what the evidence answers."""
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
    if found.period and found.sealed_at:
        said = [["period", str(found.period)], ["sealed at (signed time)", time_text(found.sealed_at)]]
        parts.append(rows_html(["Time", ""], said))
    parts += [rows_html(["What was not checked"], [[one] for one in found.not_checked])] if found.not_checked else []
    parts += [coverage_table(found.coverage)] if found.coverage else []
    return str(
        page(head("Evidence pack", mark(known[found.status])), *parts, label="Verification of the evidence pack")
    )
