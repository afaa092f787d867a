"""Calls to the forge's JSON API, as one person."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from typing import Any

from helpers.forge.errors import error_of
from helpers.git import GitServerDown

#: Seconds a call may take; those that run the gates take longest.
TIMEOUT = 600.0


def call(url: str, user: str, token: str, method: str, path: str, data: object = None) -> Any:
    """Call the server and return its answer: JSON, or text for what is no JSON.

    Raises:
        GitServerDown: nothing answers. ForgeError, BadInput: it said no.
    """
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(url + path, body, method=method)  # noqa: S310
    basic = base64.b64encode(f"{user}:{token}".encode()).decode()
    request.add_header("Authorization", f"Basic {basic}")
    if body is not None:
        request.add_header("Content-Type", "application/json")
    # A proxy of the machine has no business with loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            said = answer.read()
            return json.loads(said) if answer.headers.get_content_type() == "application/json" else said.decode()
    except urllib.error.HTTPError as error:
        raise error_of(error.code, error.read()) from None
    except (OSError, ValueError) as error:
        raise down(str(getattr(error, "reason", error))) from None


def down(why: str) -> GitServerDown:
    """Return the error of a server that does not answer."""
    return GitServerDown("The Git server is down", why=why, next="course services start git")
