"""Checks of Lab 3, notebook 01: a change that leaves a trail, and the proofs an auditor asks for."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from helpers.clients.aws import cloud
from helpers.compliance.audit import (
    AuditLogDirectory,
    Checkpoint,
    Entry,
    Proof,
    Subject,
    Trail,
    Verification,
    unfinished,
    verify_consistency,
    verify_inclusion,
)
from helpers.core import process
from helpers.core.errors import CourseError
from helpers.core.paths import ROOT
from helpers.course.checks import Unmet, require, step
from helpers.course.checks.support.module_probes import scratch
from helpers.course.workspace import Workspace
from helpers.runtime import services
from helpers.runtime.cloud_access import pinned
from helpers.wrappers.terraform import Terraform

JOB, PLAN, STACK = "pipeline/change.py", "change.tfplan", "models"
CODES: Mapping[str, int] = {"done": 0, "refused": 2, "could not tell": 3, "failed": 4}
#: Nothing answers there: the cloud is down.
DOWN = {"MOD208_CLOUD_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
CHECKPOINT, ENTRY, INCLUSION, CONSISTENCY = (
    f"audit/{name}" for name in ("checkpoint", "applied.entry", "applied.proof", "consistency.json")
)


@dataclass(frozen=True)
class Rehearsal:
    """The learner's job, a stack, and an empty trail of their own.

    Attributes:
        job: copy of the script. stack: directory of a stack with one bucket. env: variables of its runs.
        name: the script's in the workspace. codes: what its exit codes mean.
    """

    job: Path
    stack: Path
    env: Mapping[str, str]
    name: str = JOB
    codes: Mapping[str, int] = field(default_factory=lambda: CODES)

    @property
    def plan(self) -> Path:
        """The saved plan."""
        return self.stack / PLAN

    @property
    def subject(self) -> Subject:
        """What an event about the plan is about."""
        return Subject.of(self.stack.name, self.plan)

    def run(self, what: str, expected: str, about: str, *, actor: str = "learner", **env: str) -> None:
        """Run the job (what: its command, if it has any), and raise `Unmet` unless it ends as it must."""
        done = process.run(
            [sys.executable, self.job, *([what] if what else []), self.stack],
            env=process.environment({**self.env, "ACTOR": actor, **env}),
            timeout=180,
        )
        error = (done.stderr.strip().splitlines() or [""])[-1]
        require(
            "Traceback" not in done.stderr and done.returncode != 1, f"{self.name} crashes at {about}: {error[:300]}"
        )
        ended = next((word for word, code in self.codes.items() if code == done.returncode), "nothing known")
        right = self.codes[expected]
        require(
            done.returncode == right,
            f"{self.name}: {about}: it ends with {done.returncode} ({ended}), not with {right} ({expected})",
        )

    def last(self, action: str, decision: str, about: str) -> Entry:
        """Return the newest event of an action; raise `Unmet` unless it says what it must."""
        found = [entry for entry in Trail().entries() if entry.event.action == action]
        require(found, f"{self.name}: {about}: the trail has no {action} event")
        entry = found[-1]
        said = str(entry.event.decision)
        require(said == decision, f"{self.name}: {about}: the trail says {action} {said}, not {decision}")
        return entry

    def applied(self) -> bool:
        """Is there anything in the stack's state?"""
        try:
            return bool(json.loads((self.stack / "terraform.tfstate").read_text()).get("resources"))
        except (OSError, ValueError):
            return False


@contextlib.contextmanager
def rehearsal(lab: Workspace, job: str = JOB, codes: Mapping[str, int] = CODES) -> Iterator[Rehearsal]:
    """Give a job a stack and a trail that are gone afterwards; the cloud is the lab's."""
    require(lab.path(job).is_file(), f"{job} does not exist: run the cell that writes it")
    ours = {}
    if not os.environ.get("MOD208_CLOUD_URL"):
        # The cloud, with its key and its certificate, of the state that is replaced below.
        ours = pinned()
    state = tempfile.mkdtemp(prefix="mod208-t-")
    ours["MOD208_STATE"] = state
    with scratch(lab, job) as room, mock.patch.dict(os.environ, ours):
        stack = room / "check-stack"
        stack.mkdir()
        (stack / "main.tf.json").write_text(one_bucket("acme-check-change"))
        env = {"PYTHONPATH": str(ROOT), **ours}
        passed_on = ("MOD208_CACHE", "MOD208_CLOUD_URL", "MOD208_CLOUD_KEY", "MOD208_CLOUD_CA")
        env |= {name: os.environ[name] for name in passed_on if name in os.environ}
        try:
            services.start("audit")
            yield Rehearsal(room / job, stack, env, job, codes)
        finally:
            services.stop("audit")
            _destroy(stack, cloud.environment("vision"))
            shutil.rmtree(state, ignore_errors=True)


def one_bucket(bucket: str) -> str:
    """Return the Terraform file of a stack with one bucket."""
    return json.dumps(
        {
            "terraform": {"required_providers": {"platform": {"source": "acme.test/platform/platform"}}},
            "resource": {"platform_artifact_bucket": {"models": {"name": bucket, "owner": "vision"}}},
        }
    )


def _destroy(stack: Path, env: Mapping[str, str]) -> None:
    if (stack / "terraform.tfstate").exists():
        with contextlib.suppress(CourseError):
            Terraform(stack, env=env).destroy(auto_approve=True)


def approve(plan: Subject, actor: str = "bela", decision: str = "accepted") -> None:
    """Record what a person says to a plan, as the forge's collector does."""
    Trail("forge").record("approval", actor=actor, subject=plan, decision=decision, reason="looked at the plan")


@step(
    "lab3",
    "change",
    hints=(
        "Which file did bela look at? How does apply know that it is about to apply just that one?",
        "approved: the events about this digest; who planned it, who accepted it; somebody of the second who is none "
        "of the first, and nobody who refused. apply: no approval is recorded as refused and ends with 2; then the "
        "intent, as unknown; a CourseError of Terraform is recorded as failed and ends with 4.",
        "about = [entry.event for entry in trail.entries() if entry.event.subject.digest == subject.digest]\n"
        'authors = {event.actor for event in about if event.action == "plan"}\n'
        'votes = {event.actor for event in about if event.action == "approval" and event.decision == "accepted"}',
    ),
)
def change(lab: Workspace) -> str:
    """Only the very plan that somebody else approved is applied, and every way it ends is in the trail."""
    with rehearsal(lab) as room:
        room.run("plan", "done", "a plan")
        require(room.plan.is_file(), f"{JOB}: plan leaves no {PLAN} in the stack's directory")
        planned = room.last("plan", "accepted", "a plan")
        digest = _digest(planned)
        require(digest == room.subject.digest, f"{JOB}: the plan event names another digest than {PLAN} has")
        refused(room, "a plan that nobody approved")
        approve(room.subject, "learner")
        refused(room, "a plan that its own author approved")
        approve(Subject.of(room.stack.name, b"another plan"))
        refused(room, "an approval of another plan")
        approve(room.subject, "cleo", "refused")
        approve(room.subject)
        refused(room, "a plan that somebody refused beside a yes")
        seen = watched(room)
        room.run("plan", "done", "a plan")
        digest = _digest(room.last("plan", "accepted", "a plan"))
        approve(room.subject)
        tampered(room)
        # What is written now is something else: only the saved plan is what was approved.
        (room.stack / "main.tf.json").write_text(one_bucket("acme-check-unapproved"))
        room.run("apply", "done", "the approved plan")
        require(_digest(room.last("apply", "accepted", "the approved plan")) == digest, "apply names another digest")
        require(room.applied(), f"{JOB}: the approved plan was not applied")
        made = (room.stack / "terraform.tfstate").read_text()
        require("acme-check-unapproved" not in made, f"{JOB}: it applied what is written, not the plan of the approval")
        begun(digest, seen)
        fails(room)
        paired()
        silent(room)
    return "unapproved, refused and swapped plans are not applied; failed and unrecorded ones are distinguished"


def watched(room: Rehearsal) -> Path:
    """Let the stack keep the log's checkpoint of the moment in which Terraform changes it; return that file."""
    seen = room.stack.parent / "during.checkpoint"
    copied = f"cp '{AuditLogDirectory.of_service().log / 'checkpoint'}' '{seen}'"
    stack = json.loads(one_bucket("acme-check-change"))
    stack["resource"]["terraform_data"] = {"seen": {"provisioner": [{"local-exec": {"command": copied}}]}}
    (room.stack / "main.tf.json").write_text(json.dumps(stack))
    return seen


def begun(digest: str, seen: Path) -> None:
    """Raise `Unmet` unless the trail had the intent to apply a plan when Terraform applied it."""
    size = int(seen.read_text().splitlines()[1])
    before = [e for e in Trail().entries() if e.index < size and e.event.action == "apply" and _digest(e) == digest]
    require(
        any(str(e.event.decision) == "unknown" for e in before),
        f"{JOB}: while Terraform changed the cloud, the trail had no apply event about that plan: record that it is "
        "begun (unknown) before you begin",
    )


def paired() -> None:
    """Raise `Unmet` unless each apply on record has an intent and an end, as a gate or an auditor asks for them."""
    left = unfinished(Trail().entries())
    require(
        not left, f"{JOB}: {'; '.join(left)}: record one intent for each end, about the same plan, by the same actor"
    )


def _digest(entry: Entry) -> str:
    subject = entry.event.subject
    return subject.digest if isinstance(subject, Subject) else str(subject.get("digest"))


def refused(room: Rehearsal, about: str) -> None:
    """Raise `Unmet` unless an apply is refused, recorded as such, and did nothing."""
    room.run("apply", "refused", about)
    room.last("apply", "refused", about)
    require(not room.applied(), f"{JOB}: {about} was applied")


def tampered(room: Rehearsal) -> None:
    """Raise `Unmet` unless a plan made again after the approval is refused; the approved one is put back."""
    kept = room.plan.read_bytes()
    room.run("plan", "done", "a second plan")
    require(room.plan.read_bytes() != kept, f"{JOB}: a second plan left the first one's file")
    refused(room, "a plan made after the approval")
    room.plan.write_bytes(kept)


def fails(room: Rehearsal) -> None:
    """Raise `Unmet` unless an approved change that the cloud does not take is recorded as failed."""
    (room.stack / "main.tf.json").write_text(one_bucket("acme-check-change-two"))
    room.run("plan", "done", "a plan")
    approve(room.subject)
    about = "an approved plan while the cloud is down"
    room.run("apply", "failed", about, **DOWN)
    room.last("apply", "failed", about)


def silent(room: Rehearsal) -> None:
    """Raise `Unmet` unless nothing is applied when nothing can be recorded."""
    before = (room.stack / "terraform.tfstate").read_bytes()
    services.stop("audit")
    room.run("apply", "could not tell", "an approved plan while the trail is down")
    same = (room.stack / "terraform.tfstate").read_bytes() == before
    require(same, f"{JOB}: it changed the cloud while nothing could be recorded")
    services.start("audit")


@step(
    "lab3",
    "proof",
    hints=(
        "The auditor has the log's public key and Monday's checkpoint. What else lets her verify without asking you?",
        "trail.inclusion(INDEX) proves that an entry is in the log, trail.consistency(CHECKPOINT) that the log only "
        "grew. Both have save(path); the entry itself is entry.raw.",
        f'lab.path("{ENTRY}").write_bytes(applied.raw); '
        f'trail.inclusion(applied.index).save(lab.path("{INCLUSION}")); '
        f'trail.consistency(monday).save(lab.path("{CONSISTENCY}"))',
    ),
)
def proof(lab: Workspace) -> str:
    """With only the files in audit/ and the public key, a third party verifies the entry and the log's history."""
    entry = handed(lab)
    index = judged(lab, verify_inclusion(inclusion(lab), entry, key=key()), "the proof of the entry")
    old = monday(lab)
    judged(lab, verify_consistency(consistency(lab), old, key=key()), "the proof of consistency")
    event = Entry.of(0, entry).event
    right = event.action == "apply" and event.decision == "accepted"
    require(
        right, f"{ENTRY} is a {event.action} event, {event.decision}: the auditor asked for the apply that was done"
    )
    about = event.subject if isinstance(event.subject, Subject) else Subject(**event.subject)
    require(about.name == STACK, f"{ENTRY} is about {about.name}: the auditor asked for the bucket of {STACK}")
    require(0 < old.size < index.size, "Monday's checkpoint is as new as the proof: nothing is shown to have grown")
    planned = [e.index for e in Trail().entries() if e.event.action == "plan" and _digest(e) == about.digest]
    require(planned, f"{ENTRY} applies something that the trail has no plan of")
    require(
        old.size <= planned[0],
        f"{CHECKPOINT} is newer than the plan that was applied: the auditor took hers on Monday, before the change",
    )
    return f"the apply is in a log of {index.size} entries, which begins with Monday's {old.size}"


def key() -> Path:
    """Return the file of the log's public key; it starts the trail's service."""
    services.ensure("audit")
    return AuditLogDirectory.of_service().public_key


def text(lab: Workspace, path: str) -> str:
    """Return a file of the workspace; raise `Unmet` when it does not exist."""
    require(lab.path(path).is_file(), f"{path} does not exist")
    return lab.path(path).read_text(encoding="utf-8", errors="replace")


def handed(lab: Workspace) -> bytes:
    """Return the entry that is handed over; raise `Unmet` unless it is an event."""
    raw = text(lab, ENTRY).strip().encode()
    try:
        Entry.of(0, raw)
    except (ValueError, KeyError, TypeError, IndexError):
        raise Unmet(f"{ENTRY} is not an entry of a trail: write entry.raw into it") from None
    return raw


def inclusion(lab: Workspace) -> Proof:
    """Return the proof of inclusion in the workspace."""
    return Proof("inclusion", 0, 0, 0, text(lab, INCLUSION))


def consistency(lab: Workspace) -> Proof:
    """Return the proof of consistency in the workspace."""
    return Proof("consistency", 0, 0, 0, text(lab, CONSISTENCY))


def monday(lab: Workspace) -> Checkpoint:
    """Return the checkpoint that was kept; raise `Unmet` when it is none."""
    try:
        return Checkpoint.parse(text(lab, CHECKPOINT))
    except ValueError:
        raise Unmet(f"{CHECKPOINT} is not a checkpoint: run the cell that keeps it") from None


def judged(lab: Workspace, found: Verification, what: str) -> Verification:
    """Return a verifier's answer; raise `Unmet` unless it is valid."""
    said = "; ".join(f"{one.kind}: {one.message}" for one in found.findings)
    require(found.status == "valid", f"a third party who verifies {what} gets {found.status!r}: {said}"[:500])
    return found
