"""`course certificate`: from the gradebook to a file that is verified elsewhere; refused when evidence is missing."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from helpers.cli.certificate import certificate
from helpers.core.errors import BadInput
from helpers.course import gradebook
from helpers.course.awards import NotEarned
from tests.grading.classbook import Classbook

LABS = ("lab1-module", "lab2-gitops")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Classbook:
    book = Classbook(tmp_path_factory.mktemp("class"), *LABS)
    for learner, share in [("ada", 0.9), ("bob", 0.5)]:
        for lab in LABS:
            book.grade(learner, lab, share)
    book.grade("late", LABS[0], 1.0)
    book.grade("hopeful", LABS[0], 1.0, {"test-mutants": "waits", "docs": 0, "plan": 0, "policy-write": 0})
    book.grade("hopeful", LABS[1], 1.0)
    return book


@pytest.fixture(autouse=True)
def here(book: Classbook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOD208_CLASS", str(book.root))
    monkeypatch.setenv("CERTIFICATE_PASSWORD", "word")
    assert course("keys", "issuer").exit_code == 0
    return tmp_path


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask nbgrader once in this module: that the command asks it is shown by the first test."""
    monkeypatch.setattr(gradebook, "read", ROWS.get)


class Rows:
    """What the gradebook holds, read once."""

    found: Any = None

    def get(self) -> Any:
        if self.found is None:
            self.found = READ()
        return self.found


READ, ROWS = gradebook.read, Rows()


def course(*argv: str) -> Result:
    ran = CliRunner().invoke(certificate, list(argv))
    if ran.exception and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return ran


def test_who_has_the_evidence_gets_a_certificate_that_is_verified_elsewhere(here: Path) -> None:
    issued = course("issue", "ada", "--keys", "issuer", "--json")
    assert issued.exit_code == 0, issued.output
    elsewhere = here / "elsewhere"
    elsewhere.mkdir()
    for name in ("issuer/issuer.pub", "issuer/status.jwt", "ada.jwt"):
        shutil.copy(name, elsewhere)
    verify = ["verify", str(elsewhere / "ada.jwt"), "--issuer", str(elsewhere / "issuer.pub")]
    found = course(*verify, "--learner", "ada", "--gradebook")
    assert found.exit_code == 0 and "iac-enterprise (expert): 90 of 100 points, 80 needed" in found.output
    # Every lab is judged apart from the learner's code, and the certificate says so.
    assert found.output.count("Judged where no code of the learner's ran.") == 2
    assert json.loads(course(*verify, "--json").output)["status"] == "valid"

    line = json.loads(issued.output)["id"]
    assert course("revoke", line, "--keys", "issuer", "--reason", "plagiarism").exit_code == 0
    assert course(*verify).exit_code == 0, "the verifier has the list from before"
    shutil.copy("issuer/status.jwt", elsewhere)
    assert course(*verify).exit_code == 1
    (elsewhere / "status.jwt").unlink()
    assert course(*verify).exit_code == 3
    course("renew", "--keys", "issuer")
    assert course(*verify, "--status", "issuer/status.jwt").exit_code == 1


@pytest.mark.usefixtures("once")
class TestRefused:
    @pytest.mark.parametrize(
        ("learner", "said"),
        [
            ("bob", "iac-enterprise: 30 points more"),
            ("late", "gitops-automation: no evidence of lab2-gitops: nothing was handed in"),
            ("hopeful", "lab1-module: 8 points wait for a person: test-mutants"),
        ],
    )
    def test_missing_evidence_is_named_and_nothing_is_signed(self, here: Path, learner: str, said: str) -> None:
        with pytest.raises(NotEarned) as error:
            course("issue", learner, "--keys", "issuer")
        assert said in error.value.why and f"course competencies {learner}" in error.value.next
        assert not list(here.glob("*.jwt")) and (here / "issuer" / "issued.json").read_text() == "[]\n"

    def test_one_competency_alone_can_be_certified(self, here: Path) -> None:
        assert course("issue", "late", "--keys", "issuer", "--competency", "iac-enterprise").exit_code == 0
        with pytest.raises(BadInput, match="There is no competency 'sorcery'"):
            course("issue", "ada", "--keys", "issuer", "--competency", "sorcery")

    def test_an_unsafe_grade_gives_no_certificate(self, book: Classbook, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = [
            replace(row, judged="unsafe") if row.notebook == "03-test" else replace(row, judged="apart")
            for row in ROWS.get()
        ]
        monkeypatch.setattr(gradebook, "read", lambda: rows)
        with pytest.raises(NotEarned) as error:
            course("issue", "ada", "--keys", "issuer", "--competency", "iac-enterprise")
        assert error.value.why == (
            "iac-enterprise: lab1-module/03-test was graded without a sandbox; grade it again with one"
        )
        assert course("issue", "ada", "--keys", "issuer", "--competency", "gitops-automation").exit_code == 0

    def test_points_that_the_gradebook_no_longer_holds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        course("issue", "ada", "--keys", "issuer")
        verify = ["verify", "ada.jwt", "--issuer", "issuer/issuer.pub", "--learner", "ada", "--gradebook"]
        assert course(*verify).exit_code == 0
        monkeypatch.setattr(gradebook, "read", lambda: [replace(row, points=0.0) for row in ROWS.get()])
        found = course(*verify)
        assert found.exit_code == 1 and "not-held" in found.output

    def test_a_place_that_is_not_there_is_said_before_anything_is_registered(self, here: Path) -> None:
        before = sorted((here / "issuer").iterdir()), (here / "issuer" / "status.jwt").read_text()
        with pytest.raises(BadInput, match="not a directory"):
            course("issue", "ada", "--keys", "issuer", "--to", "missing/ada.jwt")
        assert before == (sorted((here / "issuer").iterdir()), (here / "issuer" / "status.jwt").read_text())

    def test_a_certificate_is_not_written_over(self, here: Path) -> None:
        (here / "ada.jwt").write_text("mine")
        with pytest.raises(BadInput):
            course("issue", "ada", "--keys", "issuer")
        assert (here / "ada.jwt").read_text() == "mine"
        assert course("verify", "ada.jwt", "--issuer", "issuer/issuer.pub", "--gradebook").exit_code == 2


def test_a_name_too_long_for_a_file_is_refused_in_words(once: None) -> None:
    with pytest.raises(BadInput, match="cannot be written there"):
        course("issue", "a" * 300, "--keys", "issuer")
