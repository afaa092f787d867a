"""Verify an evidence pack, offline, believing nothing in it but what the given keys vouch for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.audit import AuditError, verify_export
from helpers.cosign import CannotVerify, Cosign
from helpers.cosign.result import Refused, Verification
from helpers.errors import CourseError
from helpers.evidence import controls as known
from helpers.evidence.keys import Keys
from helpers.evidence.pack import files, sha256
from helpers.evidence.reading import entries
from helpers.evidence.types import (
    ATTESTATIONS,
    CONTROLS,
    FILES,
    PACK_TYPE,
    STATEMENT,
    Artifact,
    Coverage,
    Finding,
    PackVerification,
)


def verify(pack: Path | str, *, keys: Path | str) -> PackVerification:
    """Verify a pack.

    Args:
        pack: its folder. keys: the folder of public keys, had from elsewhere; see `Keys`.

    Returns:
        ``invalid`` names each thing that is wrong; ``unknown`` means that something needed could not be read.
    """
    return _Verifier(Path(pack), Keys(Path(keys))).run()


@dataclass
class _Verifier:
    root: Path
    keys: Keys
    findings: list[Finding] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)

    def run(self) -> PackVerification:
        """Judge everything; what depends on something broken is left out."""
        if not self.root.is_dir():
            return self._end([Finding("unknown", self.root.name, "There is no such folder.")])
        missing = [path.name for path in (self.keys.log, self.keys.collectors, self.keys.pack) if not path.is_file()]
        if missing:
            words = f"The folder of keys has no {', '.join(missing)}."
            return self._end([Finding("unknown", self.keys.folder.name, words)])
        said = self._statement()
        self._files()
        self._policy()
        artifacts = [one for one in (self._artifact(raw) for raw in said.get("artifacts") or ()) if one]
        sound = self._trail()
        if self.findings or not sound:
            return self._end([])
        return self._claims(said, artifacts)

    def _end(self, more: list[Finding], coverage: tuple[Coverage, ...] = ()) -> PackVerification:
        found = tuple(dict.fromkeys([*self.findings, *more]))
        if not found:
            return PackVerification("valid", (), coverage, tuple(self.checked))
        unknown = all(one.kind == "unknown" for one in found)
        return PackVerification("unknown" if unknown else "invalid", found, (), tuple(self.checked))

    def _find(self, kind: str, where: str, message: str) -> None:
        self.findings.append(Finding(kind, where, message))

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
            self._find("missing-file", name, "It is listed and not there.")
        for name in there:
            path = self.root / name
            if name not in listed:
                self._find("unknown-file", name, "It is there and not listed.")
            elif path.is_symlink() or not path.is_file():
                self._find("changed-file", name, "It is no plain file.")
            elif sha256(path) != listed[name]:
                self._find("changed-file", name, "Its content is not what was sealed.")
        self.checked.append(f"{len(listed)} files are what was sealed, no more and no less")

    def _policy(self) -> None:
        mine, theirs = self.keys.controls, self.root / CONTROLS
        if not mine.is_file() or not theirs.is_file():
            return
        if mine.read_bytes() != theirs.read_bytes():
            self._find("downgraded-policy", CONTROLS, "The pack answers another list of controls than you insist on.")
        self.checked.append("the list of controls is the one you insist on")

    def _artifact(self, raw: Any) -> Artifact | None:
        try:
            one = Artifact(raw["name"], raw["digest"], raw["signer"], tuple(raw["attestations"]))
            path = self.root / "artifacts" / one.name
            plain = Path(one.name).name == one.name
        except (TypeError, KeyError):
            self._find("wrong-claim", STATEMENT, "It names an artifact without name, digest, signer or statements.")
            return None
        if not plain or not path.is_file():
            self._find("missing-file", f"artifacts/{one.name}", "The statement names it and it is not there.")
            return None
        if sha256(path) != one.digest:
            self._find("wrong-claim", f"artifacts/{one.name}", "The statement gives it another digest.")
        for what, answer in self._answers(one):
            if isinstance(answer, str):
                self._find("unknown", f"artifacts/{one.name}", answer)
            elif isinstance(answer, Refused):
                self._refused(what, f"artifacts/{one.name}", answer)
            else:
                self.checked.append(f"{what} of {one.name}")
        return one

    def _answers(self, one: Artifact) -> Iterator[tuple[str, Verification | str]]:
        """Yield what cosign says of the signature and of each statement; words when it could not be asked."""
        if not one.signer and not one.attestations:
            return
        key = dict(self.keys.signers()).get(one.signer)
        if key is None:
            yield "signature", f"The key {one.signer[:12] or 'of its statements'} is not among the signers you trust."
            return
        cosign, file = Cosign(self.root), f"artifacts/{one.name}"
        try:
            yield "signature", cosign.verify_blob(file, key=key, bundle=f"signatures/{one.name}.sigstore.json")
            for kind in one.attestations:
                if kind in ATTESTATIONS:
                    bundle = f"attestations/{one.name}.{kind}.json"
                    yield kind, cosign.verify_blob_attestation(file, key=key, type=ATTESTATIONS[kind], bundle=bundle)
        except CannotVerify as error:
            yield "signature", f"{error.what}. {error.why}".strip()

    def _trail(self) -> bool:
        """Verify the audit trail; say whether its events can be relied on."""
        witnessed = self.keys.checkpoint if self.keys.checkpoint.is_file() else None
        try:
            found = verify_export(
                self.root / "audit", key=self.keys.log, collectors=self.keys.collectors, witnessed=witnessed
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

    def _claims(self, said: dict[str, Any], artifacts: list[Artifact]) -> PackVerification:
        """Work out once more what the evidence answers; the pack must have claimed just that."""
        try:
            asked = known.parse((self.root / CONTROLS).read_text(encoding="utf-8"))
            answers = known.coverage(asked, entries(self.root / "audit"), artifacts, str(said["madeAt"]))
            claimed = {one["id"]: one for one in said["controls"]}
        except (CourseError, OSError, ValueError, KeyError, TypeError) as error:
            return self._end([Finding("wrong-claim", STATEMENT, f"It cannot be followed: {error}")])
        wrong = [one.control.id for one in answers if claimed.get(one.control.id) != _plain(one)]
        strange = sorted(set(claimed) - {one.control.id for one in answers})
        words = "The evidence does not answer it as the statement says."
        self.checked.append("each claim follows from the evidence")
        return self._end([Finding("wrong-claim", name, words) for name in [*wrong, *strange]], answers)


def _plain(one: Coverage) -> Any:
    return json.loads(json.dumps(one.to_dict()))


def digest_of(pack: Path) -> str:
    """Return the SHA-256 of a pack's list of files, hex: one number for the whole pack."""
    return hashlib.sha256((pack / FILES).read_bytes()).hexdigest()
