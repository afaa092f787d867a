"""Executes the Terraform examples of a README: on a copy of the module, with validate and, where it can be, a plan."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.compliance.module_docs.types import Example, Finding, Ran
from helpers.wrappers import module_interface
from helpers.wrappers.module_interface import Interface, InvalidModule, ModuleCall
from helpers.wrappers.module_interface.hcl_reader import ask
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.config import PROVIDER_SOURCE, REGISTRY_HOST
from helpers.wrappers.terraform.errors import (
    InvalidConfiguration,
    ModuleNotAvailable,
    ModuleVersionNotFound,
    TerraformError,
)
from helpers.wrappers.terraform.types import Diagnostic

FILE = "example.tf"
_ARGUMENT = r"^(\s*{name}\s*=\s*)\"([^\"]*)\"(.*)$"


@dataclass(frozen=True)
class Published:
    """What a module says that it is: ``NAMESPACE/NAME/PROVIDER`` and its version; either may be empty."""

    address: str
    version: str

    def is_meant(self, source: str) -> bool:
        """Return whether an example's source is this module, however it is fetched."""
        name = self.address.split("/")[1] if self.address.count("/") == 2 else ""
        if source.startswith("."):
            return not re.search(r"[^./]", source) or (bool(name) and source.rstrip("/").endswith(f"/{name}"))
        plain = re.sub(r"^(git::)?(\w+://)?", "", source.split("?")[0]).split("//")[0]
        parts = plain.rstrip("/").removesuffix(".git").split("/")
        registry = len(parts) in (3, 4) and parts[-2] == name
        return bool(name) and (registry or parts[-1] == name or parts[-1].endswith(f"-{name}"))

    def differs(self, source: str) -> bool:
        """Return whether a registry source has another namespace or provider than the module."""
        registry = source.removeprefix(f"{REGISTRY_HOST}/")
        return source.startswith(f"{REGISTRY_HOST}/") and bool(self.address) and registry != self.address


def run(
    example: Example, module: Path, published: Published, room: Path, env: Mapping[str, str] | None
) -> tuple[list[Finding], Ran]:
    """Execute one example in *room*, an empty directory beside a copy of the module named ``module``.

    Raises:
        TerraformError: of a kind that is not the example's fault: no cloud, no provider.
    """
    room.mkdir()
    (room / FILE).write_text(example.text, encoding="utf-8")
    try:
        shape = module_interface.read(room)
    except InvalidModule as error:
        return [_at(example, d.line, "example-invalid", f"{d.summary}. {d.detail}") for d in error.found], "failed"
    lines = example.text.splitlines()
    findings = [f for call in shape.module_calls for f in _rewrite(example, lines, call, published)]
    (room / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    more, ran = _terraform(example, room, shape, env)
    return [*findings, *more], ran


def _at(example: Example, line: int, kind: str, what: str) -> Finding:
    return Finding(kind, example.line + max(line, 1) - 1, " ".join(what.split()), "Correct the example.")


def _rewrite(example: Example, lines: list[str], call: ModuleCall, published: Published) -> Iterator[Finding]:
    """Point the block of a call at the copy; its lines stay where they are. Yield what it says wrongly."""
    if not published.is_meant(call.source):
        return
    for number in range(call.line - 1, len(lines)):
        if number > call.line - 1 and re.match(r"^\S", lines[number]) and not lines[number].startswith(("}", "#", "/")):
            break
        if source := re.match(_ARGUMENT.format(name="source"), lines[number]):
            lines[number] = f'{source[1]}"../module"{source[3]}'
            if published.differs(call.source):
                what = f"The source {call.source} is another module: this one is {REGISTRY_HOST}/{published.address}."
                yield Finding("wrong-source", example.line + number, what, "Correct the source.")
        elif found := re.match(_ARGUMENT.format(name="version"), lines[number]):
            lines[number] = f"# {lines[number].strip()}"
            yield from _version(found[2], published.version, example.line + number)


def _version(constraint: str, version: str, line: int) -> Iterator[Finding]:
    if not version:
        return
    (answer,) = ask([{"op": "versions", "constraints": [constraint], "versions": [version]}])
    if answer["errors"]:
        what = f"The constraint {constraint!r} cannot be read: {answer['errors'][0]['message']}."
        yield Finding("wrong-version", line, what, "Correct the constraint.")
    elif not answer["allowed"][version]:
        what = f"The constraint {constraint!r} does not allow {version}, the version that this README describes."
        yield Finding("wrong-version", line, what, f"Write a constraint that allows {version}.")


def _terraform(
    example: Example, room: Path, shape: Interface, env: Mapping[str, str] | None
) -> tuple[list[Finding], Ran]:
    # A plan asks our provider's cloud; the local one is started when an example needs it and the caller named no other.
    asks = PROVIDER_SOURCE in {provider.source for provider in module_interface.read(room.parent / "module").providers}
    terraform = Terraform(room, env=env, account="platform" if asks and not env else None)
    try:
        terraform.init(backend=False)
    except (InvalidConfiguration, ModuleNotAvailable, ModuleVersionNotFound) as error:
        return _told(example, error.diagnostics_list, error.what), "failed"
    checked = terraform.validate()
    if checked.errors:
        return _told(example, checked.errors, "It is not valid."), "failed"
    if shape.required:
        # Its reader gives the values; without them a plan would say nothing about the text.
        return [], "validated"
    try:
        terraform.plan(refresh=False)
    except TerraformError as error:
        return _told(example, error.diagnostics_list, error.what), "failed"
    return [], "planned"


def _told(example: Example, diagnostics: Sequence[Diagnostic], what: str) -> list[Finding]:
    """Return Terraform's errors with their lines; one in a file of the module is told at the example's first line."""
    said = [
        (d.line if d.file in ("", FILE) else 1, f"{d.summary}: {d.detail}")
        for d in diagnostics
        if d.severity == "error"
    ]
    return [_at(example, line or 1, "example-invalid", text) for line, text in said or [(1, what)]]


def copy_module(module: Path, target: Path) -> None:
    """Copy a module without what its own runs left behind."""
    shutil.copytree(module, target, ignore=shutil.ignore_patterns(".git", ".terraform*", "*.tfstate*", "__pycache__"))
