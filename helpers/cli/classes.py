"""``course class``: a cohort from release to marks, one command a stage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from helpers.cli import emit
from helpers.core import process
from helpers.core.errors import BadInput
from helpers.course.classroom import archiving, edition, founding, klass, reviewing, stages
from helpers.course.classroom import marks as the_marks
from helpers.course.classroom.stages import Done

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_class = click.option(
    "--class", "directory", type=click.Path(path_type=Path), help="The class's directory (default: around this one)."
)


def _stage(command: Callable[..., Any]) -> Callable[..., Any]:
    return _class(_json(command))


def _emit(done: Done, as_json: bool) -> None:
    emit(done.to_dict(), as_json, done.text())


@click.group("class")
def classes() -> None:
    """A class: release, collect, grade, review, feedback, marks, archive. Each may be repeated."""


@classes.command()
@click.argument("directory", metavar="NAME", type=click.Path(path_type=Path))
@click.option("--term", required=True, help="Part of the course id: 2027-spring. Another one each time.")
@click.option("--students", type=click.Path(path_type=Path), required=True, help="CSV with a column id.")
@click.option("--exchange", type=click.Path(path_type=Path), default=klass.EXCHANGE, help="Directory all may write to.")
@click.option("--timezone", default="UTC", help="Of due dates: Europe/Berlin.")
@click.option("--due", multiple=True, metavar="LAB=TIME", help='lab1="2027-03-01 18:00"; may be repeated.')
@click.option("--late", type=float, default=0.0, help="Per cent of the points that a day late costs.")
@click.option("--most", type=float, default=100.0, help="Per cent that lateness costs at most.")
@click.option("--grace", type=float, default=0.0, help="Minutes that are free.")
@_json
def new(
    directory: Path,
    term: str,
    students: Path,
    exchange: Path,
    timezone: str,
    due: tuple[str, ...],
    late: float,
    most: float,
    grace: float,
    as_json: bool,
) -> None:
    """Make a class in the new directory NAME, with its students from a CSV file."""
    dates = {}
    for one in due:
        name, equals, when = one.partition("=")
        if not equals:
            raise BadInput(f"--due {one!r} has no time", next='Write it like --due lab1="2027-03-01 18:00"')
        dates[name] = when
    room = founding.found(
        directory, term, students, exchange=exchange, timezone=timezone, due=dates, late=(grace, late, most)
    )
    count = len(stages.learners(room))
    said = (
        f"{directory} is the class {room.course} with {count} learners; exchange {room.exchange}.",
        f"What it has chosen is in {directory / klass.FILE}: due dates, lateness, extensions, regrades.",
    )
    data = {"class": str(room.root), "course": room.course, "learners": count, "exchange": str(room.exchange)}
    _emit(Done(said, f"cd {directory} && course class release lab1", data), as_json)


@classes.command()
@click.argument("assignment")
@click.option("--again", is_flag=True, help="Hand out what has changed since it was released.")
@_stage
def release(assignment: str, again: bool, directory: Path | None, as_json: bool) -> None:
    """Generate ASSIGNMENT into the class and hand it out by the exchange."""
    _emit(stages.release(klass.find(directory), assignment, again=again), as_json)


@classes.command()
@_stage
def status(directory: Path | None, as_json: bool) -> None:
    """Say how far each assignment is."""
    _emit(stages.status(klass.find(directory)), as_json)


@classes.command()
@click.argument("assignment")
@_stage
def collect(assignment: str, directory: Path | None, as_json: bool) -> None:
    """Take submissions in; say who is missing and who is not on the roster."""
    _emit(stages.collect(klass.find(directory), assignment), as_json)


@classes.command()
@click.argument("assignment")
@click.option("--learner", "learners", multiple=True, help="Only this one; may be repeated.")
@click.option("--again", is_flag=True, help="Also what was graded before: a hidden test was corrected.")
@_stage
def grade(assignment: str, learners: tuple[str, ...], again: bool, directory: Path | None, as_json: bool) -> None:
    """Run and judge the submissions that are new."""

    def say(text: str) -> None:
        click.echo(text, err=True)

    _emit(stages.grade(klass.find(directory), assignment, learners, again=again, say=say), as_json)


@classes.command()
@click.argument("assignment", default="")
@click.option("--list", "only_list", is_flag=True, help="Say what waits for a person, and open nothing.")
@click.option("--port", default=8899, show_default=True, help="Port on 127.0.0.1; the next free one is taken if busy.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@_stage
def review(
    assignment: str, only_list: bool, port: int, no_browser: bool, directory: Path | None, as_json: bool
) -> None:
    """Open nbgrader's formgrader on the class, for what a person judges."""
    room = klass.find(directory)
    _emit(reviewing.waits(room, assignment), as_json)
    if not only_list and not as_json:
        process.become(reviewing.jupyter_argv(room, port, not no_browser), cwd=room.root)


@classes.command()
@click.argument("assignment")
@_stage
def feedback(assignment: str, directory: Path | None, as_json: bool) -> None:
    """Write feedback as the grades are now, and give it to the learners."""
    _emit(stages.feedback(klass.find(directory), assignment), as_json)


@classes.command()
@click.option("--provisional", is_flag=True, help="Also totals of which something waits for a person.")
@_stage
def marks(provisional: bool, directory: Path | None, as_json: bool) -> None:
    """Write marks/: one row a learner, for Canvas and Moodle, and one row a question."""
    _emit(the_marks.write(klass.find(directory), provisional=provisional), as_json)


@classes.command()
@click.option("--to", "target", type=click.Path(path_type=Path), help="The archive (default: beside the class).")
@_stage
def archive(target: Path | None, directory: Path | None, as_json: bool) -> None:
    """Pack the class and its part of the exchange, and take it off the exchange."""
    _emit(archiving.archive(klass.find(directory), target), as_json)


@classes.command("edition")
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--git", "as_git", is_flag=True, help="Make it a Git repository with one commit.")
@click.option("--wheel", is_flag=True, help="Put a wheel of the code into DIR/dist as well.")
@_stage
def make_edition(target: Path, as_git: bool, wheel: bool, directory: Path | None, as_json: bool) -> None:
    """Write what learners get into the new DIR: no solutions, no hidden tests.

    Made for a class, it knows where to hand in.
    """
    _emit(edition.make(target, edition.class_of(directory), as_git=as_git, wheel=wheel), as_json)
