"""Results about a project as a whole: its state, graph, modules, format and initialisation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from helpers.core.sensitive import mask_document
from helpers.wrappers.terraform._messages import Diagnostic, Event


@dataclass(frozen=True)
class Version:
    """Answer of ``terraform version -json``; ``providers`` maps each locked provider to its version."""

    terraform: str
    platform: str
    providers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.terraform


@dataclass(frozen=True, repr=False)
class InitResult:
    """What ``init`` installed: provider and module messages in order, and warnings."""

    messages: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    events: tuple[Event, ...] = ()
    seconds: float = 0.0

    def __repr__(self) -> str:
        installed = sum(message.startswith("Installed ") for message in self.messages)
        return f"InitResult({installed} providers installed, {len(self.diagnostics)} warnings)"


@dataclass(frozen=True)
class Module:
    """One installed module, as ``terraform modules -json`` lists it."""

    key: str
    source: str
    version: str = ""


@dataclass(frozen=True, repr=False)
class FmtResult:
    """Answer of ``fmt``: the files that were not (or, after writing, had not been) in canonical format."""

    files: tuple[str, ...]
    diff: str = ""

    @property
    def formatted(self) -> bool:
        """Everything was in canonical format."""
        return not self.files

    def __repr__(self) -> str:
        return f"FmtResult({', '.join(self.files) or 'all files formatted'})"


@dataclass(frozen=True, repr=False)
class StateResource:
    """One object in the state; sensitive values are masked."""

    address: str
    mode: str
    type: str
    name: str
    index: str | int | None
    provider_name: str
    module_address: str
    values: dict[str, Any]

    def __repr__(self) -> str:
        return f"StateResource({self.address})"


@dataclass(frozen=True, repr=False)
class State:
    """The state as ``terraform show -json`` gives it; ``raw`` has sensitive values masked."""

    resources: tuple[StateResource, ...] = ()
    terraform_version: str = ""
    raw: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> State:
        """Return the state of a JSON document; an empty state has no resources."""
        raw = mask_document(document)
        root = (raw.get("values") or {}).get("root_module") or {}
        return cls(tuple(_resources(root)), raw.get("terraform_version", ""), raw)

    def __getitem__(self, address: str) -> StateResource:
        for resource in self.resources:
            if resource.address == address:
                return resource
        raise KeyError(address)

    def __contains__(self, address: object) -> bool:
        return any(resource.address == address for resource in self.resources)

    def __len__(self) -> int:
        return len(self.resources)

    def __repr__(self) -> str:
        return f"State({len(self.resources)} resources)"


def _resources(module: dict[str, Any]) -> Iterator[StateResource]:
    for raw in module.get("resources", ()):
        text = {key: raw.get(key, "") for key in ("address", "mode", "type", "name", "provider_name")}
        values = raw.get("values") or {}
        yield StateResource(**text, index=raw.get("index"), module_address=module.get("address", ""), values=values)
    for child in module.get("child_modules", ()):
        yield from _resources(child)


@dataclass(frozen=True, repr=False)
class Graph:
    """The dependency graph: ``edges`` are (dependent, what it depends on); ``dot`` is Terraform's own text."""

    nodes: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    dot: str

    @classmethod
    def from_dot(cls, dot: str) -> Graph:
        """Return the graph of the DOT text of ``terraform graph``; names are without its ``[root]`` decoration."""
        edges = [(_node(a), _node(b)) for a, b in re.findall(r'"((?:[^"\\]|\\.)*)" -> "((?:[^"\\]|\\.)*)"', dot)]
        nodes = [_node(name) for name in re.findall(r'^\s*"((?:[^"\\]|\\.)*)" \[', dot, re.MULTILINE)]
        ends = [end for edge in edges for end in edge]
        return cls(tuple(sorted({*nodes, *ends})), tuple(sorted(set(edges))), dot)

    def dependents(self, address: str) -> tuple[str, ...]:
        """Return all that depends on *address*, directly or not: its blast radius."""
        found: set[str] = set()
        front = {address}
        while front:
            front = {a for a, b in self.edges if b in front} - found - {address}
            found |= front
        return tuple(sorted(found))

    def __repr__(self) -> str:
        return f"Graph({len(self.nodes)} nodes, {len(self.edges)} edges)"


def _node(name: str) -> str:
    return re.sub(r"^\[root\] | \(.*\)$", "", name.replace('\\"', '"'))
