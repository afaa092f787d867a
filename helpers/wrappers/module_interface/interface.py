"""The interface of a Terraform module: what a caller sees, and what the module needs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from helpers.core.display import Displayed
from helpers.core.errors import CourseError


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
    nullable: bool = True
    ephemeral: bool = False
    #: Conditions of its ``validation`` blocks, with locals written out; None when they are not known.
    validations: tuple[str, ...] | None = None

    def defaults_to(self, value: Any) -> bool:
        """Return whether it has this default, also when it is sensitive."""
        return not self.required and self.default_digest == default_digest(value)


@dataclass(frozen=True)
class Output(_Placed):
    """An output; *value* is its expression with locals written out, empty when it is not known."""

    name: str
    description: str = ""
    sensitive: bool = False
    file: str = ""
    line: int = 0
    ephemeral: bool = False
    value: str = field(default="", repr=False)


@dataclass(frozen=True)
class ProviderRequirement:
    """A provider the module needs, and in which versions."""

    name: str
    source: str = ""
    version_constraints: tuple[str, ...] = ()
    #: Configurations that a caller must pass (``configuration_aliases``), such as ``platform.west``.
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModuleCall(_Placed):
    """A module that the module uses; *repetition* is ``count``, ``for_each`` or empty, *repeats* its expression."""

    name: str
    source: str
    version: str = ""
    file: str = ""
    line: int = 0
    repetition: str = ""
    repeats: str = field(default="", repr=False)


@dataclass(frozen=True)
class Resource(_Placed):
    """A resource of the module; *mode* is ``managed`` or ``data``.

    Attributes:
        repetition: ``count``, ``for_each`` or empty. repeats: its expression, empty when it is not known.
    """

    mode: str
    type: str
    name: str
    file: str = ""
    line: int = 0
    repetition: str = ""
    repeats: str = field(default="", repr=False)

    @property
    def address(self) -> str:
        """Its address in the module, for example ``data.aws_region.here``."""
        return f"{'data.' if self.mode == 'data' else ''}{self.type}.{self.name}"


@dataclass(frozen=True)
class Guard:
    """A ``precondition`` or ``postcondition`` (*kind*) of a resource or output (*owner*, such as ``output.bucket``)."""

    owner: str
    kind: str
    condition: str = field(repr=False)


@dataclass(frozen=True)
class Moved(_Placed):
    """A ``moved`` block: what had the address *old* in a state has the address *new* now."""

    old: str
    new: str
    file: str = ""
    line: int = 0


@dataclass(frozen=True)
class Removed(_Placed):
    """A ``removed`` block: what has the address *old* leaves the state, and is destroyed or only forgotten."""

    old: str
    destroy: bool = True
    file: str = ""
    line: int = 0


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
    """What a caller of a module sees, and what the module needs. Variables and outputs are sorted by name.

    ``inside_known`` says whether resources, module calls, ``moved`` blocks and guards were read at all: a registry
    keeps only what a caller writes.
    """

    name: str
    variables: tuple[Variable, ...] = ()
    outputs: tuple[Output, ...] = ()
    providers: tuple[ProviderRequirement, ...] = ()
    required_version: tuple[str, ...] = ()
    module_calls: tuple[ModuleCall, ...] = ()
    resources: tuple[Resource, ...] = ()
    diagnostics: tuple[ModuleDiagnostic, ...] = ()
    moved: tuple[Moved, ...] = ()
    removed: tuple[Removed, ...] = ()
    guards: tuple[Guard, ...] = ()
    #: What ``import`` blocks import to; a caller's Terraform refuses such a module.
    imports: tuple[str, ...] = ()
    #: Modules of its own directories that it calls: name of the call -> interface.
    inner: tuple[tuple[str, Interface], ...] = ()
    inside_known: bool = True

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


def default_digest(default: Any) -> str:
    """Return the SHA-256, hex, of a default given as JSON data."""
    return hashlib.sha256(json.dumps(default, sort_keys=True).encode()).hexdigest()
