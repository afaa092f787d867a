"""Where to go on after a step: the title of the next one, and the link to it from any notebook of the lab."""

from __future__ import annotations

import functools
import json
import re
from urllib.parse import quote

from helpers.core.paths import ROOT
from helpers.course.outline import LabSpec


def following(lab: LabSpec, step: str) -> tuple[str, str] | None:
    """Return title and link of the step after *step*; None after the last one."""
    names = [one.id for one in lab.steps]
    after = names.index(step) + 1
    if after == len(lab.steps):
        return None
    one = lab.steps[after]
    return one.title, place(lab, one.id)


def place(lab: LabSpec, step: str) -> str:
    """Return the link to the heading of a step's part, from any notebook of the lab."""
    one = lab.step(step)
    cell = _parts(lab.assignment, one.notebook).get(one.id, "")
    # JupyterLab scrolls to a cell by its id, which is the same in every copy.
    return f"{one.notebook}#cell-id={quote(cell)}" if cell else one.notebook


@functools.cache
def _parts(assignment: str, notebook: str) -> dict[str, str]:
    """Return step -> id of the cell with the heading of its part, in a released notebook."""
    cells = json.loads((ROOT / "release" / assignment / notebook).read_text(encoding="utf-8"))["cells"]
    found: dict[str, str] = {}
    heading = ""
    for cell in cells:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and re.search(r"^#+ ", text, re.MULTILINE):
            heading = cell["id"]
        for step in re.findall(r'lab\.(?:check|grade)\("([\w-]+)"\)', text) if cell["cell_type"] == "code" else ():
            found.setdefault(step, heading)
    return found
