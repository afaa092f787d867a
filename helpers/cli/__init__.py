"""The `course` command: everything the notebooks do, from a terminal. README names the few without ``--json``."""

from __future__ import annotations

import difflib
import importlib
import json
import logging
import sys
from typing import Any

import click

from helpers.core import logs
from helpers.core.errors import BadInput, CourseError

#: Command -> module that holds it; loaded only when used, so that `course --help` is quick.
COMMANDS = {
    "open": "open",
    "tools": "tools",
    "doctor": "doctor",
    "shell": "shell",
    "services": "services",
    "progress": "journey",
    "next": "journey",
    "check": "labs",
    "hint": "labs",
    "reset": "labs",
    "solve": "labs",
    "submit": "submit",
    "prove": "prove",
    "gates": "gates",
    "leaks": "leaks",
    "advisories": "advisories",
    "controls": "controls",
    "drift": "drift",
    "evidence": "evidence",
    "committee": "committee",
    "deck": "deck",
    "docs": "docs",
    "registry": "registry",
    "release": "release",
    "new": "new",
    "adrs": "adrs",
    "class": "classes",
    "competencies": "competencies",
    "certificate": "certificate",
    "grade": "grade",
    "solutions": "solutions",
    "map": "course_map",
    "contract": "contract",
}


#: Command -> its function, where Python's own word has the name already.
NAMES = {"next": "following", "class": "classes"}


class Lazy(click.Group):
    """A group that imports a command's module only when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order a learner meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command, or nothing for an unknown name (click then says so)."""
        if cmd_name not in COMMANDS and ctx.resilient_parsing:
            # A shell completes a line that is not finished: it wants no message.
            return None
        if cmd_name not in COMMANDS:
            near = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
            raise BadInput(
                f"There is no command {cmd_name!r}",
                why=f"The commands are: {', '.join(COMMANDS)}.",
                next=f"course {near[0]}" if near else "course --help",
            )
        module = importlib.import_module(f"helpers.cli.{COMMANDS[cmd_name]}")
        command = getattr(module, NAMES.get(cmd_name, cmd_name))
        assert isinstance(command, click.Command)
        return command


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("-v", "--verbose", count=True, help="Say on standard error what is done; twice: every process as well.")
def course(verbose: int) -> None:
    """MOD-208: Advanced Infrastructure as Code and GitOps.

    Set up tools and services, check your lab steps, ask for hints. Start with: course doctor
    """
    if verbose:
        logs.show(logging.INFO if verbose == 1 else logging.DEBUG)


def emit(data: Any, as_json: bool, text: str) -> None:
    """Print *data* as JSON, or *text* for a person."""
    click.echo(json.dumps(data, indent=2, sort_keys=True) if as_json else text)


def main() -> None:
    """Run the command; expected faults end in a message and an exit code, never in a traceback."""
    try:
        # Without standalone mode click returns the exit code of `ctx.exit`, it does not raise.
        sys.exit(course(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except CourseError as error:
        if "--json" in sys.argv:
            click.echo(json.dumps(error.to_dict(), indent=2))
        else:
            click.secho(error.diagnostics(), err=True, fg="red" if sys.stderr.isatty() else None)
        sys.exit(error.exit_code)
