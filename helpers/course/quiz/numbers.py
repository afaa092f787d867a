"""The number a learner types: which spellings are one, and what is said about the others.

Taken: ``3``, ``3.0``, ``+3``, ``-3`` (also with the typographic minus), ``1,000`` and ``1 000`` and ``1_000`` (a
comma, a space or an underscore groups three digits), ``1e3``, ``.5``, and the question's own unit behind it
(``3 buckets``, ``80 %``). Not taken, with the reason: a comma as the decimal point (``0,5`` is half to some readers
and no number to others), words, fractions, sums, other units.
"""

from __future__ import annotations

import re
from fractions import Fraction

from helpers.core.errors import BadInput

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,2}(?!\d))?", re.IGNORECASE)
_GROUPED = re.compile(r"([+-]?\d{1,3})((?:[,_ \u00a0\u2009\u202f]\d{3})+)(?!\d)")
#: Longer text is not a number that anybody typed.
MAX_TYPED = 40


def read(given: object, unit: str = "") -> Fraction:
    """Return the number that *given* spells.

    Args:
        given: text, or a number.
        unit: the unit that may stand behind it.

    Raises:
        BadInput: it is not a number, with what to type instead.
    """
    text = str(given).strip().replace("\u2212", "-")
    if not text:
        raise BadInput("There is no number yet", next=_example(unit))
    if len(text) > MAX_TYPED:
        raise BadInput("That is too long for a number", next=_example(unit))
    number, rest = _split(text)
    if not number:
        raise BadInput(f"{text!r} is not a number", why="It has to be written in digits.", next=_example(unit))
    if rest.startswith(",") or re.match(r"\.?[\d,.]", rest):
        why = "A comma groups three digits here, as in 1,000. The decimal sign is a point, as in 0.5."
        raise BadInput(f"{text!r} can be read in two ways", why=why, next=_example(unit))
    if rest and not _is_unit(rest, unit):
        why = f"The answer is asked for in {unit}." if unit else "The answer is a number without a unit."
        raise BadInput(f"{rest!r} behind the number is not expected", why=why, next=_example(unit))
    return Fraction(number)


def _split(text: str) -> tuple[str, str]:
    """Return the number in Python's own spelling, and what stands behind it."""
    if grouped := _GROUPED.match(text):
        plain = grouped[1] + re.sub(r"\D", "", grouped[2])
        tail = re.match(r"\.\d+", text[grouped.end() :])
        return plain + (tail[0] if tail else ""), text[grouped.end() + (len(tail[0]) if tail else 0) :].strip()
    if found := _NUMBER.match(text):
        return found[0], text[found.end() :].strip()
    return "", text


def _is_unit(rest: str, unit: str) -> bool:
    singular = unit[:-1] if unit.endswith("s") else unit
    return bool(unit) and rest.rstrip(".").casefold() in {unit.casefold(), singular.casefold()}


def _example(unit: str) -> str:
    return f"Type digits, for example 12{f' (in {unit})' if unit else ''}"
