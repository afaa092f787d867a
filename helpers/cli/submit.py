"""``course submit LAB``: hand in, from any directory."""

from __future__ import annotations

from dataclasses import asdict

import click

from helpers.cli import emit
from helpers.course.classroom import klass, submitting


@click.command()
@click.argument("lab")
@click.option("--check", "checked", is_flag=True, help="Also say what the visible checks say of each step.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def submit(lab: str, checked: bool, as_json: bool) -> None:
    """Hand in LAB as it lies in your workspace; hand in as often as you like, the newest counts."""
    assignment = klass.assignment_of(lab)
    receipt = submitting.submit(assignment)
    verdicts = submitting.verdicts(assignment) if checked else []
    lines = [f"{'pass   ' if one['passed'] else 'not yet'}  {one['step']}  {one['reason']}" for one in verdicts]
    emit({**asdict(receipt), "checks": verdicts}, as_json, "\n".join([receipt.text(), *lines]))
