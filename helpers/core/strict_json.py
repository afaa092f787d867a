"""Read JSON that has one meaning only (RFC 7493), or name the rule it breaks.

What is signed is read by programs in two languages. A name that is there twice, or in another case, would be one thing
to one reader and another thing to the other. The verifier's reader in Go (``toolchain/audit-log/strict.go``) has the
same rules under the same names; both read ``toolchain/audit-log/testdata/strict-json.json``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, NoReturn

#: Nested objects and lists.
MAX_DEPTH: Final = 16
#: The largest whole number that every reader reads as the same one (RFC 7493, section 2.2).
MAX_EXACT: Final = 2**53 - 1

#: The kinds of members besides a shape; a list of one shape is written ``[shape]``, one of some texts as a tuple of
#: them, a text of a form as its regular expression.
TEXT: Final = "text"
COUNT: Final = "count"
OBJECT: Final = "object"
#: Which members an object has. A name that ends with ``?`` may be left out.
Shape = Mapping[str, Any]

Rule = Literal[
    "size", "encoding", "syntax", "depth", "duplicate-key", "case", "number", "missing-key", "unknown-key", "type"
]


class BadJson(ValueError):
    """A text that two readers could read as two things.

    Attributes:
        rule: the rule that it breaks.
    """

    def __init__(self, rule: Rule, said: str) -> None:
        super().__init__(f"{rule}: {said}")
        self.rule = rule


def load(raw: bytes, *, limit: int, shape: Shape | None = None) -> dict[str, Any]:
    """Return the object in a JSON text.

    Args:
        raw: the text. limit: the most bytes it may have. shape: which members it has; by default any.

    Raises:
        BadJson: it breaks a rule.
    """
    if len(raw) > limit:
        raise BadJson("size", f"{len(raw)} bytes, {limit} are allowed")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadJson("encoding", "not UTF-8") from None
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_int=_whole, parse_float=_real, parse_constant=_constant
        )
    except RecursionError:
        raise BadJson("depth", f"more than {MAX_DEPTH} levels") from None
    except BadJson:
        raise
    except ValueError as error:
        raise BadJson("syntax", str(error)) from None
    _check(value, 1)
    if not isinstance(value, dict):
        raise BadJson("type", "the statement is not an object")
    if shape is not None:
        _fits("", value, shape)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    folded: set[str] = set()
    for name, value in pairs:
        if name in found:
            raise BadJson("duplicate-key", f"{name!r} is there twice")
        once = name.casefold()
        if once in folded:
            raise BadJson("case", f"{name!r} is there in another spelling")
        folded.add(once)
        found[name] = value
    return found


def _whole(text: str) -> int:
    if len(text) > 17 or text == "-0" or abs(int(text)) > MAX_EXACT:
        raise BadJson("number", f"{text[:40]} is not exact for every reader")
    return int(text)


def _real(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise BadJson("number", f"{text[:40]} is not exact for every reader")
    return value


def _constant(text: str) -> NoReturn:
    raise BadJson("syntax", f"{text} is not JSON")


def _check(value: Any, level: int) -> None:
    """Look for too many levels, and for escapes that stand for no character."""
    if isinstance(value, str):
        if any("\ud800" <= letter <= "\udfff" for letter in value if letter > "\ud7ff"):
            raise BadJson("encoding", "half of a surrogate pair")
        return
    if not isinstance(value, dict | list):
        return
    if level > MAX_DEPTH:
        raise BadJson("depth", f"more than {MAX_DEPTH} levels")
    parts: Iterable[Any] = value if isinstance(value, list) else (*value, *value.values())
    for part in parts:
        _check(part, level + 1)


def _fits(where: str, value: Any, shape: Shape) -> None:
    here = where or "the statement"
    if not isinstance(value, dict):
        raise BadJson("type", f"{here} is not an object")
    plain = {name.removesuffix("?"): kind for name, kind in shape.items()}
    spelled = {name.casefold(): name for name in plain}
    for name in value:
        right = spelled.get(name.casefold())
        if right is None:
            raise BadJson("unknown-key", f"{here} has {name!r}, which means nothing here")
        if right != name:
            raise BadJson("case", f"{here} has {name!r}, not {right!r}")
    if missing := sorted(name for name in shape if not name.endswith("?") and name not in value):
        raise BadJson("missing-key", f"{here} has no {missing[0]}")
    for name, kind in plain.items():
        if name in value:
            _fits_kind(f"{where}.{name}".removeprefix("."), value[name], kind)


def _fits_kind(where: str, given: Any, kind: Any) -> None:
    if isinstance(kind, Mapping):
        _fits(where, given, kind)
        return
    if isinstance(kind, list):
        if not isinstance(given, list):
            raise BadJson("type", f"{where} is not a list")
        for item in given:
            _fits(where, item, kind[0])
        return
    if isinstance(kind, tuple | re.Pattern):
        fits = kind.fullmatch if isinstance(kind, re.Pattern) else kind.__contains__
        if not isinstance(given, str) or not fits(given):
            raise BadJson("type", f"{where} is not as it must be written")
        return
    right = {
        TEXT: isinstance(given, str),
        COUNT: isinstance(given, int) and not isinstance(given, bool) and given >= 0,
        OBJECT: isinstance(given, dict),
    }
    if not right[kind]:
        raise BadJson("type", f"{where} is not a {kind}")
