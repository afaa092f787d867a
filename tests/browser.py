"""A real JupyterLab in a real headless Chromium, for tests that act as a person does.

Import the fixtures into a conftest: ``from tests.browser import chromium, lab_server``.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
#: Milliseconds; generous, for every wait ends as soon as its condition holds.
WAIT = 120_000
# A busy machine takes longer than Playwright's 5 s to draw what a kernel answered.
expect.set_options(timeout=WAIT)

#: Settings of JupyterLab that keep a test from meeting a pop-up or a cell that is not in the page.
SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
}


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LabServer:
    """A JupyterLab server of its own: folder, settings and runtime files in *home*, nothing of the user's.

    Args:
        home: a temporary folder.
        root: folder that holds the notebooks.
        env: more environment variables for the server and its kernels.
    """

    def __init__(self, home: Path, root: Path, env: Mapping[str, str] | None = None) -> None:
        self.home, self.root = home, root
        self.port, self.token = free_port(), secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = home / "settings"
        for name, values in SETTINGS.items():
            self._write_setting(name, values)
        own = {
            name: str(home / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
        }
        own |= {"IPYTHONDIR": str(home / "ipython"), "JUPYTERLAB_SETTINGS_DIR": str(self._settings)}
        own |= {"JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces")}
        self._log = (home / "server.log").open("w")
        self._process = subprocess.Popen(
            self._argv(),
            cwd=root,
            env={**os.environ, **own, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        try:
            self._wait_ready()
        except BaseException:
            self.stop()
            raise

    def _argv(self) -> list[str]:
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self.root,
            "IdentityProvider.token": self.token,
            "LabApp.expose_app_in_browser": True,
            "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        }
        return [
            sys.executable,
            "-m",
            "jupyterlab",
            "--no-browser",
            "--allow-root",
            *(f"--{name}={value}" for name, value in options.items()),
        ]

    def _wait_ready(self) -> None:
        waiter = threading.Event()
        for _ in range(WAIT // 200):
            if self._process.poll() is not None:
                break
            try:
                self.api("GET", "/api/status")
            except (urllib.error.URLError, ConnectionError):
                waiter.wait(0.2)
            else:
                return
        raise RuntimeError(f"JupyterLab did not start:\n{(self.home / 'server.log').read_text()[-3000:]}")

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call the server's REST API and return its JSON."""
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=180) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def _write_setting(self, name: str, values: dict[str, Any]) -> None:
        path = self._settings / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))

    def theme(self, dark: bool) -> None:
        """Choose the theme for the pages opened after this."""
        name = "JupyterLab Dark" if dark else "JupyterLab Light"
        self._write_setting("@jupyterlab/apputils-extension/themes", {"theme": name})

    def stop(self) -> None:
        """End the server and its kernels."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._log.close()


class LabPage:
    """A notebook open in JupyterLab.

    Args:
        page: a page of the browser.
        server: where it is served.
        path: the notebook, relative to the server's root.
    """

    def __init__(self, page: Page, server: LabServer, path: str) -> None:
        self.page = page
        page.set_default_timeout(WAIT)
        page.goto(f"{server.url}/lab/tree/{path}?token={server.token}&reset")
        self.notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook")
        self.notebook.wait_for()
        self.wait_idle()

    def _evaluate(self, body: str, *arguments: Any) -> Any:
        """Run an async function's body in the page; ours is the time limit, an evaluation has none."""
        late = "new Promise((_, no) => setTimeout(() => no(new Error('JupyterLab did not answer in time')), limit))"
        script = f"([limit, args]) => Promise.race([(async () => {{ {body} }})(), {late}])"
        return self.page.evaluate(script, [WAIT, list(arguments)])

    def wait_idle(self) -> None:
        """Wait until the kernel is there and does nothing."""
        # The indicator says idle before there is a kernel, too; a command sent then would never end.
        self._evaluate(
            "const panel = window.jupyterapp.shell.currentWidget; await panel.context.ready; await panel.revealed;"
            "await panel.sessionContext.ready; await panel.sessionContext.session.kernel.info;"
        )
        expect(self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first).to_be_attached(
            timeout=WAIT
        )

    def command(self, name: str, arguments: Mapping[str, Any] | None = None) -> None:
        """Run a command of JupyterLab, such as ``notebook:run-all-cells``, to its end."""
        self._evaluate("await window.jupyterapp.commands.execute(args[0], args[1])", name, dict(arguments or {}))

    def start(self, name: str) -> None:
        """Start a command and do not wait for its end."""
        self.page.evaluate("n => { window.jupyterapp.commands.execute(n) }", name)

    def select(self, index: int) -> None:
        """Make a cell the active one."""
        self._evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = args[0]", index)

    def active_cell(self) -> int:
        """Return the place of the active cell."""
        return int(self._evaluate("return window.jupyterapp.shell.currentWidget.content.activeCellIndex"))

    def close(self) -> None:
        """Close the page and end its kernel, so that the next test finds a fresh one."""
        self._evaluate("await window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.close()

    def run_all(self) -> None:
        """Run every cell and wait for the last one."""
        self.command("notebook:run-all-cells")
        expect(self.notebook.locator(".jp-InputPrompt", has_text="[*]")).to_have_count(0, timeout=WAIT)
        self.wait_idle()

    def cell(self, index: int) -> Locator:
        """Return a cell by its place, from 0."""
        return self.notebook.locator(".jp-Cell").nth(index)

    def output(self, index: int) -> Locator:
        """Return what a cell shows, without Jupyter's own prompts."""
        return self.cell(index).locator(".jp-OutputArea-output").first

    def save(self) -> None:
        """Save the notebook."""
        self.command("docmanager:save")

    def screenshot(self, path: Path, of: Locator | None = None) -> Path:
        """Take a picture of the page, or of one part of it."""
        (of or self.page).screenshot(path=str(path))
        return path


def write_notebook(path: Path, cells: Sequence[str]) -> Path:
    """Write a notebook of code cells."""
    import nbformat.v4 as v4
    from nbformat import write

    path.parent.mkdir(parents=True, exist_ok=True)
    book = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    write(book, path)
    return path


_CONTRAST = (Path(__file__).with_name("contrast.js")).read_text().partition("\n")[2]


def low_contrast(part: Locator, least: float = 4.5) -> list[dict[str, Any]]:
    """Return the pieces of text in *part* whose computed contrast is below *least* (WCAG 2.2, 1.4.3).

    Fails when there is no text at all: then nothing was measured.
    """
    found: list[dict[str, Any]] = part.evaluate(_CONTRAST)
    assert found, "no text was found to measure"
    return [piece for piece in found if piece["ratio"] < least]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One headless Chromium for a test module: while it lives, its event loop is the thread's."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """One JupyterLab server for a test module; put notebooks into its ``root``."""
    home = tmp_path_factory.mktemp("jupyterlab")
    root = home / "root"
    root.mkdir()
    server = LabServer(home, root)
    yield server
    server.stop()
