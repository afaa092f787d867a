"""Compares two interfaces of a module: what breaks its callers, and which version the change needs.

Source: Semantic Versioning 2.0.0, with a module's variables and outputs as its public interface.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from helpers.wrappers.module_interface import expression, inside, type_constraint, validation, version_constraint
from helpers.wrappers.module_interface.change import Change, InterfaceDiff, in_order, undecided
from helpers.wrappers.module_interface.expression import Expression
from helpers.wrappers.module_interface.hcl_reader import Request, ask
from helpers.wrappers.module_interface.interface import Interface, Output, ProviderRequirement, Variable
from helpers.wrappers.module_interface.type_constraint import TypeConstraint, narrowed

#: Changes of an inner module that reach those who call the outer one.
_REACHING = ("resource-", "moved-", "removed-", "required_version", "provider-", "import-")
_TEMPLATE = re.compile(r'"[^"]*"')
#: Address -> what a reference to it was, and is: one object, a list, a map.
_Forms = Mapping[str, tuple[str, str]]
#: Two sets of constraints, and whether they are of a provider, for which Terraform has rules of its own.
_Ranges = tuple[tuple[str, ...], tuple[str, ...], bool]


@dataclass(frozen=True)
class _Parsed:
    """What the parsers said of the expressions of two interfaces that may differ."""

    types: Mapping[str, TypeConstraint]
    ranges: Mapping[_Ranges, version_constraint.Comparison]
    expressions: Mapping[str, Expression]


def _parse(old: Interface, new: Interface) -> _Parsed:
    """Ask about every type, version constraint and expression that is not the same in both, in one run."""
    checked = _checked(old, new)
    types = sorted({text for _, text in _types(old) ^ _types(new)} | {now.type for _, now in checked})
    ranges = [pair for a, b, of in _constraints(old, new) if a != b for pair in ((a, b, of), (b, a, of))]
    texts = sorted({text for pair in checked for v in pair for text in v.validations or ()} | _values(old, new))
    texts = sorted({*texts, *inside.expressions(old, new)})
    requests = [*map(type_constraint.request, types), *(_asked(*pair) for pair in ranges)]
    answers = ask([*requests, *map(expression.request, texts)])
    return _Parsed(
        dict(zip(types, map(type_constraint.type_of, types, answers), strict=False)),
        dict(zip(ranges, map(version_constraint.comparison, answers[len(types) : len(requests)]), strict=True)),
        dict(zip(texts, map(expression.expression, answers[len(requests) :]), strict=True)),
    )


def _asked(old: tuple[str, ...], new: tuple[str, ...], provider: bool) -> Request:
    return version_constraint.request(old, new, provider=provider)


def _checked(old: Interface, new: Interface) -> list[tuple[Variable, Variable]]:
    """Return the variables that are in both and whose validation is not written the same."""
    pairs = [(was, now) for was in old.variables if (now := new.variable(was.name))]
    known = [(was, now) for was, now in pairs if was.validations is not None and now.validations is not None]
    return [(was, now) for was, now in known if was.validations != now.validations]


def _values(old: Interface, new: Interface) -> set[str]:
    """Return the expressions of outputs that are in both and not written the same."""
    pairs = [(was.value, now.value) for was in old.outputs if (now := new.output(was.name))]
    every = bool(inside.reformed(old, new))
    return {text for was, now in pairs if was and now and (every or was != now) for text in (was, now)}


def _types(module: Interface) -> set[tuple[str, str]]:
    return {(variable.name, variable.type) for variable in module.variables}


def _constraints(old: Interface, new: Interface) -> Iterator[_Ranges]:
    yield tuple(old.required_version), tuple(new.required_version), False
    after = {provider.name: provider for provider in new.providers}
    for was in old.providers:
        if now := after.get(was.name):
            yield tuple(was.version_constraints), tuple(now.version_constraints), True


def compare(old: Interface, new: Interface) -> InterfaceDiff:
    """Return what changed from *old* to *new* for those who call the module.

    Raises:
        ToolFailed: hcl-reader, which parses types, version constraints and expressions, did not answer.
        TerraformError: Terraform, which evaluates changed validations, did not answer.
    """
    parsed = _parse(old, new)
    changes = [
        *_variables(old, new, parsed),
        *validation.changes(_checked(old, new), parsed.expressions, parsed.types),
        *_outputs(old, new, parsed),
        *_requirements(old, new, parsed),
        *inside.changes(old, new, parsed.expressions),
        *_inner(old, new),
    ]
    return InterfaceDiff(in_order(changes))


def _inner(old: Interface, new: Interface) -> Iterator[Change]:
    """Yield what callers meet of the changes in a module's own inner modules: lost objects, narrower requirements."""
    before, after = dict(old.inner), dict(new.inner)
    for name in sorted(name for name in before if name in after and before[name] != after[name]):
        place = f"module.{name}"
        blocks = [move.old for move in new.moved] + [block.old for block in new.removed]
        led = any(address.startswith((f"{place}.", f"{place}[")) for address in blocks)
        for change in compare(before[name], after[name]).changes:
            if not change.kind.startswith(_REACHING) or not (change.breaking or change.undecided):
                continue
            key, text = f"{place}.{change.name}", f"in module {name}: {change.text}"
            if led or change.undecided:
                yield undecided(change.kind, key, text + ("; a block of the outer module may save it" if led else ""))
            else:
                yield Change(change.kind, key, text, change.bump)


def _pair(gone: Sequence[Any], come: Sequence[Any], same: Callable[[Any, Any], bool]) -> dict[str, str]:
    """Return renamed items, old name -> new name: alike in all but the name, and the names or words are near."""
    found: dict[str, str] = {}
    for old in gone:
        fits = [new for new in come if new.name not in found.values() and same(old, new) and _near(old, new)]
        if fits:
            found[old.name] = max(fits, key=lambda new: difflib.SequenceMatcher(None, old.name, new.name).ratio()).name
    return found


def _near(old: Any, new: Any) -> bool:
    described = bool(old.description) and old.description == new.description
    return described or difflib.SequenceMatcher(None, old.name, new.name).ratio() > 0.6


def _variables(old: Interface, new: Interface, parsed: _Parsed) -> Iterator[Change]:
    before, after = {v.name: v for v in old.variables}, {v.name: v for v in new.variables}
    gone, come = [before[n] for n in before if n not in after], [after[n] for n in after if n not in before]
    renamed = _pair(gone, come, lambda a, b: parsed.types[a.type] == parsed.types[b.type])
    for was in gone:
        if now := renamed.get(was.name):
            yield Change("variable-renamed", was.name, f"variable {was.name} was renamed to {now}", "major")
        else:
            yield Change("variable-removed", was.name, f"variable {was.name} was removed", "major")
    for item in come:
        if item.name in renamed.values():
            continue
        if item.required:
            yield Change("variable-new-required", item.name, f"variable {item.name} is new and required", "major")
        else:
            yield Change("variable-added", item.name, f"variable {item.name} is new, with a default", "minor")
    for name in before.keys() & after.keys():
        if before[name].type != after[name].type:
            yield from _type(name, parsed.types[before[name].type], parsed.types[after[name].type])
        yield from _variable(before[name], after[name])


def _type(name: str, was: TypeConstraint, now: TypeConstraint) -> Iterator[Change]:
    if reasons := narrowed(was, now):
        kind = "type-narrowed" if was.kind == now.kind or was.kind == "any" else "type-changed"
        yield Change(kind, name, f"the type of variable {name} accepts less: {'; '.join(reasons)}", "major")
    elif was != now:
        yield Change("type-widened", name, f"the type of variable {name} accepts more: {was} became {now}", "minor")


def _variable(old: Variable, new: Variable) -> Iterator[Change]:
    name = old.name
    if new.required != old.required:
        text = f"variable {name} " + ("lost its default and is required" if new.required else "got a default")
        yield Change(
            "variable-now-required" if new.required else "variable-now-optional",
            name,
            text,
            "major" if new.required else "minor",
        )
    elif not new.required and not _same_default(old, new):
        values = "" if old.sensitive or new.sensitive else f" from {_json(old.default)} to {_json(new.default)}"
        text = f"the default of variable {name} changed{values}: a caller that leaves it out gets something else"
        yield Change("default-changed", name, text, "major")
    yield from _nullable(old, new)
    if old.ephemeral != new.ephemeral:
        said = "is ephemeral: its value is kept nowhere" if new.ephemeral else "takes no ephemeral value any more"
        text = f"variable {name} {said}"
        yield Change("variable-ephemeral", name, text, "minor" if new.ephemeral else "major")
    if old.sensitive != new.sensitive:
        text = f"variable {name} is {'now' if new.sensitive else 'no longer'} sensitive"
        yield Change("variable-sensitivity", name, text, "minor")
    if old.description != new.description:
        yield Change("description", name, f"variable {name} has another description", "patch")


def _same_default(old: Variable, new: Variable) -> bool:
    """Return whether the defaults are the same as the new type converts them: 3 for a string is "3"."""
    if old.default_digest == new.default_digest or old.sensitive or new.sensitive:
        return old.default_digest == new.default_digest
    return new.type.strip() == "string" and _text(old.default) == _text(new.default) is not None


def _text(value: Any) -> str | None:
    """Return a string, number or bool as Terraform converts it to a string; None for anything else."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def _nullable(old: Variable, new: Variable) -> Iterator[Change]:
    """With ``nullable = false`` a null that a caller passes becomes the default, or an error when there is none."""
    if old.nullable and not new.nullable:
        yield Change("nullable-tightened", old.name, f"variable {old.name} takes null no longer as null", "major")
    elif new.nullable and not old.nullable:
        same = old.required
        text = f"variable {old.name} takes null" + ("" if same else ", which meant its default")
        yield Change("nullable-loosened", old.name, text, "minor" if same else "major")


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _outputs(old: Interface, new: Interface, parsed: _Parsed) -> Iterator[Change]:
    before, after = {o.name: o for o in old.outputs}, {o.name: o for o in new.outputs}
    gone, come = [before[n] for n in before if n not in after], [after[n] for n in after if n not in before]
    renamed = _pair(gone, come, lambda a, b: a.sensitive == b.sensitive)
    forms = inside.reformed(old, new)
    for was in gone:
        if now := renamed.get(was.name):
            yield Change("output-renamed", was.name, f"output {was.name} was renamed to {now}", "major")
        else:
            yield Change("output-removed", was.name, f"output {was.name} was removed", "major")
    for item in come:
        if item.name not in renamed.values():
            yield Change("output-added", item.name, f"output {item.name} is new", "minor")
    for name in before.keys() & after.keys():
        yield from _output(before[name], after[name])
        formed = list(_formed(before[name], after[name], new, parsed, forms))
        formed = formed or list(_of_retyped(before[name], after[name], old, new))
        yield from formed or _value(before[name], after[name], new, parsed)


def _output(old: Output, new: Output) -> Iterator[Change]:
    if new.sensitive and not old.sensitive:
        text = f"output {old.name} became sensitive: a caller that shows it has to say so"
        yield Change("output-sensitive", old.name, text, "major")
    elif old.sensitive and not new.sensitive:
        yield Change("output-not-sensitive", old.name, f"output {old.name} is no longer sensitive", "minor")
    if new.ephemeral != old.ephemeral:
        said = "is ephemeral: it fits only where nothing is kept" if new.ephemeral else "is no longer ephemeral"
        text = f"output {old.name} {said}"
        yield Change("output-ephemeral", old.name, text, "major" if new.ephemeral else "minor")
    if old.description != new.description:
        yield Change("description", old.name, f"output {old.name} has another description", "patch")


def _formed(old: Output, new: Output, module: Interface, parsed: _Parsed, forms: _Forms) -> Iterator[Change]:
    """Yield an output that is written as before, of a resource that is repeated otherwise now."""
    if not forms or not old.value or not new.value:
        return
    was, now = (f" {parsed.expressions[one.value].normal} " for one in (old, new))
    if f" {inside.after_moves(was.strip(), module)} " != now:
        return
    for address, (before, after) in forms.items():
        tokens = f" {address.replace('.', ' . ')} "
        if now == tokens:
            text = f"output {old.name} changed its type: {address} was {before} and is {after}"
            yield Change("output-retyped", old.name, text, "major")
        # A splat makes a list of one object too, and an attribute of a list is none.
        elif tokens in now.replace(f"{tokens}[ * ]", " ").replace(f"{tokens}. ", " "):
            text = f"output {old.name} is made of {address}, which was {before} and is {after}; its type cannot be told"
            yield undecided("output-expression", old.name, text)


def _value(old: Output, new: Output, module: Interface, parsed: _Parsed) -> Iterator[Change]:
    if not old.value or not new.value or old.value == new.value:
        return
    was, now = parsed.expressions[old.value], parsed.expressions[new.value]
    if was.normal == now.normal or inside.after_moves(was.normal, module) == now.normal:
        return
    lost, gained, seen = expression.retyped(was.shape, now.shape, inputs=_plain_types(module))
    name = old.name
    if lost:
        yield Change("output-retyped", name, f"output {name} changed its type: {'; '.join(lost)}", "major")
    elif not seen:
        text = f"output {name} is computed otherwise; whether its type and meaning are the same cannot be told"
        yield undecided("output-expression", name, text)
    elif gained:
        yield Change("output-widened", name, f"output {name} has more: {', '.join(gained)}", "minor")
    else:
        yield Change("output-value", name, f"output {name} is computed otherwise, with the same type", "patch")


def _of_retyped(old: Output, new: Output, before: Interface, after: Interface) -> Iterator[Change]:
    """Yield an output that is written as before, of an input that was a number or bool and is a string now.

    Such an input accepts more; a caller who reads the output gets something else. Other changes break at the input.
    """
    was, now = _plain_types(before), _plain_types(after)
    for name in sorted(name for name in was if was[name] != "string" and now.get(name) == "string"):
        text = f"{name}, which was a {was[name]} and is a {now[name]}"
        if old.value.strip() == new.value.strip() == name:
            yield Change("output-retyped", old.name, f"output {old.name} changed its type: it is {text}", "major")
        # In a template it becomes a text, whatever it was.
        elif old.value == new.value and re.search(rf"{re.escape(name)}(?![\w-])", _TEMPLATE.sub("", new.value)):
            why = f"output {old.name} is made of {text}; its own type cannot be told"
            yield undecided("output-expression", old.name, why)


def _plain_types(module: Interface) -> dict[str, str]:
    """Return reference -> type of the inputs whose type is a single word."""
    words = ("string", "number", "bool")
    return {f"var.{v.name}": v.type.strip() for v in module.variables if v.type.strip() in words}


def _requirements(old: Interface, new: Interface, parsed: _Parsed) -> Iterator[Change]:
    yield from _versions("required_version", "Terraform", old.required_version, new.required_version, parsed)
    before, after = {p.name: p for p in old.providers}, {p.name: p for p in new.providers}
    for name in before.keys() & after.keys():
        was, now = before[name], after[name]
        if was.source != now.source:
            text = f"provider {name} comes from {now.source or 'the default'} instead of {was.source or 'the default'}"
            yield Change("provider-source", name, text, "major")
        constraints = was.version_constraints, now.version_constraints
        yield from _versions("provider-version", f"provider {name}", *constraints, parsed)
        yield from _aliases(was, now)
    for name in after.keys() - before.keys():
        yield from _aliases(ProviderRequirement(name), after[name])
        text = f"provider {name} is needed now; whether a caller has to configure it cannot be told"
        yield undecided("provider-added", name, text)
    for address in sorted(set(new.imports) - set(old.imports)):
        text = f"an import block for {address} is in the module; Terraform takes one in a root module only"
        yield Change("import-block", address, text, "major")
    for name in before.keys() - after.keys():
        yield Change("provider-removed", name, f"provider {name} is no longer needed", "minor")


def _aliases(old: ProviderRequirement, new: ProviderRequirement) -> Iterator[Change]:
    for alias in sorted(set(new.aliases) - set(old.aliases)):
        yield Change("provider-alias-added", alias, f"a caller has to pass a configuration {alias}", "major")
    for alias in sorted(set(old.aliases) - set(new.aliases)):
        yield Change("provider-alias-removed", alias, f"passing the configuration {alias} is an error now", "major")


def _versions(kind: str, name: str, old: Sequence[str], new: Sequence[str], parsed: _Parsed) -> Iterator[Change]:
    before, after = tuple(old), tuple(new)
    if before == after:
        return
    was, now = ", ".join(old) or "any version", ", ".join(new) or "any version"
    of = kind == "provider-version"
    narrower, wider = parsed.ranges[before, after, of], parsed.ranges[after, before, of]
    if narrower.errors:
        text = f"a version constraint of {name} cannot be parsed ({'; '.join(narrower.errors)}): {was} became {now}"
        yield Change(f"{kind}-unparsable", name, text, "major")
    elif narrower.refused:
        text = f"{name} {narrower.refused} is refused now: {was} became {now}"
        yield Change(f"{kind}-raised", name, text, "major")
    elif wider.refused:
        yield Change(f"{kind}-widened", name, f"more versions of {name} are accepted: {was} became {now}", "minor")
