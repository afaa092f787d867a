"""Amounts as Kubernetes reads them: ``500m`` and ``0.5`` are the same, and so are ``2Gi`` and ``2048Mi``."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

_SUFFIX = {"": Decimal(1), "m": Decimal("0.001")}
_SUFFIX |= {name: Decimal(1000) ** power for power, name in enumerate("kMGTPE", 1)}
_SUFFIX |= {f"{name}i": Decimal(1024) ** power for power, name in enumerate("KMGTPE", 1)}
_QUANTITY = re.compile(r"([+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)(m|[kMGTPE]|[KMGTPE]i)?")


def amount(said: Any) -> Decimal | None:
    """Return what a quantity stands for; nothing when Kubernetes would not read it."""
    found = _QUANTITY.fullmatch(str(said).strip())
    return Decimal(found[1]) * _SUFFIX[found[2] or ""] if found else None


def same(said: Any, wanted: str) -> bool:
    """Return whether two quantities are the same amount."""
    return said is not None and amount(said) == amount(wanted)
