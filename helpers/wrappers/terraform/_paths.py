"""Finds the attributes that differ between two values of a resource, by path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from helpers.core.sensitive import has_sensitive

Path = tuple[str | int, ...]
#: path, before, after, sensitive, known after apply, forces replacement
Row = tuple[str, Any, Any, bool, bool, bool]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


def attribute_changes(before: Any, after: Any, unknown: Any, replace_paths: tuple[Path, ...]) -> list[Row]:
    """Return one row for each differing leaf, sorted by path."""
    rows: list[Row] = []
    steps: dict[str, list[tuple[bool, int, str]]] = {}
    for path, old, new, later in _walk((), before, after, unknown):
        sensitive = has_sensitive(old) or has_sensitive(new)
        forces = any(path[: len(p)] == p or p[: len(path)] == path for p in replace_paths)
        rows.append((path_text(path), old, new, sensitive, later, forces))
        # Numbers by their value: l[2] stands before l[10].
        steps[rows[-1][0]] = [(isinstance(s, int), s if isinstance(s, int) else 0, str(s)) for s in path]
    return sorted(rows, key=lambda row: steps[row[0]])


def path_text(path: Path) -> str:
    """Return a path in Terraform's notation: ``tags["team"]``, ``rule[0].port``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _IDENTIFIER.match(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


def _walk(path: Path, before: Any, after: Any, unknown: Any) -> Iterator[tuple[Path, Any, Any, bool]]:
    if unknown is True:
        yield path, before, None, True
    elif isinstance(before, dict | list) or isinstance(after, dict | list) or _has_unknown(unknown):
        steps = list(dict.fromkeys([*_keys(before), *_keys(after), *_keys(unknown)]))
        if not steps and before != after:
            yield path, before, after, False
        for step in steps:
            yield from _walk((*path, step), _get(before, step), _get(after, step), _get(unknown, step))
    elif before != after:
        yield path, before, after, False


def _has_unknown(tree: Any) -> bool:
    if isinstance(tree, dict | list):
        return any(_has_unknown(item) for item in (tree.values() if isinstance(tree, dict) else tree))
    return tree is True


def _keys(value: Any) -> list[str | int]:
    if isinstance(value, dict):
        return list(value)
    return list(range(len(value))) if isinstance(value, list) else []


def _get(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None
