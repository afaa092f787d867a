"""Reads a module's interface with terraform-config-inspect."""

from __future__ import annotations

import json
import tempfile
import textwrap
from pathlib import Path
from typing import Any

from helpers import _process, tools
from helpers.services.registry_server import archive


def read(files: dict[str, bytes]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the interface of a module given as files, and its parser's complaints (where, what).

    The interface has ``inputs``, ``outputs`` (lists), ``requirements``, ``resources``, ``modules``.
    """
    with tempfile.TemporaryDirectory(prefix="inspect-") as name:
        archive.write({n: c for n, c in files.items() if "/" not in n}, Path(name))
        done = _process.run([tools.ensure("terraform-config-inspect").path, "--json", "."], cwd=name, timeout=30)
    try:
        raw: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return _interface({}), [("*.tf", done.stderr.strip()[:300] or "It cannot be read.")]
    said = [d for d in raw.get("diagnostics", ()) if d.get("severity") == "error"]
    return _interface(raw), [_complaint(d) for d in said]


def _complaint(diagnostic: dict[str, Any]) -> tuple[str, str]:
    pos = diagnostic.get("pos") or {}
    where = f"{pos['filename']}:{pos['line']}" if pos.get("filename") else "*.tf"
    return where, f"{diagnostic.get('summary', '')}. {diagnostic.get('detail', '')}".strip()[:400]


def _interface(raw: dict[str, Any]) -> dict[str, Any]:
    providers = raw.get("required_providers", {})
    return {
        "inputs": [_input(raw["variables"][n]) for n in sorted(raw.get("variables", {}))],
        "outputs": [_output(raw["outputs"][n]) for n in sorted(raw.get("outputs", {}))],
        "requirements": {
            "terraform": ", ".join(raw.get("required_core", ())),
            "providers": [
                {
                    "name": n,
                    "source": providers[n].get("source", ""),
                    "version": ", ".join(providers[n].get("version_constraints", ())),
                }
                for n in sorted(providers)
                if n != "terraform"  # built into Terraform
            ],
        },
        "resources": sorted(raw.get("managed_resources", {})),
        "modules": [
            {"name": n, "source": c.get("source", ""), "version": c.get("version", "")}
            for n, c in sorted(raw.get("module_calls", {}).items())
        ],
    }


def _input(raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": raw["name"],
        "type": textwrap.dedent("  " + raw.get("type", "")).strip(),
        "description": raw.get("description", ""),
        "required": bool(raw.get("required")),
        "default": None if raw.get("sensitive") else raw.get("default"),
        "sensitive": bool(raw.get("sensitive")),
        "file": raw.get("pos", {}).get("filename", ""),
        "line": raw.get("pos", {}).get("line", 0),
    }


def _output(raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": raw["name"],
        "description": raw.get("description", ""),
        "sensitive": bool(raw.get("sensitive")),
        "file": raw.get("pos", {}).get("filename", ""),
        "line": raw.get("pos", {}).get("line", 0),
    }


def breaking(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return what in *new* breaks a caller of *old*; empty when an upgrade needs no change."""
    before, after = ({i["name"]: i for i in x["inputs"]} for x in (old, new))
    changes = [f"input {name} was removed" for name in before if name not in after]
    for name, item in after.items():
        was = before.get(name)
        if was is None:
            changes += [f"input {name} is new and required"] if item["required"] else []
        elif _spaceless(was["type"]) != _spaceless(item["type"]):
            changes.append(f"the type of input {name} changed from {was['type']} to {item['type']}")
        elif item["required"] and not was["required"]:
            changes.append(f"input {name} lost its default")
    kept = {o["name"] for o in new["outputs"]}
    return changes + [f"output {o['name']} was removed" for o in old["outputs"] if o["name"] not in kept]


def _spaceless(text: str) -> str:
    return "".join(text.split())
