"""The tree of applications: what manages what, does it match Git, does it work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from helpers.core.html.elements import Html, head, page
from helpers.widgets.renderers.application_nodes import TreeNode, application_nodes, folded, resource_nodes, tree_nodes
from helpers.widgets.renderers.gitops import applications_tally, count, several
from helpers.widgets.renderers.tree_draw import grid_figure, legend, tree_figure

if TYPE_CHECKING:
    from helpers.clients.argocd.types import Application, ResourceTree

#: More applications than this are drawn as a grid of cells.
MAX_TREE = 12

Applications = tuple["Application", ...]


def settled(applications: Sequence[Application]) -> bool:
    """Are there applications, and is each Synced and Healthy with no operation under way?"""
    return bool(applications) and all(
        a.sync == "Synced" and a.health == "Healthy" and (a.operation is None or a.operation.done) for a in applications
    )


def application_tree_html(
    source: Application | Iterable[Application] | ResourceTree,
    *,
    root: str = "",
    trees: Mapping[str, ResourceTree] | None = None,
) -> str:
    """Return applications as a tree: root, children, resources. Many are drawn as a grid, grouped, with counts.

    Args:
        source: applications, or the resource tree of one.
        root: draw only this application and what it manages.
        trees: resource trees by application, to draw also what Kubernetes made (ReplicaSets, Pods).
    """
    if hasattr(source, "nodes"):
        nodes = tree_nodes(cast("ResourceTree", source))
        title = head("Resources", count(len(nodes), "node"), *legend(nodes))
        return page(title, tree_figure(folded(nodes)), label="Tree of resources")
    found = under(tuple(several(source)), root)
    title = head("Applications", count(len(found), "application"), *applications_tally(list(found)))
    return page(title, figure(found, trees or {}), label="Tree of applications")


def under(applications: Applications, root: str) -> Applications:
    """Return the application *root* and all that it manages, directly or not; all when *root* is empty."""
    if not root:
        return applications
    known, todo, kept = {a.name: a for a in applications}, [root], dict[str, Any]()
    while todo:
        name = todo.pop()
        if name in known and name not in kept:
            kept[name] = known[name]
            todo += known[name].children
    return tuple(kept.values())


def figure(applications: Applications, trees: Mapping[str, ResourceTree]) -> Html:
    """Return the drawing: a tree with resources, or a grid when there are many applications."""
    nodes = application_nodes(applications)
    if sum(n.kind == "Application" for n in nodes) > MAX_TREE:
        return grid_figure(nodes)
    resources: list[TreeNode] = []
    for app in sorted(applications, key=lambda a: a.name):
        resources += resource_nodes(app, trees.get(app.name))
    return tree_figure(folded([*nodes, *resources]))
