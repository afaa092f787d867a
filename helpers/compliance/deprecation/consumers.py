"""Reads which versions of a module a consumer uses: from its code, and from what Terraform installed there.

Terraform's lock file (``.terraform.lock.hcl``) holds providers only. ``.terraform/modules/modules.json`` holds what
the last ``terraform init`` installed, and is not committed as a rule; then the constraint in the code decides.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.clients.registry.lifecycle import Use
from helpers.compliance.module_rules.versions import ordered, parse
from helpers.wrappers import module_interface
from helpers.wrappers.module_interface import InvalidConstraint, InvalidModule, ModuleCall
from helpers.wrappers.module_interface.version_constraint import refused
from helpers.wrappers.terraform.config import REGISTRY_HOST

_SKIPPED = {".git", ".terraform", "node_modules", ".venv"}


def read_consumer(directory: str | os.PathLike[str], module: str, offered: Sequence[str]) -> tuple[Use, ...]:
    """Return every call of a registry's module in a consumer's directory and those below it.

    Args:
        directory: of the consumer: a clone, a root module, or both.
        module: ``NAMESPACE/NAME/PROVIDER``.
        offered: versions that the registry offers; what a constraint takes when nothing is installed.

    Returns:
        The calls; one that stands for the directory, of an ``unknown`` version, for files that cannot be read.
    """
    root, source = Path(directory), f"{REGISTRY_HOST}/{module.removeprefix(f'{REGISTRY_HOST}/')}"
    found: list[Use] = []
    for folder in _folders(root):
        name = folder.relative_to(root).as_posix()
        prefix = "" if name == "." else f"{name}/"
        try:
            calls = module_interface.read(folder).module_calls
        except InvalidModule as error:
            place = next((d.where for d in error.found), "")
            found.append(Use("?", "", "", "unknown", f"{prefix}{place or '*.tf'} cannot be read"))
            continue
        installed = _installed(folder)
        direct = {call.name: call for call in calls if _same(call.source, source)}
        found += [_use(call, installed.get(call.name), offered, prefix) for call in direct.values()]
        found += [
            Use(_address(key), "", str(entry["Version"]), "installed", f"{prefix}.terraform/modules/modules.json")
            for key, entry in sorted(installed.items())
            if "." in key and _same(str(entry.get("Source", "")), source)
        ]
    return tuple(found)


def _folders(root: Path) -> Iterator[Path]:
    for path, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in _SKIPPED)
        if any(name.endswith((".tf", ".tf.json")) for name in files):
            yield Path(path)


def _same(source: str, wanted: str) -> bool:
    return source.partition("//")[0] == wanted


def _address(key: str) -> str:
    return ".".join(f"module.{part}" for part in key.split("."))


def _installed(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    try:
        data = json.loads((folder / ".terraform/modules/modules.json").read_text(encoding="utf-8"))
        return {entry["Key"]: entry for entry in data["Modules"] if entry.get("Version")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _use(call: ModuleCall, installed: Mapping[str, Any] | None, offered: Sequence[str], prefix: str) -> Use:
    where, address = f"{prefix}{call.where}", f"module.{call.name}"
    try:
        if installed and _fits(str(installed["Version"]), call.version):
            return Use(address, call.version, str(installed["Version"]), "installed", where)
        # Nothing is installed, or what is installed is older than the code: the next init takes the newest that fits.
        taken = next((v for v in ordered(offered) if _fits(v, call.version)), "")
    except InvalidConstraint:
        return Use(address, call.version, "", "unknown", f"{where}: the constraint {call.version!r} cannot be read")
    if taken:
        return Use(address, call.version, taken, "resolved", where)
    return Use(address, call.version, "", "unknown", f"{where}: no version offered fits {call.version!r}")


def _fits(version: str, constraint: str) -> bool:
    parsed = parse(version)
    if not constraint:
        return parsed is not None and not parsed.prerelease
    named = [f"= {version}"]
    if parsed is not None and parsed.prerelease and refused(named, [constraint], provider=True):
        # Terraform's installer of modules asks the rules for providers, too: a pre-release must be named exactly.
        return False
    return not refused(named, [constraint])
