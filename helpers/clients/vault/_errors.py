"""Turns what hvac and requests raise into the typed errors of this package."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from helpers.clients.vault.errors import NoSuchSecret, PermissionDenied, Sealed, TokenExpired, VaultDown, VaultError
from helpers.core.errors import CourseError

#: Error of the vault for a bad request -> ours; made from the vault's own words.
Refusals = Callable[[str], CourseError | None]


class Requester(Protocol):
    """Who sends a request: what an error says about them."""

    url: str

    def who(self) -> str:
        """Return whom the session acts for, for people."""

    def alive(self) -> bool:
        """Return whether its token is valid."""

    def forget(self) -> None:
        """Log in again at the next request."""


@contextlib.contextmanager
def translated_errors(
    vault: Requester, path: str, capability: str, *, missing: str = "", refused: Refusals | None = None
) -> Iterator[None]:
    """Run a request; its errors come out typed.

    Args:
        vault: who sends it.
        path: as policies name it.
        capability: that the request needs on the path.
        missing: what to say when there is nothing at the path.
        refused: makes the error of a request that the vault refuses as such (400).
    """
    # Expensive; loaded with the first request.
    import hvac.exceptions as theirs
    import requests  # 80 ms, only for who talks to the vault

    try:
        yield
    except requests.RequestException as error:
        raise down(vault.url, error) from None
    except theirs.Forbidden:
        raise _forbidden(vault, path, capability) from None
    except theirs.InvalidPath as error:
        raise _missing(path, missing, _words(error)) from None
    except theirs.VaultDown:
        raise sealed(vault.url) from None
    except theirs.VaultError as error:
        words = _words(error)
        special = refused(words) if refused is not None else None
        raise special or VaultError(
            f"The vault refused the request for {path}", why=words, next="course services logs vault"
        ) from None


def _words(error: Any) -> str:
    """Return the vault's own words, on one line an error."""
    said = error.errors if isinstance(error.errors, list) else []
    lines = [line.strip(" *\t") for text in said for line in str(text).splitlines() if line.strip()]
    return "\n".join(line for line in lines if "error occurred" not in line) or "It gave no reason."


def down(url: str, error: Exception) -> VaultDown:
    """Return the error of a vault that cannot be talked to."""
    why = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in why:
        return VaultDown(
            f"What answers at {url} is not the vault we trust",
            why="Its certificate was not issued by the trusted authority. Another program may have taken the port.",
            next="course services restart vault",
        )
    return VaultDown(
        f"The vault does not answer at {url}", why=f"{type(error).__name__}.", next="course services start vault"
    )


def sealed(url: str) -> Sealed:
    """Return the error of a sealed vault."""
    return Sealed(
        f"The vault at {url} is sealed",
        why="It holds its data encrypted and has no key: it was restarted or sealed on purpose.",
        next="course services restart vault   # gives it the key shares",
    )


def _forbidden(vault: Requester, path: str, capability: str) -> CourseError:
    """Tell a token that has ended from one that may not: the vault itself answers both in the same way."""
    if not vault.alive():
        vault.forget()
        return TokenExpired(
            "The token is not valid or has expired",
            why=f"It has ended or was revoked, so the vault refused {capability} on {path}.",
            next="Run it again: a session of a role logs in again. A session of a token needs another token.",
        )
    return PermissionDenied(
        f"Not allowed: {capability} on {path}",
        path=path,
        capability=capability,
        why=f"No policy of {vault.who()} gives it.",
        next=f'Ask for a policy with: path "{path}" {{ capabilities = ["{capability}"] }}',
    )


def _missing(path: str, missing: str, words: str) -> NoSuchSecret:
    if "no handler for route" in words:
        return NoSuchSecret(
            f"Nothing is mounted where {path} should be", why=words, next="vault.mounts()   # what there is"
        )
    return NoSuchSecret(missing or f"There is nothing at {path}", why="", next="vault.list()   # what there is")
