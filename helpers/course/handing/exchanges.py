"""The exchange: where nbgrader takes submissions, by the settings that nbgrader itself would read.

nbgrader's own is a directory that all can write; a hub may have a service instead (`ExchangeFactory`), and only
nbgrader knows whether it is there.
"""

from __future__ import annotations

import datetime as dt
import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_core.application import JupyterApp
from traitlets.config.loader import Config, PyFileConfigLoader

from helpers.core.paths import ROOT
from helpers.course.handing.errors import CannotSend, NoExchange, NotReleased

COURSE = "mod208"
#: Parts of nbgrader's settings that say how work is handed in, with our own, which use a directory.
DIRECTORY = {"exchange": None, "submit": "helpers.course.classroom.submitting.Submit"}
#: Where nbgrader looks when no setting says otherwise.
USUAL = Path("/usr/local/share/nbgrader/exchange")
#: Beside the notebooks of a released assignment: when it is due, ISO 8601 with a zone (`grading.due`).
DUE = "due.txt"


class _Nbgrader(JupyterApp):
    """Reads `nbgrader_config.py` where nbgrader reads it, without nbgrader, which takes 1.6 s to load."""

    name = "nbgrader"


@dataclass(frozen=True)
class Exchange:
    """An exchange as the settings name it.

    Attributes:
        root: its directory; None where it is not a directory.
        course: id of the course in it.
    """

    root: Path | None
    course: str

    def ready_for(self, assignment: str) -> None:
        """Look whether it would take a submission, without sending one.

        Raises:
            NoExchange, NotReleased, CannotSend: it would not; the message says what to do.
        """
        if self.root is None:
            return
        if not self.root.is_dir():
            raise NoExchange(
                f"The exchange {self.root} is not there",
                why="It is set up, but the directory does not exist: a network directory may not be mounted.",
                next="Try again later, or tell your instructor. Your work is safe where it is.",
            )
        released, inbound = self._of("outbound") / assignment, self._of("inbound")
        if not released.is_dir():
            raise NotReleased(
                f"{assignment} is not released in the exchange",
                why=f"There is no {released}. An instructor makes it: nbgrader release_assignment {assignment}",
                next="Tell your instructor that you want to hand it in. Your work is safe where it is.",
            )
        if not os.access(released, os.R_OK | os.X_OK) or not _writable(inbound) or not _writable(self.root):
            raise CannotSend(
                f"You may not write into the exchange {self.root}",
                why=f"{inbound} does not take files from you: its rights, or a directory that is mounted read-only.",
                next="Tell your instructor. Your work is safe where it is.",
            )

    def due(self, assignment: str) -> dt.datetime | None:
        """Return when an assignment is due, where the instructor has said so."""
        if self.root is None:
            return None
        try:
            due = dt.datetime.fromisoformat((self._of("outbound") / assignment / DUE).read_text().strip())
        except (OSError, ValueError):
            return None
        return due if due.tzinfo else due.replace(tzinfo=dt.UTC)

    def _of(self, part: str) -> Path:
        assert self.root is not None
        return self.root / self.course / part


def _writable(directory: Path) -> bool:
    return directory.is_dir() and os.access(directory, os.W_OK | os.X_OK)


def configured() -> bool:
    """Whether an exchange is set up, by which work can be handed in."""
    return _found() is not None


def exchange() -> Exchange:
    """Return the exchange that is set up.

    Raises:
        NoExchange: none is.
    """
    if (found := _found()) is None:
        raise NoExchange(
            "No exchange is set up here, so nothing can be handed in",
            why="An exchange is a directory that a class shares; on your own machine there is none.",
            next="MOD208_EXCHANGE=DIRECTORY course submit ...   # the directory your instructor names",
        )
    return found


def _found() -> Exchange | None:
    settings = _settings()
    course = str(settings.get("CourseDirectory", {}).get("course_id") or COURSE)
    factory = settings.get("ExchangeFactory", {})
    if any(factory.get(part) not in (None, DIRECTORY[part]) for part in DIRECTORY):
        return Exchange(None, course)
    named = os.environ.get("MOD208_EXCHANGE") or settings.get("Exchange", {}).get("root")
    if named:
        return Exchange(Path(str(named)).expanduser(), course)
    return Exchange(USUAL, course) if USUAL.is_dir() else None


def _settings() -> Config:
    reader = _Nbgrader()
    reader.load_config_file(suppress_errors=True)
    return reader.config


@functools.cache
def limits() -> Any:
    """Return the course's own settings of what is sent: ``ignore``, ``max_file_size`` and ``max_dir_size`` (in kB)."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config().CourseDirectory
