"""Static displays of plans: the tree of changes, one resource's attributes, the graph, the blast radius."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from helpers.core.html.elements import (
    Html,
    code,
    cut,
    details,
    dim,
    head,
    join,
    mark,
    page,
    rows_html,
    tag,
    text,
    value_text,
)
from helpers.core.html.style import RISK
from helpers.widgets.renderers.draw import figure
from helpers.widgets.renderers.graph import ResourceGraph, dot_graph, plan_graph
from helpers.widgets.renderers.risk import Risk, plan_risks
from helpers.wrappers.terraform.types import Plan

if TYPE_CHECKING:
    from helpers.wrappers.terraform.types import AttributeChange, Diagnostic, Graph, OutputChange, ResourceChange

    Drawable: TypeAlias = Plan | Graph | ResourceGraph | str

#: More resources than this are counted, not listed.
MAX_LISTED = 200
#: More attributes than this, of one resource and of all that are listed, are counted as well: a page stays readable.
MAX_ATTRIBUTES, MAX_ROWS = 40, 600
#: Characters of a value in a list of many.
MAX_VALUE = 160
#: Order in which kinds of change are counted and filtered.
SHOWN_ACTIONS = (
    "unknown action",
    "create",
    "update",
    "replace",
    "create, forget",
    "delete",
    "forget",
    "read",
    "no-op",
)


def plan_html(plan: Plan) -> str:
    """Return a plan: counts, risks, changes by module with their attributes, outputs and graph."""
    risks = plan_risks(plan)
    listed = [c for c in plan.resource_changes if c.action != "no-op" or c.moves]
    return page(
        summary(plan, risks),
        diagnostics_part(plan.diagnostics),
        tree(listed, risks, nothing=_nothing(plan)),
        more(plan),
        _outputs(plan.output_changes),
        _drifted(plan),
        details("Dependency graph", figure(plan_graph(plan))) if 1 < len(plan.resource_changes) <= 400 else "",
        label=f"{plan.tool} plan",
    )


def summary(plan: Plan, risks: Sequence[Risk]) -> Html:
    """Return Terraform's sentence, the counts and the risks of the plan as a whole."""
    counts = [mark(a, plan.count(a)) for a in SHOWN_ACTIONS if plan.count(a)]
    verdict = mark("error", "planning failed; this plan cannot be applied") if plan.errored else ""
    imported = sum(bool(c.importing) for c in plan.resource_changes)
    moved = sum(c.moves and not c.importing for c in plan.resource_changes)
    first = "".join(f"{n} to {word}, " for n, word in ((imported, "import"), (moved, "move")) if n)
    title = f"Plan: {first}{plan.summary}" if plan.changes or first else "Plan: no resource changes"
    risky = len({risk.address for risk in risks if risk.address})
    noted = mark(RISK, f"in {risky} resource{'s' if risky != 1 else ''}") if risky else ""
    whole = [tag("span", mark(RISK), " ", risk.reason, class_="m-risk") for risk in risks if not risk.address]
    return join((head(title, verdict, *counts, noted), *whole))


def _nothing(plan: Plan) -> str:
    return "Nothing changes here." if plan.complete and not plan.actions else ""


def more(plan: Plan) -> Html:
    """Return what a plan holds besides changes of resources: what it defers, actions, checks that failed."""
    parts: list[Html] = []
    if not plan.complete or plan.deferred:
        rows = [
            [code(d.change.label), mark(str(d.change.action)), dim(d.reason.replace("_", " "))] for d in plan.deferred
        ]
        title = join((mark("waiting"), " This plan is not complete: another one has to follow the apply"))
        parts.append(details(title, rows_html(["Left to a later plan", "Action", "Why"], rows[:MAX_LISTED]), open=True))
    if plan.actions:
        rows = [[code(a.address), code(a.type), code(a.trigger), code(value_text(a.config))] for a in plan.actions]
        columns = ["Action", "Type", "Triggered by", "Configuration"]
        parts.append(
            details(f"Actions that run besides: {len(rows)}", rows_html(columns, rows[:MAX_LISTED]), open=True)
        )
    failed = [check for check in plan.checks if check.status in ("fail", "error")]
    if failed:
        rows = [[code(c.address), mark(c.status), text("; ".join(c.problems))] for c in failed[:MAX_LISTED]]
        parts.append(
            details(f"Checks that did not hold: {len(failed)}", rows_html(["Check", "", "Says"], rows), open=True)
        )
    return join(parts)


def tree(
    changes: Sequence[ResourceChange],
    risks: Sequence[Risk],
    *,
    unfold: Collection[str] = (),
    nothing: str = "Nothing changes here.",
) -> Html:
    """Return the changes by module, each unfolding to its attributes."""
    if not changes:
        return tag("p", dim(nothing)) if nothing else Html("")
    room = MAX_ROWS
    modules: dict[str, list[ResourceChange]] = defaultdict(list)
    for change in changes[:MAX_LISTED]:
        modules[change.module_address].append(change)
    parts: list[Html] = []
    for module in sorted(modules):
        items = []
        for change in modules[module]:
            reasons = reasons_of(risks, change.label)
            items.append(entry(change, reasons, open=change.address in unfold, most=min(room, MAX_ATTRIBUTES)))
            room = max(0, room - len(change.changed_attributes()))
        name = join((code(module), dim(f" {len(items)}"))) if module else ""
        parts.append(details(name, *items, open=True) if module else join(items))
    if len(changes) > MAX_LISTED:
        parts.append(tag("p", dim(f"… and {len(changes) - MAX_LISTED:,} more; see plan.resource_changes.")))
    return join(parts)


def reasons_of(risks: Iterable[Risk], address: str) -> list[str]:
    """Return the reasons that concern one resource."""
    return [risk.reason for risk in risks if risk.address == address]


def entry(
    change: ResourceChange, reasons: Sequence[str], *, open: bool = False, most: int | None = MAX_ATTRIBUTES
) -> Html:
    """Return one resource: action, address and risks on the line, attributes below it."""
    line = [mark(str(change.action)), " ", code(change.label)]
    line += [join((" ", tag("span", mark(RISK), " ", reason, class_="m-risk"))) for reason in reasons]
    return details(join(line), attribute_diff(change, most=most), open=open)


def attribute_diff(change: ResourceChange, *, most: int | None = None) -> Html:
    """Return what changes in one resource, attribute by attribute; of many the first *most*, and how many more."""
    facts = [
        f"was {change.previous_address}" if change.previous_address else "",
        f"imports {change.importing}" if change.importing else "",
        change.action_reason.replace("_", " "),
    ]
    line = join((dim(text(fact)) for fact in facts if fact), " · ")
    created, deleted = change.before is None, change.after is None and change.action == "delete"
    columns = ["Attribute", *([] if created else ["Before"]), *([] if deleted else ["After"]), "Note"]
    changed = change.changed_attributes()
    shown = changed if most is None else changed[:most]
    rows = [_row(a, created, deleted, short=most is not None) for a in shown]
    left = len(changed) - len(shown)
    rest = tag("p", dim(f"… and {left:,} more; see plan[{change.address!r}].changed_attributes().")) if left else ""
    table = rows_html(columns, rows, empty="No attribute changes.") if rows or not left else ""
    return join((tag("p", line) if line else "", table, rest))


def _row(item: AttributeChange, created: bool, deleted: bool, *, short: bool = False) -> list[object]:
    before, after = tag("del", code(_brief(item.before, short))), _after(item, short)
    if isinstance(item.before, str) and isinstance(item.after, str) and not item.sensitive and "\n" in item.before:
        before, after = dim("text of several lines"), _line_diff(item.before, item.after)
    notes = [n for n, on in (("forces replacement", item.forces_replacement), ("sensitive", item.sensitive)) if on]
    note = join((mark(RISK, n) if n.startswith("forces") else dim(n) for n in notes), " ")
    return [code(item.path), *([] if created else [before]), *([] if deleted else [after]), note]


def _after(item: AttributeChange, short: bool) -> Html:
    if item.known_after_apply:
        return tag("em", "known after apply")
    return tag("ins", code(_brief(item.after, short)))


def _brief(value: Any, short: bool) -> str:
    return value_text(value, MAX_VALUE) if short else value_text(value)


def _line_diff(before: str, after: str) -> Html:
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2))[2:]
    return tag("pre", cut("\n".join(lines), 4000))


def _outputs(changes: Sequence[OutputChange]) -> Html:
    rows = [
        [
            code(o.name),
            mark(str(o.action)),
            tag("em", "known after apply") if o.known_after_apply else _shown(o.after, o.sensitive),
        ]
        for o in changes
        if o.action != "no-op"
    ]
    return details(f"Outputs: {len(rows)} change", rows_html(["Output", "Action", "After"], rows)) if rows else Html("")


def _shown(value: Any, sensitive: bool) -> Html:
    return dim("(sensitive value)") if sensitive else code(value_text(value))


def _drifted(plan: Plan) -> Html:
    if not plan.drift:
        return Html("")
    title = join((mark("drifted"), f" {len(plan.drift)} changed outside of {plan.tool}"))
    return details(title, *(entry(c, ()) for c in plan.drift))


def diagnostics_part(items: Sequence[Diagnostic]) -> Html:
    """Return errors and warnings with the place and line of the configuration they speak of."""
    parts = []
    for item in items:
        where = item.where or item.address
        line = join((mark(item.severity), " ", text(item.summary), *((" ", dim(text(where))) if where else ())))
        body = [
            tag("pre", cut(item.snippet, 2000)) if item.snippet else "",
            tag("p", cut(item.detail, 2000)) if item.detail else "",
        ]
        parts.append(details(line, *body, open=item.severity == "error") if any(body) else tag("p", line))
    return join(parts)


def _graph(subject: Drawable, dot: Graph | str) -> ResourceGraph:
    text_of = dot if isinstance(dot, str) else dot.dot
    if isinstance(subject, ResourceGraph):
        return subject
    if isinstance(subject, str):
        return dot_graph(subject)

    return plan_graph(subject, text_of) if isinstance(subject, Plan) else dot_graph(subject.dot)


def graph_svg(subject: Drawable, *, dot: Graph | str = "") -> str:
    """Return the dependency graph of a plan, or that of ``terraform graph``.

    Args:
        subject: a plan, a graph, or DOT text.
        dot: for a plan, the output of ``terraform graph`` (``tf.graph()``): it knows local values too.
    """
    return page(figure(_graph(subject, dot)), label="Dependency graph")


def blast_radius_svg(subject: Drawable, changed: Collection[str] | None = None, *, dot: Graph | str = "") -> str:
    """Return the graph with everything brought out that a change can reach.

    Args:
        subject: a plan, a graph, or DOT text.
        changed: addresses that change; by default those the plan changes. An address also names what is inside it
            (a module's resources, a resource's instances).
        dot: see `graph_svg`.
    """
    graph = _graph(subject, dot)
    starts = changed_nodes(graph, changed)
    hot = starts | graph.dependants(starts)
    sizes = {node.id: len(node.addresses) for node in graph.nodes}
    first, reach, total = (sum(sizes[i] for i in ids) for ids in (starts, hot, sizes))
    caption = f"Blast radius: {first} changed, {reach} of {total} resources in reach."
    return page(figure(graph, hot=hot, caption=caption), label="Blast radius")


def changed_nodes(graph: ResourceGraph, changed: Collection[str] | None) -> set[str]:
    """Return the nodes that hold a changed address."""
    if changed is None:
        return {node.id for node in graph.nodes if node.action not in ("no-op", "read")}
    return {node.id for node in graph.nodes for a in node.addresses if any(_within(a, wanted) for wanted in changed)}


def _within(address: str, wanted: str) -> bool:
    return address == wanted or address.startswith((f"{wanted}.", f"{wanted}["))
