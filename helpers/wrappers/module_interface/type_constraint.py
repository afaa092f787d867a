"""Terraform's type constraints, and what a new one refuses that an old one accepted.

They are read by ``hcl/ext/typeexpr``, as Terraform does. Source: Terraform documentation, "Type Constraints".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.wrappers.module_interface.hcl_reader import Answer, Request, ask

_PRIMITIVE = ("string", "number", "bool")
_COLLECTION = ("list", "set", "map")


@dataclass(frozen=True)
class Attribute:
    """One attribute of an object.

    Attributes:
        default: as written, empty when there is none.
        value: the default as JSON, converted to the type; empty when it is null, as written when it has no JSON form.
    """

    type: TypeConstraint
    optional: bool = False
    default: str = field(default="", compare=False)
    value: str = ""


@dataclass(frozen=True)
class TypeConstraint:
    """A type: its keyword, and what it is made of. ``raw`` is set for text that is not a type; its kind is unknown."""

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


def request(text: str) -> Request:
    """Return the question which type a text is."""
    return {"op": "type", "text": text}


def type_of(text: str, answer: Answer) -> TypeConstraint:
    """Return the type that the answer to a `request` describes; of kind ``unknown`` when *text* is not a type."""
    node = answer.get("type")
    return _type(node) if node else TypeConstraint("unknown", raw=" ".join(text.split()))


def _type(node: Mapping[str, Any]) -> TypeConstraint:
    return TypeConstraint(
        node["kind"],
        _type(node["element"]) if "element" in node else None,
        {item["name"]: _attribute_of(item) for item in node.get("attributes", ())},
        tuple(map(_type, node.get("items", ()))),
    )


def _attribute_of(item: Mapping[str, Any]) -> Attribute:
    default = value = item.get("default_text", "")
    if "default" in item:
        value = "" if item["default"] is None else json.dumps(item["default"], ensure_ascii=False, sort_keys=True)
    return Attribute(_type(item["type"]), item.get("optional", False), default, value)


def parse_all(texts: Iterable[str]) -> dict[str, TypeConstraint]:
    """Return the type that each text is, asked for in one run; see `parse`."""
    asked = list(dict.fromkeys(texts))
    return dict(zip(asked, map(type_of, asked, ask([request(text) for text in asked])), strict=True))


def parse(text: str) -> TypeConstraint:
    """Return the type in *text*; no text means ``any``. Text that is not a type is kept as ``raw``, of kind unknown."""
    return parse_all([text])[text]


def narrowed(old: TypeConstraint, new: TypeConstraint, path: str = "") -> list[str]:
    """Return what *new* refuses, or drops, of what *old* accepted; empty when every old value still works."""
    where = f"{path}: " if path else ""
    if new.kind == "any" or old == new:
        return []
    if new.kind in _PRIMITIVE and old.kind in _PRIMITIVE:
        # Every number and bool converts to a string.
        return [] if new.kind == "string" else [f"{where}{old} became {new}"]
    if new.kind == "list" and old.kind == "tuple":
        element = new.element or ANY
        return [reason for n, item in enumerate(old.items) for reason in narrowed(item, element, f"{path}[{n}]")]
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
    if was.optional and now.optional and was.default != now.default and was.value != now.value:
        found.append(f"the default of attribute {full} changed from {was.default or 'null'} to {now.default or 'null'}")
    return found + narrowed(was.type, now.type, full)
