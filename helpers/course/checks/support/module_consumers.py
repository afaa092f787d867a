"""Roots that call the published module: which version they install, and what they give to it and take from it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from helpers.clients.registry import Registry
from helpers.core.verdicts.checks import Unmet
from helpers.course.checks.support.gpu_workspace import INPUTS, MADE_UP
from helpers.course.checks.support.module_probes import Probe, ask_all, inspect, learners_fault, scratch
from helpers.course.checks.support.module_releases import ADDRESS
from helpers.course.checks.support.terraform_runs import one_provider, terraform
from helpers.course.workspace import Workspace
from helpers.wrappers.module_interface import ModuleCall
from helpers.wrappers.terraform.config import PROVIDER_SOURCE, REGISTRY_HOST

SOURCE = f"{REGISTRY_HOST}/{ADDRESS}"
#: An output that the check adds to the installed module, and to the root.
SEEN = "seen_by_the_check"


def calls(lab: Workspace, folder: str) -> list[ModuleCall]:
    """Return the root's calls of the module."""
    return [block for block in inspect(lab, folder).module_calls if block.source == SOURCE]


def call(lab: Workspace, folder: str) -> tuple[str, str]:
    """Return place and constraint of the root's call of the module."""
    found = calls(lab, folder)
    if not found:
        raise Unmet(f"{folder} does not call {SOURCE}")
    return f"{folder}/{found[0].where}", found[0].version


def takes(constraint: str, offered: str) -> bool:
    """Return whether a Terraform constraint takes a version; Terraform's ``~>`` is PEP 440's ``~=``."""
    words = [re.sub(r"^=(?!=)", "==", part.strip().replace("~>", "~=")) for part in constraint.split(",")]
    words = [w if re.match(r"[<>=~!]", w) else f"=={w}" for w in words]
    try:
        return offered in SpecifierSet(",".join(w.replace(" ", "") for w in words))
    except InvalidSpecifier:
        return False


def installed(lab: Workspace, folder: str, constraint: str = "") -> str:
    """Return the version of the module that Terraform installs for a root, with another constraint if one is given."""
    with _initialised(lab, folder, constraint) as root:
        return str(_module(root).get("Version", ""))


def used(lab: Workspace, folder: str, outputs: Mapping[str, str] | None = None) -> str:
    """Return the version that Terraform installs for a root, which asks the module for what was agreed.

    Args:
        outputs: output of the root -> output of the module that it has to pass on.

    Raises:
        Unmet: the root is not valid, or Terraform works out other values.
    """
    with _initialised(lab, folder) as root:
        with learners_fault(folder):
            answer = terraform(root).validate()
        if not answer.valid:
            first = answer.errors[0]
            raise Unmet(f"{folder}/{first.where}: {first.summary}: {' '.join(first.detail.split())}")
        module = _module(root)
        _asked(lab, folder, root, root / str(module["Dir"]), outputs or {})
        return str(module.get("Version", ""))


def _asked(lab: Workspace, folder: str, root: Path, module: Path, outputs: Mapping[str, str]) -> None:
    """Put what the module was given, and what the root gives on, to Terraform; no provider is asked."""
    block = calls(lab, folder)[0]
    where, token = f"{folder}/{block.where}", INPUTS["registry_token"]
    agreed = {name: value for name, value in INPUTS.items() if name != "registry_token"}
    if outputs:
        changed = {name: {"value": _value(name)} for name in outputs.values()}
        (module / "seen_override.tf.json").write_text(json.dumps({"output": changed}))
    seen = {"value": {name: f"${{var.{name}}}" for name in agreed}}
    _plant(module, seen)
    # A call may have count or for_each.
    one = f"try(module.{block.name}.{SEEN}, module.{block.name}[0].{SEEN}, values(module.{block.name})[0].{SEEN})"
    _plant(root, {"value": f"${{{one}}}"})
    # A mocked provider is one that the root names, and this one need not.
    known = {"platform": {"source": PROVIDER_SOURCE}}
    (root / "seen_override.tf.json").write_text(json.dumps({"terraform": {"required_providers": known}}))
    probes = [
        *(_equals(f"{SEEN}.{name}", value, f"{where}: {name} is not {value}") for name, value in agreed.items()),
        *(
            _equals(own, _value(its), f"{folder}: output {own} is not the module's {its}")
            for own, its in outputs.items()
        ),
    ]
    with one_provider():
        ask_all(root, folder, probes, {"registry_token": token}, mock=MADE_UP)
        # The token cannot be shown; a condition can compare it.
        same = {"condition": f'${{var.registry_token == "{token}"}}', "error_message": "It is another text."}
        _plant(module, {**seen, "precondition": same})
        says = f"{where}: registry_token is not the variable's value"
        ask_all(root, folder, [Probe("registry_token", say=says)], {"registry_token": token}, mock=MADE_UP)


def _equals(output: str, value: str, say: str) -> Probe:
    return Probe(output.rpartition(".")[2], expect=f"output.{output} == {json.dumps(value)}", say=say)


def _plant(folder: Path, output: Mapping[str, Any]) -> None:
    (folder / "seen.tf.json").write_text(json.dumps({"output": {SEEN: output}}))


def _value(output: str) -> str:
    return f"{output}-for-the-check"


def _module(root: Path) -> dict[str, Any]:
    """Return what Terraform's own list says of the installed module; nothing when the root does not call it."""
    listed = json.loads((root / ".terraform" / "modules" / "modules.json").read_text())["Modules"]
    return next((m for m in listed if ADDRESS in m.get("Source", "")), {})


@contextlib.contextmanager
def _initialised(lab: Workspace, folder: str, constraint: str = "") -> Iterator[Path]:
    """Give an initialised copy of a root, whose call has another constraint if one is given."""
    # Terraform finds the registry only while it runs; it may have been stopped since the last notebook.
    Registry.local()
    with scratch(lab, folder) as room:
        root = room / folder
        if constraint:
            # An override changes the call of the module and no other version, such as that of a provider.
            named = {block.name: {"version": constraint} for block in calls(lab, folder)}
            (root / "asked_override.tf.json").write_text(json.dumps({"module": named}))
        with learners_fault(folder):
            terraform(root).init(backend=False)
        yield root
