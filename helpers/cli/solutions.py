"""``course solutions``: the solutions as a repository of their own, for an instructor."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from helpers.cli import emit
from helpers.course import solutions as room

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def solutions() -> None:
    """The solutions: exported to a repository of their own, known here by digest only."""


@solutions.command()
@click.argument("directory", type=click.Path(path_type=Path))
@_json
def export(directory: Path, as_json: bool) -> None:
    """Write the solutions repository into the new DIRECTORY: notebooks, modules, tests, pipelines, policies."""
    found = room.export(directory)
    text = f"{len(found)} solutions in {directory}\nNext: course solutions check {directory}"
    emit({"solutions": [asdict(one) for one in found]}, as_json, text)


@solutions.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_json
def check(directory: Path, as_json: bool) -> None:
    """Run the own CI of the solutions repository in DIRECTORY with the course's tools."""
    said = room.run_ci(directory)
    failed = [one for one in said if one["status"] != "passed"]
    lines = [f"failed  {one['check']:10} {one['path']}\n  {one['why']}" for one in failed]
    emit({"checks": said}, as_json, "\n".join([*lines, f"{len(said) - len(failed)} of {len(said)} checks passed"]))
    if failed or not said:
        raise click.exceptions.Exit(1)


@solutions.command()
@_json
def record(as_json: bool) -> None:
    """Export, run the CI, and write id, path, digest, status and date of each solution into solutions.yaml."""
    records = room.record()
    failed = [one.path for one in records if one.status != "passed"]
    data = [{**asdict(one), "date": one.date.isoformat()} for one in records]
    lines = [f"failed: {path}" for path in failed]
    emit({"solutions": data}, as_json, "\n".join([*lines, f"{len(records)} solutions recorded in solutions.yaml"]))
    if failed:
        raise click.exceptions.Exit(1)
