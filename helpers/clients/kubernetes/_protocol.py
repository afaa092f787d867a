"""What a connection is asked and answers; free of the client library, which is slow to import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: Parameters of a request's URL, in order; a name may come twice.
Query = Sequence[tuple[str, Any]]


class Disconnected(Exception):
    """A watch ended without its own doing; it can be resumed."""


@dataclass(frozen=True)
class Answer:
    """What the server answered: its JSON and its warnings."""

    data: dict[str, Any]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Impersonated:
    """Who a request is made as."""

    user: str
    groups: tuple[str, ...] = ()
