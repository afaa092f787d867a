"""The platform team's objects for Pulumi programs: what components are built of."""

from acme_platform.catalogue import KINDS
from acme_platform.resources import ArtifactBucket, GpuPool, Network, Token

__all__ = ["KINDS", "ArtifactBucket", "GpuPool", "Network", "Token"]
