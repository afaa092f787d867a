"""Calls to the forge's JSON API, as one person."""

from __future__ import annotations

from typing import Any

from helpers.clients.forge.errors import error_of
from helpers.core import http
from helpers.runtime import trust
from helpers.wrappers.git import GitServerDown

#: Seconds a call may take; those that run the gates take longest.
TIMEOUT = 600.0


def call(url: str, user: str, token: str, method: str, path: str, data: object = None) -> Any:
    """Call the server and return its answer: JSON, or text for what is not JSON.

    Raises:
        GitServerDown: nothing answers. ForgeError, BadInput: it said no.
    """
    try:
        answer = http.request(
            method, url + path, json=data, headers=http.basic(user, token), timeout=TIMEOUT, ca=trust.ca_file()
        )
        if not answer.ok:
            raise error_of(answer.status, answer.body)
        return answer.json() if answer.content_type == "application/json" else answer.text
    except (http.NoAnswer, ValueError) as error:
        raise down(str(error)) from None


def down(why: str) -> GitServerDown:
    """Return the error of a server that does not answer."""
    return GitServerDown("The Git server is down", why=why, next="course services start git")
