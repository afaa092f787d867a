"""Compares two bills of materials."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from packaging.version import InvalidVersion, Version

from helpers.core.display import Displayed
from helpers.wrappers.sbom.types import Component, Sbom

Direction = Literal["upgraded", "downgraded", "replaced", "changed"]


@dataclass(frozen=True)
class ComponentChange:
    """One component that is another now.

    Attributes:
        direction: ``upgraded`` or ``downgraded``; ``replaced`` when the version is the same and the content is not;
            ``changed`` when the two versions have no order (a commit, a word, a version that is not known).
    """

    old: Component
    new: Component
    direction: Direction

    def __repr__(self) -> str:
        return f"ComponentChange({self.direction}: {self.new.name} {self.old.version} -> {self.new.version})"


@dataclass(frozen=True)
class LicenceChange:
    """A component, in both versions of the subject, with other licences than before."""

    name: str
    type: str
    old: tuple[str, ...]
    new: tuple[str, ...]

    def __repr__(self) -> str:
        return f"LicenceChange({self.name}: {', '.join(self.old) or 'none'} -> {', '.join(self.new) or 'none'})"


@dataclass(frozen=True)
class SbomDiff(Displayed):
    """What has changed between two bills of materials.

    Attributes:
        old, new: the two. added, removed: components that only one of them has.
        changed: components in another version, or in the same with other content. licences: changes of licences.
    """

    old: Sbom
    new: Sbom
    added: tuple[Component, ...]
    removed: tuple[Component, ...]
    changed: tuple[ComponentChange, ...]
    licences: tuple[LicenceChange, ...]

    @property
    def same(self) -> bool:
        """Whether both list the same components with the same content and licences."""
        return not (self.added or self.removed or self.changed or self.licences)

    def of(self, direction: Direction) -> tuple[ComponentChange, ...]:
        """Return the changes in one direction."""
        return tuple(change for change in self.changed if change.direction == direction)

    def __repr__(self) -> str:
        counts = f"+{len(self.added)} -{len(self.removed)} ~{len(self.changed)}, {len(self.licences)} licences"
        return f"SbomDiff({self.old.subject} -> {self.new.subject}: {counts})"


def diff(old: Sbom, new: Sbom) -> SbomDiff:
    """Return what has changed from *old* to *new*; the two may be in different formats.

    A component is the same one when name and type are. Where there are several versions of it, those that are only on
    one side are paired from the lowest on.
    """
    before, after = _by_name(old.components), _by_name(new.components)
    added: list[Component] = []
    removed: list[Component] = []
    changed: list[ComponentChange] = []
    licences: list[LicenceChange] = []
    for key in sorted(before.keys() | after.keys()):
        ones, others = before.get(key, {}), after.get(key, {})
        pairs = [(ones[version], others[version]) for version in ones.keys() & others.keys()]
        gone = _ordered(c for v, c in ones.items() if v not in others)
        came = _ordered(c for v, c in others.items() if v not in ones)
        moved = list(zip(gone, came, strict=False))
        removed += gone[len(moved) :]
        added += came[len(moved) :]
        changed += [ComponentChange(a, b, _direction(a.version, b.version)) for a, b in moved]
        changed += [ComponentChange(a, b, "replaced") for a, b in pairs if _other_content(a, b)]
        licences += [
            LicenceChange(b.name, b.type, a.licences, b.licences)
            for a, b in (*pairs, *moved)
            if a.licences != b.licences
        ]
    return SbomDiff(old, new, tuple(added), tuple(removed), tuple(changed), tuple(licences))


def _by_name(components: Iterable[Component]) -> dict[tuple[str, str], dict[str, Component]]:
    found: dict[tuple[str, str], dict[str, Component]] = defaultdict(dict)
    for component in components:
        found[component.type, component.name][component.version] = component
    return found


def _ordered(components: Iterable[Component]) -> list[Component]:
    def key(component: Component) -> tuple[bool, Version, str]:
        version = _version(component.version)
        return version is None, version or Version("0"), component.version

    return sorted(components, key=key)


def _other_content(old: Component, new: Component) -> bool:
    """Say whether a hash that both have differs; one that only one side has says nothing."""
    ones, others = dict(old.hashes), dict(new.hashes)
    return any(ones[name] != others[name] for name in ones.keys() & others.keys())


def _direction(old: str, new: str) -> Direction:
    before, after = _version(old), _version(new)
    if before is None or after is None or before == after:
        return "changed"
    return "upgraded" if after > before else "downgraded"


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
