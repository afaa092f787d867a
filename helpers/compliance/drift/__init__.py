"""Drift over many stacks: looked for on a schedule, told apart from code that nobody applied, reported to its owner.

>>> settings = load(Path("drift.yaml"))
>>> look(settings, history=Path(".drift/history.json"))
DriftReport(1 drifted, 1 unknown, 1 unapplied, 2 in-sync)
"""

from helpers.compliance.drift.act import Record, adopt, heal
from helpers.compliance.drift.advice import advise
from helpers.compliance.drift.document import report_document, report_text
from helpers.compliance.drift.look import look
from helpers.compliance.drift.noise import sift
from helpers.compliance.drift.settings import load
from helpers.compliance.drift.types import (
    EXIT_CODES,
    STATUSES,
    ActionRefused,
    Advice,
    BadDriftFile,
    DriftError,
    DriftFinding,
    DriftReport,
    DriftSettings,
    IgnoreRule,
    Stack,
    StackDrift,
)

__all__ = [
    "EXIT_CODES",
    "STATUSES",
    "ActionRefused",
    "Advice",
    "BadDriftFile",
    "DriftError",
    "DriftFinding",
    "DriftReport",
    "DriftSettings",
    "IgnoreRule",
    "Record",
    "Stack",
    "StackDrift",
    "adopt",
    "advise",
    "heal",
    "load",
    "look",
    "report_document",
    "report_text",
    "sift",
]
