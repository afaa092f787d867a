"""A small platform for controls: three services, a bucket that Terraform made, one made by hand, and a key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.clients.aws import cloud
from helpers.compliance import running
from helpers.core.files import write_private
from helpers.course import teaching
from helpers.runtime import services
from helpers.wrappers.terraform import Terraform

#: Names of this lecture's buckets begin so.
PREFIX = "acme-u2-"
ACCOUNT = "platform"
BY_HAND = f"{PREFIX}site"


@dataclass(frozen=True)
class RunningPlatform:
    """What runs. *directory* has the Terraform code, *key* is the file of a private key."""

    directory: Path
    key: Path

    @property
    def terraform(self) -> Terraform:
        """Terraform in the directory, in the platform's account."""
        return Terraform(self.directory, env=cloud.environment(ACCOUNT))

    def inputs(self) -> dict[str, Any]:
        """Return what the profile is asked about: this lecture's key and buckets, and the three services."""
        found = running.inputs((ACCOUNT,))
        names = [name for name in found["buckets"] if name.startswith(PREFIX)]
        ours = {"private_keys": [str(self.key)], "buckets": names, "kubernetes_url": ""}
        return {**found, **ours, "state_buckets": [name for name in names if running.STATES in name]}


def start() -> RunningPlatform:
    """Start the services and return the platform as Terraform and its people left it."""
    for name in ("cloud", "registry", "vault"):
        services.ensure(name)
    _remove_by_hand()
    folder = teaching.material("unit2/controls", cloud.environment(ACCOUNT))
    key = folder / "release.key"
    write_private(key, "not a real key\n")
    platform = RunningPlatform(folder, key)
    platform.terraform.init()
    platform.terraform.apply(auto_approve=True)
    return platform


def create_by_hand() -> str:
    """Create a bucket by hand, as the API makes one of a single call; return its name."""
    s3 = cloud.client("s3", ACCOUNT)
    s3.create_bucket(Bucket=BY_HAND, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    return BY_HAND


def close_to_the_public(name: str) -> None:
    """Switch Block Public Access on for a bucket."""
    every = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    cloud.client("s3", ACCOUNT).put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=every)


def _remove_by_hand() -> None:
    s3 = cloud.client("s3", ACCOUNT)
    if BY_HAND in [one["Name"] for one in s3.list_buckets()["Buckets"]]:
        s3.delete_bucket(Bucket=BY_HAND)
