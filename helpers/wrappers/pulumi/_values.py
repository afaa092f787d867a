"""The values in Pulumi's JSON: masked secrets, unknown values, and the pickled code of dynamic providers."""

from __future__ import annotations

import re
from typing import Any

from helpers.core.sensitive import WITHHELD, Sensitive

#: What Pulumi prints for a secret.
SECRET = "[secret]"  # noqa: S105
#: How an event of the engine marks a secret: {key: kind, "ciphertext": ..} (``resource.SigKey``, ``SecretSig``).
_SIGNATURE, _SECRET_KIND = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
#: What stands in a preview for a value that only the update will know (``plugin.UnknownStringValue`` and its kin).
UNKNOWN = {
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
}
#: The property that carries the code of a dynamic provider. It is the program's, not the object's.
CODE = "__provider"
_STEP = re.compile(r'\.?([^.\[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]')

Path = tuple[str | int, ...]


def property_path(text: str) -> Path:
    """Return the steps of a property path: ``tags.team``, ``rules[0].port``, ``["a.b"]``."""
    return tuple(int(i) if i else (quoted or name) for name, i, quoted in _STEP.findall(text))


def holds_secret(value: Any) -> bool:
    """Return whether a value is a secret or has one anywhere inside, as `SECRET` or in the form of events."""
    if isinstance(value, dict):
        return value.get(_SIGNATURE) == _SECRET_KIND or any(map(holds_secret, value.values()))
    if isinstance(value, list):
        return any(map(holds_secret, value))
    return bool(value == SECRET)


def read(value: Any, side: str, changed: tuple[Path, ...] = (), path: Path = ()) -> tuple[Any, Any]:
    """Return a value with secrets masked, and the tree that says which parts are unknown.

    Pulumi prints every secret alike, so two of them would seem equal; where it says that one changes, they differ.

    Args:
        value: as in the JSON. side: ``before`` or ``after``.
        changed: paths that change. path: where the value stands.
    """
    if isinstance(value, dict):
        parts = {k: read(v, side, changed, (*path, k)) for k, v in value.items() if k != CODE}
        return {k: v for k, (v, _) in parts.items()}, {k: u for k, (_, u) in parts.items() if u}
    if isinstance(value, list):
        items = [read(v, side, changed, (*path, i)) for i, v in enumerate(value)]
        return [v for v, _ in items], [u for _, u in items] if any(u for _, u in items) else False
    if value == SECRET:
        differs = any(path[: len(p)] == p or p[: len(path)] == path for p in changed)
        return Sensitive((WITHHELD, side if differs else "")), False
    if isinstance(value, str) and value in UNKNOWN:
        return None, True
    return value, False
