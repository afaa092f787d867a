"""``course controls``: execute the controls on the running platform."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from helpers.cli import emit
from helpers.compliance import running
from helpers.compliance.audit import AuditError, Trail
from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.wrappers.inspec import PLATFORM, Inspec, load, write_ruby

DEFAULT = ("platform",)
#: What the course's own profile looks at, as the auditor's list of controls (running-controls.yaml) names it.
SUBJECT = "platform"
_ACCOUNT = click.option(
    "--account", "accounts", multiple=True, default=DEFAULT, help="Account whose buckets are asked about."
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
@click.option("--subject", default="", help="What the controls look at; for the course's profile here: platform.")
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report here and record it in the audit trail, as the collector controls.",
)
@_ACCOUNT
@click.option("--json", "as_json", is_flag=True, help="Print the JSON of InSpec's reporter.")
def run(
    profile: Path,
    input_file: Path | None,
    waiver_file: Path | None,
    engine: str,
    subject: str,
    record: Path | None,
    accounts: tuple[str, ...],
    as_json: bool,
) -> None:
    """Execute a profile's controls and say what each found.

    With --record the report may go into an evidence pack. The last run that was recorded decides there: one that failed
    cannot be taken back.

    Exit code 0: passed, or waived with a reason and an end. 1: one failed. 3: could not tell: one was skipped, has no
    result, or could not look.
    """
    inspec = Inspec(profile, engine=engine)  # type: ignore[arg-type]
    here = profile.resolve() == PLATFORM.resolve() and input_file is None and accounts == DEFAULT
    subject = subject or (SUBJECT if here else "")
    trail = _trail(subject) if record else None
    asked = _read(input_file) if input_file else _inputs(inspec, accounts)
    report = inspec.exec(asked, waivers=waiver_file, subject=subject)
    emit(report.to_dict(), as_json, report.text())
    if trail is not None:
        entry = running.record(report, trail, file=record)
        click.echo(f"recorded as entry {entry.index}, about {subject}: {record}", err=True)
    sys.exit(report.status)


def _inputs(inspec: Inspec, accounts: tuple[str, ...]) -> dict[str, object]:
    """Return what runs here, as far as a profile asks for it: one of somebody's own may know none of it."""
    known = set(inspec.profile.inputs) & set(running.INPUTS)
    found = running.inputs(accounts) if known else {}
    return {name: value for name, value in found.items() if name in known}


def _trail(subject: str) -> Trail:
    """Return the trail of who records runs of controls, before anything runs that could not be recorded."""
    if not subject:
        raise BadInput(
            "A report about nothing in particular cannot be evidence",
            why="Only the course's own profile, asked about what runs here, has a subject by itself.",
            next="course controls run --subject NAME --record FILE   # the name in the auditor's list of controls",
        )
    trail = Trail(running.ACTOR)
    try:
        trail.checkpoint()
    except AuditError as error:
        raise running.CannotRecord(error.what, why=error.why, next=error.next) from None
    return trail


@controls.command()
@click.option("--profile", type=click.Path(exists=True, file_okay=False, path_type=Path), default=PLATFORM)
def write(profile: Path) -> None:
    """Write controls/*.rb, which InSpec executes, from the profile's controls.yaml; other files there are removed."""
    found = load(profile)
    if found.ruby_only:
        raise BadInput(
            f"The profile {found.name} has no controls.yaml",
            why="There is nothing to write its Ruby from.",
            next="course new profile NAME   # begins with one",
        )
    for path in write_ruby(found):
        click.echo(path)


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
