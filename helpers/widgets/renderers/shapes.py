"""Health and sync as drawn shapes: each state has its own outline and its own sign, so colour only helps."""

from __future__ import annotations

from helpers.core.html.elements import Html, join, tag
from helpers.core.html.style import STATES, TAMPERED, Mark

_RING = "M7 0A7 7 0 1 1 -7 0A7 7 0 1 1 7 0Z"
_DIAMOND = "M0-7.5L7.5 0L0 7.5L-7.5 0Z"
_SQUARE = "M-6.5-6.5H6.5V6.5H-6.5Z"
_OCTAGON = "M-3-7H3L7-3V3L3 7H-3L-7 3V-3Z"
_TRIANGLE = "M0-7L7.5 6H-7.5Z"
_CHECK, _CROSS = "M-3 0L-1 2.6L3.4-2.8", "M-2.8-2.8L2.8 2.8M2.8-2.8L-2.8 2.8"
_QUERY = "M-2-1.6A2 2 0 1 1 0 .6V1.4M0 3.2V4"
_BANG = "M0-2.6V2M0 3.6V4.2"
_DOTS = "M-3.4 0H-3.2M-.1 0H.1M3.2 0H3.4"

#: State -> outline and sign, drawn around (0, 0).
SHAPES: dict[str, tuple[str, str]] = {
    "Healthy": (_RING, _CHECK),
    "Progressing": (_RING, _DOTS),
    "Degraded": (_OCTAGON, _CROSS),
    "Missing": (_RING, ""),
    "Suspended": (_SQUARE, "M-2-3V3M2-3V3"),
    "Unknown": (_DIAMOND, _QUERY),
    "Synced": (_SQUARE, "M-3-1.6H3M-3 1.6H3"),
    "OutOfSync": (_TRIANGLE, _BANG),
    "Succeeded": (_RING, _CHECK),
    "Running": (_RING, _DOTS),
    "Failed": (_OCTAGON, _CROSS),
    "Error": (_OCTAGON, _CROSS),
    "Terminating": (_SQUARE, _CROSS),
    "approved": (_RING, _CHECK),
    "outdated": (_RING, "M-3 0H3"),
    "healed": (_SQUARE, _CHECK),
    "adopted": (_SQUARE, "M0 4V-3.4M-3-.8L0-3.8L3-.8"),
    "drifted": (_TRIANGLE, _BANG),
    "in-sync": (_SQUARE, "M-3-1.6H3M-3 1.6H3"),
    "unknown": (_DIAMOND, _QUERY),
    "break-glass": (_OCTAGON, _BANG),
    "failed": (_OCTAGON, _CROSS),
    "refused": (_OCTAGON, _CROSS),
    "passed": (_RING, _CHECK),
    "Warning": (_TRIANGLE, _BANG),
    "verified": (_RING, _CHECK),
    "withheld": (_RING, "M-3 0H3"),
    "not-checked": (_RING, ""),
    **dict.fromkeys(TAMPERED, (_OCTAGON, _CROSS)),
}
#: Outlines that are broken, besides their form.
_DASHED = ("Missing", "outdated", "not-checked", "deleted", "truncated")


def meaning(state: str) -> Mark:
    """Return word, symbol and tone of a state; an unknown word is shown as it is."""
    return STATES.get(state) or Mark("·", state, "plain")


def shape(state: str, x: float, y: float) -> Html:
    """Return the shape of *state* with its middle at (x, y); a state without its own gets a small square."""
    outline, sign = SHAPES.get(state, ("M-3.5-3.5H3.5V3.5H-3.5Z", ""))
    tone = meaning(state).tone
    parts = [tag("path", d=outline, class_=f"m-shape m-{tone}", stroke_dasharray="2.5 2" if state in _DASHED else None)]
    if sign:
        parts.append(tag("path", d=sign, class_=f"m-sign m-{tone}"))
    return tag("g", join(parts), transform=f"translate({x:g} {y:g})", aria_hidden="true")


def cut_middle(name: str, limit: int) -> str:
    """Return *name* in at most *limit* characters; its end stays, for it often tells names apart."""
    if len(name) <= limit:
        return name
    tail = min(7, limit // 2)
    return f"{name[: limit - tail - 1]}…{name[-tail:]}"
