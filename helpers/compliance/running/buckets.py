"""What the cloud's API says of buckets, as the plain data that a control compares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from helpers.clients.aws import cloud

#: A lock file of Terraform's S3 backend (``use_lockfile``) ends in this.
LOCK = ".tflock"
#: Tag by which the course's provider notes who owns an object.
OWNER = "platform:owner"


def bucket_report(accounts: Iterable[str] = ("platform",), *, now: datetime | None = None) -> dict[str, dict[str, Any]]:
    """Return bucket -> account, owner, encryption, versioning, public_access_blocked, locks_older_than_a_day.

    The owner is what the course's provider notes in a tag, empty without it. A setting that was never made is ``none``,
    ``Disabled`` or false: the API answers such a question with an error.

    Raises:
        CloudError: the cloud cannot be reached, or the account is refused.
    """
    moment = now or datetime.now(UTC)
    found = {}
    for account in accounts:
        s3 = cloud.client("s3", account)
        for bucket in s3.list_buckets()["Buckets"]:
            found[bucket["Name"]] = {"account": account, **_settings(s3, bucket["Name"], moment)}
    return dict(sorted(found.items()))


def _settings(s3: Any, name: str, now: datetime) -> dict[str, Any]:
    encryption = _said(lambda: s3.get_bucket_encryption(Bucket=name), "ServerSideEncryptionConfigurationNotFoundError")
    rules = encryption.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    access = _said(lambda: s3.get_public_access_block(Bucket=name), "NoSuchPublicAccessBlockConfiguration")
    switches = access.get("PublicAccessBlockConfiguration", {})
    tags = _said(lambda: s3.get_bucket_tagging(Bucket=name), "NoSuchTagSet").get("TagSet", [])
    return {
        "owner": next((tag["Value"] for tag in tags if tag["Key"] == OWNER), ""),
        "encryption": rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] if rules else "none",
        "versioning": s3.get_bucket_versioning(Bucket=name).get("Status", "Disabled"),
        "public_access_blocked": len(switches) == 4 and all(switches.values()),
        "locks_older_than_a_day": _old_locks(s3, name, now - timedelta(days=1)),
    }


def _said(ask: Callable[[], dict[str, Any]], absent: str) -> dict[str, Any]:
    """Return an answer, empty when the API says by its own error that there is no such setting."""
    import botocore.exceptions  # with boto3, which `cloud.client` has loaded

    try:
        return ask()
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == absent:
            return {}
        raise


def _old_locks(s3: Any, name: str, before: datetime) -> int:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=name)
    keys = (one for page in pages for one in page.get("Contents", ()))
    return sum(one["Key"].endswith(LOCK) and one["LastModified"] < before for one in keys)
