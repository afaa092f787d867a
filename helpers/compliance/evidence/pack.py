"""Put together an evidence pack: a directory that an auditor verifies offline, with nothing but public keys.

The pack's statement is a cosign attestation about ``SHA256SUMS``, the list of all other files, with a signed time
(RFC 3161). So ``sha256sum -c``, ``cosign verify-blob-attestation --use-signed-timestamps`` and ``audit-log verify`` are
enough to verify it without this package.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from helpers.compliance.evidence import controls as known
from helpers.compliance.evidence.period import Period, time_text
from helpers.compliance.evidence.reading import SKEW, entries, sha256, witnessed
from helpers.compliance.evidence.runs import Reports
from helpers.compliance.evidence.types import (
    ARTIFACT_NAME,
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
from helpers.wrappers.cosign.sigstore import Sigstore

#: Directories of a pack: what it is about, and what is signed about that.
PLACES = ("artifacts", "signatures", "attestations")


class Exported(Protocol):
    """What a pack asks of an audit trail, a `Trail`."""

    def export(self, folder: Path) -> Path:
        """Write the trail to a new directory."""


class EvidencePack:
    """An evidence pack in the making; nothing is at *directory* before `seal`.

    Args:
        directory: where the pack goes; it must not be there yet.
        controls: the list of controls to answer.
        period: what the pack is about; by default from the first event of the trail to when its witnesses last saw it.

    Raises:
        BadEvidence: there is something at *directory*. BadControls: the list is not valid.
    """

    def __init__(
        self, directory: Path | str, *, controls: Path = known.DEFAULT, period: Period | str | None = None
    ) -> None:
        self.directory = Path(directory)
        self.period = Period.parse(period) if isinstance(period, str) else period
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
        taken = {one.casefold() for one in self._artifacts}
        if not ARTIFACT_NAME.fullmatch(name) or name.casefold() in taken:
            raise BadEvidence(
                f"{name!r} cannot be the name of an artifact",
                why="It is taken, in whatever case, or has other characters than A-Z, a-z, 0-9 and . _ - in it.",
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

    def seal(self, trail: Exported, *, key: KeyPair, password: str, sigstore: Sigstore | None = None) -> Path:
        """Write the pack, sign it, and have the time of the signature signed; a crash leaves no half of one.

        Args:
            trail: exported as it is now. key, password: the key that vouches for the pack.
            sigstore: who signs the time; by default the service, started at first use.

        Raises:
            AuditError: the trail cannot be exported. CosignError: the key or its password is wrong, or nobody signs the
                time. BadEvidence: the period ends after the witnesses last saw the trail.
        """
        with new_directory(self.directory, mode=0o777) as root:
            artifacts = [self._copy(root, name) for name in self._artifacts]
            trail.export(root / "audit")
            shutil.copyfile(self._controls_file, root / CONTROLS)
            at, period = time_text(datetime.now(UTC)), self._period(root / "audit")
            reports = Reports.of(root, artifacts)
            answers = known.coverage(self.controls, entries(root / "audit"), artifacts, at, period, reports)
            (root / FILES).write_text(sums(root), encoding="utf-8")
            Cosign(root, sigstore=sigstore).attest_blob(
                FILES,
                key=key,
                password=password,
                predicate=statement(at, period, artifacts, answers),
                type=PACK_TYPE,
                bundle=STATEMENT,
                timestamp=True,
            )
        return self.directory

    def _period(self, export: Path) -> Period:
        """Return what the pack is about; it cannot go beyond what the witnesses saw of the trail."""
        seen = witnessed(export)
        if self.period is None:
            # Whole seconds, and the second of the last event is in it.
            until = (seen or datetime.now(UTC)).replace(microsecond=0) + timedelta(seconds=1)
            first = min((one.at for one in entries(export)), default=until)
            return Period(min(first.replace(microsecond=0), until - timedelta(seconds=1)), until)
        if seen is not None and self.period.until > seen + SKEW:
            raise BadEvidence(
                f"The period ends at {time_text(self.period.until)}, beyond what is known of it",
                why=f"The witnesses saw the audit trail last at {time_text(seen)}: later events may be missing.",
                next="Record what happened since (a look for drift is enough), or name an earlier end.",
            )
        return self.period

    def _copy(self, root: Path, name: str) -> Artifact:
        path, signature, attestations = self._artifacts[name]
        for directory in PLACES:
            (root / directory).mkdir(exist_ok=True)
        shutil.copyfile(path, root / "artifacts" / name)
        signer = ""
        if signature:
            shutil.copyfile(signature, root / "signatures" / f"{name}.sigstore.json")
            signer = Bundle.read(signature).hint
        for kind, bundle in attestations.items():
            shutil.copyfile(bundle, root / "attestations" / f"{name}.{kind}.json")
        return Artifact(name, sha256(root / "artifacts" / name), signer, tuple(sorted(attestations)))


def papers(one: Artifact) -> list[str]:
    """Return the paths of an artifact and of what is signed about it, as a pack has them."""
    found = [f"artifacts/{one.name}", *([f"signatures/{one.name}.sigstore.json"] if one.signer else [])]
    return found + [f"attestations/{one.name}.{kind}.json" for kind in one.attestations]


def statement(at: str, period: Period, artifacts: list[Artifact], answers: tuple[Coverage, ...]) -> dict[str, Any]:
    """Return what the pack states about itself."""
    listed = [
        {"name": one.name, "digest": one.digest, "signer": one.signer, "attestations": list(one.attestations)}
        for one in artifacts
    ]
    told = [one.to_dict() for one in answers]
    return {"madeAt": at, "period": period.to_dict(), "artifacts": listed, "controls": told}


def sums(root: Path) -> str:
    """Return the digests of all files of a pack but the list itself and the statement, as ``sha256sum`` writes them."""
    return "".join(f"{sha256(root / name)}  {name}\n" for name in files(root))


def files(root: Path) -> list[str]:
    """Return the paths of a pack's files but the list and the statement, sorted; a link counts as a file."""
    found = (path for path in root.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted({str(path.relative_to(root)) for path in found} - {FILES, STATEMENT})
