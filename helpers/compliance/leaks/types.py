"""What a search for leaked secrets says. Nothing here ever holds a secret."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from helpers.core.display import Displayed

Status = Literal["clean", "leaked", "unknown"]


@dataclass(frozen=True, order=True)
class Leak:
    """One place that holds a secret.

    Attributes:
        file: path below the directory; ``plan.tfplan!tfstate`` is a member of an archive, ``git 1a2b3c4:path`` is a
            file as a commit added it (after the path of its repository, if that is not the directory itself).
        part: where in the file, for example ``cell 3 output`` or a resource's attribute; empty for a plain file.
        line: 1-based, in the file or in that part; 0 when there are no lines.
        rule: short, stable name. message: what kind of secret it is.
        excerpt: the line with everything but the name of the secret left out.
    """

    file: str
    part: str
    line: int
    rule: str
    message: str
    excerpt: str = ""

    @property
    def where(self) -> str:
        """Where it is, in one piece."""
        place = f"{self.file}:{self.line}" if self.line and not self.part else self.file
        return f"{place} ({self.part}{f', line {self.line}' if self.line else ''})" if self.part else place

    def __repr__(self) -> str:
        return f"Leak({self.where} {self.rule}: {self.message})"


@dataclass(frozen=True, order=True)
class Unread:
    """Something that could not be looked into, and why."""

    file: str
    why: str


@dataclass(frozen=True)
class LeakReport(Displayed):
    """The answer of a search.

    Attributes:
        directory: what was searched. files: how many files and members of archives were looked into.
        commits: how many commits were, None when there is no history or it was left out.
    """

    directory: str
    leaks: tuple[Leak, ...]
    unread: tuple[Unread, ...]
    files: int
    commits: int | None = None

    @property
    def status(self) -> Status:
        """``clean`` only when everything was read; a leak is one, whatever else could not be read."""
        return "leaked" if self.leaks else "unknown" if self.unread or not self.files else "clean"

    @property
    def exit_code(self) -> int:
        """0 clean, 1 leaked, 3 could not tell."""
        return {"clean": 0, "leaked": 1, "unknown": 3}[self.status]

    def __bool__(self) -> bool:
        return self.status == "clean"

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready data."""
        return {**asdict(self), "status": self.status}

    def text(self) -> str:
        """Return the report for a person."""
        lines = [f"{leak.where}  {leak.rule}: {leak.message}  {leak.excerpt}".rstrip() for leak in self.leaks]
        lines += [f"{item.file}  could not be read: {item.why}" for item in self.unread]
        searched = f"{self.files} files" + (f" and {self.commits} commits" if self.commits is not None else "")
        said = {"clean": "no secret was found", "leaked": f"{len(self.leaks)} leaked", "unknown": "could not tell"}
        lines.append(f"{searched} searched: {said[self.status]}.")
        if self.leaks:
            lines.append("Rotate what leaked first; removing the text is not enough, copies and history keep it.")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"LeakReport({self.status}: {len(self.leaks)} leaks, {self.files} files, {len(self.unread)} unread)"
