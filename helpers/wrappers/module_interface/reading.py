"""Reads a module's interface by terraform-config-inspect, which hcl-reader contains.

What that does not see (validation, ``nullable``, ``ephemeral``, repetition, ``moved``, expressions) is read by
hcl-reader's own ``module`` request and joined here; an override file's value wins, as in Terraform. Expressions come
from its ``syntax`` request, with locals written out (`written`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from helpers.wrappers.base import StrPath
from helpers.wrappers.module_interface import written
from helpers.wrappers.module_interface.hcl_reader import Answer, HclReader
from helpers.wrappers.module_interface.interface import (
    Interface,
    InvalidModule,
    ModuleCall,
    ModuleDiagnostic,
    Moved,
    Output,
    ProviderRequirement,
    Removed,
    Resource,
    Variable,
    default_digest,
)
from helpers.wrappers.module_interface.written import Written


def read(directory: StrPath, *, executable: StrPath | None = None, allow_errors: bool = False) -> Interface:
    """Return the interface of the module in *directory*.

    Args:
        executable: path of hcl-reader; by default the one `helpers.tools` finds or builds.
        allow_errors: return what could be read, with the diagnostics, instead of raising.

    Raises:
        BadInput: *directory* is not one. InvalidModule: there is no Terraform file, or a file does not parse, or
            something is declared twice (terraform-config-inspect itself would take the last).
    """
    tool = HclReader(directory, executable=executable, timeout=60)
    if not [*tool.workdir.glob("*.tf"), *tool.workdir.glob("*.tf.json")]:
        raise InvalidModule(
            f"There is no module in {tool.workdir.name}", why="It holds no .tf file.", next="Write variables.tf first."
        )
    raw, declared, syntax = tool.ask(*({"op": op, "dir": "."} for op in ("inspect", "module", "syntax")))
    if unread := raw.get("error") or declared.get("error"):
        raise InvalidModule(
            f"The module {tool.workdir.name} cannot be read",
            why=str(unread),
            next="Write the value otherwise, for example a number of fewer digits as a string.",
        )
    found = (*map(_diagnostic, raw.get("diagnostics") or ()), *_declared_twice(declared))
    errors = tuple(d for d in found if d.severity == "error")
    if errors and not allow_errors:
        raise InvalidModule(
            f"The module {tool.workdir.name} cannot be read",
            why="\n".join(map(str, errors[:10])),
            next="Correct the line above; terraform validate says more.",
            found=errors,
        )
    own = _with_declared(_interface(tool.workdir.name, raw, found), declared, written.read(tool.workdir, syntax))
    return replace(own, inner=tuple(_inner(own, tool.workdir, executable)))


def _inner(own: Interface, directory: Path, executable: StrPath | None) -> Iterator[tuple[str, Interface]]:
    """Yield the modules below the directory that the module calls; what cannot be read, Terraform itself says."""
    for call in own.module_calls:
        place = (directory / call.source).resolve()
        below = call.source.startswith("./") and place != directory.resolve()
        if below and place.is_relative_to(directory.resolve()) and place.is_dir():
            with contextlib.suppress(InvalidModule):
                yield call.name, read(place, executable=executable)


def _interface(name: str, raw: Mapping[str, Any], found: tuple[ModuleDiagnostic, ...]) -> Interface:
    def each(key: str) -> list[tuple[str, Mapping[str, Any]]]:
        return sorted((raw.get(key) or {}).items())

    # Terraform's built-in provider is not a requirement.
    providers = [(n, p) for n, p in each("required_providers") if n != "terraform"]
    return Interface(
        name,
        tuple(_variable(v) for _, v in each("variables")),
        tuple(_output(o) for _, o in each("outputs")),
        tuple(
            ProviderRequirement(n, p.get("source", ""), tuple(p.get("version_constraints") or ())) for n, p in providers
        ),
        tuple(raw.get("required_core") or ()),
        tuple(ModuleCall(n, c.get("source", ""), c.get("version", ""), **_place(c)) for n, c in each("module_calls")),
        tuple(_resource(r) for key in ("managed_resources", "data_resources") for _, r in each(key)),
        found,
    )


def _with_declared(found: Interface, declared: Answer, texts: Written) -> Interface:
    """Return the interface with what only the declarations show."""
    variables, outputs = _merged(declared, "variables"), _merged(declared, "outputs")
    calls = {c["name"]: c.get("repetition", "") for c in declared["module_calls"]}
    repeated: dict[str, str] = {}
    for one in declared["resources"]:
        repeated[one["address"]] = one.get("repetition") or repeated.get(one["address"], "")
    aliases = {p["name"]: tuple(p.get("aliases") or ()) for p in declared["required_providers"]}
    return replace(
        found,
        variables=tuple(_declared_variable(v, variables.get(v.name, {}), texts) for v in found.variables),
        outputs=tuple(_declared_output(o, outputs.get(o.name, {}), texts) for o in found.outputs),
        providers=tuple(replace(p, aliases=aliases.get(p.name, ())) for p in found.providers),
        module_calls=tuple(
            replace(c, repetition=calls.get(c.name, ""), repeats=texts.value(f"module.{c.name}", "count", "for_each"))
            for c in found.module_calls
        ),
        resources=tuple(
            replace(r, repetition=repeated.get(r.address, ""), repeats=texts.value(r.address, "count", "for_each"))
            for r in found.resources
        ),
        moved=tuple(Moved(m["from"], m.get("to", ""), m["file"], m["line"]) for m in declared["moved"]),
        guards=texts.all_guards(),
        imports=tuple(map(texts.inlined, texts.imports)),
        removed=tuple(Removed(m["from"], bool(m.get("destroy")), m["file"], m["line"]) for m in declared["removed"]),
    )


def _merged(declared: Answer, key: str) -> dict[str, dict[str, Any]]:
    """Return the declarations by name; overrides come last, and what they set wins."""
    found: dict[str, dict[str, Any]] = {}
    for item in declared[key]:
        before = found.setdefault(item["name"], dict(item))
        # An override without a default leaves the one that there is.
        required = bool(before.get("required")) and bool(item.get("required"))
        before.update({**item, "required": required})
    return found


def _declared_variable(found: Variable, item: Mapping[str, Any], texts: Written) -> Variable:
    conditions = texts.conditions(found.name)
    if conditions is None:
        conditions = tuple(rule["condition"] for rule in item.get("validations") or ())
    nullable = item.get("nullable", "true").strip() != "false"
    if item.get("override"):
        # terraform-config-inspect takes an override's block for the whole declaration.
        found = _variable({**item, "pos": {"filename": item["file"], "line": item["line"]}})
    known = replace(found, nullable=nullable, ephemeral=bool(item.get("ephemeral")), validations=conditions)
    # terraform-config-inspect keeps a number as a float; the declaration has all digits of an integer.
    if isinstance(default := item.get("default"), int) and not isinstance(default, bool):
        known = replace(known, default=None if found.sensitive else default, default_digest=default_digest(default))
    return known


def _declared_output(found: Output, item: Mapping[str, Any], texts: Written) -> Output:
    value = texts.value(f"output.{found.name}", "value") or item.get("value", "")
    if item.get("override"):
        found = replace(found, description=item.get("description", ""), sensitive=bool(item.get("sensitive")))
    return replace(found, ephemeral=bool(item.get("ephemeral")), value=value)


def _place(raw: Mapping[str, Any]) -> dict[str, Any]:
    at = raw.get("pos") or {}
    return {"file": at.get("filename", ""), "line": at.get("line", 0)}


def _variable(raw: Mapping[str, Any]) -> Variable:
    default, sensitive = raw.get("default"), bool(raw.get("sensitive"))
    return Variable(
        raw.get("name", ""),
        raw.get("type", ""),
        raw.get("description", ""),
        None if sensitive else default,
        bool(raw.get("required")),
        sensitive,
        **_place(raw),
        default_digest=default_digest(default),
    )


def _resource(raw: Mapping[str, Any]) -> Resource:
    return Resource(raw.get("mode", "managed"), raw.get("type", ""), raw.get("name", ""), **_place(raw))


def _output(raw: Mapping[str, Any]) -> Output:
    return Output(raw.get("name", ""), raw.get("description", ""), bool(raw.get("sensitive")), **_place(raw))


def _diagnostic(raw: Mapping[str, Any]) -> ModuleDiagnostic:
    severity: Literal["error", "warning"] = "warning" if raw.get("severity") == "warning" else "error"
    summary = str(raw.get("summary", "")).rstrip(".")
    return ModuleDiagnostic(severity, summary, raw.get("detail", ""), **_place(raw))


def _declared_twice(module: Answer) -> list[ModuleDiagnostic]:
    """Return a fault for each input and output that is declared again; override files repeat blocks on purpose."""
    seen: dict[tuple[str, str], str] = {}
    found = []
    for kind in ("variable", "output"):
        for item in module.get(f"{kind}s", ()):
            if item.get("override"):
                continue
            file, line = item["file"], item["line"]
            first = seen.setdefault((kind, item["name"]), f"{file}:{line}")
            if first != f"{file}:{line}":
                summary = f'Duplicate {kind} "{item["name"]}"'
                found.append(ModuleDiagnostic("error", summary, f"It is declared at {first} already.", file, line))
    return found
