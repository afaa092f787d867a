"""A platform that seals packs: the world's log, keys for cosign, and a timestamp authority that runs."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helpers.compliance.evidence import EvidencePack, Keys, PackVerification, verify
from helpers.compliance.evidence.pack import sums
from helpers.compliance.evidence.period import time_text
from helpers.compliance.evidence.types import FILES, PACK_TYPE, STATEMENT
from helpers.wrappers.cosign import Bundle, Cosign, KeyPair
from helpers.wrappers.cosign.sigstore import Sigstore
from tests.compliance.forgeries.world import Lines, World, event

PASSWORD = "of the forgeries"
ARTIFACT = "network-1.0.0.tar.gz"
KIND = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class Frozen:
    """A trail as it was at one moment."""

    world: World
    lines: Lines
    at: datetime | None = None

    def export(self, folder: Path) -> Path:
        """Write it, with a checkpoint that the witnesses cosigned at that moment."""
        made = self.world.export(self.lines, self.world.checkpoint(self.lines, at=self.at))
        return Path(shutil.move(made, folder))


def _now() -> str:
    # A machine that is slow or busy signs the changed pack long after the honest one.
    return time_text(datetime.now(UTC))


class Packs:
    """Who seals packs, and an auditor with the keys.

    Args:
        world: the platform's log. directory: empty. sigstore: a timestamp authority that runs.
    """

    def __init__(self, world: World, directory: Path, sigstore: Sigstore) -> None:
        self.world, self.directory, self.sigstore, self._count = world, directory, sigstore, 0
        directory.mkdir()
        cosign = Cosign(directory)
        self.sealer = cosign.generate_key_pair(password=PASSWORD, name="pack")
        self.signer = cosign.generate_key_pair(password=PASSWORD, name="module")
        (directory / ARTIFACT).write_bytes(b"a module package")
        cosign.sign_blob(ARTIFACT, key=self.signer, password=PASSWORD)
        lines = world.signed(world.story(), "pipeline", event("drift", "watch", "in-sync"))
        (world.log.log).mkdir(parents=True, exist_ok=True)
        (world.log.log / "checkpoint").write_text(world.checkpoint(lines), encoding="utf-8")
        self.keys = Keys.write(
            directory / "keys", pack=self.sealer, signers=(self.signer,), log=world.log, sigstore=sigstore
        )
        # Forgeries bring logs of their own; what a kept checkpoint finds has rows of its own.
        self.keys.checkpoint.unlink()
        self.honest = self.seal(Frozen(world, lines))

    def seal(self, trail: Frozen, period: str | None = None) -> Path:
        """Seal a pack as an honest maker does."""
        pack = EvidencePack(self._new(), period=period)
        pack.add(self.directory / ARTIFACT, signature=self.directory / f"{ARTIFACT}.sigstore.json")
        return pack.seal(trail, key=self.sealer, password=PASSWORD, sigstore=self.sigstore)

    def _new(self) -> Path:
        self._count += 1
        return self.directory / f"pack-{self._count}"

    def copy(self, pack: Path | None = None) -> Path:
        """Return a copy of a pack, by default of the honest one."""
        return Path(shutil.copytree(pack or self.honest, self._new()))

    def resealed(self, change: Callable[[dict[str, Any]], object], pack: Path | None = None) -> Path:
        """Return a copy of a pack whose maker changed what it states, and sealed it again, now."""
        copy = self.copy(pack)
        said = json.loads(json.dumps(Bundle.read(copy / STATEMENT).predicate))
        change(said)
        self.seal_again(copy, said)
        return copy

    def seal_again(
        self, pack: Path, said: dict[str, Any], *, timestamp: bool = True, listed: bytes | None = None
    ) -> None:
        """Write list and statement again, as the maker can, at the time that is now unless *said* has another one.

        Args:
            listed: the list; by default the honest one.
        """
        honest = Bundle.read(self.honest / STATEMENT).predicate["madeAt"]
        said = {**said, "madeAt": _now()} if said.get("madeAt") == honest else said
        (pack / FILES).write_bytes(sums(pack).encode() if listed is None else listed)
        (pack / STATEMENT).unlink()
        Cosign(pack, sigstore=self.sigstore).attest_blob(
            FILES,
            key=self.sealer,
            password=PASSWORD,
            predicate=said,
            type=PACK_TYPE,
            bundle=STATEMENT,
            timestamp=timestamp,
        )

    def with_payload(self, payload: bytes) -> Path:
        """Return a copy of the pack whose maker signed these very bytes (DSSE), whatever they are."""
        copy = self.copy()
        (copy / STATEMENT).write_text(self.envelope(payload, self.sealer, timestamp=True))
        return copy

    def envelope(self, payload: bytes, key: KeyPair, *, timestamp: bool = False) -> str:
        """Return the bundle of a statement of just these bytes, signed with a key."""
        aside = self._new()
        aside.mkdir()
        (aside / "pae").write_bytes(b"DSSEv1 %d %s %d %s" % (len(KIND), KIND.encode(), len(payload), payload))
        cosign = Cosign(aside, sigstore=self.sigstore)
        signed = cosign.sign_blob("pae", key=key, password=PASSWORD, timestamp=timestamp)
        bundle = json.loads(signed.content)
        sig = bundle.pop("messageSignature")["signature"]
        text = base64.b64encode(payload).decode()
        bundle["dsseEnvelope"] = {"payload": text, "payloadType": KIND, "signatures": [{"sig": sig}]}
        return json.dumps(bundle)

    def payload(self) -> bytes:
        """Return what is signed in the honest pack, made now."""
        envelope = json.loads((self.honest / STATEMENT).read_bytes())["dsseEnvelope"]
        payload = base64.b64decode(envelope["payload"])
        made: str = json.loads(payload)["predicate"]["madeAt"]
        return payload.replace(made.encode(), _now().encode())

    def verify(self, pack: Path, **options: str) -> PackVerification:
        """Verify as an auditor does."""
        return verify(pack, keys=self.keys.directory, **options)

    def kinds(self, pack: Path, **options: str) -> list[str]:
        """Return what an auditor finds."""
        return [one.kind for one in self.verify(pack, **options).findings]

    def story(self, *days_ago: float) -> Lines:
        """Return an honest log with looks for drift on these days."""
        looks: Sequence[Any] = [event("drift", "watch", "in-sync", days_ago=days) for days in days_ago]
        return self.world.signed([], "pipeline", *looks)
