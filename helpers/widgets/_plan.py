"""Static displays of plans: the tree of changes, one resource's attributes, the graph, the blast radius."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from helpers.widgets._draw import figure
from helpers.widgets._graph import ResourceGraph, dot_graph, plan_graph
from helpers.widgets._html import (
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
from helpers.widgets._risk import Risk, plan_risks
from helpers.widgets._style import RISK

if TYPE_CHECKING:
    from helpers.terraform._project import Graph
    from helpers.terraform.types import AttributeChange, Diagnostic, OutputChange, Plan, ResourceChange

    Drawable: TypeAlias = Plan | Graph | ResourceGraph | str

#: More resources than this are counted, not listed.
MAX_LISTED = 200
#: Order in which kinds of change are counted and filtered.
SHOWN_ACTIONS = ("create", "update", "replace", "delete", "forget", "read", "no-op")


def plan_html(plan: Plan) -> str:
    """Return a plan: counts, risks, changes by module with their attributes, outputs and graph."""
    risks = plan_risks(plan)
    listed = [c for c in plan.resource_changes if c.action != "no-op"]
    return page(
        summary(plan, risks),
        diagnostics_part(plan.diagnostics),
        tree(listed, risks),
        _outputs(plan.output_changes),
        _drifted(plan.drift),
        details("Dependency graph", figure(plan_graph(plan))) if 1 < len(plan.resource_changes) <= 400 else "",
        label="Terraform plan",
    )


def summary(plan: Plan, risks: Sequence[Risk]) -> Html:
    """Return Terraform's sentence, the counts and the risks of the plan as a whole."""
    counts = [mark(a, plan.count(a)) for a in SHOWN_ACTIONS if plan.count(a)]
    verdict = mark("error", "planning failed; this plan cannot be applied") if plan.errored else ""
    title = f"Plan: {plan.summary}" if plan.changes else "Plan: no resource changes"
    risky = len({risk.address for risk in risks if risk.address})
    noted = mark(RISK, f"in {risky} resource{'s' if risky != 1 else ''}") if risky else ""
    whole = [tag("span", mark(RISK), " ", risk.reason, class_="m-risk") for risk in risks if not risk.address]
    return join((head(title, verdict, *counts, noted), *whole))


def tree(changes: Sequence[ResourceChange], risks: Sequence[Risk], *, unfold: Collection[str] = ()) -> Html:
    """Return the changes by module, each unfolding to its attributes."""
    if not changes:
        return tag("p", dim("Nothing changes here."))
    modules: dict[str, list[ResourceChange]] = defaultdict(list)
    for change in changes[:MAX_LISTED]:
        modules[change.module_address].append(change)
    parts: list[Html] = []
    for module in sorted(modules):
        items = [entry(c, reasons_of(risks, c.address), open=c.address in unfold) for c in modules[module]]
        name = join((code(module), dim(f" {len(items)}"))) if module else ""
        parts.append(details(name, *items, open=True) if module else join(items))
    if len(changes) > MAX_LISTED:
        parts.append(tag("p", dim(f"… and {len(changes) - MAX_LISTED:,} more; see plan.resource_changes.")))
    return join(parts)


def reasons_of(risks: Iterable[Risk], address: str) -> list[str]:
    """Return the reasons that concern one resource."""
    return [risk.reason for risk in risks if risk.address == address]


def entry(change: ResourceChange, reasons: Sequence[str], *, open: bool = False) -> Html:
    """Return one resource: action, address and risks on the line, attributes below it."""
    line = [mark(str(change.action)), " ", code(change.address)]
    line += [join((" ", tag("span", mark(RISK), " ", reason, class_="m-risk"))) for reason in reasons]
    return details(join(line), attribute_diff(change), open=open)


def attribute_diff(change: ResourceChange) -> Html:
    """Return what changes in one resource, attribute by attribute."""
    facts = [f"was {change.previous_address}" if change.previous_address else "",
             f"imports {change.importing}" if change.importing else "",
             change.action_reason.replace("_", " ")]  # fmt: skip
    said = join((dim(text(fact)) for fact in facts if fact), " · ")
    created, deleted = change.before is None, change.after is None and change.action == "delete"
    columns = ["Attribute", *([] if created else ["Before"]), *([] if deleted else ["After"]), "Note"]
    rows = [_row(a, created, deleted) for a in change.changed_attributes()]
    return join((tag("p", said) if said else "", rows_html(columns, rows, empty="No attribute changes.")))


def _row(item: AttributeChange, created: bool, deleted: bool) -> list[object]:
    before, after = tag("del", code(value_text(item.before))), _after(item)
    if isinstance(item.before, str) and isinstance(item.after, str) and not item.sensitive and "\n" in item.before:
        before, after = dim("text of several lines"), _line_diff(item.before, item.after)
    notes = [n for n, on in (("forces replacement", item.forces_replacement), ("sensitive", item.sensitive)) if on]
    note = join((mark(RISK, n) if n.startswith("forces") else dim(n) for n in notes), " ")
    return [code(item.path), *([] if created else [before]), *([] if deleted else [after]), note]


def _after(item: AttributeChange) -> Html:
    if item.known_after_apply:
        return tag("em", "known after apply")
    return tag("ins", code(value_text(item.after)))


def _line_diff(before: str, after: str) -> Html:
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2))[2:]
    return tag("pre", cut("\n".join(lines), 4000))


def _outputs(changes: Sequence[OutputChange]) -> Html:
    rows = [
        [code(o.name), mark(str(o.action)),
         tag("em", "known after apply") if o.known_after_apply else _shown(o.after, o.sensitive)]
        for o in changes if o.action != "no-op"
    ]  # fmt: skip
    return details(f"Outputs: {len(rows)} change", rows_html(["Output", "Action", "After"], rows)) if rows else Html("")


def _shown(value: Any, sensitive: bool) -> Html:
    return dim("(sensitive value)") if sensitive else code(value_text(value))


def _drifted(changes: Sequence[ResourceChange]) -> Html:
    if not changes:
        return Html("")
    title = join((mark("drifted"), f" {len(changes)} changed outside of Terraform"))
    return details(title, *(entry(c, ()) for c in changes))


def diagnostics_part(items: Sequence[Diagnostic]) -> Html:
    """Return errors and warnings with the place and line of the configuration they speak of."""
    parts = []
    for item in items:
        where = item.where or item.address
        line = join((mark(item.severity), " ", text(item.summary), *((" ", dim(text(where))) if where else ())))
        body = [tag("pre", cut(item.snippet, 2000)) if item.snippet else "",
                tag("p", cut(item.detail, 2000)) if item.detail else ""]  # fmt: skip
        parts.append(details(line, *body, open=item.severity == "error") if any(body) else tag("p", line))
    return join(parts)


def _graph(subject: Drawable, dot: Graph | str) -> ResourceGraph:
    text_of = dot if isinstance(dot, str) else dot.dot
    if isinstance(subject, ResourceGraph):
        return subject
    if isinstance(subject, str):
        return dot_graph(subject)
    from helpers.terraform.types import Plan

    return plan_graph(subject, text_of) if isinstance(subject, Plan) else dot_graph(subject.dot)


def graph_svg(subject: Drawable, *, dot: Graph | str = "") -> str:
    """Return the dependency graph of a plan, or that of ``terraform graph``.

    Args:
        subject: a plan, a graph, or DOT text.
        dot: for a plan, what ``terraform graph`` says (``tf.graph()``): it knows local values too.
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
