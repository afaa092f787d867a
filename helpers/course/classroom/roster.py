"""Who is in a class: ``students.csv``, as a registry or a learning platform exports it."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, fields
from pathlib import Path

from helpers.course.classroom.errors import BadRoster

FILE = "students.csv"
#: What learning platforms call the columns -> ours.
_ALSO = {
    "username": "id",
    "user_name": "id",
    "login": "id",
    "sis_login_id": "id",
    "surname": "last_name",
    "lastname": "last_name",
    "firstname": "first_name",
    "email_address": "email",
    "id_number": "sis_user_id",
}
#: Part of a file name on the exchange, where + stands between the parts.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*")


@dataclass(frozen=True)
class Learner:
    """One student; *id* is the user name under which work is handed in, the rest is for people and platforms."""

    id: str
    last_name: str = ""
    first_name: str = ""
    email: str = ""
    canvas_id: str = ""
    sis_user_id: str = ""
    section: str = ""

    @property
    def name(self) -> str:
        """Last name and first name as platforms list them; the id where there is none."""
        return ", ".join(part for part in (self.last_name, self.first_name) if part) or self.id


def read(path: Path) -> list[Learner]:
    """Return the learners of a CSV file, in its order.

    Raises:
        BadRoster: it is missing, has no column of ids, or an id twice or unusable; the message names the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadRoster(
            f"{path} cannot be read", why=str(error.strerror), next="Give a file: --students FILE.csv"
        ) from None
    except UnicodeDecodeError:
        raise BadRoster(f"{path} is not UTF-8 text", next="Save it as CSV in UTF-8.") from None
    lines = text.splitlines()
    given = csv.reader(lines, delimiter=";" if lines and lines[0].count(";") > lines[0].count(",") else ",")
    head = _head(next(given, []))
    if "id" not in head:
        known = ", ".join(field.name for field in fields(Learner))
        raise BadRoster(
            f"{path.name} has no column id",
            why=f"Its columns are: {', '.join(head) or 'none'}. The id is the user name under which work is handed in.",
            next=f"Name a column id. Columns that are used: {known}",
        )
    found: dict[str, int] = {}
    learners = []
    for number, row in enumerate(given, start=2):
        if not any(value.strip() for value in row):
            continue
        if any(value.strip() for value in row[len(head) :]):
            why = f"{len(head)} columns, {len(row)} values. A comma in a name needs quotes around it."
            raise BadRoster(f"{path.name}, line {number} has more values than there are columns", why=why)
        learner = _learner(dict(zip(head, (value.strip() for value in row), strict=False)))
        if learner is None:
            continue
        if not _ID.fullmatch(learner.id):
            why = "It may have letters, digits and . _ @ -; nbgrader puts it into file names."
            raise BadRoster(f"{path.name}, line {number}: {learner.id!r} cannot be an id", why=why)
        if (there := found.setdefault(learner.id.lower(), number)) != number:
            raise BadRoster(
                f"{path.name}, line {number}: the id {learner.id} is there twice",
                why=f"Line {there} has it too, for platforms tell no capitals apart; one would get the other's points.",
                next="Correct one of the two lines.",
            )
        learners.append(learner)
    if not learners:
        raise BadRoster(f"{path.name} has no students", next="Give it a line for each.")
    return learners


def _head(names: list[str]) -> list[str]:
    head = [_column(name) for name in names]
    plain = [_plain(name) for name in names]
    # Canvas exports its own number as ID, and the user name as SIS Login ID.
    if "sis_login_id" in plain and "id" in plain:
        head[plain.index("id")] = "canvas_id"
    return head


def _learner(values: dict[str, str]) -> Learner | None:
    """Return who a row is of; nobody, if it is Canvas' row of the points that are possible."""
    student = values.get("student", "")
    if not values.get("id") and student == "Points Possible":
        return None
    last, _, first = student.partition(", ")
    known = {"last_name": last, "first_name": first, **values}
    return Learner(**{f.name: known.get(f.name, "") for f in fields(Learner)})


def _column(name: str) -> str:
    return _ALSO.get(_plain(name), _plain(name))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


__all__ = ["FILE", "Learner", "read"]
