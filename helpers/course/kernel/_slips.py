"""Slips in a cell's first line, answered by a sentence."""

from __future__ import annotations

import re

from helpers.core.errors import BadInput
from helpers.course.kernel._notebook import code_cells

HEADER = "%%workfile lab1 modules/gpu-workspace/main.tf"
_MAGIC = re.compile(r"%{1,3}\s*workfile\b")
#: Language -> how a text of it begins, after comments.
_BEGINS = {
    "HCL": re.compile(
        r"(?:(?:resource|data|provider|module|variable|output|run|check|ephemeral)\s+\"[^\"]+\"(?:\s+\"[^\"]+\")?"
        r"|terraform|locals|moved|import|removed)\s*\{"
    ),
    "Rego": re.compile(r"package\s+[a-z_]"),
    # Two lines at least: one alone may be Python with an annotation.
    "YAML": re.compile(r"(?:---[ \t]*\n|[A-Za-z][\w.-]*:[ \t]*(?:[^\s=][^\n]*)?\n)\s*(?:- )?[A-Za-z][\w.-]*:(?:\s|$)"),
}


class MisplacedMagic(BadInput):
    """``%%workfile`` is not what and where it has to be."""

    code = "misplaced-magic"


class MissingHeader(BadInput):
    """The cell holds a file's text, and its first line does not say so."""

    code = "missing-header"


def check_first_line(lines: list[str]) -> list[str]:
    """Refuse a ``%%workfile`` that IPython would misread; every other cell is returned as it is.

    Raises:
        MisplacedMagic: it has another number of ``%``, or something stands above it.
    """
    first = next((line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    if not _MAGIC.match(first):
        return lines
    wanted = "%%workfile" + _MAGIC.sub("", first, count=1)
    if not first.startswith("%%workfile"):
        raise MisplacedMagic("The cell's first line has to begin with %%workfile", why=f"It says: {first}", next=wanted)
    if lines[0].strip() != first:
        raise MisplacedMagic(
            "%%workfile has to be the cell's first line",
            why="Something stands above it: a comment or an empty line.",
            next=f"{wanted}   # move this line to the top",
        )
    return lines


def missing_header(source: str) -> MissingHeader | None:
    """Return the fault for a cell that holds the text of a file instead of Python; None for any other."""
    body = "\n".join(line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")).strip()
    language = next((name for name, begins in _BEGINS.items() if begins.match(body)), None)
    if language is None:
        return None
    named = _header_in_notebook(body)
    return MissingHeader(
        f"The cell holds {language}, not Python, and does not say which file it is",
        why="Its first line is missing: it names the lab and the file.",
        next=f"{named or HEADER}   # as the first line{'' if named else ', with the path of your file'}",
    )


def _header_in_notebook(body: str) -> str | None:
    """Return the first line that the saved notebook has above the same text, if it has it still."""
    for cell in code_cells():
        first, _, rest = cell.source.partition("\n")
        if first.startswith("%%workfile") and rest.strip() and body.splitlines()[0] in rest:
            return first.strip()
    return None
