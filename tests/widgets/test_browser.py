"""The widgets in a real JupyterLab: by mouse, by keyboard only, in light and in dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from helpers.runtime import tools
from tests.browser import WAIT, LabPage, LabServer, low_contrast, write_notebook
from tests.widgets.plans import SECRET, SLOW
from tests.widgets.test_headless import CELLS as STATIC

pytestmark = pytest.mark.browser

VIEWER, PLAN, CHECK, SIGNATURE, CARD, TABLE, GRAPH = range(1, 8)
RULE = "package main\n\ndeny_public contains msg if {\n}\n\nwarn_tags contains msg if {\n}\n"
CELLS = [
    *STATIC,
    f"Path('bucket.rego').write_text({RULE!r}); PolicyTable(report(Path('bucket.rego')))",
    "from IPython.display import HTML\nHTML(blast_radius_svg(platform_plan(), ['module.speech']))",
]


@pytest.fixture(scope="module")
def lab(lab_server: LabServer, chromium: Browser) -> Iterator[LabPage]:
    """The notebook, run once in the light theme; tests act on different cells."""
    lab_server.theme(dark=False)
    yield from opened(lab_server, chromium)


def opened(server: LabServer, chromium: Browser) -> Iterator[LabPage]:
    write_notebook(server.root / "widgets" / "book.ipynb", CELLS)
    page = chromium.new_page(viewport={"width": 1360, "height": 1000})
    lab = LabPage(page, server, "widgets/book.ipynb")
    lab.run_all()
    yield lab
    lab.close()


def widget(lab: LabPage, cell: int) -> Locator:
    found = lab.output(cell).locator(".m208w").first
    expect(found).to_be_visible(timeout=WAIT)
    return found


def options(box: Locator) -> list[str]:
    return [text.strip() for text in box.locator("select[size] option").all_inner_texts()]


def test_every_widget_is_drawn(lab: LabPage) -> None:
    for cell in (VIEWER, CHECK, SIGNATURE, CARD, TABLE):
        widget(lab, cell)
    assert not re.search("Error displaying widget|javascript error", lab.notebook.inner_text())
    assert SECRET not in lab.page.content()


def test_plan_viewer_by_mouse(lab: LabPage) -> None:
    box = widget(lab, VIEWER)
    box.get_by_label("Show").select_option("! risky (3)")
    expect(box.get_by_text("3 resources", exact=True)).to_be_visible()
    box.locator("select[size]").select_option(label="± replace !  platform_gpu_pool.train  in module.vision")
    expect(box.get_by_text("forces replacement").locator("visible=true").first).to_be_visible()
    box.get_by_role("tab", name="Graph").click()
    expect(box.locator("svg g[role=img]").first).to_be_visible()
    box.get_by_role("tab", name=re.compile("Risks")).click()
    box.locator("summary", has_text="$.resource_changes[0].change.after.encryption").click()
    expect(box.locator("details[open] pre", has_text="null")).to_be_visible()
    box.get_by_role("tab", name="Changes").click()
    box.get_by_label("Show").select_option("changes (5)")


def test_plan_viewer_by_keyboard(lab: LabPage) -> None:
    box, keys = widget(lab, VIEWER), lab.page.keyboard
    box.get_by_label("Address").click()
    keys.type("module.vision")
    expect(box.get_by_text("2 resources", exact=True)).to_be_visible()
    keys.press("Tab")
    expect(box.locator("select[size]")).to_be_focused()
    keys.press("ArrowDown")
    expect(box.get_by_text("replaces a stateful resource").locator("visible=true").first).to_be_visible()
    keys.press("ArrowUp")
    expect(box.get_by_text("removes encryption").locator("visible=true").first).to_be_visible()
    assert lab.active_cell() == VIEWER, "JupyterLab must not take the arrow keys"
    outline = box.locator("select[size]").evaluate("e => getComputedStyle(e).outlineStyle")
    assert outline != "none", "focus must be visible"
    box.get_by_role("tab", name="Changes").focus()
    keys.press("ArrowRight")
    keys.press("Enter")
    expect(box.locator("svg g[role=img]").first).to_be_visible()
    keys.press("ArrowLeft")
    keys.press("Enter")
    box.get_by_label("Address").focus()
    keys.press("ControlOrMeta+a")
    keys.press("Delete")
    expect(box.get_by_text("5 resources", exact=True)).to_be_visible()


def test_check_panel_by_keyboard(lab: LabPage) -> None:
    box, keys = widget(lab, CHECK), lab.page.keyboard
    box.get_by_role("button", name="Hint 1 of 3").focus()
    for text in ("What must the file say?", "Open answer.txt.", "Write: done"):
        expect(box.get_by_text(text, exact=True)).to_have_count(0)
        keys.press("Enter")
        expect(box.get_by_text(text, exact=True)).to_be_visible()
    expect(box.get_by_role("button", name="No more hints")).to_be_disabled()
    box.get_by_role("button", name="Show solution").focus()
    keys.press("Enter")
    expect(box.get_by_text("over your files?")).to_be_visible()
    box.get_by_role("button", name="Yes, write the solution").focus()
    keys.press("Space")
    expect(box.get_by_text("answer.txt says done")).to_be_visible()
    box.get_by_role("button", name="Reset").click()
    box.get_by_role("button", name="Yes, reset this step").click()
    expect(box.get_by_text("not yet")).to_be_visible()


def test_policy_table_links_a_finding_to_its_rule(lab: LabPage) -> None:
    box = widget(lab, TABLE)
    expect(box.locator("pre")).to_contain_text(">    3 deny_public contains msg if {")
    box.locator("select[size]").select_option(label="! warning  no owner tag")
    expect(box.locator("pre")).to_contain_text(">    6 warn_tags contains msg if {")


def test_registry_card_follows_the_version(lab: LabPage) -> None:
    box = widget(lab, CARD)
    box.get_by_label("Version").select_option("1.0.0")
    expect(box.locator("pre").first).to_contain_text("~> 1.0")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_contrast(lab_server: LabServer, chromium: Browser, tmp_path: Path, dark: bool) -> None:
    lab_server.theme(dark)
    for lab in opened(lab_server, chromium):
        assert lab.page.evaluate("document.body.dataset.jpThemeLight") == ("false" if dark else "true")
        widget(lab, VIEWER)
        widget(lab, CHECK).get_by_role("button", name="Show solution").click()
        expect(lab.output(CHECK).get_by_text("over your files?")).to_be_visible()
        for cell in range(1, len(CELLS)):
            lab.screenshot(tmp_path / f"{cell}.png", lab.output(cell))
            assert low_contrast(lab.output(cell)) == [], f"cell {cell}"
        widget(lab, VIEWER).get_by_role("tab", name="Graph").click()
        expect(lab.output(VIEWER).locator("svg g[role=img]").first).to_be_visible()
        assert low_contrast(lab.output(VIEWER)) == []
        lab.screenshot(tmp_path / "graph.png", lab.output(VIEWER))


def test_saved_notebook_opens_with_its_results(lab_server: LabServer, chromium: Browser, tmp_path: Path) -> None:
    lab_server.theme(dark=False)
    for lab in opened(lab_server, chromium):
        widget(lab, VIEWER)
        lab.save()
    again = LabPage(chromium.new_page(viewport={"width": 1360, "height": 1000}), lab_server, "widgets/book.ipynb")
    box = widget(again, VIEWER)
    expect(box.get_by_text("removes encryption").locator("visible=true").first).to_be_visible()
    said = box.evaluate("e => getComputedStyle(e, '::before').content")
    assert "Run the cell to use it" in said
    assert "Error displaying widget" not in again.notebook.inner_text()
    again.screenshot(tmp_path / "again.png", again.output(VIEWER))
    again.close()


def test_stop_while_the_cell_runs(lab_server: LabServer, chromium: Browser, tmp_path: Path) -> None:
    folder = lab_server.root / "apply"
    folder.mkdir()
    (folder / "main.tf").write_text(SLOW)
    lab_server.theme(dark=False)
    cells = [
        f"from helpers import Terraform\nfrom helpers.widgets import ApplyProgress\n"
        f"tf = Terraform('.', executable={str(tools.ensure('terraform').path)!r})\ntf.init(); plan = tf.plan()",
        "ApplyProgress(tf.apply_events(plan)).watch()",
        "print('must not run')",
        "print(tf.plan().summary)",
    ]
    write_notebook(folder / "apply.ipynb", cells)
    page = chromium.new_page(viewport={"width": 1360, "height": 1000})
    lab = LabPage(page, lab_server, "apply/apply.ipynb")
    lab.start("notebook:run-all-cells")
    box = widget(lab, 1)
    expect(box.get_by_text("1 of 3 done")).to_be_visible(timeout=WAIT)
    lab.screenshot(tmp_path / "running.png", lab.cell(1))
    box.get_by_role("button", name="Stop").click()
    expect(lab.notebook.locator(".jp-InputPrompt", has_text="[*]")).to_have_count(0, timeout=WAIT)
    expect(box.get_by_text("terraform_data.first (create)")).to_be_visible()
    expect(box.get_by_text("The state is unlocked.")).to_be_visible()
    expect(lab.notebook).to_contain_text("TerraformStopped")
    assert "must not run" not in "".join(lab.cell(2).locator(".jp-OutputArea-output").all_inner_texts())
    lab.screenshot(tmp_path / "stopped.png", lab.cell(1))
    lab.select(3)
    lab.command("notebook:run-cell")
    expect(lab.output(3)).to_contain_text("2 to add, 0 to change, 1 to destroy", timeout=WAIT)
    lab.close()
