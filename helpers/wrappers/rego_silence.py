"""What Conftest passes over in silence, found before it runs: rules that it would not hear, input that says nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from helpers.wrappers.policy import NothingChecked, RegoError, RegoProblem
from helpers.wrappers.rego_rules import Rule


def require_messages(rules: Sequence[Rule]) -> None:
    """Raise `RegoError` for a rule that may be true and would still count as passed."""
    # Syntax of Rego v0 (`deny[msg] {`) is refused by Conftest itself, in its own words.
    deaf = [r for r in rules if not r.gives_messages and not re.match(r"\w+\[.*\]\s*(?:\{|$)", r.head)]
    if deaf:
        problems = tuple(
            RegoProblem(f"{r.package}.{r.name} is not a set of messages: {r.head}", "", r.file, r.line) for r in deaf
        )
        raise RegoError(
            "Conftest would not hear a rule: when it is true, the report says passed",
            problems,
            next=f"Write `{deaf[0].name} contains msg if {{ ... }}`.",
        )


def require_content(text: str | None, files: Sequence[Path]) -> None:
    """Raise `NothingChecked` for configuration that says nothing: empty, only comments, ``null``."""
    found = [(file.name, file) for file in files if file.suffix in (".yaml", ".yml", ".json") and file.is_file()]
    empty = [name for name, file in found if _says_nothing(file.read_text(encoding="utf-8", errors="replace"))]
    if text is not None and _says_nothing(text):
        empty.append("the document")
    if empty:
        raise NothingChecked(
            f"Nothing was checked: {', '.join(empty)} says nothing",
            why="It is empty, holds only comments, or is null; every rule finds nothing in it and passes.",
            next="See to it that what writes it succeeds.",
        )


def _says_nothing(text: str) -> bool:
    lines = (re.sub(r"^\s*#.*|^\s*(?:---|\.\.\.)\s*$", "", line).strip() for line in text.splitlines())
    return "".join(lines) in ("", "null", "~")
