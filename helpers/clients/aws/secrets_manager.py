"""AWS Secrets Manager in the accounts of the course: secrets, versions with stages, rotation in four steps.

>>> from helpers import SecretsManager
>>> manager = SecretsManager("vision")
>>> manager.put("vision/wandb", {"api-key": "..."})
Secret(vision/wandb AWSCURRENT: api-key=(sensitive value))
>>> manager.rotate("vision/wandb", "api-key").stage
'AWSCURRENT'

By default this is the local cloud; `helpers.clients.aws.cloud` says how to point it at AWS.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import secrets as randomness
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.clients.aws import cloud
from helpers.core.display import Displayed
from helpers.core.errors import BadInput, CourseError
from helpers.core.redact import add_secrets
from helpers.wrappers.terraform.types import Sensitive

#: Stages of versions: in use, in use before, being rotated in.
CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"
#: The only key of a secret that is one text and no JSON object.
TEXT = "value"


class SecretsManagerError(CourseError):
    """Base of the faults of Secrets Manager."""

    code = "secrets-manager-error"


class NoSuchSecret(SecretsManagerError):
    """There is no such secret, version or stage, or it is marked for deletion."""

    code = "secrets-manager-no-such-secret"


class PermissionDenied(SecretsManagerError):
    """The role may not do this."""

    code = "secrets-manager-permission-denied"


class SecretsManagerDown(SecretsManagerError):
    """The cloud does not answer."""

    code = "secrets-manager-down"


class RotationFailed(SecretsManagerError):
    """A step of a rotation failed; the version in use is still the one before."""

    code = "secrets-manager-rotation-failed"


@dataclass(frozen=True)
class Secret(Displayed):
    """One version of a secret; its values stay hidden.

    Attributes:
        name: of the secret.
        version_id: of this version.
        stages: of this version.
        keys: of its values; ``value`` alone when it is not a JSON object.
        created: when (UTC).
        plain: whether it is one text rather than a JSON object.
    """

    name: str
    version_id: str
    stages: tuple[str, ...]
    keys: tuple[str, ...]
    created: dt.datetime | None = None
    plain: bool = False
    _values: Mapping[str, Sensitive] = field(default_factory=dict, repr=False, compare=False)

    @property
    def stage(self) -> str:
        """Its first stage; empty for a version that is out of use."""
        return self.stages[0] if self.stages else ""

    def reveal(self, key: str = TEXT) -> str:
        """Return one value; from now on it is masked in outputs, logs and errors.

        Raises:
            NoSuchSecret: the secret has no such key.
        """
        if key not in self._values:
            keys = ", ".join(self.keys) or "none"
            raise NoSuchSecret(f"{self.name} has no key {key!r}", why=f"Its keys: {keys}.", next="")
        value = str(self._values[key].reveal())
        add_secrets(value)
        return value

    def __repr__(self) -> str:
        shown = ", ".join(f"{key}={self._values[key]}" for key in self.keys)
        return f"Secret({self.name} {self.stage or self.version_id}: {shown})"

    def masked(self) -> dict[str, Sensitive]:
        """Return key -> value, each value masked in whatever form it is shown."""
        return {key: self._values[key] for key in self.keys}


@dataclass(frozen=True)
class Version:
    """A version of a secret: its id, its stages (none: out of use), when it was made (UTC)."""

    id: str
    stages: tuple[str, ...]
    created: dt.datetime


@dataclass(frozen=True)
class Description:
    """What is known of a secret without its values.

    Attributes:
        name, arn: of the secret.
        description: for people.
        created, changed: when (UTC).
        rotated: when it was last rotated by `SecretsManager.rotate`; None for never.
        deleted: when it is gone for good, if it is marked for deletion.
        tags: key -> value.
    """

    name: str
    arn: str
    description: str
    created: dt.datetime | None
    changed: dt.datetime | None
    rotated: dt.datetime | None
    deleted: dt.datetime | None
    tags: Mapping[str, str]


#: Tag that keeps the time of the last rotation: AWS fills its own field only for rotations by a Lambda function.
_ROTATED = "acme:rotated"


class SecretsManager:
    """Secrets Manager of one account.

    Args:
        account: name (``platform``, ``vision``, ``speech``, ``ranking``) or 12 digits.
        region: of the secrets.

    Every method raises `PermissionDenied` and `SecretsManagerDown`.
    """

    def __init__(self, account: str = "platform", *, region: str = cloud.REGION) -> None:
        self.account = cloud.account_id(account)
        self.region = region

    def __repr__(self) -> str:
        return f"SecretsManager(account {self.account}, {self.region})"

    @property
    def _place(self) -> str:
        return f"account {self.account}"

    @property
    def _client(self) -> Any:
        return cloud.client("secretsmanager", self.account, region=self.region)

    def put(self, name: str, values: Mapping[str, str] | str, *, description: str = "") -> Secret:
        """Make the secret, or give it a new current version; the one before becomes AWSPREVIOUS.

        Args:
            name: may hold slashes: ``vision/wandb``.
            values: key -> value, kept as a JSON object; or one text.
            description: for people; used when the secret is new.
        """
        # With boto3, which `client` imports when it is used first (0.5 s).
        import botocore.exceptions

        text = _text(name, values)
        with translated_errors(name, self._place):
            client = self._client
            try:
                client.create_secret(Name=name, SecretString=text, Description=description)
            except botocore.exceptions.ClientError as error:
                if error.response["Error"]["Code"] != "ResourceExistsException":
                    raise
                client.put_secret_value(SecretId=name, SecretString=text)
        return self.get(name)

    def get(self, name: str, *, stage: str = "", version_id: str = "") -> Secret:
        """Read a version, by default the one in use.

        Args:
            name: or ARN.
            stage: ``AWSCURRENT`` or ``AWSPREVIOUS``.
            version_id: of `versions`.

        Raises:
            NoSuchSecret: there is no such secret, stage or version.
        """
        which = {"VersionStage": stage} if stage else {} if version_id else {"VersionStage": CURRENT}
        which |= {"VersionId": version_id} if version_id else {}
        with translated_errors(name, self._place, " ".join(which.values())):
            raw = self._client.get_secret_value(SecretId=name, **which)
        texts, plain = _values(raw)
        values = {key: Sensitive(text) for key, text in texts.items()}
        return Secret(
            raw["Name"],
            raw["VersionId"],
            tuple(raw.get("VersionStages", ())),
            tuple(values),
            _utc(raw["CreatedDate"]),
            plain,
            values,
        )

    def rotate(
        self,
        name: str,
        key: str = TEXT,
        *,
        bytes: int = 24,
        set: Callable[[Secret], None] | None = None,
        test: Callable[[Secret], None] | None = None,
    ) -> Secret:
        """Replace one value by a random one, in the four steps of AWS: create, set, test, finish.

        The new version waits as AWSPENDING until it is set and tested, so that a failure changes nothing in use.

        Args:
            name: of the secret.
            key: whose value is replaced.
            bytes: of randomness.
            set: told the pending version, makes it known to the system that it opens.
            test: told the pending version, tries it; raises when it does not work.

        Raises:
            RotationFailed: *set* or *test* failed; the current version is as before. NoSuchSecret.
        """
        old = self.get(name)
        values = {one: str(old._values[one].reveal()) for one in old.keys} | {key: randomness.token_urlsafe(bytes)}
        add_secrets(values[key])
        text = _text(name, values[TEXT] if old.plain and key == TEXT else values)
        with translated_errors(name, self._place):
            made = self._client.put_secret_value(SecretId=name, SecretString=text, VersionStages=[PENDING])
        pending = self.get(name, stage=PENDING, version_id=made["VersionId"])
        for step, do in (("set", set), ("test", test)):
            if do is not None:
                self._try(name, step, do, pending)
        with translated_errors(name, self._place):
            self._finish(name, old.version_id, pending.version_id)
        return self.get(name)

    def _try(self, name: str, step: str, do: Callable[[Secret], None], pending: Secret) -> None:
        try:
            do(pending)
        except Exception as error:
            with translated_errors(name, self._place):
                self._unstage(name, pending.version_id)
            raise RotationFailed(
                f"The rotation of {name} failed at the step {step}",
                why=f"{error}. The version in use is still the one before.",
                next="Fix the cause and rotate again.",
            ) from None

    def _unstage(self, name: str, version_id: str) -> None:
        self._client.update_secret_version_stage(SecretId=name, VersionStage=PENDING, RemoveFromVersionId=version_id)

    def _finish(self, name: str, old: str, new: str) -> None:
        client = self._client
        client.update_secret_version_stage(
            SecretId=name, VersionStage=CURRENT, MoveToVersionId=new, RemoveFromVersionId=old
        )
        if PENDING in client.describe_secret(SecretId=name)["VersionIdsToStages"].get(new, ()):
            self._unstage(name, new)
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        client.tag_resource(SecretId=name, Tags=[{"Key": _ROTATED, "Value": now}])

    def versions(self, name: str) -> tuple[Version, ...]:
        """Return all versions, oldest first, with those out of use as far as AWS keeps them."""
        with translated_errors(name, self._place):
            raw = self._client.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
        found = [Version(v["VersionId"], tuple(v.get("VersionStages", ())), _utc(v["CreatedDate"])) for v in raw]
        # Times are whole seconds here and there; the stage in use is the newest of them.
        return tuple(sorted(found, key=lambda version: (version.created, CURRENT in version.stages)))

    def describe(self, name: str) -> Description:
        """Return what is known of a secret without its values."""
        with translated_errors(name, self._place):
            raw = self._client.describe_secret(SecretId=name)
        tags = {tag["Key"]: tag["Value"] for tag in raw.get("Tags", ())}
        rotated = dt.datetime.fromisoformat(tags[_ROTATED]) if _ROTATED in tags else raw.get("LastRotatedDate")
        return Description(
            raw["Name"],
            raw["ARN"],
            raw.get("Description", ""),
            _utc(raw.get("CreatedDate")),
            _utc(raw.get("LastChangedDate")),
            _utc(rotated),
            _utc(raw.get("DeletedDate")),
            tags,
        )

    def names(self) -> tuple[str, ...]:
        """Return the names of all secrets that are not marked for deletion, sorted."""
        with translated_errors("the account's secrets", self._place):
            pages = self._client.get_paginator("list_secrets").paginate()
            return tuple(sorted(one["Name"] for page in pages for one in page["SecretList"]))

    def delete(self, name: str, *, days: int = 7) -> None:
        """Mark a secret for deletion; `restore` undoes it for *days* days (7 to 30)."""
        with translated_errors(name, self._place):
            self._client.delete_secret(SecretId=name, RecoveryWindowInDays=days)

    def restore(self, name: str) -> None:
        """Take back `delete`."""
        with translated_errors(name, self._place):
            self._client.restore_secret(SecretId=name)


def _text(name: str, values: Mapping[str, str] | str) -> str:
    if isinstance(values, str) and values:
        return values
    if isinstance(values, Mapping) and values and all(isinstance(value, str) for value in values.values()):
        return json.dumps(dict(values))
    raise BadInput(
        f"A secret is a text, or texts by key; {name} would not be",
        why=f"It is {type(values).__name__}, empty or with values that are not text.",
        next='manager.put("vision/wandb", {"api-key": "..."})',
    )


def _values(raw: Mapping[str, Any]) -> tuple[dict[str, str], bool]:
    """Return the values of an answer by key, and whether it is one text rather than a JSON object."""
    if "SecretString" not in raw:
        return {TEXT: raw["SecretBinary"].decode("utf-8", "replace")}, True
    with contextlib.suppress(ValueError):
        found = json.loads(raw["SecretString"])
        if isinstance(found, dict):
            return {k: v if isinstance(v, str) else json.dumps(v) for k, v in found.items()}, False
    return {TEXT: raw["SecretString"]}, True


def _utc(at: Any) -> Any:
    return at.astimezone(dt.UTC) if isinstance(at, dt.datetime) else None


@contextlib.contextmanager
def translated_errors(name: str, place: str, which: str = "") -> Iterator[None]:
    """Turn the faults of boto3 into those of this module, naming the secret, the place and the version asked for."""
    # With boto3, which `client` imports when it is used first (0.5 s).
    import botocore.exceptions as theirs

    try:
        yield
    except theirs.ClientError as error:
        code, words = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code == "ResourceNotFoundException":
            what = f"{name} {which}".strip()
            raise NoSuchSecret(f"There is no secret {what} in {place}", why=words, next="manager.names()") from None
        if code == "InvalidRequestException" and "delet" in words.lower():
            raise NoSuchSecret(f"{name} is marked for deletion", why=words, next=f'manager.restore("{name}")') from None
        if code in ("AccessDeniedException", "AccessDenied"):
            raise PermissionDenied(f"Not allowed: {error.operation_name} on {name}", why=words, next="") from None
        raise SecretsManagerError(f"Secrets Manager refused {error.operation_name} on {name}", why=words) from None
    except theirs.BotoCoreError as error:
        raise SecretsManagerDown(
            f"Secrets Manager of {place} does not answer", why=str(error), next="course services start cloud"
        ) from None
