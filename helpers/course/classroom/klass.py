"""What a class is: its directory and ``class.yaml``, which people write and no command changes."""

from __future__ import annotations

import contextlib
import datetime
import difflib
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from helpers.core import yaml_reader
from helpers.core.paths import ROOT
from helpers.core.yaml_reader import InvalidYaml
from helpers.course import outline
from helpers.course.classroom.errors import Archived, BadClass, NoClass
from helpers.course.classroom.late import LatePolicy

FILE = "class.yaml"
#: Left in a class that has ended.
ARCHIVED = "archived.json"
#: nbgrader's own default.
EXCHANGE = Path("/usr/local/share/nbgrader/exchange")
#: The end of a day.
_LAST = datetime.time(23, 59, 59, 999_999)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
#: Hours of the longest extension: ten years.
_LONGEST = 87_600
_KEYS = {"course", "term", "exchange", "timezone", "due", "late", "extensions", "regrades", "canvas"}
#: What becomes of a request to look at a grade again.
STATES = ("open", "granted", "refused")


@dataclass(frozen=True)
class Extension:
    """More time for one learner and one assignment: *hours* after the due date."""

    learner: str
    assignment: str
    hours: float
    reason: str = ""


@dataclass(frozen=True)
class Regrade:
    """A learner's request to look at a grade again; *state* is one of `STATES`."""

    learner: str
    assignment: str
    step: str
    why: str
    state: str = "open"
    answer: str = ""


@dataclass(frozen=True)
class Classroom:
    """One cohort.

    Attributes:
        root: its directory. course: nbgrader's course id, with the term in it.
        due: assignment -> when, in UTC. titles: assignment -> its column in Canvas.
    """

    root: Path
    course: str
    term: str
    exchange: Path = EXCHANGE
    due: Mapping[str, datetime.datetime] = field(default_factory=dict)
    late: LatePolicy = field(default_factory=LatePolicy)
    extensions: tuple[Extension, ...] = ()
    regrades: tuple[Regrade, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def on_exchange(self) -> Path:
        """The directory of this class on the exchange."""
        return self.exchange / self.course

    @property
    def database(self) -> str:
        """The gradebook's URL."""
        return os.environ.get("MOD208_DB_URL") or f"sqlite:///{self.root}/gradebook.db"

    def assignments(self) -> list[str]:
        """Return the assignments that the class has: those of which it holds the instructor's notebooks."""
        return sorted({path.parent.name for path in (self.root / "source").glob("*/*.ipynb")})

    def extension(self, learner: str, assignment: str) -> float:
        """Return a learner's hours of extension."""
        mine = [one for one in self.extensions if (one.learner, one.assignment) == (learner, assignment)]
        return sum(one.hours for one in mine)


def assignment_of(name: str, root: Path | None = None) -> str:
    """Return nbgrader's name of an assignment; *name* may be the course's short one (``lab1``).

    Raises:
        BadClass: neither the course nor the class in *root* has it.
    """
    named = {one.id: one.assignment for one in (*outline.labs().values(), outline.assessment())}
    places = [ROOT / "source", *([root / "source"] if root else [])]
    own = {path.parent.name for place in places for path in place.glob("*/*.ipynb")}
    if name in named:
        return named[name]
    if name in {*named.values(), *own}:
        return name
    known = sorted({*named, *(own - set(named.values()))})
    near = difflib.get_close_matches(name, known, n=1)
    raise BadClass(
        f"There is no assignment {name!r}",
        why=f"The course and the class have: {', '.join(known)}. One of your own lies in source/NAME of the class.",
        next=f"Did you mean {near[0]}?" if near else "",
    )


def find(start: Path | None = None) -> Classroom:
    """Return the class in *start*, else that of ``MOD208_CLASS``, else the one around the working directory.

    Raises:
        NoClass: there is none. BadClass: its file is wrong. Archived: it has ended.
    """
    here = start or Path(os.environ.get("MOD208_CLASS") or Path.cwd())
    around = [here] if start else [here, *here.resolve().parents]
    for directory in around:
        if (directory / FILE).is_file():
            if (directory / ARCHIVED).is_file():
                raise Archived(
                    f"The class {directory.name} has been archived",
                    why=f"{directory / ARCHIVED} says when and where to. Its grades stay as they were.",
                    next="course class new NAME --term TERM --students FILE.csv   # the next one",
                )
            return load(directory)
    raise NoClass(
        f"There is no class in {here}",
        why=f"A class is a directory with {FILE} in it; no directory above has one either.",
        next="cd THE-CLASS   # or: --class DIR; or: course class new NAME --term TERM --students FILE.csv",
    )


def load(root: Path) -> Classroom:
    """Read and check ``class.yaml`` in *root*.

    Raises:
        BadClass: it says something that cannot be; the message names the key.
    """
    try:
        data = yaml_reader.load((root / FILE).read_text(encoding="utf-8"))
    except InvalidYaml as error:
        raise _bad("It is not valid YAML", str(error)) from None
    except UnicodeDecodeError:
        raise _bad("It is not UTF-8 text", "Save it in UTF-8.") from None
    if not isinstance(data, dict):
        raise _bad("It has no keys", "It needs course and term at least.")
    if unknown := [str(key) for key in data if key not in _KEYS]:
        raise _bad(f"The key {unknown[0]!r} is not known", f"Known are: {', '.join(sorted(_KEYS))}.")
    for key in ("course", "term"):
        if not str(data.get(key) or "").strip():
            raise _bad(f"{key} is missing", "nbgrader keeps classes apart by it.")
    if not _NAME.fullmatch(str(data["course"])):
        why = "It names a directory on the exchange: letters, digits and . _ -"
        raise _bad(f"course is {str(data['course'])!r}, which cannot be one", why)
    zone = _zone(str(data.get("timezone") or "UTC"))
    due = {assignment_of(str(k), root): moment(v, zone, f"due: {k}") for k, v in _mapping(data, "due").items()}
    return Classroom(
        root=root.resolve(),
        course=str(data["course"]),
        term=str(data["term"]),
        exchange=root.resolve() / Path(str(data.get("exchange") or EXCHANGE)).expanduser(),
        due=due,
        late=_late(_mapping(data, "late")),
        extensions=tuple(_extension(one, root, due, zone) for one in _list(data, "extensions")),
        regrades=tuple(_regrade(one, root) for one in _list(data, "regrades")),
        titles={assignment_of(str(k), root): str(v) for k, v in _mapping(data, "canvas").items()},
    )


def moment(value: Any, zone: ZoneInfo, where: str) -> datetime.datetime:
    """Return a time in UTC; a day alone means its last minute, to its end.

    A time that the clock shows twice, or skips, means the later one.
    """
    text = str(value).strip()
    try:
        found = datetime.datetime.fromisoformat(text)
        with contextlib.suppress(ValueError):
            found = datetime.datetime.combine(datetime.date.fromisoformat(text), _LAST)
    except ValueError:
        raise _bad(f"{where} is {text!r}, which is not a time", 'Write it like "2027-03-01 18:00".') from None
    return found.astimezone(datetime.UTC) if found.tzinfo else _later(found, zone)


def _later(clock: datetime.datetime, zone: ZoneInfo) -> datetime.datetime:
    return max(clock.replace(tzinfo=zone, fold=fold).astimezone(datetime.UTC) for fold in (0, 1))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise _bad(f"timezone {name!r} is not known", "Names are those of the IANA list: Europe/Berlin, UTC.") from None


def _late(given: Mapping[str, Any]) -> LatePolicy:
    if unknown := set(given) - {"grace", "a_day", "most"}:
        raise _bad(f"late has no key {sorted(unknown)[0]!r}", "It has grace (minutes), a_day and most (per cent).")
    numbers = {}
    for key, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise _bad(f"late: {key} is {value!r}, which is not a number of 0 or more", "")
        numbers[key] = float(value)
    return LatePolicy(**numbers)


def _extension(given: Any, root: Path, due: Mapping[str, datetime.datetime], zone: ZoneInfo) -> Extension:
    one = _entry(given, "extensions", {"learner", "assignment"}, {"days", "hours", "reason"})
    try:
        days, hours = float(one.get("days") or 0), float(one.get("hours") or 0)
    except (TypeError, ValueError):
        days = hours = 0.0
    if not 0 < 24 * days + hours <= _LONGEST:
        why = f"Write days: or hours:, a number above 0; {_LONGEST // 24} days at most."
        raise _bad(f"The extension of {one['learner']} has no time", why)
    name = assignment_of(str(one["assignment"]), root)
    hours += _hours(days, due.get(name), zone)
    return Extension(str(one["learner"]), name, hours, str(one.get("reason") or ""))


def _hours(days: float, due: datetime.datetime | None, zone: ZoneInfo) -> float:
    """Return how long so many days are: they end at the same time of day, be there a change of clocks between."""
    if due is None:
        return 24 * days
    end = _later(due.astimezone(zone).replace(tzinfo=None) + datetime.timedelta(days=days), zone)
    return (end - due).total_seconds() / 3600


def _regrade(given: Any, root: Path) -> Regrade:
    one = _entry(given, "regrades", {"learner", "assignment", "step", "why"}, {"state", "answer"})
    state = str(one.get("state") or "open")
    if state not in STATES:
        raise _bad(f"The regrade of {one['learner']} has the state {state!r}", f"It may be: {', '.join(STATES)}.")
    name = assignment_of(str(one["assignment"]), root)
    words = str(one["step"]), str(one["why"]), state, str(one.get("answer") or "")
    return Regrade(str(one["learner"]), name, *words)


def _entry(given: Any, where: str, needed: set[str], may: set[str]) -> dict[str, Any]:
    if not isinstance(given, dict) or not needed <= set(given) <= needed | may:
        words = f"Needed: {', '.join(sorted(needed))}; possible: {', '.join(sorted(may))}."
        raise _bad(f"An entry of {where} has not the keys that it needs", words)
    return given


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key) or {}
    if not isinstance(found, dict):
        raise _bad(f"{key} is not a mapping", "")
    return found


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    found = data.get(key) or []
    if not isinstance(found, list):
        raise _bad(f"{key} is not a list", "Each entry begins with a hyphen.")
    return found


def _bad(what: str, why: str) -> BadClass:
    return BadClass(f"{FILE} cannot be used. {what}", why=why, next=f"Correct {FILE}, then the same command again.")
