"""Decision records: numbers, status, dates, and links between those that replace each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from helpers.cli.adrs import adrs
from helpers.compliance.decisions import read
from helpers.core.errors import BadInput


def record(number: int, title: str, status: str = "accepted", more: str = "") -> str:
    return f"# {number}. {title}\n\n- Status: {status}\n- Date: 2027-01-15\n{more}\n## Context\n\nText.\n"


GOOD = {
    "0001-old.md": record(1, "Old", "superseded by [3. New](0003-new.md)"),
    "0002-other.md": record(2, "Other", "proposed"),
    "0003-new.md": record(3, "New", more="- Supersedes: [1. Old](0001-old.md)\n"),
}


def write(folder: Path, **changed: str) -> Path:
    for name, text in {**GOOD, **{k.replace("_", "-", 1) + ".md": v for k, v in changed.items()}}.items():
        (folder / name.removeprefix("n")).write_text(text)
    return folder


def test_records_in_order_are_taken_in_more_than_one_style(tmp_path: Path) -> None:
    folder = write(tmp_path)
    # A star for the list, no number in the heading, a gap in the numbers, a page beside the records.
    (folder / "0007-late.md").write_text("# Late\n\n* Status: Accepted.\n* Date: 2027-01-15\n")
    (folder / "README.md").write_text("Our decisions.\n")
    found = read(folder)
    assert found.problems == () and found.next_number == 8
    assert [one.status for one in found.records] == ["superseded", "proposed", "accepted", "accepted"]


@pytest.mark.parametrize(
    ("file", "text", "rule", "line", "words"),
    [
        ("0002-again.md", record(2, "Again"), "adr-number", None, ""),
        ("0004-four.md", record(5, "Four"), "adr-heading", 1, "# 4. Title"),
        ("0004-four.md", record(4, "Four", "decided"), "adr-status", 3, "one of"),
        ("0004-four.md", record(4, "Four").replace("2027-01-15", "2027-02-30"), "adr-date", 4, "- Date"),
        ("0004-four.md", record(4, "Four", "superseded"), "adr-link", 3, "by which"),
        (
            "0004-four.md",
            record(4, "Four", "superseded by [9. None](0009-none.md)"),
            "adr-link",
            3,
            "leads to no record",
        ),
        (
            "0004-four.md",
            record(4, "Four", "superseded by [3. New](0003-new.md)"),
            "adr-link",
            3,
            "does not say that it supersedes",
        ),
        (
            "0004-four.md",
            record(4, "Four", "accepted, see [2. Other](0002-other.md)"),
            "adr-status",
            3,
            "links a successor",
        ),
        (
            "0004-four.md",
            record(4, "Four", more="- Supersedes: [2. Other](0002-other.md)\n"),
            "adr-link",
            5,
            "does not say that this record",
        ),
        (
            "0003-new.md",
            record(3, "New", "proposed", "- Supersedes: [1. Old](0001-old.md)\n"),
            "adr-status",
            None,
            "nothing is in force",
        ),
        ("4-four.md", record(4, "Four"), "adr-name", None, "0001-short-name.md"),
    ],
)
def test_each_fault_is_named(tmp_path: Path, file: str, text: str, rule: str, line: int | None, words: str) -> None:
    folder = write(tmp_path)
    (folder / file).write_text(text)
    found = [one for one in read(folder).problems if one.rule == rule]
    assert found and words in found[0].message
    if line:
        assert (found[0].file, found[0].line) == (file, line)


def test_a_circle_of_successors_is_refused_once(tmp_path: Path) -> None:
    links = {1: 2, 2: 3, 3: 1}
    for number, by in links.items():
        before = next(one for one, next_one in links.items() if next_one == number)
        text = record(
            number,
            f"R{number}",
            f"superseded by [{by}. R{by}](000{by}-r{by}.md)",
            f"- Supersedes: [{before}. R{before}](000{before}-r{before}.md)\n",
        )
        (tmp_path / f"000{number}-r{number}.md").write_text(text)
    found = read(tmp_path).problems
    assert [(one.rule, one.file) for one in found] == [("adr-circle", "0001-r1.md")]
    assert "0001-r1.md -> 0002-r2.md -> 0003-r3.md -> 0001-r1.md" in found[0].message


def test_one_that_supersedes_itself_is_a_circle(tmp_path: Path) -> None:
    link = "[1. R](0001-r.md)"
    (tmp_path / "0001-r.md").write_text(record(1, "R", f"superseded by {link}", f"- Supersedes: {link}\n"))
    assert [one.rule for one in read(tmp_path).problems] == ["adr-circle"]


def test_the_command_exits_by_what_it_found(tmp_path: Path) -> None:
    folder = write(tmp_path)
    done = CliRunner().invoke(adrs, [str(folder)])
    assert done.exit_code == 0 and "3 records, 0 problems." in done.output
    (folder / "0004-four.md").write_text(record(4, "Four", "superseded by [9. None](0009-none.md)"))
    done = CliRunner().invoke(adrs, [str(folder)])
    assert done.exit_code == 1 and "0004-four.md:3  [adr-link]" in done.output
    with pytest.raises(BadInput, match="is not a directory"):
        read(tmp_path / "none")
