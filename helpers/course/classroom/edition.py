"""What learners get: the course without solutions, hidden tests and what only an instructor needs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from helpers.core.errors import BadInput
from helpers.core.files import new_directory
from helpers.core.paths import ROOT
from helpers.course import outline, wheels
from helpers.course.classroom import klass
from helpers.course.classroom.errors import NoClass, TooEarly
from helpers.course.classroom.klass import Classroom
from helpers.course.classroom.stages import Done
from helpers.wrappers.git import Git, Identity

#: What learners get of the course. All else stays: an instructor's notebooks, what grades, what tests.
KEPT = (
    "CHANGELOG.md",
    "Makefile",
    "SECURITY.md",
    "contracts",
    "course.yaml",
    "docs",
    "helpers",
    "iac",
    "mise.toml",
    "notebooks",
    "pyproject.toml",
    "release",
    "requirements-uv.lock",
    "requirements.lock",
    "scripts",
    "toolchain",
)
#: Left by tools and by Python, and pages for those who grade.
_LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", "*.egg-info", ".terraform", "*.tfstate*", ".ipynb_checkpoints", "*.pyc", "grading.md", ".*_cache"
)
#: Chapters of the README that learners need.
_CHAPTERS = ("Two commands", "Learn", "Argo CD on your laptop", "Take home", "Your own tools")
_HAND_IN = """
## Hand in

```sh
course submit lab1        # from any directory; hand in as often as you like, the newest counts
nbgrader list             # in this directory: what is out, what you handed in
nbgrader fetch_feedback lab1-module
```

Your copy is `workspace/lab1-module`, and that is what is handed in: notebooks and `work/`. The assignment list in
JupyterLab does the same.
"""
_CONFIG = '''"""nbgrader for learners: where this class hands in. The copies in workspace/ are what is handed in."""

import os
from pathlib import Path

c = get_config()  # noqa: F821 - nbgrader provides it

course = Path(__file__).resolve().parent
c.CourseDirectory.course_id = {course!r}
c.Exchange.root = os.environ.get("MOD208_EXCHANGE", {exchange!r})
workspace = Path(os.environ.get("MOD208_WORKSPACE", course / "workspace")).expanduser().resolve()
workspace.mkdir(parents=True, exist_ok=True)  # the assignment list fails without it
c.Exchange.assignment_dir = str(workspace)
c.ExchangeFactory.submit = "helpers.course.classroom.submitting.Submit"
# What is never copied: caches, state with secrets, backups.
c.CourseDirectory.ignore = {ignore!r}
c.CourseDirectory.max_file_size = 10_000  # kB
c.CourseDirectory.max_dir_size = 50_000
'''
IGNORED = [
    ".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", ".git", ".terraform", "*.tfstate", "*.tfstate.*",
    "*.tfplan", ".terraform.tfstate.lock.info", ".state", "backup", ".cache", ".pytest_cache", ".DS_Store",
]  # fmt: off
_GITIGNORE = (
    ".venv/\n__pycache__/\n*.egg-info/\n.ipynb_checkpoints/\n/workspace/\n.terraform/\n*.tfstate*\n/dist/\n/build/\n"
)


def class_of(directory: Path | None) -> Classroom | None:
    """Return the class the edition is for; nothing where no class is named or around."""
    try:
        return klass.find(directory)
    except NoClass:
        if directory is not None:
            raise
        return None


def make(target: Path, room: Classroom | None = None, *, as_git: bool = False, wheel: bool = False) -> Done:
    """Write the learners' edition into the new directory *target*.

    Args:
        room: the class whose learners hand in from it. as_git: as a repository with one commit.
        wheel: with ``dist/``, a wheel of the code.

    Raises:
        BadInput: *target* is there, or lies in the course.
    """
    if not (ROOT / "release").is_dir():
        raise TooEarly("There is no release/ to give to learners", next="make release")
    if target.resolve().is_relative_to(ROOT):
        raise BadInput(f"{target} lies in the course's own directory", next="course class edition SOMEWHERE-ELSE")
    try:
        with new_directory(target.resolve(), mode=0o755) as new:
            for name in KEPT:
                _copy(ROOT / name, new / name)
            (new / "README.md").write_text(_readme(), encoding="utf-8")
            course, exchange = (room.course, str(room.exchange)) if room else (_anonymous(), str(klass.EXCHANGE))
            (new / "nbgrader_config.py").write_text(settings(course, exchange), encoding="utf-8")
            (new / ".gitignore").write_text(_GITIGNORE, encoding="utf-8")
            _pyproject(new / "pyproject.toml")
            if wheel:
                _wheel(new)
            if as_git:
                _repository(new)
    except FileExistsError:
        raise BadInput(
            f"{target} is there already", why="Nothing is written over.", next="Choose a new directory."
        ) from None
    count = sum(path.is_file() for path in target.rglob("*") if ".git" not in path.relative_to(target).parts)
    said = [f"{target} is the learners' edition: {count} files, no source/, no grading/, no tests/."]
    said += ["It is a Git repository with one commit; push it, and mark it as a template there."] if as_git else []
    said += [f"A wheel is in {target / 'dist'}."] if wheel else []
    said += [f"It hands in to {room.course} by {room.exchange}."] if room else []
    return Done(tuple(said), f"cd {target} && make lab   # as a learner", {"edition": str(target), "files": count})


def settings(course: str, exchange: str) -> str:
    """Return the learners' ``nbgrader_config.py``: where a class hands in."""
    return _CONFIG.format(course=course, exchange=exchange, ignore=IGNORED)


def _anonymous() -> str:
    return str(outline.load()["module"]["id"]).lower().replace("-", "")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=_LEFT_OUT, symlinks=True)
    elif source.is_file():
        shutil.copy2(source, target)


def _readme() -> str:
    """Return the README with the chapters for learners, and how to hand in."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    head, *chapters = re.split(r"(?m)^(?=## )", text)
    kept = [one for one in chapters if one[3:].partition("\n")[0].strip() in _CHAPTERS]
    # A picture of docs/ is there; what tests and grades is not.
    body = "".join([head, *kept]).replace("make test    # sets everything up and runs all tests\n", "")
    return body.rstrip("\n") + "\n" + _HAND_IN


def _pyproject(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('include = ["helpers*", "grading*", "benchmarks*"]', 'include = ["helpers*"]'), "utf-8"
    )


def _wheel(new: Path) -> None:
    """Build the wheel from a copy: setuptools leaves directories beside what it packs."""
    aside = new / ".wheel"
    try:
        shutil.copytree(new / "helpers", aside / "helpers", symlinks=True)
        for name in ("pyproject.toml", "README.md"):
            shutil.copy2(new / name, aside / name)
        (new / "dist").mkdir()
        wheels.build(aside, new / "dist")
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _repository(new: Path) -> None:
    title = outline.load()["module"]
    git = Git(new).init()
    git = Git(new).init()
    git.configure_identity(Identity("Course", title["support"]))
    git.add(".")
    git.commit(f"{title['id']} for learners", sign=False)


__all__ = ["IGNORED", "KEPT", "class_of", "make", "settings"]
