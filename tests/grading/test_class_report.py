"""The instructor's report of a class: statistics of steps, competencies, work that looks alike; the notebook runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from helpers.core.paths import ROOT
from helpers.course.classroom import items, likeness
from helpers.course.competencies import Graded
from tests.grading.classbook import Classbook
from tests.klass import book, code

LAB = "lab1-module"
STARTER = "\n".join(f'variable "given_{n}" {{ default = {n} }}' for n in range(12))


def row(student: str, step: str, share: float, state: str = "passed") -> Graded:
    return Graded(student, "own", "01", step, f"{step}-test", state, 4 * share, 4, "")


def klass(**shares: list[float]) -> list[Graded]:
    return [row(f"l{n}", step, share) for step, mine in shares.items() for n, share in enumerate(mine)]


def test_difficulty_and_discrimination_are_those_of_the_book() -> None:
    strong = [n / 9 for n in range(10)]
    against = [1 - share for share in strong]
    found = {one.step: one for one in items.items(klass(good=strong, also=strong, more=strong, wrong=against))}
    assert found["good"].difficulty == pytest.approx(0.5)
    assert (found["good"].full, found["good"].none, found["good"].learners) == (1, 1, 10)
    assert found["good"].discrimination == pytest.approx(1.0)
    assert found["wrong"].discrimination == pytest.approx(-1.0)
    assert "is the check wrong?" in found["wrong"].remark
    assert found["good"].remark == ""


def test_what_tells_nothing_has_no_number() -> None:
    few = items.items(klass(one=[0, 1, 1], two=[0, 1, 0]))
    assert [one.discrimination for one in few] == [None, None]
    alike = {one.step: one for one in items.items(klass(all=[1.0] * 9, hard=[0.0] * 8 + [1.0]))}
    assert alike["all"].discrimination is None
    assert alike["all"].remark == "nearly all have its points"
    assert "was it taught?" in alike["hard"].remark


def test_what_is_not_settled_is_not_counted() -> None:
    rows = [row("a", "one", 1.0), row("b", "one", 0.0, "review"), row("c", "one", 0.0, "not-submitted")]
    assert [(one.learners, one.difficulty) for one in items.items(rows)] == [(1, 1.0)]


def text(word: str, lines: int = 14) -> str:
    return "\n".join(f'resource "{word}_{n}" "x" {{ size = {n} }}' for n in range(lines))


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classbook:
    """Ten learners of Lab 1; eva's work and tom's are nearly the same, all have the starter, six one usual way."""
    room = Classbook(tmp_path_factory.mktemp("class"), LAB)
    release = room.root / "release" / LAB
    release.mkdir(parents=True)
    nbformat.write(book(code(f"%%workfile lab1 given.tf\n{STARTER}", "given")), release / "01-interface.ipynb")
    for n, learner in enumerate(["eva", "tom", *(f"other{n}" for n in range(8))]):
        room.grade(learner, LAB, n / 9)
        work = room.root / "submitted" / learner / LAB / "work"
        (work / "modules").mkdir(parents=True)
        (work / "given.tf").write_text(STARTER)
        own = text("shared") + "\n# mine\n" if n < 2 else text(learner)
        (work / "modules" / "main.tf").write_text(own + "\n" + text(f"own{n}", 4))
        if n >= 4:
            (work / "usual.tf").write_text(text("usual"))
    (room.root / "submitted/other0" / LAB / "work/link.tf").symlink_to(
        room.root / "submitted/eva" / LAB / "work/modules/main.tf"
    )
    return room


def test_only_what_two_share_is_listed(room: Classbook) -> None:
    (found,) = likeness.alike(room.root, LAB)
    assert (found.one, found.other, found.files) == ("eva", "tom", ("modules/main.tf",))
    assert found.passages == 12
    assert 0.6 < found.share < 0.9


def test_without_what_was_handed_out_all_would_look_alike(room: Classbook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "_given", lambda _: set())
    monkeypatch.setattr(likeness, "_usual", lambda _: set())
    assert len(likeness.alike(room.root, LAB)) > 10


def test_the_notebook_runs(room: Classbook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_CLASS", str(room.root))
    nb = nbformat.read(ROOT / "grading" / "class-report.ipynb", 4)
    assert not any(cell.get("outputs") for cell in nb.cells), "it is kept without outputs"
    client: Any = NotebookClient(nb, timeout=300, resources={"metadata": {"path": str(room.root)}})
    client.execute()
    shown = {cell.id: json.dumps(cell.get("outputs", [])) for cell in nb.cells}
    assert "10 learners" in shown["rows"]
    assert "Discrimination" in shown["items"]
    assert "image/png" in shown["items-plot"]
    assert "image/png" in shown["reached-plot"]
    assert "iac-enterprise" in shown["reached"]
    assert "modules/main.tf" in shown["pairs"]
    assert Path(room.root / "gradebook.db").is_file()
