"""``course grade``: grade a class, several submissions at a time."""

from __future__ import annotations

import os

import click

from helpers.core import process
from helpers.course import class_run, gradebook


@click.command()
@click.argument("lab")
@click.option("--jobs", type=click.IntRange(0, 256), default=0, help="Submissions at a time; 0: one a processor.")
@click.option("--again", is_flag=True, help="Grade also what was graded before.")
@click.option("--student", default="", help="Only the submission of this learner.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def grade(lab: str, jobs: int, again: bool, student: str, as_json: bool) -> None:
    """Grade the submissions of LAB (lab1, or the name of an assignment) that nbgrader has collected.

    The points are those of `nbgrader autograde`; submissions run side by side. A run that was stopped, however it was,
    is continued by typing the command again.
    """
    options = [
        f"--jobs={jobs}",
        f"--student={student}",
        *(["--again"] if again else []),
        *(["--json"] if as_json else []),
    ]
    directory = gradebook.around()
    os.environ["MOD208_CLASS"] = str(directory)
    process.become(class_run.command(lab, options), cwd=gradebook.settings(directory))
