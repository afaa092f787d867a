"""Draws what a growing number of applications costs, by matplotlib, in the colours of the page around it."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from helpers.core.html.elements import Html, dim, head, page, tag

#: Colours that matplotlib writes, and what stands for them in the page: those follow its theme, light or dark.
_INK = {"#010101": "var(--m-fg)", "#020202": "var(--m-dim)", "#030303": "var(--m-line)", "#040404": "var(--m-info)"}
_TEXT, _DIM, _LINE, _DATA = _INK
_PANELS = (
    ("Requests to the API server", "requests", "{:,.0f}"),
    ("Seconds until all are synced", "seconds", "{:.1f}"),
    ("MiB in memory", "memory", "{:,.0f}"),
)


@dataclass(frozen=True)
class Step:
    """What stood and what it had cost when a number of applications was synced.

    Attributes:
        applications: how many there are.
        seconds, requests: what all of them took from nothing, each step of the growth added.
        memory: MiB of Argo CD and the control plane, shared pages counted once.
    """

    applications: int
    seconds: float
    requests: int
    memory: float


def growth_html(steps: Sequence[Step]) -> str:
    """Return a panel for each measure, over the number of applications; both axes are logarithmic.

    All panels span as many decades, so that the same slope is the same growth.

    Args:
        steps: at least one, by number of applications.
    """
    words = "; ".join(
        f"{name}: " + ", ".join(f"{form.format(getattr(s, field))} at {s.applications}" for s in steps)
        for name, field, form in _PANELS
    )
    counts = ", ".join(str(step.applications) for step in steps)
    title = head("What applications cost", dim(f"measured here at {counts} applications, both axes logarithmic"))
    drawing = Html(_svg(steps).replace("<svg ", f'<svg role="img" aria-label="{words}" ', 1))
    return page(title, tag("figure", drawing, style="margin:0"), label="What applications cost")


def _svg(steps: Sequence[Step]) -> str:
    # matplotlib takes half a second, and only this drawing needs it.
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # 0.45 s, only for a figure
    from matplotlib.figure import Figure  # 0.45 s, only for a figure

    settings: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "growth",
        "font.size": 11,
        "text.color": _TEXT,
        "axes.edgecolor": _DIM,
        "axes.labelcolor": _DIM,
        "xtick.color": _DIM,
        "ytick.color": _DIM,
        "axes.titlecolor": _TEXT,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "axes.facecolor": "none",
        "xtick.labelcolor": _DIM,
        "ytick.labelcolor": _DIM,
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(10.6, 3.1), layout="constrained", facecolor="none")
        FigureCanvasSVG(figure)
        growth = (max(s) / min(s) for s in ([getattr(step, field) for step in steps] for _, field, _ in _PANELS))
        span = 6 * max(growth)
        for axes, (title, field, form) in zip(figure.subplots(1, len(_PANELS)), _PANELS, strict=True):
            _panel(axes, steps, title, field, form)
            low = min(getattr(step, field) for step in steps) / 2
            axes.set_ylim(low, low * span)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    # Its own style sheet would hold for the whole page.
    svg = re.sub(r"(?s)<style.*?</style>", "", text.getvalue())
    for ink, variable in _INK.items():
        svg = svg.replace(ink, variable)
    return svg[svg.index("<svg ") :]


def _panel(axes: Any, steps: Sequence[Step], title: str, field: str, form: str) -> None:
    counts, values = [step.applications for step in steps], [getattr(step, field) for step in steps]
    axes.loglog(counts, values, marker="o", color=_DATA, linewidth=2)
    for count, value in zip(counts, values, strict=True):
        axes.annotate(form.format(value), (count, value), (-2, 9), textcoords="offset points", ha="center")
    axes.set_title(title, loc="left")
    axes.set_xlabel("applications")
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.minorticks_off()
    axes.set_xlim(min(counts) / 2, max(counts) * 2)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.grid(axis="y", color=_LINE, linewidth=0.8)
    axes.set_axisbelow(True)
