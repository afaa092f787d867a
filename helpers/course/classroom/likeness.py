"""Which submissions look alike, as a list to look at: what was handed out, and what many wrote, is subtracted.

It is never a verdict: two learners with the same teacher, book or assistant write alike as well.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Lines that are compared at a time. One line alone is chance.
LINES = 3
#: Bytes of a file, and files of a submission, that are read.
MOST_BYTES, MOST_FILES = 200_000, 2_000
#: A passage in the work of more learners than this share of the class (and than three) is the usual way to write it.
USUAL = 0.25
#: Least number of passages in common, and least share of the smaller work's own, to be listed.
LEAST, SHARE = 4, 0.3
#: Directories of a submission that tools fill.
_TOOLS = frozenset({".terraform", ".git", ".state", ".course", ".ipynb_checkpoints", "__pycache__"})
#: Ends of the names of files that tools write.
_MADE = (".lock.hcl", ".tfstate", ".json", ".sum", ".gz", ".whl", ".pub", ".lock")
_MARK = re.compile(r"%%workfile[^\n]*|### (?:BEGIN|END) SOLUTION[^\n]*")

Passage = tuple[str, ...]


@dataclass(frozen=True)
class Alike:
    """Two submissions with passages in common that few others have.

    Attributes:
        share: of the smaller one's own passages, 0 to 1. passages: how many. files: where they are, in the first one.
    """

    one: str
    other: str
    share: float
    passages: int
    files: tuple[str, ...]


def alike(root: Path, assignment: str, learners: Sequence[str] = ()) -> list[Alike]:
    """Return the pairs of submissions that look alike, those most alike first.

    Args:
        root: the class's directory; what the cells left is in ``autograded/``, else what was handed in counts.
        assignment: which.
        learners: only of these; by default of all.
    """
    given = _given(root / "release" / assignment)
    works = {}
    for learner in learners or sorted({path.parent.name for path in root.glob(f"submitted/*/{assignment}")}):
        graded = root / "autograded" / learner / assignment / "work"
        directory = graded if graded.is_dir() else root / "submitted" / learner / assignment / "work"
        works[learner] = {one: where for one, where in _passages(directory) if one not in given}
    usual = _usual(works)
    return sorted(
        filter(None, (_pair(one, other, works, usual) for one, other in itertools.combinations(works, 2))),
        key=lambda found: (-found.share, -found.passages, found.one, found.other),
    )


def _pair(one: str, other: str, works: Mapping[str, Mapping[Passage, str]], usual: set[Passage]) -> Alike | None:
    mine, theirs = works[one].keys() - usual, works[other].keys() - usual
    common = mine & theirs
    if len(common) < LEAST or len(common) < SHARE * min(len(mine), len(theirs)):
        return None
    files = tuple(sorted({works[one][passage] for passage in common}))
    return Alike(one, other, len(common) / min(len(mine), len(theirs)), len(common), files)


def _usual(works: Mapping[str, Mapping[Passage, str]]) -> set[Passage]:
    counts = Counter(passage for work in works.values() for passage in work)
    return {passage for passage, count in counts.items() if count > max(3, USUAL * len(works))}


def _given(release: Path) -> set[Passage]:
    """Return the passages of what was handed out: files, and the texts in cells that write files."""
    found = {passage for passage, _ in _passages(release)}
    for path in sorted(release.glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            found.update(_of("".join(cell["source"])))
    return found


def _passages(directory: Path) -> Iterator[tuple[Passage, str]]:
    """Yield each passage of the files below *directory*, and where it is. No link is followed."""
    read = 0
    for below, names, files in os.walk(directory):
        names[:] = sorted(name for name in names if name not in _TOOLS)
        for name in sorted(files):
            path = Path(below) / name
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES or name.endswith((*_MADE, ".ipynb")):
                continue
            read += 1
            if read > MOST_FILES:
                return
            for passage in _of(path.read_bytes().decode(errors="replace")):
                yield passage, path.relative_to(directory).as_posix()


def _of(text: str) -> Iterator[Passage]:
    """Yield the passages of a text: lines in a row, without white space, comments and lines of brackets alone."""
    lines = ["".join(line.partition("#")[0].split()) for line in _MARK.sub("", text).splitlines()]
    lines = [line for line in lines if len(line) > 2]
    for at in range(len(lines) - LINES + 1):
        yield tuple(lines[at : at + LINES])


__all__ = ["Alike", "alike"]
