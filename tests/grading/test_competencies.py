"""Competencies come from graded evidence: what counts, what does not, and what is said to be missing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, LoggingConfigurable

from grading import export
from grading.submission import SubmissionReader
from helpers.cli.competencies import competencies
from helpers.course import outline
from helpers.course.competencies import Competency, Graded, assess
from helpers.course.gradebook import NoGradebook, UnknownLearner, graded
from tests.grading.classbook import Classbook

LABS = ("lab1-module", "lab2-gitops")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Classbook:
    book = Classbook(tmp_path_factory.mktemp("class"), *LABS)
    for lab in LABS:
        book.grade("ada", lab, 1.0)
    book.grade("half", LABS[0], 0.5)
    book.grade("waiting", LABS[0], 0.8, {"interface": "waits", "review-usage": "waits"})
    book.grade("unsafe", LABS[0], 1.0, _01_interface="unsafe: bubblewrap is not installed")
    book.enrol("absent")
    return book


def found(book: Classbook, together: tuple[str, ...] = ()) -> dict[tuple[str, str], Competency]:
    with book.open() as opened:
        directory = CourseDirectory(config=Config({"CourseDirectory": {"root": str(book.root)}}))
        rows = export.collect(opened, directory, [], [], together)
    return {(one.student, one.id): one for one in assess(rows, outline.load())}


class TestGraded:
    def test_who_has_the_points_has_the_competency(self, book: Classbook) -> None:
        one = found(book)["ada", "iac-enterprise"]
        assert (one.reached, one.level, one.points, one.max_points, one.needed) == (True, "expert", 100, 100, 80)
        assert one.missing == () and one.lost == () and "expert" in one.text()

    def test_no_grade_is_no_evidence(self, book: Classbook) -> None:
        one = found(book)["absent", "iac-enterprise"]
        assert not one.reached and one.points == 0
        assert one.missing[1] == "no evidence of lab1-module: nothing was handed in"
        assert not found(book)["half", "gitops-automation"].reached

    def test_what_is_missing_is_said_with_the_cells_that_lack_most_first(self, book: Classbook) -> None:
        one = found(book)["half", "iac-enterprise"]
        assert one.missing == ("30 points more",)
        lacks = [row.max_points - row.points for row in one.lost]
        assert lacks == sorted(lacks, reverse=True) and len(lacks) == 23
        assert "4 of 8  partial" in one.text()

    def test_what_waits_for_a_person_gives_no_points(self, book: Classbook) -> None:
        one = found(book)["waiting", "iac-enterprise"]
        assert one.waiting == 2 and not one.reached and one.points == pytest.approx(72)
        assert "lab1-module: 10 points wait for a person: interface, review-usage" in one.missing

    def test_an_unsafe_grade_is_marked(self, book: Classbook) -> None:
        one = found(book)["unsafe", "iac-enterprise"]
        assert one.unsafe == ("lab1-module/01-interface",) and "UNSAFE" in one.text()
        assert found(book, LABS)["unsafe", "iac-enterprise"].unsafe == one.unsafe
        assert found(book)["ada", "iac-enterprise"].unsafe == ()

    def test_what_was_judged_in_the_learners_kernel_is_marked(self, book: Classbook) -> None:
        assert found(book, LABS)["ada", "gitops-automation"].together == ("lab2-gitops",)
        assert found(book)["ada", "gitops-automation"].together == ()


def test_what_is_taken_for_being_late_is_taken(tmp_path: Path) -> None:
    book = Classbook(tmp_path, LABS[0])
    book.grade("late", LABS[0], 0.81)
    assert found(book)["late", "iac-enterprise"].reached
    with book.open() as opened:
        opened.find_submission_notebook("01-interface", LABS[0], "late").late_submission_penalty = 2.0
        opened.find_submission_notebook("06-publish", LABS[0], "late").late_submission_penalty = 500.0
        opened.db.commit()
    one = found(book)["late", "iac-enterprise"]
    assert not one.reached and one.points == pytest.approx(81 - 2 - 0.81 * 8) and one.max_points == 100
    assert "late-penalty  Handed in late." in one.text()


def row(step: str, state: str, points: float, most: float, reason: str = "") -> Graded:
    return Graded("ada", LABS[0], "01-interface", step, step, state, points, most, reason)


class TestAssess:
    def test_points_kept_from_an_earlier_grade_do_not_count_while_the_new_one_waits(self) -> None:
        (one, _) = assess([row("interface", "review", 100, 100)], outline.load())
        assert one.points == 0 and not one.reached

    def test_a_part_of_an_assignment_is_not_worth_the_whole(self) -> None:
        (one, _) = assess([row("interface", "passed", 8, 8)], outline.load())
        assert one.max_points == 100 and not one.reached
        assert any("the gradebook knows 8 of its 100 points" in words for words in one.missing)

    def test_the_mark_itself_is_enough_and_a_point_less_is_not(self) -> None:
        just = [row("a", "partial", 80, 100)]
        assert assess(just, outline.load())[0].reached
        assert not assess([replace(just[0], points=79.99)], outline.load())[0].reached

    def test_a_learners_words_do_not_steer_the_terminal(self) -> None:
        (one, _) = assess([row("a", "failed", 0, 100, "\x1b]0;owned\x07 no\u202e file")], outline.load())
        assert "no" in one.text() and all(c.isprintable() or c == "\n" for c in one.text())


class TestCommand:
    def test_it_reads_the_gradebook_through_nbgrader(self, book: Classbook, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MOD208_CLASS", str(book.root))
        ran = CliRunner().invoke(competencies, ["ada", "--json"])
        assert ran.exit_code == 0, ran.output
        said = json.loads(ran.stdout)["competencies"]
        assert [(one["id"], one["reached"]) for one in said] == [("iac-enterprise", True), ("gitops-automation", True)]
        # As nbgrader_config.py has it: every lab is judged apart from the learner's code.
        assert [one["together"] for one in said] == [[], []]
        with pytest.raises(UnknownLearner) as error:
            graded("adda")
        assert "course competencies ada" in str(error.value)

    def test_without_a_gradebook_none_is_made(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MOD208_CLASS", str(tmp_path))
        with pytest.raises(NoGradebook):
            graded()
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("claim", [{"remarks": ["all is well"]}, {"remarks": 5}, "a word", {"judged": {"files": 1}}])
def test_a_learners_claim_on_how_it_was_graded_is_not_taken(tmp_path: Path, claim: Any) -> None:
    directory = CourseDirectory(config=Config({"CourseDirectory": {"root": str(tmp_path)}}))
    handed_in = tmp_path / "submitted" / "eve" / "lab1-module" / "01-interface.ipynb"
    handed_in.parent.mkdir(parents=True)
    nb = nbformat.v4.new_notebook(metadata={"mod208": claim})
    nbformat.write(nb, handed_in)
    reader = SubmissionReader()
    reader.parent = LoggingConfigurable()
    reader.parent.coursedir = directory
    who = {"student": "eve", "assignment": "lab1-module", "notebook": "01-interface"}
    text, _ = reader.from_filename(str(handed_in), resources={"nbgrader": who})
    assert "mod208" not in json.loads(text)["metadata"]
