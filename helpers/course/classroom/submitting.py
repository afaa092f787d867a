"""Hands in: nbgrader's submit, which takes along what the judge cannot find in the files, and a receipt."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import secrets
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.exchange.default.submit import ExchangeSubmit

from helpers.core import process
from helpers.core.files import write_atomic
from helpers.core.paths import ROOT, state_dir, workspace_dir
from helpers.course import outline
from helpers.course.classroom import nb
from helpers.course.classroom.errors import StageFailed, TooEarly
from helpers.course.labs import Lab
from helpers.course.workspace.journal import Journal

#: In a submission: what the course adds. It holds claims, no secrets.
ADDED = ".course"
#: What the learner's module registry published, below the state; and below `ADDED`.
REGISTRY, CARRIED = "services/registry/data", "registry"


class Submit(ExchangeSubmit):  # type: ignore[misc]
    """nbgrader's submit with `carry` before it; JupyterLab's assignment list uses it as well."""

    def copy_files(self) -> None:
        """Add what travels with the work, then hand in."""
        carry(Path(self.src_path))
        super().copy_files()


def carry(directory: Path) -> None:
    """Put into a submission's directory what grading cannot make again from its files.

    A package that was published from a terminal is in the registry only; the judge offers it to its own.
    """
    added = directory / ADDED
    shutil.rmtree(added, ignore_errors=True)
    added.mkdir()
    found = state_dir() / REGISTRY
    if (found / "modules").is_dir():
        shutil.copytree(found / "modules", added / CARRIED / "modules", symlinks=True)
        with contextlib.suppress(OSError, ValueError, KeyError):
            # Of who may do what there only the public keys.
            keys = json.loads((found / "access.json").read_text(encoding="utf-8"))["keys"]
            write_atomic(
                added / CARRIED / "access.json",
                json.dumps({"tokens": {}, "keys": keys, "ticket_secret": secrets.token_hex(32)}),
            )
    for lab in outline.labs().values():
        if lab.assignment == directory.name:
            shown = sorted(Journal(lab.id, Lab(lab.id).work).read()["shown"])
            write_atomic(added / "shown.json", json.dumps(shown))


@dataclass(frozen=True)
class Receipt:
    """What was handed in: when, how many files, and their digest."""

    assignment: str
    course: str
    when: str
    files: int
    digest: str

    def text(self) -> str:
        """Return it for a person."""
        return f"Handed in: {self.assignment} to {self.course} at {self.when}\n{self.files} files, sha256:{self.digest}"


def submit(assignment: str) -> Receipt:
    """Hand in the learner's copy of an assignment, from wherever the command is typed.

    Raises:
        TooEarly: there is no copy. StageFailed: nbgrader refused it.
    """
    directory = workspace_dir() / assignment
    if not directory.is_dir():
        raise TooEarly(
            f"There is no {assignment} to hand in", why=f"{directory} does not exist.", next="course open --prepare"
        )
    argv = [sys.executable, "-m", "nbgrader", "submit", assignment, f"--Exchange.assignment_dir={workspace_dir()}"]
    env = process.environment(allow=("JUPYTER_*", "PYTHONPATH"))
    done = process.run(argv, cwd=ROOT, env=env, timeout=nb.QUICK)
    if done.returncode:
        raise StageFailed(
            f"{assignment} was not handed in",
            why="\n".join(nb.faults(done.stderr)[-4:]) or done.stderr[-800:],
            next="Ask your instructor whether it is released, then the same command again.",
        )
    files, digest = _digest(directory)
    course = next((line.rpartition(": ")[2] for line in done.stderr.splitlines() if "Submitted as" in line), "")
    when = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"
    return Receipt(assignment, course.split(" ")[0], when, files, digest)


def _digest(directory: Path) -> tuple[int, str]:
    whole, count = hashlib.sha256(), 0
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not path.is_symlink() and ".ipynb_checkpoints" not in path.parts:
            whole.update(f"{path.relative_to(directory).as_posix()}\0".encode() + path.read_bytes())
            count += 1
    return count, whole.hexdigest()


def verdicts(assignment: str) -> list[dict[str, Any]]:
    """Return what the visible checks say of the work that was handed in."""
    lab = next((one for one in outline.labs().values() if one.assignment == assignment), None)
    if lab is None:
        return []
    room = Lab(lab.id)
    return [
        {"step": one.step, "passed": one.passed, "reason": one.reason}
        for one in map(room.check, (s.id for s in lab.steps))
    ]


__all__ = ["Receipt", "Submit", "carry", "submit", "verdicts"]
