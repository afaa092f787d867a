"""Who may log in to Argo CD: the platform's admin and one account a team."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from helpers.core import http
from helpers.core.errors import BadInput, CourseError
from helpers.core.files import read_private, write_private
from helpers.core.redact import add_secrets
from helpers.runtime import services

TEAMS = ("vision", "speech", "ranking")
ACCOUNTS = ("admin", *TEAMS)


class LoginRefused(CourseError):
    """Argo CD does not accept an account's password."""

    code = "argocd-login-refused"


@dataclass(frozen=True)
class Account:
    """A logged-in account.

    Attributes:
        name: of the account.
        url: of Argo CD's API server.
        ca: certificate that its server certificate is checked against, PEM.
        token: bearer token, good for a day; never shown.
    """

    name: str
    url: str
    ca: Path
    token: str = field(repr=False)


def password(directory: Path, name: str) -> str:
    """Return an account's password from its file (mode 0600); made at the first use."""
    path = directory / "accounts" / name
    if not path.exists():
        path.parent.mkdir(exist_ok=True, mode=0o700)
        write_private(path, secrets.token_urlsafe(24).encode())
    return read_private(path)


def account(name: str = "admin") -> Account:
    """Log in to Argo CD; starts the service when it is stopped.

    Args:
        name: ``admin``, or a team's account: vision, speech, ranking.

    Raises:
        BadInput: no such account. LoginRefused: Argo CD does not accept it.
    """
    if name not in ACCOUNTS:
        raise BadInput(
            f"Argo CD has no account {name!r}", why="Accounts: " + ", ".join(ACCOUNTS) + ".", next='account("vision")'
        )
    service = services.ensure("gitops")
    ca = services.data("kubernetes").parent / "pki" / "ca.crt"
    secret = password(service.data.parent, name)
    login = {"username": name, "password": secret}
    answer = http.request("POST", f"{service.url}/api/v1/session", json=login, ca=ca)
    if answer.status != 200:
        raise LoginRefused(
            f"Argo CD refuses the account {name}", why=answer.text[:300], next="course services restart gitops"
        )
    token = answer.json()["token"]
    add_secrets(token, secret)
    return Account(name, service.url, ca, token)
