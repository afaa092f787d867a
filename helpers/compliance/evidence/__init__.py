"""Evidence for an auditor: controls, what answers them, and a pack that is verified without trusting who made it.

>>> pack = EvidencePack("evidence-2026-01")
>>> pack.add(module, signature=bundle, sbom=sbom_bundle, provenance=provenance_bundle)
EvidencePack(evidence-2026-01: 1 artifacts)
>>> verify(pack.seal(Trail(), key=key, password=password), keys="auditor-keys")
PackVerification(valid: 5 of 5 controls covered)
"""

from helpers.compliance.evidence.builders import BadBuilders, Builder
from helpers.compliance.evidence.controls import coverage, load
from helpers.compliance.evidence.facts import facts
from helpers.compliance.evidence.keys import Keys
from helpers.compliance.evidence.oscal import catalog as oscal_catalog
from helpers.compliance.evidence.pack import EvidencePack
from helpers.compliance.evidence.period import BadPeriod, Period
from helpers.compliance.evidence.types import (
    ATTESTATIONS,
    Artifact,
    BadControls,
    BadEvidence,
    Control,
    Coverage,
    Evidence,
    EvidenceError,
    PackFinding,
    PackVerification,
    Requirement,
)
from helpers.compliance.evidence.verify import verify

__all__ = [
    "ATTESTATIONS",
    "Artifact",
    "BadBuilders",
    "BadControls",
    "BadEvidence",
    "BadPeriod",
    "Builder",
    "Control",
    "Coverage",
    "Evidence",
    "EvidenceError",
    "EvidencePack",
    "Keys",
    "PackFinding",
    "PackVerification",
    "Period",
    "Requirement",
    "coverage",
    "facts",
    "load",
    "oscal_catalog",
    "verify",
]
