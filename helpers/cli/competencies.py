"""``course competencies``: what graded evidence says of each learner, for an instructor."""

from __future__ import annotations

import click

from helpers.cli import emit
from helpers.course.gradebook import graded


@click.command()
@click.argument("learner", required=False, default="")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def competencies(learner: str, as_json: bool) -> None:
    """Report the competencies of LEARNER, or of all, from the gradebook, and what is missing for the level.

    Only settled grades are evidence. Grades that were made without a sandbox are marked.
    """
    found = graded(learner)
    data = {"competencies": [one.to_dict() for one in found]}
    emit(data, as_json, "\n".join(one.text() for one in found) or "The gradebook has no learner with an assignment.")
