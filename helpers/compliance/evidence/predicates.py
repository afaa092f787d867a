"""Read what a verified statement says: the parts of exactly this artifact, or how and by whom it was built.

A signature says which key signed. Whoever holds a trusted key may still state an empty list, or a builder that never
ran, so a statement is evidence only when its predicate says what it is there for, in the form its standard gives it.

Source: CycloneDX and SPDX as `helpers.wrappers.sbom` reads them; in-toto Statement v1; SLSA provenance v1
(https://slsa.dev/spec/v1.0/provenance).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from helpers.compliance.evidence.builders import Builder
from helpers.compliance.provenance import PROVENANCE, SBOM_TYPES, STATEMENT_TYPE
from helpers.wrappers import sbom

_DIGESTS = {"sha256": 64, "sha512": 128, "gitCommit": 40}


class Unreadable(Exception):
    """A statement is signed, and says nothing that counts; the words say what is missing."""


@dataclass(frozen=True)
class Origin:
    """What provenance says.

    Attributes:
        builder, build_type: URIs. parameters: names of the external parameters. materials: how many, each with a
        digest.
    """

    builder: str
    build_type: str
    parameters: tuple[str, ...]
    materials: int


def parts(statement: Mapping[str, Any], digest: str) -> sbom.Sbom:
    """Return the bill of materials that a verified statement holds.

    Args:
        statement: in-toto, as it was verified. digest: SHA-256 of the artifact, hex.

    Raises:
        Unreadable: it is not a bill of materials in the format its type names, it is about other bytes, it lists
            nothing, or it lists something that cannot be looked up.
    """
    _about(statement, digest)
    try:
        found = sbom.parse(_object(statement, "predicate"))
    except sbom.MalformedSbom as error:
        raise Unreadable(f"{error.what}: {error.why}") from None
    if statement.get("predicateType") != SBOM_TYPES[found.format]:
        raise Unreadable(f"It is called {statement.get('predicateType')}, and is in the format {found.format}.")
    if found.digest != f"sha256:{digest}":
        raise Unreadable(f"The list is about {found.digest or 'no digest'}, the artifact is sha256:{digest}.")
    if not found.components:
        raise Unreadable("The list has no component.")
    itself = (found.subject, found.version)
    if all((part.name, part.version) == itself or ("SHA-256", digest) in part.hashes for part in found.components):
        raise Unreadable("The list has no component but the artifact itself.")
    for part in found.components:
        if not part.name or not (part.version or part.purl or part.hashes):
            raise Unreadable(f"{part.name or 'A component'} has no name that anything can be looked up by.")
    return found


def origin(statement: Mapping[str, Any], digest: str, builder: Builder | None = None) -> Origin:
    """Return what a verified statement says of the build.

    Args:
        statement: in-toto, as it was verified. digest: SHA-256 of the artifact, hex.
        builder: whose key signed it; a key may only speak for its own builder. Without it nobody was asked.

    Raises:
        Unreadable: it is not SLSA provenance v1 in a Statement v1, a field that the specification requires is missing,
            or it speaks for a builder, or of a kind of build, that its signer may not speak for.
    """
    _about(statement, digest)
    if statement.get("_type") != STATEMENT_TYPE or statement.get("predicateType") != PROVENANCE:
        raise Unreadable("It is not SLSA provenance v1 in an in-toto Statement v1.")
    said = _object(statement, "predicate")
    definition, run = _object(said, "buildDefinition"), _object(said, "runDetails")
    parameters = _object(definition, "externalParameters")
    if not parameters:
        raise Unreadable("buildDefinition.externalParameters is empty: what the build was told is not known.")
    found = Origin(
        _text(_object(run, "builder"), "id"),
        _text(definition, "buildType"),
        tuple(sorted(map(str, parameters))),
        _materials(definition),
    )
    if builder is not None and found.builder != builder.id:
        raise Unreadable(f"It speaks for the builder {found.builder}, and was signed with the key of {builder.id}.")
    if builder is not None and found.build_type not in builder.build_types:
        raise Unreadable(f"{builder.id} may not do builds of type {found.build_type}.")
    return found


def _about(statement: Mapping[str, Any], digest: str) -> None:
    subjects = statement.get("subject")
    named = [one.get("digest") for one in subjects] if isinstance(subjects, list) else []
    # One digest: a second one could be of other bytes, and some reader's choice.
    if named != [{"sha256": digest}]:
        raise Unreadable("It is not about exactly this artifact.")


def _materials(definition: Mapping[str, Any]) -> int:
    found = definition.get("resolvedDependencies")
    if not isinstance(found, list) or not found:
        raise Unreadable("buildDefinition.resolvedDependencies names nothing that it was built from.")
    for one in found:
        digests = one.get("digest") if isinstance(one, Mapping) else None
        if not isinstance(digests, Mapping) or not any(
            re.fullmatch(rf"[0-9a-f]{{{length}}}", str(digests.get(name, ""))) for name, length in _DIGESTS.items()
        ):
            raise Unreadable("A material has no digest: it could have been anything.")
    return len(found)


def _object(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = raw.get(name)
    if not isinstance(found, Mapping):
        raise Unreadable(f"{name} is missing.")
    return found


def _text(raw: Mapping[str, Any], name: str) -> str:
    found = raw.get(name)
    if not isinstance(found, str) or "://" not in found:
        raise Unreadable(f"{name} is missing, or is not a URI.")
    return found
