"""Makes a class: its directory, its settings, its place on the exchange, its gradebook with students."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

from helpers.core.errors import BadInput
from helpers.core.files import new_directory
from helpers.core.paths import ROOT
from helpers.course import outline
from helpers.course.classroom import book, klass, roster
from helpers.course.classroom.errors import BadExchange, ClassExists
from helpers.course.classroom.klass import Classroom

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CONFIG = '''"""nbgrader in this class, its formgrader too. What a class may choose is in class.yaml."""

from pathlib import Path

from grading.classroom import configure

configure(get_config(), load_subconfig, Path(__file__).resolve().parent)  # noqa: F821 - nbgrader provides both
'''
_YAML = """# What this class has chosen. Edit it; no command changes it, and the next command reads it.
course: {course}
term: {term}
exchange: {exchange}
timezone: {timezone}

# When work is due. A day alone means its last minute.
due:{due}

# What lateness costs: per cent of the points that were reached, for each day begun; minutes that are free.
late: {{grace: {grace:g}, a_day: {a_day:g}, most: {most:g}}}

# More time for somebody: {{learner: eva, assignment: lab1, days: 3, reason: illness}}
extensions: []

# Requests to look at a grade again; state is open, granted or refused:
# {{learner: eva, assignment: lab1, step: interface, why: "...", state: open, answer: "..."}}
regrades: []

# What an assignment's column is called in Canvas, with Canvas' own number: {{lab1: "Lab 1 (4711)"}}
canvas: {{}}
"""


def found(
    target: Path,
    term: str,
    students: Path,
    *,
    exchange: Path = klass.EXCHANGE,
    timezone: str = "UTC",
    due: Mapping[str, str] | None = None,
    late: tuple[float, float, float] = (0.0, 0.0, 100.0),
) -> Classroom:
    """Make a class in the new directory *target*, whole or not at all.

    Args:
        term: part of the course id, which keeps cohorts apart on one exchange. students: CSV, see `roster`.
        due: assignment -> time. late: minutes of grace, per cent a day, per cent at most.

    Raises:
        ClassExists, BadRoster, BadExchange, BadClass: nothing was made; the message says why.
    """
    if not _NAME.fullmatch(term) or not _NAME.fullmatch(target.name):
        raise BadInput(
            "A class's name and term have letters, digits and . _ -", why=f"Given: {target.name}, {term}.", next=""
        )
    if target.exists():
        raise ClassExists(
            f"{target} is there already", why="Nothing is written over.", next=f"cd {target} && course class status"
        )
    if target.resolve().is_relative_to(ROOT):
        raise BadInput(
            f"{target} lies in the course's own directory",
            why="A class holds learners' data, which must not get into the course's Git history.",
            next="cd SOMEWHERE-ELSE, then the same command again",
        )
    learners = roster.read(students)
    course = f"{outline.load()['module']['id'].lower().replace('-', '')}-{term}"
    exchange = exchange.expanduser().resolve()
    _prepare(exchange, course)
    lines = "".join(f"\n  {name}: {json.dumps(when)}" for name, when in (due or {}).items()) or " {}"
    grace, a_day, most = late
    text = _YAML.format(
        course=course,
        term=json.dumps(term),
        exchange=json.dumps(str(exchange)),
        timezone=timezone,
        due=lines,
        grace=grace,
        a_day=a_day,
        most=most,
    )
    with new_directory(target, mode=0o700) as new:
        (new / klass.FILE).write_text(text, encoding="utf-8")
        (new / "nbgrader_config.py").write_text(_CONFIG, encoding="utf-8")
        shutil.copyfile(students, new / roster.FILE)
        (new / "source").mkdir()
        book.enrol(klass.load(new), learners)
    return klass.load(target)


def _prepare(exchange: Path, course: str) -> None:
    """Have an exchange that everybody may write to, with nothing of a class of that id."""
    try:
        if not exchange.exists():
            exchange.mkdir(parents=True)
            exchange.chmod(0o777)
    except OSError as error:
        raise _unusable(exchange, f"It cannot be made: {error.strerror}.") from None
    if not exchange.is_dir() or not os.access(exchange, os.W_OK | os.X_OK):
        raise _unusable(exchange, "You may not write there.")
    mode = stat.S_IMODE(exchange.stat().st_mode)
    if mode & 0o007 != 0o007:
        raise _unusable(exchange, f"Learners may not write there: its mode is {mode:04o}.")
    if (exchange / course).exists():
        handed_in = len(list((exchange / course / "inbound").glob("*+*+*")))
        raise ClassExists(
            f"A class {course} is on the exchange already, with {handed_in} submissions",
            why="A second class of that id would collect the first one's work.",
            next="Choose another --term, or end the old class: cd THE-OLD-CLASS && course class archive",
        )


def _unusable(exchange: Path, why: str) -> BadExchange:
    return BadExchange(
        f"The exchange {exchange} cannot be used",
        why=why,
        next=f"sudo install -d -m 0777 {exchange}   # or another one: --exchange DIR",
    )


__all__ = ["found"]
