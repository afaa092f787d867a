"""Put together an evidence pack: a directory that an auditor verifies offline, with nothing but public keys.

The pack's statement is a cosign attestation about ``SHA256SUMS``, the list of all other files. So ``sha256sum -c``,
``cosign verify-blob-attestation`` and ``audit-log verify`` are enough to verify it without this package.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helpers.compliance.audit import Trail
from helpers.compliance.evidence import controls as known
from helpers.compliance.evidence.reading import entries, sha256
from helpers.compliance.evidence.types import (
    ATTESTATIONS,
    CONTROLS,
    FILES,
    PACK_TYPE,
    STATEMENT,
    Artifact,
    BadEvidence,
    Coverage,
)
from helpers.core.files import new_directory
from helpers.wrappers.cosign import Bundle, Cosign, KeyPair

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class EvidencePack:
    """An evidence pack in the making; nothing is at *directory* before `seal`.

    Args:
        directory: where the pack goes; it must not be there yet.
        controls: the list of controls to answer.

    Raises:
        BadEvidence: there is something at *directory*. BadControls: the list is not valid.
    """

    def __init__(self, directory: Path | str, *, controls: Path = known.DEFAULT) -> None:
        self.directory = Path(directory)
        if self.directory.exists():
            raise BadEvidence(
                f"{self.directory.name} is there already",
                why="A pack is sealed once and never changed.",
                next="Name a new directory.",
            )
        self.controls = known.load(controls)
        self._controls_file = Path(controls)
        self._artifacts: dict[str, tuple[Path, Path | None, Mapping[str, Path]]] = {}

    def __repr__(self) -> str:
        return f"EvidencePack({self.directory.name}: {len(self._artifacts)} artifacts)"

    def add(
        self, artifact: Path | str, *, name: str = "", signature: Path | None = None, **attestations: Path
    ) -> EvidencePack:
        """Add an artifact with what is signed about it.

        Args:
            artifact: its file; for an image the file of its manifest, whose SHA-256 is the image's digest.
            name: in the pack; by default the file's.
            signature: cosign's bundle of the signature. attestations: ``sbom`` and ``provenance``, bundles as well.

        Raises:
            BadEvidence: a file is missing, the name is taken, or there is no such kind of statement.
        """
        path = Path(artifact)
        name = name or path.name
        if not _NAME.fullmatch(name) or name in self._artifacts:
            raise BadEvidence(
                f"{name!r} cannot be the name of an artifact",
                why="It is taken, or has characters of a path.",
                next="pack.add(FILE, name='...')",
            )
        if strange := set(attestations) - set(ATTESTATIONS):
            raise BadEvidence(
                f"There is no statement of kind {', '.join(sorted(strange))}",
                why=f"Known: {', '.join(ATTESTATIONS)}.",
                next="pack.add(FILE, sbom=BUNDLE)",
            )
        if attestations and signature is None:
            raise BadEvidence(
                f"There are statements about {name}, and nobody signed it",
                why="Whoever attests an artifact must sign it as well.",
                next="pack.add(FILE, signature=BUNDLE, sbom=BUNDLE)",
            )
        for file in (path, *([signature] if signature else []), *attestations.values()):
            if not Path(file).is_file():
                raise BadEvidence(
                    f"{Path(file).name} is not a file", why=f"It belongs to {name}.", next="Make it first."
                )
        self._artifacts[name] = (path, signature, attestations)
        return self

    def seal(self, trail: Trail, *, key: KeyPair, password: str) -> Path:
        """Write the pack and sign it; a crash leaves no half of one.

        Args:
            trail: exported as it is now. key, password: the key that vouches for the pack.

        Raises:
            AuditError: the trail cannot be exported. CosignError: the key or its password is wrong.
        """
        with new_directory(self.directory, mode=0o777) as root:
            artifacts = [self._copy(root, name) for name in self._artifacts]
            trail.export(root / "audit")
            shutil.copyfile(self._controls_file, root / CONTROLS)
            at = known.time_text(datetime.now(UTC))
            answers = known.coverage(self.controls, entries(root / "audit"), artifacts, at)
            (root / FILES).write_text(sums(root), encoding="utf-8")
            Cosign(root).attest_blob(
                FILES,
                key=key,
                password=password,
                predicate=statement(at, artifacts, answers),
                type=PACK_TYPE,
                bundle=STATEMENT,
            )
        return self.directory

    def _copy(self, root: Path, name: str) -> Artifact:
        path, signature, attestations = self._artifacts[name]
        for directory in ("artifacts", "signatures", "attestations"):
            (root / directory).mkdir(exist_ok=True)
        shutil.copyfile(path, root / "artifacts" / name)
        signer = ""
        if signature:
            shutil.copyfile(signature, root / "signatures" / f"{name}.sigstore.json")
            signer = Bundle.read(signature).hint
        for kind, bundle in attestations.items():
            shutil.copyfile(bundle, root / "attestations" / f"{name}.{kind}.json")
        return Artifact(name, sha256(root / "artifacts" / name), signer, tuple(sorted(attestations)))


def statement(at: str, artifacts: list[Artifact], answers: tuple[Coverage, ...]) -> dict[str, Any]:
    """Return what the pack states about itself."""
    listed = [
        {"name": one.name, "digest": one.digest, "signer": one.signer, "attestations": list(one.attestations)}
        for one in artifacts
    ]
    return {"madeAt": at, "artifacts": listed, "controls": [one.to_dict() for one in answers]}


def sums(root: Path) -> str:
    """Return the digests of all files of a pack but the list itself and the statement, as ``sha256sum`` writes them."""
    return "".join(f"{sha256(root / name)}  {name}\n" for name in files(root))


def files(root: Path) -> list[str]:
    """Return the paths of a pack's files but the list and the statement, sorted; a link counts as a file."""
    found = (path for path in root.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted({str(path.relative_to(root)) for path in found} - {FILES, STATEMENT})
