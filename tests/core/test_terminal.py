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
        ("a\x1b]0;a title\x07b\x1b]8;;http://x\x1b\\c", "abc"),
        ("\x1b]52;c;cm0gLXJm\x07clipboard", "clipboard"),
        ("\x1bPqsixel\x1b\\\x9b31mred\x1b(B\x1bcreset", "redreset"),
        ("never ends \x1b]0;title\nnext line\x1b", "never ends 0;title\nnext line"),
        ("bell\x07 back\x08\x08 nul\x00, tab\tstays, so does \u00fc", "bell back nul, tab\tstays, so does \u00fc"),
    ],
)
def test_colours_and_movements_are_left_out(printed: str, text: str) -> None:
    assert terminal.plain(printed) == text


def test_nobody_else_strips_colours() -> None:
    own = re.compile(r"re\.(?:compile|sub)\(\s*[^)\n]*x1b")
    files = [path for room in ("helpers", "grading", "website") for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 100
    assert [p.relative_to(ROOT).as_posix() for p in files if own.search(p.read_text(encoding="utf-8"))] == [
        "helpers/core/terminal.py"
    ]
