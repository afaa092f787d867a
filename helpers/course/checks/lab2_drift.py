"""Checks of Lab 2, notebook 05: drift in the cluster, healed or adopted, and the drift job for Terraform."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.clients import kubernetes
from helpers.clients.argocd import ArgoNotFound, SyncRefused, TimedOut
from helpers.clients.aws import cloud
from helpers.core import process
from helpers.core.paths import ROOT as COURSE
from helpers.core.polling import poll
from helpers.core.verdicts.checks import Unmet
from helpers.course.checks import require, step
from helpers.course.checks.support.gitops import OVERLAYS, ROOT, documents, merged, needed, platform
from helpers.course.checks.support.module_probes import scratch
from helpers.course.checks.support.terraform_runs import one_provider, terraform
from helpers.course.delivery import Platform
from helpers.course.workspace import Workspace

if TYPE_CHECKING:
    from helpers.clients.argocd.types import Application

DECISIONS = "drift/decisions.yaml"
APP, SPACE, SERVICE = "inference-prod", "inference-prod", "inference"
#: Seconds in which an environment that heals itself must have done so.
HEALS_WITHIN = 40.0
#: Seconds in which Argo CD has to see what was changed.
#: Replicas that the person on call left in production.
LIVE = 4
SEEN_WITHIN = 40.0


@dataclass(frozen=True)
class Decision:
    """What the learner decided about one resource."""

    resource: str
    decision: str
    reason: str
    field: str
    value: Any


@step(
    "lab2",
    "drift",
    hints=(
        "Which of the two changes do you want to keep tomorrow? What does the next sync do to the other one?",
        f"Adopt: write the live number into {ROOT}/{OVERLAYS}/prod/kustomization.yaml (replicas) and deliver it. Heal: "
        f'platform.argocd.sync("{APP}"). Afterwards Argo CD must say Synced.',
        "- resource: Deployment/inference\n  decision: adopt\n  field: spec.replicas\n  value: 4\n  reason: why four\n"
        "- resource: ConfigMap/inference-model\n  decision: ...",
    ),
)
def drift(lab: Workspace) -> str:
    """The decisions are written down and carried out; two fresh drifts are seen and healed."""
    adopted = decided(lab)
    world = platform(lab)
    synced(world)
    in_git(world, adopted)
    _, before = config(world)
    with put_back(world):
        scale(world, int(adopted.value) + 1)
        edit(world, "0.0.0-check")
        noticed(world, "Deployment", "ConfigMap")
        heal(world)
        synced(world)
        live = replicas(world, SPACE)
        require(
            live == adopted.value,
            f"after a sync prod has {live} replicas, not the adopted {adopted.value}: what you adopted is not in Git",
        )
        require(config(world)[1] == before, "after a sync the edited ConfigMap is not as Git says")
    heals_itself(world, "dev")
    return f"{adopted.value} replicas are adopted in Git, a sync heals the rest, and dev heals itself"


def decided(lab: Workspace) -> Decision:
    """Return what is to be adopted.

    Raises:
        Unmet: the decisions do not exist, incomplete, or not those that production can live with.
    """
    read = documents(lab, DECISIONS)
    file = f"{ROOT}/{DECISIONS}"
    require(read, f"{file} has no content yet: no drift is decided")
    require(isinstance(read[0], list), f"{file} is not a list of decisions (- resource: ...)")
    found = {one.resource: one for one in map(_decision, read[0])}
    wanted = {"Deployment/inference": "adopt", "ConfigMap/inference-model": "heal"}
    for name, right in wanted.items():
        one = found.get(name)
        require(one, f"{file} decides nothing about {name}")
        assert one is not None
        require(one.decision in ("heal", "adopt"), f"{file}: {name}: {one.decision!r} is neither heal nor adopt")
        why = {
            "adopt": "the load needs the replicas; healing takes them away while the queue is full",
            "heal": "nobody approved that model version; adopting it would serve it to customers for good",
        }[right]
        require(one.decision == right, f"{file}: {name}: {one.decision} is the wrong way round: {why}")
        require(len(one.reason.split()) >= 4, f"{file}: {name}: the reason is not a sentence")
    adopted = found["Deployment/inference"]
    require(adopted.field == "spec.replicas", f"{file}: Deployment/inference: field is not spec.replicas")
    whole = isinstance(adopted.value, int) and not isinstance(adopted.value, bool) and 0 < adopted.value < 7
    require(whole, f"{file}: Deployment/inference: value is not a number of replicas from 1 to 6")
    kept = isinstance(adopted.value, int) and adopted.value >= LIVE
    require(
        kept, f"{file}: Deployment/inference: {adopted.value} is not what runs since the night, {LIVE}: that is healing"
    )
    return adopted


def _decision(raw: Any) -> Decision:
    raw = raw if isinstance(raw, dict) else {}
    texts = [str(raw.get(key) or "").strip() for key in ("resource", "decision", "reason", "field")]
    # The generated name ends with a hash that changes with the content.
    kind, _, name = texts[0].partition("/")
    name = "inference-model" if kind == "ConfigMap" and name.startswith("inference-model") else name
    return Decision(f"{kind}/{name}", texts[1], texts[2], texts[3], raw.get("value"))


def synced(world: Platform) -> None:
    """Raise `Unmet` unless Argo CD, having looked again, calls production Synced."""
    try:
        found = world.argocd.application(APP, refresh="normal")
    except ArgoNotFound:
        raise Unmet(f"Argo CD has no Application {APP}: notebooks 01 and 02 come first") from None
    off = ", ".join(f"{r.kind}/{r.name}" for r in found.resources if r.sync == "OutOfSync")
    require(found.sync == "Synced", f"Argo CD calls {APP} {found.sync}{f' ({off})' if off else ''}: heal it by a sync")


def noticed(world: Platform, *kinds: str) -> None:
    """Raise `Unmet` unless Argo CD calls production OutOfSync by resources of these kinds, and leaves it so."""
    healed = f"a change made past Git in prod did not stay OutOfSync: does {APP} heal itself (selfHeal)? "
    healed += "In prod a person decides"
    try:
        world.argocd.application(APP, refresh="normal")
        found = world.argocd.wait(APP, sync="OutOfSync", health=None, timeout=SEEN_WITHIN)
    except TimedOut:
        raise Unmet(healed) from None

    # Two changes can be seen one after the other, and each be healed before the next is seen, or a moment later.
    def settled() -> bool:
        nonlocal found
        if _unseen(found, kinds) and found.sync == "OutOfSync":
            found = world.argocd.application(APP, refresh="normal")
        return found.sync != "OutOfSync" or not _unseen(found, kinds)

    poll(settled, SEEN_WITHIN, every=0.5)
    unseen = _unseen(found, kinds)
    policy = world.cluster.get("Application", APP, namespace="argocd").raw["spec"].get("syncPolicy") or {}
    heals = (policy.get("automated") or {}).get("selfHeal")
    require(found.sync == "OutOfSync" and not heals, healed)
    require(not unseen, f"a change made past Git in prod is not seen in {unseen}: does {APP} ignore differences?")


def _unseen(found: Application, kinds: Iterable[str]) -> str:
    return ", ".join(sorted(set(kinds) - {one.kind for one in found.resources if one.sync == "OutOfSync"}))


def heal(world: Platform) -> None:
    """Sync production, as a person does.

    Raises:
        Unmet: a sync window holds it back.
    """
    try:
        world.argocd.sync(APP)
    except SyncRefused as error:
        raise Unmet(f"Argo CD refuses to sync {APP}, so nothing can be healed: {error.why or error.what}") from None


def in_git(world: Platform, adopted: Decision) -> None:
    """Raise `Unmet` unless ``main`` says what was adopted, by an approved pull request."""
    found = [one for one in world.render(f"{OVERLAYS}/prod") if one["kind"] == "Deployment"]
    says = found[0]["spec"].get("replicas") if found else None
    require(
        says == adopted.value,
        f"main says {says} replicas for prod, {ROOT}/{DECISIONS} adopts {adopted.value}: "
        f"bring {OVERLAYS}/prod into main by a pull request",
    )
    merged(world, [f"{OVERLAYS}/prod"])


def replicas(world: Platform, namespace: str) -> int:
    """Return how many replicas the live Deployment asks for.

    Raises:
        Unmet: it is not in the cluster.
    """
    there = world.cluster.exists("Deployment", SERVICE, namespace=namespace)
    require(there, f"{namespace} has no Deployment {SERVICE}: notebooks 01 and 02 come first")
    return int(world.cluster.get("Deployment", SERVICE, namespace=namespace).raw["spec"]["replicas"])


def scale(world: Platform, count: int, namespace: str = SPACE) -> None:
    """Scale past Git, as somebody with the cluster's API does."""
    world.cluster.scale("Deployment", SERVICE, count, namespace=namespace)


def config(world: Platform) -> tuple[str, dict[str, str]]:
    """Return name and data of the ConfigMap that production's pods read."""
    names = {r.name for r in world.argocd.application(APP).resources if r.kind == "ConfigMap"}
    maps = [one for one in world.cluster.get("ConfigMap", namespace=SPACE) if one.name in names]
    mine = [one for one in maps if one.name.startswith("inference-model")]
    require(mine, f"{APP} has no ConfigMap inference-model: the base comes first")
    pod = world.cluster.get("Deployment", SERVICE, namespace=SPACE).raw["spec"]["template"]
    used = [one for one in mine if one.name in json.dumps(pod)] or mine
    return used[0].name, dict(used[0].raw.get("data") or {})


def edit(world: Platform, version: str) -> None:
    """Edit the model's version past Git."""
    name, _ = config(world)
    world.cluster.patch("ConfigMap", name, {"data": {"MODEL_VERSION": version}}, namespace=SPACE, type="merge")


@contextlib.contextmanager
def put_back(world: Platform) -> Iterator[None]:
    """Restore what the check planted, whatever happened meanwhile."""
    count, (name, data) = replicas(world, SPACE), config(world)
    try:
        yield
    finally:
        if replicas(world, SPACE) != count:
            scale(world, count)
        if world.cluster.exists("ConfigMap", name, namespace=SPACE):
            world.cluster.patch("ConfigMap", name, {"data": data}, namespace=SPACE, type="merge")
        world.argocd.application(APP, refresh="normal")


def heals_itself(world: Platform, environment: str) -> None:
    """Raise `Unmet` unless an environment undoes a scaling by itself."""
    namespace = f"inference-{environment}"
    before = replicas(world, namespace)
    scale(world, before + 1, namespace)
    world.argocd.application(namespace, refresh="normal")
    try:
        world.cluster.wait(
            "Deployment",
            SERVICE,
            namespace=namespace,
            timeout=HEALS_WITHIN,
            condition=lambda one: one.raw["spec"]["replicas"] == before,
        )
    except kubernetes.TimedOut:
        scale(world, before, namespace)
        raise Unmet(f"{environment} does not undo a change made past Git: automated.selfHeal is missing") from None


JOB = "pipeline/drift.py"
WORDS = {"in-sync": "in sync", "drifted": "drifted", "unknown": "could not tell"}
CODES = {"in-sync": 0, "drifted": 2, "unknown": 3}
BY_CODE = {code: word for word, code in CODES.items()}


@step(
    "lab2",
    "terraform-drift",
    hints=(
        "On a night when the cloud is down, what does your job say? Who would call that 'no drift'?",
        "exit_code gets the answers of all stacks. One that is unknown makes 3, else one that drifted makes 2. "
        "No stack at all is unknown. Whatever raises a CourseError for a stack makes that stack unknown.",
        'if not answers or "unknown" in answers:\n    return 3\nif "drifted" in answers:\n    ...',
    ),
)
def terraform_drift(lab: Workspace) -> str:
    """The job answers rightly for a stack in sync, one that drifted, one that cannot be read, and all of them."""
    needed(lab, JOB)
    require("def " in lab.read(f"{ROOT}/{JOB}"), f"{ROOT}/{JOB} has no function")
    with scratch(lab, f"{ROOT}/{JOB}") as room, stacks(room / "stacks") as folder:
        job = room / ROOT / JOB
        alone = {name: _only(folder, name) for name in ("healthy", "changed", "broken")}
        for name, status in (("healthy", "in-sync"), ("changed", "drifted"), ("broken", "unknown")):
            answers(job, alone[name], {name: status})
        answers(job, alone["healthy"], {"healthy": "unknown"}, env=DOWN)
        answers(job, folder / "none", {})
        # The one that drifted is the first of the two, by name.
        answers(job, _only(folder, "changed", "healthy"), {"changed": "drifted", "healthy": "in-sync"})
        answers(job, folder, {"healthy": "in-sync", "changed": "drifted", "broken": "unknown"})
    return "three situations, three answers; a cloud that is down, and no stack at all, are the third"


#: Nothing answers there: the cloud is down.
DOWN = {"MOD208_CLOUD_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}


def stack(name: str) -> str:
    """Return a stack with one bucket."""
    bucket = {"name": f"acme-check-{name}", "owner": "platform"}
    return json.dumps(
        {
            "terraform": {"required_providers": {"platform": {"source": "acme.test/platform/platform"}}},
            "resource": {"platform_artifact_bucket": {"kept": bucket}},
        }
    )


@contextlib.contextmanager
def stacks(folder: Path) -> Iterator[Path]:
    """Give three stacks, applied: ``healthy``, ``changed`` behind Terraform's back, and ``broken`` by a typo."""
    env = cloud.environment("vision")
    (folder / "none").mkdir(parents=True)
    made = []
    with one_provider(env):
        try:
            for name in ("healthy", "changed", "broken"):
                room = folder / name
                room.mkdir()
                (room / "main.tf.json").write_text(stack(name))
                runner = terraform(room, env)
                runner.init()
                made.append(runner)
                runner.apply(auto_approve=True)
            off = {"Status": "Suspended"}
            s3 = cloud.client("s3", "vision")
            s3.put_bucket_versioning(Bucket="acme-check-changed", VersioningConfiguration=off)
            (folder / "broken" / "typo.tf").write_text('output "oops" {\n  value = platform_network.none.id\n}\n')
            yield folder
        finally:
            (folder / "broken" / "typo.tf").unlink(missing_ok=True)
            for runner in made:
                runner.destroy(auto_approve=True)


def _only(folder: Path, *names: str) -> Path:
    """Return a directory with links to some stacks, so that a job can be run on them alone."""
    room = folder.with_name("-".join(("only", *names)))
    room.mkdir()
    for name in names:
        (room / name).symlink_to(folder / name, target_is_directory=True)
    return room


def answers(job: Path, folder: Path, expected: Mapping[str, str], *, env: Mapping[str, str] | None = None) -> None:
    """Run the job and raise `Unmet` unless it says of each stack what is so."""
    passed_on = ("MOD208_STATE", "MOD208_CACHE", "MOD208_CLOUD_URL", "MOD208_CLOUD_KEY", "MOD208_CLOUD_CA")
    ours = {name: os.environ[name] for name in passed_on if name in os.environ}
    done = process.run(
        [sys.executable, job, folder],
        env=process.environment({"PYTHONPATH": str(COURSE), **ours, **(env or {})}),
        timeout=180,
    )
    error = (done.stderr.strip().splitlines() or [""])[-1]
    what = f"{ROOT}/{JOB}"
    require("Traceback" not in done.stderr and done.returncode != 1, f"{what} crashes: {error[:300]}")
    for name, status in expected.items():
        said = spoken(done.stdout, name)
        why = " while the cloud is down" if env else ""
        about = f"{what}: a stack that is {WORDS[status]!r}{why}"
        require(said, f"{about} is not named in the report: print 'STATUS: DIRECTORY' for each stack")
        require(said == status, f"{about} is reported as {WORDS.get(said, said)!r}")
    code = 3 if not expected or "unknown" in expected.values() else max(CODES[s] for s in expected.values())
    about = " and ".join(WORDS[s] for s in expected.values()) or "nothing to look at"
    got = WORDS.get(BY_CODE.get(done.returncode, ""), "nothing known")
    require(
        done.returncode == code,
        f"{what}: with {about!r} it ends with exit code {done.returncode} ({got}), not {code}",
    )


def spoken(report: str, name: str) -> str:
    """Return what the report says of a stack: the word that begins its line; empty when it is not named."""
    for line in report.splitlines():
        found = re.match(r"\s*(in-sync|drifted|unknown)\b\s*:?\s*(\S+)", line)
        if found and Path(found[2].rstrip(":,")).name == name:
            return found[1]
    return ""
