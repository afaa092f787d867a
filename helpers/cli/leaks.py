"""``course leaks``: search a workspace for leaked secrets."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from helpers.cli import emit
from helpers.compliance import leaks as room
from helpers.core.paths import workspace_dir


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option(
    "--ignore", multiple=True, metavar="PATTERN", help="Paths below the directory to leave out; may be repeated."
)
@click.option("--history/--no-history", default=True, show_default=True, help="Look at all commits too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def leaks(path: Path | None, ignore: tuple[str, ...], history: bool, as_json: bool) -> None:
    """Search a directory (default: your workspace) for secrets, also in outputs, state, plans and Git history.

    Exit code 0: nothing found. 1: found. 3: something could not be read, so nobody can tell.
    """
    report = room.scan(path if path is not None else workspace_dir(), ignore=ignore, history=history)
    emit(report.to_dict(), as_json, report.text())
    sys.exit(report.exit_code)
