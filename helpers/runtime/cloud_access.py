"""Where the course's cloud is, and how to act in one of its accounts: endpoint, account numbers, credentials.

By default this is the local cloud (the service ``cloud``, moto): started when needed, on loopback. ``MOD208_CLOUD_URL``
chooses another one:

- not set: the local cloud.
- a URL: any server that speaks the AWS protocol there. ``MOD208_CLOUD_CA`` names the file with the certificate to trust
  where the machine's are not the ones.
- empty, or ``real``: AWS itself, with the credentials boto3 finds. Set ``MOD208_ACCOUNTS`` to your account numbers
  (``vision=123456789012,speech=...``) and ``MOD208_ROLE`` to the role to assume in them.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from helpers.core import http
from helpers.core.errors import BadInput, CourseError
from helpers.core.files import read_private
from helpers.core.redact import add_secrets
from helpers.runtime import services, sts, trust

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
#: Public part of the local cloud's own access key; the secret part is made at its first start.
LOCAL_KEY = "local"
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
        return services.ensure("cloud").url
    if given in ("", "real"):
        return None
    if not re.fullmatch(r"https?://[^\s/]+/?", given):
        raise BadInput(
            "MOD208_CLOUD_URL is not a URL of a server",
            why=f"It is {given!r}.",
            next="unset MOD208_CLOUD_URL   # the local cloud; or set it to https://HOST:PORT, or to real",
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
    """Return credentials of *role* in *account*, from STS AssumeRole; renewed when they are about to expire.

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
    try:
        answer = _by_hand(endpoint, role_arn) if endpoint else _by_boto(role_arn)
    except (sts.Refused, http.NoAnswer) as error:
        raise CloudError(
            f"Cannot assume the role {role_arn}", why=str(error), next="course services restart cloud"
        ) from None
    add_secrets(answer["SecretAccessKey"], answer["SessionToken"])
    return Credentials(number, answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


def _by_hand(endpoint: str, role_arn: str) -> dict[str, str]:
    """Ask a server of which we hold a key."""
    return sts.assume_role(
        endpoint, *local_key(), REGION, role=role_arn, session="mod208", seconds=_SESSION_SECONDS, ca=ca_file()
    )


def _by_boto(role_arn: str) -> dict[str, str]:
    """Ask AWS itself, with whatever credentials boto3 finds."""
    import boto3  # 0.3 s, and only for AWS itself
    import botocore.exceptions  # with boto3

    client = boto3.session.Session(region_name=REGION).client("sts", config=client_config(None))
    try:
        return dict(
            client.assume_role(RoleArn=role_arn, RoleSessionName="mod208", DurationSeconds=_SESSION_SECONDS)[
                "Credentials"
            ]
        )
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        raise sts.Refused(str(error)) from None


def ca_file() -> Path | None:
    """Return the certificate that vouches for the cloud's server, None where that is for the machine's to say.

    ``MOD208_CLOUD_CA`` names it for another cloud than the one that runs here.
    """
    if given := os.environ.get("MOD208_CLOUD_CA"):
        return Path(given)
    return None if os.environ.get("MOD208_CLOUD_URL") is not None else trust.ca_file()


def pinned() -> dict[str, str]:
    """Return variables by which a program with another state directory uses this local cloud, started when needed."""
    here = services.ensure("cloud").url
    return {"MOD208_CLOUD_URL": here, "MOD208_CLOUD_KEY": str(key_file()), "MOD208_CLOUD_CA": str(trust.ca_file())}


def key_file() -> Path:
    """Return the JSON file with the access key of the local cloud; ``MOD208_CLOUD_KEY`` names another one."""
    return Path(os.environ.get("MOD208_CLOUD_KEY") or services.data("cloud") / "access.json")


def local_key() -> tuple[str, str]:
    """Return the access key of the local cloud: public and secret part.

    Another server that ``MOD208_CLOUD_URL`` names gets a key that protects nothing, as emulators take any, unless
    ``MOD208_CLOUD_KEY`` names the file of its key.

    Raises:
        CloudError: the local cloud has no key yet, or its file cannot be read.
    """
    if os.environ.get("MOD208_CLOUD_URL") and not os.environ.get("MOD208_CLOUD_KEY"):
        return LOCAL_KEY, LOCAL_KEY
    file = key_file()
    try:
        held = json.loads(read_private(file))
        known = str(held["access_key_id"]), str(held["secret_access_key"])
    except (OSError, ValueError, KeyError) as error:
        raise CloudError(
            "The access key of the local cloud cannot be read",
            why=f"{file}: {type(error).__name__}.",
            next="course services restart cloud   # makes one where there is none",
        ) from None
    add_secrets(known[1])
    return known


def client_config(endpoint: str | None) -> Any:
    """Return the botocore ``Config`` of every client; *endpoint*: where it asks, None for AWS itself.

    Raises:
        BadInput: a session token would travel to another machine in clear.
    """
    from botocore.config import Config  # loaded by then

    if endpoint is not None:
        http.require_private(endpoint, ["X-Amz-Security-Token"])
    # botocore asks the environment's proxy for loopback too, and would tell it the session token.
    direct = endpoint is not None and http.is_loopback(urlsplit(endpoint).hostname or "")
    return Config(
        # Path style: on loopback a bucket has no host name of its own.
        s3={"addressing_style": "path"},
        retries={"max_attempts": 3, "mode": "standard"},
        connect_timeout=5,
        proxies={} if direct else None,
    )


def client_options(endpoint: str | None) -> dict[str, Any]:
    """Return the arguments of every boto3 client: where it asks, how, and whose certificate it takes there.

    Args:
        endpoint: as `url` returns it. Raises: as `client_config`.
    """
    ca = ca_file() if endpoint is not None else None
    verified = {} if ca is None else {"verify": str(ca)}
    return {"endpoint_url": endpoint, "config": client_config(endpoint), **verified}


def forget() -> None:
    """Drop the credentials that are remembered, for example after the cloud was emptied."""
    with _lock:
        _credentials.clear()


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
        # The S3 backend of Terraform and the SDKs: here a bucket has no host name of its own.
        variables["AWS_S3_USE_PATH_STYLE"] = "true"
        if ca := ca_file():
            variables["AWS_CA_BUNDLE"] = str(ca)
    return variables
