"""Verify an evidence pack, offline, believing nothing in it but what the given keys vouch for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helpers.compliance.audit import AuditError, Entry, once_on_record, verify_export
from helpers.compliance.evidence import builders
from helpers.compliance.evidence import controls as known
from helpers.compliance.evidence.keys import Keys
from helpers.compliance.evidence.limits import too_large
from helpers.compliance.evidence.pack import PLACES, files, papers
from helpers.compliance.evidence.period import Period, time_text
from helpers.compliance.evidence.reading import SKEW, entries, sha256, witnessed
from helpers.compliance.evidence.runs import Reports
from helpers.compliance.evidence.said import Said, Unclear, two_meanings
from helpers.compliance.evidence.said import read as read_said
from helpers.compliance.evidence.statements import Read
from helpers.compliance.evidence.statements import read as read_statement
from helpers.compliance.evidence.types import (
    CONTROLS,
    FILES,
    PACK_TYPE,
    STATEMENT,
    Artifact,
    Control,
    Coverage,
    PackFinding,
    PackVerification,
)
from helpers.core.errors import CourseError
from helpers.wrappers.cosign import CannotVerify, Cosign
from helpers.wrappers.cosign.result import Refused, Verification

#: What an answer leaves open -> the argument that would have closed it.
_LEFT = {
    "whether the keys and the list of controls are the auditor's: no pin was given": "pin",
    "whether this is the period that was asked for: none was given": "period",
}


def verify(
    pack: Path | str, *, keys: Path | str, pin: str = "", period: Period | str | None = None
) -> PackVerification:
    """Verify a pack.

    Args:
        pack: its directory. keys: the directory of public keys, had from elsewhere; see `Keys`.
        pin: what `Keys.pin` said where the keys were written, had another way than pack and keys.
        period: what the pack must be about, and what the coverage is then of; by default what the pack says.

    Returns:
        ``invalid`` names each thing that is wrong; ``unknown`` means that something needed could not be read.

    Raises:
        BadPeriod: that is not a period.
    """
    asked = Period.parse(period) if isinstance(period, str) else period
    return _Verifier(Path(pack), Keys(Path(keys)), pin, asked).run()


@dataclass
class _Verifier:
    root: Path
    keys: Keys
    pin: str = ""
    period: Period | None = None
    findings: list[PackFinding] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    sealed_at: datetime | None = None

    def run(self) -> PackVerification:
        """Judge everything; what depends on something broken is left out."""
        if (stop := self._begin()) is not None:
            return self._end([stop])
        said = self._statement()
        self._files()
        self._policy()
        artifacts = [one for one in said.artifacts if self._artifact(one)] if said else []
        self._unnamed(said)
        sound = self._trail()
        if self.findings or not sound or said is None:
            return self._end([])
        return self._claims(said, artifacts)

    def _begin(self) -> PackFinding | None:
        """Look at what must hold before anything is read; return what forbids to go on."""
        if not self.root.is_dir():
            return PackFinding("unknown", self.root.name, "There is no such directory.")
        if self.keys.directory.resolve().is_relative_to(self.root.resolve()):
            words = "The keys lie in the pack: whoever made it chose them."
            return PackFinding("swapped-keys", self.keys.directory.name, words)
        try:
            found = too_large(self.root)
        except OSError as error:
            return PackFinding("unknown", self.root.name, f"It cannot be read: {error.strerror}.")
        if found is not None:
            return found
        keys = self.keys
        needed = (keys.log, keys.collectors, keys.pack, keys.roots, keys.controls)
        if missing := [path.name for path in needed if not path.is_file()]:
            words = f"The directory of keys has no {', '.join(missing)}."
            return PackFinding("unknown", keys.directory.name, words)
        if self.pin and keys.pin() != self.pin.lower().removeprefix("sha256:"):
            words = "These are not the keys and controls that the pin names."
            return PackFinding("swapped-keys", keys.directory.name, words)
        if self.pin:
            self.checked.append("the keys and the list of controls are the pinned ones")
        return None

    def _end(
        self,
        more: list[PackFinding],
        coverage: tuple[Coverage, ...] = (),
        period: Period | None = None,
        left: tuple[str, ...] = (),
    ) -> PackVerification:
        found = tuple(dict.fromkeys([*self.findings, *more]))
        left += tuple(words for words, asked in _LEFT.items() if not getattr(self, asked))
        if not found:
            return PackVerification("valid", (), coverage, tuple(self.checked), left, period, self.sealed_at)
        unknown = all(one.kind == "unknown" for one in found)
        return PackVerification("unknown" if unknown else "invalid", found, (), tuple(self.checked), left)

    def _find(self, kind: str, where: str, message: str) -> None:
        self.findings.append(PackFinding(kind, where, message))

    def _statement(self) -> Said | None:
        """Verify who sealed the pack, and when; return what is stated, None when it cannot be relied on."""
        if not (self.root / FILES).is_file():
            self._find("missing-file", FILES, "The list of files is not there.")
            return None
        if (self.root / STATEMENT).is_file() and (why := two_meanings(self.root)):
            self._find("wrong-claim", STATEMENT, f"It cannot be followed: {why}.")
            return None
        try:
            answer = Cosign(self.root).verify_blob_attestation(
                FILES, key=self.keys.pack, type=PACK_TYPE, bundle=STATEMENT, roots=self.keys.roots.resolve()
            )
        except CannotVerify as error:
            self._find("unknown", STATEMENT, f"{error.what}. {error.why}".strip())
            return None
        if isinstance(answer, Refused):
            self._refused("statement", STATEMENT, answer)
            return None
        self.sealed_at = answer.signed_at
        self.checked.append("the pack was sealed with the key pack.pub, at a time that an authority signed")
        try:
            return read_said(self.root, answer.statement)
        except Unclear as error:
            self._find("wrong-claim", STATEMENT, f"It cannot be followed: {error}.")
            return None

    def _refused(self, what: str, where: str, answer: Refused) -> None:
        self._find(f"{what}-{answer.cause.value}", where, answer.reason.splitlines()[0])

    def _files(self) -> None:
        listed: dict[str, str] = {}
        if (self.root / FILES).is_file():
            # As sha256sum reads it: only a line feed ends a line, and a carriage return is part of a name.
            text = (self.root / FILES).read_bytes().decode("utf-8", errors="replace")
            for line in text.removesuffix("\n").split("\n"):
                digest, _, name = line.partition("  ")
                listed[name] = digest
            if text != "".join(f"{listed[name]}  {name}\n" for name in sorted(listed)):
                words = "It is not as sha256sum writes it, sorted, with each file once: two readers could disagree."
                self._find("wrong-claim", FILES, words)
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

    def _unnamed(self, said: Said | None) -> None:
        """Look for artifacts and papers that are sealed, but that the statement leaves out."""
        if said is None:
            return
        named = {path for one in said.artifacts for path in papers(one)}
        for path in files(self.root):
            if path.partition("/")[0] in PLACES and path not in named:
                self._find("wrong-claim", path, "It is in the pack, and the statement does not name it.")

    def _artifact(self, one: Artifact) -> bool:
        """Judge an artifact; say whether it is there."""
        path = self.root / "artifacts" / one.name
        if not path.is_file():
            self._find("missing-file", f"artifacts/{one.name}", "The statement names it, but it is missing.")
            return False
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
        return True

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
            trusted = builders.read(self.keys.directory, signers=self.keys.no_builders())
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

    def _times(self, said: Said) -> None:
        """Hold the times that a pack names to the signed one, to its events, to its witnesses and to what was asked."""
        last = max((one.at for one in entries(self.root / "audit")), default=said.made_at)
        now, signed = datetime.now(UTC), self.sealed_at or datetime.now(UTC)
        for what, at in (("made", said.made_at), ("sealed", signed)):
            if at > now + SKEW:
                self._find("future-date", STATEMENT, f"It was {what} at {time_text(at)}, which is not yet.")
        if said.period.until > signed + SKEW:
            words = f"Its period ends at {time_text(said.period.until)}, but it was sealed at {time_text(signed)}."
            self._find("future-date", STATEMENT, words)
        if abs(said.made_at - signed) > SKEW:
            words = f"It says that it was made at {said.made_text}; the authority signed {time_text(signed)}."
            self._find("wrong-date", STATEMENT, words)
        if last > said.made_at + SKEW:
            self._find("wrong-date", STATEMENT, f"It holds an event of {time_text(last)}, after it was made.")
        seen = witnessed(self.root / "audit", self.keys.collectors)
        if seen is not None and seen > now + SKEW:
            words = f"Its witnesses saw the trail at {time_text(seen)}, which is not yet."
            self._find("future-date", "audit/checkpoint", words)
        if seen is not None and said.period.until > seen + SKEW:
            words = f"Its period ends at {time_text(said.period.until)}; the witnesses saw this trail last at "
            self._find("stale-trail", "audit/checkpoint", f"{words}{time_text(seen)}, so later events may be missing.")
        if self.period is not None and not said.period.covers(self.period):
            words = f"It is about {said.period}, and not about all of {self.period}, which was asked for."
            self._find("other-period", STATEMENT, words)

    def _claims(self, said: Said, artifacts: list[Artifact]) -> PackVerification:
        """Work out once more what the evidence answers; the pack must have claimed just that."""
        try:
            self._times(said)
            asked = known.parse((self.root / CONTROLS).read_text(encoding="utf-8"))
            events = entries(self.root / "audit")
            reports = Reports.of(self.root, artifacts)
            answers = known.coverage(asked, events, artifacts, said.made_text, said.period, reports)
            wanted = self.period or said.period
            told = known.coverage(asked, events, artifacts, said.made_text, wanted, reports)
        except (CourseError, OSError, ValueError, KeyError, TypeError, OverflowError) as error:
            return self._end([PackFinding("wrong-claim", STATEMENT, f"It cannot be followed: {error}")])
        if self.findings:
            return self._end([])
        wrong = [one.control.id for one in answers if _text(said.controls.get(one.control.id)) != _text(one.to_dict())]
        strange = sorted(set(said.controls) - {one.control.id for one in answers})
        words = "The evidence does not support the claim."
        self.checked.append("each claim follows from the evidence, and each time from the signed one")
        return self._end(
            [PackFinding("wrong-claim", name, words) for name in [*wrong, *strange]],
            told,
            wanted,
            _before(events, wanted) + _not_asked(events, asked, wanted),
        )


def _before(events: Sequence[Entry], period: Period) -> tuple[str, ...]:
    """Return what is left open of a period that begins before the trail does."""
    if events and (events[0].index > 0 or events[0].at <= period.start + SKEW):
        return ()
    begins = f" ({time_text(events[0].at)})" if events else ""
    return (f"whether anything happened before the trail begins{begins}: nobody recorded it",)


def _not_asked(events: Sequence[Entry], asked: Sequence[Control], period: Period) -> tuple[str, ...]:
    """Return the changes that are on record once, and that no control of the list asks about."""
    loose = once_on_record(events)
    answered = known.of_controls(loose, asked, period)
    return tuple(f"what was done by {one}" for one in known.in_period(loose, period) if one not in answered)


def _text(claim: Any) -> str:
    """Return a claim as text: 0 and false are equal to Python, and two things to other readers."""
    return json.dumps(claim, sort_keys=True)


def digest_of(pack: Path) -> str:
    """Return the SHA-256 of a pack's list of files, hex: one number for the whole pack."""
    return hashlib.sha256((pack / FILES).read_bytes()).hexdigest()
