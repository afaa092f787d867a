"""Makes the solutions repository: filled notebooks, the files their cells write, the GitOps repository, its own CI."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core.errors import BadInput
from helpers.core.files import new_directory
from helpers.core.paths import IAC, ROOT
from helpers.course import outline
from helpers.course.labs import _cells as cells

_TEMPLATES = Path(__file__).parent / "templates"
#: File of the repository that lists all others with their digests.
SUMS = "SHA256SUMS"
#: What the hidden tests are marked with: they judge, and are nobody's to read.
_HIDDEN = re.compile(r"(?s)\n?[^\n]*### BEGIN (HIDDEN TESTS|MARK SCHEME).*?### END \1[^\n]*")
#: What a lab hands out to be found weak, and is not solved: no sample for anybody.
_WEAK = re.compile(r"(^|/)(exercises|trap)/")
#: Samples of the course itself that the labs end in: directory of the repository -> directory of ``iac/``.
SAMPLES = {"samples/gitops": "gitops", "samples/terratest": "terratest", "samples/supply-chain": "supply-chain"}

#: What tools leave beside them.
_RUN = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate*", "__pycache__", ".ipynb_checkpoints")


class NoSource(BadInput):
    """The instructor's notebooks are not here."""

    code = "no-source"


class AlreadyThere(BadInput):
    """The directory is there and not empty; nothing was written."""

    code = "already-there"


@dataclass(frozen=True)
class Solution:
    """One solution in the repository.

    Attributes:
        id: its name. path: file or directory. digest: ``sha256:`` of the file, or of the list of a directory's files.
    """

    id: str
    path: str
    digest: str


def export(target: Path) -> list[Solution]:
    """Write the solutions repository into a new directory; return what is in it.

    Raises:
        NoSource: ``source/`` is not here, as in a learner's course. AlreadyThere: *target* is not empty.
    """
    graded = [*outline.labs().values(), outline.assessment()]
    labs = [lab for lab in graded if (ROOT / "source" / lab.assignment).is_dir()]
    if not labs:
        raise NoSource(
            "The solutions are not here",
            why="They are in source/, which an instructor's checkout has.",
            next="Export them there.",
        )
    try:
        with new_directory(target, mode=0o755) as new:
            for lab in labs:
                for name in lab.notebooks:
                    _notebook(ROOT / "source" / lab.assignment / name, new, lab.assignment)
            for path, sample in SAMPLES.items():
                shutil.copytree(IAC / sample, new / path, ignore=_RUN)
            # pip compiles what it installs, beside the templates.
            for template in sorted(path for path in _TEMPLATES.iterdir() if path.is_file()):
                to = new / template.name.replace("dot-", ".", 1).replace("__", "/")
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(template, to)
            lines = [f"{_sha256(path)}  {path.relative_to(new).as_posix()}\n" for path in _files(new)]
            (new / SUMS).write_text("".join(lines), encoding="utf-8")
    except FileExistsError as error:
        raise AlreadyThere(
            f"{target} is there already", why="Nothing is written over.", next="Choose a new directory."
        ) from error
    return solutions(target)


def solutions(repository: Path) -> list[Solution]:
    """Return the solutions in a repository: each notebook, and each part of what a lab's cells write."""
    found = [
        Solution(f"{path.parent.name}/{path.stem}", path.relative_to(repository).as_posix(), digest(path))
        for path in sorted((repository / "source").glob("*/*.ipynb"))
    ]
    parts = [*(repository / "work").glob("*/*"), *(repository / "samples").glob("*")]
    # Lab 2 is one repository; its parts are pipelines, policies, applications.
    parts = [one for part in parts for one in (part.iterdir() if part.name == "platform" else [part])]
    for path in sorted(parts):
        name = path.relative_to(repository).as_posix()
        found.append(Solution(name.removeprefix("work/"), name, digest(path)))
    return found


def digest(path: Path) -> str:
    """Return the digest of a file, or of a directory: that of the sorted list of its files and their digests."""
    if path.is_file():
        return f"sha256:{_sha256(path)}"
    lines = "".join(f"{_sha256(file)}  {file.relative_to(path).as_posix()}\n" for file in _files(path))
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def _files(directory: Path) -> Iterator[Path]:
    found = (path for path in directory.rglob("*") if path.is_file())
    yield from sorted(found, key=lambda path: path.relative_to(directory).as_posix())


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _notebook(path: Path, new: Path, assignment: str) -> None:
    """Write the filled notebook, and the files that its cells write."""
    nb = json.loads(path.read_text(encoding="utf-8"))
    for raw in nb["cells"]:
        given = "".join(raw["source"])
        solved = _HIDDEN.sub("", cells.without_marks(given))
        raw["source"] = solved
        if raw["cell_type"] == "code":
            raw["outputs"], raw["execution_count"] = [], None
            _work(solved, given, new / "work" / assignment)
    _plain(nb)
    target = new / "source" / assignment / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(nb, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def _work(solved: str, given: str, work: Path) -> None:
    match = cells.WORKFILE.match(solved)
    if match is None:
        return
    cell = cells.Cell(0, solved, match.group(2))
    if cell.path is None or (_WEAK.search(cell.path) and cells.BEGIN not in given):
        return
    target = work / cell.path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(cell.body.rstrip("\n") + "\n", encoding="utf-8")


def _plain(nb: dict[str, Any]) -> None:
    """Leave out what nbgrader and an editor keep in metadata: only the step that a cell belongs to stays."""
    nb["metadata"] = {"kernelspec": nb["metadata"]["kernelspec"], "language_info": {"name": "python"}}
    for raw in nb["cells"]:
        raw["metadata"] = {name: value for name, value in raw["metadata"].items() if name == "mod208"}
