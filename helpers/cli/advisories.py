"""``course advisories``: which known vulnerabilities the parts of an artifact have, and what was answered."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from helpers.cli import emit
from helpers.compliance import advisories as room
from helpers.core.errors import BadInput
from helpers.wrappers import sbom


@click.command()
@click.argument("bill", type=click.Path(path_type=Path))
@click.option(
    "--database", type=click.Path(path_type=Path), help="Directory of advisories in OSV form (default: the course's)."
)
@click.option(
    "--vex", "answers", type=click.Path(path_type=Path), multiple=True, help="Signed OpenVEX; may be repeated."
)
@click.option("--artifact", type=click.Path(path_type=Path), help="The file that the SBOM and the answers are about.")
@click.option("--key", type=click.Path(path_type=Path), help="Public key of who may answer.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def advisories(
    bill: Path, database: Path | None, answers: tuple[Path, ...], artifact: Path | None, key: Path | None, as_json: bool
) -> None:
    """Look the components of an SBOM up in a local database of advisories.

    Exit code 0: nothing is open. 1: something is. 3: could not tell.
    """
    known = room.load(database) if database else room.load()
    report = room.match(sbom.read(bill), known)
    if answers:
        if artifact is None or key is None:
            raise BadInput(
                "An answer is verified", why="That takes the artifact and a key.", next="--artifact FILE --key FILE.pub"
            )
        report = report.answered(room.read_vex(artifact, one, key=key) for one in answers)
    emit(report.to_dict(), as_json, report.text())
    sys.exit(report.exit_code)
