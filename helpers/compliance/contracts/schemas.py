"""The published contracts: which deliverables each has, its JSON Schemas, and what a schema says in our words."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import referencing

from helpers.compliance.contracts.types import Fault, UnknownContract
from helpers.core import yaml_reader
from helpers.core.paths import ROOT

#: Where the contracts are published.
CONTRACTS = ROOT / "contracts"
#: At most so many faults are told of one file: the first ones explain the others.
MOST = 20


@dataclass(frozen=True)
class Deliverable:
    """One file of a contract.

    Attributes:
        id: its name. path: below the directory of deliverables. schema: name of its schema, empty without one.
        signed: its signature is beside it, ``FILE.sigstore.json``. made_by: what writes it.
    """

    id: str
    path: str
    schema: str
    signed: bool
    made_by: str


@dataclass(frozen=True)
class Contract:
    """A version of a contract.

    Attributes:
        name, version, title: which. directory: where it is published.
        given: file that every learner is given, empty without one.
    """

    name: str
    version: int
    title: str
    directory: Path
    given: str
    deliverables: tuple[Deliverable, ...]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    def deliverable(self, id: str) -> Deliverable:
        """Return the deliverable of that name."""
        return next(one for one in self.deliverables if one.id == id)

    def schemas(self) -> dict[str, dict[str, Any]]:
        """Return name -> schema, sorted by name."""
        files = sorted(self.directory.glob("*.schema.json"))
        return {file.name.removesuffix(".schema.json"): _read(file) for file in files}


def contracts() -> tuple[str, ...]:
    """Return the names of the contracts."""
    return tuple(sorted(path.parent.parent.name for path in CONTRACTS.glob("*/v1/contract.yaml")))


def contract(name: str, version: int = 1) -> Contract:
    """Return a contract.

    Raises:
        UnknownContract: there is no such one.
    """
    if name not in contracts() or not (CONTRACTS / name / f"v{version}").is_dir():
        raise UnknownContract(
            f"There is no contract {name} v{version}",
            why=f"There are: {', '.join(contracts())}, each as v1.",
            next=f"course contract validate DIR --contract {contracts()[-1]}",
        )
    directory = CONTRACTS / name / f"v{version}"
    raw = yaml_reader.load((directory / "contract.yaml").read_text(encoding="utf-8"))
    listed = tuple(Deliverable(**one) for one in raw["deliverables"])
    return Contract(raw["contract"], raw["version"], raw["title"], directory, raw["given"], listed)


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


@cache
def _registry() -> Any:
    schemas = map(_read, sorted(CONTRACTS.glob("*/v*/*.schema.json")))
    found = ((one["$id"], referencing.Resource.from_contents(one)) for one in schemas)
    return referencing.Registry().with_resources(found)


@cache
def validator(name: str, schema: str) -> Any:
    """Return the validator (of ``jsonschema``, draft 2020-12) of one schema of a contract."""
    return jsonschema.Draft202012Validator(contract(name).schemas()[schema], registry=_registry())


def faults(name: str, schema: str, data: Any, where: str) -> list[Fault]:
    """Return everything in *data* that the schema refuses, each in our words."""
    found = validator(name, schema).iter_errors(data)
    listed = sorted((one for error in found for one in _leaves(error)), key=lambda e: [str(p) for p in e.absolute_path])
    made = [_fault(error, where, schema) for error in listed]
    return list(dict.fromkeys(made))[:MOST]


def _leaves(error: Any) -> Iterator[Any]:
    """Yield what is wrong in the alternative that is nearest, in place of "none of the alternatives fits"."""
    if error.validator not in ("oneOf", "anyOf") or not error.context:
        yield error
        return
    branches: dict[int, list[Any]] = {}
    for one in error.context:
        branches.setdefault(one.schema_path[0], []).append(one)
    yield from min(branches.values(), key=_distance)


def _distance(errors: list[Any]) -> tuple[int, int]:
    # A field that is not known there means: it was meant as another alternative.
    return sum(one.validator in ("additionalProperties", "type", "const") for one in errors), len(errors)


def _fault(error: Any, where: str, schema: str) -> Fault:
    path = ".".join(str(part) for part in error.absolute_path)
    place = f"{where}: {path}" if path else where
    said = _words(error)
    description = error.schema.get("description", "") if isinstance(error.schema, Mapping) else ""
    return Fault("schema", place, said[0], f"{description} The schema is {schema}.".strip(), said[1])


def _words(error: Any) -> tuple[str, str]:
    """Return what is wrong, and what to do about it."""
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{', '.join(missing)} is missing", f"Add {missing[0]}."
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        known = list(error.schema.get("properties", ()))
        strange = sorted(str(name) for name in error.instance if name not in known)
        near = difflib.get_close_matches(strange[0], known, 1) if strange else []
        fix = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(known)}."
        return f"{', '.join(strange)[:200]} is not a field here", fix
    value = json.dumps(error.instance, default=str)[:80]
    wanted = {
        "type": f"Write a value of type {error.validator_value}.",
        "enum": f"One of: {error.validator_value}.",
        "const": f"Write {json.dumps(error.validator_value)}.",
        "pattern": f"It has the form {error.validator_value}",
    }.get(error.validator, f"The rule is {error.validator}: {json.dumps(error.validator_value, default=str)[:120]}.")
    return f"{value} is not valid here", wanted
