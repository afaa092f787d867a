"""Keeps secrets out of outputs, errors and logs. One register for the whole process."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterable
from urllib.parse import quote

MASK = "[redacted]"
#: Shorter strings would mask ordinary words.
MIN_LENGTH = 5

_lock = threading.Lock()
_patterns: tuple[str, ...] = ()


def _forms(secret: str) -> set[str]:
    """Return the spellings in which tools print a secret: raw, by line, JSON, URL and base64."""
    raw = secret.encode("utf-8", "surrogateescape")
    quoted = json.dumps(secret)[1:-1]
    found = {secret, quoted, json.dumps(secret, ensure_ascii=False)[1:-1], quote(raw, safe="")}
    # Go's JSON escapes these three as well.
    found.add(quoted.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))
    found.update(line.strip() for line in secret.splitlines())
    found = {form for form in found if len(form) >= MIN_LENGTH}
    return found | _base64_forms(raw) if len(secret) >= MIN_LENGTH else found


def _base64_forms(raw: bytes) -> set[str]:
    """Return what a secret looks like in base64, alone or inside a longer text (``user:password``)."""
    found = {base64.b64encode(raw).decode()}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode()
        # The characters that depend on the neighbours are left out.
        start = (0, 2, 3)[offset]
        found.add(encoded[start : (offset + len(raw)) * 8 // 6])
    found |= {form.translate(str.maketrans("+/", "-_")) for form in found}
    return {form for form in found if len(form) >= MIN_LENGTH}


def forms(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return every spelling of *secrets*, longest first, for the second argument of `redact`."""
    found: set[str] = set().union(*(_forms(secret) for secret in secrets))
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


def add_secrets(*values: str) -> None:
    """Mask these values from now on, everywhere text passes through `redact`.

    Values shorter than `MIN_LENGTH` characters are ignored: masking them would harm ordinary text.
    """
    global _patterns
    with _lock:
        known = set(_patterns) | set(forms(values))
        # Longest first, so that a secret containing another is masked whole.
        _patterns = tuple(sorted(known, key=lambda form: (-len(form), form)))


def redact(text: str, extra: tuple[str, ...] = ()) -> str:
    """Return *text* with every registered secret, and the spellings in *extra* (see `forms`), masked."""
    patterns = sorted({*_patterns, *extra}, key=len, reverse=True) if extra else _patterns
    for pattern in patterns:
        if pattern in text:
            text = text.replace(pattern, MASK)
    return text
