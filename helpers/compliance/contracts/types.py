"""What a validation of deliverables says: each fault with what, why and next, and one of three answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from helpers.core.errors import BadInput

#: The kind of a fault that says: nobody could tell.
UNKNOWN = "unknown"


class UnknownContract(BadInput):
    """There is no such contract."""


class Unfit(Exception):
    """A deliverable cannot be judged further; what is wrong with it is in `fault`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.fault = fault


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with the deliverables.

    Attributes:
        kind: short, stable name; ``unknown`` when it could not be judged.
        where: the file, with the place in it after a colon where there is one.
        what, why, next: as in every error of the course.
    """

    kind: str
    where: str
    what: str
    why: str = ""
    next: str = ""

    def text(self) -> str:
        """Return it for a person at a terminal."""
        more = [f"    Why:  {self.why}"] * bool(self.why) + [f"    Next: {self.next}"] * bool(self.next)
        return "\n".join([f"  {self.where}: {self.what}  [{self.kind}]", *more])


@dataclass(frozen=True)
class ContractVerification:
    """The answer about a directory of deliverables.

    Attributes:
        contract: which, such as ``proj-304 v1``.
        faults: what is wrong. checked: what was judged and is right, in words. not_checked: what nobody looked at.
    """

    contract: str
    faults: tuple[Fault, ...]
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()

    @property
    def status(self) -> Literal["valid", "invalid", "unknown"]:
        """``invalid`` when something is wrong, else ``unknown`` when something could not be judged, else ``valid``."""
        kinds = {one.kind == UNKNOWN for one in self.faults}
        return "invalid" if False in kinds else "unknown" if kinds else "valid"

    @property
    def exit_code(self) -> int:
        """0 valid, 1 invalid, 3 could not tell."""
        return {"valid": 0, "invalid": 1, "unknown": 3}[self.status]

    def __bool__(self) -> bool:
        return self.status == "valid"

    def __repr__(self) -> str:
        named = ", ".join(f"{one.kind} {one.where}" for one in self.faults[:5])
        return f"ContractVerification({self.contract}: {self.status}{f': {named}' if named else ''})"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {"status": self.status, **asdict(self)}

    def text(self) -> str:
        """Return it for a person at a terminal."""
        said = {
            "valid": "the deliverables keep the contract.",
            "invalid": "the deliverables do not keep the contract.",
            "unknown": "something could not be judged, so do not rely on them.",
        }[self.status]
        lines = [f"{self.contract}: {self.status}: {said}", *(one.text() for one in self.faults)]
        lines += [f"  checked: {one}" for one in self.checked]
        return "\n".join([*lines, *(f"  not checked: {one}" for one in self.not_checked)])


def unknown(where: str, what: str, why: str = "", next: str = "") -> Fault:
    """Return the fault of something that could not be judged."""
    return Fault(UNKNOWN, where, what, why, next)
