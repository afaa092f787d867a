"""Checks of the project, notebook 04: the team's room in the cluster, its secrets, and who looks after it at night."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from helpers.clients import kubernetes, secret_sync
from helpers.clients.kubernetes import Cluster, KubernetesError, ObjectNotFound, reveal
from helpers.clients.vault import LoginRefused, NoSuchSecret, Vault
from helpers.compliance.leaks.spellings import Spellings
from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.core.polling import poll
from helpers.core.verdicts.checks import Unmet, require
from helpers.course.checks import item, step
from helpers.course.checks.lab2_secrets import seconds
from helpers.course.checks.support import drift_jobs
from helpers.course.checks.support import project as kit
from helpers.course.checks.support.reach import Pod, gets_in
from helpers.course.scenarios import training
from helpers.course.scenarios.training import Brief
from helpers.course.workspace import Workspace
from helpers.runtime import services
from helpers.wrappers.secret_scan import scan_secrets

TENANCY, SECRETS, DRIFT = "tenancy", "secrets", "drift"
POLICY, EXTERNAL = f"{SECRETS}/vault.hcl", f"{SECRETS}/external-secret.yaml"
JOB, CRON = f"{DRIFT}/job.py", f"{DRIFT}/cronjob.yaml"
GPU = "nvidia.com/gpu"
JOBS = "trainingjobs.ml.acme.test"
#: Name of the Secret that jobs name by default, and what the vault calls its value.
SECRET, PROPERTY = "registry-token", "registry-token"
#: Longest time in which a rotated value may stay in use, and longest life of a login (both in seconds).
AT_MOST, LEASE = 60.0, 900
#: Seconds in which the controller of quotas has to have counted.
COUNTED_WITHIN = 60.0

Question = tuple[str, str, str, bool]


@step(
    "project",
    "tenancy",
    hints=(
        "Who answers each question: who may do it, who counts it, who lets a packet in? Which of them asks the team?",
        "Namespace, ResourceQuota, NetworkPolicy, Role and RoleBinding in tenancy/, then cluster.apply of the "
        "directory. The quota is named by the resource that pods request; can_i and a dry run show what holds.",
        "requests.nvidia.com/gpu in spec.hard; podSelector: {} and ingress from podSelector: {}; a Role on apiGroups "
        "[ml.acme.test], resources [trainingjobs] for the Group team-TEAM; pod-security.kubernetes.io/enforce: "
        "restricted as a label of the namespace",
    ),
)
def tenancy(lab: Workspace) -> str:
    """The API server gives the team its own room: it counts its GPUs, lets it in, and nobody else."""
    asked = training.brief()
    cluster = applied(lab, TENANCY, asked)
    with item("the room", "who may do what"):
        allowed(cluster, f"team-{asked.team}", asked.team, own(asked))
        allowed(cluster, f"team-{asked.neighbour}", asked.neighbour, foreign(asked))
    with item("the room", "how many GPUs"):
        counts(cluster, asked)
    with item("the room", "what may run"):
        hardened(cluster, asked)
    with item("the room", "who gets in"):
        closed(cluster, asked)
    return f"{asked.namespace} is the team's own: {asked.gpus} GPUs at most, and {asked.neighbour} stays outside"


def applied(lab: Workspace, folder: str, asked: Brief) -> Cluster:
    """Return the cluster, which has what the files of a directory say.

    Raises:
        Unmet: there are no files, they are not manifests, are about somebody else's room, or were not applied.
    """
    require(any(lab.path(folder).glob("*.yaml")), f"{folder} does not exist or has no .yaml file")
    cluster = training.share()
    files = sorted(lab.path(folder).glob("*.yaml"))
    try:
        found = cluster.diff(files)
    except BadInput as error:
        raise Unmet(f"{folder}: {error.what}: {error.why}"[:400]) from None
    except KubernetesError as error:
        raise Unmet(f"{folder}: the API server does not take it: {error.what} {error.why}"[:400]) from None
    for one in found:
        room = one.name if one.kind == "Namespace" else one.ref.namespace
        require(room == asked.namespace, f"{folder}: {one.ref} is not in the team's namespace, {asked.namespace}")
    off = [f"{one.ref} is {one.status}" for one in found if one.status != "same"]
    require(not off, f"{folder} is not what the cluster has: {'; '.join(off[:3])}")
    return cluster


def own(asked: Brief) -> Sequence[Question]:
    """Return what the team may do, and where it ends: verb, resource, namespace, whether."""
    here, there = asked.namespace, training.namespace(asked.neighbour)
    return (
        ("create", JOBS, here, True),
        ("delete", JOBS, here, True),
        ("list", "pods", here, True),
        ("get", "pods/log", here, True),
        ("get", "secrets", here, False),
        ("create", "pods", here, False),
        ("patch", "resourcequotas", here, False),
        ("delete", "networkpolicies.networking.k8s.io", here, False),
        ("create", "rolebindings.rbac.authorization.k8s.io", here, False),
        ("patch", "namespaces", here, False),
        ("list", JOBS, there, False),
        ("get", "secrets", there, False),
    )


def foreign(asked: Brief) -> Sequence[Question]:
    """Return what the team next door may not do."""
    here = asked.namespace
    return (("list", JOBS, here, False), ("create", JOBS, here, False), ("get", "secrets", here, False))


def allowed(cluster: Cluster, group: str, who: str, questions: Iterable[Question]) -> None:
    """Raise `Unmet` unless the API server answers each question about a member of a group as it should."""
    for verb, resource, namespace, may in questions:
        says = cluster.can_i(verb, resource, namespace=namespace, user="jo", groups=[group, "system:authenticated"])
        word = "may not" if may else "may"
        require(says == may, f"{TENANCY}: a member of team {who} {word} {verb} {resource} in {namespace}")


def pod(namespace: str, gpus: int, **container: Any) -> dict[str, Any]:
    """Return a pod that only its GPUs, or what *container* says, could be a reason to refuse."""
    amounts = {"cpu": "100m", "memory": "128Mi", **({GPU: str(gpus)} if gpus else {})}
    safe = {"allowPrivilegeEscalation": False, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}}
    safe["seccompProfile"] = {"type": "RuntimeDefault"}
    one = {
        "name": "trainer",
        "image": f"registry.acme.test/trainer@{training.image(training.NEW)}",
        "resources": {"requests": amounts, "limits": amounts},
        "securityContext": safe,
        **container,
    }
    meta = {"name": "check-room", "namespace": namespace, "labels": {"app": "trainer"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [one]}}


def counts(cluster: Cluster, asked: Brief) -> None:
    """Raise `Unmet` unless the API server admits as many GPUs as the brief has, and not one more."""
    room = asked.namespace
    require(cluster.get("ResourceQuota", namespace=room), f"{TENANCY}: {room} has no ResourceQuota")

    def counted() -> bool:
        return all(one.status.get("hard") for one in cluster.get("ResourceQuota", namespace=room))

    poll(counted, COUNTED_WITHIN, every=0.2)
    try:
        cluster.apply(pod(room, asked.gpus), dry_run=True)
    except KubernetesError as error:
        raise Unmet(f"{TENANCY}: {room} refuses {asked.gpus} GPUs, which the brief gives: {error.what}") from None
    more = asked.gpus + 1
    try:
        cluster.apply(pod(room, more), dry_run=True)
    except kubernetes.QuotaExceeded as error:
        asks = f"requests.{GPU}" in error.asked
        require(asks, f"{TENANCY}: {room} refuses {more} GPUs for {', '.join(error.asked)}, not for the GPUs")
        return
    except KubernetesError as error:
        raise Unmet(f"{TENANCY}: {room} refuses {more} GPUs, but not by a quota: {error.what}") from None
    raise Unmet(f"{TENANCY}: {room} takes {more} GPUs, and the brief gives {asked.gpus}")


def hardened(cluster: Cluster, asked: Brief) -> None:
    """Raise `Unmet` unless a pod that could take over its node is refused."""
    risky = {"a privileged container": {"privileged": True}, "a container that runs as root": {"runAsUser": 0}}
    for what, context in risky.items():
        try:
            cluster.apply(pod(asked.namespace, 0, securityContext=context), dry_run=True)
        except KubernetesError as error:
            by = isinstance(error, kubernetes.AdmissionRefused)
            require(by, f"{TENANCY}: {asked.namespace} refuses {what}, but for another reason: {error.what}")
            continue
        raise Unmet(f"{TENANCY}: {asked.namespace} takes {what}")


def closed(cluster: Cluster, asked: Brief) -> None:
    """Raise `Unmet` unless the team's pods reach each other, and pods of other namespaces do not reach them."""
    room, next_door = asked.namespace, training.namespace(asked.neighbour)
    specs = [one.spec for one in cluster.get("NetworkPolicy", namespace=room)]
    of_room = cluster.get("Namespace", room).metadata.get("labels") or {}
    for labels in ({"app": "trainer"}, {"job": "nightly"}, {}):
        host, what = Pod(room, labels, of_room), f"a pod with {labels or 'no labels'}"
        require(
            gets_in(specs, Pod(room, {"app": "trainer"}, of_room), host), f"{TENANCY}: the team cannot reach {what}"
        )
        for guest in (Pod(next_door, labels, {"acme.test/team": asked.neighbour}), Pod("default", {"app": "trainer"})):
            open_ = gets_in(specs, guest, host)
            require(not open_, f"{TENANCY}: a pod of {guest.namespace} with {labels or 'no labels'} reaches {what}")


@step(
    "project",
    "secrets",
    hints=(
        "Which file would a thief of the repository like to have? Who proves to the vault who asks, and for how long?",
        "A policy with read on one path; vault_store(..., login='kubernetes') for the namespace; an ExternalSecret in "
        "secrets/ with a refreshInterval of 60s at most. Apply what has no value in it, and rotate in the vault.",
        'vault.write_policy(f"training-{team}", lab.read("secrets/vault.hcl")); cluster.apply(secret_sync.vault_store('
        'brief.namespace, policies=[f"training-{team}"], login="kubernetes")); remoteRef: {key: TEAM/training, '
        "property: registry-token}",
    ),
)
def secrets(lab: Workspace) -> str:
    """The job's Secret is the vault's value, a rotation arrives, logins are short, and no copy of it lies about."""
    asked = training.brief()
    for path in (POLICY, EXTERNAL):
        require(lab.path(path).is_file(), f"{path} does not exist")
    for name in ("vault", "secret-sync"):
        services.ensure(name)
    cluster = applied(lab, SECRETS, asked)
    interval = refresh(lab, asked)
    logged_in(cluster, asked)
    arrived(cluster, asked, interval)
    before = value(cluster, asked)
    Vault().rotate(where(asked), PROPERTY)
    arrived(cluster, asked, interval)
    require(value(cluster, asked) != before, f"a rotation in the vault does not change Secret {SECRET}")
    clean(lab, asked)
    return f"a rotated token is in {asked.namespace}/{SECRET} within {interval:g} s, and nowhere else"


def where(asked: Brief) -> str:
    """Return the path of the team's secrets in the vault."""
    return f"{asked.team}/training"


def refresh(lab: Workspace, asked: Brief) -> float:
    """Return how often the ExternalSecret is refreshed, in seconds; raise `Unmet` when that is too rarely or never."""
    found = [one for one in documents(lab, SECRETS) if one.get("kind") == "ExternalSecret"]
    require(found, f"{SECRETS}: there is no ExternalSecret")
    for one in found:
        said = str((one.get("spec") or {}).get("refreshInterval", "1h"))
        require(
            0 < seconds(said) <= AT_MOST,
            f"{EXTERNAL}: refreshInterval is {said}: a leaked token would be in use for longer than {AT_MOST:.0f} s",
        )
    return max(seconds(str(one["spec"]["refreshInterval"])) for one in found)


def documents(lab: Workspace, folder: str) -> list[dict[str, Any]]:
    """Return the manifests in the files of a directory, which `applied` has read."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(lab.path(folder).glob("*.yaml"))]
    return [one for text in texts for one in yaml_reader.load_all(text) if isinstance(one, dict)]


def logged_in(cluster: Cluster, asked: Brief) -> None:
    """Raise `Unmet` unless the namespace logs in with nothing kept, for a short time, and reads its own secret only."""
    room = asked.namespace
    stores = {one.name: one.spec.get("provider") or {} for one in cluster.get("SecretStore", namespace=room)}
    require(stores, f"{room} has no SecretStore: the platform's vault_store makes one for it")
    kept = [name for name, said in stores.items() if "kubernetes" not in (said.get("vault") or {}).get("auth", {})]
    require(not kept, f"SecretStore {', '.join(kept)} logs in with a credential that is kept in the cluster")
    for name in stores:
        try:
            jwt = cluster.token_request(room, f"{name}-login", audiences=["vault"])
            session = Vault().log_in_workload(f"{room}-{name}", str(jwt.reveal()))
        except (ObjectNotFound, LoginRefused):
            raise Unmet(f"SecretStore {name}: the namespace cannot log in to the vault") from None
        least(session, asked)


def least(session: Vault, asked: Brief) -> None:
    """Raise `Unmet` unless a session reads the team's secret, nothing else, and ends soon."""
    mine = set(session.capabilities(f"secret/data/{where(asked)}"))
    require(mine == {"read"}, f"{POLICY}: the namespace may {', '.join(sorted(mine))} {where(asked)}, not just read it")
    for path in (f"{asked.neighbour}/training", f"{asked.team}/inference", f"{where(asked)}/admin", "platform/signing"):
        can = set(session.capabilities(f"secret/data/{path}")) - {"deny"}
        require(not can, f"{POLICY}: the namespace may {', '.join(sorted(can))} {path}, which is not its own")
    left = session.whoami().ttl
    require(0 < left <= LEASE, f"a login of the namespace lasts {left} s; more than {LEASE} s is too long")


def value(cluster: Cluster, asked: Brief) -> str:
    """Return what the Secret of the jobs holds; empty when there is none. It is never shown."""
    try:
        held = reveal(cluster.get("Secret", SECRET, namespace=asked.namespace).raw.get("data") or {})
    except ObjectNotFound:
        return ""
    return base64.b64decode(str(held.get(training.SECRET_KEY) or "")).decode("utf-8", "replace")


def arrived(cluster: Cluster, asked: Brief, interval: float) -> None:
    """Raise `Unmet` unless the Secret becomes the vault's value within the refresh interval."""
    try:
        wanted = Vault().get(where(asked)).reveal(PROPERTY)
    except NoSuchSecret:
        raise Unmet(f"the vault has no secret {where(asked)} with {PROPERTY}") from None
    if poll(lambda: value(cluster, asked) == wanted, interval + 30, every=0.2):
        return
    try:
        state = secret_sync.status(asked.namespace, SECRET, cluster=cluster)
        said = state.message or state.reason or "nobody has looked at it yet"
    except ObjectNotFound:
        said = f"there is no ExternalSecret {SECRET}"
    raise Unmet(f"Secret {asked.namespace}/{SECRET} is not the vault's value: {said}")


def clean(lab: Workspace, asked: Brief) -> None:
    """Raise `Unmet` when a version of the token, or what looks like a secret, is in the workspace or in Git."""
    vault = Vault()
    numbers = [one.version for one in vault.versions(where(asked)) if one.status in ("current", "old")]
    plain = [vault.get(where(asked), version=number).reveal(PROPERTY) for number in numbers]
    spellings = Spellings.of(plain)

    def held(text: str) -> bool:
        # Too short a token has no spellings: it is looked for as it is.
        return any(one in text for one in plain) or next(spellings.lines(text), None) is not None

    for file in sorted(path for path in lab.work.rglob("*") if path.is_file()):
        text = file.read_bytes().decode("utf-8", "replace")
        require(not held(text), f"{file.relative_to(lab.work)} holds the token itself")
    history = "\n".join(kit.clone(lab).lines(["log", "-p", "--format=%H"]))
    require(not held(history), f"the history of {training.REPOSITORY} holds the token itself")
    files = {f"{folder}/{p.name}": p.read_text() for folder in (TENANCY, SECRETS) for p in lab.path(folder).glob("*.*")}
    for one in scan_secrets(files):
        raise Unmet(f"{one.file}:{one.line}: this looks like a secret")


@step(
    "project",
    "drift",
    hints=(
        "What does your job say when nobody answers? Who changed it, since when, and who decides what becomes of it?",
        "Cluster(kubeconfig=...).diff(directory) says what differs; managedFields of the live object name who wrote "
        "last and when. Whatever raises a CourseError, and no file at all, is could not tell: exit code 3.",
        'raw = cluster.get(one.kind, one.name, namespace=...).metadata["managedFields"]; last = max(raw, '
        'key=lambda entry: entry["time"]); {"object": str(one.ref), "by": last["manager"], "age": now - time}',
    ),
)
def drift(lab: Workspace) -> str:
    """The job runs by a clock, tells three answers apart, names who and since when, and heals what nobody adopts."""
    asked = training.brief()
    require(lab.path(JOB).is_file(), f"{JOB} does not exist")
    scheduled(lab, asked)
    cluster = applied(lab, TENANCY, asked)
    with drift_jobs.running(lab, JOB, TENANCY) as job:
        job.says("in-sync", about="nothing has changed")
        job.says("unknown", about="nobody answers", kubeconfig=job.dead())
        with drift_jobs.changed(cluster, job.declared) as plants:
            found = job.says("drifted", about="two objects were changed by hand")
            job.names(found, plants)
            job.says("drifted", "--heal", about="it heals")
            left = [str(one.ref) for one in cluster.diff(job.declared) if one.status != "same"]
            require(not left, f"{JOB}: after --heal {', '.join(left)} is still not what {TENANCY} says")
    return "three answers by a clock; each change has a name and an age, and what nobody adopts is healed"


def scheduled(lab: Workspace, asked: Brief) -> None:
    """Raise `Unmet` unless a CronJob of the team's namespace runs the job every day at least, as a pod it may be."""
    require(lab.path(CRON).is_file(), f"{CRON} does not exist")
    cluster = applied(lab, DRIFT, asked)
    crons = [one for one in documents(lab, DRIFT) if one.get("kind") == "CronJob"]
    require(len(crons) == 1, f"{DRIFT}: there are {len(crons)} CronJobs, not one")
    spec = crons[0]["spec"]
    require(drift_jobs.daily(str(spec["schedule"])), f"{CRON}: {spec['schedule']!r} does not run every day")
    require(not spec.get("suspend"), f"{CRON}: it is suspended")
    alone = spec.get("concurrencyPolicy") in ("Forbid", "Replace")
    require(alone, f"{CRON}: a second run may start while the first still heals (concurrencyPolicy)")
    template = spec["jobTemplate"]["spec"]["template"]["spec"]
    words = [str(word) for one in template["containers"] for word in (*one.get("command", ()), *one.get("args", ()))]
    require(any(word.endswith(Path(JOB).name) for word in words), f"{CRON}: no container runs {JOB}")
    meta = {"name": "check-drift", "namespace": asked.namespace}
    try:
        cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template}, dry_run=True)
    except KubernetesError as error:
        raise Unmet(f"{CRON}: its pod would be refused: {error.what} {error.why}"[:400]) from None
    account = f"system:serviceaccount:{asked.namespace}:{template.get('serviceAccountName') or 'default'}"
    for verb, resource, may in (("get", "resourcequotas", True), ("get", "secrets", False)):
        says = cluster.can_i(verb, resource, namespace=asked.namespace, user=account)
        word = "may not" if may else "may"
        require(says == may, f"{CRON}: its service account {word} {verb} {resource}")
