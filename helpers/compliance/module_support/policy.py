"""What a registry demands of support models in a namespace."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from helpers.compliance.module_support.types import duration, duration_text
from helpers.core.errors import BadInput

_KEYS = {"form", "window", "teams", "people"}


@dataclass(frozen=True)
class SupportPolicy:
    """The least that a module of a namespace must promise.

    Attributes:
        form: least form of the support block; 1 takes team, contact and hours, 2 the whole model.
        window: least time between notice and removal.
        teams: the directory: team -> its contacts. None: there is no directory, so nobody can say who is a team.
        people: mailboxes of persons, in lower case; with no directory there are none known.
    """

    form: int = 1
    window: dt.timedelta = dt.timedelta(days=30)
    teams: Mapping[str, tuple[str, ...]] | None = None
    people: tuple[str, ...] = ()

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> SupportPolicy:
        """Return the policy in plain data: ``form``, ``window``, ``teams``, ``people``, each optional.

        Raises:
            BadInput: it is not a policy; an unknown field is an error, as a misspelt one would demand nothing.
        """
        if not isinstance(data, Mapping) or (strange := sorted(set(data) - _KEYS)):
            named = ", ".join(map(str, strange)) if isinstance(data, Mapping) else "not a mapping"
            raise _bad(f"Unknown: {named}. Known are {', '.join(sorted(_KEYS))}.")
        form, teams, people = data.get("form", 1), data.get("teams"), data.get("people", [])
        if form not in (1, 2):
            raise _bad("`form` is 1 or 2.")
        try:
            window = duration(str(data.get("window", "30d")))
        except ValueError as error:
            raise _bad(f"`window`: {error}; write 90d.") from None
        if teams is not None and not _is_directory(teams):
            raise _bad("`teams` maps the name of a team to the list of its contacts.")
        if not isinstance(people, list) or not all(isinstance(one, str) for one in people):
            raise _bad("`people` is a list of mailboxes.")
        known = {str(name): tuple(contacts) for name, contacts in teams.items()} if teams is not None else None
        return cls(form, window, known, tuple(one.lower() for one in people))

    def to_data(self) -> dict[str, Any]:
        """Return the policy as plain data that `parse` reads."""
        teams = {name: list(contacts) for name, contacts in self.teams.items()} if self.teams is not None else None
        plain = {"form": self.form, "window": f"{self.window.days}d", "people": list(self.people)}
        return plain if teams is None else {**plain, "teams": teams}

    def __repr__(self) -> str:
        known = f"{len(self.teams)} teams" if self.teams is not None else "no directory"
        return f"SupportPolicy(form {self.form}, window {duration_text(self.window)}, {known})"


def _is_directory(teams: Any) -> bool:
    return isinstance(teams, Mapping) and all(
        isinstance(contacts, list) and all(isinstance(one, str) for one in contacts) for contacts in teams.values()
    )


def _bad(why: str) -> BadInput:
    return BadInput("This is not a support policy", why=why, next='{"form": 2, "window": "90d", "teams": {...}}')
