"""``course committee``: the steering committee's form, its decision, and the verification of its record."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from helpers.cli import emit
from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.course.assessment import committee as room

FILE = click.Path(path_type=Path)
DECK = click.option("--deck", type=FILE, required=True, help="The file that is presented.")
CHANGE = click.option("--change", required=True, help="SHA-256 of the artifact that is to be promoted.")
BY = click.option("--presenter", required=True, help="Account of who presents it.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def committee() -> None:
    """The platform's steering committee."""


@committee.command()
@JSON
def form(as_json: bool) -> None:
    """Print an empty form for one reviewer, with the levels of the rubric."""
    rubric = room.Charter.load().rubric
    levels = {one.id: [level.points for level in one.levels] for one in rubric.criteria}
    lines = ["reviewer: ''", "conflict: ''   # why you do not score; then remove the scores", "scores:"]
    lines += [f"  {name}: {points[-1]}   # {', '.join(map(str, points))}" for name, points in levels.items()]
    emit({"levels": levels}, as_json, "\n".join([*lines, "comment: ''"]))


@committee.command()
@click.argument("file", type=FILE, metavar="FORM")
@DECK
@BY
@CHANGE
@JSON
def review(file: Path, deck: Path, presenter: str, change: str, as_json: bool) -> None:
    """Record the review in FORM, signed by its reviewer's key."""
    if not file.is_file():
        raise BadInput(f"There is no form {file.name}", next="course committee form > review.yaml")
    try:
        form = yaml_reader.load(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, yaml_reader.InvalidYaml) as error:
        raise BadInput(
            f"{file.name} is not a form", why=str(error), next="course committee form > review.yaml"
        ) from None
    said = room.Review.of(form)
    charter = room.Charter.load()
    room.seat(charter)
    entry = room.Sitting(deck, presenter=presenter, change=change, charter=charter).review(said)
    emit({"index": entry.index, "decision": str(entry.event.decision)}, as_json, f"Recorded: {entry!r}")


@committee.command()
@DECK
@BY
@CHANGE
@JSON
def decide(deck: Path, presenter: str, change: str, as_json: bool) -> None:
    """Record the decision that follows from the reviews of a deck."""
    entry = room.Sitting(deck, presenter=presenter, change=change).decide()
    said = {"index": entry.index, "decision": str(entry.event.decision), "reason": entry.event.reason}
    emit(said, as_json, f"{entry.event.decision}: {entry.event.reason} (event {entry.index})")


@committee.command()
@click.argument("export", type=FILE)
@DECK
@CHANGE
@click.option("--presenter", default="", help="Account of who presents it, if you know it.")
@click.option("--key", type=FILE, required=True, help="Public key of the log, had from elsewhere than the export.")
@click.option("--root", type=FILE, required=True, help="Public key of who says who may state what.")
@JSON
def verify(export: Path, deck: Path, change: str, presenter: str, key: Path, root: Path, as_json: bool) -> None:
    """Verify the committee's record in an exported trail, offline.

    Exit code 0: valid, and accepted. 1: invalid, or refused; each fault is named. 3: could not tell.
    """
    found = room.verify(export, deck=deck, change=change, key=key, root=root, presenter=presenter)
    emit(found.to_dict(), as_json, str(found))
    sys.exit(found.exit_code)
