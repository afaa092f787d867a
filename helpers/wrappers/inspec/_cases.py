"""Makes single questions out of controls: what is expected of which thing, with the words InSpec has for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from helpers.wrappers.inspec.profile import ControlSpec, Expectation, Profile

_PLACE = re.compile(r"\{(item|input:[a-z_]+)\}")


@dataclass(frozen=True)
class Case:
    """One expectation on one thing, with every place filled in."""

    control: str
    kind: str
    target: str
    asks: str
    matcher: str
    value: Any
    path: tuple[str, ...] = ()
    http: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code_desc(self) -> str:
        """What is expected, as InSpec words it."""
        thing = {
            "file": f"File {self.target}",
            "port": f"Port {self.target}",
            "http": f"HTTP {self.http.get('method', 'GET')} on {self.target}",
            "json": "JSON content",
        }[self.kind]
        if not self.matcher:
            return f"{thing} is expected to {'be listening' if self.asks == 'listening' else self.asks}"
        name = f" {list(self.path)}" if self.path else f" {self.asks}"
        how = {"is": f"cmp == {self.value!r}", "one_of": f"be in {self.value}", "only": f"all be in {self.value}"}
        return f"{thing}{name} is expected to {how[self.matcher]}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return asdict(self)


def lacks_input(control: ControlSpec, values: Mapping[str, Any]) -> bool:
    """Return whether a required input is empty, so that the control is skipped."""
    return any(values[name] in ("", [], None) for name in control.required)


def cases(profile: Profile, values: Mapping[str, Any], without: frozenset[str]) -> Iterator[Case]:
    """Yield the questions of a profile in its order, but those of the controls *without*."""
    for control in profile.controls:
        if control.id in without:
            continue
        for item in values[control.for_each] if control.for_each else ("",):
            for one in control.expect:
                yield _case(control, one, values, str(item))


def _case(control: ControlSpec, one: Expectation, values: Mapping[str, Any], item: str) -> Case:
    def fill(text: str) -> str:
        return _PLACE.sub(lambda m: item if m[1] == "item" else str(values[m[1].removeprefix("input:")]), text)

    path = tuple(map(fill, one.path))
    return Case(
        control.id, control.kind, fill(control.target), one.property, one.matcher, one.value, path, control.http
    )
