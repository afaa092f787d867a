"""The events of the lecture on audit logs, and attacks on them by outsiders and insiders.

The intruder works on copies of an export, never on the trail. `rewrite_history` has every key of the platform, as the
machine's administrator has.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from helpers.clients.forge import Forge, PushRefused
from helpers.clients.kubernetes import Cluster, Forbidden
from helpers.clients.vault import PermissionDenied, Vault
from helpers.compliance.audit import ORIGIN, AuditLogDirectory, Entries, Entry, Event, Subject, Trail
from helpers.compliance.audit.consistency import sign_note
from helpers.compliance.audit.statement import CheckedEvent
from helpers.core import process
from helpers.core.errors import BadInput, CourseError
from helpers.core.paths import workspace_dir
from helpers.course.scenarios.approval import kill_process
from helpers.course.teaching import expect_error
from helpers.runtime import services, tools

#: Who did what, minutes after the story began; the subject's digest is that of its name here.
STORY = (
    (0, "plan", "ada", "gpu-workspace/plan.json", "accepted", "4 GPUs for team vision"),
    (4, "policy-decision", "pipeline", "gpu-workspace/plan.json", "accepted", "12 rules kept"),
    (9, "approval", "bela", "gpu-workspace/plan.json", "accepted", ""),
    (12, "apply", "pipeline", "gpu-workspace/plan.json", "accepted", ""),
    (31, "promotion", "ada", "inference 1.1.0 to prod", "accepted", "ranking waits for it"),
    (40, "secret-access", "inference-prod", "secret/vision/model-key", "accepted", ""),
    (58, "break-glass", "mallory", "inference replicas 20", "accepted", "no time to ask"),
    (63, "promotion", "ada", "inference 1.1.1 to prod", "accepted", "gives the GPUs back"),
)
#: Patterns of what differs from run to run in messages.
RUN_SPECIFIC = (r"\b[0-9a-f]{8,64}\b", r"127\.0\.0\.1:\d+")
_TILE = 256


def record_story(trail: Trail, events: Sequence[Event]) -> list[Entry]:
    """Record events, each by the collector that may state it: an approval is the forge's to record."""
    forge, found = Trail("forge"), list[Entry]()
    for event in events:
        found += (forge if event.action == "approval" else trail).record_all([event])
    return found


def work_directory(name: str = "audit") -> Path:
    """Return a fresh, empty directory of this lecture."""
    made = workspace_dir() / "lectures" / "unit4" / name
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    return made


def story_events() -> list[Event]:
    """Return the events of the story; it began two hours ago."""
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    return [
        Event(what, who, Subject.of(subject, subject), decision, why, {}, begin + timedelta(minutes=minutes))
        for minutes, what, who, subject, decision, why in STORY
    ]


def old_plan(days: int = 500) -> Event:
    """Return a plan that was made *days* ago."""
    at = datetime.now(UTC) - timedelta(days=days)
    return Event("plan", "ada", Subject.of("old-cluster/plan.json", b"old"), "accepted", "long ago", {}, at)


# Attackers who have the export, but no key.

Lines = list[bytes]


def _moved(lines: Lines, at: int) -> Lines:
    rest = lines[:at] + lines[at + 1 :]
    return [*rest[: at - 2], lines[at], *rest[at - 2 :]]


def _altered(lines: Lines, at: int) -> Lines:
    """Name another actor in the signed text."""
    envelope = json.loads(lines[at])
    said = base64.b64decode(envelope["payload"])
    actor = json.loads(said)["predicate"]["actor"]
    envelope["payload"] = base64.b64encode(said.replace(f'"{actor}"'.encode(), b'"ada"')).decode()
    return [*lines[:at], json.dumps(envelope, separators=(",", ":")).encode(), *lines[at + 1 :]]


#: What can be done to the lines of an export.
TAMPERING: Mapping[str, Callable[[Lines, int], Lines]] = {
    "alter": _altered,
    "delete": lambda lines, at: lines[:at] + lines[at + 1 :],
    "reorder": _moved,
    "insert": lambda lines, at: [*lines[:at], b'{"payload":"e30="}', *lines[at:]],
    "replay": lambda lines, at: [*lines, lines[at]],
    "truncate": lambda lines, at: lines[:at],
}


def tampered_copy(export: Path, how: str, at: int) -> Path:
    """Return a copy of an export that was tampered with.

    Args:
        how: one of `TAMPERING`. at: index of the entry.

    Raises:
        BadInput: *how* or *at* is unknown.
    """
    lines = (export / "entries.jsonl").read_bytes().splitlines()
    if how not in TAMPERING or not 2 <= at < len(lines):
        raise BadInput(f"Cannot tamper by {how!r} at entry {at}", why="Ways: " + ", ".join(TAMPERING))
    copy = _copy(export, how)
    _put(copy, TAMPERING[how](lines, at))
    return copy


def _copy(export: Path, name: str) -> Path:
    copy = export.with_name(f"{export.name}-{name}")
    shutil.rmtree(copy, ignore_errors=True)
    return Path(shutil.copytree(export, copy))


def _put(export: Path, lines: Lines) -> None:
    (export / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


# An attacker who has every key.


def rewrite_history(trail: Trail, export: Path, at: int, **changes: Any) -> Path:
    """Return a copy of an export with another history: entry *at* is changed, and all after it are signed again.

    Args:
        trail: whose keys are used: the log's and the collectors'.
        changes: fields of the event's predicate, for example ``actor``.
    """
    lines = (export / "entries.jsonl").read_bytes().splitlines()
    for index in range(at, len(lines)):
        if Entry.withheld(lines[index]):
            continue
        entry = Entry.of(index, lines[index])
        subject = entry.event.subject
        if not isinstance(subject, Subject):
            raise BadInput("Only entries of a log can be signed again")
        event = CheckedEvent(subject, {**entry.statement["predicate"], **(changes if index == at else {})})
        signer = trail.directory.collector(entry.signer.split("+")[0])
        lines[index] = event.signed(index, _hash(lines[index - 1]).hex() if index else entry.previous, signer)
    copy = _copy(export, "rewritten")
    _put(copy, lines)
    leaves = [_hash(line) for line in lines]
    _tiles(copy, leaves)
    _sign(trail, copy, leaves)
    return copy


def _hash(line: bytes) -> bytes:
    if Entry.withheld(line):
        return bytes.fromhex(json.loads(line)["withheld"]["leafHash"])
    return hashlib.sha256(b"\0" + line).digest()


def _root(leaves: list[bytes]) -> bytes:
    """Return the root of RFC 6962."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + _root(leaves[:split]) + _root(leaves[split:])).digest()


def _tiles(export: Path, leaves: list[bytes]) -> None:
    """Write the leaves as an export has them (c2sp.org/tlog-tiles, level 0), for up to 256,000 entries."""
    shutil.rmtree(export / "tile")
    for number, first in enumerate(range(0, len(leaves), _TILE)):
        group = leaves[first : first + _TILE]
        tile = export / "tile" / "0" / (f"{number:03d}" if len(group) == _TILE else f"{number:03d}.p/{len(group)}")
        tile.parent.mkdir(parents=True, exist_ok=True)
        tile.write_bytes(b"".join(group))


def _sign(trail: Trail, export: Path, leaves: list[bytes]) -> None:
    text = f"{ORIGIN}\n{len(leaves)}\n{base64.b64encode(_root(leaves)).decode()}\n"
    signed = sign_note(text, trail.directory.key, trail.directory.public_key)
    (export / "checkpoint").write_text(signed, encoding="utf-8")


# The log is killed while it is written.


@dataclass(frozen=True)
class CrashResult:
    """What happened to events that were being recorded while the log was killed.

    Attributes:
        acknowledged: how many events the log acknowledged. kept: how many of these it still has. invented: entries that
            nobody wrote.
        kills: how often it was killed.
    """

    acknowledged: int
    kept: int
    invented: int
    kills: int


def kill_while_recording(trail: Trail, *, events: int = 40, kills: int = 2) -> CrashResult:
    """Kill the log (kill -9) while events are being recorded, start it again, and compare.

    Raises:
        CourseError: the writer failed.
    """
    before, told = trail.checkpoint().size, list[Entry]()
    failed: list[CourseError] = []

    def write() -> None:
        writer = Trail("pipeline", patience=60)
        try:
            for number in range(events):
                subject = Subject.of(f"job-{number}", b"job")
                told.append(writer.record("verify", actor="pipeline", subject=subject, decision="accepted"))
        except CourseError as error:
            failed.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    for number in range(kills):
        while thread.is_alive() and len(told) < events * (number + 1) // (kills + 1):
            time.sleep(0.002)
        kill_process("audit", "audit-log")
        services.ensure("audit")
    thread.join()
    if failed:
        raise failed[0]
    there: Entries = trail.entries(before)
    kept = {entry.index: entry.raw for entry in there}
    found = sum(kept.get(one.index) == one.raw for one in told)
    return CrashResult(len(told), found, len(there) - len({one.index for one in told}), kills)


# A third party without access to the platform.


def verify_as_third_party(export: Path, key: Path, to: Path) -> tuple[int, dict[str, Any]]:
    """Verify an export with only it, the keys of log and root, and the verifier; return exit code and answer."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(export, to / "export")
    shutil.copy(key, to / "audit.pub")
    shutil.copy(AuditLogDirectory.of_service().root, to / "root.pub")
    shutil.copy(tools.ensure("audit-log").path, to / "audit-log")
    argv: list[str | Path] = [to / "audit-log", "verify", "--key", "audit.pub", "--root", "root.pub", "export"]
    done = process.run(argv, cwd=to, env={"PATH": ""}, timeout=60)
    return done.returncode, json.loads(done.stdout)


# Three other logs, and events in them.


def trigger_audit_events(work: Path) -> str:
    """Use a secret, the cluster and a repository, with a refusal at each; return the repository's name."""
    for name in ("git", "vault", "kubernetes"):
        services.ensure(name)
    vault = Vault()
    vault.put("vision/model-key", {"value": "not-for-the-trail"})
    vault.write_policy("lecture-audit", 'path "secret/data/none" { capabilities = ["read"] }')
    token = vault.token(["lecture-audit"], ttl="5m", name="speech-job")
    with expect_error(PermissionDenied, show=False):
        Vault(token=token.token).get("vision/model-key")
    cluster = Cluster()
    cluster.apply(
        [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "audited", "namespace": "default"},
                "data": {"replicas": "2"},
            }
        ]
    )
    with expect_error(Forbidden, show=False):
        cluster.as_user("vision-dev").delete("ConfigMap", "audited")
    cluster.delete("ConfigMap", "audited")
    names = Forge().repositories()
    name = next(n for n in (f"audited-{i}" for i in itertools.count(1)) if n not in names)
    Forge().create(name, policy={"gates": False})
    git = Forge().clone(name, work / name)
    for replicas in ("one", "twenty"):
        (git.workdir / "replicas").write_text(replicas)
        git.add("replicas")
        git.commit(f"Run {replicas}")
        if replicas == "one":
            git.push("origin", "main", set_upstream=True)
    with expect_error(PushRefused, show=False):
        git.push("origin", "main")
    return name
