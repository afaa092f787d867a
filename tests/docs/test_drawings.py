"""The drawing at the head of each lecture and lab notebook: it is there, of this notebook, and can be read."""

from __future__ import annotations

import json
import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from helpers.core.paths import ROOT
from scripts import draw_notebooks as drawn

DRAWINGS = drawn.described()
NOTEBOOKS = drawn.notebooks()
#: Pixels of a notebook's page.
PAGE = 1000.0


def words(text: str) -> str:
    return " ".join(re.sub(r"[`*_]", "", text).casefold().split())


def test_every_lecture_and_every_lab_notebook_has_one() -> None:
    assert DRAWINGS.keys() == NOTEBOOKS.keys()
    assert len(NOTEBOOKS) > 40


def test_what_was_drawn_is_up_to_date() -> None:
    assert drawn.main(["--check"]) == 0, f"Next: {drawn.COMMAND}"


@pytest.mark.parametrize("key", NOTEBOOKS)
def test_its_notebook_shows_it_and_has_its_parts(key: str) -> None:
    document = json.loads(NOTEBOOKS[key].read_text(encoding="utf-8"))
    first = "".join(document["cells"][0]["source"])
    (alternative, link), *more = re.findall(r"^!\[(.*)\]\((.*)\)$", first, re.MULTILINE)
    assert not more and alternative == DRAWINGS[key].alternative()
    assert (NOTEBOOKS[key].parent / link).resolve() == drawn.FOLDER / f"{key}.svg"
    cells = [
        f"{''.join(c['source'])} {json.dumps(c.get('outputs', ''), ensure_ascii=False)}" for c in document["cells"]
    ]
    text = words("\n".join(cells).replace(alternative, ""))
    assert not [box.name for box in DRAWINGS[key].boxes if words(box.name) not in text]


@pytest.mark.parametrize("key", DRAWINGS)
def test_no_text_leaves_its_box_and_none_covers_another(key: str) -> None:
    drawing = DRAWINGS[key]
    assert drawing.width <= PAGE
    for box in drawing.boxes:
        for text, size in ((box.name, drawn.NAME), (box.about, drawn.SMALL)):
            assert drawn.wide(text, size) <= box.place.width - 2 * drawn.PAD + 0.01
    for title, place in drawing.columns:
        assert drawn.wide(title, drawn.SMALL) <= place.width
    assert not [(a.name, b.name) for a, b in combinations(drawing.boxes, 2) if a.place.overlaps(b.place)]
    labels = [arrow for arrow in drawing.arrows if arrow.label]
    assert not [(a.label, b.label) for a, b in combinations(labels, 2) if a.place.overlaps(b.place)]
    assert not [(a.label, b.name) for a in labels for b in drawing.boxes if a.place.overlaps(b.place)]
    named = {id(end) for arrow in drawing.arrows for end in (arrow.source, arrow.target)}
    assert not [box.name for box in drawing.boxes if id(box) not in named], "a box that nothing reaches"


@pytest.mark.parametrize("key", DRAWINGS)
def test_the_file_is_a_drawing_with_a_title(key: str) -> None:
    root = ElementTree.fromstring((drawn.FOLDER / f"{key}.svg").read_text(encoding="utf-8"))
    assert root.tag.endswith("svg") and root.attrib["role"] == "img"
    assert root[0].tag.endswith("title") and root[0].text == DRAWINGS[key].alternative()
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))


def brightness(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("over", "under", "least"),
    [
        ("text", "ground", 4.5),
        ("dim", "ground", 4.5),
        ("dim", "column", 4.5),
        ("line", "ground", 3.0),
        ("line", "column", 3.0),
    ],
)
def test_the_contrast_is_enough(theme: int, over: str, under: str, least: float) -> None:
    light, dark = sorted((brightness(drawn.PAINT[name][theme]) for name in (over, under)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= least


@pytest.mark.parametrize(
    ("arrow", "reason"),
    [("a -> z", "names a box that is not there"), ("a -> c", "the next column"), ("a -> b: much", "without a label")],
)
def test_an_arrow_that_cannot_be_drawn_is_refused(arrow: str, reason: str) -> None:
    columns = {"One": {"a": "a", "b": "b"}, "Two": {"x": "x"}, "Three": {"c": "c"}}
    with pytest.raises(ValueError, match=reason):
        drawn.layout({"columns": columns, "arrows": [arrow]})


def test_the_releases_of_labs_show_them_too() -> None:
    for file in sorted((ROOT / "release").glob("lab*/*.ipynb")):
        # A cell on handing in stands above the title.
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"][:2]
        (link,) = re.findall(r"^!\[.*\]\((.*)\)$", "\n".join("".join(c["source"]) for c in cells), re.MULTILINE)
        assert (file.parent / link).resolve().is_file()
