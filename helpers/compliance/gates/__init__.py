"""The gates of a change: the same code on the command line, in the Git server's hook and in the hosted pipeline.

What is asked is written in one file of the repository, ``gates.yaml``. A change is judged by the gates, policies and
keys of the revision it builds on, so that it cannot weaken what judges it.
"""

from helpers.compliance.gates._images import ImageVerdict, judge_image
from helpers.compliance.gates.run import fork_point, run
from helpers.compliance.gates.settings import Settings
from helpers.core.verdicts.gates import BadGates, Finding, Gate, GateReport, GatesMissing, GatesUnreadable, Status
from helpers.wrappers.secret_scan import scan_secrets

__all__ = [
    "BadGates",
    "Finding",
    "Gate",
    "GateReport",
    "GatesMissing",
    "GatesUnreadable",
    "ImageVerdict",
    "Settings",
    "Status",
    "fork_point",
    "judge_image",
    "run",
    "scan_secrets",
]
