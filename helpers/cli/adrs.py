"""``course adrs``: check decision records."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from helpers.cli import emit
from helpers.compliance import decisions


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), default=Path("docs/adr"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def adrs(directory: Path, as_json: bool) -> None:
    """List the decision records of a directory and check numbers, status and links.

    Exit code 0: all in order. 1: each fault is named.
    """
    found = decisions.read(directory)
    data = {"records": [asdict(one) for one in found.records], "problems": [asdict(one) for one in found.problems]}
    emit(data, as_json, found.text())
    sys.exit(1 if found.problems else 0)
