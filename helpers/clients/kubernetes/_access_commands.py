"""Permissions (`can_i`), the cluster as others see it, tokens of service accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from helpers.clients.kubernetes._access import ServiceAccountToken, can_i, take_token
from helpers.clients.kubernetes._base import ClusterBase
from helpers.clients.kubernetes._protocol import Impersonated
from helpers.core.errors import BadInput
from helpers.wrappers.terraform.types import Sensitive

if TYPE_CHECKING:
    from typing import Self


class AccessCommands(ClusterBase):
    """Methods on permissions, other users and tokens."""

    def can_i(
        self,
        verb: str,
        resource: str,
        *,
        namespace: str | None = None,
        name: str = "",
        user: str = "",
        groups: Sequence[str] = (),
    ) -> bool:
        """Return whether RBAC allows *verb* on *resource* (``deployments``, ``pods/log``).

        Args:
            user: ask for another user (who asks must be allowed to); groups: the user's groups.
        """
        return can_i(self._connection, verb, resource, namespace or self.namespace, name, user, groups)

    def as_user(self, name: str, groups: Sequence[str] = ()) -> Self:
        """Return the cluster as another user sees it (impersonation; who asks must be allowed to)."""
        if not name or isinstance(groups, str) or not all((*groups, name)) or not all(map(_header, (name, *groups))):
            raise BadInput("That is not a user", why="A name, and a list of groups.", next='as_user("jo", ["vision"])')
        return self._with(self._connection.as_user(Impersonated(name, tuple(groups))), name)

    def service_account(self, namespace: str, name: str, *, seconds: int = 600) -> Self:
        """Return the cluster as a service account sees it, by a token that ends after *seconds* (at least 600).

        The token is bound to the account, lives in memory only, and is renewed before it expires.

        Raises:
            ObjectNotFound: there is no such account. Forbidden: who asks may not have its token.
        """
        token = ServiceAccountToken(self._connection, namespace, name, seconds)
        connection = self._connection.with_configuration(token.configuration)
        return self._with(connection, f"system:serviceaccount:{namespace}:{name}", namespace)

    def token_request(
        self, namespace: str, name: str, *, audiences: Sequence[str] = (), seconds: int = 600
    ) -> Sensitive:
        """Return a short-lived token of a service account, masked; ``reveal()`` gives it.

        Args:
            audiences: who may be shown it (``vault``); by default the API server.

        Raises:
            as `service_account`, which is enough to talk to this cluster.
        """
        return Sensitive(take_token(self._connection, namespace, name, seconds, audiences))


def _header(text: Any) -> bool:
    return isinstance(text, str) and text.isprintable()
