"""Known vulnerabilities of the parts of an artifact, and signed answers to them.

>>> report = match(sbom, load())
>>> report.answered([read_vex(package, "package.vex.json", key=security)])
AdvisoryReport(gpu-workspace: 1 open, 1 answered, 0 could not tell)
"""

from helpers.compliance.advisories.database import Advisory, BadAdvisory, Database, load
from helpers.compliance.advisories.matching import match
from helpers.compliance.advisories.report import AdvisoryReport, Match
from helpers.compliance.advisories.vex import OPENVEX, BadVex, Vex, read_vex, sign_vex, vex

__all__ = [
    "OPENVEX",
    "Advisory",
    "AdvisoryReport",
    "BadAdvisory",
    "BadVex",
    "Database",
    "Match",
    "Vex",
    "load",
    "match",
    "read_vex",
    "sign_vex",
    "vex",
]
