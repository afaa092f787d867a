"""What the platform team prepares, and what anyone can ask."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from helpers.clients.aws import cloud
from helpers.clients.kubernetes import Cluster, TimedOut
from helpers.clients.secret_sync.errors import SyncError
from helpers.clients.secret_sync.kinds import API, version_of
from helpers.clients.vault import Vault
from helpers.core.display import Displayed
from helpers.runtime import services

if TYPE_CHECKING:
    from helpers.clients.kubernetes import Object

#: Annotation by which a refresh is asked for now, as the operator's documentation has it.
FORCE = "force-sync"
#: Who writes the objects of this module.
_MANAGER = "platform"


def _cluster(cluster: Cluster | None) -> Cluster:
    return cluster or Cluster()


def vault_store(
    namespace: str,
    *,
    policies: Sequence[str],
    name: str = "vault",
    login: Literal["approle", "kubernetes"] = "approle",
    cluster: Cluster | None = None,
) -> dict[str, Any]:
    """Let a namespace read from the local vault, and return the SecretStore for Git.

    The manifest holds nothing secret. With ``approle`` the secret id is put into the Secret ``NAME-login`` of the
    namespace; with ``kubernetes`` there is none at all: the controller logs in with a token of the service account
    ``NAME-login``, made there, which the vault checks by the cluster's public key.

    Args:
        namespace: it must exist.
        policies: of the vault, that say what it may read.
        name: of the store.
        login: how the controller logs in.
        cluster: by default the course's own, as its administrator.
    """
    vault, cluster = Vault(), _cluster(cluster)
    role, held = f"{namespace}-{name}", f"{name}-login"
    meta = {"name": held, "namespace": namespace}
    auth: dict[str, Any]
    if login == "approle":
        vault.write_role(role, policies)
        credentials = vault.issue(role)
        data = {"secret-id": base64.b64encode(str(credentials.secret_id.reveal()).encode()).decode()}
        cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data}, field_manager=_MANAGER)
        ref = {"name": held, "key": "secret-id"}
        auth = {"appRole": {"path": "approle", "roleId": credentials.role_id, "secretRef": ref}}
    else:
        cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}, field_manager=_MANAGER)
        vault.trust_cluster(services.data("kubernetes").parent / "pki" / "sa.pub")
        vault.write_workload_role(role, policies, service_account=held, namespace=namespace)
        account = {"name": held, "audiences": ["vault"]}
        auth = {"kubernetes": {"mountPath": "kubernetes", "role": role, "serviceAccountRef": account}}
    bundle = base64.b64encode(vault.ca.read_bytes()).decode()
    provider = {"server": vault.url, "path": "secret", "version": "v2", "caBundle": bundle, "auth": auth}
    return _store(namespace, name, {"vault": provider})


def aws_store(
    namespace: str, *, account: str = "vision", name: str = "aws", cluster: Cluster | None = None
) -> dict[str, Any]:
    """Let a namespace read from Secrets Manager of an account, and return the SecretStore for Git.

    The key pair that may assume the account's role is put into the Secret ``NAME-login`` of the namespace.

    Args:
        namespace: it must exist.
        account: name or number.
        name: of the store.
        cluster: by default the course's own, as its administrator.
    """
    held = f"{name}-login"
    values = dict(zip(("access-key", "secret-access-key"), _key_pair(), strict=True))
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    meta = {"name": held, "namespace": namespace}
    _cluster(cluster).apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data}, field_manager=_MANAGER
    )
    refs = {
        "accessKeyIDSecretRef": {"name": held, "key": "access-key"},
        "secretAccessKeySecretRef": {"name": held, "key": "secret-access-key"},
    }
    role = f"arn:aws:iam::{cloud.account_id(account)}:role/{cloud.ROLE}"
    provider = {"service": "SecretsManager", "region": cloud.REGION, "role": role, "auth": {"secretRef": refs}}
    return _store(namespace, name, {"aws": provider})


def _key_pair() -> tuple[str, str]:
    """Return the key pair that the roles of the accounts trust: the local cloud's, or that of the user."""
    # Expensive (0.5 s).
    import boto3

    if cloud.url() is not None:
        return cloud.local_key()
    found = boto3.session.Session().get_credentials()
    if found is None or found.token:
        raise SyncError(
            "There is no key pair of AWS to give to the controller",
            why="boto3 finds none, or only one that ends soon.",
            next="Make one for a user that may only assume the role, and put it into the Secret yourself.",
        )
    return found.access_key, found.secret_key


def _store(namespace: str, name: str, provider: dict[str, Any]) -> dict[str, Any]:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": API, "kind": "SecretStore", "metadata": meta, "spec": {"provider": provider}}


@dataclass(frozen=True)
class Sync(Displayed):
    """State of an ExternalSecret.

    Attributes:
        namespace, name: of the ExternalSecret.
        ready: whether the Secret is as the store says; None while nobody has looked at it.
        reason: ``SecretSynced``, ``SecretSyncedError`` or ``SecretDeleted``.
        message: what is wrong, for people.
        refreshed: when the store was last read with success (UTC).
        target: name of the Secret.
        current: whether this is about the manifest as it is now.
    """

    namespace: str
    name: str
    ready: bool | None
    reason: str
    message: str
    refreshed: dt.datetime | None
    target: str
    current: bool

    def __repr__(self) -> str:
        message = f": {self.message}" if self.ready is False else ""
        return f"Sync({self.namespace}/{self.name}: {self.reason or 'not reconciled yet'}{message})"


def _sync(item: Object) -> Sync:
    status = item.raw.get("status") or {}
    ready: dict[str, str] = next((one for one in status.get("conditions") or () if one["type"] == "Ready"), {})
    at = status.get("refreshTime")
    return Sync(
        item.namespace,
        item.name,
        {"True": True, "False": False}.get(ready.get("status", "")),
        ready.get("reason", ""),
        ready.get("message", ""),
        dt.datetime.fromisoformat(at) if at else None,
        (item.raw["spec"].get("target") or {}).get("name") or item.name,
        status.get("syncedResourceVersion") == version_of(item.raw),
    )


def status(namespace: str, name: str, *, cluster: Cluster | None = None) -> Sync:
    """Return the state of an ExternalSecret.

    Raises:
        helpers.clients.kubernetes.ObjectNotFound: there is none of that name.
    """
    return _sync(_cluster(cluster).get("ExternalSecret", name, namespace=namespace))


def refresh(namespace: str, name: str, *, cluster: Cluster | None = None, timeout: float = 30) -> Sync:
    """Have the store read now rather than at the end of the refresh interval, and wait for it.

    Raises:
        SyncError: it failed; the message is that of the condition.
    """
    cluster = _cluster(cluster)
    note = {FORCE: dt.datetime.now(dt.UTC).isoformat()}
    cluster.patch(
        "ExternalSecret",
        name,
        {"metadata": {"annotations": note}},
        namespace=namespace,
        type="merge",
        field_manager=_MANAGER,
    )
    return wait(namespace, name, cluster=cluster, timeout=timeout)


def wait(namespace: str, name: str, *, cluster: Cluster | None = None, timeout: float = 30) -> Sync:
    """Wait until an ExternalSecret is synced as its manifest is now.

    Raises:
        SyncError: it is not within *timeout* seconds; the message is that of the condition.
    """
    cluster = _cluster(cluster)
    try:
        item = cluster.wait(
            "ExternalSecret",
            name,
            namespace=namespace,
            timeout=timeout,
            condition=lambda one: _sync(one).ready is True and _sync(one).current,
        )
    except TimedOut:
        found = status(namespace, name, cluster=cluster)
        raise SyncError(
            f"ExternalSecret {namespace}/{name} is not synced",
            why=found.message or "It has not been reconciled: is the service secret-sync running?",
            next="course services start secret-sync" if found.ready is None else "Fix what the message says.",
        ) from None
    return _sync(item)
