"""``course contract``: what is handed over to PROJ-304 and MOD-209, and whether it keeps the published contract."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from helpers.cli import emit
from helpers.compliance import contracts as room
from helpers.core.paths import ROOT


@click.group()
def contract() -> None:
    """What you hand over to PROJ-304 and MOD-209. (What this course itself owes is in: course map.)"""


@contract.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--contract", "name", default="proj-304", show_default=True, help="proj-304 or mod-209.")
@click.option("--keys", type=click.Path(path_type=Path), help="Directory of public keys, had another way.")
@click.option("--repository", type=click.Path(path_type=Path), help="Your own clone of the GitOps repository.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def validate(directory: Path, name: str, keys: Path | None, repository: Path | None, as_json: bool) -> None:
    """Judge deliverables by a contract: form, signatures, digests, approvals, rollback, mapping.

    Exit code 0: valid. 1: not valid, each fault is named. 3: could not tell, so do not rely on it.
    """
    found = room.validate(directory, keys=keys, contract=name, repository=repository)
    emit(found.to_dict(), as_json, found.text())
    sys.exit(found.exit_code)


@contract.command()
@click.argument("name", default="proj-304")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Show a contract: its deliverables, their schemas, and what makes each."""
    found = room.contract(name)
    rows = [one.__dict__ for one in found.deliverables]
    data = {"contract": found.name, "version": found.version, "title": found.title, "deliverables": rows}
    lines = [f"{found}: {found.title}  ({found.directory.relative_to(ROOT)})"]
    for one in found.deliverables:
        lines += [f"  {one.path}{'  (signed)' if one.signed else ''}", f"      {one.made_by}"]
    emit(data, as_json, "\n".join(lines))
