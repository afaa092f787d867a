"""A version's end: who uses it, found in consumers' code and in what Terraform installed, and when it may go."""

from __future__ import annotations

from helpers.compliance.deprecation.consumers import read_consumer
from helpers.compliance.deprecation.decision import STALE, decide
from helpers.compliance.deprecation.warning import Warned, warn

__all__ = ["STALE", "Warned", "decide", "read_consumer", "warn"]
