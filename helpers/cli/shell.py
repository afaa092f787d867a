"""``course shell``: a shell that knows the course, also where login shells set PATH anew."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click

from helpers.core import process
from helpers.core.files import write_atomic
from helpers.core.paths import ROOT, nbgrader_settings, state_dir

#: Directory with the `course` command and the Python of the course.
BIN = Path(sys.executable).parent
#: What a shell reads when it starts, for a person's own settings; ours come last, so that PATH is as we say.
_BASH = """for file in /etc/profile ~/.bash_profile ~/.bash_login ~/.profile; do
  if [ -r "$file" ]; then . "$file"; [ "$file" = /etc/profile ] || break; fi
done
[ -z "${BASHRCSOURCED-}" ] && [ -r ~/.bashrc ] && . ~/.bashrc
export PATH=@BIN@:"$PATH"
eval "$(_COURSE_COMPLETE=bash_source course 2>/dev/null)"
"""
_ZSH = """ZDOTDIR=${MOD208_ZDOTDIR:-$HOME}
for file in /etc/profile "$ZDOTDIR/.zprofile" "$ZDOTDIR/.zshrc"; do [ -r "$file" ] && . "$file"; done
export PATH=@BIN@:"$PATH"
autoload -Uz compinit && compinit -i
eval "$(_COURSE_COMPLETE=zsh_source course 2>/dev/null)"
"""
_SH = 'export PATH=@BIN@:"$PATH"\n'


def shell_command(shell: str, *rest: str) -> tuple[list[str], dict[str, str]]:
    """Return the command of an interactive shell with the course in it, and variables it needs.

    Args:
        shell: path of bash, zsh or another shell of POSIX. rest: arguments of its own, for example ``-c``, ``...``.
    """
    folder = state_dir() / "shell"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kind = Path(shell).name
    text, name = {"bash": (_BASH, "bashrc"), "zsh": (_ZSH, ".zshrc")}.get(kind, (_SH, "shrc"))
    written = folder / name
    write_atomic(written, text.replace("@BIN@", shlex.quote(str(BIN))))
    if kind == "bash":
        return [shell, "--rcfile", str(written), "-i", *rest], {}
    if kind == "zsh":
        own = {"MOD208_ZDOTDIR": os.environ["ZDOTDIR"]} if "ZDOTDIR" in os.environ else {}
        return [shell, "-i", *rest], {**own, "ZDOTDIR": str(folder)}
    return [shell, "-i", *rest], {"ENV": str(written)}


@click.command()
@click.option("--shell", default="", help="The shell; by default yours ($SHELL), or bash.")
@click.argument("rest", nargs=-1, type=click.UNPROCESSED)
def shell(shell: str, rest: tuple[str, ...]) -> None:
    """Open a shell in which `course` is found, with completion. JupyterLab's terminals are opened by it."""
    argv, own = shell_command(shell or os.environ.get("SHELL", "") or "/bin/bash", *rest)
    os.environ.update({**nbgrader_settings(), **own})
    where = Path.cwd() if Path.cwd().is_relative_to(ROOT) or rest else ROOT
    process.become(argv, cwd=where)
