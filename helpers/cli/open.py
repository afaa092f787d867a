"""``course open``: JupyterLab on the course, with the learner's own copies of its notebooks."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from helpers.cli import emit
from helpers.core import process
from helpers.core.errors import BadInput
from helpers.core.paths import ROOT, cache_dir, nbgrader_settings, workspace_dir
from helpers.course.copies import copying
from helpers.runtime.tools import behind

#: JupyterLab's defaults for the course: widgets are kept when a notebook is saved.
SETTINGS = Path(__file__).parent / "lab_settings"


def root_and_page() -> tuple[Path, str]:
    """Return the directory JupyterLab shows and the page it opens: the learner's copy of the first notebook."""
    workspace = workspace_dir()
    # A workspace elsewhere is all that is shown; inside the course the texts that lectures link to are there as well.
    root = ROOT if workspace.is_relative_to(ROOT) else workspace
    return root, (workspace / copying.HOME).relative_to(root).as_posix()


def begin_tools() -> int | None:
    """Begin to get the missing tools beside JupyterLab; return the process, or nothing when all are here.

    It writes into this terminal and ends with JupyterLab, which takes the place of this process.
    """
    if not (wanted := behind.missing()):
        return None
    click.echo(f"{len(wanted)} tools are built while you read, those of the first lecture first.")
    argv = [sys.executable, "-m", "helpers.runtime.tools.behind", str(os.getpid())]
    env = process.environment(allow=("GO*", "PIP_*", "REQUESTS_CA_BUNDLE"))
    try:
        return process.spawn(argv, log_path=Path("/dev/stderr"), cwd=ROOT, env=env)
    except OSError:  # where the standard error cannot be opened again, for example a socket
        return process.spawn(argv, log_path=cache_dir() / "install.log", cwd=ROOT, env=env)


def jupyter_argv(port: int, browser: bool) -> list[str]:
    """Return the command that starts JupyterLab on loopback at the first notebook."""
    argv = [str(Path(sys.executable).with_name("jupyter")), "lab", "--ServerApp.ip=127.0.0.1"]
    root, first = root_and_page()
    argv += [f"--ServerApp.port={port}", f"--ServerApp.root_dir={root}", f"--LabApp.default_url=/lab/tree/{first}"]
    argv.append(f"--LabApp.app_settings_dir={SETTINGS}")
    # Its terminals are login shells, which set PATH anew: the course would not be found there.
    terminals = {"shell_command": [str(Path(sys.executable).with_name("course")), "shell"]}
    argv.append(f"--ServerApp.terminado_settings={terminals!r}")
    if not browser:
        argv.append("--no-browser")
    if os.geteuid() == 0:
        argv.append("--allow-root")
    return argv


@click.command("open")
@click.option("--port", default=8888, show_default=True, help="Port on 127.0.0.1; the next free one is taken if busy.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--prepare", is_flag=True, help="Copy the notebooks and stop there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (with --prepare).")
def open(port: int, no_browser: bool, prepare: bool, as_json: bool) -> None:
    """Open the course in JupyterLab, with your own copies of its notebooks."""
    made = copying.refresh()
    if prepare:
        emit({"workspace": str(workspace_dir()), **made.to_dict()}, as_json, str(made))
        return
    if as_json:
        raise BadInput("JupyterLab has no JSON output", next="course open --prepare --json")
    click.echo(str(made))
    begin_tools()
    # nbgrader's assignment list looks for its settings in the workspace.
    os.environ.update(nbgrader_settings())
    process.become(jupyter_argv(port, not no_browser), cwd=ROOT)
