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
    head = [_column(name) for name in next(given, [])]
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
        values = dict(zip(head, (value.strip() for value in row), strict=False))
        learner = Learner(**{f.name: values.get(f.name, "") for f in fields(Learner)})
        if not _ID.fullmatch(learner.id):
            why = "It may have letters, digits and . _ @ -; nbgrader puts it into file names."
            raise BadRoster(f"{path.name}, line {number}: {learner.id!r} cannot be an id", why=why)
        if learner.id in found:
            raise BadRoster(
                f"{path.name}, line {number}: the id {learner.id} is there twice",
                why=f"Line {found[learner.id]} has it too; one of the two would get the other's points.",
                next="Correct one of the two lines.",
            )
        found[learner.id] = number
        learners.append(learner)
    if not learners:
        raise BadRoster(f"{path.name} has no students", next="Give it a line for each.")
    return learners


def _column(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")
    return _ALSO.get(plain, plain)


__all__ = ["FILE", "Learner", "read"]
