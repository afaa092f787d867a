"""``course drift``: look for drift over many stacks, heal it or adopt it."""

from __future__ import annotations

import json
import secrets
import sys
import time
from pathlib import Path

import click

from helpers.cli import emit
from helpers.compliance import drift as room
from helpers.compliance.audit import Trail
from helpers.core.errors import BadInput
from helpers.core.files import write_atomic

_STACKS = click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default="drift.yaml")
_ACTOR = click.option("--actor", default="", metavar="ACCOUNT", help="Who does it, as the audit trail names them.")
_UNRECORDED = click.option("--unrecorded", is_flag=True, help="Leave it out of the audit trail.")


@click.group()
def drift() -> None:
    """Drift over the stacks that drift.yaml lists."""


@drift.command()
@_STACKS
@click.option("--history", type=click.Path(dir_okay=False, path_type=Path), help="File that keeps ages between runs.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the report here as JSON.")
@click.option("--spread", type=click.IntRange(0), default=0, help="Wait up to so many seconds first, at random.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def run(file: Path, history: Path | None, report: Path | None, spread: int, as_json: bool) -> None:
    """Look at every stack. Nothing is changed.

    Exit code 0: in sync. 1: drifted. 3: could not tell. 4: no drift, but code that nobody applied.
    """
    settings = room.load(file)
    if spread:
        time.sleep(secrets.randbelow(spread + 1))
    found = room.look(settings, history=history)
    if report is not None:
        report.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(report, json.dumps(room.report_document(found), indent=2, sort_keys=True) + "\n")
    emit(room.report_document(found), as_json, room.report_text(found))
    sys.exit(found.exit_code)


@drift.command()
@click.argument("stack")
@_STACKS
@click.option("--destroy", is_flag=True, help="Allow that an object is destroyed or replaced.")
@_ACTOR
@_UNRECORDED
def heal(stack: str, file: Path, destroy: bool, actor: str, unrecorded: bool) -> None:
    """Change the real objects of one stack back to what the code says.

    The audit trail has it before it begins and after it ended; without the trail nothing is done.
    """
    record, settings = _record(actor, unrecorded), room.load(file)
    click.echo(repr(room.heal(settings.stack(stack), settings, destroy=destroy, record=record)))


@drift.command()
@click.argument("stack")
@_STACKS
@_ACTOR
@_UNRECORDED
def adopt(stack: str, file: Path, actor: str, unrecorded: bool) -> None:
    """Take the real values of one stack into its state, once the code says the same.

    The audit trail has it before it begins and after it ended; without the trail nothing is done.
    """
    record, settings = _record(actor, unrecorded), room.load(file)
    click.echo(repr(room.adopt(settings.stack(stack), settings, record=record)))


def _record(actor: str, unrecorded: bool) -> room.Record | None:
    if bool(actor) == unrecorded:
        raise BadInput(
            "It is not clear whether to put this on record",
            why="The audit trail names who acts on drift, unless it is left out on purpose.",
            next="Name who does it, --actor ada, or say --unrecorded.",
        )
    return None if unrecorded else room.Record(Trail("pipeline"), actor)
