"""Smaller panels: policy findings with their rules, a registry module, a signature, a tool being built."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import ipywidgets
from IPython.display import display

from helpers.core.html.elements import Html, code, definitions, dim, head, join, mark, page, tag, text
from helpers.core.html.style import STATES
from helpers.widgets.base import Interactive, button, choose, controls, frame, front_end, pick, side_by_side
from helpers.widgets.renderers.cards import registry_card_html, registry_part
from helpers.widgets.renderers.evidence import (
    excerpt,
    findings,
    policy_head,
    policy_report_html,
    rule_name,
    rule_place,
    signature_html,
    signature_part,
)

if TYPE_CHECKING:
    from helpers.clients.registry.types import Module
    from helpers.widgets.renderers.evidence import Signature
    from helpers.wrappers.policy import PolicyReport, PolicyResult


class PolicyTable(Interactive):
    """Shows the findings of a policy run; picking one shows the source of its rule."""

    def __init__(self, report: PolicyReport) -> None:
        self.report = report
        self._found = findings(report)

    def __repr__(self) -> str:
        failures = sum(r.level == "failure" for r in self._found)
        return f"PolicyTable({failures} failures, {len(self._found)} results)"

    def html(self) -> str:
        """Return the static twin."""
        return policy_report_html(self.report)

    def _build(self) -> Any:
        levels = list(dict.fromkeys(r.level for r in self._found))
        options = [(f"all ({len(self._found)})", "")]
        options += [
            (
                f"{STATES[level].symbol if level in STATES else '·'} {level} "
                f"({sum(r.level == level for r in self._found)})",
                level,
            )
            for level in levels
        ]
        self._filter = choose("Show", options, self._refill)
        self._list, self._detail = pick("Findings", self._selected, rows=8), ipywidgets.HTML()
        self._refill()
        top = ipywidgets.HTML(page(policy_head(self.report)))
        return frame(top, controls(self._filter), side_by_side(self._list, self._detail))

    def _refill(self, _: Any = None) -> None:
        shown = [(i, r) for i, r in enumerate(self._found) if self._filter.value in ("", r.level)]
        self._list.options = [(self._line(r), i) for i, r in shown]
        self._list.value = shown[0][0] if shown else None
        self._selected()

    def _line(self, result: PolicyResult) -> str:
        symbol = STATES[result.level].symbol if result.level in STATES else "·"
        return f"{symbol} {result.level}  {result.msg or rule_name(result)}"

    def _selected(self, _: Any = None) -> None:
        chosen = self._list.value
        self._detail.value = page(self.finding(self._found[chosen]) if chosen is not None else dim("No findings."))

    def finding(self, result: PolicyResult) -> Html:
        """Return one finding with its rule."""
        place = rule_place(result)
        facts = {
            "File": code(result.file),
            "Rule": code(rule_name(result)),
            "Package": code(result.namespace),
            "Source": code(f"{Path(place[0]).name}:{place[1]}") if place else dim("not given by the tool"),
            "What it asks": result.metadata.get("description", ""),
        }
        message = tag("p", mark(result.level), " ", text(result.msg))
        return join((message, definitions(facts), excerpt(place) if place else ""))


class RegistryCard(Interactive):
    """Shows a module of the registry; the usage snippet follows the version picked."""

    def __init__(self, module: Module) -> None:
        self.module = module

    def __repr__(self) -> str:
        return f"RegistryCard({self.module.source} {self.module.version})"

    def html(self) -> str:
        """Return the static twin."""
        return registry_card_html(self.module)

    def _build(self) -> Any:
        current, given = self.module.version, self.module.versions
        versions = given if current in given else (current, *given)
        self._body = ipywidgets.HTML()
        self._version = choose("Version", [(v, v) for v in versions], self._show)
        self._version.value = current
        self._show()
        return frame(controls(self._version), self._body)

    def _show(self, _: Any = None) -> None:
        chosen, current = self._version.value, self.module.version
        note = "" if chosen == current else tag("p", dim(f"Inputs, outputs and digest below are those of {current}."))
        self._body.value = page(registry_part(self.module, chosen), note)


class SignaturePanel(Interactive):
    """Shows what a verification checked, by which key, and what it did not check.

    Args:
        result: the outcome of a verification.
        verify: makes the verification anew, for a button.
    """

    def __init__(self, result: Signature, verify: Callable[[], Signature] | None = None) -> None:
        self.result, self._verify = result, verify

    def __repr__(self) -> str:
        return f"SignaturePanel({'verified' if self.result.verified else 'refused'}: {self.result.subject})"

    def html(self) -> str:
        """Return the static twin."""
        return signature_html(self.result)

    def _build(self) -> Any:
        self._body = ipywidgets.HTML(page(signature_part(self.result)))
        if self._verify is None:
            return frame(self._body)
        self._again = button("Verify again", lambda _: self._check())
        return frame(self._body, controls(self._again))

    def _check(self) -> None:
        verify = self._verify
        if verify is None:
            return

        def work() -> None:
            self.result = verify()
            self._body.value = page(signature_part(self.result))

        self.background(work, lambda html: setattr(self._body, "value", html), off=[self._again])


class ToolProgress(Interactive):
    """Shows a tool being built or installed. A context manager; call it with a line of output and a share (0 to 1).

    Args:
        title: what goes on, for example ``Building conftest 0.68.0 (once; about 175 s)``.
    """

    def __init__(self, title: str) -> None:
        self.title, self.share, self.line, self.state = title, 0.0, "", "working"
        self._drawn = 0.0

    def __repr__(self) -> str:
        return f"ToolProgress({self.title}: {self.state})"

    def __call__(self, line: str, share: float) -> None:
        """Take a line of output and the share done so far."""
        self.line, self.share = line, min(max(share, self.share), 1.0)
        # Builds print hundreds of lines a second; the front end needs a few.
        if time.monotonic() - self._drawn > 0.25:
            self._draw()

    def __enter__(self) -> ToolProgress:
        if front_end():
            display(self)  # type: ignore[no-untyped-call]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.state, self.line = ("done", "") if kind is None else ("failed", self.line)
        self.share = 1.0 if kind is None else self.share
        self._draw()

    def html(self) -> str:
        """Return the static twin."""
        percent = round(100 * self.share)
        filled = tag("i", style=f"width:{percent}%")
        values = {"aria-valuenow": percent, "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": self.title}
        bar = tag("span", filled, class_="m-bar m-info", role="progressbar", **values)
        return page(head(self.title, mark(self.state), dim(f"{percent} %")), bar, tag("p", dim(self.line[-100:])))

    def _build(self) -> Any:
        self._body = ipywidgets.HTML(self.html())
        return frame(self._body)

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        if self._built is not None:
            self._body.value = self.html()
