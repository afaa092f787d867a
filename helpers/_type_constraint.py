"""Terraform's type constraints: reads them and says what a new one refuses that an old one accepted.

Source: Terraform documentation, "Type Constraints".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r'(?P<skip>[ \t\r]+|#[^\n]*|//[^\n]*|/\*.*?\*/)|(?P<line>\n)|(?P<word>[A-Za-z_][\w-]*)|"(?P<text>(?:[^"\\]|\\.)*)"'
    r"|(?P<sign>.)",
    re.DOTALL,
)
_PRIMITIVE = ("string", "number", "bool")
_COLLECTION = ("list", "set", "map")


@dataclass(frozen=True)
class Attribute:
    """One attribute of an object; *default* as written, empty when there is none."""

    type: TypeConstraint
    optional: bool = False
    default: str = ""


@dataclass(frozen=True)
class TypeConstraint:
    """A type: its word, and what it is made of. ``raw`` is set for text that is no type this reader knows."""

    kind: str
    element: TypeConstraint | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    items: tuple[TypeConstraint, ...] = ()
    raw: str = ""

    def __str__(self) -> str:
        if self.element:
            return f"{self.kind}({self.element})"
        if self.kind == "object":
            inner = (
                f"{n} = optional({a.type})" if a.optional else f"{n} = {a.type}" for n, a in self.attributes.items()
            )
            return "object({ " + ", ".join(inner) + " })"
        return f"tuple([{', '.join(map(str, self.items))}])" if self.kind == "tuple" else self.raw or self.kind


ANY = TypeConstraint("any")


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = [
            (m.lastgroup or "", m[0] if m.lastgroup != "text" else m["text"])
            for m in _TOKEN.finditer(text)
            if m.lastgroup != "skip"
        ]
        self.at = 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def next(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def lines(self) -> None:
        while self.peek()[0] == "line":
            self.at += 1

    def expect(self, sign: str) -> None:
        self.lines()
        if self.next()[1] != sign:
            raise ValueError(f"expected {sign}")

    def type(self) -> TypeConstraint:
        self.lines()
        group, word = self.next()
        if group not in ("word", "text"):
            raise ValueError(f"no type: {word!r}")
        if word in _PRIMITIVE or word == "any":
            return TypeConstraint(word)
        if word in _COLLECTION:
            # Terraform 0.11 wrote them bare.
            return TypeConstraint(word, self.inside("(", ")") if self.peek()[1] == "(" else ANY)
        if word == "object":
            self.expect("(")
            found = TypeConstraint(word, attributes=dict(self.attributes()))
            self.expect(")")
            return found
        if word == "tuple":
            self.expect("(")
            found = TypeConstraint(word, items=tuple(self.tuple_items()))
            self.expect(")")
            return found
        raise ValueError(f"unknown type {word}")

    def inside(self, start: str, end: str) -> TypeConstraint:
        self.expect(start)
        found = self.type()
        self.lines()
        if self.peek()[1] == ",":
            self.next()
        self.expect(end)
        return found

    def tuple_items(self) -> Iterator[TypeConstraint]:
        self.expect("[")
        while True:
            self.separators()
            if self.peek()[1] == "]":
                break
            yield self.type()
        self.expect("]")

    def attributes(self) -> Iterator[tuple[str, Attribute]]:
        self.expect("{")
        while True:
            self.separators()
            if self.peek()[1] == "}":
                break
            group, name = self.next()
            if group not in ("word", "text") or self.next()[1] not in ("=", ":"):
                raise ValueError(f"no attribute: {name!r}")
            yield name, self.attribute()
        self.expect("}")

    def separators(self) -> None:
        while self.peek()[0] == "line" or self.peek()[1] == ",":
            self.next()
        if self.peek()[0] == "end":
            raise ValueError("the text ends too early")

    def attribute(self) -> Attribute:
        self.lines()
        if self.peek() != ("word", "optional"):
            return Attribute(self.type())
        self.next()
        self.expect("(")
        type = self.type()
        self.lines()
        default = ""
        if self.peek()[1] == ",":
            self.next()
            default = self.expression()
        self.expect(")")
        return Attribute(type, True, default)

    def expression(self) -> str:
        """Return the tokens up to the bracket that ends the call, as text."""
        depth, found = 0, []
        while depth or self.peek()[1] != ")":
            group, word = self.next()
            if group == "end":
                raise ValueError("the text ends too early")
            depth += (word in "([{" and group == "sign") - (word in ")]}" and group == "sign")
            found.append(f'"{word}"' if group == "text" else word.strip())
        return " ".join(part for part in found if part)


def parse(text: str) -> TypeConstraint:
    """Return the constraint in *text*; no text means ``any``. Unknown text is kept as ``raw`` and never fails."""
    if not text.strip():
        return ANY
    reader = _Reader(text)
    try:
        found = reader.type()
        reader.lines()
        if reader.peek()[0] != "end":
            raise ValueError("there is more than a type")
    except (ValueError, RecursionError):
        return TypeConstraint("unknown", raw=" ".join(text.split()))
    return found


def narrowed(old: TypeConstraint, new: TypeConstraint, path: str = "") -> list[str]:
    """Return what *new* refuses, or drops, of what *old* accepted; empty when every old value still works."""
    where = f"{path}: " if path else ""
    if new.kind == "any" or old == new:
        return []
    if new.kind in _PRIMITIVE and old.kind in _PRIMITIVE:
        # Every number and bool converts to a string.
        return [] if new.kind == "string" else [f"{where}{old} became {new}"]
    if new.kind != old.kind:
        accepts_all = new.kind == "list" and old.kind == "set"
        return narrowed(*_elements(old, new), path=f"{path}[*]") if accepts_all else [f"{where}{old} became {new}"]
    if new.kind in _COLLECTION:
        return narrowed(*_elements(old, new), path=f"{path}[*]")
    if new.kind == "object":
        return [reason for name in {**old.attributes, **new.attributes} for reason in _attribute(old, new, name, path)]
    if new.kind == "tuple" and len(old.items) == len(new.items):
        pairs = enumerate(zip(old.items, new.items, strict=True))
        return [reason for n, (a, b) in pairs for reason in narrowed(a, b, f"{path}[{n}]")]
    return [f"{where}{old} became {new}"]


def _elements(old: TypeConstraint, new: TypeConstraint) -> tuple[TypeConstraint, TypeConstraint]:
    return old.element or ANY, new.element or ANY


def _attribute(old: TypeConstraint, new: TypeConstraint, name: str, path: str) -> list[str]:
    full = f"{path}.{name}".lstrip(".")
    was, now = old.attributes.get(name), new.attributes.get(name)
    if now is None:
        return [f"attribute {full} is ignored now"]
    if was is None:
        return [] if now.optional else [f"attribute {full} is new and required"]
    found = [f"attribute {full} became required"] if was.optional and not now.optional else []
    if was.optional and now.optional and was.default != now.default:
        found.append(f"the default of attribute {full} changed from {was.default or 'null'} to {now.default or 'null'}")
    return found + narrowed(was.type, now.type, full)
