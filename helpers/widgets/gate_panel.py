"""The gates of a change as a panel: pick a gate, see what it found, run them again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets

from helpers.core.html.elements import mark, page, tag
from helpers.widgets.base import Interactive, button, controls, frame, working
from helpers.widgets.renderers.gates import gate_report_html, gates_part, overall, verdict

if TYPE_CHECKING:
    from helpers.core.verdicts.gates import GateReport


class GatePanel(Interactive):
    """Shows the gates of a change.

    Args:
        report: the answers; see `helpers.gates`.
        run: runs the gates anew, for a button.
    """

    def __init__(self, report: GateReport, run: Callable[[], GateReport] | None = None) -> None:
        self.report, self._run = report, run

    def __repr__(self) -> str:
        gates = ", ".join(f"{gate.name} {verdict(gate)}" for gate in self.report.gates)
        return f"GatePanel({overall(self.report)}: {gates or 'no gate was run'})"

    def html(self) -> str:
        """Return the static twin."""
        return gate_report_html(self.report)

    def _build(self) -> Any:
        self._body, self._note = ipywidgets.HTML(), ipywidgets.HTML()
        self._show()
        if self._run is None:
            return frame(self._body)
        self._again = button("Run the gates again", lambda _: self._judge(), hint="Judge the change as it is now")
        return frame(self._body, controls(self._again), self._note)

    def _show(self) -> None:
        self._body.value = page(tag("div", gates_part(self.report), role="status"))

    def _judge(self) -> None:
        run = self._run
        if run is None:
            return

        def work() -> None:
            self._note.value = working("running the gates")
            self.report = run()
            self._note.value = ""
            self._show()

        self.background(work, self._failed, off=[self._again])

    def _failed(self, html: str) -> None:
        # The old verdict would look like that of the change as it is now.
        self._body.value = page(tag("p", mark("unknown", "the gates could not be run; there is no verdict")))
        self._note.value = html
