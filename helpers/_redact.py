"""Keeps secrets out of outputs, errors and logs. One register for the whole process."""

from __future__ import annotations

import base64
import json
import threading
from urllib.parse import quote

MASK = "[redacted]"
#: Shorter strings would mask ordinary words.
MIN_LENGTH = 5

_lock = threading.Lock()
_patterns: list[str] = []


def _forms(secret: str) -> set[str]:
    """Return the spellings in which tools print a secret: raw, by line, JSON, URL and base64."""
    raw = secret.encode()
    forms = {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), base64.b64encode(raw).decode()}
    forms.add(base64.urlsafe_b64encode(raw).decode())
    forms.update(line.strip() for line in secret.splitlines())
    return {form for form in forms if len(form) >= MIN_LENGTH}


def add_secrets(*values: str) -> None:
    """Mask these values from now on, everywhere text passes through `redact`.

    Values shorter than `MIN_LENGTH` characters cannot be masked without harming ordinary text and are ignored.
    """
    with _lock:
        known = set(_patterns)
        for value in values:
            known |= _forms(value)
        # Longest first, so that a secret containing another is masked whole.
        _patterns[:] = sorted(known, key=lambda form: (-len(form), form))


def redact(text: str, extra: tuple[str, ...] = ()) -> str:
    """Return *text* with every registered secret, and those in *extra*, masked."""
    patterns: list[str] = list(_patterns)
    for value in extra:
        patterns.extend(sorted(_forms(value), key=len, reverse=True))
    for pattern in patterns:
        if pattern in text:
            text = text.replace(pattern, MASK)
    return text
