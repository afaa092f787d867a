"""The tree of applications, live: what manages what, does it match Git, does it work."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets

from helpers.core.html.elements import Html, code, cut, definitions, dim, head, join, mark, page, tag
from helpers.widgets.base import button, choose, controls, frame, pick, side_by_side
from helpers.widgets.live import Live
from helpers.widgets.renderers.application_nodes import folded, resource_nodes
from helpers.widgets.renderers.application_tree import Applications, figure, settled, under
from helpers.widgets.renderers.gitops import applications_tally, count, several, short, short_image
from helpers.widgets.renderers.shapes import meaning
from helpers.widgets.renderers.tree_draw import tree_figure

if TYPE_CHECKING:
    from helpers.clients.argocd.types import Application, ResourceTree


class ApplicationTree(Live[Applications]):
    """Shows applications and follows them: ``ApplicationTree(argo.applications, until=settled).watch()``.

    Args:
        source: applications; or a callable that gives them; or an iterable of `ApplicationEvent`.
        root: show only this application and what it manages.
        tree: gives the resource tree of an application, for a button that shows its Pods too.
        every: seconds between two questions to a callable.
        limit: seconds after which it stops watching.
        until: ends the watch, for example `settled`.
    """

    def __init__(
        self,
        source: Any,
        *,
        root: str = "",
        tree: Callable[[str], ResourceTree] | None = None,
        every: float = 1.0,
        limit: float = 60.0,
        until: Callable[[Applications], bool] | None = None,
    ) -> None:
        self._apps: dict[str, Application] = {}
        self._trees: dict[str, ResourceTree] = {}
        self._root, self._tree = root, tree
        super().__init__(source, every=every, limit=limit, until=until)

    def __repr__(self) -> str:
        bad = sum(a.sync != "Synced" or a.health != "Healthy" for a in self.value)
        return f"ApplicationTree({count(len(self.value), 'application')}, {bad} not Synced and Healthy)"

    @property
    def value(self) -> Applications:
        """The applications as they are known now, sorted by name."""
        return under(tuple(self._apps[name] for name in sorted(self._apps)), self._root)

    def take(self, item: Any) -> None:
        """Take in an event, or a new list of applications."""
        found = several(item)
        if not any(hasattr(one, "application") for one in found):
            self._apps = {app.name: app for app in found}
            return
        for event in found:
            if event.kind == "DELETED":
                self._apps.pop(event.application.name, None)
            else:
                self._apps[event.application.name] = event.application

    def static(self) -> tuple[Html | str, ...]:
        """Return title and drawing."""
        apps = self.value
        return head("Applications", count(len(apps), "application"), *applications_tally(list(apps))), figure(apps, {})

    def _build(self) -> Any:
        self._head, self._view, self._note = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self._filter = choose("Show", [("all", "all"), ("not Synced or not Healthy", "trouble")], self._changed)
        self._list, self._detail = pick("Applications", self._changed, rows=8), ipywidgets.HTML()
        self._pods = button(
            "Show its Pods too", lambda _: self._fetch(), hint="Load the resource tree of the selected application"
        )
        self._pods.layout.display = "" if self._tree else "none"
        row = controls(self._filter, self._pods, self.stop_button())
        box = frame(self._head, self._view, self._note, row, side_by_side(self._list, self._detail))
        return self.begin(box)

    def draw(self) -> None:
        """Draw what changed; what did not is left alone, so that focus and scrolling stay."""
        apps = self.value
        title = self.status_line("Applications", count(len(apps), "application"), *applications_tally(list(apps)))
        self._put(self._head, page(title))
        self._put(self._view, page(figure(apps, {})))
        self._put(self._note, page(self.notice()))
        self._refill()

    def _put(self, widget: Any, source: str) -> None:
        if widget.value != source:
            widget.value = source

    def _changed(self, _: Any = None) -> None:
        with self._lock:
            self._refill()

    def _refill(self) -> None:
        shown = [a for a in self.value if self._filter.value == "all" or not settled([a])]
        options = [(_line(a), a.name) for a in shown]
        if list(self._list.options) != options:
            before = self._list.value
            self._list.options = options
            names = [a.name for a in shown]
            self._list.value = before if before in names else (names[0] if names else None)
        app = self._apps.get(self._list.value)
        self._put(self._detail, page(self.detail(app) if app else tag("p", dim("No application to show."))))

    def detail(self, app: Application) -> Html:
        """Return one application: facts, complaints, and the tree of its resources."""
        facts = {
            "Project": app.project,
            "Revision": code(short(app.revision)) if app.revision else "",
            "Source": code(f"{cut(app.repo_url, 120)} {app.path}".strip()),
            "Images": join((short_image(i) for i in app.images), ", ") if app.images else "",
            "Last sync": mark(app.operation.phase) if app.operation else "",
        }
        complaints = [
            tag("span", mark("Warning"), " ", f"{c.type}: {cut(c.message, 300)}", class_="m-risk")
            for c in app.conditions
        ]
        nodes = folded(resource_nodes(app, self._trees.get(app.name)), 10)
        title = head(code(app.name), mark(app.sync), mark(app.health))
        return join(
            (title, *complaints, definitions(facts), tree_figure(nodes) if nodes else dim("It has no resources."))
        )

    def _fetch(self) -> None:
        name, tree = self._list.value, self._tree
        if name is None or tree is None:
            return

        def work() -> None:
            found = tree(name)
            with self._lock:
                self._trees[name] = found
                self._refill()

        self.background(work, lambda html: setattr(self._detail, "value", html), off=[self._pods])


def _line(app: Application) -> str:
    states = "  ".join(f"{meaning(w).symbol} {meaning(w).word}" for w in (app.health, app.sync))
    return f"{app.name}  {states}"
