"""Writes, into docs/instructor.md, what the check of each step says to learners: the mistakes that it knows.

    python -m scripts.common_mistakes [--check]

The sentences are the reasons in the source of the checks, in the order in which a check comes to them. What differs
from learner to learner is an ellipsis.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from helpers.core.files import write_atomic
from helpers.core.paths import ROOT
from helpers.course import checks, outline

PAGE = ROOT / "docs/instructor.md"
BEGIN, END = "<!-- made by: python -m scripts.common_mistakes -->", "<!-- end of what was made -->"
COMMAND = "python -m scripts.common_mistakes"
#: Where checks are; what only a learner who takes Pulumi meets is in docs/lab1-pulumi.md.
OURS = re.compile(rf"{re.escape(checks.__name__)}\.(?!.*(pulumi|component))")
#: How many reasons of a step are listed, and how few letters make no sentence.
MOST, SHORT = 5, 15


@functools.cache
def reasons(lab: str, step: str) -> tuple[str, ...]:
    """Return the reasons that the check of a step may give, the first ones first."""
    check = checks.find(lab, step)
    if check is None:
        return ()
    module = inspect.getmodule(check.judge)
    assert module is not None
    found = [said for said in _said(module, check.judge.__name__, set()) if len(said.replace("…", "")) >= SHORT]
    return tuple(dict.fromkeys(found))[:MOST]


def _said(module: ModuleType, name: str, seen: set[tuple[str, str]]) -> Iterator[str]:
    """Yield the reasons in a function of a module, and in those of the checks that it calls, in their order."""
    functions = _functions(module)
    if (module.__name__, name) in seen or name not in functions:
        return
    seen.add((module.__name__, name))
    for call in _calls(functions[name]):
        word = call.func.id if isinstance(call.func, ast.Name) else ""
        place = {"require": 1, "Unmet": 0}.get(word)
        if place is not None and len(call.args) > place:
            yield from filter(None, [_text(_meant(call.args[place], functions[name]), module)])
        elif callee := _callee(call.func, module):
            yield from _said(*callee, seen)


def _meant(node: ast.expr, function: ast.FunctionDef) -> ast.expr:
    """Return what stands for a name that a function gives to a text; anything else as it is."""
    if not isinstance(node, ast.Name):
        return node
    for one in ast.walk(function):
        if isinstance(one, ast.Assign) and any(isinstance(to, ast.Name) and to.id == node.id for to in one.targets):
            return one.value
    return node


@functools.cache
def _functions(module: ModuleType) -> dict[str, ast.FunctionDef]:
    return {one.name: one for one in ast.parse(inspect.getsource(module)).body if isinstance(one, ast.FunctionDef)}


def _callee(called: ast.expr, module: ModuleType) -> tuple[ModuleType, str] | None:
    """Return the module and name of a function of the checks; nothing when it is another one."""
    found: object = None
    if isinstance(called, ast.Name):
        found = getattr(module, called.id, None)
    elif isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        found = getattr(getattr(module, called.value.id, None), called.attr, None)
    plain = inspect.unwrap(found) if inspect.isfunction(found) else None
    owner = sys.modules.get(getattr(plain, "__module__", ""))
    if plain is None or owner is None or not OURS.match(owner.__name__):
        return None
    return owner, plain.__name__


def _calls(function: ast.FunctionDef) -> list[ast.Call]:
    found = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _text(node: ast.expr, module: ModuleType) -> str:
    """Return a text of the source; what is computed in it is an ellipsis. Empty when there is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        raw = node.value
    elif isinstance(node, ast.JoinedStr):
        raw = "".join(_part(part, module) for part in node.values)
    else:
        return ""
    return re.sub(r"^…(/…)?: ", "", " ".join(raw.split())).replace("`", "'")


def _part(node: ast.expr, module: ModuleType) -> str:
    """Return a part of a text: itself, a constant of the module, or an ellipsis."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.FormattedValue)
    known = getattr(module, node.value.id, None) if isinstance(node.value, ast.Name) else None
    return known if isinstance(known, str) else "…"


def made() -> str:
    """Return the section: a heading for each lab, a line for each step, its reasons below."""
    lines = []
    for lab in outline.load()["labs"]:
        lines += ["", f"### {lab['title'].partition(':')[0]}", ""]
        for step in outline.lab(lab["id"]).steps:
            lines.append(
                f"- **{step.title}** ({step.points:g} points): {'; '.join(map(_quoted, reasons(lab['id'], step.id)))}"
            )
    return "\n".join([*lines, ""])


def _quoted(reason: str) -> str:
    return f"“{reason.rstrip('.')}”"


def written(page: str) -> str:
    """Return the page with the section as it is now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{made()}\n{END}{after}"


def main(argv: list[str], page: Path = PAGE) -> int:
    """Write the section; with ``--check`` only say whether it is as it should be (exit code 1 when not)."""
    now = page.read_text(encoding="utf-8")
    new = written(now)
    if "--check" in argv:
        return int(new != now)
    write_atomic(page, new)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
