"""Reads the vault's audit log."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from helpers.clients.vault.types import AuditEntry


def moment(text: str) -> dt.datetime:
    """Return a time of the vault (RFC 3339, nanoseconds) in UTC."""
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def lines(path: Path) -> Iterator[str]:
    """Yield the complete lines of the log; one that is being written is left out."""
    try:
        with path.open() as file:
            yield from (line for line in file if line.endswith("\n"))
    except FileNotFoundError:
        return


def parse(text: Iterable[str]) -> Iterator[AuditEntry]:
    """Yield an entry for each line; lines that are none (a disk that was full) are left out."""
    for line in text:
        try:
            raw = json.loads(line)
            yield entry(raw)
        except (ValueError, KeyError, TypeError):
            continue


def entry(raw: dict[str, Any]) -> AuditEntry:
    """Return one line as an entry."""
    auth, request = raw.get("auth") or {}, raw["request"]
    metadata = auth.get("metadata") or {}
    return AuditEntry(
        at=moment(raw["time"]),
        kind=raw["type"],
        operation=request.get("operation", ""),
        path=request.get("path", ""),
        actor=metadata.get("role_name") or metadata.get("role") or auth.get("display_name", ""),
        policies=tuple(auth.get("policies") or ()),
        allowed=(auth.get("policy_results") or {}).get("allowed"),
        error=" ".join(str(raw.get("error", "")).replace("*", "").split()).removeprefix("1 error occurred: "),
        request_id=request.get("id", ""),
        raw=raw,
    )
