"""One question of each kind, for tests of the questionnaires and of their widget."""

from __future__ import annotations

from typing import Any

OPTIONS = {"A": "one", "B": "<b>two</b>", "C": "three", "D": "four"}
BECAUSE = {"A": "because a", "B": "because b", "C": "because c", "D": "because d"}
CHOICES = [
    {"id": f"q{n}", "text": f"Question {n}?", "options": OPTIONS, "answer": key, "because": BECAUSE}
    for n, key in enumerate("BD", 1)
]
SEVERAL = {
    "id": "some",
    "kind": "several",
    "text": "Which?",
    "options": OPTIONS,
    "answer": ["A", "C"],
    "because": BECAUSE,
}
NUMBER: dict[str, Any] = {
    "id": "shift",
    "kind": "number",
    "text": "{n} buckets by count, the one at place {k} goes. How many are destroyed?",
    "draw": {"n": "5..12", "k": "2..9"},
    "where": "k < n",
    "unit": "buckets",
    "answer": "n - k + 1",
    "because": "{=n - k} are replaced and the last goes.",
    "wrong": [{"value": "n - k", "because": "The last position goes, too."}],
}
LOG = {
    "id": "log",
    "kind": "number",
    "text": "How many failed?",
    "draw": {"a": ["ok", "failed"], "b": ["ok", "failed"]},
    "material": "one {a}\ntwo {b}\nthree failed\n",
    "answer": "lines('failed$')",
    "because": "Counted.",
    "wrong": [{"value": "9", "because": "All."}],
}
PLAN = {
    "id": "plan",
    "kind": "number",
    "text": "How many objects does it destroy?",
    "plan": "unit1/pools",
    "answer": "count('delete', 'replace')",
    "because": "Both destroy.",
    "wrong": [{"value": "count('delete')", "because": "A replacement destroys, too."}],
}
ACTIONS = {action: f"{action}: {{address}}" for action in ("create", "update", "replace", "delete", "no-op")}
ACTION = {
    "id": "act",
    "kind": "action",
    "text": "What of {address}?",
    "plan": "unit1/pools",
    "shows": "json",
    "because": ACTIONS,
}
ADDRESS = {
    "id": "who",
    "kind": "address",
    "text": "Which is replaced?",
    "plan": "unit1/upgrade",
    "shows": "attributes",
    "action": "replace",
    "because": ACTIONS,
}
