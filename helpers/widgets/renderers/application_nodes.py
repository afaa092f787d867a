"""The nodes of the tree of applications: which manages which, and what each is made of. Knows nothing of drawing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from helpers.widgets.renderers.gitops import HEALTH_ORDER, SYNC_ORDER, count

if TYPE_CHECKING:
    from helpers.clients.argocd.types import Application, ResourceStatus, ResourceTree

#: More leaves than this cannot be read side by side; those without trouble are drawn as one.
MAX_LEAVES = 24


@dataclass(frozen=True)
class TreeNode:
    """One box: an application, an ApplicationSet, a resource, or many resources as one (*members* > 1).

    Attributes:
        parent: id of the node that owns it; empty for a root.
        sync: Argo CD's word; empty for what is not in Git (a Pod).
        health: Argo CD's word; empty for kinds that have none.
    """

    id: str
    parent: str
    title: str
    kind: str
    sync: str = ""
    health: str = ""
    note: str = ""
    members: int = 1

    @property
    def fine(self) -> bool:
        """Is there nothing to look at? What is not known is something to look at."""
        return self.sync in ("", "Synced") and self.health in ("", "Healthy")


def application_nodes(applications: Sequence[Application]) -> tuple[TreeNode, ...]:
    """Return the applications with the one each belongs to, parents before children, sorted by name."""
    applications = sorted(applications, key=lambda a: a.name)
    known = {app.name: app for app in applications}
    parents: dict[str, str] = {}
    for app in applications:
        for child in app.children:
            parents.setdefault(child, app.name)
    nodes: dict[str, TreeNode] = {}
    for app in applications:
        owner = _owner(parents, app.name)
        parent = f"app/{owner}" if owner in known else ""
        if not parent and (maker := _maker(app)):
            parent = f"set/{maker}"
            nodes.setdefault(parent, TreeNode(parent, "", maker, "ApplicationSet"))
        note = "; ".join(c.type for c in app.conditions)
        nodes[f"app/{app.name}"] = TreeNode(
            f"app/{app.name}", parent, app.name, "Application", app.sync, app.health, note
        )
    for app in applications:
        for status in app.resources:
            # A child that we were not shown, or may not see: what its parent says of it.
            if status.kind == "Application" and status.name not in known:
                nodes.setdefault(
                    f"app/{status.name}", replace(_resource(status, f"app/{app.name}"), id=f"app/{status.name}")
                )
    return tuple(nodes.values())


def _owner(parents: Mapping[str, str], name: str) -> str:
    """Return who owns *name*; nobody when it owns itself, directly or in a circle."""
    seen, at = {name}, parents.get(name, "")
    while at:
        if at in seen:
            return ""
        seen.add(at)
        at = parents.get(at, "")
    return parents.get(name, "")


def _maker(app: Application) -> str:
    meta = app.raw.get("metadata") if isinstance(app.raw, Mapping) else None
    owners = meta.get("ownerReferences") if isinstance(meta, Mapping) else None
    return next((str(o.get("name", "")) for o in owners or () if o.get("kind") == "ApplicationSet"), "")


def resource_nodes(app: Application, tree: ResourceTree | None = None) -> tuple[TreeNode, ...]:
    """Return what an application is made of; with its *tree*, also what Kubernetes made from that (Pods)."""
    top = f"app/{app.name}"
    statuses = {_key(r.kind, r.namespace, r.name): r for r in app.resources if r.kind != "Application"}
    if tree is None:
        return tuple(_resource(r, top) for _, r in sorted(statuses.items()))
    uids = {node.uid for node in tree.nodes}
    found, shown = [], set()
    for node in sorted(tree.nodes, key=lambda n: (n.kind, n.namespace, n.name)):
        key = _key(node.kind, node.namespace, node.name)
        if node.kind == "Application":
            continue
        parent = next((f"{top}/{p}" for p in node.parents if p in uids and p != node.uid), top)
        status = statuses.get(key)
        shown.add(key)
        found.append(
            TreeNode(
                f"{top}/{node.uid}",
                parent,
                node.name,
                node.kind,
                status.sync if status else "",
                node.health or (status.health if status else ""),
                node.message,
            )
        )
    # What Git wants and the cluster does not have is in no tree of live resources.
    found += [_resource(r, top) for key, r in sorted(statuses.items()) if key not in shown]
    return tuple(found)


def _key(kind: str, namespace: str, name: str) -> tuple[str, str, str]:
    return kind, namespace, name


def _resource(status: ResourceStatus, parent: str) -> TreeNode:
    note = "to be pruned" if status.requires_pruning else status.message
    name = f"{parent}/{status.kind}/{status.namespace}/{status.name}"
    return TreeNode(name, parent, status.name, status.kind, status.sync, status.health, note)


def tree_nodes(tree: ResourceTree) -> tuple[TreeNode, ...]:
    """Return a resource tree of its own, without the application it belongs to."""
    uids = {node.uid for node in tree.nodes}
    return tuple(
        TreeNode(
            n.uid, next((p for p in n.parents if p in uids and p != n.uid), ""), n.name, n.kind, "", n.health, n.message
        )
        for n in sorted(tree.nodes, key=lambda n: (n.kind, n.namespace, n.name))
    )


def worst(words: Iterable[str], order: tuple[str, ...]) -> str:
    """Return the worst of some states; nothing when there is none."""
    found = {w for w in words if w}
    return next((w for w in order if w in found), next(iter(sorted(found)), ""))


def folded(nodes: Sequence[TreeNode], limit: int = MAX_LEAVES) -> tuple[TreeNode, ...]:
    """Return *nodes* with about *limit* leaves at most: siblings without trouble become one, then all of a kind."""
    for fold in (_fold_fine, _fold_kinds):
        if len(_leaves(nodes)) <= limit:
            break
        nodes = fold(nodes)
    return tuple(nodes)


def _leaves(nodes: Sequence[TreeNode]) -> list[TreeNode]:
    owners = {node.parent for node in nodes}
    return [node for node in nodes if node.id not in owners and not node.id.startswith("set/")]


def _fold_fine(nodes: Sequence[TreeNode]) -> tuple[TreeNode, ...]:
    return _merge(nodes, lambda node: "" if node.fine else node.id)


def _fold_kinds(nodes: Sequence[TreeNode]) -> tuple[TreeNode, ...]:
    return _merge(nodes, lambda node: node.kind)


def _merge(nodes: Sequence[TreeNode], by: Callable[[TreeNode], str]) -> tuple[TreeNode, ...]:
    """Return *nodes* with leaves of one parent and one key drawn as one; applications stay."""
    leaves = {node.id for node in _leaves(nodes) if node.kind != "Application"}
    groups: dict[tuple[str, str], list[TreeNode]] = defaultdict(list)
    for node in nodes:
        if node.id in leaves:
            groups[(node.parent, by(node))].append(node)
    kept = [node for node in nodes if node.id not in leaves]
    for (parent, key), members in groups.items():
        kept.append(members[0] if len(members) == 1 else _as_one(parent, key, members))
    return tuple(kept)


def _as_one(parent: str, key: str, members: Sequence[TreeNode]) -> TreeNode:
    kinds = sorted({m.kind for m in members})
    number = sum(m.members for m in members)
    title = f"{number} × {kinds[0]}" if len(kinds) == 1 else count(number, "resource")
    return TreeNode(
        id=f"{parent}/*{key}",
        parent=parent,
        title=title,
        kind=", ".join(kinds),
        sync=worst((m.sync for m in members), SYNC_ORDER),
        health=worst((m.health for m in members), HEALTH_ORDER),
        note="; ".join(dict.fromkeys(m.note for m in members if m.note)),
        members=number,
    )
