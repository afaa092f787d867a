"""``course gates``: ask the gates of a GitOps repository about a change."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from helpers.cli import emit
from helpers.compliance import gates as room


@click.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
@click.option("--base", help="Commit the change builds on. Default: where the branch left origin/main or main.")
@click.option("--head", default="HEAD", show_default=True, help="Last commit of the change.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def gates(path: Path, base: str | None, head: str, as_json: bool) -> None:
    """Ask the gates in gates.yaml about a change: signatures, manifests, policy, images, secrets.

    Exit code 0: passed. 1: failed. 3: a gate could not tell, which stops the change as well.
    """
    report = room.run(path, base=base if base is not None else room.fork_point(path, head), head=head)
    emit(report.to_dict(), as_json, report.text())
    sys.exit(report.exit_code)
