"""The public keys a verifier needs, in one directory, handed over another way than the pack."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.compliance.audit import AuditLogDirectory
from helpers.compliance.evidence import builders as known
from helpers.compliance.evidence.builders import Builder
from helpers.compliance.evidence.controls import DEFAULT
from helpers.compliance.evidence.reading import sha256
from helpers.compliance.evidence.types import CONTROLS, BadEvidence
from helpers.wrappers.cosign import Cosign, KeyPair
from helpers.wrappers.cosign.bundle import fingerprint
from helpers.wrappers.cosign.sigstore import Sigstore


@dataclass(frozen=True)
class Keys:
    """A directory of public keys.

    Attributes:
        directory: holds ``log.pub``, ``collectors`` and ``root.pub`` (the audit trail), ``pack.pub`` (who seals packs),
            ``signers/`` (who may sign artifacts), ``builders.yaml`` with ``builders/`` (who may state where they come
            from), ``roots.json`` (the authority that signs times), and ``controls.yaml`` (the list that the verifier
            insists on); ``checkpoint``, when an earlier one was kept, finds a log that was rewritten with its own key.
    """

    directory: Path

    @property
    def log(self) -> Path:
        """Key of the audit trail's log."""
        return self.directory / "log.pub"

    @property
    def collectors(self) -> Path:
        """The list of those who may record events, and what."""
        return self.directory / "collectors"

    @property
    def root(self) -> Path:
        """Key of who signs that list; with it a newer list in a pack is believed as well."""
        return self.directory / "root.pub"

    @property
    def pack(self) -> Path:
        """Key of those who seal packs."""
        return self.directory / "pack.pub"

    @property
    def roots(self) -> Path:
        """The trusted root with the certificates of the timestamp authority."""
        return self.directory / "roots.json"

    @property
    def controls(self) -> Path:
        """The list of controls that the verifier insists on."""
        return self.directory / CONTROLS

    @property
    def checkpoint(self) -> Path:
        """An earlier checkpoint of the log."""
        return self.directory / "checkpoint"

    def signers(self) -> Iterator[tuple[str, Path]]:
        """Yield fingerprint and file of each key that may sign artifacts."""
        for path in sorted((self.directory / "signers").glob("*.pub")):
            yield fingerprint(path.read_bytes()), path

    def no_builders(self) -> dict[str, Path]:
        """Return fingerprint and file of each key that no builder may have: of who signs artifacts or seals packs."""
        return dict(self.signers()) | {fingerprint(self.pack.read_bytes()): self.pack}

    def pin(self) -> str:
        """Return one number for all that is in the directory, hex: say it over the telephone, hand it over on paper.

        It is the SHA-256 of the list of its files as ``sha256sum`` writes it, sorted by path.
        """
        paths = sorted(path for path in self.directory.rglob("*") if path.is_symlink() or not path.is_dir())
        lines = (_line(sha256(path), path.relative_to(self.directory).as_posix()) for path in paths)
        return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()

    @classmethod
    def write(
        cls,
        directory: Path | str,
        *,
        pack: KeyPair,
        signers: tuple[KeyPair, ...],
        controls: Path = DEFAULT,
        builders: Iterable[Builder] = (),
        log: AuditLogDirectory | None = None,
        sigstore: Sigstore | None = None,
    ) -> Keys:
        """Write the public keys of this platform into a new directory.

        Args:
            pack: who seals packs. signers: who may sign artifacts; their files need different names.
            controls: the list that a verifier shall insist on; by default the course's.
            builders: whose statements on origin count; none of them has the key of a signer.
            log: the audit log's directory. sigstore: who signs times. Both by default the platform's services.

        Raises:
            BadEvidence: the directory is there, or two keys have one name. BadBuilders: the same of builders, or one
                of them has the key of a signer or of who seals packs.
        """
        out, log = Path(directory), log or AuditLogDirectory.of_service()
        names = [one.public.name for one in signers]
        if out.exists() or len(set(names)) != len(names):
            raise BadEvidence(
                f"Keys cannot be written to {out.name}",
                why="It is there, or two keys have one name.",
                next="Name a new directory.",
            )
        (out / "signers").mkdir(parents=True)
        found = cls(out)
        for source, target in (
            (log.public_key, found.log),
            (log.collectors, found.collectors),
            (log.root, found.root),
            (pack.public, found.pack),
            *((one.public, out / "signers" / one.public.name) for one in signers),
            (controls, found.controls),
            # An older pack than this has less.
            (log.log / "checkpoint", found.checkpoint),
        ):
            shutil.copyfile(source, target)
        Cosign(out.resolve(), sigstore=sigstore).trusted_root(found.roots.name)
        known.write(out, builders)
        known.read(out, signers=found.no_builders())
        return found


def _line(digest: str, name: str) -> str:
    """Return a line as ``sha256sum`` writes it, so that no name with a line feed in it stands for two files."""
    plain = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if plain == name else chr(92)}{digest}  {plain}\n"
