"""What every part of the client has: the connection of one account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helpers.clients.argocd._http import Account, Api
from helpers.clients.argocd.errors import NotLoggedIn
from helpers.runtime.services import gitops


class Connected:
    """Knows its account, and connects when first used."""

    def __init__(self, account: str | Account = "admin", *, timeout: float = 60.0) -> None:
        self._account, self.timeout = account, timeout
        self._connected: Api | None = None

    @property
    def account(self) -> str:
        """Name of the account that asks."""
        return self._account if isinstance(self._account, str) else self._account.name

    @property
    def _api(self) -> Api:
        if self._connected is None:
            account = self._account
            self._connected = Api(_local(account) if isinstance(account, str) else account, self.timeout)
        return self._connected

    def call(
        self,
        method: str,
        path: str,
        action: str,
        object: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Call Argo CD's REST API, for what this class has no method for, and return the JSON of the answer.

        Args:
            method: of HTTP. path: below ``/api/v1``, quoted. query: parameters; ``None`` leaves one out.
            body: sent as JSON. action, object: what this does, for errors.
            timeout: seconds that the answer may take; by default this account's.

        Raises:
            ArgoError: any of `helpers.clients.argocd.errors`.
        """

        def ask() -> dict[str, Any]:
            return self._api.call(
                method, f"/v1{path}", action=action, object=object, query=query, body=body, timeout=timeout
            )

        try:
            return ask()
        except NotLoggedIn:
            # A token is good for a day, and for one life of the service; nothing was done with the old one.
            if not isinstance(self._account, str):
                raise
            self._connected = None
        return ask()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.account!r})"


def _local(name: str) -> Account:
    return gitops.account(name)
