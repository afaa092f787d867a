"""Waivers: somebody answers for a failure, with a reason and until a day.

Source of the format: Chef's documentation "Waivers": YAML, control id -> ``justification`` (required), ``run``,
``expiration_date``. InSpec takes a waiver without an end for permanent; here each has one. A waiver counts until 00:00
local time of its ``expiration_date``; from then on the control is judged as if there were none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from helpers.core import yaml_reader
from helpers.wrappers.inspec.types import BadWaivers, WaiverData

_FIELDS = {"justification", "run", "expiration_date"}


@dataclass(frozen=True)
class Waiver:
    """One waiver as it is written down.

    Attributes:
        expires: first day on which it does not count. run: whether the control is executed all the same.
    """

    control: str
    justification: str
    expires: date
    run: bool = True

    def over(self, now: datetime) -> bool:
        """Whether it counts no more, by the local time of the machine."""
        return datetime.combine(self.expires, datetime.min.time()) <= now

    def applied(self, now: datetime) -> WaiverData:
        """Return what the reporter says of it, in InSpec's words."""
        message = ""
        if self.over(now):
            message = f"Waiver expired on {self.expires} 00:00:00, evaluating control normally"
        skipped = not self.run and not message
        return WaiverData(self.justification, self.run, str(self.expires), skipped, message)


def load(path: Path, known: Iterable[str]) -> tuple[Waiver, ...]:
    """Return the waivers in a file.

    Args:
        known: ids of the controls there are; a waiver for another one is a misspelt id.

    Raises:
        BadWaivers: it cannot be read, a waiver has no reason or no end, or it is for no control.
    """
    try:
        raw = yaml_reader.load(path.read_text(encoding="utf-8")) or {}
        found = tuple(_waiver(str(control), said) for control, said in raw.items())
    except (OSError, UnicodeDecodeError, yaml_reader.InvalidYaml) as error:
        raise _bad(str(error)) from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _bad(f"{type(error).__name__}: {error}") from None
    if lost := sorted({one.control for one in found} - set(known)):
        raise _bad(f"there is no control {', '.join(lost)}; InSpec would ignore such a waiver without a word")
    return found


def _waiver(control: str, said: dict[str, Any]) -> Waiver:
    if strange := set(said) - _FIELDS:
        raise _bad(f"{control}: unknown fields {', '.join(sorted(map(str, strange)))}")
    if not str(said.get("justification") or "").strip():
        raise _bad(f"{control}: a waiver needs a justification")
    end = said.get("expiration_date")
    if end is None:
        raise _bad(f"{control}: a waiver needs an expiration_date; without one it would hold for ever")
    day = end.date() if isinstance(end, datetime) else end if isinstance(end, date) else date.fromisoformat(str(end))
    run = said.get("run", True)
    if not isinstance(run, bool):
        raise _bad(f"{control}: run is yes or no")
    return Waiver(control, str(said["justification"]).strip(), day, run)


def _bad(why: str) -> BadWaivers:
    return BadWaivers("The waiver file is not valid", why=why, next="Correct the waiver file.")
