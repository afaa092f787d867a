"""``course submit LAB``: look at what would be handed in, ask, hand in, and keep the receipt."""

from __future__ import annotations

import click

from helpers.cli import emit
from helpers.core.errors import BadInput
from helpers.course.handing import Plan, Scored, plan, send

_SIGN = {True: "pass   ", False: "not yet", None: "not judged"}


@click.command()
@click.argument("lab")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and stop there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (with --yes or --dry-run).")
def submit(lab: str, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Hand in a lab, or the assessment: check it, show what is sent and what it would earn, ask, send.

    What arrived is compared with what was sent; the receipt has the digest, the time and the files. You may hand in
    again; the last one counts.
    """
    if as_json and not (yes or dry_run):
        raise BadInput("--json cannot ask", why="Nobody is there to answer.", next="Add --yes, or --dry-run.")
    quiet = as_json
    if not quiet:
        click.echo(f"Checking {lab} as it is in your files. Nothing is sent yet.")
    found = plan(lab, told=None if quiet else _told)
    if not quiet:
        click.echo(shown(found))
    if dry_run:
        emit(to_dict(found), as_json, "Nothing was sent.")
        return
    if not yes:
        click.confirm(f"Hand in {found.spec.assignment} like this?", abort=True)
    receipt = send(found)
    emit(receipt.to_dict(), as_json, str(receipt))


def _told(step: Scored) -> None:
    reason = "" if step.passed else f"  {step.reason.splitlines()[0]}"
    click.echo(f"{_SIGN[step.passed]:10}  {step.step:14} {step.points:3g} points{reason}")


def shown(found: Plan) -> str:
    """Return a plan as a terminal shows it."""
    lines = [f"  {name}" for name in found.files]
    lines += [f"  {name} stays here: {why}" for name, why in found.left_out.items()]
    lines += ["", *found.sums()]
    return "\n".join([*lines, *(f"Look at this: {remark}" for remark in found.remarks)])


def to_dict(found: Plan) -> dict[str, object]:
    """Return a plan as JSON-ready data."""
    return {
        "assignment": found.spec.assignment,
        "files": found.files,
        "left_out": found.left_out,
        "carried": list(found.carried),
        "steps": [{"step": s.step, "points": s.points, "passed": s.passed, "reason": s.reason} for s in found.steps],
        "earned": found.earned,
        "points": found.points,
        "remarks": list(found.remarks),
        "due": found.due and found.due.isoformat(),
    }
