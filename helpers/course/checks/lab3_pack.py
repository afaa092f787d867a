"""Checks of Lab 3, notebook 06: the drift watch, the list of controls, and the pack for the auditor."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helpers.clients.aws import cloud
from helpers.compliance.audit import Action, AuditLogDirectory, Decision, Entry, Event, Subject
from helpers.compliance.evidence import Artifact, BadControls, Control, builders, controls
from helpers.compliance.evidence.reading import entries
from helpers.core import process
from helpers.core.paths import ROOT, cache_dir
from helpers.course.checks import Unmet, require, step
from helpers.course.checks.lab3_trail import DOWN, Rehearsal, one_bucket, rehearsal
from helpers.course.scenarios import build_platform
from helpers.course.workspace import Workspace
from helpers.wrappers.terraform import Terraform

JOB, LIST, PACK, KEYS = "pipeline/watch.py", "compliance/controls.yaml", "handover/pack", "handover/keys"
CODES: Mapping[str, int] = {"in sync": 0, "drifted": 2, "could not tell": 3}
IDS = ("CC6.1", "CC6.8", "CC7.2", "CC7.3", "CC8.1")
BUCKET = "acme-check-watch"
COURSE = "from helpers.cli import course; course()"


@step(
    "lab3",
    "watch",
    hints=(
        "Three answers, three exit codes, three decisions. What does your job say when the cloud does not answer?",
        "terraform.drift() has a status that is already one of the three. init raises a CourseError when it cannot do "
        "its work: that is 'unknown' too, and it is recorded like the others.",
        "except CourseError as error:\n    status, why = 'unknown', error.what\n"
        "trail.record('drift', actor=ACTOR, subject=subject, decision=status, reason=why)",
    ),
)
def watch(lab: Workspace) -> str:
    """The job ends with the right one of three codes, and records each answer about the state's digest."""
    with rehearsal(lab, JOB, CODES) as room:
        env = cloud.environment("vision")
        (room.stack / "main.tf.json").write_text(one_bucket(BUCKET))
        terraform = Terraform(room.stack, env=env)
        terraform.init()
        terraform.apply(auto_approve=True)
        seen(room, "in sync", "in-sync", "a stack as Terraform left it")
        s3, off = cloud.client("s3", "vision"), {"Status": "Suspended"}
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=off)
        seen(room, "drifted", "drifted", "a bucket whose versioning somebody turned off")
        left = s3.get_bucket_versioning(Bucket=BUCKET).get("Status") == "Suspended"
        require(left, f"{JOB}: it put the bucket right before anybody saw it; a watch only looks")
        seen(room, "could not tell", "unknown", "a cloud that does not answer", **DOWN)
        (room.stack / "typo.tf").write_text('output "oops" {\n  value = platform_network.none.id\n}\n')
        seen(room, "could not tell", "unknown", "a stack with a typing error")
        (room.stack / "typo.tf").unlink()
    return "in sync, drifted and unknown are distinguished, and all are in the trail"


def seen(room: Rehearsal, expected: str, decision: str, about: str, **env: str) -> None:
    """Raise `Unmet` unless the job tells and records what is so, about the state, and leaves the state alone."""
    state = room.stack / "terraform.tfstate"
    before = state.read_bytes()
    room.run("", expected, about, **env)
    subject = room.last("drift", decision, about).event.subject
    digest = subject.digest if isinstance(subject, Subject) else str(subject.get("digest"))
    require(digest == Subject.of("state", before).digest, f"{JOB}: {about}: the event is not about the state's digest")
    require(state.read_bytes() == before, f"{JOB}: {about}: it changed the state; a watch only looks")


_DIGESTS = {name: Subject.of(name, name.encode()).digest for name in ("release", "other", "secret", "key", "stack")}
#: What was promoted, with all its papers.
_RELEASE = Artifact("release", _DIGESTS["release"], "a-key", ("provenance", "sbom"))


@dataclass(frozen=True)
class Case:
    """A story that a list of controls is asked about: does one control have a gap?

    Attributes:
        control: its id. about: the story in words. events: of the trail. artifact: of the pack.
        gap: must there be one?
    """

    control: str
    about: str
    events: tuple[tuple[str, str, str, str], ...]
    artifact: Artifact = _RELEASE
    gap: bool = True


#: actor, action, decision, subject: a good month.
_GOOD = (
    ("pipeline", "sign", "accepted", "release"),
    ("gate", "policy-decision", "refused", "other"),
    ("gate", "policy-decision", "accepted", "release"),
    ("bela", "approval", "accepted", "release"),
    ("learner", "promotion", "accepted", "release"),
    ("watch", "drift", "in-sync", "stack"),
    ("inference", "secret-access", "accepted", "secret"),
    ("ada", "break-glass", "accepted", "key"),
    ("bela", "verify", "accepted", "key"),
)


def _changed(old: int, *new: tuple[str, str, str, str]) -> tuple[tuple[str, str, str, str], ...]:
    return (*_GOOD[:old], *new, *_GOOD[old + 1 :])


def cases() -> tuple[Case, ...]:
    """Return the stories, good ones and bad ones."""
    yes, late = ("bela", "approval", "accepted", "release"), (*_GOOD[:3], *_GOOD[4:])
    glass, review = _GOOD[7], _GOOD[8]
    told = [
        Case("CC6.1", "no access to a secret was recorded", _changed(6)),
        Case("CC6.8", "the gate had nothing to refuse", _changed(1), gap=False),
        Case("CC6.8", "the gate was not asked about a promotion", _changed(2)),
        Case("CC6.8", "the gate was asked after the promotion", (*_GOOD[:2], *_GOOD[3:], _GOOD[2])),
        Case("CC7.2", "nobody looked for drift", _changed(5)),
        Case("CC7.2", "the drift watch could never tell", _changed(5, ("watch", "drift", "unknown", "stack"))),
        Case("CC7.2", "drift was found", _changed(5, ("watch", "drift", "drifted", "stack")), gap=False),
        Case("CC7.3", "nobody reviewed a break-glass", _changed(8)),
        Case("CC7.3", "ada reviewed her own break-glass", _changed(8, ("ada", *review[1:]))),
        Case("CC7.3", "a review came before the break-glass", (*_GOOD[:7], review, glass)),
        Case("CC7.3", "the review was about another key", _changed(8, ("bela", "verify", "accepted", "other"))),
        Case("CC7.3", "one of two was reviewed", (*_GOOD, ("ada", "break-glass", "accepted", "stack"))),
        Case("CC7.3", "no glass was broken", _GOOD[:7], gap=False),
        Case("CC8.1", "nobody approved a promotion", _changed(3)),
        Case("CC8.1", "who promoted had approved it", _changed(3, ("learner", *yes[1:]))),
        Case("CC8.1", "a promotion was approved afterwards", (*late, yes)),
        Case("CC8.1", "the approval was for another artifact", _changed(3, (*yes[:3], "other"))),
        Case("CC8.1", "the reviewer refused it", _changed(3, ("bela", "approval", "refused", "release"))),
        Case("CC8.1", "the policy did not say yes to it", _changed(2)),
        Case("CC8.1", "the policy said yes to something else", _changed(2, (*_GOOD[2][:3], "other"))),
        Case("CC8.1", "a second promotion had nothing", (*_GOOD, ("learner", "promotion", "accepted", "other"))),
    ]
    for decision in ("refused", "failed", "unknown", "in-sync"):
        said = f"ended as {decision}"
        told += [
            Case("CC8.1", f"the approval {said}", _changed(3, ("bela", "approval", decision, "release"))),
            Case(
                "CC8.1", f"the policy's decision {said}", _changed(2, ("gate", "policy-decision", decision, "release"))
            ),
            Case("CC7.3", f"the review {said}", _changed(8, ("bela", "verify", decision, "key"))),
        ]
    told += [
        Case("CC7.2", f"the drift watch {decision}", _changed(5, ("watch", "drift", decision, "stack")))
        for decision in ("accepted", "refused", "failed")
    ]
    bare = Artifact("release", _RELEASE.digest, "", ("provenance", "sbom"))
    unlisted, unknown = (Artifact("release", _RELEASE.digest, "a-key", (one,)) for one in ("provenance", "sbom"))
    papers = [("is not signed", bare), ("has no SBOM", unlisted), ("has no provenance", unknown)]
    told += [Case("CC8.1", f"what was promoted {what}", _GOOD, one) for what, one in papers]
    return (*(Case(name, "all is as it should be", _GOOD, gap=False) for name in IDS), *told)


def answer(listed: Sequence[Control], case: Case) -> tuple[str, ...]:
    """Return the gaps that a list of controls finds for the control of a story."""
    told = [said for event in case.events for said in _on_record(event)]
    trail = [_entry(index, *event) for index, event in enumerate(told)]
    found = controls.coverage(listed, trail, [case.artifact], "2026-01-05T09:00:00Z")
    return next(one.gaps for one in found if one.control.id == case.control)


def _on_record(event: tuple[str, str, str, str]) -> tuple[tuple[str, str, str, str], ...]:
    """Return an event of a story; a promotion with the intent that the platform records before it begins."""
    actor, action, _, subject = event
    return ((actor, action, "unknown", subject), event) if action == "promotion" else (event,)


def _entry(index: int, actor: str, action: str, decision: str, subject: str) -> Entry:
    at = datetime(2026, 1, 5, 8, index, tzinfo=UTC)
    event = Event(Action(action), actor, Subject(subject, _DIGESTS[subject]), Decision(decision))
    said = {"predicate": {"previous": {"sha256": ""}, "retention": {"until": at.isoformat()}}}
    return Entry(index, event, said, "", at, "a-key", b"")


@step(
    "lab3",
    "controls",
    hints=(
        "Read each control as a question with a 'for each' and a 'by whom' in it. Which words of it does your list not "
        "ask for?",
        "for_each asks once for every event of an action, about the same digest; order says before or after; "
        "other_actor: true wants somebody else; may_be_none: true is for what need not happen; artifact: signature, "
        "sbom or provenance.",
        "- {name: reviewed, action: verify, decisions: [accepted], for_each: break-glass, order: after, "
        "other_actor: true, may_be_none: true}",
    ),
)
def control_list(lab: Workspace) -> str:
    """The list finds the gap in each bad story, and none in the good ones."""
    listed = read(lab)
    told = cases()
    for case in told:
        gaps = answer(listed, case)
        if case.gap:
            require(gaps, f"{LIST}: {case.control} is covered although {case.about}")
        else:
            require(not gaps, f"{LIST}: {case.control} has a gap although {case.about}: {'; '.join(gaps)}"[:400])
    return f"{len(told)} histories are distinguished by {len(listed)} controls"


def read(lab: Workspace) -> tuple[Control, ...]:
    """Return the learner's list; raise `Unmet` when it is none."""
    require(lab.path(LIST).is_file(), f"{LIST} does not exist: run the cell that writes it")
    try:
        listed = controls.parse(lab.read(LIST))
    except BadControls as error:
        raise Unmet(f"{LIST} is not valid: {error.why}") from None
    missing = [name for name in IDS if name not in {one.id for one in listed}]
    require(not missing, f"{LIST}: {', '.join(missing)} is not in it")
    return listed


@step(
    "lab3",
    "pack",
    hints=(
        "coverage names each gap. Which of them is evidence that you have and left out, and which is something that "
        "nobody did yet?",
        "pack.add(package, signature=, sbom=, provenance=); pack.seal(Trail(), key=, password=); Keys.write(folder, "
        "pack=, signers=, controls=). A break-glass without a review is closed by a verify event of somebody else "
        "about the same digest.",
        f'made = EvidencePack(lab.path("{PACK}"), controls=lab.path("{LIST}"))\n'
        "made.add(package, signature=beside('sigstore'), sbom=beside('sbom'), provenance=beside('provenance'))\n"
        "made.seal(Trail(), key=pack_key, password=password)",
    ),
)
def pack(lab: Workspace) -> str:
    """With the public keys alone, elsewhere, the pack verifies, and answers every control of the learner's list."""
    for what, cell in ((PACK, "seals it"), (KEYS, "writes the keys")):
        require(lab.path(what).is_dir(), f"{what} does not exist: run the cell that {cell}")
    require(not private(lab), f"{', '.join(private(lab))} holds a private key: never hand one over")
    said = verified(lab.path(PACK), lab.path(KEYS))
    faults = "; ".join(f"{one['kind']} {one['where']}: {one['message']}" for one in said["findings"])
    require(
        said["status"] == "valid" and said["exitCode"] == 0,
        f"the auditor's verifier says {said['status']}: {faults}"[:500],
    )
    room = AuditLogDirectory.of_service()
    for name, source in (("log.pub", room.public_key), ("controls.yaml", lab.path(LIST))):
        given = lab.path(KEYS) / name
        same = given.is_file() and source.is_file() and given.read_bytes() == source.read_bytes()
        require(same, f"{KEYS}/{name} does not exist, or is not {'the log' if source == room.public_key else LIST}'s")
    require(
        [one.fingerprint for one in builders.read(lab.path(KEYS))] == [build_platform.builder().fingerprint],
        f"{KEYS}/builders.yaml must name the build platform, and nobody else: who releases cannot state an origin",
    )
    gaps = [f"{one['id']}: {gap}" for one in said["controls"] for gap in one["gaps"]]
    require(not gaps, f"a gap is left: {'; '.join(gaps)}"[:500])
    require({one["id"] for one in said["controls"]} >= set(IDS), f"the pack answers not all of {', '.join(IDS)}")
    told = drift(lab)
    missing = [word for word in ("in-sync", "drifted", "unknown") if word not in told]
    require(not missing, f"the pack's trail has no drift event that says {', '.join(missing)}: run the watch")
    pieces = sum(len(one["evidence"]) for one in said["controls"])
    return f"{len(said['controls'])} controls, {pieces} pieces of evidence, verified with public keys alone"


def private(lab: Workspace) -> list[str]:
    """Return the files in the workspace's handover that hold a private key."""
    files = [path for path in sorted(lab.path("handover").rglob("*")) if path.is_file()]
    return [str(path.relative_to(lab.work)) for path in files if b"PRIVATE KEY-----" in path.read_bytes()]


def verified(pack: Path, keys: Path) -> dict[str, Any]:
    """Return what the command line says of a pack, and its exit code, where there is nothing of this platform."""
    with tempfile.TemporaryDirectory(prefix="mod208-a-") as folder:
        env = {"PYTHONPATH": str(ROOT), "MOD208_STATE": f"{folder}/s", "MOD208_CACHE": str(cache_dir())}
        done = process.run(
            [sys.executable, "-c", COURSE, "evidence", "verify", pack, "--keys", keys, "--json"],
            cwd=folder,
            env=process.environment(env),
            timeout=120,
        )
    try:
        said = json.loads(done.stdout)
    except ValueError:
        raise Unmet(f"{PACK} cannot be read by the verifier: {(done.stderr or done.stdout).strip()[:300]}") from None
    require(isinstance(said, dict) and "status" in said, f"the verifier says: {str(said)[:300]}")
    return {**said, "exitCode": done.returncode}


def drift(lab: Workspace) -> set[str]:
    """Return the answers of the drift watch in the pack's trail, which was verified before."""
    found = entries(lab.path(PACK) / "audit")
    return {str(one.event.decision) for one in found if one.event.action == "drift"}
