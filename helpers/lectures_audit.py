"""The story of the lecture on audit logs, and those who would like it to be another: outsiders and insiders.

The intruder works on copies of an export, never on the trail. `rewrite` holds every key of the platform, as the
administrator of the machine does.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers._paths import workspace_dir
from helpers.audit import Entry, Event, Subject, Trail
from helpers.errors import BadInput, CourseError

if TYPE_CHECKING:
    from helpers.audit import Entries

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
#: What differs from run to run in messages.
CHANGING = (r"\b[0-9a-f]{8,64}\b", r"127\.0\.0\.1:\d+")
_TILE = 256


def folder() -> Path:
    """Return a fresh, empty folder of this lecture."""
    made = workspace_dir() / "lectures" / "unit4" / "audit"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    return made


def story() -> list[Event]:
    """Return the events of the story; it began two hours ago."""
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    return [Event(what, who, Subject.of(subject, subject), decision, why, {}, begin + timedelta(minutes=minutes))
            for minutes, what, who, subject, decision, why in STORY]  # fmt: skip


def old_plan(days: int = 500) -> Event:
    """Return a plan that was made *days* ago."""
    at = datetime.now(UTC) - timedelta(days=days)
    return Event("plan", "ada", Subject.of("old-cluster/plan.json", b"old"), "accepted", "long ago", {}, at)


# Those who have the export, and no key.

Lines = list[bytes]


def _moved(lines: Lines, at: int) -> Lines:
    rest = lines[:at] + lines[at + 1 :]
    return [*rest[: at - 2], lines[at], *rest[at - 2 :]]


def _altered(lines: Lines, at: int) -> Lines:
    """Say that somebody else did it, in the signed text."""
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


def tampered(export: Path, how: str, at: int) -> Path:
    """Return a copy of an export to which something was done.

    Args:
        how: one of `TAMPERING`. at: index of the entry.

    Raises:
        BadInput: there is no such way, or no such entry.
    """
    lines = (export / "entries.jsonl").read_bytes().splitlines()
    if how not in TAMPERING or not 2 <= at < len(lines):
        raise BadInput(f"Nothing is called {how!r} here, or there is no entry {at}", why=", ".join(TAMPERING))
    copy = _copy(export, how)
    _put(copy, TAMPERING[how](lines, at))
    return copy


def _copy(export: Path, name: str) -> Path:
    copy = export.with_name(f"{export.name}-{name}")
    shutil.rmtree(copy, ignore_errors=True)
    return Path(shutil.copytree(export, copy))


def _put(export: Path, lines: Lines) -> None:
    (export / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


# The one who holds every key.


def rewrite(trail: Trail, export: Path, at: int, **changes: Any) -> Path:
    """Return a copy of an export with another history: entry *at* is changed, and all after it are signed anew.

    Args:
        trail: whose keys are used: the log's and the collectors'.
        changes: fields of the event's predicate, for example ``actor``.
    """
    from helpers.audit._statement import Ready

    lines = (export / "entries.jsonl").read_bytes().splitlines()
    for index in range(at, len(lines)):
        if Entry.withheld(lines[index]):
            continue
        entry = Entry.of(index, lines[index])
        subject = entry.event.subject
        if not isinstance(subject, Subject):
            raise BadInput("Only entries of a log can be signed anew")
        event = Ready(subject, {**entry.statement["predicate"], **(changes if index == at else {})})
        signer = trail.room.collector(entry.signer.split("+")[0])
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
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    secret = base64.b64decode(trail.room.key.read_text().strip().split("+", 4)[4])
    name, key_hash, _ = trail.room.public_key.read_text().strip().split("+", 2)
    text = f"{name}\n{len(leaves)}\n{base64.b64encode(_root(leaves)).decode()}\n"
    signature = Ed25519PrivateKey.from_private_bytes(secret[1:]).sign(text.encode())
    signed = base64.b64encode(bytes.fromhex(key_hash) + signature).decode()
    (export / "checkpoint").write_text(f"{text}\n— {name} {signed}\n", encoding="utf-8")


# The one who pulls the plug.


@dataclass(frozen=True)
class Crash:
    """What became of events that were being recorded while the log was killed.

    Attributes:
        acknowledged: how many the log said it had. kept: how many of these it has. invented: entries nobody wrote.
        kills: how often it was killed.
    """

    acknowledged: int
    kept: int
    invented: int
    kills: int


def crash(trail: Trail, *, events: int = 40, kills: int = 2) -> Crash:
    """Kill the log (kill -9) while events are being recorded, start it again, and compare.

    Raises:
        CourseError: the writer failed.
    """
    from helpers import services
    from helpers.lectures_approval import kill

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
        kill("audit", "audit-log")
        services.ensure("audit")
    thread.join()
    if failed:
        raise failed[0]
    there: Entries = trail.entries(before)
    kept = {entry.index: entry.raw for entry in there}
    found = sum(kept.get(one.index) == one.raw for one in told)
    return Crash(len(told), found, len(there) - len({one.index for one in told}), kills)


# The stranger.


def stranger(export: Path, key: Path, to: Path) -> tuple[int, dict[str, Any]]:
    """Verify an export in a folder that has nothing but it, the key and the verifier; return exit code and answer."""
    from helpers import _process, tools

    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(export, to / "export")
    shutil.copy(key, to / "audit.pub")
    shutil.copy(tools.ensure("audit-log").path, to / "audit-log")
    argv: list[str | Path] = [to / "audit-log", "verify", "--key", "audit.pub", "export"]
    done = _process.run(argv, cwd=to, env={"PATH": ""}, timeout=60)
    return done.returncode, json.loads(done.stdout)


# Three other logs, and something to read in them.


def use_the_platform(work: Path) -> str:
    """Use a secret, the cluster and a repository, and be refused at each; return the repository's name."""
    from helpers import services
    from helpers.forge import Forge, PushRefused
    from helpers.kubernetes import Cluster, Forbidden
    from helpers.teaching import expect_error
    from helpers.vault import PermissionDenied, Vault

    for name in ("git", "vault", "kubernetes"):
        services.ensure(name)
    vault = Vault()
    vault.put("vision/model-key", {"value": "not-for-the-trail"})
    vault.write_policy("lecture-audit", 'path "secret/data/none" { capabilities = ["read"] }')
    token = vault.token(["lecture-audit"], ttl="5m", name="speech-job")
    with expect_error(PermissionDenied, show=False):
        Vault(token=token.token).get("vision/model-key")
    cluster = Cluster()
    cluster.apply([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "audited", "namespace": "default"},
                    "data": {"replicas": "2"}}])  # fmt: skip
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
