"""``course check|hint|reset|solve LAB [STEP]``: what the lab notebooks do, from a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from helpers.cli import emit
from helpers.core.errors import BadInput
from helpers.course.labs import Lab

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _lab(name: str) -> Lab:
    return Lab(name)


def _steps(lab: Lab, step: str | None) -> list[str]:
    return [lab.spec.step(step).id] if step else [spec.id for spec in lab.spec.steps]


@click.command()
@click.argument("lab")
@click.argument("step", required=False)
@_json
def check(lab: str, step: str | None, as_json: bool) -> None:
    """Check one step of a lab, or all of them. Ends with 1 when something does not pass yet."""
    room = _lab(lab)
    results = [room.result(name) for name in _steps(room, step)]
    lines = []
    for result in results:
        sign = "pass   " if result.passed else "not yet"
        about = ", ".join(
            filter(None, (result.counted, f"{result.points if result.passed else 0:g} of {result.points:g} points"))
        )
        lines.append(
            f"{sign}  {result.step:14} {about}\n{' ' * 24}{result.reason.replace(chr(10), chr(10) + ' ' * 24)}"
        )
    if not step:
        lines.append(f"{sum(r.passed for r in results)} of {len(results)} steps pass.")
    elif not results[0].passed:
        lines.append(f"Next: course hint {lab} {step}")
    elif results[0].next:
        lines.append(f"Next: {results[0].next[0]}")
    emit([r.to_dict() for r in results], as_json, "\n".join(lines))
    if not all(result.passed for result in results):
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("lab")
@click.argument("step")
@click.option("--level", type=int, help="1 nudge, 2 pointer, 3 near-solution; without it, the next one.")
@_json
def hint(lab: str, step: str, level: int | None, as_json: bool) -> None:
    """Give a hint that fits what is wrong with a step now."""
    given = _lab(lab).hint(step, level)
    emit(given.to_dict(), as_json, f"{given!r}\n(about: {given.reason})")


@click.command()
@click.argument("lab")
@click.argument("step", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_json
def reset(lab: str, step: str | None, yes: bool, as_json: bool) -> None:
    """Put the starter files of a step, or of a whole lab, back. Your files are kept in a backup directory."""
    room = _lab(lab)
    _restore(room, _steps(room, step), room.reset, "starter files", yes, as_json)


@click.command()
@click.argument("lab")
@click.argument("step")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_json
def solve(lab: str, step: str, yes: bool, as_json: bool) -> None:
    """Write the solution of a step. Your files are kept in a backup directory."""
    room = _lab(lab)
    _restore(room, _steps(room, step), room.solve, "the solution", yes, as_json)


def _restore(room: Lab, steps: list[str], act: Callable[[str], Any], what: str, yes: bool, as_json: bool) -> None:
    if as_json and not yes:
        raise BadInput("--json cannot ask", why="Nobody is there to answer.", next="Add --yes.")
    if not yes:
        click.confirm(f"Put {what} of {', '.join(steps)} into {room.work}? Yours are backed up", abort=True)
    done = [act(step) for step in steps]
    rows = [{"step": d.step, "files": list(d.files), "backup": str(d.backup) if d.backup else ""} for d in done]
    note = "A cell that still holds your text writes it again when you run it."
    emit(rows, as_json, "\n".join([*(repr(d) for d in done), note]))
