"""The messages of Terraform's ``-json`` streams."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Diagnostic:
    """An error or warning of Terraform, with the place in the configuration when it has one.

    Attributes:
        severity: ``error`` or ``warning``.
        line: 1-based line number, or ``None``.
        snippet: the line of configuration it speaks of, or an empty string.
    """

    severity: str
    summary: str
    detail: str = ""
    address: str = ""
    file: str = ""
    line: int | None = None
    snippet: str = ""

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Diagnostic:
        """Return the diagnostic described by a JSON object of ``validate`` or of the ``-json`` stream."""
        where, snippet = raw.get("range") or {}, raw.get("snippet") or {}
        return cls(
            severity=raw.get("severity", "error"),
            summary=raw.get("summary", ""),
            detail=raw.get("detail", ""),
            address=raw.get("address", ""),
            file=where.get("filename", ""),
            line=(where.get("start") or {}).get("line"),
            snippet=snippet.get("code", ""),
        )

    @classmethod
    def of_text(cls, severity: str, text: str, address: str = "") -> Diagnostic:
        """Return the diagnostic of a message without parts: its first line, and the rest as detail."""
        summary, _, detail = text.strip().partition("\n")
        return cls(severity, summary, detail, address)

    @property
    def where(self) -> str:
        """``file:line``, or an empty string."""
        return f"{self.file}:{self.line}" if self.file and self.line else self.file

    def __str__(self) -> str:
        head = f"{self.severity}: {self.summary}" + (f" ({self.where})" if self.where else "")
        return "\n".join(part for part in (head, self.snippet, self.detail) if part)


@dataclass(frozen=True)
class Event:
    """One message of the ``-json`` stream.

    Attributes:
        type: Terraform's word (``planned_change``, ``apply_start``, ...); ``text`` for a line
            that is not JSON.
        timestamp: RFC 3339, empty for ``text``.
        raw: the whole message.
    """

    type: str
    message: str
    level: str = "info"
    timestamp: str = ""
    raw: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Event:
        """Return the event described by one JSON message."""
        text = {key: str(raw.get(key, "")) for key in ("type", "@message", "@level", "@timestamp")}
        return cls(text["type"] or "text", text["@message"], text["@level"] or "info", text["@timestamp"], raw)

    @property
    def address(self) -> str:
        """Address of the resource the message speaks of, or an empty string."""
        part = self.raw.get("hook") or self.raw.get("change") or {}
        return str((part.get("resource") or {}).get("addr", ""))

    @property
    def action(self) -> str:
        """What is done to that resource, or an empty string."""
        part = self.raw.get("hook") or self.raw.get("change") or {}
        return str(part.get("action", ""))

    @property
    def diagnostic(self) -> Diagnostic | None:
        """The diagnostic it carries, if its type is ``diagnostic``."""
        found = self.raw.get("diagnostic")
        return Diagnostic.from_json(found) if isinstance(found, dict) else None
