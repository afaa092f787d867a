"""The graph of a plan: which resource depends on which, taken from the plan file or from ``terraform graph``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from helpers.widgets.renderers.risk import plan_risks

if TYPE_CHECKING:
    from helpers.wrappers.terraform.types import Plan

#: More nodes than this cannot be read; instances and then modules are drawn as one node.
MAX_NODES = 60
#: More instances of one resource than this are drawn as one node.
MAX_INSTANCES = 3

_INDEX = re.compile(r"\[(?:\"(?:[^\"\\]|\\.)*\"|[^\]]*)\]")
_ORDER = ("delete", "replace", "update", "create", "forget", "read", "no-op")


@dataclass(frozen=True)
class Node:
    """One box: a resource, all instances of one, or a whole module.

    Attributes:
        addresses: the resources it stands for.
        module: address of the module it belongs to; empty for the root.
        action: what happens to it; of several, the most severe.
        reasons: why it is risky.
    """

    id: str
    label: str
    kind: str
    module: str
    addresses: tuple[str, ...]
    action: str = "no-op"
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class ResourceGraph:
    """Boxes and arrows. An edge goes from a dependant to what it depends on; *note* says what may be missing."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    note: str = ""

    def dependants(self, ids: Iterable[str]) -> set[str]:
        """Return every node that depends on one of *ids*, directly or through others."""
        import networkx as nx  # 0.2 s; only graphs need it

        graph = self.networkx()
        return set().union(*(nx.ancestors(graph, i) for i in ids if i in graph)) if ids else set()

    def networkx(self) -> Any:
        """Return a ``networkx.DiGraph`` with the same ids and edges."""
        import networkx as nx  # 0.2 s; only graphs need it

        graph = nx.DiGraph()
        graph.add_nodes_from(node.id for node in self.nodes)
        graph.add_edges_from(self.edges)
        return graph


def plan_graph(plan: Plan, dot: str = "") -> ResourceGraph:
    """Return the graph of *plan*; *dot* is the text of ``terraform graph``, which knows local values too."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for risk in plan_risks(plan):
        reasons[risk.address].append(risk.reason)
    nodes = tuple(
        replace(_node_of(c.address, c.module_address), action=str(c.action), reasons=tuple(reasons[c.address]))
        for c in plan.resource_changes
    )
    if plan.dependencies is not None:
        edges = tuple(sorted(set(plan.dependencies)))
        return collapse(ResourceGraph(nodes, edges))
    if dot:
        pairs, note = list(_dot_pairs(dot)), ""
    else:
        found = _Configuration(plan.raw.get("configuration", {}))
        pairs, note = found.pairs(), found.note()
    return collapse(ResourceGraph(nodes, tuple(_instances(nodes, pairs)), note))


def dot_graph(dot: str) -> ResourceGraph:
    """Return the graph of the text of ``terraform graph``; without a plan, changes are not shown."""
    names = dict.fromkeys(re.findall(r'^\s*"([^"]+)" \[label', dot, re.M))
    pairs = set(_dot_pairs(dot))
    names.update(dict.fromkeys(name for pair in sorted(pairs) for name in pair))
    nodes = tuple(_node_of(name, _module_of(name)) for name in names)
    return collapse(ResourceGraph(nodes, tuple(sorted(pairs))))


#: One step of a module's address; an index may hold dots and brackets in quotes.
_MODULE = re.compile(r"module\.[^.\[]+(?:\[(?:\"(?:[^\"\\]|\\.)*\"|[^\]]*)\])?")


def _module_of(address: str) -> str:
    """Return the module's part of a resource address."""
    end = 0
    while step := _MODULE.match(address, end):
        end = step.end() + 1
    return address[: max(0, end - 1)]


def _node_of(address: str, module: str) -> Node:
    own = address.removeprefix(f"{module}.") if module else address
    data = "data." if own.startswith("data.") else ""
    kind, _, label = own.removeprefix("data.").partition(".")
    return Node(address, label or kind, data + kind, module, (address,))


def _dot_pairs(dot: str) -> Iterator[tuple[str, str]]:
    for source, target in re.findall(r'^\s*"((?:[^"\\]|\\.)+)" -> "((?:[^"\\]|\\.)+)"', dot, re.M):
        pair = tuple(_INDEX.sub("", name.removeprefix("[root] ").split(" (")[0]) for name in (source, target))
        if pair[0] != pair[1]:
            yield pair[0], pair[1]


def _instances(nodes: Iterable[Node], pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield edges between instances for edges between resources of the configuration."""
    by_resource: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        by_resource[_INDEX.sub("", node.id)].append(node.id)
    for source, target in sorted(set(pairs)):
        for a in by_resource.get(source, ()):
            yield from ((a, b) for b in by_resource.get(target, ()) if a != b)


def collapse(graph: ResourceGraph, limit: int = MAX_NODES) -> ResourceGraph:
    """Return *graph* with many instances drawn as one node and, above *limit* nodes, modules as one node each."""
    graph = _merge(graph, _by_instances(graph))
    depth = max((len(_MODULE.findall(node.module)) for node in graph.nodes), default=0)
    while len(graph.nodes) > limit and depth > 0:
        graph = _merge(
            graph,
            {
                node.id: _module_prefix(node.module, depth)
                for node in graph.nodes
                if len(_MODULE.findall(node.module)) >= depth
            },
        )
        depth -= 1
    return graph


def _by_instances(graph: ResourceGraph) -> dict[str, str]:
    groups: dict[str, list[str]] = defaultdict(list)
    for node in graph.nodes:
        # Only the resource's own index: instances of a module stay apart.
        tail = node.id.removeprefix(f"{node.module}.") if node.module else node.id
        groups[(f"{node.module}." if node.module else "") + _INDEX.sub("", tail)].append(node.id)
    return {i: f"{name}[*]" for name, ids in groups.items() if len(ids) > MAX_INSTANCES for i in ids}


def _module_prefix(module: str, depth: int) -> str:
    return ".".join(_MODULE.findall(module)[:depth])


def _merge(graph: ResourceGraph, into: Mapping[str, str]) -> ResourceGraph:
    merged: dict[str, Node] = {}
    for node in graph.nodes:
        name = into.get(node.id)
        if name is None:
            merged[node.id] = node
        elif name in merged:
            known = merged[name]
            action = min(known.action, node.action, key=lambda a: _ORDER.index(a) if a in _ORDER else 99)
            merged[name] = replace(
                known, addresses=known.addresses + node.addresses, action=action, reasons=known.reasons + node.reasons
            )
        elif name.endswith("[*]"):
            merged[name] = replace(node, id=name, label=_INDEX.sub("", node.label) + "[*]")
        else:
            steps = _MODULE.findall(name)
            merged[name] = replace(node, id=name, label=steps[-1], kind="module", module=".".join(steps[:-1]))
    edges = {(into.get(a, a), into.get(b, b)) for a, b in graph.edges}
    return ResourceGraph(tuple(merged.values()), tuple(sorted(e for e in edges if e[0] != e[1])), graph.note)


class _Configuration:
    """Follows the references in a plan's ``configuration`` through variables and outputs of modules."""

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        self._root = configuration.get("root_module", {})
        self._locals = False

    def note(self) -> str:
        if not self._locals:
            return ""
        return "Dependencies through local values are not in a plan file; pass dot=tf.graph() to draw them."

    def pairs(self) -> list[tuple[str, str]]:
        return [pair for chain in self._modules((), ()) for pair in self._module_pairs(*chain)]

    def _modules(
        self, path: tuple[str, ...], above: tuple[Mapping[str, Any], ...]
    ) -> Iterator[tuple[tuple[str, ...], tuple[Mapping[str, Any], ...]]]:
        """Yield each module with its path and the chain of calls that leads to it."""
        yield path, above
        calls = self._module(above).get("module_calls", {})
        for name in calls:
            yield from self._modules((*path, name), (*above, calls[name]))

    def _module(self, chain: tuple[Mapping[str, Any], ...]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = chain[-1].get("module", {}) if chain else self._root
        return found

    def _module_pairs(self, path: tuple[str, ...], chain: tuple[Mapping[str, Any], ...]) -> Iterator[tuple[str, str]]:
        prefix = "".join(f"module.{name}." for name in path)
        # What a module call as a whole waits for, all of its resources wait for.
        outer = set()
        for i, call in enumerate(chain):
            each = [call.get("count_expression"), call.get("for_each_expression")]
            for ref in (*_references(each), *call.get("depends_on", ())):
                outer |= self._resolve(ref, path[:i], chain[:i], frozenset())
        for resource in self._module(chain).get("resources", ()):
            keys = [resource.get(k) for k in ("expressions", "count_expression", "for_each_expression")]
            found = set(outer)
            for ref in _specific([*_references(keys), *resource.get("depends_on", ())]):
                found |= self._resolve(ref, path, chain, frozenset())
            yield from ((prefix + resource["address"], target) for target in sorted(found))

    def _resolve(
        self, ref: str, path: tuple[str, ...], chain: tuple[Mapping[str, Any], ...], seen: frozenset[Any]
    ) -> set[str]:
        """Return the resources a reference leads to."""
        if (ref, path) in seen:
            return set()
        seen |= {(ref, path)}
        parts = _INDEX.sub("", ref).split(".")
        prefix = "".join(f"module.{name}." for name in path)
        match parts:
            case ["var", name, *_]:
                value = chain[-1].get("expressions", {}).get(name, {}) if chain else {}
                refs = _specific(_references(value))
                return self._all(refs, path[:-1], chain[:-1], seen)
            case ["local", *_]:
                self._locals = True
                return set()
            case ["module", name, *rest]:
                call = self._module(chain).get("module_calls", {}).get(name)
                return self._output(call, rest, (*path, name), chain, seen) if call else set()
            case ["data", kind, name, *_]:
                return {f"{prefix}data.{kind}.{name}"}
            case ["each" | "count" | "self" | "path" | "terraform", *_]:
                return set()
            case [kind, name, *_]:
                return {f"{prefix}{kind}.{name}"}
        return set()

    def _output(
        self,
        call: Mapping[str, Any],
        rest: list[str],
        path: tuple[str, ...],
        chain: tuple[Mapping[str, Any], ...],
        seen: frozenset[Any],
    ) -> set[str]:
        inside = (*chain, call)
        outputs = self._module(inside).get("outputs", {})
        wanted = [outputs[rest[0]]] if rest and rest[0] in outputs else list(outputs.values())
        refs = [r for o in wanted for r in (*_references(o.get("expression")), *o.get("depends_on", ()))]
        return self._all(_specific(refs), path, inside, seen)

    def _all(
        self, refs: Iterable[str], path: tuple[str, ...], chain: tuple[Mapping[str, Any], ...], seen: frozenset[Any]
    ) -> set[str]:
        return set().union(*(self._resolve(ref, path, chain, seen) for ref in refs))


def _references(node: Any) -> list[str]:
    """Return every reference in a tree of expressions."""
    if isinstance(node, Mapping):
        own = [r for r in node.get("references", ()) if isinstance(r, str)]
        return own + [r for key, item in node.items() if key != "references" for r in _references(item)]
    return [r for item in node for r in _references(item)] if isinstance(node, list | tuple) else []


def _specific(refs: Iterable[str]) -> list[str]:
    """Return *refs* without the prefixes that Terraform lists too (``module.m`` besides ``module.m.y``)."""
    known = sorted(set(refs))
    return [r for r in known if not any(o != r and o.startswith((f"{r}.", f"{r}[")) for o in known)]
