"""The course's cloud: boto3 sessions for several accounts, and the same as variables for Terraform and other tools.

By default this is the local cloud (`helpers.services`, moto): started when needed, on loopback. ``MOD208_CLOUD_URL``
chooses another one:

- not set: the local cloud.
- a URL: any server that speaks the AWS protocol there.
- empty, or ``real``: AWS itself, with the credentials boto3 finds. Set ``MOD208_ACCOUNTS`` to your account numbers
  (``vision=123456789012,speech=...``) and ``MOD208_ROLE`` to the role to assume in them.
"""

from __future__ import annotations

import os
import re
import threading
import time
import urllib.request
from dataclasses import dataclass
from typing import Any

from helpers.errors import BadInput, CourseError

#: The accounts of acme: the platform team and its product teams. The only place that names their numbers.
ACCOUNTS = {
    "platform": "111111111111",
    "vision": "222222222222",
    "speech": "333333333333",
    "ranking": "444444444444",
}
#: The region of everything in the course.
REGION = "eu-central-1"
#: The role that a pipeline assumes in each account.
ROLE = "platform-deployer"
#: Credentials of the local cloud's outermost account; they protect nothing.
LOCAL_KEY, LOCAL_SECRET = "local", "local"
#: Life of assumed credentials.
_SESSION_SECONDS = 3600

_lock = threading.Lock()
_credentials: dict[tuple[str, str], tuple[float, Credentials]] = {}


class CloudError(CourseError):
    """The cloud could not be reached or refused."""

    code = "cloud-error"


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials of one account, from STS AssumeRole.

    Attributes:
        account: 12 digits.
        access_key_id: public part.
        secret_access_key: secret part; never shown.
        session_token: secret part; never shown.
    """

    account: str
    access_key_id: str
    secret_access_key: str
    session_token: str

    def __repr__(self) -> str:
        return f"Credentials(account={self.account!r}, access_key_id={self.access_key_id!r})"


def url() -> str | None:
    """Return the cloud's URL, starting the local cloud when that is the one; ``None`` is AWS itself."""
    given = os.environ.get("MOD208_CLOUD_URL")
    if given is None:
        from helpers import services

        return services.ensure("cloud").url
    if given in ("", "real"):
        return None
    if not re.fullmatch(r"https?://[^\s/]+/?", given):
        raise BadInput(
            "MOD208_CLOUD_URL is not a URL of a server",
            why=f"It is {given!r}.",
            next="unset MOD208_CLOUD_URL   # the local cloud; or set it to http://HOST:PORT, or to real",
        )
    return given.rstrip("/")


def accounts() -> dict[str, str]:
    """Return account name -> number; ``MOD208_ACCOUNTS`` (``name=number,...``) changes or adds some."""
    known = dict(ACCOUNTS)
    for pair in filter(None, os.environ.get("MOD208_ACCOUNTS", "").split(",")):
        name, _, number = pair.strip().partition("=")
        if not name or not re.fullmatch(r"\d{12}", number):
            raise BadInput(
                "MOD208_ACCOUNTS cannot be read",
                why=f"{pair!r} is not NAME=NUMBER with 12 digits.",
                next="MOD208_ACCOUNTS=platform=123456789012,vision=210987654321",
            )
        known[name] = number
    return known


def account_id(account: str) -> str:
    """Return the number of an account given by name or number.

    Raises:
        BadInput: there is no such account.
    """
    if re.fullmatch(r"\d{12}", account):
        return account
    known = accounts()
    if account not in known:
        raise BadInput(
            f"There is no account {account!r}", why="Known accounts: " + ", ".join(known) + ".", next="cloud.accounts()"
        )
    return known[account]


def assume(account: str = "platform", role: str | None = None) -> Credentials:
    """Return credentials of *role* in *account*, from STS AssumeRole; asked anew when they are about to expire.

    Raises:
        CloudError: the cloud cannot be reached or refuses the role.
    """
    number, role = account_id(account), role or os.environ.get("MOD208_ROLE", ROLE)
    endpoint = url()
    key = (endpoint or "aws", f"{number}/{role}")
    with _lock:
        held = _credentials.get(key)
        if held and held[0] > time.time() + 300:
            return held[1]
        got = _assume(endpoint, f"arn:aws:iam::{number}:role/{role}", number)
        _credentials[key] = (time.time() + _SESSION_SECONDS, got)
        return got


def _assume(endpoint: str | None, role_arn: str, number: str) -> Credentials:
    import botocore.exceptions

    from helpers import add_secrets

    sts = _base(endpoint).client("sts", endpoint_url=endpoint, config=_config())
    try:
        answer = sts.assume_role(RoleArn=role_arn, RoleSessionName="mod208", DurationSeconds=_SESSION_SECONDS)[
            "Credentials"
        ]
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        raise CloudError(
            f"Cannot assume the role {role_arn}", why=str(error), next="course services restart cloud"
        ) from None
    add_secrets(answer["SecretAccessKey"], answer["SessionToken"])
    return Credentials(number, answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


def _base(endpoint: str | None) -> Any:
    import boto3

    if endpoint is None:
        return boto3.session.Session(region_name=REGION)
    return boto3.session.Session(LOCAL_KEY, LOCAL_SECRET, region_name=REGION)


def _config() -> Any:
    from botocore.config import Config

    # Path style: the names of buckets are no host names on loopback.
    return Config(s3={"addressing_style": "path"}, retries={"max_attempts": 3, "mode": "standard"}, connect_timeout=5)


def session(account: str = "platform", role: str | None = None) -> Any:
    """Return a boto3 ``Session`` that acts in *account*; prefer `client`, which also knows the endpoint.

    Args:
        account: name (``platform``, ``vision``, ``speech``, ``ranking``) or 12 digits.
        role: role to assume; by default `ROLE`.
    """
    import boto3

    held = assume(account, role)
    return boto3.session.Session(held.access_key_id, held.secret_access_key, held.session_token, region_name=REGION)


def client(service: str, account: str = "platform", *, region: str = REGION) -> Any:
    """Return a boto3 client of *service* (``s3``, ``ec2``, ...) that acts in *account*."""
    import botocore.exceptions

    endpoint = url()
    try:
        return session(account).client(service, region_name=region, endpoint_url=endpoint, config=_config())
    except botocore.exceptions.UnknownServiceError:
        raise BadInput(
            f"There is no AWS service {service!r}", why="boto3 does not know it.", next='cloud.client("s3")'
        ) from None


def environment(account: str = "platform") -> dict[str, str]:
    """Return variables that make Terraform, the AWS command line and any AWS SDK act in *account*.

    Pass them as ``env=`` to a wrapper; they hold credentials, so do not print them.
    """
    held = assume(account)
    variables = {
        "AWS_ACCESS_KEY_ID": held.access_key_id,
        "AWS_SECRET_ACCESS_KEY": held.secret_access_key,
        "AWS_SESSION_TOKEN": held.session_token,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if endpoint := url():
        variables["AWS_ENDPOINT_URL"] = variables["PLATFORM_ENDPOINT"] = endpoint
        # The S3 backend of Terraform and the SDKs: bucket names are no host names here.
        variables["AWS_S3_USE_PATH_STYLE"] = "true"
    return variables


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
    request = urllib.request.Request(f"{url()}/moto-api/reset", method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310
            pass
    except OSError as error:
        raise CloudError(
            "The local cloud cannot be reset", why=str(error), next="course services restart cloud"
        ) from None
    with _lock:
        _credentials.clear()
