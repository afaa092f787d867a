"""What a question gives to read: a manifest, a log, or a plan without the sentence that would answer the question."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from helpers.core.html.elements import Html, code, dim, rows_html, tag, value_text
from helpers.wrappers.terraform.types import Plan, ResourceChange

#: Terraform's own symbols in the text of a plan; the order of a replacement is told apart.
SYMBOLS = {"create": "+", "update": "~", "delete": "-", "read": "<=", "no-op": " ", "forget": "."}


def material_html(text: str) -> Html:
    """Return text to read, as it is."""
    return tag("pre", text.strip("\n")) if text else Html("")


def plan_excerpt(plan: Plan, shows: str, values: Mapping[str, Any]) -> Html:
    """Return what of a plan a question shows.

    Args:
        shows: ``symbols`` (each change with Terraform's symbol), ``attributes`` (what differs, without a symbol) or
            ``json`` (entries of ``resource_changes``).
        values: of the question; an ``address`` among them is the only one that ``json`` shows, in full.
    """
    if shows == "json":
        return tag("pre", "\n".join(_entries(plan, str(values.get("address", "")))))
    if shows == "attributes":
        rows = [row for change in plan.resource_changes for row in _attributes(change)]
        return rows_html(["Address", "Attribute", "Before", "After", "Note"], rows)
    changed = [change for change in plan.resource_changes if change.action != "no-op"]
    lines = [f"{symbol(change):>3} {change.address}" for change in changed]
    return tag("pre", "\n".join(lines))


def symbol(change: ResourceChange) -> str:
    """Return Terraform's symbol: ``-/+`` destroys first, ``+/-`` creates first."""
    if len(change.actions) > 1:
        return "-/+" if change.actions[0] == "delete" else "+/-"
    return SYMBOLS[str(change.action)]


def _entries(plan: Plan, only: str) -> Iterator[str]:
    for item in plan.raw.get("resource_changes", ()):
        change = item["change"]
        if item["address"] == only:
            # Terraform writes null for what is not there; the kept plan leaves it out.
            names = ("actions",) if change["actions"] == ["no-op"] else ("actions", "before", "after")
            shown = {name: change.get(name) for name in names}
            shown |= {name: change[name] for name in ("replace_paths",) if name in change}
            yield json.dumps({"address": only, "change": shown}, indent=1)
        elif not only:
            yield json.dumps({"address": item["address"], "change": {"actions": change["actions"]}})


def _attributes(change: ResourceChange) -> Iterator[list[object]]:
    known = [a for a in change.changed_attributes() if not (a.known_after_apply and a.path in ("id", "output"))]
    if change.before is None or change.after is None:
        both = {"no-op": "no difference", "create": "is not in the state", "delete": "is not in the configuration"}
        yield [code(change.address), dim(both.get(str(change.action), "")), "", "", ""]
        return
    for item in known:
        after = tag("em", "known after apply") if item.known_after_apply else code(value_text(item.after))
        note = "forces replacement" if item.forces_replacement else ""
        yield [code(change.address), code(item.path), code(value_text(item.before)), after, note]
