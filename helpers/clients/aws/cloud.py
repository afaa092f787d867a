"""The course's cloud: boto3 sessions and clients for several accounts, and settings of Terraform's backend.

Which cloud that is, and its accounts: `helpers.runtime.cloud_access`.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from typing import Any

from helpers.core import http
from helpers.core.errors import BadInput
from helpers.runtime import sts
from helpers.runtime.cloud_access import (
    ACCOUNTS,
    LOCAL_KEY,
    REGION,
    ROLE,
    CloudError,
    Credentials,
    account_id,
    accounts,
    assume,
    ca_file,
    client_options,
    environment,
    forget,
    local_key,
    url,
)

__all__ = [
    "ACCOUNTS",
    "LOCAL_KEY",
    "REGION",
    "ROLE",
    "CloudError",
    "Credentials",
    "account_id",
    "account_of",
    "accounts",
    "assume",
    "backend_config",
    "client",
    "client_options",
    "environment",
    "local_key",
    "reset",
    "session",
    "signed_request",
    "url",
]


def session(account: str = "platform", role: str | None = None) -> Any:
    """Return a boto3 ``Session`` that acts in *account*; prefer `client`, which also knows the endpoint.

    Args:
        account: name (``platform``, ``vision``, ``speech``, ``ranking``) or 12 digits.
        role: role to assume; by default `ROLE`.
    """
    held = assume(account, role)
    return _session(held.access_key_id, held.secret_access_key, held.session_token)


def _session(*held: str | None) -> Any:
    # Expensive (0.5 s).
    import boto3

    return boto3.session.Session(*held, region_name=REGION)


def _exceptions() -> Any:
    # With boto3, which `_session` imports.
    import botocore.exceptions

    return botocore.exceptions


def client(service: str, account: str = "platform", *, region: str = REGION) -> Any:
    """Return a boto3 client of *service* (``s3``, ``ec2``, ...) that acts in *account*."""
    options = client_options(url())
    try:
        return session(account).client(service, region_name=region, **options)
    except _exceptions().UnknownServiceError:
        raise BadInput(
            f"There is no AWS service {service!r}", why="boto3 does not know it.", next='cloud.client("s3")'
        ) from None


def account_of(variables: Mapping[str, str]) -> str:
    """Return the number of the account that variables as `environment` gives act in, as the cloud itself says.

    Raises:
        CloudError: it does not answer, or refuses.
    """
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    asked = _session(*map(variables.get, names))
    try:
        options = client_options(variables.get("AWS_ENDPOINT_URL"))
        sts = asked.client("sts", **{**options, "verify": variables.get("AWS_CA_BUNDLE")})
        return str(sts.get_caller_identity()["Account"])
    except (_exceptions().BotoCoreError, _exceptions().ClientError) as error:
        raise CloudError("The cloud does not say which account this is", why=str(error), next="course doctor") from None


def backend_config(bucket: str, key: str, account: str = "platform") -> dict[str, str | bool]:
    """Return the settings of Terraform's S3 backend, with locking by a lock file.

    Credentials are not among them: give those with `environment`, so that they reach no file.

    Args:
        bucket: it must exist in *account*.
        key: of the state object.
        account: name or number.
    """
    account_id(account)
    settings: dict[str, str | bool] = {"bucket": bucket, "key": key, "region": REGION, "use_lockfile": True}
    if url():
        settings |= {
            "use_path_style": True,
            "skip_credentials_validation": True,
            "skip_requesting_account_id": True,
            "skip_metadata_api_check": True,
            "skip_region_validation": True,
        }
    return settings


def signed_request(method: str, path: str) -> http.Answer:
    """Send the local cloud a request of the course's own (not of AWS), signed with the installation's key.

    Raises:
        http.NoAnswer: it cannot be reached.
    """
    endpoint, at = str(url()), dt.datetime.now(dt.UTC)
    headers = sts.signed(endpoint, b"", *local_key(), REGION, at, method=method, path=path, service="course")
    return http.request(method, f"{endpoint}{path}", headers=headers, ca=ca_file())


def reset() -> None:
    """Empty the local cloud: every resource of every account. Refused for any other cloud.

    After a reset the same calls give the same identifiers again.

    Raises:
        BadInput: the cloud is not the local one.
    """
    if os.environ.get("MOD208_CLOUD_URL") is not None:
        raise BadInput(
            "Only the local cloud can be reset",
            why="MOD208_CLOUD_URL points at another one.",
            next="unset MOD208_CLOUD_URL",
        )
    try:
        answer = signed_request("POST", "/moto-api/reset")
        why = "" if answer.ok else f"HTTP status {answer.status}"
    except http.NoAnswer as error:
        why = str(error)
    if why:
        raise CloudError("The local cloud cannot be reset", why=why, next="course services restart cloud")
    forget()
