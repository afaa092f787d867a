"""Static displays of modules and of the course itself: registry card, interface, checks, services, tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
from helpers.core.html.elements import value_text as _value
from helpers.widgets.renderers.gitops import several

if TYPE_CHECKING:
    from helpers.clients.registry.types import Module, Signature
    from helpers.core.verdicts.checks import CheckResult, Item
    from helpers.runtime.services.service import Service
    from helpers.runtime.tools import Tool
    from helpers.wrappers.module_interface.interface import Interface

#: What the three hints are called, weakest first.
HINTS = ("Nudge", "Pointer", "Near-solution")


@dataclass(frozen=True)
class Port:
    """An input or an output of a module, as its card shows it."""

    name: str
    type: str
    description: str
    required: bool
    default: Any
    sensitive: bool


def _published(raw: Mapping[str, Any]) -> Port:
    """Return an input or output as the registry's JSON has it."""
    name, kind, description = (str(raw.get(key) or "") for key in ("name", "type", "description"))
    return Port(name, kind, description, bool(raw.get("required")), raw.get("default"), bool(raw.get("sensitive")))


def interface_html(module: Interface) -> str:
    """Return the interface of a module: its inputs and outputs, with a warning where a description is missing."""
    inputs = [Port(v.name, v.type, v.description, v.required, v.default, v.sensitive) for v in module.variables]
    outputs = [Port(o.name, "", o.description, False, None, o.sensitive) for o in module.outputs]
    return page(head("Module interface", module.name), *_tables(inputs, outputs), label="Module interface")


def _tables(inputs: Iterable[Port], outputs: Iterable[Port]) -> tuple[Html, Html]:
    """Return the tables of inputs, required ones first, and of outputs."""
    ordered = sorted(inputs, key=lambda p: (not p.required, p.name))
    ins = [[code(p.name), code(p.type or "any"), _default(p), _described(p)] for p in ordered]
    outs = [[code(p.name), _described(p)] for p in sorted(outputs, key=lambda p: p.name)]
    return (
        rows_html(["Input", "Type", "Default", "Description"], ins, caption=f"Inputs ({len(ins)})", empty="No inputs."),
        rows_html(["Output", "Description"], outs, caption=f"Outputs ({len(outs)})", empty="No outputs."),
    )


def _default(port: Port) -> Html:
    if port.required:
        return tag("strong", "required")
    return dim("(sensitive value)") if port.sensitive else code(_value(port.default))


def _described(port: Port) -> Html:
    extra = join((" ", dim("sensitive"))) if port.sensitive else ""
    return join((text(port.description) if port.description else mark("warning", "no description"), extra))


def registry_card_html(module: Module) -> str:
    """Return the card of a module in a registry: version, versioning strategy, support, signature, usage, interface."""
    return page(registry_part(module), label="Registry module")


def registry_part(module: Module, version: str = "") -> Html:
    """Return the same as a part of a display, for one version."""
    shown = version or module.version
    facts = {
        "Versions": ", ".join(module.versions),
        "Versioning": module.versioning or mark("warning", "no strategy stated"),
        "Support": module.support or mark("warning", "no contact stated"),
        "Signature": _signature(module.signature),
        "Digest": code(module.digest) if module.digest else "",
        "Page": _link(module.page_url),
    }
    ports = map(_published, module.inputs), map(_published, module.outputs)
    tables = _tables(*ports) if module.inputs or module.outputs else ()
    return join(
        (
            head(code(module.source), join((dim("version "), text(shown)))),
            tag("p", cut(module.description)) if module.description else "",
            definitions(facts),
            details("How to use it", tag("pre", _usage(module.source, shown)), open=True),
            details("Interface", *tables) if tables else "",
        )
    )


def _signature(found: Signature) -> Html:
    return mark(found.status, found.key) if found.status else mark("not-checked", "unsigned")


def _usage(source: str, version: str) -> str:
    label = source.rstrip("/").split("/")[-2] if source.count("/") >= 2 else source.split("/")[-1]
    return f'module "{label}" {{\n  source  = "{source}"\n  version = "{_constraint(version)}"\n}}'


def _constraint(version: str) -> str:
    return f"~> {'.'.join(version.split('.')[:2])}" if version.count(".") >= 2 else version


def check_html(result: CheckResult) -> str:
    """Return the verdict on a step, with all reasons; of the hints each opens by itself."""
    hints: list[Html] = []
    for due, reasons in result.due:
        if len(result.due) > 1:
            hints.append(about_part(reasons))
        hints += [hint_part(due, level) for level in range(len(due))]
    return page(verdict_part(result), *hints, next_part(result), label="Check")


def verdict_part(result: CheckResult) -> Html:
    """Return the verdict: how much of it is right, the points, and each thing that is wrong, by group."""
    earned = f"{result.points if result.passed else 0:g} of {result.points:g} points" if result.points else ""
    title = head(result.name, mark("pass" if result.passed else "not-yet"), result.counted, earned)
    if len(result.items) <= 1:
        message = tag("pre", cut(result.reason, 4000)) if "\n" in result.reason else tag("p", cut(result.reason, 4000))
        return join((title, message))
    groups: dict[str, list[Item]] = {}
    for item in result.items:
        groups.setdefault(item.group, []).append(item)
    said = [tag("p", cut(result.reason, 4000))] if result.passed else []
    return join((title, *said, *(_group_part(name, items) for name, items in groups.items())))


def _group_part(name: str, items: Sequence[Item]) -> Html:
    right = sum(item.passed for item in items)
    # The same thing can be wrong in several places; it is told once.
    wrong = list(dict.fromkeys(cut(item.reason, 2000) for item in items if not item.passed))
    line = join((mark("pass" if right == len(items) else "not-yet"), " ", name, " ", dim(f"{right} of {len(items)}")))
    listed = tag("ul", *(tag("li", tag("pre", one) if "\n" in one else one) for one in wrong)) if wrong else ""
    return tag("div", tag("div", line) if name else "", listed)


def about_part(reasons: Sequence[str]) -> Html:
    """Return what the hints below are about, when there are hints for several reasons."""
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return tag("p", dim(join(("About: ", cut(reasons[0], 200), more))))


def next_part(result: CheckResult) -> Html:
    """Return the link to the step that follows, once this one passes."""
    if not result.passed or result.next is None:
        return Html("")
    title, link = result.next
    return tag("p", tag("a", f"Next: {title} →", href=link, class_="m-next"))


def hint_part(hints: Sequence[str], level: int, *, open: bool = False) -> Html:
    """Return hint *level* (0 to 2), folded."""
    name = HINTS[level] if level < len(HINTS) else "Hint"
    body = tag("pre", hints[level]) if "\n" in hints[level] else tag("p", hints[level])
    return details(f"Hint {level + 1} of {len(hints)}: {name}", body, open=open)


def service_html(services: Service | Iterable[Service]) -> str:
    """Return one service or many: name, state, purpose and address. Process ids are left out."""
    rows = [[code(s.name), mark(s.status, s.notice), s.purpose, _link(s.url)] for s in several(services)]
    table = rows_html(["Service", "State", "Purpose", "Address"], rows, empty="No services.")
    return page(head("Services"), table, label="Services")


def _link(address: str) -> Html:
    # Only what a browser can open; anything else stays text.
    if address.startswith(("http://", "https://")):
        return tag("a", address, href=address, rel="noopener")
    return text(address)


def tools_html(tools: Tool | Iterable[Tool]) -> str:
    """Return tools with version, origin and digest. Paths are left out: they differ from machine to machine."""
    rows = []
    for tool in several(tools):
        state = mark("ready" if tool.version else "missing")
        rows.append([code(tool.name), state, tool.version, tool.origin, code(tool.sha256[:12])])
    table = rows_html(["Tool", "State", "Version", "Origin", "SHA-256 (first 12)"], rows, empty="No tools.")
    return page(head("Tools"), table, label="Tools")
