"""A value that two schemas of one field both take: what the API server admits, and what a module contract accepts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import hypothesis
import jsonschema
from hypothesis import strategies as st

#: How many values are made from the patterns before nobody can tell.
EXAMPLES = 300
_KEYWORDS = ("type", "enum", "minimum", "maximum", "pattern", "minLength", "maxLength")


class NotFound(Exception):
    """No value was found, and nothing says that there is none."""


def common(accepts: Mapping[str, Any], field: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return ``{"value": ...}`` with one that both take; None when there cannot be one.

    Args:
        accepts: of the contract. field: the field's OpenAPI schema.

    Raises:
        NotFound: the patterns are too intricate to tell.
    """
    both = [{name: one[name] for name in _KEYWORDS if name in one} for one in (accepts, field)]
    if offered := [one["enum"] for one in both if "enum" in one]:
        fit = [value for value in offered[0] if all(_takes(one, value) for one in both)]
        return {"value": fit[0]} if fit else None
    if accepts["type"] in ("integer", "number"):
        return _number(both)
    if accepts["type"] != "string":
        return {"value": {"boolean": False, "object": {}, "array": []}[accepts["type"]]}
    return _text(both)


def _takes(schema: Mapping[str, Any], value: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


def _number(both: list[dict[str, Any]]) -> dict[str, Any] | None:
    low = max((one["minimum"] for one in both if "minimum" in one), default=None)
    high = min((one["maximum"] for one in both if "maximum" in one), default=None)
    whole = any(one.get("type") == "integer" for one in both)
    value = low if low is not None else high if high is not None else 0
    if whole:
        value = math.floor(value) if low is None else math.ceil(value)
    return {"value": value} if high is None or value <= high else None


def _text(both: list[dict[str, Any]]) -> dict[str, Any] | None:
    low = max(one.get("minLength", 0) for one in both)
    high = min((one["maxLength"] for one in both if "maxLength" in one), default=None)
    if high is not None and low > high:
        return None
    if not any("pattern" in one for one in both):
        return {"value": "x" * low}
    return {"value": next(_matching(both))}


def _matching(both: list[dict[str, Any]]) -> Iterator[str]:
    # What comes from the contract's own pattern keeps it; it is never tried on other texts, which could take for ever.
    made, judging = (both[0]["pattern"], [{**both[0], "pattern": ""}, both[1]]) if "pattern" in both[0] else ("", both)
    made = made or both[1]["pattern"]
    written = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
    texts = st.one_of(*(st.from_regex(made, fullmatch=whole, alphabet=written) for whole in (True, False)))
    settings = hypothesis.settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    try:
        yield hypothesis.find(texts, lambda text: all(_takes(one, text) for one in judging), settings=settings)
    except (hypothesis.errors.HypothesisException, ValueError):
        raise NotFound from None
