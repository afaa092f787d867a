"""Masks the values Terraform marks as sensitive, before anything else of the course sees them."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

#: The words Terraform itself prints.
SENSITIVE_TEXT = "(sensitive value)"
#: Shorter strings would mask ordinary words when they turn up elsewhere.
MIN_LENGTH = 5


#: Stands for a value Terraform did not give at all.
WITHHELD = object()


class Sensitive(str):
    """A value that prints, formats and serialises as ``(sensitive value)``; `reveal` gives the real one.

    Two of them are equal when what they hide is equal, so a change can be seen without being shown.
    """

    __slots__ = ("_hidden",)
    _hidden: Any

    def __new__(cls, hidden: Any) -> Sensitive:
        """Return a text that hides *hidden*."""
        self = super().__new__(cls, SENSITIVE_TEXT)
        self._hidden = hidden
        return self

    def reveal(self) -> Any:
        """Return the hidden value. Do not print it in a cell: outputs are saved with the notebook."""
        return self._hidden

    def __repr__(self) -> str:
        return SENSITIVE_TEXT

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sensitive) and bool(self._hidden == other._hidden)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(SENSITIVE_TEXT)

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        # A pickle or a copy on disk must not carry the secret.
        return (str, (SENSITIVE_TEXT,))


def mask_document(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a plan or state document (``terraform show -json``) with every sensitive value masked.

    A provider may copy a sensitive input into an unmarked attribute; such copies are found by value
    and masked too.
    """
    found: list[Sensitive] = []
    masked: dict[str, Any] = _mask_tree(raw, found)
    secret = _sensitive_variables(raw)
    for name, variable in (masked.get("variables") or {}).items():
        if name in secret and "value" in variable:
            masked["variables"][name] = {**variable, "value": _hide(variable["value"], found)}
    known = {
        form for item in found for text in _leaves(item.reveal()) for form in _forms(text) if len(form) >= MIN_LENGTH
    }
    return _mask_copies(masked, sorted(known, key=len, reverse=True)) if known else masked


def _hide(value: Any, found: list[Sensitive]) -> Sensitive:
    found.append(hidden := Sensitive(value))
    return hidden


def _mask(value: Any, marks: Any, found: list[Sensitive]) -> Any:
    """Return *value* with the parts named by *marks* (Terraform's ``*_sensitive`` tree) hidden."""
    if marks is True:
        return None if value is None else _hide(value, found)
    if not marks:
        return value
    if isinstance(value, dict) and isinstance(marks, dict):
        return {key: _mask(item, marks.get(key), found) for key, item in value.items()}
    if isinstance(value, list) and isinstance(marks, list):
        padded = marks + [None] * (len(value) - len(marks))
        return [_mask(item, mark, found) for item, mark in zip(value, padded, strict=False)]
    return value


def _sensitive_variables(raw: dict[str, Any]) -> set[str]:
    declared = ((raw.get("configuration") or {}).get("root_module") or {}).get("variables") or {}
    return {name for name, variable in declared.items() if variable.get("sensitive")}


def _either(one: Any, other: Any) -> Any:
    """Return marks that hide what either of two marks hides: Terraform hides both sides of such a change."""
    if one is True or other is True:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _either(one.get(key), other.get(key)) for key in (*one, *other)}
    if isinstance(one, list) and isinstance(other, list):
        longest = max(len(one), len(other))
        return [_either(*pair) for pair in zip(_padded(one, longest), _padded(other, longest), strict=True)]
    return one or other


def _padded(marks: list[Any], length: int) -> list[Any]:
    return [*marks, *[None] * (length - len(marks))]


def _forms(text: str) -> set[str]:
    """Return a secret as it may stand elsewhere: as it is, inside a JSON text, in base64, in an address."""
    return {text, json.dumps(text)[1:-1], base64.b64encode(text.encode()).decode(), quote(text, safe="")}


#: Sibling keys that carry the marks of a value, in plan, state and output documents.
_MARKS = {
    "values": "sensitive_values",
    "before": "before_sensitive",
    "after": "after_sensitive",
    "config_values": "config_sensitive",
}


def _mask_tree(node: Any, found: list[Sensitive]) -> Any:
    if isinstance(node, list):
        return [_mask_tree(item, found) for item in node]
    if not isinstance(node, dict):
        return node
    out = {}
    for key, item in node.items():
        if key in _MARKS and _MARKS[key] in node:
            # Values have no marks of their own inside.
            marks = node[_MARKS[key]]
            if key in ("before", "after"):
                marks = _either(node.get("before_sensitive"), node.get("after_sensitive"))
            out[key] = _mask(item, marks, found)
        elif key in ("value", "default") and node.get("sensitive") is True:
            out[key] = _hide(item, found)
        else:
            out[key] = _mask_tree(item, found) if isinstance(item, dict | list) else item
    return out


def _leaves(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {str(value)}
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*(_leaves(child) for child in children))


def _mask_copies(node: Any, known: list[str]) -> Any:
    if isinstance(node, dict):
        return {key: _mask_copies(item, known) for key, item in node.items()}
    if isinstance(node, list):
        return [_mask_copies(item, known) for item in node]
    if isinstance(node, int | float) and not isinstance(node, bool):
        return Sensitive(node) if str(node) in known else node
    if not isinstance(node, str) or isinstance(node, Sensitive):
        return node
    if node in known:
        return Sensitive(node)
    for secret in known:
        node = node.replace(secret, SENSITIVE_TEXT)
    return node


def has_sensitive(node: Any) -> bool:
    """Return whether *node* is, or contains, a masked value."""
    if isinstance(node, dict):
        return any(has_sensitive(item) for item in node.values())
    if isinstance(node, list):
        return any(has_sensitive(item) for item in node)
    return isinstance(node, Sensitive)
