"""Certificates: what a learner's graded evidence proves, as a signed credential that anybody can verify offline.

The document is an Open Badges 3.0 achievement in the W3C Verifiable Credentials 2.0 data model. It is secured as a JWS
(VC-JOSE-COSE) and not by a Data Integrity proof: there the bytes that were signed are the bytes that are read, so no
JSON-LD has to be put in a canonical form, nor a context be fetched, to verify it; joserfc does the Ed25519.
"""

from helpers.compliance.certificates.issuer import (
    CERTIFICATE_DAYS,
    Issued,
    Issuer,
    NoIssuer,
    NoSuchCertificate,
    NotFit,
)
from helpers.compliance.certificates.types import CertificateVerification, Claim, Fault
from helpers.compliance.certificates.verify import verify

__all__ = [
    "CERTIFICATE_DAYS",
    "CertificateVerification",
    "Claim",
    "Fault",
    "Issued",
    "Issuer",
    "NoIssuer",
    "NoSuchCertificate",
    "NotFit",
    "verify",
]
