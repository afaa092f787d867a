"""``course evidence``: verify an evidence pack."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from helpers.cli import emit


@click.group()
def evidence() -> None:
    """Evidence packs for auditors."""


@evidence.command()
@click.argument("pack", type=click.Path(path_type=Path))
@click.option("--keys", type=click.Path(path_type=Path), required=True, help="Folder of public keys, not the pack's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(pack: Path, keys: Path, as_json: bool) -> None:
    """Verify a pack offline, with nothing but public keys.

    Exit code 0: valid. 1: invalid, each fault is named. 3: could not tell, which is no reason to rely on it.
    """
    from helpers import evidence as room

    found = room.verify(pack, keys=keys)
    emit(found.to_dict(), as_json, found.text())
    sys.exit(found.exit_code)
