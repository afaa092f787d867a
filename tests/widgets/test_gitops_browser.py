"""The widgets of GitOps in a real JupyterLab: by mouse, by keyboard only, in light and in dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import WAIT, LabPage, LabServer, low_contrast, write_notebook
from tests.widgets.gitops import SECRET
from tests.widgets.test_browser import options, widget
from tests.widgets.test_headless import ROOT

pytestmark = pytest.mark.browser

TREE, CROWD, PROMOTION, DRIFT, GATES, TIMELINE, STACKS, LAST = 1, 2, 3, 4, 5, 6, 10, 10
CELLS = [
    f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    "from tests.widgets.gitops import *\nfrom tests.widgets.gitops_fakes import *\nfrom pathlib import Path\n"
    "from helpers.widgets import *\nfrom IPython.display import HTML\n"
    "forge, cluster = Forge(), Cluster()",
    "ApplicationTree(FileApplications(Path('state')), tree=lambda name: tree(), every=0.2, limit=600)",
    "ApplicationTree(crowd())",
    "PromotionBoard(forge, promote=forge.promote, every=0.2, limit=600)",
    "DriftBoard(cluster, heal=cluster.heal, adopt=cluster.adopt, unknown=UNKNOWN)",
    "GatePanel(gates(), run=all_passed)",
    "Timeline(happened())",
    "HTML(pull_request_html(pull()))",
    "HTML(applications_html(family()) + operation_html(family()[3].operation) + events_html(cluster_events()))",
    "HTML(audit_html(trail()) + object_html(live_secret()) + application_tree_html(tree()))",
    "from tests.widgets.stack_drifts import *\nstacks = Stacks()\nStackDriftBoard(stacks, heal=stacks.heal)",
]


def opened(server: LabServer, chromium: Browser, folder: str) -> Iterator[LabPage]:
    write_notebook(server.root / folder / "book.ipynb", CELLS)
    page = chromium.new_page(viewport={"width": 1360, "height": 1000})
    lab = LabPage(page, server, f"{folder}/book.ipynb")
    lab.run_all()
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def lab(lab_server: LabServer, chromium: Browser) -> Iterator[LabPage]:
    """The notebook, run once in the light theme; tests act on different cells."""
    lab_server.theme(dark=False)
    yield from opened(lab_server, chromium, "gitops")


def test_every_widget_is_drawn(lab: LabPage) -> None:
    for cell in (TREE, CROWD, PROMOTION, DRIFT, GATES, TIMELINE, STACKS):
        widget(lab, cell)
    assert not re.search("Error displaying widget|javascript error|Traceback", lab.notebook.inner_text())
    assert SECRET not in lab.page.content()


def test_tree_follows_the_cluster_and_stops(lab: LabPage, lab_server: LabServer) -> None:
    box, keys = widget(lab, TREE), lab.page.keyboard
    expect(box.get_by_role("status").get_by_text("watching")).to_be_visible()
    expect(box.get_by_label("Application inference-prod: Degraded, OutOfSync (SyncError)")).to_be_visible()
    box.get_by_label("Show", exact=True).select_option("not Synced or not Healthy")
    expect(box.locator("select[size] option")).to_have_count(2)
    box.locator("select[size]").focus()
    keys.press("End")
    expect(box.get_by_label("Deployment inference: Progressing, Synced").locator("visible=true").first).to_be_visible()
    keys.press("Home")
    expect(box.get_by_text("SyncError: exceeded quota: gpu")).to_be_visible()
    assert lab.active_cell() == TREE, "JupyterLab must not take the arrow keys"
    (lab_server.root / "gitops" / "state").write_text("done")
    expect(box.get_by_role("status").get_by_text("Healthy 4")).to_be_visible(timeout=WAIT)
    expect(box.get_by_text("No application to show.")).to_be_visible()
    stop = box.get_by_role("button", name="Stop watching")
    stop.focus()
    keys.press("Enter")
    expect(box.get_by_text("you stopped watching; nothing in the cluster was changed")).to_be_visible()
    expect(stop).to_have_count(0)


def test_pods_of_one_of_a_hundred(lab: LabPage) -> None:
    box = widget(lab, CROWD)
    expect(box.get_by_role("status").get_by_text("100 applications")).to_be_visible()
    assert len(options(box)) == 100
    box.get_by_label("Show", exact=True).select_option("not Synced or not Healthy")
    expect(box.locator("select[size] option")).to_have_count(5)
    assert " ".join(options(box)[0].split()) == "inference-007 ✗ Degraded ≠ OutOfSync"
    expect(box.get_by_label("Application inference-024: Unknown, Unknown")).to_be_visible()
    expect(box.get_by_text("It has no resources.")).to_be_visible()


def test_promotion_by_keyboard(lab: LabPage) -> None:
    box, keys = widget(lab, PROMOTION), lab.page.keyboard
    expect(box.get_by_text("no approval by another person")).to_be_visible()
    box.get_by_role("button", name="Promote inference 1.5.0 from dev to staging").focus()
    keys.press("Enter")
    expect(box.get_by_role("alert")).to_contain_text("Promote inference 1.5.0 from dev to staging?")
    box.get_by_role("button", name="Yes, promote to staging").focus()
    keys.press("Space")
    expect(box.get_by_text("merged inference")).to_be_visible()
    expect(box.get_by_text("the same on both sides")).to_be_visible()
    expect(box.get_by_role("button", name=re.compile("^Promote"))).to_have_count(0)


def test_drift_is_healed_after_a_question(lab: LabPage) -> None:
    box, keys = widget(lab, DRIFT), lab.page.keyboard
    chosen = box.locator("select[size]")
    chosen.select_option(label="? could not tell  HorizontalPodAutoscaler inference-prod/inference")
    heal = box.get_by_role("button", name="Heal: Git wins")
    expect(heal).to_be_disabled()
    chosen.select_option(label="≠ drifted  Deployment inference-prod/inference")
    expect(box.locator("del", has_text="replicas: 9")).to_be_visible()
    expect(box.locator("ins", has_text="replicas: 3")).to_be_visible()
    heal.focus()
    keys.press("Enter")
    box.get_by_role("button", name="Yes, heal it").focus()
    keys.press("Enter")
    expect(box.get_by_text("healed inference")).to_be_visible()
    expect(box.get_by_role("status").get_by_text("in sync 2")).to_be_visible()
    chosen.select_option(label="≠ drifted  ConfigMap inference-prod/settings")
    expect(box.get_by_text("missing in the cluster")).to_be_visible()


def test_a_stack_is_healed_by_its_owner_by_keyboard(lab: LabPage) -> None:
    box, keys = widget(lab, STACKS), lab.page.keyboard
    box.get_by_label("Owner", exact=True).select_option("speech")
    chosen = box.locator("select[size]")
    expect(chosen.locator("option")).to_have_count(1)
    expect(chosen.locator("option")).to_have_text(re.compile(r"≠\s+drifted\s+speech-serving\s+speech\s+12\s+days"))
    heal = box.get_by_role("button", name="Heal: the code wins")
    heal.focus()
    keys.press("Enter")
    expect(box.get_by_role("alert")).to_contain_text("Change the real objects of speech-serving back")
    box.get_by_role("button", name="Yes, heal it").focus()
    keys.press("Space")
    expect(box.get_by_text("healed speech-serving")).to_be_visible()
    expect(heal).to_be_disabled()
    expect(box.get_by_role("status").get_by_text("in sync 2")).to_be_visible()


def test_gates_run_again(lab: LabPage) -> None:
    box = widget(lab, GATES)
    expect(box.get_by_text("connection refused")).to_be_visible()
    box.locator("summary", has_text="2 findings").focus()
    lab.page.keyboard.press("Enter")
    expect(box.get_by_text("apps/inference/overlays/prod/patch.yaml:12")).not_to_be_visible()
    box.get_by_role("button", name="Run the gates again").click()
    expect(box.get_by_text("the change may go on")).to_be_visible()


def test_timeline_opens_as_a_list(lab: LabPage) -> None:
    box = widget(lab, TIMELINE)
    expect(box.get_by_label("sync, inference-prod: OutOfSync").first).to_be_visible()
    box.locator("summary", has_text="The timeline as a list").focus()
    lab.page.keyboard.press("Enter")
    expect(box.get_by_role("cell", name="+30.0 s").first).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_contrast(lab_server: LabServer, chromium: Browser, tmp_path: Path, dark: bool) -> None:
    lab_server.theme(dark)
    for lab in opened(lab_server, chromium, f"theme-{dark}"):
        assert lab.page.evaluate("document.body.dataset.jpThemeLight") == ("false" if dark else "true")
        widget(lab, DRIFT).locator("select[size]").select_option(label="≠ drifted  Deployment inference-prod/inference")
        widget(lab, DRIFT).get_by_role("button", name="Adopt").click()
        widget(lab, PROMOTION).get_by_role("button", name="Promote inference").click()
        widget(lab, TREE).get_by_role("button", name="Stop watching").click()
        expect(lab.output(TREE).get_by_text("you stopped watching")).to_be_visible()
        for cell in range(1, LAST + 1):
            lab.screenshot(tmp_path / f"{cell}.png", lab.output(cell))
            assert low_contrast(lab.output(cell)) == [], f"cell {cell}"


def test_saved_notebook_opens_with_its_results(lab_server: LabServer, chromium: Browser) -> None:
    lab_server.theme(dark=False)
    for lab in opened(lab_server, chromium, "saved"):
        widget(lab, DRIFT)
        lab.save()
    again = LabPage(chromium.new_page(viewport={"width": 1360, "height": 1000}), lab_server, "saved/book.ipynb")
    for cell in (TREE, PROMOTION, DRIFT, GATES):
        assert "Run the cell to use it" in widget(again, cell).evaluate("e => getComputedStyle(e, '::before').content")
    assert SECRET not in again.page.content()
    assert SECRET not in (lab_server.root / "saved" / "book.ipynb").read_text()
    again.close()
