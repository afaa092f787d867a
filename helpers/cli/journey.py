"""``course progress`` and ``course next``: how far one has come, and where to go on."""

from __future__ import annotations

from dataclasses import asdict

import click

from helpers.cli import emit
from helpers.course.journey import following_line, journey

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@_json
def progress(as_json: bool) -> None:
    """Show how far you have come: questions answered, steps that pass, points."""
    found = journey()
    emit(found.to_dict(), as_json, repr(found))


@click.command("next")
@_json
def following(as_json: bool) -> None:
    """Say where to go on: the first notebook that is not finished."""
    part = journey().next
    emit(part and asdict(part), as_json, following_line(part))
