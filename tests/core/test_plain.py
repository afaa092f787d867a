"""Python's own values are shown without brackets and quotation marks, whatever a lecture's cell gives."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from html import unescape

import pytest

from helpers.core.html.plain import plain_html
from helpers.core.paths import ROOT

#: Results of lectures that are objects without a display of their own; it may only get smaller.
UNSHOWN = 8


def words(html: str | None) -> str:
    assert html is not None
    text = re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))
    return " ".join(unescape(text).split())


def raw_results() -> Iterator[tuple[str, str, str]]:
    """Yield file, cell and text of each result in a lecture that has no display beside its text."""
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                if output["output_type"] == "execute_result" and set(output["data"]) == {"text/plain"}:
                    yield path.name, "".join(cell["source"]), "".join(output["data"]["text/plain"])


def test_every_plain_result_of_every_lecture_is_shown_to_a_person() -> None:
    unshown = []
    count = 0
    for name, source, text in raw_results():
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            # One that holds objects of the course shows them by their own displays.
            unshown += [] if text[0] in "([{" else [f"{name}: {text[:80]}"]
            continue
        if isinstance(value, tuple | list | dict | set | str):
            count += 1
            seen = words(plain_html(value, source))
            assert text not in seen and "\\n" not in seen, f"{name}: {text[:80]}"
    assert count, "there are plain results in lectures"
    assert len(unshown) <= UNSHOWN, "\n".join(unshown)


@pytest.mark.parametrize(
    ("value", "source", "said"),
    [
        (("Synced", 3), "state, count", "Expression Value state Synced count 3"),
        (("Synced", 3), "pair", "Synced , 3"),
        ([("a", 1), ("b", 2)], "rows", "a 1 b 2"),
        ({"team": "vision", "gpus": [1, 2]}, "x", "team vision gpus 1 , 2"),
        ("two\nlines", "x", "two lines"),
        ([], "x", "nothing"),
        ("", "x", "an empty text"),
    ],
)
def test_values_read_as_words(value: object, source: str, said: str) -> None:
    assert words(plain_html(value, source)) == said


def test_what_is_hostile_or_long_or_of_another_type() -> None:
    assert "<script>" not in str(plain_html(["<script>alert(1)</script>"]))
    assert len(str(plain_html("x" * 100_000))) < 20_000
    assert "50 more" in words(plain_html([[n, n] for n in range(100)]))
    assert plain_html(7) is None and plain_html(None) is None

    class Named(tuple[int, ...]):
        """A type of its own keeps its display."""

    assert plain_html(Named((1, 2))) is None
