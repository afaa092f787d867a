"""Who may do what, and short-lived tokens of service accounts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from helpers.core.errors import BadInput
from helpers.core.redact import add_secrets

if TYPE_CHECKING:
    from helpers.clients.kubernetes._connection import Connection

#: What the API server accepts at least, in seconds.
SHORTEST = 600
_AUTHORIZATION = "/apis/authorization.k8s.io/v1"


def can_i(
    connection: Connection, verb: str, resource: str, namespace: str, name: str, user: str, groups: Sequence[str]
) -> bool:
    """Return whether RBAC allows it; for *user* when one is named, else for who asks."""
    named, _, subresource = resource.partition("/")
    kind = connection.kind(named)
    attributes = {"verb": verb, "group": kind.group, "version": kind.version, "resource": kind.plural}
    attributes |= {"subresource": subresource, "name": name}
    attributes |= {"namespace": namespace} if kind.namespaced and namespace != "*" else {}
    spec: dict[str, Any] = {"resourceAttributes": attributes}
    if user:
        spec |= {"user": user, "groups": [*_groups(user), *groups]}
    review = "SubjectAccessReview" if user else "SelfSubjectAccessReview"
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": review, "spec": spec}
    path = f"{_AUTHORIZATION}/{review.lower()}s"
    answer = connection.request("post", path, asked=f"ask who may {verb} {resource}", body=body)
    return bool((answer.data.get("status") or {}).get("allowed"))


def _groups(user: str) -> list[str]:
    """Return the groups a user has by nature; the server does not add them to a review."""
    parts = user.split(":")
    if parts[:2] == ["system", "serviceaccount"] and len(parts) == 4:
        return ["system:serviceaccounts", f"system:serviceaccounts:{parts[2]}", "system:authenticated"]
    return ["system:authenticated"]


def take_token(connection: Connection, namespace: str, name: str, seconds: int, audiences: Sequence[str] = ()) -> str:
    """Return a token of a service account (TokenRequest) that nothing will print from now on.

    Args:
        connection: as whom to ask for it.
        seconds: how long it is good for.
        audiences: who may be shown it; by default the API server.
    """
    if seconds < SHORTEST:
        raise BadInput(
            f"A token cannot end after {seconds} s",
            why=f"The API server gives none for less than {SHORTEST} s.",
            next=f"seconds={SHORTEST}",
        )
    spec = {"expirationSeconds": seconds, **({"audiences": list(audiences)} if audiences else {})}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    path = connection.kind("ServiceAccount", "v1").path(name, namespace, "token")
    asked = f"take a token of ServiceAccount {namespace}/{name}"
    token = str(connection.request("post", path, asked=asked, body=body).data["status"]["token"])
    add_secrets(token)
    return token


class ServiceAccountToken:
    """The token of a service account: kept in memory, renewed before it expires. Arguments as `take_token`."""

    def __init__(self, connection: Connection, namespace: str, name: str, seconds: int) -> None:
        self._connection, self._namespace, self._name, self._seconds = connection, namespace, name, seconds
        self._renew = 0.0
        self.configuration = connection.without_credentials()
        self._refresh(self.configuration)
        # The library calls it before each request.
        self.configuration.refresh_api_key_hook = self._refresh

    def _refresh(self, configuration: Any) -> None:
        if time.monotonic() < self._renew:
            return
        token = take_token(self._connection, self._namespace, self._name, self._seconds)
        configuration.api_key["BearerToken"] = f"Bearer {token}"
        self._renew = time.monotonic() + 0.8 * self._seconds
