"""The side panel in a real browser: from a task to the next, services, colours, copies; by mouse and by keyboard."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from helpers.core.paths import ROOT
from helpers.course.labs import Lab
from helpers.course.panel.handlers import LARGEST
from helpers.runtime import services
from tests.browser import LabPage, LabServer, low_contrast, write_notebook
from tests.browser import chromium as chromium

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
ASSIGNMENT, NOTEBOOK = "lab1-module", "01-interface.ipynb"
FILE = "modules/gpu-workspace/variables.tf"
#: What a page would run if it took a file's text for its own.
MARKUP = "# <img src=x onerror='window.ran = true'>\n"
#: A service that is up in a second and needs no other.
SERVICE = "oci"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    home = tmp_path_factory.mktemp("panel")
    work = home / "root" / "workspace"
    shutil.copytree(ROOT / "release" / ASSIGNMENT, work / ASSIGNMENT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_WORKSPACE", str(work))
        patch.setenv("MOD208_STATE", str(home / "state"))
        server = LabServer(home, home / "root")
        yield server
        server.stop()
        services.stop("all")


@pytest.fixture(scope="module")
def lab(server: LabServer) -> Lab:
    """The learner's workspace; two mistakes in one file."""
    lab = Lab("lab1", work=server.root / "workspace" / ASSIGNMENT / "work")
    lab.solve("interface")
    text = lab.read(FILE).replace('variable "owner"', 'variable "proprietor"').replace("ephemeral   = true", "")
    lab.path(FILE).write_text(text.replace("var.owner", "var.proprietor") + MARKUP)
    return lab


@pytest.fixture(scope="module")
def page(server: LabServer, lab: Lab, chromium: Browser) -> Iterator[LabPage]:
    tab = chromium.new_page(viewport={"width": 1400, "height": 1100})
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield LabPage(tab, server, f"workspace/{ASSIGNMENT}/{NOTEBOOK}")
    tab.close()


@pytest.fixture
def panel(page: LabPage) -> Locator:
    found = page.page.locator("#mod208-panel")
    if not found.is_visible():
        page.command("mod208:panel")
    expect(found).to_be_visible()
    return found


def picture(page: LabPage, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep pictures for a person to look at, light and dark, and measure their contrast."""
    panel = page.page.locator("#mod208-panel")
    for theme in ("Dark", "Light"):
        page.command("apputils:change-theme", {"theme": f"JupyterLab {theme}"})
        expect(
            page.page.locator(f"body[data-jp-theme-light={'true' if theme == 'Light' else 'false'}]")
        ).to_be_attached()
        page.screenshot(tmp_path_factory.getbasetemp() / f"panel-{name}-{theme.lower()}.png")
        assert low_contrast(panel) == []


def pressed(page: LabPage, panel: Locator, label: str, *, exact: bool = False) -> None:
    """Press a button as somebody without a mouse does."""
    button = panel.get_by_role("button", name=label, exact=exact)
    expect(button).to_be_enabled()
    button.focus()
    page.page.keyboard.press("Enter")


def test_a_step_from_task_to_the_next_by_keyboard(
    page: LabPage, panel: Locator, lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> None:
    expect(panel.get_by_text("Continue: Unit 1")).to_be_visible()
    page.select(13)
    expect(panel.get_by_text("The first variable and the table are written for you, as a model.")).to_be_visible()
    pressed(page, panel, "Check", exact=True)
    expect(panel.get_by_text('variable "owner" is not declared')).to_be_visible()
    expect(panel.get_by_text("0 of 8 points")).to_be_visible()
    # The notebook's cells still have the starter's text: whoever checks now would wonder.
    expect(panel.get_by_text(f"cells say something else than their files: {FILE}")).to_be_visible()
    pressed(page, panel, "Hint 1 of 3: nudge")
    expect(panel.get_by_text("Read the table of the decision row by row.")).to_be_visible()
    pressed(page, panel, "Compare with the solution")
    pressed(page, panel, "Yes, show it")
    expect(panel.locator(".m208-del", has_text='variable "proprietor"')).to_be_visible()
    expect(panel.locator(".m208-ins", has_text='variable "owner"')).to_be_visible()
    expect(panel.locator(".m208-del", has_text="<img src=x onerror=")).to_be_visible()
    assert panel.locator("img[src=x]").count() == 0 and page.page.evaluate("window.ran") is None
    assert "proprietor" in lab.read(FILE), "to look at the solution writes nothing"
    picture(page, "compared", tmp_path_factory)
    pressed(page, panel, "Write the solution…")
    pressed(page, panel, "Yes, write the solution")
    expect(panel.get_by_text("8 of 8 points")).to_be_visible()
    expect(panel.get_by_text("Read the table of the decision row by row.")).to_have_count(0)
    assert 'variable "owner"' in lab.read(FILE)
    # The open cell has the file's text now, and its former text is kept.
    cell = str(
        page._evaluate("return window.jupyterapp.shell.currentWidget.content.widgets[13].model.sharedModel.source")
    )
    assert cell == f"%%workfile lab1 {FILE}\n{lab.read(FILE).removesuffix(chr(10))}"
    kept = [path.read_text() for path in lab.work.parent.rglob("backup/**/variables.tf")]
    assert any("# YOUR CODE HERE" in text for text in kept) and any("proprietor" in text for text in kept)
    picture(page, "passed", tmp_path_factory)
    pressed(page, panel, "Next: Write the consumer before the module")
    expect(page.notebook.get_by_role("heading", name="Step contract")).to_be_in_viewport()
    expect(panel.locator("[aria-current=step]")).to_contain_text("Write the consumer before the module")


def test_a_fault_says_what_to_do_next_and_stays_to_be_read(page: LabPage, panel: Locator) -> None:
    page.page.route("**/mod208/panel/check*", lambda route: route.abort())
    pressed(page, panel, "Check", exact=True)
    expect(panel.get_by_role("alert")).to_contain_text("JupyterLab does not answer")
    page.page.unroute("**/mod208/panel/check*")
    pressed(page, panel, "Check", exact=True)
    expect(panel.get_by_role("alert")).to_have_count(0)
    expect(panel.get_by_text("0 of 6 points")).to_be_visible()


def test_a_killed_service_is_seen_and_started_again(page: LabPage, panel: Locator) -> None:
    panel.get_by_text("12 not started").click()
    panel.get_by_role("button", name=f"Start {SERVICE}", exact=True).click()
    row = panel.locator(".m208-service", has_text=SERVICE).first
    expect(row).to_contain_text("running")
    pid = next(one.pid for one in services.status() if one.name == SERVICE)
    assert pid
    os.kill(pid, signal.SIGKILL)
    # Seen by itself within a look at the services or two.
    expect(row).to_contain_text("it was killed or crashed")
    pressed(page, panel, f"Start {SERVICE}", exact=True)
    expect(row).to_contain_text("running")


def test_the_panel_opens_and_closes_by_its_keys(page: LabPage, panel: Locator) -> None:
    page.page.keyboard.press("Escape")
    page.notebook.click(position={"x": 5, "y": 5})
    page.page.keyboard.press("Alt+Shift+C")
    expect(panel.locator(":focus")).to_have_count(1)
    page.page.keyboard.press("Alt+Shift+C")
    expect(panel).to_be_hidden()


def colours(editor: Locator) -> dict[str, str]:
    """Return word -> its colour, for the coloured words of an editor."""
    pairs = "[...e.querySelectorAll('.cm-line span')].map(s => [s.textContent, getComputedStyle(s).color])"
    found: dict[str, str] = editor.evaluate(f"e => Object.fromEntries({pairs})")
    return found


def test_cells_have_the_colours_of_the_file_they_write(page: LabPage, lab: Lab) -> None:
    cell = page.cell(12)
    cell.scroll_into_view_if_needed()
    expect(cell.locator(".cm-line span", has_text="required_version")).to_have_count(1)
    found = colours(cell)
    assert found["terraform"] == found["required_providers"] != found["required_version"] != found['">= 1.11.0"']
    mime = "return window.jupyterapp.shell.currentWidget.content.widgets[args[0]].model.mimeType"
    # A cell that is turned into another file, or into Python, follows; so does one after a restart of the kernel.
    change = "window.jupyterapp.shell.currentWidget.content.widgets[24].model.sharedModel.setSource(args[0])"
    page.command("notebook:insert-cell-below")
    index = page.active_cell()
    for source, wanted in {
        "%%workfile lab1 policy/a.rego\npackage main": "text/x-rego",
        "%%workfile lab1 a.yaml\na: 1": "text/x-yaml",
        "%%workfile lab1 a.py\na = 1": "text/x-ipython",
        "a = 1": "text/x-ipython",
        "%%workfile lab1 main.tf\na = 1": "text/x-hcl",
    }.items():
        page._evaluate(change.replace("[24]", f"[{index}]"), source)
        page.page.wait_for_function(
            "([i, m]) => window.jupyterapp.shell.currentWidget.content.widgets[i].model.mimeType === m",
            arg=[index, wanted],
        )
    page._evaluate("await window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    page.wait_idle()
    assert page._evaluate(mime, index) == "text/x-hcl"
    page.command("notebook:delete-cell")


POLICY = """package main

import rego.v1

# a comment
deny contains msg if {
\tsome name in input.names
\tnot startswith(name, "acme-")
\tmsg := sprintf("%s", [name])
}
"""


def test_files_have_their_colours_and_indent(page: LabPage, lab: Lab) -> None:
    lab.path("policy").mkdir(exist_ok=True)
    lab.path("policy/own.rego").write_text(POLICY)
    page.command("docmanager:open", {"path": f"workspace/{ASSIGNMENT}/work/policy/own.rego"})
    editor = page.page.locator(".jp-FileEditor:visible")
    expect(editor.locator(".cm-line span", has_text="startswith")).to_have_count(1)
    found = colours(editor)
    assert found["package"] == found["some"] == found["not"] == found["contains"] != found['"acme-"']
    assert found["# a comment"] not in (found["package"], found['"acme-"'])
    editor.locator(".cm-line", has_text="deny contains").click()
    page.page.keyboard.press("End")
    page.page.keyboard.press("Enter")
    page.page.keyboard.type("x")
    assert editor.locator(".cm-line").nth(6).inner_text() in ("    x", "\tx")
    page.command("docmanager:open", {"path": f"workspace/{ASSIGNMENT}/work/{FILE}"})
    expect(page.page.locator(".jp-FileEditor:visible .cm-line span", has_text="variable").first).to_be_visible()


def test_what_is_shown_can_be_copied(page: LabPage) -> None:
    page.page.get_by_role("tab", name=NOTEBOOK).click()
    page.command("notebook:insert-cell-below")
    index = page.active_cell()
    change = "window.jupyterapp.shell.currentWidget.content.widgets[args[0]].model.sharedModel.setSource(args[1])"
    page._evaluate(change, index, "```sh\ncourse check lab1 | head -3\n```")
    page.command("notebook:change-cell-to-markdown")
    page.command("notebook:run-cell")
    block = page.cell(index).locator(".jp-RenderedMarkdown pre")
    block.get_by_role("button", name="Copy", exact=True).click()
    expect(block.get_by_role("button", name="Copied")).to_be_attached()
    assert page.page.evaluate("navigator.clipboard.readText()") == "course check lab1 | head -3"
    assert block.inner_text().strip() == "course check lab1 | head -3", "the button adds no text"


def test_what_is_shown_belongs_to_the_notebook_in_front(page: LabPage, panel: Locator, server: LabServer) -> None:
    # The first cells speak of `lab.check("step")`, which is no step: they lead to the first one.
    page.select(0)
    expect(panel.get_by_role("heading", name="Design the interface of the module")).to_be_visible()
    own = write_notebook(server.root / "own.ipynb", ["1"])
    page.command("docmanager:open", {"path": own.name, "kernel": {"shouldStart": False}})
    expect(panel.get_by_text("Open a notebook of a lab: its task, check and hints stand here.")).to_be_visible()
    expect(panel.locator(".m208-step")).to_have_count(0)
    own.unlink()
    expect(panel.get_by_role("alert")).to_contain_text("This notebook is not in its directory any more")
    page.page.get_by_role("tab", name=NOTEBOOK).click()
    expect(panel.get_by_role("heading", name="Design the interface of the module")).to_be_visible()


def asked(server: LabServer, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> int:
    request = urllib.request.Request(f"{server.url}/mod208/panel{path}", data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_only_who_may_use_the_server_is_answered(page: LabPage, server: LabServer) -> None:
    token = {"Authorization": f"token {server.token}"}
    cookies = page.page.context.cookies()
    own = {"Cookie": "; ".join(f"{one['name']}={one['value']}" for one in cookies)}
    body = b'{"path": "", "step": "interface"}'
    assert asked(server, "GET", "", {}) == 403
    assert asked(server, "GET", "", token) == 200
    assert asked(server, "POST", "/check", {}, body) == 403
    # A page of somebody else's makes the browser send the cookie, and cannot know the XSRF token.
    assert asked(server, "POST", "/check", own, body) == 403
    assert asked(server, "POST", "/check", token, body) == 409
    assert asked(server, "POST", "/services", token, b'{"name": "oci", "action": "rm"}') == 409
    assert asked(server, "POST", "/services", token, b"[]") == 409
    # One's own page is answered; the same request from a page of another origin is not.
    mine = own | {"X-XSRFToken": next(one["value"] for one in cookies if one["name"] == "_xsrf")}
    assert asked(server, "POST", "/check", mine, body) == 409
    other = {"Origin": "http://example.org"}
    assert asked(server, "POST", "/check", mine | other, body) == 404
    assert asked(server, "GET", "", own | other) == 404
    assert asked(server, "POST", "/remove", token, body) == 404


def test_no_large_request_is_read(server: LabServer) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.putrequest("POST", "/mod208/panel/check")
        connection.putheader("Authorization", f"token {server.token}")
        connection.putheader("Content-Length", str(LARGEST + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413


DEPLOYMENT = "platform/apps/inference/base/deployment.yaml"
LAB2 = "lab2-gitops"


@pytest.fixture(scope="module")
def lab2(page: LabPage, server: LabServer, chromium: Browser) -> Iterator[LabPage]:
    """Lab 2's first notebook, as a learner gets it, in a tab of its own."""
    shutil.copytree(ROOT / "release" / LAB2, server.root / "workspace" / LAB2, dirs_exist_ok=True)
    tab = chromium.new_page(viewport={"width": 1400, "height": 1100})
    yield LabPage(tab, server, f"workspace/{LAB2}/01-repository.ipynb")
    tab.close()


def run(page: LabPage, index: int) -> str:
    """Run one cell and return what it shows."""
    page.select(index)
    page.command("notebook:run-cell")
    page.wait_idle()
    shown = page.cell(index).locator(".jp-OutputArea").first.inner_text()
    assert "Traceback" not in shown, shown
    return shown


def rewrite(page: LabPage, index: int, change: Callable[[str], str]) -> None:
    """Edit a cell as a person at its keyboard would, in one go."""
    source = f"window.jupyterapp.shell.currentWidget.content.widgets[{index}].model.sharedModel"
    page._evaluate(f"{source}.setSource(args[0])", change(str(page._evaluate(f"return {source}.getSource()"))))


def test_a_walk_through_a_page_of_lab_2_with_mistakes(lab2: LabPage, server: LabServer) -> None:
    """A cell before its set-up, two mistakes, an edit from a terminal, a solution, a restart: nothing is lost."""
    work = server.root / "workspace" / LAB2 / "work"
    # The kernel knows the course: the cell of a file runs without the set-up, and what asks for `lab` says what to do.
    assert "written work/platform/apps/inference/base/serviceaccount.yaml" in run(lab2, 10)
    for index in (11, 13, 15):
        run(lab2, index)
    panel = lab2.page.locator("#mod208-panel")
    if not panel.is_visible():
        lab2.command("mod208:panel")
    lab2.select(13)
    expect(panel.locator("[aria-current=step]")).to_be_visible()
    pressed(lab2, panel, "Check", exact=True)
    expect(panel.locator(".m208-verdict .m208-not-yet").first).to_be_visible()
    # Two mistakes in a finished Deployment are two reasons, with hints of their own.
    solved = Lab("lab2", work=work.parent / "sample")
    solved.solve("base")
    wrong = solved.read(DEPLOYMENT).replace("Seconds: 15", "Seconds: 600").replace("memory: 4Gi", "memory: 1Gi")
    rewrite(lab2, 13, lambda text: text.partition("\n")[0] + "\n" + wrong)
    kustomization = solved.read(DEPLOYMENT.replace("deployment", "kustomization"))
    rewrite(lab2, 15, lambda text: text.partition("\n")[0] + "\n" + kustomization)
    for index in (13, 15):
        run(lab2, index)
    pressed(lab2, panel, "Check", exact=True)
    expect(panel.get_by_text("progressDeadlineSeconds is 600, not 15")).to_be_visible()
    expect(panel.get_by_text("the limit of memory is 1Gi, not 4Gi")).to_be_visible()
    pressed(lab2, panel, "Hint 1 of 3: nudge")
    expect(panel.get_by_text("A node has as many GPUs as pods.")).to_be_visible()
    # A terminal changes the file, the cell changes as well: the cell does not overwrite it, and says how to go on.
    (work / DEPLOYMENT).write_text(wrong.replace("600", "15"))
    rewrite(lab2, 13, lambda text: text.replace("600", "60"))
    said = run(lab2, 13)
    assert "was changed outside this cell" in said and "--merge" in said
    assert "Seconds: 15" in (work / DEPLOYMENT).read_text()
    pressed(lab2, panel, "Compare with the solution")
    pressed(lab2, panel, "Yes, show it")
    pressed(lab2, panel, "Write the solution…")
    pressed(lab2, panel, "Yes, write the solution")
    expect(panel.get_by_text("6 of 6 points")).to_be_visible()
    right = (work / DEPLOYMENT).read_text()
    assert right == solved.read(DEPLOYMENT)
    # Restart and run: the pass lasts, for the cells have the solution's text too.
    lab2._evaluate("await window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    lab2.wait_idle()
    for index in (10, 11, 13, 15, 3):
        run(lab2, index)
    assert (work / DEPLOYMENT).read_text() == right
    assert "6 of 6 points" in run(lab2, 16)
    pressed(lab2, panel, "Check", exact=True)
    pressed(lab2, panel, "Next: ")
    expect(lab2.notebook.get_by_role("heading", name="Step overlays")).to_be_in_viewport()
