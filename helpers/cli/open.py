"""``course open``: JupyterLab on the course, with the learner's own copy of each lab."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from helpers import _process
from helpers._paths import ROOT, workspace_dir
from helpers.cli import emit
from helpers.errors import BadInput

FIRST = "notebooks/00-welcome.ipynb"
#: JupyterLab's defaults for the course: widgets are kept when a notebook is saved.
SETTINGS = Path(__file__).parent / "lab_settings"


def copy_labs() -> list[Path]:
    """Give the learner a copy of every released notebook; what is there already is never touched."""
    made: list[Path] = []
    for released in sorted((ROOT / "release").glob("*/*.ipynb")):
        own = workspace_dir() / released.parent.name / released.name
        if not own.exists():
            own.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(released, own)
            made.append(own)
    return made


def trust_lectures() -> None:
    """Sign the lectures as ours: JupyterLab draws no figures of a notebook it does not trust."""
    lectures = sorted((ROOT / "notebooks").rglob("*.ipynb"))
    jupyter = Path(sys.executable).with_name("jupyter")
    if lectures:
        _process.run([jupyter, "trust", *lectures], env=_process.environment(allow=("JUPYTER_*",)), timeout=120)


def jupyter_argv(port: int, browser: bool) -> list[str]:
    """Return the command that starts JupyterLab on loopback at the first notebook."""
    argv = [str(Path(sys.executable).with_name("jupyter")), "lab", "--ServerApp.ip=127.0.0.1"]
    argv += [f"--ServerApp.port={port}", f"--ServerApp.root_dir={ROOT}", f"--LabApp.default_url=/lab/tree/{FIRST}"]
    argv.append(f"--LabApp.app_settings_dir={SETTINGS}")
    if not browser:
        argv.append("--no-browser")
    if os.geteuid() == 0:
        argv.append("--allow-root")
    return argv


@click.command("open")
@click.option("--port", default=8888, show_default=True, help="Port on 127.0.0.1; the next free one is taken if busy.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--prepare", is_flag=True, help="Copy the labs and stop there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (with --prepare).")
def open(port: int, no_browser: bool, prepare: bool, as_json: bool) -> None:
    """Open the course in JupyterLab."""
    made = copy_labs()
    text = f"{len(made)} new lab notebook(s) in {workspace_dir()}; what you had is as you left it."
    if prepare:
        emit({"workspace": str(workspace_dir()), "new": [str(p) for p in made]}, as_json, text)
        return
    if as_json:
        raise BadInput("JupyterLab has no JSON output", next="course open --prepare --json")
    click.echo(text)
    trust_lectures()
    _process.become(jupyter_argv(port, not no_browser), cwd=ROOT)
