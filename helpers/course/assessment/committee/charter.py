"""Who is on the committee and how it decides, as data; and when two accounts look like one person."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.core.paths import IAC
from helpers.course.assessment.rubric import Rubric

FILE = IAC / "assessment" / "committee.yaml"
#: What looks alike within accounts, after Unicode's own normalisation; the audit verifier's table is larger.
_ALIKE = (("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"), ("i", "l"), ("|", "l"), ("5", "s"))


def person(account: str) -> str:
    """Return one spelling for all accounts that look the same: full width, capitals, marks and look-alikes removed."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", account)).casefold()
    seen = "".join(c for c in plain if unicodedata.category(c) not in ("Mn", "Me", "Cf", "Cc") and not c.isspace())
    for one, other in _ALIKE:
        seen = seen.replace(one, other)
    return seen


@dataclass(frozen=True)
class Charter:
    """How a committee decides.

    Attributes:
        members: their accounts. quorum: how many without a conflict have to review.
        mark: share of the rubric's points that is needed on average. rubric: what is scored.
    """

    id: str
    members: tuple[str, ...]
    quorum: int
    mark: float
    rubric: Rubric

    @classmethod
    def load(cls, path: Path = FILE, rubric: Rubric | None = None) -> Charter:
        """Return the charter in a file.

        Raises:
            BadInput: two members look the same, or the quorum cannot be reached by others than a bare few.
        """
        data = yaml_reader.load(path.read_text(encoding="utf-8"))
        members = tuple(str(name) for name in data["members"])
        double = [name for name, times in Counter(map(person, members)).items() if times > 1]
        if double:
            alike = ", ".join(repr(name) for name in members if person(name) == double[0])
            raise BadInput("Two members of the committee look the same", why=f"They are {alike}.")
        quorum, mark = int(data["quorum"]), float(data["mark"])
        if not 2 <= quorum <= len(members) or not 0 < mark <= 1:
            why = f"The quorum is {quorum} of {len(members)} members, the mark {mark}."
            raise BadInput("The charter of the committee cannot be kept", why=why)
        return cls(str(data["id"]), members, quorum, mark, rubric or Rubric())
