"""Compares two interfaces of a module: what breaks its callers, and which version the change needs.

Source: Semantic Versioning 2.0.0, with a module's variables and outputs as its public interface.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from helpers._display import Displayed
from helpers._type_constraint import narrowed, parse
from helpers._version_constraint import refused
from helpers.errors import BadInput

if TYPE_CHECKING:
    from helpers.module_interface import Interface, Output, Variable

Bump = Literal["major", "minor", "patch"]
_ORDER: tuple[Bump, ...] = ("patch", "minor", "major")


@dataclass(frozen=True)
class Change:
    """One change: its kind (``variable-removed``, ``type-narrowed`` ...), of what, in words, and what it asks for."""

    kind: str
    name: str
    text: str
    bump: Bump

    @property
    def breaking(self) -> bool:
        """Whether a caller may have to change something, or gets something else."""
        return self.bump == "major"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class InterfaceDiff(Displayed):
    """All changes from one interface to another, breaking ones first."""

    changes: tuple[Change, ...] = ()

    @property
    def breaking(self) -> tuple[Change, ...]:
        """The changes that break callers."""
        return tuple(change for change in self.changes if change.breaking)

    @property
    def bump(self) -> Bump:
        """The part of the version that has to go up; ``patch`` when the interface is the same."""
        return max((change.bump for change in self.changes), key=_ORDER.index, default="patch")

    def next_version(self, current: str) -> str:
        """Return the lowest version that may follow *current*. Below 1.0.0 a breaking change raises the minor part.

        Raises:
            BadInput: *current* is no semantic version.
        """
        version = _version(current)
        bump = "minor" if version.major == 0 and self.bump == "major" else self.bump
        return str(version.next_version(bump))

    def allows(self, current: str, proposed: str) -> bool:
        """Return whether *proposed* is high enough to follow *current* with these changes.

        A pre-release counts as the version it leads to.

        Raises:
            BadInput: one of them is no semantic version.
        """
        return bool(_version(proposed).finalize_version() >= _version(self.next_version(current)))

    def __repr__(self) -> str:
        return f"InterfaceDiff({self.bump}: {len(self.breaking)} breaking of {len(self.changes)} changes)"

    def _repr_html_(self) -> str:
        from helpers.widgets import table_html

        rows = [["breaking" if c.breaking else c.bump, c.name, c.text] for c in self.changes]
        caption = f"Interface changes; the next version is a {self.bump} version"
        return table_html(["Weight", "Name", "Change"], rows, caption=caption, empty="The interface is the same.")


def _version(text: str) -> Any:
    from semver import Version

    try:
        return Version.parse(text.removeprefix("v"))
    except ValueError:
        raise BadInput(f"{text!r} is no version", why="Expected MAJOR.MINOR.PATCH.", next="1.0.0") from None


def compare(old: Interface, new: Interface) -> InterfaceDiff:
    """Return what changed from *old* to *new* for those who call the module."""
    changes = [*_variables(old, new), *_outputs(old, new), *_requirements(old, new)]
    if _inside(old) != _inside(new):
        changes.append(
            Change("inside", "", "resources or modules inside are others; read the plan of a caller", "patch")
        )
    return InterfaceDiff(tuple(sorted(changes, key=lambda c: (-_ORDER.index(c.bump), c.kind, c.name))))


def _inside(module: Interface) -> tuple[object, ...]:
    calls = [(call.name, call.source, call.version) for call in module.module_calls]
    return [resource.address for resource in module.resources], calls


def _pair(gone: Sequence[Any], come: Sequence[Any], same: Callable[[Any, Any], bool]) -> dict[str, str]:
    """Return renamed items, old name -> new name: alike in all but the name, and the names or words are near."""
    found: dict[str, str] = {}
    for old in gone:
        fits = [new for new in come if new.name not in found.values() and same(old, new) and _near(old, new)]
        if fits:
            found[old.name] = max(fits, key=lambda new: difflib.SequenceMatcher(None, old.name, new.name).ratio()).name
    return found


def _near(old: Any, new: Any) -> bool:
    described = bool(old.description) and old.description == new.description
    return described or difflib.SequenceMatcher(None, old.name, new.name).ratio() > 0.6


def _variables(old: Interface, new: Interface) -> Iterator[Change]:
    before, after = {v.name: v for v in old.variables}, {v.name: v for v in new.variables}
    gone, come = [before[n] for n in before if n not in after], [after[n] for n in after if n not in before]
    renamed = _pair(gone, come, lambda a, b: parse(a.type) == parse(b.type))
    for was in gone:
        if now := renamed.get(was.name):
            yield Change("variable-renamed", was.name, f"variable {was.name} was renamed to {now}", "major")
        else:
            yield Change("variable-removed", was.name, f"variable {was.name} was removed", "major")
    for item in come:
        if item.name in renamed.values():
            continue
        if item.required:
            yield Change("variable-new-required", item.name, f"variable {item.name} is new and required", "major")
        else:
            yield Change("variable-added", item.name, f"variable {item.name} is new, with a default", "minor")
    for name in before.keys() & after.keys():
        yield from _variable(before[name], after[name])


def _variable(old: Variable, new: Variable) -> Iterator[Change]:
    name, was, now = old.name, parse(old.type), parse(new.type)
    if reasons := narrowed(was, now):
        kind = "type-narrowed" if was.kind == now.kind or was.kind == "any" else "type-changed"
        yield Change(kind, name, f"the type of variable {name} accepts less: {'; '.join(reasons)}", "major")
    elif was != now:
        yield Change("type-widened", name, f"the type of variable {name} accepts more: {was} became {now}", "minor")
    if new.required != old.required:
        text = f"variable {name} " + ("lost its default and is required" if new.required else "got a default")
        yield Change("variable-now-required" if new.required else "variable-now-optional", name, text,
                     "major" if new.required else "minor")  # fmt: skip
    elif not new.required and old.default_digest != new.default_digest:
        values = "" if old.sensitive or new.sensitive else f" from {_json(old.default)} to {_json(new.default)}"
        text = f"the default of variable {name} changed{values}: a caller that leaves it out gets something else"
        yield Change("default-changed", name, text, "major")
    if old.sensitive != new.sensitive:
        text = f"variable {name} is {'now' if new.sensitive else 'no longer'} sensitive"
        yield Change("variable-sensitivity", name, text, "minor")
    if old.description != new.description:
        yield Change("description", name, f"variable {name} is described in other words", "patch")


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _outputs(old: Interface, new: Interface) -> Iterator[Change]:
    before, after = {o.name: o for o in old.outputs}, {o.name: o for o in new.outputs}
    gone, come = [before[n] for n in before if n not in after], [after[n] for n in after if n not in before]
    renamed = _pair(gone, come, lambda a, b: a.sensitive == b.sensitive)
    for was in gone:
        if now := renamed.get(was.name):
            yield Change("output-renamed", was.name, f"output {was.name} was renamed to {now}", "major")
        else:
            yield Change("output-removed", was.name, f"output {was.name} was removed", "major")
    for item in come:
        if item.name not in renamed.values():
            yield Change("output-added", item.name, f"output {item.name} is new", "minor")
    for name in before.keys() & after.keys():
        yield from _output(before[name], after[name])


def _output(old: Output, new: Output) -> Iterator[Change]:
    if new.sensitive and not old.sensitive:
        text = f"output {old.name} became sensitive: a caller that shows it has to say so"
        yield Change("output-sensitive", old.name, text, "major")
    elif old.sensitive and not new.sensitive:
        yield Change("output-not-sensitive", old.name, f"output {old.name} is no longer sensitive", "minor")
    if old.description != new.description:
        yield Change("description", old.name, f"output {old.name} is described in other words", "patch")


def _requirements(old: Interface, new: Interface) -> Iterator[Change]:
    yield from _versions("required_version", "Terraform", old.required_version, new.required_version)
    before, after = {p.name: p for p in old.providers}, {p.name: p for p in new.providers}
    for name in before.keys() & after.keys():
        was, now = before[name], after[name]
        if was.source != now.source:
            text = f"provider {name} comes from {now.source or 'the default'} instead of {was.source or 'the default'}"
            yield Change("provider-source", name, text, "major")
        yield from _versions("provider-version", f"provider {name}", was.version_constraints, now.version_constraints)
    for name in after.keys() - before.keys():
        yield Change("provider-added", name, f"provider {name} is needed now", "minor")
    for name in before.keys() - after.keys():
        yield Change("provider-removed", name, f"provider {name} is not needed any more", "minor")


def _versions(kind: str, name: str, old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    was, now = ", ".join(old) or "any version", ", ".join(new) or "any version"
    if version := refused(old, new):
        yield Change(f"{kind}-raised", name, f"{name} {version} is refused now: {was} became {now}", "major")
    elif refused(new, old):
        yield Change(f"{kind}-widened", name, f"more versions of {name} are accepted: {was} became {now}", "minor")
