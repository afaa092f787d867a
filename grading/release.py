"""Makes ``release/`` from ``source/`` with nbgrader itself, and proves that the committed one is just that.

``python -m grading.release`` writes it, ``--check`` only compares (exit 1 when it differs) and ``--json`` is for
machines.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_locked, is_solution

from grading import _notebook
from grading._notebook import Node
from helpers.core import process
from helpers.core.errors import CourseError
from helpers.core.paths import ROOT

#: What an author's own run leaves next to the notebooks; never released.
LEFTOVERS = ("work", ".state", "backup", ".terraform", ".ipynb_checkpoints", "__pycache__", "*.tfstate*")


class ReleaseFailed(CourseError):
    """nbgrader could not make the released notebooks."""

    code = "release-failed"


class NoWork(NbGraderPreprocessor):  # type: ignore[misc]
    """Refuses to release an author's ``work/`` folder: it holds the solution."""

    def preprocess(self, nb: Node, resources: Any) -> tuple[Node, Any]:
        """Look at the directory the notebook came from; the notebook stays as it is."""
        folder = Path(resources["metadata"]["path"])
        if (folder / "work").exists():
            raise ReleaseFailed(
                f"{folder} holds a directory work",
                why="Someone ran the instructor's notebook there; its files are the solution and would be released.",
                next=f"rm -r {folder / 'work'}   # or: make release, which leaves it out",
            )
        return nb, resources


class LockSetup(NbGraderPreprocessor):  # type: ignore[misc]
    """Marks the notebook's first code cell read-only: graded cells need it, so a deleted one can be put back."""

    def preprocess(self, nb: Node, resources: Any) -> tuple[Node, Any]:
        """Mark the first code cell, unless nbgrader knows it already."""
        first = next((cell for cell in nb.cells if cell.cell_type == "code"), None)
        if first is not None and not (is_grade(first) or is_solution(first) or is_locked(first)):
            first.metadata["nbgrader"] = {
                "cell_type": "code",
                "grade": False,
                "grade_id": "setup",
                "locked": True,
                "schema_version": 3,
                "solution": False,
                "task": False,
            }
        return nb, resources


@dataclass(frozen=True)
class Difference:
    """One file that is not what nbgrader makes: ``missing``, ``extra`` or ``changed``."""

    path: str
    kind: str


def assignments(course: Path) -> list[str]:
    """Return the assignments under ``source/``: directories that hold notebooks."""
    return sorted(folder.name for folder in (course / "source").iterdir() if any(folder.glob("*.ipynb")))


@contextlib.contextmanager
def generated(course: Path) -> Iterator[Path]:
    """Yield a directory that holds what nbgrader makes of every assignment of *course*.

    Raises:
        ReleaseFailed: there is no assignment, or nbgrader refused one; its own words are the reason.
    """
    names = assignments(course)
    if not names:
        raise ReleaseFailed("There is nothing to release", why=f"{course / 'source'} holds no assignment.")
    with tempfile.TemporaryDirectory(prefix="mod208-release-") as scratch:
        room = Path(scratch)
        for name in names:
            folder = course / "source" / name
            shutil.copytree(folder, room / "source" / name, ignore=shutil.ignore_patterns(*LEFTOVERS))
            _generate(course, room, name)
        for path in (room / "release").rglob("*.ipynb"):
            path.write_text(_normal(path), encoding="utf-8")
        yield room / "release"


def _generate(course: Path, room: Path, name: str) -> None:
    argv = [sys.executable, "-m", "nbgrader", "generate_assignment", name, f"--db=sqlite:///{room}/gradebook.db"]
    env = process.environment({"MOD208_CLASS": str(room)}, allow=("JUPYTER_*",))
    done = process.run(argv, cwd=course, env=env, timeout=300)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "ERROR" in line or "Error" in line]
        raise ReleaseFailed(
            f"nbgrader could not make {name}",
            why="\n".join(said[-6:]) or done.stderr[-800:],
            next=f"nbgrader generate_assignment {name} --debug",
        )


def _normal(path: Path) -> str:
    """Return the notebook as it is committed: keys sorted, no editor's or kernel's traces."""
    nb = _notebook.read(path)
    kept = {"kernelspec", "mod208", "language_info"}
    nb.metadata = _notebook.node(**{key: nb.metadata[key] for key in sorted(nb.metadata) if key in kept})
    nb.metadata["language_info"] = _notebook.node(name="python")
    return json.dumps(nb, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def differences(made: Path, committed: Path) -> list[Difference]:
    """Compare two release directories, file by file and byte by byte."""
    ours, theirs = _files(made), _files(committed)
    found = [Difference(path, "missing") for path in sorted(ours - theirs)]
    found += [Difference(path, "extra") for path in sorted(theirs - ours)]
    both = sorted(ours & theirs)
    found += [Difference(p, "changed") for p in both if (made / p).read_bytes() != (committed / p).read_bytes()]
    return found


def _files(folder: Path) -> set[str]:
    skip = {"work", ".state", "backup", ".ipynb_checkpoints"}
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if not skip.intersection(path.parts)}


def write(made: Path, release: Path) -> None:
    """Replace the assignments under *release*; an older one that has no source goes."""
    if release.exists():
        shutil.rmtree(release)
    shutil.copytree(made, release)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m grading.release", description="Make release/ from source/.")
    parser.add_argument("--check", action="store_true", help="only say whether release/ is up to date (exit 1: no)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--course", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    release = options.course / "release"
    try:
        with generated(options.course) as made:
            found = differences(made, release)
            if not options.check and found:
                write(made, release)
            count = len(_files(made))
    except CourseError as error:
        print(json.dumps(error.to_dict()) if options.json else error.diagnostics(), file=sys.stderr)
        return error.exit_code
    bad = bool(found) and options.check
    if options.json:
        print(json.dumps({"ok": not bad, "files": count, "differences": [asdict(one) for one in found]}, indent=2))
    else:
        for one in found:
            print(f"{one.kind:8} release/{one.path}")
        state = "is not what nbgrader makes; run: make release" if bad else "is what nbgrader makes of source/"
        print(f"release/ ({count} files) {state}.")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
