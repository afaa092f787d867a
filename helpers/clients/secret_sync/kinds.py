"""The kinds of the External Secrets API, and when an object of them has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

#: API version of all kinds.
API = "external-secrets.io/v1"


def version_of(raw: Mapping[str, Any]) -> str:
    """Return what changes when the spec, a label or an annotation of an object changes (``force-sync``)."""
    meta = raw["metadata"]
    parts = json.dumps([meta.get("labels") or {}, meta.get("annotations") or {}], sort_keys=True)
    return f"{meta['generation']}-{hashlib.sha256(parts.encode()).hexdigest()[:16]}"
