"""The kinds of fault that are planted: each operator looks at one file and yields edits, in written order."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from helpers.wrappers.hcl_mutants.syntax import Argument, Block, Part, SourceFile

#: Meta-arguments, which are not the resource's own.
_META = {"count", "for_each", "provider", "depends_on"}
#: Type -> the one that it is changed to.
_OTHER_TYPE = {"string": "number", "number": "string", "bool": "string"}


@dataclass(frozen=True)
class Edit:
    """Put *text* in place of the bytes from *start* to *end*; *at* names the place and *says* the fault, in words."""

    start: int
    end: int
    text: str
    at: str
    says: str


@dataclass(frozen=True)
class Module:
    """What operators know of the rest of the module.

    Attributes:
        variables: name -> type as written.
        examples: reference -> the value it has in the one example that a hasty author tries.
    """

    variables: Mapping[str, str]
    examples: Mapping[str, str] = field(default_factory=dict)


Operator = Callable[[SourceFile, Module], Iterator[Edit]]


def _line(file: SourceFile, start: int, end: int) -> tuple[int, int]:
    """Return the range widened to whole lines, so that nothing empty is left behind."""
    first = file.source.rfind(b"\n", 0, start) + 1
    last = file.source.find(b"\n", end)
    return first, len(file.source) if last < 0 else last + 1


def _values(file: SourceFile, *types: str) -> Iterator[tuple[Block, Block, Argument]]:
    """Yield the arguments of blocks inside top-level blocks of these types (all, when none is named)."""
    for block, top in file.walk():
        if not types or top.type in types:
            for argument in block.arguments:
                yield block, top, argument


def _place(block: Block, top: Block, argument: Argument | None = None) -> str:
    parts = [top.address, *([block.type] if block is not top else []), *([argument.name] if argument else [])]
    return ".".join(parts)


def _drop_block(*types: str) -> Operator:
    def find(file: SourceFile, _: Module) -> Iterator[Edit]:
        for block, top in file.walk():
            if block.type in types:
                yield Edit(*_line(file, block.start, block.end), "", _place(block, top), f"the {block.type} is gone")

    return find


def _negate(file: SourceFile, _: Module) -> Iterator[Edit]:
    for block, top, argument in _values(file):
        if argument.name == "condition":
            written = file.text(*argument.value)
            yield Edit(*argument.value, f"!({written})", _place(block, top), "the condition is turned round")


def _drop_argument(file: SourceFile, _: Module) -> Iterator[Edit]:
    for block, top, argument in _values(file, "resource"):
        if block is top and argument.name not in _META:
            yield Edit(
                *_line(file, argument.start, argument.end),
                "",
                _place(block, top, argument),
                f"{argument.name} is not set",
            )


def _drop_description(file: SourceFile, _: Module) -> Iterator[Edit]:
    for block, top, argument in _values(file, "variable", "output"):
        if argument.name == "description":
            yield Edit(*_line(file, argument.start, argument.end), "", _place(block, top), "the description is gone")


def _drop_entry(file: SourceFile, _: Module) -> Iterator[Edit]:
    for block, top, argument in _values(file, "locals", "resource"):
        if "tags" in argument.name:
            for part in argument.of_kind("entry"):
                start, end = _line(file, part.start, part.end)
                # An object on one line keeps its braces: only the entry and the comma behind it go.
                if file.text(start, end).strip().rstrip(",") != file.text(part.start, part.end).strip():
                    comma = re.match(rb"\s*,\s*", file.source[part.end :])
                    start, end = part.start, part.end + (comma.end() if comma else 0)
                yield Edit(
                    start, end, "", f"{_place(block, top, argument)}.{part.text}", f"the tag {part.text} is gone"
                )


def _unstable(file: SourceFile, _: Module) -> Iterator[Edit]:
    for block, top, argument in _values(file, "locals", "resource"):
        if "tags" in argument.name:
            for part in argument.of_kind("entry"):
                key, sep, _old = re.split(r"(\s*[=:]\s*)", file.text(part.start, part.end), maxsplit=1)
                yield Edit(
                    part.start,
                    part.end,
                    f'{key}{sep}formatdate("hhmmss", timestamp())',
                    f"{_place(block, top, argument)}.{key}",
                    f"the tag {key} is the time of day",
                )


def _change_type(file: SourceFile, _: Module) -> Iterator[Edit]:
    for block, top, argument in _values(file, "variable"):
        written = file.text(*argument.value)
        if argument.name == "type" and block is top and written in _OTHER_TYPE:
            other = _OTHER_TYPE[written]
            yield Edit(*argument.value, other, _place(block, top), f"the type is {other} instead of {written}")


def _parts(kind: str, change: Callable[[str], str | None], why: Callable[[str, str], str]) -> Operator:
    def find(file: SourceFile, _: Module) -> Iterator[Edit]:
        for block, top, argument in _values(file):
            if argument.name in ("description", "error_message", "required_version", "source"):
                continue
            for part in argument.of_kind(kind):
                new = change(part.text)
                if new is not None and new != part.text:
                    yield Edit(part.start, part.end, new, _place(block, top, argument), why(part.text, new))

    return find


def _wider_range(text: str) -> str | None:
    try:
        network = ipaddress.ip_network(text.strip('"'), strict=False)
    except ValueError:
        return None
    return json.dumps(str(network.supernet(new_prefix=max(0, network.prefixlen - 8)))) if network.prefixlen else None


def _swap_reference(file: SourceFile, module: Module) -> Iterator[Edit]:
    for block, top, argument in _values(file, "resource", "locals", "output"):
        for part in argument.of_kind("reference"):
            other = _neighbour(part, module)
            if other and block is top:
                says = f"{part.text} became var.{other}"
                yield Edit(part.start, part.end, f"var.{other}", _place(block, top, argument), says)


def _neighbour(part: Part, module: Module) -> str:
    """Return the next variable of the same type, in written order; empty when there is none."""
    name = part.text.removeprefix("var.")
    if name == part.text or name not in module.variables:
        return ""
    alike = [other for other, type_ in module.variables.items() if type_ == module.variables[name]]
    return alike[(alike.index(name) + 1) % len(alike)] if len(alike) > 1 else ""


def _hard_code(file: SourceFile, module: Module) -> Iterator[Edit]:
    for block, top, argument in _values(file, "resource", "locals"):
        for part in argument.of_kind("template"):
            text = re.sub(r"\$\{([^}]+)\}", lambda m: module.examples.get(m[1].strip(), m[0]), part.text)
            if "${" not in text:
                yield Edit(part.start, part.end, text, _place(block, top, argument), f"always {text}")


def _misspell(file: SourceFile, _: Module) -> Iterator[Edit]:
    for block, top, argument in _values(file, "resource"):
        if block is top and argument.name not in _META:
            wrong = argument.name[:-1]
            end = argument.start + len(argument.name.encode())
            yield Edit(argument.start, end, wrong, _place(block, top, argument), f"{argument.name} is spelt {wrong}")


def _break_syntax(file: SourceFile, _: Module) -> Iterator[Edit]:
    if file.blocks:
        last = file.blocks[-1]
        yield Edit(last.end - 1, last.end, "", last.address, "a closing brace is missing")


#: Name -> what finds its places. The names are the first half of a mutant's id.
OPERATORS: Mapping[str, Operator] = {
    "break-syntax": _break_syntax,
    "change-type": _change_type,
    "drop-argument": _drop_argument,
    "drop-condition": _drop_block("precondition", "postcondition", "lifecycle", "check"),
    "drop-description": _drop_description,
    "drop-output": _drop_block("output"),
    "drop-tag": _drop_entry,
    "drop-validation": _drop_block("validation"),
    "flip-bool": _parts("bool", lambda t: "false" if t == "true" else "true", lambda a, b: f"{a} became {b}"),
    "hard-code": _hard_code,
    "misspell": _misspell,
    "negate-condition": _negate,
    "swap-reference": _swap_reference,
    "unstable": _unstable,
    "widen-cidr": _parts("string", _wider_range, lambda a, b: f"{a} became {b}"),
    "widen-number": _parts(
        "number", lambda t: f"{t}0" if t.isdigit() and t != "0" else None, lambda a, b: f"{a} became {b}"
    ),
    "zero-number": _parts("number", lambda t: "0" if t != "0" else None, lambda a, b: f"{a} became {b}"),
}
