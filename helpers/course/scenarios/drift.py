"""Three stacks of three teams, and what people do to them outside of Terraform."""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from helpers.clients.aws import cloud
from helpers.compliance.drift import DriftSettings, Stack, load
from helpers.core import process
from helpers.course import teaching
from helpers.runtime import services
from helpers.wrappers.terraform import Terraform

#: Below ``iac/lectures``.
MATERIAL = "unit2/drift"
_ACCOUNTS = {
    "stacks/vision-training": "vision",
    "stacks/speech-serving": "speech",
    "stacks/ranking-features": "ranking",
}


def start() -> Path:
    """Return the directory of ``drift.yaml`` with its three stacks, freshly applied, each in its team's account."""
    services.ensure("cloud")
    root = teaching.material(MATERIAL, accounts=_ACCOUNTS)
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(apply, load(root / "drift.yaml").stacks))
    return root


def settings(root: Path) -> DriftSettings:
    """Return what ``drift.yaml`` says now."""
    return load(root / "drift.yaml")


def terraform(stack: Stack) -> Terraform:
    """Return Terraform in a stack, as its own pipeline runs it."""
    return Terraform(stack.directory, env=cloud.environment(stack.account))


def apply(stack: Stack) -> None:
    """Apply a stack, as its own pipeline does."""
    run = terraform(stack)
    run.init()
    run.apply(auto_approve=True)


def suspend_versioning(bucket: str, account: str) -> None:
    """Switch a bucket's versioning off, as somebody does in the console to save money."""
    s3 = cloud.client("s3", account)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def tag_bucket(bucket: str, account: str, name: str, value: str) -> None:
    """Add a tag to a bucket, as a scanner does every night."""
    s3 = cloud.client("s3", account)
    tags = [one for one in s3.get_bucket_tagging(Bucket=bucket)["TagSet"] if one["Key"] != name]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [*tags, {"Key": name, "Value": value}]})


def delete_bucket(bucket: str, account: str) -> None:
    """Delete a bucket, as a clean-up script does."""
    cloud.client("s3", account).delete_bucket(Bucket=bucket)


def create_bucket(bucket: str, account: str) -> None:
    """Create a bucket by hand, which no state knows; nothing happens when it is there."""
    s3 = cloud.client("s3", account)
    if bucket not in buckets(account):
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": cloud.session(account).region_name}
        )


def buckets(account: str) -> list[str]:
    """Return the names of an account's buckets."""
    return sorted(one["Name"] for one in cloud.client("s3", account).list_buckets()["Buckets"])


def run_pipeline(root: Path) -> tuple[int, dict[str, Any]]:
    """Run ``pipeline.sh`` as the hosted job does; return its exit code and the report that it wrote."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = process.run(["sh", "pipeline.sh"], cwd=root, env=process.environment({"PATH": path}), timeout=600)
    return done.returncode, json.loads((root / ".drift" / "report.json").read_text(encoding="utf-8"))


@contextmanager
def running_apply(stack: Stack) -> Iterator[None]:
    """Hold the lock of a stack's local state, as an apply does while it runs (Terraform uses the same system call)."""
    with (stack.directory / "terraform.tfstate").open("r+") as state:
        fcntl.lockf(state, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(state, fcntl.LOCK_UN)
