"""``course evidence``: verify an evidence pack."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from helpers.cli import emit
from helpers.compliance import evidence as room
from helpers.compliance.evidence.controls import DEFAULT


@click.group()
def evidence() -> None:
    """Evidence packs for auditors."""


@evidence.command()
@click.argument("pack", type=click.Path(path_type=Path))
@click.option(
    "--keys", type=click.Path(path_type=Path), required=True, help="Directory of public keys, not the pack's."
)
@click.option("--pin", default="", help="What Keys.pin() said where the keys were written, had another way.")
@click.option("--period", default="", help="What it must be about: 2026-11-01/2026-12-01 is all of November.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(pack: Path, keys: Path, pin: str, period: str, as_json: bool) -> None:
    """Verify a pack offline, with nothing but public keys.

    Exit code 0: valid. 1: invalid, each fault is named. 3: could not tell, so do not rely on it.
    """
    found = room.verify(pack, keys=keys, pin=pin, period=period or None)
    emit(found.to_dict(), as_json, found.text())
    sys.exit(found.exit_code)


@evidence.command()
@click.option("--controls", type=click.Path(path_type=Path), default=DEFAULT, help="By default the course's list.")
@click.option("--title", default="Controls of the platform", show_default=True)
def oscal(controls: Path, title: str) -> None:
    """Print a list of controls as an OSCAL catalog (JSON)."""
    listed = room.load(controls)
    changed = datetime.fromtimestamp(controls.stat().st_mtime, UTC)
    click.echo(json.dumps(room.oscal_catalog(listed, title=title, at=changed), indent=2))
