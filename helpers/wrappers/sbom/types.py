"""What a bill of materials says, whichever of the two formats it was written in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from helpers.core.display import Displayed
from helpers.core.errors import CourseError
from helpers.wrappers.base import StrPath

Format = Literal["cyclonedx", "spdx"]


class MalformedSbom(CourseError):
    """A document is not a bill of materials in CycloneDX or SPDX JSON."""

    code = "malformed-sbom"


class NothingFound(CourseError):
    """There is no such thing to look at; an empty bill of materials would say that it has no components."""

    code = "nothing-to-list"


@dataclass(frozen=True, order=True)
class Component:
    """One part.

    Attributes:
        name: in the ecosystem's own words, for example ``github.com/aws/aws-sdk-go-v2``.
        version: exact version; empty when it is not known (a constraint such as ``~> 1.2`` is none).
        type: ecosystem: ``golang``, ``pypi``, ``npm``, ``terraform-provider``, ``terraform-module``...
        purl: package URL, the name by which databases of vulnerabilities know it; empty when there is none.
        licences: SPDX identifiers or expressions, or the words of the author where those are not in SPDX's list.
        hashes: pairs of algorithm and hex digest. ``h1`` is the directory hash of Go and Terraform: it is a SHA-256
            over the list of files, so no ``sha256sum`` of an archive gives it.
    """

    name: str
    version: str = ""
    type: str = ""
    purl: str = ""
    licences: tuple[str, ...] = ()
    hashes: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Component({self.name} {self.version or '(version not known)'}, {self.type or 'unknown type'})"


@dataclass(frozen=True)
class Sbom(Displayed):
    """A bill of materials.

    Attributes:
        subject: what it is about. version: of the subject, empty when it has none.
        digest: SHA-256 of the subject, ``sha256:...``: of the file, of the image's manifest, of the module's package.
            Empty for an ordinary directory, which has no digest of its own.
        components: sorted by type, name and version.
        format: of *raw*. raw: the document.
    """

    subject: str
    digest: str
    components: tuple[Component, ...]
    version: str = ""
    format: Format = "cyclonedx"
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def of_type(self, type: str) -> tuple[Component, ...]:
        """Return the components of an ecosystem."""
        return tuple(c for c in self.components if c.type == type)

    def find(self, name: str) -> tuple[Component, ...]:
        """Return the components of that name; there may be several versions."""
        return tuple(c for c in self.components if c.name == name)

    def write(self, path: StrPath) -> Path:
        """Write the document as JSON and return its path."""
        target = Path(path)
        target.write_text(json.dumps(self.raw, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return target

    def __repr__(self) -> str:
        bound = f", {self.digest[:19]}..." if self.digest else ", no digest"
        return f"Sbom({self.subject}: {len(self.components)} components, {self.format}{bound})"
