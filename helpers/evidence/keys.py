"""The public keys a verifier needs, in one folder, handed over another way than the pack."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.audit import Room
from helpers.cosign import KeyPair
from helpers.cosign.bundle import fingerprint
from helpers.evidence.types import CONTROLS, BadEvidence


@dataclass(frozen=True)
class Keys:
    """A folder of public keys.

    Attributes:
        folder: holds ``log.pub`` and ``collectors`` (the audit trail), ``pack.pub`` (who seals packs), ``signers/``
            (who may sign artifacts), and, when the verifier insists on a list of controls, ``controls.yaml``;
            ``checkpoint``, when an earlier one was kept, finds a log that was rewritten with its own key.
    """

    folder: Path

    @property
    def log(self) -> Path:
        """Key of the audit trail's log."""
        return self.folder / "log.pub"

    @property
    def collectors(self) -> Path:
        """Keys of those who may record events."""
        return self.folder / "collectors"

    @property
    def pack(self) -> Path:
        """Key of those who seal packs."""
        return self.folder / "pack.pub"

    @property
    def controls(self) -> Path:
        """The list of controls that the verifier insists on."""
        return self.folder / CONTROLS

    @property
    def checkpoint(self) -> Path:
        """An earlier checkpoint of the log."""
        return self.folder / "checkpoint"

    def signers(self) -> Iterator[tuple[str, Path]]:
        """Yield fingerprint and file of each key that may sign artifacts."""
        for path in sorted((self.folder / "signers").glob("*.pub")):
            yield fingerprint(path.read_bytes()), path

    @classmethod
    def write(
        cls, folder: Path | str, *, pack: KeyPair, signers: tuple[KeyPair, ...], controls: Path | None = None
    ) -> Keys:
        """Write the public keys of this platform into a new folder.

        Args:
            pack: who seals packs. signers: who may sign artifacts; their files need different names.
            controls: the list that a verifier shall insist on.

        Raises:
            BadEvidence: the folder is there, or two keys have one name.
        """
        out, room = Path(folder), Room.of_service()
        names = [one.public.name for one in signers]
        if out.exists() or len(set(names)) != len(names):
            raise BadEvidence(f"Keys cannot be written to {out.name}", why="It is there, or two keys have one name.",
                              next="Name a new folder.")  # fmt: skip
        (out / "signers").mkdir(parents=True)
        found = cls(out)
        for source, target in (
            (room.public_key, found.log), (room.collectors, found.collectors), (pack.public, found.pack),
            *((one.public, out / "signers" / one.public.name) for one in signers),
            *([(controls, found.controls)] if controls else []),
        ):  # fmt: skip
            shutil.copyfile(source, target)
        return found
