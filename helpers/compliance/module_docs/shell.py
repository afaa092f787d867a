"""Executes the shell examples of a README: a few programs without a shell, on a copy of the module, bounded in time.

A line is one command: no pipe, no redirection, no substitution. What more a reader's shell can do is refused, for what
is not executed is not known to be true. It belongs in a block of another language, such as ``text``.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from helpers.compliance.module_docs.types import Example, Finding, Ran
from helpers.core import process, terminal
from helpers.runtime import tools
from helpers.wrappers.terraform import config

#: Program -> its subcommands that change nothing outside the copy; None: any arguments.
ALLOWED: Mapping[str, tuple[str, ...] | None] = {
    "terraform": ("init", "validate", "plan", "test", "fmt", "version", "providers", "get", "graph"),
    "terraform-docs": None,
    "cat": None,
    "cd": None,
    "ls": None,
}
#: Seconds that one command may take.
TIMEOUT = 180
_PROMPT = re.compile(r"^\s*[$%>] ")
#: What only a shell does: it would be an argument here, and mean something else to the reader.
_SHELL = re.compile(r"[|;&<>`]|\$[({A-Za-z]|^\w+=")


def run(example: Example, module: Path, env: Mapping[str, str] | None) -> tuple[list[Finding], Ran]:
    """Execute the commands of a block in *module*, a copy; in a console block compare what they print."""
    here = module
    findings: list[Finding] = []
    for line, command, expected in _commands(example):
        problem, here, printed = _one(command, here, module, env)
        if problem:
            findings.append(Finding(problem[0], line, problem[1], problem[2]))
            break
        missing = _missing(expected, printed)
        if missing:
            what = f"`{command}` does not print {missing!r}."
            findings.append(Finding("output-differs", line, what, "Write what it prints, or leave it out."))
    return findings, "failed" if findings else "executed"


def _commands(example: Example) -> Iterator[tuple[int, str, list[str]]]:
    """Yield line, command and the output that the README shows after it."""
    lines = example.text.splitlines()
    prompted = any(_PROMPT.match(line) for line in lines)
    found: list[tuple[int, str, list[str]]] = []
    for number, line in enumerate(lines, example.line):
        if not line.strip() or (not prompted and line.lstrip().startswith("#")):
            continue
        if found and found[-1][1].endswith("\\"):
            start, command, shown = found.pop()
            found.append((start, f"{command[:-1].rstrip()} {line.strip()}", shown))
        elif prompted and not _PROMPT.match(line):
            if found:
                found[-1][2].append(line.strip())
        else:
            found.append((number, _PROMPT.sub("", line).strip(), []))
    yield from found


_Problem = tuple[str, str, str]


def _one(command: str, here: Path, root: Path, env: Mapping[str, str] | None) -> tuple[_Problem | None, Path, str]:
    try:
        words = shlex.split(command, comments=True)
    except ValueError as error:
        return ("example-invalid", f"`{command}` cannot be read: {error}.", "Correct the example."), here, ""
    refused = _refusal(command, words)
    if refused:
        return ("not-allowed", refused, "Show it in a block of the language `text`, or leave it out."), here, ""
    if words[0] == "cd":
        target = (here / (words[1] if len(words) > 1 else ".")).resolve()
        if not target.is_dir() or not target.is_relative_to(root.resolve()):
            what = f"There is no directory {words[1] if len(words) > 1 else '.'} in the module."
            return ("example-invalid", what, "Correct the example."), here, ""
        return None, target, ""
    done = process.run(_argv(words), cwd=here, env=_environment(env), timeout=TIMEOUT)
    said = f"{done.stdout}\n{done.stderr}"
    if done.returncode != 0:
        last = " ".join((done.stderr or done.stdout).split())[-300:]
        what = f"`{command}` ends with exit code {done.returncode}: {last}"
        return ("example-invalid", what, "Correct the example."), here, said
    return None, here, said


def _refusal(command: str, words: list[str]) -> str:
    if not words:
        return f"`{command}` is not a command."
    if _SHELL.search(command):
        return f"`{command}` needs a shell, and is not executed here."
    if words[0] not in ALLOWED:
        return f"`{words[0]}` is not one of the programs that are executed here ({', '.join(ALLOWED)})."
    subcommands = ALLOWED[words[0]]
    verb = next((word for word in words[1:] if not word.startswith("-")), "")
    if subcommands is not None and verb not in subcommands:
        return f"`{words[0]} {verb}` may change what it should not; allowed are {', '.join(subcommands)}."
    outside = [w for w in words[1:] if w.startswith("/") or ".." in Path(w.partition("=")[2] or w).parts]
    if outside and words[0] != "cd":
        return f"`{command}` reads outside the module."
    return ""


def _argv(words: list[str]) -> list[str | os.PathLike[str]]:
    known = {"terraform", "terraform-docs"}
    return [tools.ensure(words[0]).path if words[0] in known else words[0], *words[1:]]


def _environment(env: Mapping[str, str] | None) -> dict[str, str]:
    fixed = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", "NO_COLOR": "1"}
    return process.environment({**config.environment_for(own_access=bool(env)), **(env or {}), **fixed})


def _missing(expected: list[str], printed: str) -> str:
    """Return the first line that is shown and not printed, in order; ``...`` stands for anything."""
    lines = iter(" ".join(line.split()) for line in terminal.plain(printed).splitlines())
    for wanted in expected:
        parts = [re.escape(" ".join(part.split())) for part in re.split(r"\.{3}|…", wanted)]
        if not any(re.fullmatch(r"\s*.*\s*".join(parts), line) for line in lines):
            return wanted
    return ""
