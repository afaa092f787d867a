"""The resources as a program sees them: dynamic resources, whose providers are Python classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import dynamic

from acme_platform.providers import BucketProvider, NetworkProvider, PoolProvider, TokenProvider


class Network(dynamic.Resource, module="platform", name="Network"):
    """A VPC with two subnets. Changing ``cidr`` or ``name`` replaces it."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(NetworkProvider(), name, {"arn": None, **props}, opts)


class ArtifactBucket(dynamic.Resource, module="platform", name="ArtifactBucket"):
    """An S3 bucket. Changing ``name`` replaces it."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(BucketProvider(), name, {"arn": None, **props}, opts)


class GpuPool(dynamic.Resource, module="platform", name="GpuPool"):
    """An Auto Scaling group of GPU nodes. Changing ``name``, ``kind`` or ``network_id`` replaces it."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(PoolProvider(), name, {"arn": None, **props}, opts)


class Token(dynamic.Resource, module="platform", name="Token"):
    """A secret in Secrets Manager; its ``value`` is a secret, and so ciphertext in the state."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["value"])
        props = {"arn": None, **props, "value": pulumi.Output.secret(props["value"])}
        super().__init__(TokenProvider(), name, props, pulumi.ResourceOptions.merge(secret, opts))
