"""Writes the Ruby of a profile from its source, in the resources and matchers of InSpec's own documentation.

Resources: ``file``, ``port``, ``http``, ``json({ command: })``. Matchers: ``cmp``, ``be_in``, ``all``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from helpers.core.files import write_atomic
from helpers.wrappers.inspec.profile import ControlSpec, Expectation, Profile

_HEAD = "# Generated from controls.yaml by: python -m helpers.wrappers.inspec   Change that file, not this one.\n"
_PLACE = re.compile(r"\{(item|input:[a-z_]+)\}")


def files(profile: Profile) -> dict[str, str]:
    """Return name -> content of the Ruby files of a profile, one a group of controls (``acme-keys-01`` -> keys.rb)."""
    groups: dict[str, list[ControlSpec]] = {}
    for control in profile.controls:
        parts = control.id.split("-")
        groups.setdefault(f"{parts[1] if len(parts) > 1 else parts[0]}.rb", []).append(control)
    return {name: _HEAD + "".join("\n" + ruby(one) for one in found) for name, found in groups.items()}


def write(profile: Profile) -> tuple[Path, ...]:
    """Write ``controls/*.rb``, remove others that are there, and return the paths."""
    folder, made = profile.directory / "controls", files(profile)
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.rb"):
        if old.name not in made:
            old.unlink()
    for name, content in made.items():
        write_atomic(folder / name, content)
    return tuple(folder / name for name in made)


def ruby(control: ControlSpec) -> str:
    """Return one control as Ruby."""
    body = list(_describe(control))
    if control.for_each:
        body = [f"input({_text(control.for_each)}).each do |item|", *_in(body), "end"]
    lines = [
        f"impact {control.impact}",
        f"title {_text(control.title)}",
        f"desc {_text(control.desc)}",
        f"tag soc2: {_value(list(control.soc2))}",
        f"tag owner: {_text(control.owner)}",
    ]
    if control.required:
        # One for all: of several, InSpec keeps only the last one's message.
        names = [f"input({_text(name)})" for name in control.required]
        why = _text(f"an input is empty: {', '.join(control.required)}")
        lines.append(f"only_if({why}) {{ [{', '.join(names)}].none?(&:empty?) }}")
    return "\n".join([f"control {_text(control.id)} do", *_in([*lines, "", *body]), "end", ""])


def _describe(control: ControlSpec) -> Iterator[str]:
    yield f"describe {_resource(control)} do"
    yield from _in(_it(one) for one in control.expect)
    yield "end"


def _resource(control: ControlSpec) -> str:
    target = "item" if control.target == "{item}" else _interpolated(control.target)
    if control.kind == "json":
        return f"json({{ command: {target} }})"
    if control.kind == "http":
        more = f", method: {_text(control.http['method'])}" if "method" in control.http else ""
        if headers := control.http.get("headers"):
            more += f", headers: {_value(dict(headers))}"
        return f"http({target}, ssl_verify: false{more})"
    return f"{control.kind}({target})"


def _it(one: Expectation) -> str:
    if not one.matcher:
        return f"it {{ should {'be_listening' if one.property == 'listening' else one.property} }}"
    subject = _text(one.property)
    if one.path:
        subject = "[" + ", ".join("item" if key == "{item}" else _text(key) for key in one.path) + "]"
    matcher = {
        "is": f"cmp {_value(one.value)}",
        "one_of": f"be_in {_value(one.value)}",
        "only": f"all(be_in({_value(one.value)}))",
    }[one.matcher]
    return f"its({subject}) {{ should {matcher} }}"


def _interpolated(text: str) -> str:
    """Return Ruby for a text with places: an expression where it is one, else a string that is put together."""
    if whole := re.fullmatch(_PLACE, text):
        return _place(whole[1])
    parts = _PLACE.split(text)
    return '"' + "".join(f"#{{{_place(p)}}}" if i % 2 else _escaped(p) for i, p in enumerate(parts)) + '"'


def _place(name: str) -> str:
    return "item" if name == "item" else f"input('{name.removeprefix('input:')}')"


def _value(value: Any) -> str:
    """Return a value of YAML as a Ruby literal."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_text(str(k))} => {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if value is None:
        return "nil"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("#", "\\#")


def _in(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" if line else line for line in lines]
