"""Architecture decision records: numbered Markdown files, a status each, links between those that replace each other.

The form is Nygard's with the list of MADR: a heading ``# 3. Title``, then ``- Status: accepted``, ``- Date: ...``. One
that was replaced says ``- Status: superseded by [3. New](0003-new.md)``, the other ``- Supersedes: [1. Old](...)``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.core.errors import BadInput
from helpers.core.verdicts.gates import Finding

STATUSES = ("proposed", "accepted", "rejected", "deprecated", "superseded")
_FILE = re.compile(r"(\d{4})-([a-z0-9]+(?:-[a-z0-9]+)*)\.md")
_FIELD = re.compile(r"^[-*]\s+(Status|Date|Supersedes|Deciders):[ \t]*(.*?)[ \t]*$", re.I | re.M)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Record:
    """One decision.

    Attributes:
        file: its name. number: of the file's name. slug: the rest of it. heading: number in the heading, None without.
        status: one of `STATUSES`, or what stands there. superseded_by, supersedes: names of files that it links to.
    """

    file: str
    number: int
    slug: str
    title: str
    heading: int | None
    status: str
    date: str
    superseded_by: tuple[str, ...]
    supersedes: tuple[str, ...]


@dataclass(frozen=True)
class Records:
    """The decision records of a directory, and what is wrong with them, each with file and line."""

    directory: Path
    records: tuple[Record, ...]
    problems: tuple[Finding, ...]

    @property
    def next_number(self) -> int:
        """The number of the next record; a number that was used is never given again."""
        return max((record.number for record in self.records), default=0) + 1

    def text(self) -> str:
        """Return the records and their problems for a terminal."""
        lines = [f"{r.number:4}  {r.status:10}  {r.title}" for r in self.records]
        for found in self.problems:
            place = f"{found.file}:{found.line}" if found.line else found.file
            lines.append(f"  NO  {place}  [{found.rule}] {found.message}")
        return "\n".join([*lines, f"{len(self.records)} records, {len(self.problems)} problems."])

    def __repr__(self) -> str:
        return f"Records({len(self.records)} records, {len(self.problems)} problems)"


def read(directory: Path) -> Records:
    """Read the records of a directory, and judge them: numbers, status, dates, and links that lead somewhere.

    Raises:
        BadInput: there is no such directory.
    """
    if not directory.is_dir():
        raise BadInput(f"{directory} is not a directory", why="Records are kept in one.", next="course new adr NAME")
    records, problems, texts = [], [], {}
    for path in sorted(directory.glob("*.md")):
        name = _FILE.fullmatch(path.name)
        if name is None:
            if re.match(r"\d", path.name):
                words = "A record is named 0001-short-name.md."
                problems.append(Finding(path.name, None, "adr-name", words))
            continue
        texts[path.name] = path.read_text(encoding="utf-8")
        records.append(_record(path.name, int(name[1]), name[2], texts[path.name]))
    for record in records:
        problems += _faults(record, records, texts[record.file])
    problems += _circles(records)
    return Records(directory, tuple(records), tuple(problems))


def superseded(known: Records, number: int, by: str, title: str) -> tuple[dict[Path, str], str]:
    """Return the old record with its new status, by path, and the link to it that the new one needs.

    Args:
        number: of the record that is replaced. by, title: file and title of the new record.

    Raises:
        BadInput: there is no such record, or it was replaced already.
    """
    old = next((record for record in known.records if record.number == number), None)
    if old is None:
        numbers = ", ".join(str(record.number) for record in known.records) or "none"
        raise BadInput(f"There is no record {number}", why=f"There are {numbers}.", next="course adrs")
    if old.superseded_by:
        why = f"It was superseded by {old.superseded_by[0]}."
        raise BadInput(f"Record {number} is not in force", why=why, next="Supersede that one.")
    path = known.directory / old.file
    text = path.read_text(encoding="utf-8")
    link = f"[{int(by[:4])}. {title}]({by})"
    new = re.sub(r"(?im)^([-*]\s+Status:[ \t]*).*$", lambda m: f"{m[1]}superseded by {link}", text, count=1)
    return {path: new}, f"[{old.number}. {old.title}]({old.file})"


def _record(file: str, number: int, slug: str, text: str) -> Record:
    fields = {found[1].lower(): found[2] for found in reversed(list(_FIELD.finditer(text)))}
    heading = re.search(r"^#\s+(?:(\d+)\.\s+)?(.+?)\s*$", text, re.M)
    status = fields.get("status", "")
    return Record(
        file,
        number,
        slug,
        heading[2] if heading else "",
        int(heading[1]) if heading and heading[1] else None,
        status.split()[0].lower().rstrip(".,") if status else "",
        fields.get("date", ""),
        tuple(_LINK.findall(status)),
        tuple(_LINK.findall(fields.get("supersedes", ""))),
    )


def _faults(record: Record, every: list[Record], text: str) -> Iterator[Finding]:
    def fault(rule: str, words: str, field: str = "") -> Finding:
        found = re.search(rf"(?im)^[-*]\s+{field}:", text) if field else None
        return Finding(record.file, text.count("\n", 0, found.start()) + 1 if found else 1, rule, words)

    twins = [other.file for other in every if other.number == record.number and other.file != record.file]
    if twins and record.file > min(twins):
        yield fault("adr-number", f"The number {record.number} is taken by {min(twins)}; give it the next free one.")
    if not record.title or record.heading not in (None, record.number):
        yield fault("adr-heading", f"The heading must be `# {record.number}. Title`.")
    if record.status not in STATUSES:
        yield fault("adr-status", f"The status must be one of {', '.join(STATUSES)}.", "Status")
    try:
        dt.date.fromisoformat(record.date)
    except ValueError:
        yield fault("adr-date", "Write `- Date: 2027-01-15`.", "Date")
    if record.status == "superseded" and not record.superseded_by:
        yield fault(
            "adr-link", "It is superseded, but by which? Write `superseded by [3. New](0003-new.md)`.", "Status"
        )
    if record.superseded_by and record.status != "superseded":
        yield fault("adr-status", f"It links a successor, but its status is {record.status}.", "Status")
    by_file = {other.file: other for other in every}
    for field, links in (("Status", record.superseded_by), ("Supersedes", record.supersedes)):
        for link in links:
            other = by_file.get(link)
            if other is None:
                yield fault("adr-link", f"The link {link[:80]} leads to no record.", field)
            elif field == "Supersedes" and record.file not in other.superseded_by:
                yield fault("adr-link", f"{link} does not say that this record superseded it.", field)
            elif field == "Status" and other.status in ("proposed", "rejected"):
                yield fault("adr-status", f"{link} is only {other.status}, so nothing is in force.", field)
            elif field == "Status" and record.file not in other.supersedes:
                yield fault("adr-link", f"{link} does not say that it supersedes this record.", field)


def _circles(records: list[Record]) -> Iterator[Finding]:
    """Yield each circle of successors once, at its first file."""
    by_file = {record.file: record for record in records}
    for record in records:
        path, here = [record.file], record
        while here.superseded_by and here.superseded_by[0] in by_file:
            here = by_file[here.superseded_by[0]]
            if here.file in path:
                break
            path.append(here.file)
        else:
            continue
        if here.file == record.file == min(path):
            words = f"The successors go in a circle: {' -> '.join([*path, record.file])}. None of them is in force."
            yield Finding(record.file, 1, "adr-circle", words)
