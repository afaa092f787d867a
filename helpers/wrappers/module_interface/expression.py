"""What can be said of expressions without evaluating them: are two the same, and which type has their value?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.wrappers.module_interface.hcl_reader import Answer, Request

#: The value of an expression that needs more than its own text.
UNKNOWN = object()


@dataclass(frozen=True)
class Shape:
    """The type of a value as far as its expression shows it; *kind* is ``unknown`` where it does not.

    Attributes:
        ref: the reference, when the expression is nothing else. attributes: of an object, by name.
    """

    kind: str = "unknown"
    ref: str = ""
    attributes: Mapping[str, Shape] = field(default_factory=dict)


@dataclass(frozen=True)
class Condition:
    """A condition about one input.

    Attributes:
        subject: the input, or an attribute of it, such as ``var.pool.nodes``.
        function: the condition with the subject replaced by ``candidate``.
        constants: every constant in it.
        exact: its answer depends only on how the subject, its length or its whole part compares with the constants.
        by_length: it asks for the length.
    """

    subject: str
    function: str
    constants: tuple[Any, ...]
    exact: bool
    by_length: bool


@dataclass(frozen=True)
class Expression:
    """An expression; two with the same *normal* differ in layout and comments only.

    Attributes:
        value: what it comes to, as JSON data, when it refers to nothing; else `UNKNOWN`.
    """

    normal: str
    shape: Shape
    condition: Condition | None
    value: Any = UNKNOWN

    @property
    def keys(self) -> frozenset[str] | None:
        """Keys that it gives to a ``for_each``; None when they are not known."""
        if isinstance(self.value, dict):
            return frozenset(self.value)
        if isinstance(self.value, list) and all(isinstance(one, str) for one in self.value):
            return frozenset(self.value)
        return frozenset(self.shape.attributes) if self.shape.kind == "object" else None


def request(text: str) -> Request:
    """Return the question what a text says as an expression."""
    return {"op": "expression", "text": text}


def expression(answer: Answer) -> Expression:
    """Return what the answer to a `request` says."""
    found = answer.get("condition")
    condition = found and Condition(
        found["subject"],
        found["function"],
        tuple(found["constants"]),
        found["exact"],
        bool(found.get("by_length")),
    )
    value = answer.get("value", UNKNOWN)
    return Expression(answer["normal"], _shape(answer["shape"]), condition or None, value)


def _shape(raw: Mapping[str, Any]) -> Shape:
    inner = {name: _shape(item) for name, item in (raw.get("attributes") or {}).items()}
    return Shape(raw["kind"], raw.get("ref", ""), inner)


def retyped(
    old: Shape, new: Shape, where: str = "it", *, inputs: Mapping[str, str]
) -> tuple[list[str], list[str], bool]:
    """Return what is lost, what is new, and whether everything could be seen.

    Args:
        inputs: reference -> type of inputs, for where one side is nothing but an input.
    """
    if old == new:
        return [], [], old.kind != "unknown" or bool(old.ref)
    if not (old.ref and new.ref):
        old, new = (Shape(inputs[one.ref]) if one.ref in inputs else one for one in (old, new))
    if "unknown" in (old.kind, new.kind):
        return [], [], False
    if old.kind != new.kind:
        # An object is a map to most who read it.
        alike = {old.kind, new.kind} == {"object", "map"}
        return ([], [], False) if alike else ([f"{where} was a {old.kind} and is a {new.kind}"], [], True)
    lost = [f"attribute {name} is gone" for name in old.attributes if name not in new.attributes]
    gained = [name for name in new.attributes if name not in old.attributes]
    seen = old.kind not in ("list", "set", "map")
    for name in old.attributes.keys() & new.attributes.keys():
        pair = old.attributes[name], new.attributes[name]
        more, also, known = retyped(*pair, f"attribute {name}", inputs=inputs)
        lost, gained, seen = lost + more, gained + also, seen and known
    return sorted(lost), sorted(gained), seen
