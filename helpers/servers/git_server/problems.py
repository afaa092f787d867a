"""Why something is refused, in words for a person and a name for a program."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

#: What a terminal would act on; texts from outside must not reach it as they are.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def printable(text: str, limit: int = 200) -> str:
    """Return text from outside so that it can be shown at a terminal: no control characters, not too long."""
    clean = _CONTROL.sub("?", text)
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."


@dataclass(frozen=True)
class Refusal:
    """One reason against a change.

    Attributes:
        rule: short, stable name, such as ``unsigned``.
        what: what is wrong, one sentence without a full stop.
        why: the cause.
        next: what to type next.
    """

    rule: str
    what: str
    why: str
    next: str

    def text(self) -> str:
        """Return the three parts as the course shows them everywhere."""
        lines = [self.what + "."]
        lines += ["Why:  " + self.why.replace("\n", "\n      ")] if self.why else []
        lines += ["Next: " + self.next.replace("\n", "\n      ")] if self.next else []
        return "\n".join(lines)

    def line(self) -> str:
        """Return it as one line, for lists and the audit log."""
        return f"{self.what}. {self.why}".replace("\n", " ").strip()


class RequestRefused(Exception):
    """A request is refused: HTTP status, name for programs, the reason, and for a change every blocker."""

    def __init__(
        self, status: int, code: str, what: str, *, why: str = "", next: str = "", blockers: Sequence[Refusal] = ()
    ) -> None:
        super().__init__(what)
        self.status, self.code, self.what, self.why, self.next = status, code, what, why, next
        self.blockers = tuple(blockers)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer's body."""
        return {
            "error": self.code,
            "what": self.what,
            "why": self.why,
            "next": self.next,
            "blockers": [asdict(blocker) for blocker in self.blockers],
        }

    def text(self) -> str:
        """Return it as text; git shows it after ``remote:``."""
        return Refusal(self.code, self.what, self.why, self.next).text() + "\n"
