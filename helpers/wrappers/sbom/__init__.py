"""Software bills of materials (SBOM): what a directory, a program, an image or a Terraform module is made of.

Syft looks; CycloneDX and SPDX documents are read to the same types; two of them can be compared.
"""

from helpers.wrappers.sbom._diff import ComponentChange, Direction, LicenceChange, SbomDiff, diff
from helpers.wrappers.sbom._parse import parse, read
from helpers.wrappers.sbom.syft import Syft
from helpers.wrappers.sbom.types import Component, MalformedSbom, NothingFound, Sbom

__all__ = [
    "Component",
    "ComponentChange",
    "Direction",
    "LicenceChange",
    "MalformedSbom",
    "NothingFound",
    "Sbom",
    "SbomDiff",
    "Syft",
    "diff",
    "parse",
    "read",
]
