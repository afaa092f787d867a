"""Values of a question for one learner: drawn by a hash, so that every machine and every Python draws the same.

The seed is the learner's name, the questionnaire, the question's id and the value's name; nothing of the text, the
order in the file or the time. So the values are the same when the work is judged once more, and in every release that
leaves the question's values alone.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from helpers.core.errors import BadInput

#: Says whether drawn values may be used.
Holds = Callable[[dict[str, Any]], bool]
#: After so many draws that a condition refuses, the question is at fault.
MAX_TRIES = 1000

_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)(?: step (\d+))?")


def domain(spec: Any) -> list[Any]:
    """Return the values that can be drawn: a list as it is, ``2..9`` and ``100..900 step 50`` with both ends.

    Raises:
        BadInput: it is neither, or empty.
    """
    if isinstance(spec, list) and spec:
        return spec
    if isinstance(spec, str) and (found := _RANGE.fullmatch(spec.strip())):
        values = list(range(int(found[1]), int(found[2]) + 1, int(found[3] or 1)))
        if values:
            return values
    raise BadInput(f"{spec!r} is nothing to draw from", why="It is a list, or a range such as 2..9 or 10..90 step 5.")


def draw(spec: Mapping[str, Any], seed: tuple[str, ...], holds: Holds | None = None) -> dict[str, Any]:
    """Return one value for each name of *spec*, such that they pass.

    Args:
        spec: name -> what to draw from, see `domain`.
        seed: who and what it is drawn for.
        holds: says whether a draw may be used; others are drawn once more.

    Raises:
        BadInput: nothing that may be used was found.
    """
    domains = {name: domain(values) for name, values in spec.items()}
    for attempt in range(MAX_TRIES):
        drawn = {name: values[_index(len(values), *seed, name, str(attempt))] for name, values in domains.items()}
        if not holds or holds(drawn):
            return drawn
    raise BadInput("No draw fulfils the condition", why=f"{MAX_TRIES} were tried.")


def every(spec: Mapping[str, Any], holds: Holds | None = None) -> Iterator[dict[str, Any]]:
    """Yield each combination that can be drawn."""
    domains = [domain(values) for values in spec.values()]
    for values in itertools.product(*domains):
        drawn = dict(zip(spec, values, strict=True))
        if not holds or holds(drawn):
            yield drawn


def _index(size: int, *seed: str) -> int:
    text = "\0".join(seed).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") % size
