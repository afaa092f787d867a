"""``course new``: a module, policy, pipeline, record or profile that passes the gates the moment it is made."""

from __future__ import annotations

from pathlib import Path

import click

from helpers.cli import emit
from helpers.course import starters


@click.command()
@click.argument("kind", type=click.Choice(list(starters.KINDS)))
@click.argument("name")
@click.option("--dir", "directory", type=click.Path(path_type=Path), help="Where. Default: NAME; for adr docs/adr.")
@click.option("--team", default="platform", show_default=True, help="Who owns it; the namespace of a module.")
@click.option("--supersedes", type=int, metavar="NUMBER", help="adr: the record that it takes the place of.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def new(kind: str, name: str, directory: Path | None, team: str, supersedes: int | None, as_json: bool) -> None:
    """Make a new module, policy, pipeline, adr or profile from the course's template.

    Nothing is written over. What is made passes the gates at once; change it from there.
    """
    made = starters.make(kind, name, directory, team=team, supersedes=supersedes)
    data = {"kind": made.kind, "path": str(made.path), "files": list(made.files), "next": list(made.next)}
    emit(data, as_json, "\n".join([f"Made {made.path}:", *(f"  {file}" for file in made.files), "Next:", *made.next]))
