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

from helpers.audit import Checkpoint, Entry, Proof, Subject, Trail, Verification, verify_consistency, verify_inclusion
from helpers.checks import Unmet, require, step
from helpers.checks._module import scratch
from helpers.labs import Lab

JOB, PLAN = "pipeline/change.py", "change.tfplan"
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
        job: copy of the script. stack: folder of a stack with one bucket. env: variables of its runs.
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
        from helpers import _process

        done = _process.run(
            [sys.executable, self.job, *([what] if what else []), self.stack],
            env=_process.environment({**self.env, "ACTOR": actor, **env}), timeout=180,
        )  # fmt: skip
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
def rehearsal(lab: Lab, job: str = JOB, codes: Mapping[str, int] = CODES) -> Iterator[Rehearsal]:
    """Give a job a stack and a trail that are gone afterwards; the cloud is the lab's."""
    from helpers import cloud, services
    from helpers._paths import ROOT

    require(lab.path(job).is_file(), f"{job} is not there: run the cell that writes it")
    url = os.environ.get("MOD208_CLOUD_URL") or services.ensure("cloud").url
    state = tempfile.mkdtemp(prefix="mod208-t-")
    ours = {"MOD208_STATE": state, "MOD208_CLOUD_URL": url}
    with scratch(lab, job) as room, mock.patch.dict(os.environ, ours):
        stack = room / "check-stack"
        stack.mkdir()
        (stack / "main.tf.json").write_text(one_bucket("acme-check-change"))
        env = {"PYTHONPATH": str(ROOT), **ours}
        env |= {name: os.environ[name] for name in ("MOD208_CACHE",) if name in os.environ}
        try:
            services.start("audit")
            yield Rehearsal(room / job, stack, env, job, codes)
        finally:
            services.stop("audit")
            _destroy(stack, cloud.environment("vision"))
            shutil.rmtree(state, ignore_errors=True)


def one_bucket(bucket: str) -> str:
    """Return the Terraform file of a stack with one bucket."""
    return json.dumps({
        "terraform": {"required_providers": {"platform": {"source": "acme.test/platform/platform"}}},
        "resource": {"platform_artifact_bucket": {"models": {"name": bucket, "owner": "vision"}}},
    })  # fmt: skip


def _destroy(stack: Path, env: Mapping[str, str]) -> None:
    from helpers import Terraform
    from helpers.errors import CourseError

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
        "of the first. apply: no approval is recorded as refused and ends with 2; a CourseError of Terraform is "
        "recorded as failed and ends with 4.",
        "about = [entry.event for entry in trail.entries() if entry.event.subject.digest == subject.digest]\n"
        'authors = {event.actor for event in about if event.action == "plan"}\n'
        'votes = {event.actor for event in about if event.action == "approval" and event.decision == "accepted"}',
    ),
)
def change(lab: Lab) -> str:
    """Only the very plan that somebody else approved is applied, and every way it ends is in the trail."""
    with rehearsal(lab) as room:
        room.run("plan", "done", "a plan")
        require(room.plan.is_file(), f"{JOB}: plan leaves no {PLAN} in the stack's folder")
        planned = room.last("plan", "accepted", "a plan")
        digest = _digest(planned)
        require(digest == room.subject.digest, f"{JOB}: the plan event names another digest than {PLAN} has")
        refused(room, "a plan that nobody approved")
        approve(room.subject, "learner")
        refused(room, "a plan that its own author approved")
        approve(Subject.of(room.stack.name, b"another plan"))
        refused(room, "an approval of another plan")
        approve(room.subject)
        tampered(room)
        # What is written now is something else: only the saved plan is what was approved.
        (room.stack / "main.tf.json").write_text(one_bucket("acme-check-unapproved"))
        room.run("apply", "done", "the approved plan")
        require(_digest(room.last("apply", "accepted", "the approved plan")) == digest, "apply names another digest")
        require(room.applied(), f"{JOB}: the approved plan was not applied")
        made = (room.stack / "terraform.tfstate").read_text()
        require("acme-check-unapproved" not in made, f"{JOB}: it applied what is written, not the plan of the approval")
        fails(room)
        silent(room)
    return "unapproved, self-approved and swapped plans are refused; failed and unrecorded ones are told apart"


def _digest(entry: Entry) -> str:
    subject = entry.event.subject
    return subject.digest if isinstance(subject, Subject) else str(subject.get("digest"))


def refused(room: Rehearsal, about: str) -> None:
    """Raise `Unmet` unless an apply is refused, recorded as such, and did nothing."""
    room.run("apply", "refused", about)
    room.last("apply", "refused", about)
    require(not room.applied(), f"{JOB}: {about} was applied")


def tampered(room: Rehearsal) -> None:
    """Raise `Unmet` unless a plan made anew after the approval is refused; the approved one is put back."""
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
    from helpers import services

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
def proof(lab: Lab) -> str:
    """With the files in audit/ and the public key alone, a stranger verifies the entry and the log's past."""
    entry = handed(lab)
    index = judged(lab, verify_inclusion(inclusion(lab), entry, key=key()), "the proof of the entry")
    old = monday(lab)
    judged(lab, verify_consistency(consistency(lab), old, key=key()), "the proof of consistency")
    event = Entry.of(0, entry).event
    right = event.action == "apply" and event.decision == "accepted"
    require(
        right, f"{ENTRY} is a {event.action} event, {event.decision}: the auditor asked for the apply that was done"
    )
    require(old.size < index.size, "Monday's checkpoint is as new as the proof: nothing is shown to have grown")
    return f"the apply is in a log of {index.size} entries, which begins with Monday's {old.size}"


def key() -> Path:
    """Return the file of the log's public key; it starts the trail's service."""
    from helpers import services
    from helpers.audit import Room

    services.ensure("audit")
    return Room.of_service().public_key


def text(lab: Lab, path: str) -> str:
    """Return a file of the workspace; raise `Unmet` when it is not there."""
    require(lab.path(path).is_file(), f"{path} is not there")
    return lab.path(path).read_text(encoding="utf-8", errors="replace")


def handed(lab: Lab) -> bytes:
    """Return the entry that is handed over; raise `Unmet` unless it is an event."""
    raw = text(lab, ENTRY).strip().encode()
    try:
        Entry.of(0, raw)
    except (ValueError, KeyError, TypeError, IndexError):
        raise Unmet(f"{ENTRY} is no entry of a trail: write entry.raw into it") from None
    return raw


def inclusion(lab: Lab) -> Proof:
    """Return the proof of inclusion in the workspace."""
    return Proof("inclusion", 0, 0, 0, text(lab, INCLUSION))


def consistency(lab: Lab) -> Proof:
    """Return the proof of consistency in the workspace."""
    return Proof("consistency", 0, 0, 0, text(lab, CONSISTENCY))


def monday(lab: Lab) -> Checkpoint:
    """Return the checkpoint that was kept; raise `Unmet` when it is none."""
    try:
        return Checkpoint.parse(text(lab, CHECKPOINT))
    except ValueError:
        raise Unmet(f"{CHECKPOINT} is no checkpoint: run the cell that keeps it") from None


def judged(lab: Lab, found: Verification, what: str) -> Verification:
    """Return a verifier's answer; raise `Unmet` unless it is valid."""
    said = "; ".join(f"{one.kind}: {one.message}" for one in found.findings)
    require(found.status == "valid", f"a stranger who verifies {what} gets {found.status!r}: {said}"[:500])
    return found
