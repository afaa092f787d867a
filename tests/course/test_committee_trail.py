"""A sitting on a real trail: the notebook runs, the record verifies offline and from a terminal, fakes do not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from helpers import Subject, Trail, committee
from helpers.cli.committee import committee as command
from helpers.core.errors import CourseError
from helpers.core.paths import ROOT
from tests.notebooks import runner

CHANGE = Subject.of("dataset-cache-1.0.0.tar.gz", "the package").digest


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Any]]:
    """The learner's directory after the notebook, and the notebook with its outputs; the trail still runs."""
    room = tmp_path_factory.mktemp("committee")
    with runner.fresh(room):
        here = room / "workspace" / "assessment"
        yield here, runner.execute(ROOT / "source/assessment/03-committee.ipynb", room, here)


def said(notebook: Any, cell: str) -> str:
    (found,) = [one for one in notebook.cells if one.id == cell]
    texts = [
        str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", "")) for output in found.outputs
    ]
    return "\n".join(texts)


def run(*words: object) -> tuple[int, str]:
    try:
        done = CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)
    except CourseError as error:
        return error.exit_code, f"{error.what} {error.why}"
    return done.exit_code, done.output


def keys() -> list[object]:
    directory = Trail("committee").directory
    return ["--key", directory.public_key, "--root", directory.root]


def test_the_notebook_shows_what_its_text_says(ran: tuple[Path, Any]) -> None:
    notebook = ran[1]
    assert "'bela' scores, and approved the change" in said(notebook, "conflict")
    twice = said(notebook, "twice")
    assert "are one person" in twice and "2 votes can be counted, 3 are needed" in twice
    assert "accepted" in said(notebook, "decide") and "valid: accepted" in said(notebook, "verify")
    assert "invalid" in said(notebook, "other-deck") and "other-deck" in said(notebook, "other-deck")


def test_the_record_is_signed_by_the_committee_and_each_review_by_its_reviewer(ran: tuple[Path, Any]) -> None:
    entries = Trail("committee").entries()
    signers = {entry.event.actor: entry.signer.split("+")[0] for entry in entries if "committee" in entry.event.details}
    assert signers.pop("committee") == "committee"
    assert signers == {name: f"reviewer-{name}" for name in ("bela", "cara", "dario", "emil")}
    assert Trail("committee").verify()


def test_the_command_verifies_and_its_exit_code_says_what(ran: tuple[Path, Any], tmp_path: Path) -> None:
    here = ran[0] / "work"
    code, text = run("verify", here / "export", "--deck", here / "deck.md", "--change", CHANGE, *keys(), "--json")
    assert code == 0 and json.loads(text) == {"status": "valid", "decision": "accepted", "findings": []}
    code, text = run("verify", here / "export", "--deck", here / "deck-late.md", "--change", CHANGE, *keys())
    assert code == 1 and "other-deck" in text
    altered = tmp_path / "altered"
    shutil.copytree(here / "export", altered)
    lines = (altered / "entries.jsonl").read_bytes().splitlines(keepends=True)
    (altered / "entries.jsonl").write_bytes(b"".join([*lines[:1], *lines[2:]]))
    code, text = run("verify", altered, "--deck", here / "deck.md", "--change", CHANGE, *keys())
    assert code == 1 and "trail:" in text
    code, text = run("verify", here / "export", "--deck", here / "gone.md", "--change", CHANGE, *keys())
    assert code == 2 and "is not a file" in text


def test_a_record_that_the_forge_writes_is_not_the_committees(ran: tuple[Path, Any], tmp_path: Path) -> None:
    deck = tmp_path / "deck.md"
    deck.write_text("# Another\n")
    (record,) = [
        e for e in Trail("committee").entries() if e.event.actor == "committee" and e.signer[:9] == "committee"
    ]
    details = {**record.event.details, "reviews": []}
    Trail("forge").record(
        "approval", actor="committee", subject=Subject.of("deck.md", deck), decision="accepted", details=details
    )
    export = Trail("committee").export(tmp_path / "export")
    code, text = run("verify", export, "--deck", deck, "--change", CHANGE, *keys())
    assert code == 1 and "other-deck" in text, "the committee's own record is about the first deck"


def test_form_review_and_decision_from_a_terminal(ran: tuple[Path, Any], tmp_path: Path) -> None:
    code, form = run("form")
    assert code == 0 and "reviewer: ''" in form and "evidence: 0   # 12, 8, 4, 0" in form
    deck, file = tmp_path / "deck.md", tmp_path / "review.yaml"
    deck.write_text("# A second deck\n")
    about = ["--deck", deck, "--presenter", "learner", "--change", CHANGE]
    for name in ("cara", "dario", "emil"):
        text = form.replace("reviewer: ''", f"reviewer: {name}").replace(
            "comment: ''", "comment: There is no evidence at all."
        )
        file.write_text(text)
        code, text = run("review", file, *about)
        assert code == 0 and f"{name} verify: refused" in text
    code, text = run("review", file, *about)
    assert code == 1 and "one person" in text
    code, text = run("decide", *about)
    assert code == 0 and text.startswith("refused: 0% of the points")
    export = Trail("committee").export(tmp_path / "export")
    code, text = run("verify", export, "--deck", deck, "--change", CHANGE, "--presenter", "learner", *keys())
    assert code == 1 and text.startswith("valid: refused")


def test_a_change_that_nobody_approved_gets_no_record(ran: tuple[Path, Any], tmp_path: Path) -> None:
    deck, change = tmp_path / "deck.md", Subject.of("other", "unapproved").digest
    deck.write_text("# A third deck\n")
    sitting = committee.Sitting(deck, presenter="learner", change=change)
    scores = dict.fromkeys(("evidence", "risk", "change", "operation", "decision"), 12)
    for name in ("cara", "dario", "emil"):
        sitting.review(committee.Review(name, scores, "All of it could be verified."))
    with pytest.raises(committee.NotDecided, match="no-approval"):
        sitting.decide()
    export = Trail("committee").export(tmp_path / "export")
    code, text = run("verify", export, "--deck", deck, "--change", change, *keys())
    assert code == 1 and "other-deck" in text
