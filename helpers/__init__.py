"""Helpers of MOD-208: typed wrappers of the real tools, local services, checks and displays.

Names are loaded when first used, so that ``import helpers`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from helpers import checks, services, tools, widgets
    from helpers._process import call_async
    from helpers._redact import add_secrets
    from helpers.conftest import Conftest
    from helpers.cosign import Cosign
    from helpers.crane import Crane
    from helpers.errors import CourseError
    from helpers.git import Git
    from helpers.opa import Opa
    from helpers.terraform import Terraform
    from helpers.terraform_docs import TerraformDocs

#: Public name -> module it comes from; a name that is the module itself has no attribute to take.
_EXPORTS = {
    "Conftest": "helpers.conftest",
    "Cosign": "helpers.cosign",
    "CourseError": "helpers.errors",
    "Crane": "helpers.crane",
    "Git": "helpers.git",
    "Opa": "helpers.opa",
    "Terraform": "helpers.terraform",
    "TerraformDocs": "helpers.terraform_docs",
    "add_secrets": "helpers._redact",
    "call_async": "helpers._process",
}
_MODULES = ("checks", "services", "tools", "widgets")

__all__ = [
    "Conftest", "Cosign", "CourseError", "Crane", "Git", "Opa", "Terraform", "TerraformDocs", "add_secrets",
    "call_async", "checks", "services", "tools", "widgets",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"helpers.{name}")
    if name in _EXPORTS:
        return getattr(importlib.import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module 'helpers' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
