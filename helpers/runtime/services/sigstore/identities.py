"""Whom the OIDC issuer knows: the people and the workloads of the story."""

from __future__ import annotations

#: Whom a token is for: Fulcio, under the name that all Sigstore clients use.
AUDIENCE = "sigstore"
#: The trust domain of workload identities.
TRUST_DOMAIN = "acme.test"
PEOPLE = ("ada@acme.test", "grace@acme.test", "learner@acme.test")
WORKLOADS = ("spiffe://acme.test/pipeline/inference", "spiffe://acme.test/pipeline/modules")
IDENTITIES = (*PEOPLE, *WORKLOADS)


def realm(identity: str) -> str:
    """Return which of the two issuers vouches for an identity: ``people`` or ``workloads``."""
    return "workloads" if identity.startswith("spiffe://") else "people"
