"""A Terraform module's interface: what it takes and gives, and what a change of it breaks."""

from helpers.wrappers.module_interface.change import Bump, Change, InterfaceDiff, raised
from helpers.wrappers.module_interface.diff import compare
from helpers.wrappers.module_interface.interface import (
    Guard,
    Interface,
    InvalidModule,
    ModuleCall,
    ModuleDiagnostic,
    Moved,
    Output,
    ProviderRequirement,
    Removed,
    Resource,
    Variable,
    default_digest,
)
from helpers.wrappers.module_interface.reading import read
from helpers.wrappers.module_interface.version_constraint import InvalidConstraint

__all__ = [
    "Bump",
    "Change",
    "Guard",
    "Interface",
    "InterfaceDiff",
    "InvalidConstraint",
    "InvalidModule",
    "ModuleCall",
    "ModuleDiagnostic",
    "Moved",
    "Output",
    "ProviderRequirement",
    "Removed",
    "Resource",
    "Variable",
    "compare",
    "default_digest",
    "raised",
    "read",
]
