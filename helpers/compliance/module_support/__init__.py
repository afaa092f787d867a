"""Support models: who owns a module, who answers when, what is promised, and how it ends; kept in ``module.yaml``.

`read` reads and judges the block ``support`` of a ``module.yaml``; `SupportPolicy` is what a registry demands in a
namespace. The form is ``schema.json`` beside this file (JSON Schema, draft 2020-12).
"""

from __future__ import annotations

from helpers.compliance.module_support.policy import SupportPolicy
from helpers.compliance.module_support.reading import check, read
from helpers.compliance.module_support.types import (
    STAGES,
    Deprecation,
    Escalation,
    ServiceLevel,
    SupportModel,
    duration,
    duration_text,
)

__all__ = [
    "STAGES",
    "Deprecation",
    "Escalation",
    "ServiceLevel",
    "SupportModel",
    "SupportPolicy",
    "check",
    "duration",
    "duration_text",
    "read",
]
