"""Evidence for an auditor: controls, what answers them, and a pack that is verified without trusting who made it.

>>> pack = EvidencePack("evidence-2026-01")
>>> pack.add(module, signature=bundle, sbom=sbom_bundle, provenance=provenance_bundle)
EvidencePack(evidence-2026-01: 1 artifacts)
>>> verify(pack.seal(Trail(), key=key, password=password), keys="auditor-keys")
PackVerification(valid: 5 of 5 controls covered)
"""

from helpers.evidence.controls import coverage, load
from helpers.evidence.facts import facts
from helpers.evidence.keys import Keys
from helpers.evidence.pack import EvidencePack
from helpers.evidence.types import (
    ATTESTATIONS,
    Artifact,
    BadControls,
    BadEvidence,
    Control,
    Coverage,
    Evidence,
    EvidenceError,
    Finding,
    PackVerification,
    Requirement,
)
from helpers.evidence.verify import verify

__all__ = [
    "ATTESTATIONS", "Artifact", "BadControls", "BadEvidence", "Control", "Coverage", "Evidence", "EvidenceError",
    "EvidencePack", "Finding", "Keys", "PackVerification", "Requirement", "coverage", "facts", "load",
    "verify",
]  # fmt: skip
