"""The controls of a profile, read from the one file that both engines are served from.

A profile is a directory that InSpec executes as it is: ``inspec.yml`` and ``controls/*.rb``. Beside them stands
``controls.yaml``, the source: the Ruby files are generated from it, and pytest-testinfra executes it itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from helpers.core import yaml_reader
from helpers.core.paths import IAC
from helpers.wrappers.inspec.types import BadProfile

#: The course's own profile.
PLATFORM = IAC / "compliance" / "profile"
Kind = Literal["file", "port", "http", "json"]
#: What can be asked of each kind of thing; a property without a matcher is a yes-or-no question.
PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "file": ("exist", "mode", "owner"),
    "port": ("listening", "addresses"),
    "http": ("status",),
    "json": ("content",),
}
_YES_NO = ("exist", "listening")
MATCHERS = ("is", "one_of", "only")
#: A control in Ruby, as it begins.
_RUBY_ID = re.compile(r"^\s*control\s*\(?\s*['\"]([^'\"]+)['\"]", re.MULTILINE)
_CONTROL = {"id", "title", "desc", "impact", "soc2", "owner", "for_each", "needs", "check", "expect"}


@dataclass(frozen=True)
class Expectation:
    """One thing expected. *matcher* is ``is``, ``one_of``, ``only`` (each of several), or empty for yes."""

    property: str
    matcher: str = ""
    value: Any = None
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class ControlSpec:
    """One control as it is written down.

    Attributes:
        kind: ``file``, ``port``, ``http`` or ``json``. target: its path, number, URL or command.
        for_each: input that lists what it is asked for; empty for once. needs: inputs that must not be empty.
        http: ``method`` and ``headers`` of a request.
    """

    id: str
    title: str
    desc: str
    impact: float
    soc2: tuple[str, ...]
    kind: Kind
    target: str
    expect: tuple[Expectation, ...]
    owner: str = ""
    for_each: str = ""
    needs: tuple[str, ...] = ()
    http: Mapping[str, Any] = field(default_factory=dict)

    @property
    def required(self) -> tuple[str, ...]:
        """Inputs without which there is nothing to ask, so that the control is skipped."""
        return tuple(dict.fromkeys((*([self.for_each] if self.for_each else []), *self.needs)))


@dataclass(frozen=True)
class Profile:
    """A profile: what ``inspec.yml`` says, and its controls.

    Attributes:
        inputs: name -> default. sha256: digest of the source and the metadata, hex.
        ids: of its controls. ruby_only: it has no ``controls.yaml``; *controls* is empty, and only InSpec executes it.
    """

    directory: Path
    name: str
    title: str
    version: str
    inputs: Mapping[str, Any]
    controls: tuple[ControlSpec, ...]
    sha256: str
    ruby_only: bool = False
    ids: tuple[str, ...] = ()

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return every input with the value given or its default.

        Raises:
            BadProfile: an input is not declared, or its value has another type than the default.
        """
        for name, value in given.items():
            if name not in self.inputs:
                raise _bad(f"there is no input {name!r}; there are {', '.join(self.inputs)}")
            if type(value) is not type(self.inputs[name]):
                kind = "a list" if isinstance(self.inputs[name], list) else type(self.inputs[name]).__name__
                raise _bad(f"the input {name!r} is {kind}")
        return {**self.inputs, **given}


def load(directory: Path = PLATFORM) -> Profile:
    """Return the profile in a directory. One of Ruby alone, from elsewhere, has no controls that we can read.

    Raises:
        BadProfile: a file is missing or says something that neither engine can execute.
    """
    try:
        ruby = sorted((directory / "controls").glob("*.rb")) if not (directory / "controls.yaml").exists() else []
        sources = [directory / "inspec.yml", *(ruby or [directory / "controls.yaml"])]
        texts = [path.read_text(encoding="utf-8") for path in sources]
        said = yaml_reader.load(texts[0])
        source: Any = {"version": 1, "controls": ()} if ruby else yaml_reader.load(texts[1])
        inputs = {str(one["name"]): one.get("value", "") for one in said.get("inputs") or ()}
        if source["version"] != 1:
            raise _bad("version: 1 is the only one there is")
        controls = tuple(_control(raw, inputs) for raw in source["controls"] or ())
        names = (str(said["name"]), str(said.get("title", "")), str(said.get("version", "")))
    except (OSError, UnicodeDecodeError, yaml_reader.InvalidYaml) as error:
        raise _bad(str(error)) from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _bad(f"{type(error).__name__}: {error}") from None
    ids = tuple(_RUBY_ID.findall("\n".join(texts[1:]))) if ruby else tuple(one.id for one in controls)
    if len(set(ids)) != len(ids):
        raise _bad("each control has an id of its own")
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    return Profile(directory, *names, inputs, controls, digest, bool(ruby), ids)


def _control(raw: Mapping[str, Any], inputs: Mapping[str, Any]) -> ControlSpec:
    if strange := set(raw) - _CONTROL:
        raise _bad(f"unknown fields: {', '.join(sorted(map(str, strange)))}")
    ((kind, asked),) = raw["check"].items()
    if kind not in PROPERTIES:
        raise _bad(f"check is one of {', '.join(PROPERTIES)}, not {kind!r}")
    http = dict(asked) if kind == "http" else {}
    control = ControlSpec(
        id=str(raw["id"]),
        title=str(raw["title"]),
        desc=str(raw["desc"]),
        impact=float(raw["impact"]),
        soc2=tuple(map(str, raw["soc2"])),
        kind=kind,
        target=str(http.pop("url") if kind == "http" else asked),
        expect=tuple(_expectation(one, kind) for one in raw["expect"]),
        owner=str(raw.get("owner", "")),
        for_each=str(raw.get("for_each", "")),
        needs=tuple(map(str, raw.get("needs", ()))),
        http=http,
    )
    if not control.expect or not 0 <= control.impact <= 1:
        raise _bad(f"{control.id}: it expects something, and its impact is between 0 and 1")
    if unknown := set(control.required) - set(inputs):
        raise _bad(f"{control.id}: there is no input {', '.join(sorted(unknown))}")
    return control


def _expectation(raw: Mapping[str, Any], kind: str) -> Expectation:
    used = [name for name in MATCHERS if name in raw]
    name = str(raw["property"])
    if name not in PROPERTIES[kind] or set(raw) - {"property", "path", *MATCHERS}:
        raise _bad(f"a {kind} has {', '.join(PROPERTIES[kind])}, and {', '.join(MATCHERS)}")
    if len(used) != (0 if name in _YES_NO else 1):
        raise _bad(f"{name}: one of {', '.join(MATCHERS)}, none for {', '.join(_YES_NO)}")
    matcher = used[0] if used else ""
    value = raw[matcher] if used else None
    if matcher in ("one_of", "only") and (not isinstance(value, list) or not value):
        raise _bad(f"{name}: {matcher} has a list")
    return Expectation(name, matcher, value, tuple(map(str, raw.get("path", ()))))


def _bad(why: str) -> BadProfile:
    return BadProfile("The profile is not valid", why=why, next="Correct inspec.yml or controls.yaml of the profile.")
