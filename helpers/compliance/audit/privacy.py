"""Keeps secrets and personal data out of the audit trail. What is signed into the log can never be taken out again.

Free text is masked and the mask says what was there. Where masking would take the meaning (who did it, what it was
about), the event is refused.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from helpers.compliance.audit.errors import PersonalData, SecretInEvent
from helpers.core import redact
from helpers.wrappers.secret_scan import scan_secrets

#: Not the digest or version after an image's name.
_MAIL = re.compile(r"(?<![\w./%+-])[A-Za-z0-9._%+-]{1,256}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
_PHONE = re.compile(r"(?<![\w.])\+\d{1,3}(?:[ ./-]?\(?\d{2,5}\)?){2,5}(?![\w.])")
#: Addresses of machines; those of networks (with a prefix length) and versions of four numbers in a word are none.
_ADDRESS = re.compile(
    r"(?<![\w.:/-])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w.:]*/\d|\w)"
)
#: A name that says that its value is secret.
_SECRET_NAME = re.compile(
    r"passw(?:or)?d|passphrase|secret|(?:^|[_.-])(?:token|credential|authorization|cookie)s?$|api[_-]?key|private[_-]?key",
    re.IGNORECASE,
)
#: A name that only points to a secret.
_POINTER = re.compile(r"(?:ref|name|path|id|arn|url|version|digest|accessor|kind|type|count|ttl)s?$", re.IGNORECASE)


def mask(text: str, name: str = "") -> str:
    """Return *text* with secrets and personal data masked; *name* is the field's, which may give a secret away."""
    if secret_kind(text, name):
        return f"[secret: {secret_kind(text, name)}]"
    text = _MAIL.sub("[mail address]", text)
    text = _ADDRESS.sub(_masked_address, text)
    return _PHONE.sub("[telephone number]", text)


def secret_kind(text: str, name: str = "") -> str:
    """Return what kind of secret *text* holds; empty for none."""
    if redact.redact(text) != text:
        return "known"
    if name and text and _SECRET_NAME.search(name) and not _POINTER.search(name):
        return "by its name"
    found = scan_secrets({"event": text})
    return found[0].rule if found else ""


def _masked_address(match: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return match[0]
    # Our own machine and "any" are nobody's.
    return match[0] if address.is_loopback or address.is_unspecified else "[network address]"


def clean(value: Any, name: str = "") -> Any:
    """Return JSON-ready data with every text in it masked, keys as well.

    Raises:
        TypeError: *value* is not JSON.
    """
    if isinstance(value, Mapping):
        return {mask(str(key)): clean(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item, name) for item in value]
    if isinstance(value, str):
        return mask(value, name)
    if value is None or isinstance(value, bool | int | float):
        return "[secret: by its name]" if value not in (None, False, True, 0) and _named(name) else value
    raise TypeError(f"{type(value).__name__} is not JSON")


def _named(name: str) -> bool:
    return bool(_SECRET_NAME.search(name)) and not _POINTER.search(name)


def require_clean(text: str, field: str) -> str:
    """Return *text* as it is.

    Raises:
        SecretInEvent, PersonalData: it would have to be masked, and *field* has no meaning then.
    """
    if kind := secret_kind(text):
        raise SecretInEvent(
            f"The {field} of the event holds a secret ({kind})",
            why="What is in the audit trail can be read by every auditor, and never be taken out.",
            next="Name the secret, not its value; rotate it if it was shown to anybody.",
        )
    if mask(text) != text:
        raise PersonalData(
            f"The {field} of the event holds personal data",
            why=f"It would be kept as {mask(text)!r}.",
            next="Use the name of the account; who holds it is looked up elsewhere.",
        )
    return text
