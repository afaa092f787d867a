"""``course controls``: execute the controls on the running platform."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from helpers.cli import emit
from helpers.compliance import running
from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.wrappers.inspec import PLATFORM, Inspec

_ACCOUNT = click.option(
    "--account", "accounts", multiple=True, default=("platform",), help="Account whose buckets are asked about."
)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def controls() -> None:
    """Controls on what runs, by InSpec where it is on PATH, else by pytest-testinfra."""


@controls.command()
@click.option("--profile", type=click.Path(exists=True, file_okay=False, path_type=Path), default=PLATFORM)
@click.option(
    "--input-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML; by default what runs here.",
)
@click.option("--waiver-file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--engine", type=click.Choice(["auto", "inspec", "cinc-auditor", "testinfra"]), default="auto")
@_ACCOUNT
@click.option("--json", "as_json", is_flag=True, help="Print the JSON of InSpec's reporter.")
def run(
    profile: Path,
    input_file: Path | None,
    waiver_file: Path | None,
    engine: str,
    accounts: tuple[str, ...],
    as_json: bool,
) -> None:
    """Execute a profile's controls and say what each found.

    Exit code 0: passed, or waived with a reason and an end. 1: one failed. 3: could not tell: one was skipped, has no
    result, or could not look.
    """
    asked = _read(input_file) if input_file else running.inputs(accounts)
    report = Inspec(profile, engine=engine).exec(asked, waivers=waiver_file)  # type: ignore[arg-type]
    emit(report.to_dict(), as_json, report.text())
    sys.exit(report.status)


@controls.command()
@_ACCOUNT
def buckets(accounts: tuple[str, ...]) -> None:
    """Print, as JSON, what the cloud's API says of each bucket: the command that the profile's controls ask."""
    emit(running.bucket_report(accounts), True, "")


def _read(file: Path) -> dict[str, object]:
    try:
        found = yaml_reader.load(file.read_text(encoding="utf-8"))
    except yaml_reader.InvalidYaml as error:
        raise BadInput(f"{file.name} is not valid YAML", why=str(error), next="Correct it.") from None
    if not isinstance(found, dict):
        raise BadInput(f"{file.name} does not hold inputs", why="A file of inputs is a mapping.", next="Correct it.")
    return found
