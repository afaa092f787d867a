"""Pulumi: its command line as a typed wrapper, its results, its faults."""

from helpers.wrappers.pulumi._run import file_backend, s3_backend
from helpers.wrappers.pulumi.errors import PulumiError
from helpers.wrappers.pulumi.host import LanguageHost, language_host
from helpers.wrappers.pulumi.pulumi import Pulumi
from helpers.wrappers.pulumi.types import (
    ConfigValue,
    Preview,
    PreviewStep,
    PulumiEvent,
    StackState,
    StackSummary,
    UpdateResult,
)

__all__ = [
    "ConfigValue",
    "LanguageHost",
    "Preview",
    "PreviewStep",
    "Pulumi",
    "PulumiError",
    "PulumiEvent",
    "StackState",
    "StackSummary",
    "UpdateResult",
    "file_backend",
    "language_host",
    "s3_backend",
]
