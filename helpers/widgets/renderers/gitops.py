"""Static displays of what Argo CD and Kubernetes answer: applications, operations, differences, objects, events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from helpers.core.html.elements import (
    Html,
    code,
    cut,
    definitions,
    details,
    dim,
    head,
    join,
    mark,
    page,
    rows_html,
    tag,
    text,
)
from helpers.core.html.style import Mark
from helpers.widgets.renderers.yaml_diff import changes_table, side_by_side_diff, status_part, yaml_part

if TYPE_CHECKING:
    from helpers.clients.argocd.types import Application, Operation, ResourceResult
    from helpers.clients.kubernetes.types import Difference, Event, FieldChange, Object

#: What a comparison is called, by `helpers.kubernetes.types.Difference`.
DIFFERENCES: dict[str, Mark] = {
    "same": Mark("=", "the same", "good"),
    "different": Mark("≠", "different", "bad"),
    "missing": Mark("○", "missing in the cluster", "bad"),
    "extra": Mark("+", "not in Git", "bad"),
}
#: Worst first; what is not known comes before what is merely under way.
HEALTH_ORDER = ("Degraded", "Missing", "Unknown", "Progressing", "Suspended", "Healthy")
SYNC_ORDER = ("OutOfSync", "Unknown", "Synced")


class Compared(Protocol):
    """A live object beside the desired one: `ResourceDiff` of Argo CD, `ObjectDiff` of Kubernetes."""

    @property
    def kind(self) -> str:
        """The kind."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def namespace(self) -> str:
        """The namespace; empty for cluster-wide kinds."""

    @property
    def live(self) -> dict[str, Any] | None:
        """What is there."""

    @property
    def desired(self) -> dict[str, Any] | None:
        """What is desired."""

    @property
    def changes(self) -> tuple[FieldChange, ...]:
        """The places that differ."""

    @property
    def status(self) -> Difference:
        """How they differ, in one word."""


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def several(items: Any) -> list[Any]:
    """Return *items* as a list; one item alone is a list of one."""
    return list(items) if isinstance(items, list | tuple | set | frozenset) or hasattr(items, "__next__") else [items]


def short(revision: str) -> str:
    """Return a commit as people write it; a branch or a version stays whole."""
    plain = revision.lower()
    return revision[:8] if len(plain) >= 40 and all(c in "0123456789abcdef" for c in plain) else cut(revision, 40)


def short_image(image: str) -> Html:
    """Return an image: its name, and the first 12 characters of its digest; one that is not pinned is marked."""
    name, _, digest = image.partition("@")
    if not digest:
        return join((code(cut(name, 80)), " ", mark(Mark("!", "not pinned", "change"))))
    return join((code(cut(name.rpartition("/")[2], 60)), " ", dim(f"{digest[:19]}…")))


def tally(words: Iterable[str], order: tuple[str, ...]) -> list[Html]:
    """Return each state with how often it occurs, worst first."""
    counted = Counter(words)
    known = [w for w in order if counted[w]]
    return [mark(w, counted[w]) for w in [*known, *sorted(set(counted) - set(known) - {""})]]


def health_mark(health: str) -> Html:
    """Return a health; kinds that have none get nothing."""
    return mark(health) if health else dim("–")


def applications_html(applications: Application | Iterable[Application]) -> str:
    """Return applications as a table: sync, health, revision, and what Argo CD complains about."""
    found = sorted(several(applications), key=lambda a: a.name)
    table = rows_html(
        ["Application", "Project", "Sync", "Health", "Revision", "Namespace"],
        map(_application, found),
        empty="No applications.",
    )
    title = head(count(len(found), "application"), *applications_tally(found))
    inside = details("Resources", resources_table(found[0])) if len(found) == 1 and found[0].resources else ""
    return page(title, table, inside, label="Applications")


def applications_tally(found: list[Application]) -> list[Html]:
    """Return how many applications are in which state."""
    return [*tally((a.sync for a in found), SYNC_ORDER), *tally((a.health for a in found), HEALTH_ORDER)]


def _application(app: Application) -> list[object]:
    complaints = [
        tag("span", mark("Warning"), " ", f"{c.type}: {cut(c.message, 400)}", class_="m-risk") for c in app.conditions
    ]
    target = dim(f" {cut(app.target_revision, 40)}") if app.target_revision else ""
    name = join((code(app.name), *complaints))
    revision = join((code(short(app.revision)) if app.revision else dim("none"), target))
    return [name, app.project, mark(app.sync), mark(app.health), revision, code(app.destination_namespace)]


def resources_table(app: Application) -> Html:
    """Return what an application manages."""
    order = sorted(app.resources, key=lambda r: (r.kind, r.namespace, r.name))
    rows = [[r.kind, code(r.name), mark(r.sync), health_mark(r.health), _resource_note(r)] for r in order]
    return rows_html(["Kind", "Name", "Sync", "Health", "Message"], rows, empty="It manages nothing yet.")


def _resource_note(resource: Any) -> str:
    words = ["to be pruned"] if resource.requires_pruning else []
    return "; ".join([*words, *([cut(resource.message, 300)] if resource.message else [])])


def _result(resource: ResourceResult) -> str:
    # Argo CD gives the phase of a hook to what is none, and lets it stay at Running.
    failed = resource.hook_phase in ("Failed", "Error")
    return (resource.hook_phase if failed else resource.status or resource.hook_phase) or "Unknown"


def operation_html(operation: Operation) -> str:
    """Return what a sync did with each resource. Times are left out, so that the same work looks the same."""
    facts = {"Revision": code(short(operation.revision)) if operation.revision else "", "Started by": operation.by}
    rows = [
        [r.kind, code(r.name), mark(_result(r)), cut(r.message, 300)]
        for r in sorted(operation.resources, key=lambda r: (r.kind, r.namespace, r.name))
    ]
    table = rows_html(["Kind", "Name", "Result", "Message"], rows) if rows else ""
    message = tag("p", cut(operation.message, 1000)) if operation.message else ""
    title = head("Sync, dry run" if operation.dry_run else "Sync", mark(operation.phase))
    return page(title, message, definitions(facts), table, label="Sync operation")


def compared_name(item: Compared) -> str:
    """Return kind, namespace and name in one line."""
    return f"{item.kind} {item.namespace}/{item.name}" if item.namespace else f"{item.kind} {item.name}"


def resource_diff_html(diffs: Compared | Iterable[Compared], *, desired: str = "Git") -> str:
    """Return resources, live and desired side by side, with the changed lines marked.

    Args:
        diffs: one comparison or many.
        desired: where the desired state comes from.
    """
    found = sorted(several(diffs), key=compared_name)
    differing = [d for d in found if d.status != "same"]
    title = head(f"Live and {desired}", *(_difference(s, found) for s in DIFFERENCES))
    parts = [
        details(
            join((code(compared_name(d)), " ", mark(DIFFERENCES[d.status]))),
            diff_part(d, desired),
            open=len(differing) <= 3,
        )
        for d in differing
    ]
    empty = tag("p", mark("unknown", "nothing was compared")) if not found else ""
    return page(title, empty, *parts, label=f"Live and {desired} side by side")


def _difference(status: str, found: list[Compared]) -> Html | str:
    number = sum(d.status == status for d in found)
    return mark(DIFFERENCES[status], number) if number else ""


def diff_part(item: Compared, desired: str = "Git") -> Html:
    """Return one comparison: the fields that differ, then both objects side by side."""
    names = ("Live, in the cluster", f"Desired, in {desired}")
    if item.status == "same":
        return tag("p", mark(DIFFERENCES["same"]), " ", dim(f"The cluster matches {desired}."))
    few = changes_table(item.changes, names) if 0 < len(item.changes) <= 12 else ""
    return join((few, side_by_side_diff(item.live, item.desired, names=names)))


def object_html(found: Object | Iterable[Object]) -> str:
    """Return one live object, or many as a table. Values of Secrets stay masked."""
    items = several(found)
    if len(items) != 1:
        rows = sorted([o.kind, code(o.namespace), code(o.name), _conditions(o)] for o in items)
        return page(rows_html(["Kind", "Namespace", "Name", "Message"], rows, empty="No objects."), label="Objects")
    one = items[0]
    facts = {"Namespace": code(one.namespace) if one.namespace else "", "API version": code(one.api_version)}
    title = head(join((text(one.kind), " ", code(one.name))), _conditions(one))
    return page(title, definitions(facts), yaml_part(one.raw), status_part(one.raw), label="Object")


def _conditions(one: Object) -> Html:
    """Return the conditions that are true, and those that are false with why; names of the API, no verdict of ours."""
    words = []
    status = one.raw.get("status") if isinstance(one.raw.get("status"), dict) else {}
    conditions = (status or {}).get("conditions")
    for c in conditions if isinstance(conditions, list) else ():
        if isinstance(c, dict):
            why = f" ({c.get('reason')})" if c.get("status") != "True" and c.get("reason") else ""
            words.append(f"{c.get('type')}={c.get('status')}{why}")
    return dim(cut(", ".join(words), 300))


def events_html(events: Event | Iterable[Event]) -> str:
    """Return events of a cluster, oldest first; the time of day is left out, the order is what tells."""
    found = sorted(several(events), key=lambda e: (e.last, e.about.kind, e.about.name, e.reason))
    warnings = sum(e.type == "Warning" for e in found)
    rows = [
        [mark(e.type), e.reason, join((text(e.about.kind), " ", code(e.about.name))), cut(e.message, 500), e.count]
        for e in found
    ]
    title = head(count(len(found), "event"), mark("Warning", warnings) if warnings else "")
    table = rows_html(["Type", "Reason", "About", "Message", "#Times"], rows, empty="No events.")
    return page(title, table, label="Events")
