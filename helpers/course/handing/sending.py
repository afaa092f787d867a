"""Sends a submission by nbgrader, and says what arrived."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from helpers.core import process
from helpers.core.files import write_atomic
from helpers.core.identity import learner
from helpers.core.paths import ROOT, workspace_dir
from helpers.course.classroom.carrying import ADDED, carry
from helpers.course.handing.errors import CannotSend, NotDelivered
from helpers.course.handing.plan import Plan, files_of, moment, span
from helpers.course.outline import LabSpec

#: What nbgrader writes into a submission itself.
OF_NBGRADER = frozenset({"timestamp.txt", "submission_secret.txt"})
#: Lines of nbgrader's log that an error shows.
SHOWN = 6


@dataclass(frozen=True)
class Receipt:
    """What was handed in.

    Attributes:
        digest: of all files, see `digest_of`. files: relative path -> SHA-256 of the file.
        time: nbgrader's own stamp. late: how long after the date it was due, or nothing.
        earned, points: by the visible checks, when it was sent; no promise.
        kept: where this receipt lies.
    """

    assignment: str
    learner: str
    course: str
    time: str
    digest: str
    files: dict[str, str]
    earned: float
    points: float
    late: str
    kept: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [
            f"Handed in: {self.assignment}, {len(self.files)} files, as {self.learner} at {self.time}.",
            f"Digest: sha256:{self.digest}",
        ]
        if self.points:
            lines.append(f"By the visible checks: {self.earned:g} of {self.points:g} points.")
        if self.late:
            lines.append(f"It is {self.late} late; what that costs, your instructor decides.")
        return "\n".join([*lines, f"The receipt is kept in {self.kept}. You may hand in again; the last one counts."])


def send(plan: Plan) -> Receipt:
    """Hand in what *plan* shows: exactly these files. Notebooks are sent as they are saved now.

    Raises:
        CannotSend: an answer's file is new, changed or gone since the plan was made, or there is no room for the copy.
        NotDelivered: nbgrader refused it, or what arrived is not what was sent.
    """
    _unchanged(plan)
    with tempfile.TemporaryDirectory(prefix="mod208-hand-in-") as room:
        staged = Path(room) / plan.spec.assignment
        _stage(plan, staged)
        digests = _digests(staged)
        log = _nbgrader(plan, staged)
        arrived = re.search(r"Destination: (.+)", log)
        if plan.exchange.root is not None and (arrived is None or _digests(Path(arrived[1].strip())) != digests):
            raise NotDelivered(
                "Other files arrived in the exchange than were sent",
                why=f"nbgrader copied them to {arrived[1].strip() if arrived else plan.exchange.root}.",
                next=f"course submit {plan.spec.id}   # once more; the last one counts",
            )
    stamp = re.search(rf"Submitted as: \S+ {re.escape(plan.spec.assignment)} (.+)", log)
    time = stamp[1].strip() if stamp else moment(dt.datetime.now(dt.UTC))
    late = span(plan.late) if plan.late else ""
    made = Receipt(
        plan.spec.assignment,
        learner(),
        plan.exchange.course,
        time,
        _sum(digests),
        digests,
        plan.earned,
        plan.points,
        late,
    )
    return _kept(made)


def sent(spec: LabSpec) -> bool:
    """Whether a receipt of it is kept."""
    return any((workspace_dir() / "receipts").glob(f"{spec.assignment}-*.json"))


def digest_of(directory: Path) -> str:
    """Return the digest of a submission: the SHA-256 of its lines ``SHA-256, two spaces, path``, sorted by path.

    Both sides can compute it, with what nbgrader adds left out: ``sha256sum`` makes such lines.
    """
    return _sum(_digests(directory))


def _sum(digests: dict[str, str]) -> str:
    lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _digests(directory: Path) -> dict[str, str]:
    found = (path for path in sorted(directory.rglob("*")) if path.is_file())
    relative = {path.relative_to(directory).as_posix(): path for path in found}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in relative.items()
        if name not in OF_NBGRADER
    }


def _unchanged(plan: Plan) -> None:
    """Raise `CannotSend` where the checks saw other answers. Notebooks may differ: JupyterLab saves them itself."""
    since, now = plan.now.timestamp(), files_of(plan.directory)
    answers = [name for name in now if not name.endswith(".ipynb")]
    other = [n for n in answers if n not in plan.files or (plan.directory / n).stat().st_mtime > since]
    if other:
        raise CannotSend(
            f"{other[0]} was written after the checks looked, so nothing was sent",
            why="What you saw, files and points, was about the files before that.",
            next=f"course submit {plan.spec.id}   # looks at the files once more",
        )


def _stage(plan: Plan, staged: Path) -> None:
    """Copy the files of the plan: what else lies in the directory is not sent, and does not count as size."""
    try:
        for name in plan.files:
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(plan.directory / name, staged / name)
        name = ADDED
        carry(staged)
    except OSError as error:
        raise CannotSend(
            f"{name} cannot be copied, so nothing was sent",
            why=error.strerror or str(error),
            next=f"course submit {plan.spec.id}   # looks at the files once more",
        ) from None


def _nbgrader(plan: Plan, staged: Path) -> str:
    """Run nbgrader's own command; return what it says."""
    env = process.environment(allow=("JUPYTER*", "NGSHARE*", "PYTHONPATH"))
    paths = [env.get("JUPYTER_CONFIG_PATH", ""), str(ROOT)]
    env["JUPYTER_CONFIG_PATH"] = os.pathsep.join(path for path in paths if path)
    argv = [sys.executable, "-m", "nbgrader", "submit", plan.spec.assignment]
    argv += [f"--course={plan.exchange.course}", f"--student={learner()}"]
    if plan.exchange.root is not None:
        argv.append(f"--Exchange.root={plan.exchange.root}")
    done = process.run(argv, cwd=staged.parent, env=env, timeout=600)
    if done.returncode != 0:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise NotDelivered(
            f"nbgrader did not take {plan.spec.assignment}",
            why="\n".join(said[-SHOWN:]),
            next="Show this to your instructor. Your work is safe where it is.",
        )
    return f"{done.stdout}\n{done.stderr}"


def _kept(made: Receipt) -> Receipt:
    stamp = re.sub(r"[^0-9]", "", made.time)[:14]
    target = workspace_dir() / "receipts" / f"{made.assignment}-{stamp}-{made.digest[:8]}.json"
    made = Receipt(**{**asdict(made), "kept": str(target)})
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, json.dumps(made.to_dict(), indent=1, sort_keys=True) + "\n")
    return made
