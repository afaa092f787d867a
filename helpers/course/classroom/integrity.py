"""What an instructor should look at, as information: it changes no points and proves nothing.

A locked cell with another text, a solution that was shown before the work was handed in, work that equals another's.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.course.classroom.klass import Classroom

#: Characters, without white space, below which two equal texts say nothing.
SHORT = 60
_WORKFILE = re.compile(r"%%workfile[^\n]*\n?")
_SOLVE = re.compile(r"\blab\.solve\(\s*['\"]([\w-]+)|\bcourse solve \S+ ([\w-]+)")
#: A step's name; a learner may write anything in its place.
_STEP = re.compile(r"[A-Za-z0-9][\w.-]{0,60}", re.ASCII)
#: Bytes of the note on what was shown.
_NOTE = 20_000
_MARKS = re.compile(r"(?m)^\s*### (?:BEGIN|END) SOLUTION[^\n]*\n?")


def look(room: Classroom, assignment: str, learners: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return learner -> what to look at in the submission of *assignment*, sentences in a fixed order."""
    released = _cells(room.root / "release" / assignment)
    locked = {name: _plain(text) for name, text, meta in released if meta.get("locked")}
    solved = {_key(_MARKS.sub("", text)) for _, text, _ in _cells(room.root / "source" / assignment)}
    given = {_key(text) for _, text, _ in released} | {
        _key(text) for text in _files(room.root / "release" / assignment)
    }
    texts, said = defaultdict[str, set[str]](set), defaultdict[str, list[str]](list)
    for learner in learners:
        directory = room.root / "submitted" / learner / assignment
        shown: set[str] = set()
        for name, text, _ in _cells(directory):
            if name in locked and _plain(text) != locked[name]:
                said[learner].append(f"the locked cell {name} was changed")
            shown.update(step for found in _SOLVE.findall(text) for step in found if step)
        shown = {step for step in (*shown, *_noted(directory)) if _STEP.fullmatch(step)}
        said[learner] += [f"the solution of {step} was shown before submission" for step in sorted(shown)]
        mine = [*(text for _, text, meta in _cells(directory) if not meta.get("locked")), *_files(directory / "work")]
        for text in mine:
            if len(_plain(text)) >= SHORT and _key(text) not in given | solved:
                texts[_key(text)].add(learner)
        if solutions := sum(_key(text) in solved - given for text in mine if len(_plain(text)) >= SHORT):
            said[learner].append(f"{solutions} texts equal the model solution")
    for learner, others in _pairs(texts).items():
        said[learner] += [f"{count} texts equal those of {other}" for other, count in sorted(others.items())]
    return {learner: tuple(dict.fromkeys(lines)) for learner, lines in said.items() if lines}


def _pairs(texts: Mapping[str, set[str]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for owners in texts.values():
        for one in owners:
            for other in owners - {one}:
                found[one][other] += 1
    return found


def _cells(directory: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """Return name, text and nbgrader's metadata of the code cells of every notebook that can be read."""
    found = []
    for path in sorted(directory.glob("*.ipynb")):
        try:
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
                if cell["cell_type"] == "code":
                    meta = cell.get("metadata", {}).get("nbgrader") or {}
                    found.append((str(meta.get("grade_id", "")), "".join(cell["source"]), dict(meta)))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
    return found


def _files(directory: Path) -> list[str]:
    found = []
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.suffix != ".ipynb" and path.stat().st_size < 1_000_000:
            found.append(path.read_bytes().decode(errors="replace"))
    return found


def _noted(directory: Path) -> list[str]:
    """Return the steps whose solution was shown, as the learner's own copy of the course noted it."""
    path = directory / ".course" / "shown.json"
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _NOTE:
            return []
        data = json.loads(path.read_text(encoding="utf-8"))
        return [step for step in data if isinstance(step, str)][:100] if isinstance(data, list) else []
    except (OSError, ValueError, RecursionError):
        return []


def _plain(text: str) -> str:
    return "".join(_WORKFILE.sub("", text).split())


def _key(text: str) -> str:
    return hashlib.sha256(_plain(text).encode(errors="surrogatepass")).hexdigest()


__all__ = ["look"]
