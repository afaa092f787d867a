"""Those who remember the audit trail besides its keeper: processes that cosign its checkpoints.

A witness has a key of its own and a memory of its own. It cosigns a newer checkpoint only after a proof that the log
only grew (c2sp.org/tlog-witness, c2sp.org/tlog-cosignature). Here they run beside the log, so that the course needs one
machine. **In a real deployment they belong to other people, on other machines.**
"""

from __future__ import annotations

import base64
import contextlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

from helpers.compliance.audit.errors import AuditError
from helpers.core import http, process, redact
from helpers.core.files import new_directory, read_private, write_private
from helpers.runtime import tools, trust

#: The witnesses of this machine, and how many of them must cosign a checkpoint.
WITNESSES, QUORUM = ("witness-a", "witness-b"), 2
#: The last second of the year 9999: no later one can be told.
_LAST = 253_402_300_799


class Witness:
    """What a witness keeps.

    Args:
        directory: its own. name: of the witness.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self.name, self.path = name, directory
        self.seen, self.logs = directory / "seen", directory / "logs"
        self.key, self.public_key = directory / "key" / "key", directory / "key" / "key.pub"
        self.token_file = directory / "token"

    def provision(self) -> None:
        """Make what is missing: its key, its token, its memory."""
        for place in (self.path.parent, self.path, self.seen, self.logs):
            place.mkdir(parents=True, mode=0o700, exist_ok=True)
        if not self.token_file.exists():
            write_private(self.token_file, secrets.token_urlsafe(32).encode())
        if self.key.exists():
            return
        with new_directory(self.key.parent) as new:
            program = tools.ensure("audit-log").path
            argv: list[str | Path] = [program, "keygen", "--witness", "--name", self.name, "--out", new / "key"]
            made = process.run(argv, timeout=60)
            if made.returncode != 0:
                raise AuditError(
                    "A witness's key could not be made", why=made.stderr, next="course services logs audit"
                )

    @property
    def public(self) -> str:
        """Its public key, as the list of functionaries has it."""
        return self.public_key.read_text().strip()

    def token(self) -> str:
        """Return the token that it asks for; it is masked from now on."""
        token = read_private(self.token_file)
        redact.add_secrets(token)
        return token

    def introduce(self, origin: str, key: Path) -> None:
        """Tell it of a log, by the log's public key. The first key of a name stays; what another signs is refused."""
        known = self.logs / f"{origin.replace('/', '-')}.pub"
        if not known.exists():
            write_private(known, key.read_bytes())

    def command(self, port: int, cert: Path, key: Path) -> list[str | Path]:
        """Return the command that runs it, with certificate and key of its server."""
        program = tools.ensure("audit-log").path
        where: list[str | Path] = [program, "witness", "--dir", self.seen, "--logs", self.logs, "--key", self.key]
        tls: list[str | Path] = ["--tls-cert", cert, "--tls-key", key]
        return [*where, "--token", self.token_file, "--listen", f"127.0.0.1:{port}", *tls]


def write_addresses(path: Path, witnesses: Mapping[int, Witness]) -> Path:
    """Write where witnesses are, with what they ask for, as the log reads it: port -> witness."""
    lines = (f"{one.name} https://log:{one.token()}@127.0.0.1:{port}\n" for port, one in witnesses.items())
    write_private(path, "".join(lines).encode())
    return path


def last_cosigned(url: str, token: str, origin: str) -> bytes | None:
    """Return the checkpoint of a log that a witness cosigned last; ``None`` when it did not, or does not answer."""
    path, headers = f"/checkpoint?origin={quote(origin)}", {"Authorization": f"Bearer {token}"}
    try:
        with contextlib.closing(http.Client(url, timeout=10, ca=trust.ca_file())) as client:
            answer = client.request("GET", path, headers=headers)
    except http.NoAnswer:
        return None
    return answer.body if answer.status == HTTPStatus.OK else None


def cosigned_at(note: str, witnesses: Sequence[str], quorum: int) -> datetime | None:
    """Return by when a quorum had cosigned a checkpoint (UTC), ``None`` when fewer did or none is asked for.

    It verifies no signature: that is done before, by the verifier, which refuses a wrong one.

    Args:
        note: the checkpoint. witnesses: their public keys. quorum: how many of them must cosign.
    """
    known, times = {tuple(key.split("+", 2)[:2]) for key in witnesses}, {}
    for line in note.partition("\n\n")[2].splitlines():
        mark, _, rest = line.partition(" ")
        name, _, signature = rest.partition(" ")
        with contextlib.suppress(ValueError):
            raw = base64.b64decode(signature, validate=True)
            who = (name, raw[:4].hex())
            # c2sp.org/tlog-cosignature: key hash, then the time that is signed along, then the signature.
            if mark == "\u2014" and who in known and who not in times and len(raw) == 76:
                times[who] = min(int.from_bytes(raw[4:12], "big"), _LAST)
    if not 0 < quorum <= len(times):
        return None
    return datetime.fromtimestamp(sorted(times.values(), reverse=True)[quorum - 1], UTC)
