"""Verify an evidence pack, offline, believing nothing in it but what the given keys vouch for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from helpers.compliance.audit import AuditError, verify_export
from helpers.compliance.evidence import builders
from helpers.compliance.evidence import controls as known
from helpers.compliance.evidence.keys import Keys
from helpers.compliance.evidence.pack import files
from helpers.compliance.evidence.reading import entries, sha256
from helpers.compliance.evidence.statements import Read
from helpers.compliance.evidence.statements import read as read_statement
from helpers.compliance.evidence.types import (
    CONTROLS,
    FILES,
    PACK_TYPE,
    STATEMENT,
    Artifact,
    Coverage,
    PackFinding,
    PackVerification,
)
from helpers.core.errors import CourseError
from helpers.wrappers.cosign import CannotVerify, Cosign
from helpers.wrappers.cosign.result import Refused, Verification

#: By how much the clocks of the platform and of the verifier may differ.
SKEW = timedelta(minutes=5)


def verify(pack: Path | str, *, keys: Path | str, pin: str = "") -> PackVerification:
    """Verify a pack.

    Args:
        pack: its directory. keys: the directory of public keys, had from elsewhere; see `Keys`.
        pin: what `Keys.pin` said where the keys were written, had another way than pack and keys.

    Returns:
        ``invalid`` names each thing that is wrong; ``unknown`` means that something needed could not be read.
    """
    return _Verifier(Path(pack), Keys(Path(keys)), pin).run()


@dataclass
class _Verifier:
    root: Path
    keys: Keys
    pin: str = ""
    findings: list[PackFinding] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)

    def run(self) -> PackVerification:
        """Judge everything; what depends on something broken is left out."""
        if not self.root.is_dir():
            return self._end([PackFinding("unknown", self.root.name, "There is no such directory.")])
        needed = (self.keys.log, self.keys.collectors, self.keys.pack, self.keys.controls)
        missing = [path.name for path in needed if not path.is_file()]
        if missing:
            words = f"The directory of keys has no {', '.join(missing)}."
            return self._end([PackFinding("unknown", self.keys.directory.name, words)])
        if self.pin and self.keys.pin() != self.pin.lower().removeprefix("sha256:"):
            words = "These are not the keys and controls that the pin names."
            return self._end([PackFinding("swapped-keys", self.keys.directory.name, words)])
        if self.pin:
            self.checked.append("the keys and the list of controls are the pinned ones")
        said = self._statement()
        self._files()
        self._policy()
        artifacts = [one for one in (self._artifact(raw) for raw in said.get("artifacts") or ()) if one]
        sound = self._trail()
        if self.findings or not sound:
            return self._end([])
        return self._claims(said, artifacts)

    def _end(self, more: list[PackFinding], coverage: tuple[Coverage, ...] = ()) -> PackVerification:
        found = tuple(dict.fromkeys([*self.findings, *more]))
        if not found:
            return PackVerification("valid", (), coverage, tuple(self.checked))
        unknown = all(one.kind == "unknown" for one in found)
        return PackVerification("unknown" if unknown else "invalid", found, (), tuple(self.checked))

    def _find(self, kind: str, where: str, message: str) -> None:
        self.findings.append(PackFinding(kind, where, message))

    def _statement(self) -> dict[str, Any]:
        """Verify who sealed the pack; return what is stated, which is empty when it cannot be relied on."""
        if not (self.root / FILES).is_file():
            self._find("missing-file", FILES, "The list of files is not there.")
            return {}
        try:
            answer = Cosign(self.root).verify_blob_attestation(
                FILES, key=self.keys.pack, type=PACK_TYPE, bundle=STATEMENT
            )
        except CannotVerify as error:
            self._find("unknown", STATEMENT, f"{error.what}. {error.why}".strip())
            return {}
        if isinstance(answer, Refused):
            self._refused("statement", STATEMENT, answer)
            return {}
        self.checked.append("the pack was sealed with the key pack.pub")
        return answer.predicate if isinstance(answer.predicate, dict) else {}

    def _refused(self, what: str, where: str, answer: Refused) -> None:
        self._find(f"{what}-{answer.cause.value}", where, answer.reason.splitlines()[0])

    def _files(self) -> None:
        listed: dict[str, str] = {}
        if (self.root / FILES).is_file():
            for line in (self.root / FILES).read_text(encoding="utf-8", errors="replace").splitlines():
                digest, _, name = line.partition("  ")
                listed[name] = digest
        there = files(self.root)
        for name in sorted(set(listed) - set(there)):
            self._find("missing-file", name, "It is listed but missing.")
        for name in there:
            path = self.root / name
            if name not in listed:
                self._find("unknown-file", name, "It is present but not listed.")
            elif path.is_symlink() or not path.is_file():
                self._find("changed-file", name, "It is not a plain file.")
            elif sha256(path) != listed[name]:
                self._find("changed-file", name, "Its content is not what was sealed.")
        self.checked.append(f"{len(listed)} files are exactly what was sealed")

    def _policy(self) -> None:
        mine, theirs = self.keys.controls, self.root / CONTROLS
        if not theirs.is_file():
            return
        if mine.read_bytes() != theirs.read_bytes():
            self._find(
                "downgraded-policy", CONTROLS, "The pack answers a list of controls other than the required one."
            )
        self.checked.append("the list of controls is the required one")

    def _artifact(self, raw: Any) -> Artifact | None:
        try:
            one = Artifact(raw["name"], raw["digest"], raw["signer"], tuple(raw["attestations"]))
            path = self.root / "artifacts" / one.name
            plain = Path(one.name).name == one.name
        except (TypeError, KeyError):
            self._find("wrong-claim", STATEMENT, "It names an artifact without name, digest, signer or statements.")
            return None
        if not plain or not path.is_file():
            self._find("missing-file", f"artifacts/{one.name}", "The statement names it, but it is missing.")
            return None
        if sha256(path) != one.digest:
            self._find("wrong-claim", f"artifacts/{one.name}", "The statement gives it another digest.")
        for what, answer in self._answers(one):
            if isinstance(answer, str):
                self._find("unknown", f"artifacts/{one.name}", answer)
            elif isinstance(answer, Refused):
                self._refused(what, f"artifacts/{one.name}", answer)
            elif isinstance(answer, Read) and answer.status != "verified":
                kind = "unknown" if answer.status == "unknown" else f"{what}-{answer.cause}"
                self._find(kind, f"artifacts/{one.name}", answer.why)
            else:
                self.checked.append(f"{what} of {one.name}")
        return one

    def _answers(self, one: Artifact) -> Iterator[tuple[str, Verification | Read | str]]:
        """Yield what is found of the signature and of each statement; words when nobody could be asked."""
        if not one.signer and not one.attestations:
            return
        key = dict(self.keys.signers()).get(one.signer)
        if key is None:
            yield "signature", f"The key {one.signer[:12] or 'of its statements'} is not among the signers you trust."
            return
        cosign, file = Cosign(self.root), f"artifacts/{one.name}"
        try:
            trusted = builders.read(self.keys.directory, signers=dict(self.keys.signers()))
            yield "signature", cosign.verify_blob(file, key=key, bundle=f"signatures/{one.name}.sigstore.json")
        except builders.BadBuilders as error:
            yield "provenance", f"{error.what}: {error.why}"
            return
        except CannotVerify as error:
            yield "signature", f"{error.what}. {error.why}".strip()
            return
        for kind in one.attestations:
            bundle = self.root / "attestations" / f"{one.name}.{kind}.json"
            if kind == "provenance" and not trusted:
                yield kind, f"The directory of keys has no {builders.LIST}: nobody is known to build."
            else:
                asked = read_statement(
                    cosign, file, kind, bundle=bundle, digest=one.digest, signer=key, builders=trusted
                )
                yield kind, asked

    def _trail(self) -> bool:
        """Verify the audit trail; say whether its events can be relied on."""
        witnessed = self.keys.checkpoint if self.keys.checkpoint.is_file() else None
        try:
            found = verify_export(
                self.root / "audit",
                key=self.keys.log,
                collectors=self.keys.collectors,
                root=self.keys.root if self.keys.root.is_file() else None,
                witnessed=witnessed,
            )
        except (AuditError, CourseError) as error:
            self._find("unknown", "audit", f"{error.what}. {error.why}".strip())
            return False
        for one in found.findings:
            where = f"audit/{one.file}" if one.file else "audit"
            kind = "unknown" if one.kind == "unknown" else f"audit-{one.kind}"
            self._find(kind, f"{where}, entry {one.index}" if one.index is not None else where, one.message)
        if found:
            self.checked.append(f"{found.size} events of {found.origin}, each signed, in order, none missing")
        return bool(found)

    def _time(self, made: datetime) -> None:
        """Hold the time that the pack says of itself to the verifier's clock and to the events in it."""
        last = max((one.at for one in entries(self.root / "audit")), default=made)
        if made > datetime.now(UTC) + SKEW:
            self._find("future-date", STATEMENT, f"It was made on {made:%Y-%m-%d %H:%M} UTC, which is not yet.")
        elif made < last - SKEW:
            self._find("wrong-date", STATEMENT, f"It holds an event of {last:%Y-%m-%d %H:%M} UTC, after it was made.")

    def _claims(self, said: dict[str, Any], artifacts: list[Artifact]) -> PackVerification:
        """Work out once more what the evidence answers; the pack must have claimed just that."""
        try:
            self._time(datetime.fromisoformat(said["madeAt"]))
            asked = known.parse((self.root / CONTROLS).read_text(encoding="utf-8"))
            answers = known.coverage(asked, entries(self.root / "audit"), artifacts, str(said["madeAt"]))
            claimed = {one["id"]: one for one in said["controls"]}
        except (CourseError, OSError, ValueError, KeyError, TypeError) as error:
            return self._end([PackFinding("wrong-claim", STATEMENT, f"It cannot be followed: {error}")])
        if self.findings:
            return self._end([])
        wrong = [one.control.id for one in answers if claimed.get(one.control.id) != _plain(one)]
        strange = sorted(set(claimed) - {one.control.id for one in answers})
        words = "The evidence does not support the claim."
        self.checked.append("each claim follows from the evidence")
        return self._end([PackFinding("wrong-claim", name, words) for name in [*wrong, *strange]], answers)


def _plain(one: Coverage) -> Any:
    return json.loads(json.dumps(one.to_dict()))


def digest_of(pack: Path) -> str:
    """Return the SHA-256 of a pack's list of files, hex: one number for the whole pack."""
    return hashlib.sha256((pack / FILES).read_bytes()).hexdigest()
