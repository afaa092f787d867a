"""What was printed for a terminal, read as text; and no second way to do so."""

from __future__ import annotations

import re

import pytest

from helpers.core import terminal
from helpers.core.paths import ROOT


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("", ""),
        ("no colour [0m at all", "no colour [0m at all"),
        ("\x1b[1;31mError\x1b[0m: x", "Error: x"),
        ("\x1b[38;5;196mred\x1b[mplain", "redplain"),
        ("\r\x1b[2K\x1b[?25l50 %\x1b[1A", "\r50 %"),
    ],
)
def test_colours_and_movements_are_left_out(printed: str, text: str) -> None:
    assert terminal.plain(printed) == text


def test_nobody_else_strips_colours() -> None:
    own = re.compile(r"re\.(?:compile|sub)\([^)\n]*x1b")
    files = [path for room in ("helpers", "website") for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 100
    assert [p.relative_to(ROOT).as_posix() for p in files if own.search(p.read_text(encoding="utf-8"))] == [
        "helpers/core/terminal.py"
    ]
