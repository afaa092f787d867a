"""A questionnaire in a real JupyterLab: by mouse, by keyboard only, in light and in dark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from helpers.core import yaml_reader
from helpers.core.paths import ROOT
from tests.browser import LabPage, LabServer, low_contrast, write_notebook
from tests.quizzes import ACTION, ADDRESS, CHOICES, LOG, NUMBER, PLAN, SEVERAL

pytestmark = pytest.mark.browser

ITEMS = [*CHOICES, SEVERAL, NUMBER, LOG, PLAN, ACTION, ADDRESS]
CELLS = [
    f"import os, sys; sys.path.insert(0, {str(ROOT)!r})\n"
    "from pathlib import Path\nfrom helpers.course.quiz import quiz as module\nmodule.ROOT = Path.cwd()\n"
    "os.environ['MOD208_LEARNER'] = 'ada'; os.environ['MOD208_WORKSPACE'] = str(Path.cwd() / WHERE)",
    "quiz = module.Quiz('unit9/01')\nquiz",
    "module.Quiz('unit9/01')",
    "n, k = quiz.questions[3].values['n'], quiz.questions[3].values['k']\nprint(n, k)",
]


def opened(server: LabServer, chromium: Browser, where: str) -> Iterator[LabPage]:
    folder = server.root / "quiz"
    (folder / "notebooks/unit9").mkdir(parents=True, exist_ok=True)
    (folder / "notebooks/unit9/questions.yaml").write_text(yaml_reader.dump({"01": ITEMS}))
    write_notebook(folder / "book.ipynb", [CELLS[0].replace("WHERE", repr(where)), *CELLS[1:]])
    lab = LabPage(chromium.new_page(viewport={"width": 1100, "height": 1000}), server, "quiz/book.ipynb")
    lab.run_all()
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def lab(lab_server: LabServer, chromium: Browser) -> Iterator[LabPage]:
    lab_server.theme(dark=False)
    yield from opened(lab_server, chromium, "light")


def panel(lab: LabPage, cell: int = 1) -> Locator:
    found = lab.output(cell).locator(".m208w").first
    expect(found).to_be_visible()
    return found


def answer(lab: LabPage) -> int:
    n, k = map(int, lab.output(3).inner_text().split())
    return n - k + 1


def test_a_click_anywhere_on_the_line_answers_and_marks_it(lab: LabPage) -> None:
    box = panel(lab)
    line = box.get_by_role("button", name="A one").first
    width = line.bounding_box()
    assert width and width["width"] > 600
    line.click(position={"x": width["width"] - 8, "y": width["height"] / 2})
    expect(box.get_by_text("A: because a")).to_be_visible()
    expect(box.get_by_role("button", name="✗ A one")).to_be_visible()
    right = box.get_by_role("button", name="B <b>two</b>").first
    right.click()
    expect(box.get_by_text("B: because b")).to_be_visible()
    expect(box.get_by_role("button", name="✓ B <b>two</b>")).to_be_visible()
    expect(box.get_by_text("0 of 8 right at the first answer")).to_be_visible()


def test_several_by_keyboard(lab: LabPage) -> None:
    box, keys = panel(lab), lab.page.keyboard
    check = box.get_by_title("Check question 3")
    check.focus()
    keys.press("Enter")
    expect(box.get_by_text("Nothing is chosen.")).to_be_visible()
    for name in ("A", "C"):
        box.get_by_title(f"Question 3, {name};").focus()
        keys.press("Space")
    keys.press("Tab")
    keys.press("Tab")
    expect(check).to_be_focused()
    keys.press("Enter")
    expect(box.get_by_text("A: because a C: because c")).to_be_visible()
    assert lab.active_cell() == 1, "JupyterLab must not take the keys"


def enter(field: Locator, text: str) -> None:
    """Type into a field as a person does, who looks where the words go."""
    # What the kernel says of the answer before must not come between the letters.
    expect(field.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first).to_be_attached()
    field.focus()
    field.press("ControlOrMeta+a")
    field.press_sequentially(text)
    expect(field).to_have_value(text)
    field.press("Enter")


def test_a_number_by_keyboard(lab: LabPage) -> None:
    box = panel(lab)
    field = box.get_by_title("Question 4: your number, in buckets")
    for typed, said in (("many", "'many' is not a number."), ("1,5", "The decimal sign is a point")):
        enter(field, typed)
        expect(box.get_by_text(said)).to_be_visible()
    look = box.get_by_title("The answer to question 4")
    expect(look).to_be_hidden()
    for wrong, said in ((answer(lab) - 1, "The last position goes, too."), (99, "None of the usual slips")):
        enter(field, str(wrong))
        expect(box.get_by_text(said)).to_be_visible()
    look.click()
    expect(box.get_by_text("are replaced and the last goes.")).to_be_visible()
    enter(field, f"{answer(lab)}.0 buckets")
    expect(box.get_by_text(f"{answer(lab)}: ", exact=False).locator("visible=true").first).to_be_visible()


def test_answers_are_there_when_the_cell_runs_again(lab: LabPage) -> None:
    box = panel(lab)
    box.get_by_title("Question 2, D").first.click()
    expect(box.get_by_text("D: because d")).to_be_visible()
    lab.select(2)
    lab.command("notebook:run-cell")
    again = panel(lab, 2)
    expect(again.get_by_text("D: because d")).to_be_visible()
    expect(again.get_by_role("button", name="✗ A one")).to_be_visible()
    expect(again.get_by_text("right at the first answer")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_contrast(
    lab_server: LabServer, chromium: Browser, dark: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lab_server.theme(dark)
    for lab in opened(lab_server, chromium, f"contrast{dark}"):
        box = panel(lab)
        box.get_by_title("Question 1, A").first.click()
        box.get_by_title("Question 2, D").first.click()
        box.get_by_title("Check question 4").click()
        expect(box.get_by_text("There is no number yet.")).to_be_visible()
        lab.screenshot(tmp_path_factory.getbasetemp() / f"quiz-{'dark' if dark else 'light'}.png", lab.output(1))
        assert low_contrast(lab.output(1)) == []
