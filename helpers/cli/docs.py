"""``course docs``: is a module's README true, and its generated part written anew."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from helpers.cli import emit
from helpers.compliance import module_docs

_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def docs() -> None:
    """Check that a module's README is true, or write its generated part."""


@docs.command()
@click.argument("directories", type=_DIRECTORY, nargs=-1, required=True)
@click.option("--version", default="", help="Version the README describes. Default: module.yaml, else CHANGELOG.md.")
@click.option("--execute/--read-only", default=True, help="Execute the examples, or only read and compare.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(directories: tuple[Path, ...], version: str, execute: bool, as_json: bool) -> None:
    """Execute every example of a README, and compare its reference, links and versions with the module.

    Exit code 0: all is true. 1: something is not, with its line.
    """
    reports = [module_docs.check(folder, version=version, execute=execute) for folder in directories]
    emit([report.to_dict() for report in reports], as_json, "\n".join(report.text() for report in reports))
    sys.exit(0 if all(reports) else 1)


@docs.command()
@click.argument("directory", type=_DIRECTORY)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def write(directory: Path, as_json: bool) -> None:
    """Write the reference of inputs and outputs between the markers of README.md."""
    changed = module_docs.write(directory)
    emit({"file": changed.file, "diff": changed.diff}, as_json, changed.diff or f"{changed.file} is up to date.")
