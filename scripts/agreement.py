"""Does the prose of a lecture agree with the outputs it speaks of?

A Markdown cell right below a code cell speaks of what the cells above it have shown. So the numbers of its first
sentence and the states in italics of its first paragraph (*Succeeded*) have to be in those outputs. A word that speaks
of something else says so in the metadata of its cell: ``"speaks": {"three": {"cell": ID, "shows": TEXT}}`` for another
output or another
form of it, ``{"three": {"of": "the story"}}`` for none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from scripts.claims import Cell, one_line, sentences

NUMBERS = {
    "zero": "0",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
    "fifteen": "15",
    "sixteen": "16",
    "twenty": "20",
    "hundred": "100",
}
_NUMBER = re.compile(rf"\b(?:\d+(?:\.\d+)*|{'|'.join(NUMBERS)})\b", re.IGNORECASE)
_STATE = re.compile(r"(?<!\*)\*([A-Z][A-Za-z]+)\*(?!\*)")
#: What a version belongs to, a reference to another notebook, a heading: none is read from an output.
_ASIDE = re.compile(
    r"`[^`]*`|\*\*Predict\*\*.*|\([^()]*\)|\b(?:Terraform|Argo CD|Lab|Unit|notebook)s? \d[\d.]*", re.DOTALL
)


def disagreements(cells: Sequence[Cell]) -> list[str]:
    """Return ``CELL: WORD`` for each word that its outputs do not show, and for each mark that is not true."""
    found: list[str] = []
    for place, cell in enumerate(cells):
        if cell.kind != "markdown":
            continue
        marks = cell.metadata.get("speaks", {})
        spoken = list(_spoken(cell, _shown(cells, place)))
        found += [f"{cell.id}: {word}" for word, known in spoken if not known and word not in marks]
        found += [
            f"{cell.id}: {word}: {wrong}" for word, mark in marks.items() if (wrong := _wrong(cell, word, mark, cells))
        ]
    return found


def _shown(cells: Sequence[Cell], place: int) -> str:
    above = place - 1
    texts: list[str] = []
    while above >= 0 and cells[above].kind == "code":
        texts.append(cells[above].text)
        above -= 1
    return "\n".join(texts).strip()


def _spoken(cell: Cell, shown: str) -> Iterator[tuple[str, bool]]:
    if not shown or cell.text.startswith("#"):
        return
    first = _ASIDE.sub(" ", cell.text.split("\n\n")[0])
    sentence = next(iter(sentences(first)), "")
    for match in _NUMBER.finditer(sentence):
        word = match[0]
        digits = NUMBERS.get(word.lower(), word)
        known = re.search(rf"(?<![\d.]){re.escape(digits)}(?!\d)", shown) or re.search(
            rf"\b{word}\b", shown, re.IGNORECASE
        )
        yield word.lower(), bool(known)
    for match in _STATE.finditer(first):
        yield match[1], match[1] in shown


def _wrong(cell: Cell, word: str, mark: Mapping[str, str], cells: Sequence[Cell]) -> str:
    if not re.search(rf"\b{re.escape(word)}\b", cell.text, re.IGNORECASE):
        return "the cell does not say so any more"
    if "of" in mark:
        return ""
    other = next((one for one in cells if one.id == mark.get("cell") and one.kind == "code"), None)
    if other is None or not mark.get("shows") or one_line(mark["shows"]) not in one_line(other.text):
        return f"the output of {mark.get('cell')} does not show {mark.get('shows')!r}"
    return ""
