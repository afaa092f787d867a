"""Read files of a pack, and the events of its trail. Whoever relies on them verifies them first."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

from helpers.compliance.audit import Entry, entries_of, roles
from helpers.compliance.audit.witnesses import cosigned_at

#: By how much the clocks of the platform, its witnesses and a verifier may differ.
SKEW = timedelta(minutes=5)


def entries(export: Path) -> tuple[Entry, ...]:
    """Return the events of an export; those past their retention are left out.

    Raises:
        ValueError, KeyError, OSError: it is not an export.
    """
    return entries_of(export)


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def witnessed(export: Path, collectors: Path | None = None) -> datetime | None:
    """Return when a quorum of the witnesses last saw the log of an export; ``None`` when no quorum is asked for.

    Args:
        collectors: the list of functionaries, should the export have none.

    Raises:
        AuditError: the list of functionaries cannot be read. OSError: a file is missing.
    """
    listed = export / "collectors"
    known = roles.read((listed if listed.is_file() or collectors is None else collectors).read_bytes())
    note = (export / "checkpoint").read_text(encoding="utf-8", errors="replace")
    return cosigned_at(note, known.witnesses, known.quorum)
