"""What every part of `helpers.clients.vault.Vault` needs: where the vault is, and a token that is good."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from helpers.clients.vault._errors import translated_errors
from helpers.clients.vault.errors import LoginRefused
from helpers.core import http
from helpers.core.errors import BadInput
from helpers.core.redact import add_secrets
from helpers.runtime import services
from helpers.runtime.services.vault import ADMIN, ca_file, role_file
from helpers.wrappers.terraform.types import Sensitive

if TYPE_CHECKING:
    from typing import Self

#: Seconds before its end at which a token of a role is replaced.
_FRESH = 30.0


class Session:
    """A session of one role or token; `helpers.clients.vault.Vault` says what it takes."""

    def __init__(
        self,
        role: str = ADMIN,
        *,
        token: str | Sensitive | None = None,
        url: str = "",
        ca: str | os.PathLike[str] = "",
        timeout: float = 20.0,
    ) -> None:
        own = url or os.environ.get("MOD208_VAULT_URL", "")
        self.local = not own
        if not own:
            own = services.ensure("vault").url
            ca = ca or ca_file(services.data("vault").parent)
        http.require_private(own, ["X-Vault-Token"])
        self.url, self.ca = own.rstrip("/"), Path(ca or os.environ.get("VAULT_CACERT", ""))
        self.role, self._timeout, self._ends = "" if token else role, timeout, 0.0
        text = token.reveal() if isinstance(token, Sensitive) else token or ""
        if not self.local and not text and role == ADMIN:
            text, self.role = os.environ.get("VAULT_TOKEN", ""), ""
        add_secrets(text)
        self._hvac = self._connect(text)

    def __repr__(self) -> str:
        return f"Vault({self.who()} at {self.url})"

    def who(self) -> str:
        """Return whom this session acts for, for people."""
        return f"the role {self.role}" if self.role else "this token"

    def _connect(self, token: str) -> Any:
        # hvac and requests take 0.2 s; the types and errors of this package are used without a vault as well.
        import hvac
        import requests  # 80 ms, only for who talks to the vault

        session = requests.Session()
        session.verify = str(self.ca) if self.ca.is_file() else True
        # A proxy of the user's environment must not come between us and loopback.
        session.trust_env = not http.is_loopback(urlsplit(self.url).hostname or "")
        return hvac.Client(self.url, token=token, timeout=self._timeout, session=session)

    @property
    def client(self) -> Any:
        """The hvac client, logged in; for what this class has no method for."""
        if self.role and time.monotonic() > self._ends:
            self._log_in()
        return self._hvac

    def _log_in(self) -> None:
        role_id, secret_id = self._kept(self.role)
        auth = self._approle_login(self._hvac, self.role, role_id, secret_id)
        self._hvac.token = auth["client_token"]
        self._ends = time.monotonic() + max(auth["lease_duration"] - _FRESH, auth["lease_duration"] / 2)

    def forget(self) -> None:
        """Log in again at the next request."""
        self._ends = 0.0

    def _kept(self, role: str) -> tuple[str, str]:
        path = self._credentials_file(role)
        try:
            kept = json.loads(path.read_text())
            add_secrets(kept["secret_id"])
            return kept["role_id"], kept["secret_id"]
        except (OSError, ValueError, KeyError):
            raise LoginRefused(
                f"There are no credentials of the role {role} here",
                why="A role is made by the platform team, and its credentials kept for this machine.",
                next=f'vault = Vault(); vault.write_role("{role}", ...); vault.keep(vault.issue("{role}"))',
            ) from None

    def _credentials_file(self, role: str) -> Path:
        if not role or "/" in role or role.startswith("."):
            raise BadInput(f"{role!r} is not the name of a role", next="vault.roles()")
        return role_file(services.data("vault").parent, role)

    def alive(self) -> bool:
        """Return whether the token is good; every token may look itself up."""
        # Expensive; loaded with the first request.
        import hvac.exceptions

        try:
            self._hvac.auth.token.lookup_self()
        except (hvac.exceptions.Forbidden, hvac.exceptions.Unauthorized):
            return False
        return True

    def _approle_login(self, client: Any, role: str, role_id: str, secret_id: str) -> dict[str, Any]:
        def refused(words: str) -> LoginRefused:
            return LoginRefused(
                f"The vault refused the login of the role {role}" if role else "The vault refused the login",
                why=f"{words}. The secret id may be used up, or the role or the whole vault made again.",
                next="vault = Vault(); vault.keep(vault.issue(ROLE))",
            )

        with translated_errors(self, "auth/approle/login", "update", refused=refused):
            auth: dict[str, Any] = client.auth.approle.login(role_id, secret_id, use_token=False)["auth"]
        add_secrets(auth["client_token"])
        return auth

    def _with_token(self, auth: dict[str, Any]) -> Self:
        add_secrets(auth["client_token"])
        session = type(self)(token=auth["client_token"], url=self.url, ca=self.ca if self.ca.is_file() else "")
        session.local = self.local
        return session
