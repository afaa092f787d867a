"""Software bills of materials (SBOM): what a folder, a program, an image or a Terraform module is made of.

Syft looks; CycloneDX and SPDX documents are read to the same types; two of them can be compared.
"""

from helpers.sbom._diff import ComponentChange, LicenceChange, SbomDiff, diff
from helpers.sbom._parse import parse, read
from helpers.sbom.syft import Syft
from helpers.sbom.types import Component, MalformedSbom, NothingFound, Sbom

__all__ = [
    "Component", "ComponentChange", "LicenceChange", "MalformedSbom", "NothingFound", "Sbom", "SbomDiff", "Syft",
    "diff", "parse", "read",
]  # fmt: skip
