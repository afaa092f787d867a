"""Static displays of modules and of the course itself: registry card, interface, checks, services, tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from helpers.widgets._html import (
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
from helpers.widgets._html import value_text as _value

if TYPE_CHECKING:
    from helpers.checks import CheckResult

#: What the three hints are called, weakest first.
HINTS = ("Nudge", "Pointer", "Near-solution")


def field(item: Any, *names: str, default: Any = "") -> Any:
    """Return the first of *names* that *item* (an object or a mapping) has with a value."""
    for name in names:
        value = item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)
        if value not in (None, "", (), [], {}):
            return value
    return default


def _many(items: Any) -> list[Any]:
    """Return the items of a sequence, or of a mapping from name to item."""
    return list(items.values()) if isinstance(items, Mapping) else list(items or ())


def interface_html(module: Any) -> str:
    """Return the interface of a module: its inputs and outputs, with what is missing said.

    Args:
        module: anything with ``inputs`` (or ``variables``) and ``outputs``, each with name, type and description.
    """
    return page(head("Module interface", field(module, "name")), *interface_part(module), label="Module interface")


def interface_part(module: Any) -> tuple[Html, Html]:
    """Return the tables of inputs and of outputs."""
    inputs, outputs = (
        _many(field(module, "inputs", "variables", default=())),
        _many(field(module, "outputs", default=())),
    )
    ins = [[code(field(i, "name")), code(field(i, "type", default="any")), _default(i), _described(i)]
           for i in sorted(inputs, key=lambda i: (not _required(i), str(field(i, "name"))))]  # fmt: skip
    outs = [[code(field(o, "name")), _described(o)] for o in sorted(outputs, key=lambda o: str(field(o, "name")))]
    return (
        rows_html(["Input", "Type", "Default", "Description"], ins, caption=f"Inputs ({len(ins)})", empty="No inputs."),
        rows_html(["Output", "Description"], outs, caption=f"Outputs ({len(outs)})", empty="No outputs."),
    )


def _required(item: Any) -> bool:
    given = item.get("required") if isinstance(item, Mapping) else getattr(item, "required", None)
    return bool(given)


def _default(item: Any) -> Html:
    if _required(item):
        return tag("strong", "required")
    if field(item, "sensitive", default=False):
        return dim("(sensitive value)")
    return code(_value(item.get("default") if isinstance(item, Mapping) else getattr(item, "default", None)))


def _described(item: Any) -> Html:
    words = field(item, "description")
    extra = join((" ", dim("sensitive"))) if field(item, "sensitive", default=False) else ""
    return join((text(words) if words else mark("warning", "no description"), extra))


def registry_card_html(module: Any) -> str:
    """Return the card of a module in a registry: version, versioning strategy, support, signature, usage, interface."""
    return page(registry_part(module), label="Registry module")


def registry_part(module: Any, version: str = "") -> Html:
    """Return the same as a part of a display, for one version."""
    shown = version or str(field(module, "version"))
    versions = [
        str(field(v, "version", default=v) if not isinstance(v, str) else v) for v in _many(field(module, "versions"))
    ]
    name = field(module, "source", "address", "id", "name")
    signature = field(module, "signature", "signature_status", default="")
    facts = {
        "Versions": ", ".join(versions),
        "Versioning": field(module, "versioning", "versioning_strategy") or mark("warning", "no strategy stated"),
        "Support": field(module, "support", "support_contact", "contact") or mark("warning", "no contact stated"),
        "Signature": _signature(signature),
        "Digest": code(field(module, "digest", "sha256")) if field(module, "digest", "sha256") else "",
        "Page": _link(field(module, "page_url")),
    }
    usage = field(module, "usage", "snippet") or _usage(str(name), shown)
    said = field(module, "description", "summary")
    tables = interface_part(module) if field(module, "inputs", "variables", "outputs") else ()
    return join((
        head(code(name), join((dim("version "), text(shown)))),
        tag("p", cut(str(said))) if said else "",
        definitions(facts),
        details("How to use it", tag("pre", usage), open=True),
        details("Interface", *tables) if tables else "",
    ))  # fmt: skip


def _signature(given: Any) -> Html:
    if given in ("", None):
        return mark("not-checked", "unsigned")
    if isinstance(given, str):
        return mark(given)
    state = field(given, "status", default=None)
    if state is None:
        state = "verified" if field(given, "verified", default=False) else "refused"
    return mark(str(state), field(given, "key", "signer", "key_id"))


def _usage(source: str, version: str) -> str:
    label = source.rstrip("/").split("/")[-2] if source.count("/") >= 2 else source.split("/")[-1]
    return f'module "{label}" {{\n  source  = "{source}"\n  version = "{_constraint(version)}"\n}}'


def _constraint(version: str) -> str:
    return f"~> {'.'.join(version.split('.')[:2])}" if version.count(".") >= 2 else version


def check_html(result: CheckResult) -> str:
    """Return the verdict on a step; of its hints each opens by itself."""
    return page(
        verdict_part(result), *(hint_part(result.hints, i) for i in range(len(hints_due(result)))), label="Check"
    )


def verdict_part(result: CheckResult) -> Html:
    """Return the verdict and the reason."""
    said = tag("pre", cut(result.reason, 4000)) if "\n" in result.reason else tag("p", cut(result.reason, 4000))
    return join((head(result.name, mark("pass" if result.passed else "not-yet")), said))


def hints_due(result: CheckResult) -> Sequence[str]:
    """Return the hints to offer: none once the step passes."""
    return () if result.passed else result.hints


def hint_part(hints: Sequence[str], level: int, *, open: bool = False) -> Html:
    """Return hint *level* (0 to 2), folded."""
    name = HINTS[level] if level < len(HINTS) else "Hint"
    body = tag("pre", hints[level]) if "\n" in hints[level] else tag("p", hints[level])
    return details(f"Hint {level + 1} of {len(hints)}: {name}", body, open=open)


def service_html(services: Any) -> str:
    """Return one service or many: name, state, purpose and address. Process ids are left out."""
    rows = []
    for one in _several(services):
        state = mark(str(field(one, "status", "state", default="unknown")), field(one, "notice"))
        rows.append([code(field(one, "name")), state, text(field(one, "purpose")), _link(field(one, "url"))])
    table = rows_html(["Service", "State", "Purpose", "Address"], rows, empty="No services.")
    return page(head("Services"), table, label="Services")


def _link(url: Any) -> Html:
    address = str(url or "")
    # Only what a browser can open; anything else stays text.
    return (
        tag("a", address, href=address, rel="noopener")
        if address.startswith(("http://", "https://"))
        else text(address)
    )


def tools_html(tools: Any) -> str:
    """Return tools with version, origin and digest. Paths are left out: they differ from machine to machine."""
    rows = []
    for tool in _several(tools):
        version, digest = field(tool, "version"), str(field(tool, "sha256", "digest"))[:12]
        state = mark("ready" if version else "missing")
        rows.append([code(field(tool, "name")), state, text(version), text(field(tool, "origin")), code(digest)])
    table = rows_html(["Tool", "State", "Version", "Origin", "SHA-256 (first 12)"], rows, empty="No tools.")
    return page(head("Tools"), table, label="Tools")


def _several(items: Any) -> Iterable[Any]:
    if isinstance(items, Mapping) and "name" not in items:
        return _many(items)
    return items if isinstance(items, list | tuple | set | frozenset) else [items]
