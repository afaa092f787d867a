"""The `course` command: everything the notebooks do, from a terminal. Every command has ``--json``."""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import click

from helpers.errors import CourseError

#: Command -> module that holds it; loaded only when used, so that `course --help` is quick.
COMMANDS = {
    "open": "open",
    "tools": "tools",
    "doctor": "doctor",
    "services": "services",
    "check": "labs",
    "hint": "labs",
    "reset": "labs",
    "solve": "labs",
    "prove": "prove",
    "gates": "gates",
    "leaks": "leaks",
    "evidence": "evidence",
    "map": "contract",
}


class Lazy(click.Group):
    """A group that imports a command's module only when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order a learner meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command, or nothing for an unknown name (click then says so)."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"helpers.cli.{COMMANDS[cmd_name]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def course() -> None:
    """MOD-208: Advanced Infrastructure as Code and GitOps.

    Set up tools and services, check your lab steps, ask for hints. Start with: course doctor
    """


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
