"""The support model of a module as data."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Stage = Literal["experimental", "supported", "deprecated", "retired"]
#: The stages of a module's life, in their order.
STAGES: tuple[Stage, ...] = ("experimental", "supported", "deprecated", "retired")

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_ISO = re.compile(r"P(?:(?P<weeks>\d+)W|(?P<days>\d+)D|T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?)")


def duration(text: str) -> dt.timedelta:
    """Return the time that ``30m``, ``4h``, ``90d``, ``2w`` or ISO 8601's ``PT30M``, ``P90D`` stands for.

    Raises:
        ValueError: it is none of these.
    """
    if text == "0":
        return dt.timedelta(0)
    if found := re.fullmatch(r"(\d{1,6})([mhdw])", text):
        return dt.timedelta(**{_UNITS[found[2]]: int(found[1])})
    iso = _ISO.fullmatch(text)
    parts = {name: int(value) for name, value in iso.groupdict().items() if value} if iso else {}
    if not parts or any(value > 999_999 for value in parts.values()):
        raise ValueError(f"{text!r} is not a duration")
    return dt.timedelta(**parts)


def duration_text(value: dt.timedelta) -> str:
    """Return a duration as people say it: ``30 min``, ``4 h``, ``90 days``."""
    minutes = int(value.total_seconds() // 60)
    if minutes % 1440 == 0 and minutes:
        return f"{minutes // 1440} day{'' if minutes == 1440 else 's'}"
    return f"{minutes // 60} h" if minutes % 60 == 0 and minutes else f"{minutes} min"


@dataclass(frozen=True)
class Escalation:
    """One level of the escalation: who is called when so much time has passed without an answer."""

    after: dt.timedelta
    to: str
    contact: str


@dataclass(frozen=True)
class ServiceLevel:
    """What is promised for one severity (1 is the worst).

    Attributes:
        response: until somebody works on it. repair: until callers can work again.
        always: it holds day and night, not only within the support hours. means: which faults are of this severity.
    """

    severity: int
    response: dt.timedelta
    repair: dt.timedelta
    always: bool = False
    means: str = ""


@dataclass(frozen=True)
class Deprecation:
    """That a module ends: from when it is announced, when it goes, and what takes its place."""

    since: dt.date
    removal: dt.date
    replacement: str
    guide: str = ""


@dataclass(frozen=True)
class SupportModel:
    """Who owns a module and what its callers may rely on.

    Attributes:
        form: of the data: 1 has team, contact and hours only.
        on_call: rota and its contact; empty when nobody is on call.
        window: time between the notice of a deprecation and the removal; None when nothing is promised.
    """

    form: int
    team: str
    contact: str
    hours: str
    stage: Stage = "supported"
    on_call: tuple[str, str] | None = None
    escalation: tuple[Escalation, ...] = ()
    levels: tuple[ServiceLevel, ...] = ()
    window: dt.timedelta | None = None
    deprecation: Deprecation | None = None

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> SupportModel:
        """Return the model in data that keeps the schema."""
        on_call, ends = data.get("on_call"), data.get("deprecation")
        return cls(
            form=int(data.get("form", 1)),
            team=str(data.get("team", "")),
            contact=str(data.get("contact", "")),
            hours=str(data.get("hours", "")),
            stage=data.get("stage", "supported"),
            on_call=(str(on_call["rota"]), str(on_call["contact"])) if on_call else None,
            escalation=tuple(
                Escalation(duration(e["after"]), e["to"], e["contact"]) for e in data.get("escalation", ())
            ),
            levels=tuple(
                ServiceLevel(
                    level["severity"],
                    duration(level["response"]),
                    duration(level["repair"]),
                    level.get("cover") == "always",
                    level.get("means", ""),
                )
                for level in data.get("levels", ())
            ),
            window=duration(data["window"]) if "window" in data else None,
            deprecation=Deprecation(
                dt.date.fromisoformat(ends["since"]),
                dt.date.fromisoformat(ends["removal"]),
                ends["replacement"],
                ends.get("guide", ""),
            )
            if ends
            else None,
        )

    def __repr__(self) -> str:
        return f"SupportModel({self.team}, {self.stage}, form {self.form}, {len(self.levels)} service levels)"
