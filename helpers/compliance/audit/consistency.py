"""Sign checkpoints, and judge that one goes on from another, without a program: a collector does so at every event."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from helpers.compliance.audit.types import Checkpoint

_MARK = "\u2014 "


def signed_by(checkpoint: Checkpoint, key: Path) -> bool:
    """Return whether the log of a public key signed a checkpoint (C2SP signed-note; cosignatures are left aside)."""
    # Expensive (45 ms); those who only read need it not.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # as above

    name, key_hash, public = key.read_text().strip().split("+", 2)
    text, _, signatures = checkpoint.signed.partition("\n\n")
    for line in signatures.splitlines():
        if not line.startswith(f"{_MARK}{name} "):
            continue
        raw = base64.b64decode(line.removeprefix(f"{_MARK}{name} "))
        if raw[:4].hex() != key_hash or checkpoint.origin != name:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(base64.b64decode(public)[1:]).verify(raw[4:], f"{text}\n".encode())
        except InvalidSignature:
            return False
        return True
    return False


def sign_note(text: str, key: Path, public_key: Path) -> str:
    """Return a text with the signature of a note key (C2SP signed-note), as whoever holds the log's key makes it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # expensive, as above

    secret = base64.b64decode(key.read_text().strip().split("+", 4)[4])
    name, key_hash, _ = public_key.read_text().strip().split("+", 2)
    signature = Ed25519PrivateKey.from_private_bytes(secret[1:]).sign(text.encode())
    return f"{text}\n{_MARK}{name} {base64.b64encode(bytes.fromhex(key_hash) + signature).decode()}\n"


def grew(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> bool:
    """Return whether a proof shows that the log of *old* is the beginning of that of *new* (RFC 9162, 2.1.4.2)."""
    if old.size > new.size:
        return False
    if old.size in (0, new.size):
        return not proof and (old.size == 0 or old.root == new.root)
    path = list(proof)
    if old.size & (old.size - 1) == 0:
        path.insert(0, bytes.fromhex(old.root))
    first, last = old.size - 1, new.size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    if not path:
        return False
    older = newer = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            older, newer = _node(node, older), _node(node, newer)
            while not first & 1 and first != 0:
                first, last = first >> 1, last >> 1
        else:
            newer = _node(newer, node)
        first, last = first >> 1, last >> 1
    return last == 0 and older.hex() == old.root and newer.hex() == new.root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
