"""The gates of a change: the same code on the command line, in the Git server's hook and in the hosted pipeline.

What is asked is written in one file of the repository, ``gates.yaml``. A change is judged by the gates, policies and
keys of the revision it builds on, so that it cannot weaken what judges it.
"""

from helpers.gates._images import ImageVerdict, judge_image
from helpers.gates.run import fork_point, run
from helpers.gates.secrets import scan_secrets
from helpers.gates.settings import Settings
from helpers.gates.types import BadGates, Finding, Gate, GateReport, GatesMissing, GatesUnreadable, Status

__all__ = [
    "BadGates", "Finding", "Gate", "GateReport", "GatesMissing", "GatesUnreadable", "ImageVerdict", "Settings",
    "Status", "fork_point", "judge_image", "run", "scan_secrets",
]  # fmt: skip
