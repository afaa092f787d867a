"""What every part of the client has: the connection of one account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helpers.argocd._http import Account, Api
from helpers.argocd.errors import NotLoggedIn


class Connected:
    """Knows its account, and connects when first used."""

    def __init__(self, account: str | Account = "admin", *, timeout: float = 30.0) -> None:
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

    def _call(
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
    from helpers.services import gitops

    return gitops.account(name)
