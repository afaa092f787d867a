"""Which questions a learner gets, with which values and in which order: by hashes, and without any key.

A *paper* says which questions are asked and how their options are ordered. The papers that may be drawn are listed in
the pool: those whose keys are balanced, which only the author's side can tell. There are few of them on purpose. Each
tells a reader a little about the keys, and all of them together less than the keys hold (`grading.hidden.pool`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
#: What the values of a question are drawn for, beside the learner and the question.
NAME = "assessment"


def paper_of(learner: str, papers: Sequence[str]) -> str:
    """Return the paper of a learner."""
    return papers[_number(NAME, learner) % len(papers)]


def asked(paper: str, items: Sequence[Mapping[str, Any]], choices: int, numbers: int) -> list[Mapping[str, Any]]:
    """Return the questions that a paper takes of one unit, in the order in which they are asked."""
    wanted = {"choice": choices, "number": numbers}
    found: list[Mapping[str, Any]] = []
    for kind, count in wanted.items():
        same = [item for item in items if item.get("kind", "choice") == kind]
        found += _shuffled(same, lambda item: str(item["id"]), paper, "take")[:count]
    return _shuffled(found, lambda item: str(item["id"]), paper, "order")


def order(paper: str, item: Mapping[str, Any]) -> dict[str, str]:
    """Return letter shown -> letter in the pool of a question's options."""
    letters = list(item.get("options", ()))
    return dict(zip(letters, _shuffled(letters, str, paper, str(item["id"])), strict=True))


def values(learner: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a question for a learner; nothing when it has none."""
    if not (names := item.get("names")):
        return {}
    rows = json.loads(item["draws"])
    return dict(zip(names, rows[_number(NAME, learner, str(item["id"])) % len(rows)], strict=True))


def _shuffled(things: Sequence[T], name: Any, *seed: str) -> list[T]:
    return sorted(things, key=lambda thing: _number(*seed, name(thing)))


def _number(*seed: str) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(seed).encode()).digest()[:8], "big")
