"""``course deck``: slides from a notebook, with figures of a verified evidence pack."""

from __future__ import annotations

from pathlib import Path

import click

from helpers.cli import emit
from helpers.course.assessment import deck as room

FILE = click.Path(path_type=Path)
PACK = click.option("--pack", type=FILE, required=True, help="The evidence pack.")
KEYS = click.option("--keys", type=FILE, required=True, help="Directory of public keys, not the pack's.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def deck() -> None:
    """Slides for the steering committee."""


@deck.command()
@click.argument("notebook", type=FILE)
@click.argument("target", type=FILE)
@PACK
@KEYS
@click.option("--pdf", type=FILE, help="Print it to this file too, by Chromium.")
@JSON
def build(notebook: Path, target: Path, pack: Path, keys: Path, pdf: Path | None, as_json: bool) -> None:
    """Make the slides TARGET of NOTEBOOK; evidence that is stale or does not verify is refused."""
    figures = room.Figures.read(pack, keys=keys)
    made = room.build(notebook, target, figures)
    printed = room.pdf(made, pdf) if pdf else None
    said = {"deck": str(made), "pdf": printed and str(printed), "evidence": figures.digest, "at": figures.at}
    emit(said, as_json, f"{made}: evidence {figures.digest[:12]}, newest event {figures.at}")


@deck.command()
@click.argument("file", type=FILE, metavar="DECK")
@click.argument("notebook", type=FILE)
@PACK
@KEYS
@JSON
def check(file: Path, notebook: Path, pack: Path, keys: Path, as_json: bool) -> None:
    """Say whether DECK is what NOTEBOOK and the evidence give now (exit code 1: it is not)."""
    figures = room.Figures.read(pack, keys=keys)
    room.require_current(file, notebook, figures)
    emit({"current": True, "evidence": figures.digest}, as_json, f"{file} states the evidence of {figures.at}.")
