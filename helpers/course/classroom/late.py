"""What lateness costs: a share of the points that were reached, for each day begun."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class LatePolicy:
    """The rule of a class.

    Attributes:
        grace: minutes that cost nothing. a_day: per cent of the reached points for each day begun after them.
        most: per cent that lateness may cost at most.
    """

    grace: float = 0.0
    a_day: float = 0.0
    most: float = 100.0

    def share(self, seconds: float) -> float:
        """Return the share of the points that so many seconds of lateness cost, from 0 to 1."""
        over = seconds - 60 * self.grace
        if over <= 0:
            return 0.0
        return min(math.ceil(over / 86_400) * self.a_day, self.most, 100.0) / 100

    def __str__(self) -> str:
        if not self.a_day:
            return "lateness costs nothing"
        return f"{self.a_day:g} % a day, {self.most:g} % at most, the first {self.grace:g} minutes free"


__all__ = ["LatePolicy"]
