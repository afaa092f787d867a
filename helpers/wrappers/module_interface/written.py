"""Expressions of a module as they are written, with the module's locals in the place of their names.

A local is the module's own affair: called otherwise, or written out, it changes nothing for a caller. So expressions
are compared without them. Files in JSON are left as they are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.wrappers.module_interface.hcl_reader import Answer
from helpers.wrappers.module_interface.interface import Guard

_LOCAL = re.compile(r"local\.([^\W\d][\w-]*)")
#: Stands in the place of its name without brackets around it: a reference, a number, a text without a template.
_PLAIN = re.compile(r'[\w.-]+|"[^"\\$%]*"')
#: A local of more than this is named by its digest instead, so that locals of locals cannot grow without end.
_LONGEST = 4096
_GUARDS = ("precondition", "postcondition")


@dataclass(frozen=True)
class Value:
    """An expression: its bytes, and where in them it refers to locals, as (start, end, name)."""

    source: bytes
    locals: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True)
class Written:
    """What the .tf files of a module say, overrides merged.

    Attributes:
        locals: name -> expression.
        values: ``output.NAME``, ``TYPE.NAME`` or ``module.NAME`` -> attribute -> expression.
        validations: variable -> conditions. guards: (owner, kind, condition). imports: addresses of import blocks.
        known: locals that are worked out.
    """

    locals: dict[str, Value] = field(default_factory=dict)
    values: dict[str, dict[str, Value]] = field(default_factory=dict)
    validations: dict[str, list[Value]] = field(default_factory=dict)
    guards: list[tuple[str, str, Value]] = field(default_factory=list)
    imports: list[Value] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)

    def value(self, owner: str, *names: str) -> str:
        """Return the expression of the first of these attributes that is written; empty when none is."""
        found = self.values.get(owner, {})
        return next((self.inlined(found[name]) for name in names if name in found), "")

    def conditions(self, variable: str) -> tuple[str, ...] | None:
        """Return the conditions of a variable's validation; None when it is not in a .tf file."""
        found = self.validations.get(variable)
        return None if found is None else tuple(map(self.inlined, found))

    def all_guards(self) -> tuple[Guard, ...]:
        """Return the preconditions and postconditions, in written order."""
        return tuple(Guard(owner, kind, self.inlined(value)) for owner, kind, value in self.guards)

    def inlined(self, value: Value, inside: tuple[str, ...] = ()) -> str:
        """Return an expression with each local's own in the place of its name; one that is in a circle stays."""
        text, end = b"", 0
        for start, stop, name in value.locals:
            if name not in self.locals or name in inside:
                continue
            inner = self._local(name, (*inside, name))
            if (start, stop) == (0, len(value.source)):
                return inner
            text += value.source[end:start] + _bracketed(inner).encode()
            end = stop
        return (text + value.source[end:]).decode("utf-8", errors="replace")

    def _local(self, name: str, inside: tuple[str, ...]) -> str:
        """Return a local's expression, once worked out for all who use it."""
        if name not in self.known:
            found = self.inlined(self.locals[name], inside)
            if len(found) > _LONGEST:
                found = f"local.{name}-{hashlib.sha256(found.encode()).hexdigest()[:16]}"
            self.known[name] = found
        return self.known[name]


def _bracketed(text: str) -> str:
    return text if _PLAIN.fullmatch(text) or _closed(text) else f"({text})"


def _closed(text: str) -> bool:
    """Return whether a text is one list, object or call: its first bracket ends it. Texts in it make that uncertain."""
    opened = re.match(r"(?:\w+(?=\())?[\[{(]", text)
    if opened is None or '"' in text or "<<" in text:
        return False
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter in "[{(") - (letter in "]})")
        if depth == 0 and at >= opened.end() - 1:
            return at == len(text) - 1
    return False


def read(directory: Path, syntax: Answer) -> Written:
    """Return what the answer to a ``syntax`` request says; nothing of a file that cannot be read."""
    found = Written()
    for file in syntax.get("files") or ():
        try:
            source = (directory / file["file"]).read_bytes()
        except OSError:
            continue
        for block in file["blocks"]:
            _block(found, block, source)
    return found


def _block(found: Written, block: Mapping[str, Any], source: bytes) -> None:
    kind, labels = block["type"], tuple(block.get("labels") or ())
    arguments = dict(_arguments(block, source))
    if kind == "locals":
        found.locals.update(arguments)
    elif kind == "variable" and labels:
        rules = [dict(_arguments(inner, source)) for inner in _inner(block, "validation")]
        if rules or labels[0] not in found.validations:
            found.validations[labels[0]] = [rule["condition"] for rule in rules if "condition" in rule]
    elif kind == "import" and "to" in arguments:
        found.imports.append(arguments["to"])
    elif kind in ("output", "module", "resource", "data") and labels:
        owner = ".".join(labels if kind == "resource" else (kind, *labels))
        found.values.setdefault(owner, {}).update(arguments)
        for holder in (block, *_inner(block, "lifecycle")):
            for guard in _inner(holder, *_GUARDS):
                said = dict(_arguments(guard, source))
                if "condition" in said:
                    found.guards.append((owner, guard["type"], said["condition"]))


def _inner(block: Mapping[str, Any], *types: str) -> list[Mapping[str, Any]]:
    return [inner for inner in block.get("blocks") or () if inner["type"] in types]


def _arguments(block: Mapping[str, Any], source: bytes) -> Iterator[tuple[str, Value]]:
    for argument in block.get("arguments") or ():
        start, end = argument["value"]["start"], argument["value"]["end"]
        used = []
        for part in argument.get("parts") or ():
            name = _LOCAL.match(part["text"]) if part["kind"] == "reference" else None
            if name:
                at = part["start"] - start
                used.append((at, at + len(name[0].encode()), name[1]))
        yield argument["name"], Value(source[start:end], tuple(used))
