"""The interface of a Terraform module, read by terraform-config-inspect, and what a change of it breaks.

Not seen by that tool, so not compared: validation, ``nullable``, ``ephemeral`` and what the module does inside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from helpers._display import Displayed
from helpers._interface_diff import Bump, Change, InterfaceDiff, compare
from helpers._wrapper import StrPath, Wrapper
from helpers.errors import CourseError

__all__ = [
    "Bump", "Change", "Interface", "InterfaceDiff", "InvalidModule", "ModuleCall", "ModuleDiagnostic", "Output",
    "ProviderRequirement", "Resource", "Variable", "compare", "default_digest", "read",
]  # fmt: skip


class InvalidModule(CourseError):
    """The module cannot be read; ``found`` has the diagnostics with file and line."""

    code = "invalid-module"

    def __init__(self, what: str, *, why: str = "", next: str = "", found: tuple[ModuleDiagnostic, ...] = ()) -> None:
        super().__init__(what, why=why, next=next)
        self.found = found


class _Placed:
    """Something that stands in a file."""

    file: str
    line: int

    @property
    def where(self) -> str:
        """Where it stands, as ``FILE:LINE``; empty when that is not known."""
        return f"{self.file}:{self.line}" if self.file else ""


@dataclass(frozen=True)
class Variable(_Placed):
    """An input: *type* as written (empty: any), *default* as JSON data (None for a sensitive one)."""

    name: str
    type: str = ""
    description: str = ""
    default: Any = None
    required: bool = False
    sensitive: bool = False
    file: str = ""
    line: int = 0
    #: Distinguishes defaults without showing a sensitive one; see `default_digest`.
    default_digest: str = field(default="", repr=False)

    def defaults_to(self, value: Any) -> bool:
        """Return whether it has this default, also when it is sensitive."""
        return not self.required and self.default_digest == default_digest(value)


@dataclass(frozen=True)
class Output(_Placed):
    """An output."""

    name: str
    description: str = ""
    sensitive: bool = False
    file: str = ""
    line: int = 0


@dataclass(frozen=True)
class ProviderRequirement:
    """A provider the module needs, and in which versions."""

    name: str
    source: str = ""
    version_constraints: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModuleCall(_Placed):
    """A module that the module uses."""

    name: str
    source: str
    version: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True)
class Resource(_Placed):
    """A resource of the module; *mode* is ``managed`` or ``data``."""

    mode: str
    type: str
    name: str
    file: str = ""
    line: int = 0

    @property
    def address(self) -> str:
        """Its address in the module, for example ``data.aws_region.here``."""
        return f"{'data.' if self.mode == 'data' else ''}{self.type}.{self.name}"


@dataclass(frozen=True)
class ModuleDiagnostic(_Placed):
    """A fault in the module's files."""

    severity: Literal["error", "warning"]
    summary: str
    detail: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.summary}. {self.detail}".strip()


@dataclass(frozen=True)
class Interface(Displayed):
    """What a caller of a module sees, and what the module needs. Variables and outputs are sorted by name."""

    _renderer = "interface_html"

    name: str
    variables: tuple[Variable, ...] = ()
    outputs: tuple[Output, ...] = ()
    providers: tuple[ProviderRequirement, ...] = ()
    required_version: tuple[str, ...] = ()
    module_calls: tuple[ModuleCall, ...] = ()
    resources: tuple[Resource, ...] = ()
    diagnostics: tuple[ModuleDiagnostic, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the variables that a caller must set."""
        return tuple(v.name for v in self.variables if v.required)

    def variable(self, name: str) -> Variable | None:
        """Return the variable of that name."""
        return next((v for v in self.variables if v.name == name), None)

    def output(self, name: str) -> Output | None:
        """Return the output of that name."""
        return next((o for o in self.outputs if o.name == name), None)

    def of_type(self, type: str) -> tuple[Resource, ...]:
        """Return the managed resources of a type."""
        return tuple(r for r in self.resources if r.mode == "managed" and r.type == type)

    def __repr__(self) -> str:
        counts = f"{len(self.variables)} variables ({len(self.required)} required), {len(self.outputs)} outputs"
        return f"Interface({self.name}: {counts})"


class _ConfigInspect(Wrapper):
    tool = "terraform-config-inspect"


def read(folder: StrPath, *, executable: StrPath | None = None, allow_errors: bool = False) -> Interface:
    """Return the interface of the module in *folder*.

    Args:
        executable: path of terraform-config-inspect; by default the one `helpers.tools` finds or builds.
        allow_errors: return what could be read, with the diagnostics, instead of raising.

    Raises:
        BadInput: *folder* is no folder. InvalidModule: there is no Terraform file, or a file does not parse, or
            something is declared twice (terraform-config-inspect itself would take the last).
    """
    tool = _ConfigInspect(folder, executable=executable, timeout=60)
    if not [*tool.workdir.glob("*.tf"), *tool.workdir.glob("*.tf.json")]:
        raise InvalidModule(
            f"There is no module in {tool.workdir.name}", why="It holds no .tf file.", next="Write variables.tf first."
        )
    done = tool._run(["--json", "."])
    try:
        raw = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise tool._failed("--json", done) from None
    found = (*map(_diagnostic, raw.get("diagnostics") or ()), *_declared_twice(tool.workdir))
    errors = tuple(d for d in found if d.severity == "error")
    if errors and not allow_errors:
        raise InvalidModule(
            f"The module {tool.workdir.name} cannot be read", why="\n".join(map(str, errors[:10])),
            next="Correct the line above; terraform validate says more.", found=errors,
        )  # fmt: skip
    return _interface(tool.workdir.name, raw, found)


def _interface(name: str, raw: Mapping[str, Any], found: tuple[ModuleDiagnostic, ...]) -> Interface:
    def each(key: str) -> list[tuple[str, Mapping[str, Any]]]:
        return sorted((raw.get(key) or {}).items())

    # Terraform's built-in provider is no requirement.
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


def _place(raw: Mapping[str, Any]) -> dict[str, Any]:
    at = raw.get("pos") or {}
    return {"file": at.get("filename", ""), "line": at.get("line", 0)}


def _variable(raw: Mapping[str, Any]) -> Variable:
    default, sensitive = raw.get("default"), bool(raw.get("sensitive"))
    return Variable(
        raw.get("name", ""), raw.get("type", ""), raw.get("description", ""), None if sensitive else default,
        bool(raw.get("required")), sensitive, **_place(raw),
        default_digest=default_digest(default),
    )  # fmt: skip


def default_digest(default: Any) -> str:
    """Return the SHA-256, hex, of a default given as JSON data."""
    import hashlib

    return hashlib.sha256(json.dumps(default, sort_keys=True).encode()).hexdigest()


def _resource(raw: Mapping[str, Any]) -> Resource:
    return Resource(raw.get("mode", "managed"), raw.get("type", ""), raw.get("name", ""), **_place(raw))


def _output(raw: Mapping[str, Any]) -> Output:
    return Output(raw.get("name", ""), raw.get("description", ""), bool(raw.get("sensitive")), **_place(raw))


def _diagnostic(raw: Mapping[str, Any]) -> ModuleDiagnostic:
    severity: Literal["error", "warning"] = "warning" if raw.get("severity") == "warning" else "error"
    summary = str(raw.get("summary", "")).rstrip(".")
    return ModuleDiagnostic(severity, summary, raw.get("detail", ""), **_place(raw))


_BLOCK = re.compile(r'^\s*(variable|output)\s+"([^"\n]+)"\s*\{', re.MULTILINE)


def _declared_twice(folder: Path) -> list[ModuleDiagnostic]:
    seen: dict[tuple[str, str], str] = {}
    found = []
    for file in sorted(folder.glob("*.tf")):
        # Override files repeat blocks on purpose.
        if file.name == "override.tf" or file.name.endswith("_override.tf") or not file.is_file():
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        for match in _BLOCK.finditer(text):
            line = text.count("\n", 0, match.start(1)) + 1
            first = seen.setdefault((match[1], match[2]), f"{file.name}:{line}")
            if first != f"{file.name}:{line}":
                summary = f'Duplicate {match[1]} "{match[2]}"'
                found.append(ModuleDiagnostic("error", summary, f"It is declared at {first} already.", file.name, line))
    return found
