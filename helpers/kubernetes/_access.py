"""Who may do what, and short-lived tokens of service accounts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from helpers._redact import add_secrets
from helpers.errors import BadInput
from helpers.kubernetes import _credentials

if TYPE_CHECKING:
    from helpers.kubernetes._connection import Connection

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


class Token:
    """The token of a service account: kept in memory, taken anew before it ends.

    Args:
        connection: as whom to ask for it.
        seconds: how long one token is good for.

    Raises:
        NotFound: there is no such service account. Forbidden: who asks may not have its token.
    """

    def __init__(self, connection: Connection, namespace: str, name: str, seconds: int) -> None:
        if seconds < SHORTEST:
            raise BadInput(
                f"A token cannot end after {seconds} s", why=f"The API server gives none for less than {SHORTEST} s.",
                next=f"seconds={SHORTEST}",
            )  # fmt: skip
        self._connection, self._seconds = connection, seconds
        kind = connection.kind("ServiceAccount", "v1")
        self._path = kind.path(name, namespace, "token")
        self._asked = f"take a token of ServiceAccount {namespace}/{name}"
        self._renew = 0.0
        self.configuration = _credentials.without_credentials(connection.configuration)
        self._refresh(self.configuration)
        # The library calls it before each request.
        self.configuration.refresh_api_key_hook = self._refresh

    def _refresh(self, configuration: Any) -> None:
        if time.monotonic() < self._renew:
            return
        body = {
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"expirationSeconds": self._seconds},
        }  # fmt: skip
        token = self._connection.request("post", self._path, asked=self._asked, body=body).data["status"]["token"]
        add_secrets(token)
        configuration.api_key["BearerToken"] = f"Bearer {token}"
        self._renew = time.monotonic() + 0.8 * self._seconds
