"""The interface that the registry keeps and shows; `helpers.wrappers.module_interface` reads and compares it."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.compliance.module_rules import archive
from helpers.wrappers import module_interface
from helpers.wrappers.base import ToolFailed
from helpers.wrappers.module_interface import (
    Interface,
    InvalidModule,
    ModuleDiagnostic,
    Output,
    ProviderRequirement,
    Variable,
)


def read(files: dict[str, bytes]) -> tuple[Interface, list[tuple[str, str]]]:
    """Return the interface of a module given as files, and its parser's complaints (where, what)."""
    with tempfile.TemporaryDirectory(prefix="inspect-") as name:
        archive.write({n: c for n, c in files.items() if "/" not in n}, Path(name))
        try:
            found = module_interface.read(name, allow_errors=True)
        except InvalidModule:
            # No .tf file at all: a rule of its own says so.
            return Interface(""), []
        except ToolFailed as error:
            return Interface(""), [("*.tf", error.why[:300] or "It cannot be read.")]
    return found, [_complaint(d) for d in found.diagnostics if d.severity == "error"]


def _complaint(found: ModuleDiagnostic) -> tuple[str, str]:
    return found.where or "*.tf", f"{found.summary}. {found.detail}".strip()[:400]


def to_json(found: Interface) -> dict[str, Any]:
    """Return an interface as JSON-ready data: ``inputs``, ``outputs``, ``requirements``, ``resources``, ``modules``."""
    return {
        "inputs": [{**vars(v), "type": textwrap.dedent("  " + v.type).strip()} for v in found.variables],
        # How an output is computed is the module's own affair, and may hold what is not for everybody.
        "outputs": [{k: v for k, v in vars(o).items() if k != "value"} for o in found.outputs],
        "requirements": {
            "terraform": ", ".join(found.required_version),
            "providers": [
                {"name": p.name, "source": p.source, "version": ", ".join(p.version_constraints)}
                for p in found.providers
            ],
        },
        "resources": [r.address for r in found.resources if r.mode == "managed"],
        "modules": [{"name": m.name, "source": m.source, "version": m.version} for m in found.module_calls],
    }


def from_json(data: Mapping[str, Any]) -> Interface:
    """Return what a caller sees of a module, from the data of `to_json`; what is inside it is left out."""
    needs = data["requirements"]
    return Interface(
        "",
        tuple(_variable(item) for item in data["inputs"]),
        tuple(Output(**item) for item in data["outputs"]),
        tuple(ProviderRequirement(p["name"], p["source"], _constraints(p["version"])) for p in needs["providers"]),
        _constraints(needs["terraform"]),
        inside_known=False,
    )


def _constraints(text: str) -> tuple[str, ...]:
    # No text means that nothing is asked for; as a constraint it would be wrong.
    return (text,) if text else ()


def _variable(item: Mapping[str, Any]) -> Variable:
    # Versions published by an older registry have no digest, and no word of validation.
    digest = item.get("default_digest") or module_interface.default_digest(item["default"])
    rules = item.get("validations")
    return Variable(**{**item, "default_digest": digest, "validations": None if rules is None else tuple(rules)})
