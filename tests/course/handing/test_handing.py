"""Handing in: what arrives is what was shown, the receipt proves it, and each fault says what to do."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result

from helpers.cli import course
from helpers.core.errors import CourseError
from helpers.core.paths import ROOT
from helpers.course import handing, journey, outline
from helpers.course.handing import exchanges
from helpers.course.labs import Lab
from tests.klass import Klass
from tests.other_users import as_user, idle_uids

ASSIGNMENT = "assessment"
DUE = dt.datetime(2026, 1, 5, 18, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def klass(tmp_path_factory: pytest.TempPathFactory) -> Klass:
    """A class whose assessment was due long ago, released by the real nbgrader."""
    klass = Klass(tmp_path_factory.mktemp("handing"))
    shutil.copytree(ROOT / "source" / ASSIGNMENT, klass.root / "source" / ASSIGNMENT)
    klass.nbgrader("db", "assignment", "add", ASSIGNMENT, f"--duedate={DUE:%Y-%m-%d %H:%M:%S} UTC")
    klass.publish(ASSIGNMENT)
    return klass


@pytest.fixture(autouse=True)
def learner(klass: Klass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A learner's workspace with the released assessment, and the class's exchange."""
    work = tmp_path / "workspace"
    monkeypatch.setenv("MOD208_WORKSPACE", str(work))
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("MOD208_LEARNER", "ada")
    monkeypatch.setenv("MOD208_EXCHANGE", klass.env["MOD208_EXCHANGE"])
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    shutil.copytree(ROOT / "release" / ASSIGNMENT, work / ASSIGNMENT)
    (work / ASSIGNMENT / "work").mkdir()
    yield work


def submit(*args: str, answer: str = "") -> Result:
    return CliRunner().invoke(course, ["submit", *args], input=answer)


def write_answer(book: Path, name: str, text: str) -> None:
    nb = nbformat.read(book, 4)
    cell = next(c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)
    cell.source = text
    nbformat.write(nb, book)


def test_what_nbgrader_collects_has_the_digest_of_the_receipt(klass: Klass, learner: Path) -> None:
    mine = learner / ASSIGNMENT
    (mine / "work" / "deck.md").write_text("# Our platform\n")
    for left in (".state/secret", "backup/old/deck.md", "work/.terraform/provider", "work/terraform.tfstate"):
        (mine / left).parent.mkdir(parents=True, exist_ok=True)
        (mine / left).write_text("not for anybody")
    (mine / "work" / "link.md").symlink_to("/etc/passwd")
    (mine / "work" / "video.mp4").write_bytes(b"x" * 10_000_001)
    done = submit(ASSIGNMENT, "--yes", "--json")
    assert done.exit_code == 0, done.output
    receipt = json.loads(done.output)
    klass.nbgrader("collect", ASSIGNMENT)
    arrived = klass.root / "submitted" / "ada" / ASSIGNMENT
    assert handing.digest_of(arrived) == receipt["digest"]
    assert set(receipt["files"]) == {*outline.assessment().notebooks, "work/deck.md"}
    assert not (arrived / ".state").exists() and not (arrived / "backup").exists()
    assert (arrived / "timestamp.txt").read_text() == receipt["time"]
    assert json.loads(Path(receipt["kept"]).read_text()) == receipt
    assert receipt["late"]
    (arrived / "work" / "deck.md").write_text("# Changed after it was handed in\n")
    assert handing.digest_of(arrived) != receipt["digest"]


def test_it_is_shown_first_and_nothing_is_sent_without_a_yes(klass: Klass, learner: Path) -> None:
    book = learner / ASSIGNMENT / "02-presentation.ipynb"
    write_answer(book, "present-risk", "The risk that is left is the vault's root key.")
    (learner / ASSIGNMENT / "work" / "large.bin").write_bytes(b"x" * 10_000_001)
    (learner / ASSIGNMENT / "03-committee.ipynb").write_text("{")
    done = submit(ASSIGNMENT, answer="n\n")
    for said in (
        "  01-quiz.ipynb",
        "work/large.bin stays here: larger than 10 MB",
        "1 of 5 answers for people are written: up to 60 points",
        "Due 2026-01-05 18:00 UTC: you are ",
        "no answer in present-evidence, present-change",
        "03-committee.ipynb: it is not a notebook that can be read",
        "30 of 30 questions have no answer",
    ):
        assert said in done.output
    assert done.exit_code != 0
    assert not (learner / "receipts").exists()
    assert "Nothing was sent." in submit(ASSIGNMENT, "--dry-run").output
    assert not (learner / "receipts").exists()


def test_each_step_of_a_lab_is_judged_and_an_unsaved_cell_is_named(
    klass: Klass, learner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = Path(klass.env["MOD208_EXCHANGE"]) / "mod208" / "outbound" / "lab1-module"
    shutil.copytree(ROOT / "release" / "lab1-module", released, dirs_exist_ok=True)
    shutil.copytree(ROOT / "release" / "lab1-module", learner / "lab1-module")
    steps = [step for step in outline.lab("lab1").steps if step.id in ("interface", "policy-gate")]
    spec = outline.lab("lab1")
    monkeypatch.setattr(outline, "assignment", lambda name: type(spec)(**{**vars(spec), "steps": tuple(steps)}))
    lab = Lab("lab1")
    lab.solve("interface")
    lab.run_cell("gate.toml", "namespace = 1\n")
    told: list[str] = []
    found = handing.plan("lab1", told=lambda step: told.append(step.step))
    assert told == [step.step for step in found.steps] == ["interface", "policy-gate"]
    assert (found.earned, found.points) == (8, 12)
    assert "With them go which solutions you were shown, in .course/." in found.sums()
    assert any("`%%workfile lab1 gate.toml` is not saved as it ran last" in said for said in found.remarks)
    released.rename(released.with_name("lab1-gone"))


def test_without_an_exchange_there_is_no_button_and_the_command_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert type(handing.hand_in("lab1")).__name__ == "HandInPanel"
    monkeypatch.delenv("MOD208_EXCHANGE")
    monkeypatch.setattr(exchanges, "USUAL", tmp_path / "none")
    assert "no exchange is set up" in repr(handing.hand_in("lab1"))
    with pytest.raises(handing.NoExchange, match="MOD208_EXCHANGE=DIRECTORY"):
        handing.plan("lab1")


def test_the_settings_of_a_hub_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MOD208_EXCHANGE")
    config = Path(os.environ["JUPYTER_CONFIG_DIR"])
    config.mkdir()
    (config / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'autumn'\nc.Exchange.root = '/srv/exchange'\n"
    )
    assert handing.exchange() == handing.Exchange(Path("/srv/exchange"), "autumn")
    (config / "nbgrader_config.py").write_text("get_config().ExchangeFactory.exchange = 'ngshare_exchange.Exchange'\n")
    assert handing.exchange() == handing.Exchange(None, "mod208")


@pytest.mark.parametrize(
    ("breaks", "fault", "said"),
    [
        ("mod208/outbound/assessment", handing.NotReleased, "not released"),
        ("mod208/inbound", handing.CannotSend, "may not write"),
        ("", handing.NoExchange, "may not be mounted"),
    ],
)
def test_what_is_missing_in_the_exchange_is_named(
    klass: Klass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaks: str, fault: type[CourseError], said: str
) -> None:
    copy = tmp_path / "exchange"
    shutil.copytree(klass.env["MOD208_EXCHANGE"], copy)
    shutil.rmtree(copy / breaks)
    monkeypatch.setenv("MOD208_EXCHANGE", str(copy))
    with pytest.raises(fault, match=said) as caught:
        handing.plan(ASSIGNMENT)
    assert "Your work is safe" in caught.value.next


def test_an_exchange_that_one_may_not_write_is_named_to_another_user(tmp_path: Path) -> None:
    (uid,) = idle_uids(1)
    room = Path("/tmp") / f"mod208-exchange-{os.getpid()}"  # below tmp_path another user reads nothing
    (room / "mod208" / "outbound" / ASSIGNMENT).mkdir(parents=True)
    (room / "mod208" / "inbound").mkdir()
    try:
        assert as_user(uid, lambda: _refusal(room)) == "cannot-send"
        room.chmod(0o777)
        (room / "mod208" / "inbound").chmod(0o733)
        assert as_user(uid, lambda: _refusal(room)) == ""
    finally:
        shutil.rmtree(room)


def _refusal(room: Path) -> str:
    try:
        handing.Exchange(room, "mod208").ready_for(ASSIGNMENT)
    except CourseError as error:
        return error.code
    return ""


def test_nbgraders_own_refusal_is_passed_on(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = handing.plan(ASSIGNMENT)
    monkeypatch.setenv("MOD208_LEARNER", "ada+grace")  # nbgrader takes no name with a plus
    with pytest.raises(handing.NotDelivered, match="should contain no") as caught:
        handing.send(found)
    assert "Traceback" not in str(caught.value)


def test_too_much_and_a_file_that_went_meanwhile(learner: Path) -> None:
    mine = learner / ASSIGNMENT / "work"
    (mine / "deck.md").write_text("# Deck\n")
    found = handing.plan(ASSIGNMENT)
    (mine / "deck.md").unlink()
    with pytest.raises(handing.CannotSend, match=r"work/deck\.md cannot be copied"):
        handing.send(found)
    for number in range(6):
        (mine / f"{number}.bin").write_bytes(b"x" * 9_000_000)
    with pytest.raises(handing.CannotSend, match=r"54 MB; the exchange takes 50 MB"):
        handing.plan(ASSIGNMENT)


def test_answers_that_were_written_after_the_look_are_looked_at_first(learner: Path) -> None:
    deck, book = learner / ASSIGNMENT / "work" / "deck.md", learner / ASSIGNMENT / "01-quiz.ipynb"
    deck.write_text("# Deck\n")
    found = handing.plan(ASSIGNMENT)
    book.write_text(book.read_text())  # JupyterLab saves notebooks by itself
    deck.write_text("# Another deck\n")
    with pytest.raises(handing.CannotSend, match=r"work/deck\.md was written after the checks looked"):
        handing.send(found)
    found = handing.plan(ASSIGNMENT)
    (deck.parent / "notes.md").write_text("new\n")
    with pytest.raises(handing.CannotSend, match=r"work/notes\.md was written"):
        handing.send(found)
    assert not (learner / "receipts").exists()
    book.write_text(book.read_text())
    assert "work/notes.md" in handing.send(handing.plan(ASSIGNMENT)).files


def test_what_goes_with_the_files_is_said_before(learner: Path, tmp_path: Path) -> None:
    (tmp_path / "state/services/registry/data/modules").mkdir(parents=True)
    (tmp_path / "state/services/registry/data/modules/one.tar.gz").write_bytes(b"x")
    found = handing.plan(ASSIGNMENT)
    assert "With them go the packages of your module registry, in .course/." in found.sums()
    more = set(handing.send(found).files) - set(found.files)
    assert more and all(name.startswith(".course/") for name in more)


def test_what_is_done_is_offered_until_a_receipt_is_there(learner: Path) -> None:
    lab = Lab("lab1")
    for step in lab.spec.steps:
        lab._journal.set("results", step.id, {"passed": True, "reason": ""})
    assert journey.journey().to_hand_in == ("lab1",)
    assert "Ready to hand in: course submit lab1" in repr(journey.journey())
    (learner / "receipts").mkdir()
    (learner / "receipts" / "lab1-module-1.json").write_text("{}")
    assert journey.journey().to_hand_in == ()
