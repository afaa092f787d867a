"""The given custom resource: which fields it has, of which type, and which of them are always there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core import yaml_reader

#: What the API server gives every object, whatever the schema says.
_METADATA = {"metadata.name": "string", "metadata.namespace": "string", "metadata.uid": "string"}


@dataclass(frozen=True)
class Field:
    """A field of the resource.

    Attributes:
        path: such as ``spec.gpu.nodes``. schema: its OpenAPI schema.
        always: whether every object that the API server admits has it, by itself or by a default.
    """

    path: str
    schema: Mapping[str, Any]
    always: bool

    @property
    def type(self) -> str:
        """Its JSON type."""
        return str(self.schema.get("type", ""))


@dataclass(frozen=True)
class CustomResource:
    """What a definition (``apiextensions.k8s.io/v1``) says of one version."""

    group: str
    kind: str
    versions: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, path: Path) -> CustomResource:
        """Return the definition in a YAML file of the course."""
        spec = yaml_reader.load(path.read_text(encoding="utf-8"))["spec"]
        served = {one["name"]: one["schema"]["openAPIV3Schema"] for one in spec["versions"] if one["served"]}
        return cls(spec["group"], spec["names"]["kind"], served)

    def fields(self, version: str) -> dict[str, Field]:
        """Return path -> field, of ``metadata``, ``spec`` and ``status``."""
        given = {path: Field(path, {"type": kind}, True) for path, kind in _METADATA.items()}
        return given | {one.path: one for one in _below("", self.versions[version], True)}


def _below(path: str, schema: Mapping[str, Any], always: bool) -> Iterator[Field]:
    required = schema.get("required", ())
    for name, inner in (schema.get("properties") or {}).items():
        there = always and (name in required or "default" in inner)
        where = f"{path}.{name}".removeprefix(".")
        yield Field(where, inner, there)
        yield from _below(where, inner, there)
