"""A log in a test's hands, with every key of the platform, its witnesses and its root; nothing runs."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from helpers.compliance.audit import AuditLogDirectory, Event, Retention, Subject, Verification, verify_export
from helpers.compliance.audit.statement import check_event
from helpers.compliance.audit.types import leaf_hash
from helpers.compliance.audit.witnesses import QUORUM

Lines = list[bytes]
NOW = datetime.now(UTC)
#: The root of the empty log, which the first event names as the one before it.
EMPTY = hashlib.sha256(b"").hexdigest()
PLAN = Subject.of("plan.json", b"{}")


def event(action: str, actor: str, decision: str = "accepted", *, days_ago: float = 1, **details: object) -> Event:
    """Return an event about `PLAN`."""
    return Event(action, actor, PLAN, decision, "", details, NOW - timedelta(days=days_ago))


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the RFC 6962 root, straight from its definition."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root(leaves[:split]) + root(leaves[split:])).digest()


def leaves(lines: Sequence[bytes]) -> list[bytes]:
    """Return the leaf hashes of entries."""
    return [bytes.fromhex(leaf_hash(line)) for line in lines]


class World:
    """The platform's keys, and exports made with them.

    Args:
        directory: empty; the keys are made in it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory, self._count = directory, 0
        self.log = AuditLogDirectory(directory / "audit")
        for one in self.log.witnesses():
            one.provision()
        self.log.provision(tuple(one.public for one in self.log.witnesses()), QUORUM)
        self.collectors = self.log.collectors.read_bytes()

    def signed(self, lines: Lines, collector: str, *events: Event, retention: Retention | None = None) -> Lines:
        """Return the lines with events after them, each signed by a collector for its place."""
        key, found = self.log._key_pair(collector), list(lines)
        for one in events:
            previous = leaf_hash(found[-1]) if found else EMPTY
            made = check_event(one, retention or Retention(), NOW)
            found.append(made.signed(len(found), previous, key))
        return found

    def story(self) -> Lines:
        """Return an honest log: planned by ada, approved by bela, applied by the pipeline."""
        lines = self.signed([], "pipeline", event("plan", "ada"))
        lines = self.signed(lines, "forge", event("approval", "bela"))
        return self.signed(lines, "pipeline", event("apply", "pipeline"))

    def checkpoint(
        self,
        lines: Sequence[bytes],
        witnesses: Sequence[str] = ("witness-a", "witness-b"),
        *,
        at: datetime | None = None,
    ) -> str:
        """Return the signed checkpoint of a log of whole entries, cosigned by witnesses, now or at another time."""
        text = f"acme.test/audit\n{len(lines)}\n{base64.b64encode(root(leaves(lines))).decode()}\n"
        signatures = [_signature(self.log.key, self.log.public_key, text.encode())]
        for one in self.log.witnesses():
            if one.name in witnesses:
                signatures.append(cosignature(one.key, one.public_key, text, at))
        return text + "\n" + "".join(signatures)

    def export(self, lines: Sequence[bytes], checkpoint: str = "", shown: Sequence[bytes] = ()) -> Path:
        """Write an export of these entries.

        Args:
            lines: of the log. checkpoint: by default an honest one of *lines*. shown: written in place of the lines.
        """
        self._count += 1
        out = self.directory / f"export-{self._count}"
        tile = out / "tile" / "0" / "000.p" / str(len(lines))
        tile.parent.mkdir(parents=True)
        tile.write_bytes(b"".join(leaves(lines)))
        (out / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in shown or lines))
        (out / "checkpoint").write_text(checkpoint or self.checkpoint(lines), encoding="utf-8")
        (out / "collectors").write_bytes(self.collectors)
        return out

    def verify(self, export: Path, *, witnessed: Sequence[Path] = (), collectors: Path | None = None) -> Verification:
        """Verify as an auditor does who holds the keys of the log and of the root."""
        return verify_export(
            export, key=self.log.public_key, root=self.log.root, witnessed=witnessed, collectors=collectors
        )

    def kinds(self, lines: Sequence[bytes]) -> list[str]:
        """Return what an auditor finds in a log that the witnesses cosigned."""
        return [one.kind for one in self.verify(self.export(lines)).findings]


def _private(key: Path) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(key.read_text().strip().split("+", 4)[4])[1:])


def _line(public: Path, signature: bytes) -> str:
    name, key_hash, _ = public.read_text().strip().split("+", 2)
    return f"— {name} {base64.b64encode(bytes.fromhex(key_hash) + signature).decode()}\n"


def _signature(key: Path, public: Path, text: bytes) -> str:
    return _line(public, _private(key).sign(text))


def cosignature(key: Path, public: Path, text: str, at: datetime | None = None) -> str:
    """Return the signature line of a witness (c2sp.org/tlog-cosignature, cosignature/v1)."""
    now = int(at.timestamp() if at else time.time())
    signed = _private(key).sign(f"cosignature/v1\ntime {now}\n{text}".encode())
    return _line(public, now.to_bytes(8, "big") + signed)
