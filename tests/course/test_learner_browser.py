"""A learner's panels in a real browser: predict, check with all reasons, go on, hand in; by mouse and by keyboard."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from helpers.core.paths import ROOT
from helpers.course import handing
from tests.browser import LabPage, LabServer, low_contrast, write_notebook
from tests.browser import chromium as chromium

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
FILE = "modules/gpu-workspace/variables.tf"
ASSIGNMENT = "lab1-module"
CELLS = (
    'from helpers import Lab, Prediction, hand_in\n\nlab = Lab("lab1")',
    'Prediction("unit1/01-monolith")',
    'lab.check("interface")',
    'hand_in("assessment")',
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    home = tmp_path_factory.mktemp("learner")
    root, exchange = home / "root", home / "exchange"
    work = root / "workspace"
    for name in (ASSIGNMENT, "assessment"):
        shutil.copytree(ROOT / "release" / name, work / name)
        shutil.copytree(ROOT / "release" / name, exchange / "mod208" / "outbound" / name)
    (exchange / "mod208" / "inbound").mkdir()
    env = {"MOD208_WORKSPACE": str(work), "MOD208_STATE": str(home / "state"), "MOD208_EXCHANGE": str(exchange)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        server = LabServer(home, root)
        yield server
        server.stop()


def folder(server: LabServer) -> Path:
    return server.root / "workspace" / ASSIGNMENT / "work"


def opened(server: LabServer, chromium: Browser, dark: bool) -> LabPage:
    from helpers.course.labs import Lab

    server.theme(dark)
    lab = Lab("lab1", work=folder(server))
    lab.solve("interface")
    text = lab.read(FILE).replace('variable "owner"', 'variable "proprietor"').replace("ephemeral   = true", "")
    lab.path(FILE).write_text(text.replace("var.owner", "var.proprietor"))
    shutil.rmtree(server.root / "workspace" / "lectures", ignore_errors=True)
    write_notebook(server.root / "workspace" / ASSIGNMENT / "panels.ipynb", CELLS)
    page = chromium.new_page(viewport={"width": 1150, "height": 1000})
    lab_page = LabPage(page, server, f"workspace/{ASSIGNMENT}/panels.ipynb")
    lab_page.run_all()
    return lab_page


@pytest.fixture(scope="module", params=[False, True], ids=["light", "dark"])
def lab(request: pytest.FixtureRequest, server: LabServer, chromium: Browser) -> Iterator[LabPage]:
    page = opened(server, chromium, request.param)
    yield page
    page.close()


def panel(lab: LabPage, cell: int) -> Locator:
    found = lab.cell(cell).locator(".m208w").first
    expect(found).to_be_visible()
    return found


def picture(lab: LabPage, cell: int, name: str, where: Path) -> None:
    """Keep a picture for a person to look at, and measure its contrast."""
    dark = lab.page.evaluate("document.body.dataset.jpThemeLight") == "false"
    lab.screenshot(where / f"{name}-{'dark' if dark else 'light'}.png", lab.cell(cell))
    assert low_contrast(panel(lab, cell)) == []


def test_a_prediction_by_keyboard(lab: LabPage, tmp_path_factory: pytest.TempPathFactory) -> None:
    box = panel(lab, 1)
    expect(box.get_by_text("Open the answer")).to_have_count(0)
    box.get_by_title("Question 1, A").focus()
    lab.page.keyboard.press("Enter")
    expect(box.get_by_text("You said A; it is kept with your notes.")).to_be_visible()
    expect(box.get_by_text("not as you said")).to_be_hidden()
    expect(box.get_by_title("Question 1, C")).to_be_disabled()
    box.get_by_text("Open the answer").focus()
    lab.page.keyboard.press("Enter")
    expect(box.get_by_text("not as you said")).to_be_visible()
    picture(lab, 1, "prediction", tmp_path_factory.getbasetemp())


def test_a_check_tells_all_reasons_and_hints_go_with_theirs(
    lab: LabPage, server: LabServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    box = panel(lab, 2)
    expect(box.get_by_text('variable "owner" is not declared')).to_be_visible()
    expect(box.get_by_text("0 of 8 points")).to_be_visible()
    box.get_by_role("button", name="Hint 1 of 3: nudge").click()
    expect(box.get_by_text("Read the table of the decision row by row.")).to_be_visible()
    picture(lab, 2, "check", tmp_path_factory.getbasetemp())
    path = folder(server) / FILE
    path.write_text(
        path.read_text().replace('variable "proprietor"', 'variable "owner"').replace("proprietor", "owner")
    )
    box.get_by_role("button", name="Check again").click()
    expect(box.get_by_text("it is not ephemeral")).to_be_visible()
    expect(box.get_by_text("Read the table of the decision row by row.")).to_have_count(0)
    box.get_by_role("button", name="Hint 1 of 3: nudge").click()
    expect(box.get_by_text("Where else does Terraform keep it?")).to_be_visible()
    box.get_by_role("button", name="Show solution…").click()
    box.get_by_role("button", name="Yes, write the solution").click()
    expect(box.get_by_text("8 of 8 points")).to_be_visible()
    expect(box.get_by_text("Where else does Terraform keep it?")).to_have_count(0)
    picture(lab, 2, "passed", tmp_path_factory.getbasetemp())


def test_the_next_step_is_one_click_away(lab: LabPage) -> None:
    link = panel(lab, 2).get_by_role("link", name="Next: Write the consumer before the module")
    heading = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)").get_by_role("heading", name="Step contract")
    link.click()
    expect(heading).to_be_attached()
    # JupyterLab scrolls to a cell of a notebook that is open, as that of a step is; a new one begins at its head.
    lab.page.get_by_role("tab", name="panels.ipynb").first.click()
    link.click()
    expect(heading).to_be_in_viewport()
    lab.page.get_by_role("tab", name="panels.ipynb").first.click()


def test_handing_in_shows_asks_and_gives_a_receipt(
    lab: LabPage, server: LabServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    box = panel(lab, 3)
    box.get_by_role("button", name="Check and hand in…").click()
    expect(box.get_by_text("Hand it in like this?")).to_be_visible()
    expect(box.get_by_text("30 of 30 questions have no answer")).to_be_visible()
    box.get_by_role("button", name="No, not yet").click()
    expect(box.get_by_text("Hand it in like this?")).to_have_count(0)
    box.get_by_role("button", name="Check and hand in…").click()
    box.get_by_role("button", name="Yes, hand it in").focus()
    lab.page.keyboard.press("Enter")
    expect(box.get_by_text("Digest: sha256:")).to_be_visible()
    picture(lab, 3, "handed-in", tmp_path_factory.getbasetemp())
    receipt = max((server.root / "workspace" / "receipts").glob("*.json"))
    arrived = [handing.digest_of(one) for one in (server.home / "exchange" / "mod208" / "inbound").iterdir()]
    assert json.loads(receipt.read_text())["digest"] in arrived
