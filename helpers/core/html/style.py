"""The design system of every display: colours, symbols, words, type. One place, so that all look alike.

To change a colour of the plan graph, or of anything else: `COLOURS`. To change the symbol, word or tone of an action
(``create``, ``replace``) or of a state (``passed``, ``OutOfSync``): `ACTIONS`, `STATES`. Lines, fonts and spacing of
static displays are in ``static.css``, those of widgets in ``widget.css``, beside this file.

Rules: colours come from JupyterLab's variables where there are any; every meaning has a symbol and a word besides
its colour; text has a contrast of at least 4.5:1 (WCAG 2.2 AA) in light and in dark; focus is always visible.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

#: What a colour stands for.
Tone = Literal["good", "change", "bad", "swap", "info", "plain"]

#: Tone -> (light, dark); each is readable on its theme's background and on the tinted rows.
COLOURS: dict[Tone, tuple[str, str]] = {
    "good": ("#0f6130", "#7ee2a0"),
    "change": ("#7a4b00", "#f2c463"),
    "bad": ("#ae1223", "#ff9d94"),
    "swap": ("#6b2fb3", "#d6b4ff"),
    "info": ("#0b55a8", "#8cc4ff"),
    "plain": ("#4d5663", "#b9c2cc"),
}


class Mark(NamedTuple):
    """How one meaning is shown: symbol, word and tone together."""

    symbol: str
    word: str
    tone: Tone


#: Terraform's actions, with the symbols its own text output has.
ACTIONS: dict[str, Mark] = {
    "create": Mark("+", "create", "good"),
    "update": Mark("~", "change", "change"),
    "delete": Mark("−", "destroy", "bad"),
    "replace": Mark("±", "replace", "swap"),
    "read": Mark("≤", "read", "info"),
    "forget": Mark("×", "forget", "plain"),
    "create, forget": Mark("+×", "create, and forget the old one", "swap"),
    "unknown action": Mark("?", "an action unknown to this reader", "bad"),
    "no-op": Mark("·", "unchanged", "plain"),
}

#: Verdicts of tests, checks, policies, services and signatures, by the tool's own word.
STATES: dict[str, Mark] = {
    "pass": Mark("✓", "pass", "good"),
    "fail": Mark("✗", "fail", "bad"),
    "error": Mark("✗", "error", "bad"),
    "not-yet": Mark("✗", "not yet", "bad"),
    "skip": Mark("–", "skipped", "plain"),
    "panic": Mark("✗", "panic", "bad"),
    "timeout": Mark("✗", "timed out", "bad"),
    "exit": Mark("✗", "cut off", "bad"),
    "warning": Mark("!", "warning", "change"),
    "success": Mark("✓", "success", "good"),
    "failure": Mark("✗", "failure", "bad"),
    "exception": Mark("–", "exception", "info"),
    "in-sync": Mark("✓", "in sync", "good"),
    "drifted": Mark("≠", "drifted", "bad"),
    "unknown": Mark("?", "could not tell", "change"),
    "verified": Mark("✓", "verified", "good"),
    "refused": Mark("✗", "refused", "bad"),
    "untrusted": Mark("✗", "signer not trusted", "bad"),
    "unsigned": Mark("○", "unsigned", "change"),
    "bad": Mark("✗", "bad signature", "bad"),
    "not-checked": Mark("○", "not checked", "change"),
    "running": Mark("●", "running", "good"),
    "starting": Mark("…", "starting", "change"),
    "stopped": Mark("○", "stopped", "plain"),
    "failed": Mark("✗", "failed", "bad"),
    "waiting": Mark("○", "waiting", "plain"),
    "working": Mark("…", "working", "info"),
    "done": Mark("✓", "done", "good"),
    "cancelled": Mark("■", "stopped", "change"),
    "missing": Mark("○", "missing", "change"),
    "ready": Mark("✓", "ready", "good"),
    "passed": Mark("✓", "passed", "good"),
    "blocked": Mark("✗", "blocked", "bad"),
    "current": Mark("=", "the same", "plain"),
    "approved": Mark("✓", "approved", "good"),
    "accepted": Mark("✓", "accepted", "good"),
    "outdated": Mark("○", "does not count", "change"),
    "healed": Mark("↺", "healed", "good"),
    "adopted": Mark("↑", "adopted", "info"),
    "break-glass": Mark("!", "break-glass", "bad"),
    "open": Mark("○", "open", "info"),
    "merged": Mark("✓", "merged", "good"),
    "closed": Mark("–", "closed", "plain"),
    "waived": Mark("–", "waived", "info"),
    "skipped": Mark("○", "skipped", "change"),
    "unapplied": Mark("↑", "code not applied", "info"),
    "both": Mark("≠", "drifted, code not applied", "bad"),
}

#: States of Argo CD and Kubernetes, in their own words. Health says nothing about sync.
STATES |= {
    "Synced": Mark("=", "Synced", "good"),
    "OutOfSync": Mark("≠", "OutOfSync", "bad"),
    "Healthy": Mark("✓", "Healthy", "good"),
    "Progressing": Mark("…", "Progressing", "info"),
    "Degraded": Mark("✗", "Degraded", "bad"),
    "Missing": Mark("○", "Missing", "change"),
    "Suspended": Mark("‖", "Suspended", "plain"),
    "Unknown": Mark("?", "Unknown", "change"),
    "Running": Mark("…", "Running", "info"),
    "Succeeded": Mark("✓", "Succeeded", "good"),
    "Failed": Mark("✗", "Failed", "bad"),
    "Error": Mark("✗", "Error", "bad"),
    "Terminating": Mark("■", "Terminating", "change"),
    "SyncFailed": Mark("✗", "SyncFailed", "bad"),
    "Pruned": Mark("−", "Pruned", "change"),
    "PruneSkipped": Mark("–", "PruneSkipped", "plain"),
    "Normal": Mark("·", "Normal", "plain"),
    "Warning": Mark("!", "Warning", "change"),
}

#: What a verifier of the audit trail finds wrong with an event, by its own word.
TAMPERED = ("flipped", "deleted", "truncated", "inserted", "replayed", "reordered", "forked")
STATES |= {kind: Mark("✗", kind, "bad") for kind in TAMPERED} | {"withheld": Mark("–", "only its hash", "plain")}

#: The mark of a risk, next to the resource and in the graph.
RISK = Mark("!", "risk", "bad")


def _dark_rule() -> str:
    tones = "".join(f"--m-{tone}:{dark};" for tone, (_, dark) in COLOURS.items())
    body = f"{{--m-dim:#b9c2cc;--m-line:#4a525c;--m-soft:#262b31;{tones}}}"
    # Outside Jupyter nothing sets the text and page colours, so the reader's own preference decides.
    page = "body:not([data-jp-theme-light]):not([class*=vscode]) .m208"
    plain = "--m-fg:#e6e9ec;--m-bg:#15181c;"
    return (
        f'[data-jp-theme-light="false"] .m208,.vscode-dark .m208{body}'
        f"@media screen and (prefers-color-scheme:dark){{{page}{body[:-1]}{plain}}}}}"
    )


@cache
def css(kind: Literal["static", "widget"] = "static") -> str:
    """Return the style sheet; it is the same each time, so it may be in a page many times."""
    sheet = Path(__file__).with_name(f"{kind}.css").read_text(encoding="utf-8").split("*/", 1)[1]
    tones = "".join(f"--m-{tone}:{light};" for tone, (light, _) in COLOURS.items())
    rules = "".join(
        f".m208 .m-{tone}{{color:var(--m-{tone})}}.m208 svg .m-{tone}{{stroke:var(--m-{tone})}}"
        f".m208 svg text.m-{tone}{{fill:var(--m-{tone});stroke:none}}"
        for tone in COLOURS
    )
    sheet = sheet.replace("/*tones*/", tones).replace("/*tone rules*/", rules).replace("/*dark*/", _dark_rule())
    return sheet.replace("\n", "")


#: JupyterLab takes the arrow keys of everything inside a notebook, also those of a list or a tab; this attribute of
#: its own command registry gives them back to the element that has the focus.
_KEYS = (
    "const f=this.closest('.m208w');f&&f.addEventListener('focusin',e=>e.target.matches('select,[role=tab]')"
    "&&e.target.setAttribute('data-lm-suppress-shortcuts','true'))"
)


def style(kind: Literal["static", "widget"] = "static") -> str:
    """Return the style sheet as an element; that of widgets also gives lists and tabs their arrow keys back."""
    keys = f' onload="{_KEYS}"' if kind == "widget" else ""
    return f"<style{keys}>{css(kind)}</style>"
