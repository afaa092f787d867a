"""Material for the tests of the displays of GitOps; also imported by the notebooks that the browser tests open.

The JSON has the shape of Argo CD's and Kubernetes' API, the words are ours.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from helpers.clients.argocd.types import Application, ApplicationEvent, ResourceDiff, ResourceTree
from helpers.clients.forge.types import Approval, AuditEntry, PullRequest
from helpers.clients.kubernetes.types import Event, Object
from helpers.compliance.promotion import Blocker, Board, Stage
from helpers.core.verdicts.gates import Finding, Gate, GateReport

SECRET = "hunter-of-the-snark"
COMMIT, OLDER = "a" * 39 + "1", "b" * 39 + "2"
DIGEST = "registry.acme.test/inference@sha256:" + "9f" * 32
OLD_DIGEST = "registry.acme.test/inference@sha256:" + "3c" * 32


def resource(kind: str, name: str, sync: str = "Synced", health: str = "", **more: Any) -> dict[str, Any]:
    """One entry of ``status.resources``."""
    group = "argoproj.io" if kind == "Application" else "apps" if kind == "Deployment" else ""
    return {
        "group": group,
        "version": "v1",
        "kind": kind,
        "namespace": more.pop("namespace", "inference-dev"),
        "name": name,
        "status": sync,
        **({"health": {"status": health}} if health else {}),
        **more,
    }


def application_json(
    name: str, sync: str = "Synced", health: str = "Healthy", *, resources: Any = (), owner: str = "", **status: Any
) -> dict[str, Any]:
    """An Application as the API gives it."""
    owners = [{"kind": "ApplicationSet", "name": owner}] if owner else []
    return {
        "metadata": {"name": name, "namespace": "argocd", "ownerReferences": owners},
        "spec": {
            "project": "vision",
            "source": {"repoURL": "http://127.0.0.1/acme/gitops.git", "path": f"apps/{name}", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
        },
        "status": {
            "sync": {"status": sync, "revision": COMMIT},
            "health": {"status": health},
            "resources": list(resources),
            "reconciledAt": "2026-01-01T10:00:00Z",
            **status,
        },
        "anUnknownField": {"of": "a newer version"},
    }


def application(name: str, *args: Any, **options: Any) -> Application:
    return Application.from_json(application_json(name, *args, **options))


OPERATION = {
    "phase": "Failed",
    "message": "one or more objects failed to apply",
    "startedAt": "2026-01-01T10:00:00Z",
    "finishedAt": "2026-01-01T10:00:04Z",
    "operation": {"initiatedBy": {"username": "maria"}, "sync": {"revision": COMMIT}},
    "syncResult": {
        "revision": COMMIT,
        "resources": [
            {
                "group": "apps",
                "version": "v1",
                "kind": "Deployment",
                "namespace": "inference-prod",
                "name": "inference",
                "status": "SyncFailed",
                "message": "exceeded quota: gpu",
                "syncPhase": "Sync",
            },
            {
                "version": "v1",
                "kind": "Service",
                "namespace": "inference-prod",
                "name": "inference",
                "status": "Synced",
                "message": "service/inference configured",
            },
        ],
    },
}


def family() -> tuple[Application, ...]:
    """The App-of-Apps of team vision: dev is fine, staging rolls out, prod was edited by hand."""
    names = ("inference-dev", "inference-staging", "inference-prod")
    kids = {
        "inference-dev": [
            resource("Deployment", "inference", "Synced", "Healthy"),
            resource("Service", "inference"),
            resource("ConfigMap", "settings"),
        ],
        "inference-staging": [
            resource("Deployment", "inference", "Synced", "Progressing"),
            resource("Service", "inference"),
        ],
        "inference-prod": [
            resource("Deployment", "inference", "OutOfSync", "Degraded"),
            resource("Service", "inference"),
            resource("Secret", "model-key", "OutOfSync", "Missing"),
            resource("ConfigMap", "old", "OutOfSync", requiresPruning=True),
        ],
    }
    state = dict(zip(names, [("Synced", "Healthy"), ("Synced", "Progressing"), ("OutOfSync", "Degraded")], strict=True))
    conditions = [{"type": "SyncError", "message": "exceeded quota: gpu", "lastTransitionTime": "2026-01-01T10:00:04Z"}]
    root = application(
        "root",
        "Synced",
        "Healthy",
        resources=[resource("Application", n, *state[n], namespace="argocd") for n in names],
    )
    more = {"inference-prod": {"operationState": OPERATION, "conditions": conditions}}
    return (root, *(application(n, *state[n], resources=kids[n], **more.get(n, {})) for n in names))


def crowd(number: int = 100) -> tuple[Application, ...]:
    """Many applications of one ApplicationSet, a few of them in trouble."""
    odd = {
        7: ("OutOfSync", "Degraded"),
        23: ("Synced", "Progressing"),
        24: ("Unknown", "Unknown"),
        61: ("OutOfSync", "Missing"),
        88: ("Synced", "Suspended"),
    }
    return tuple(
        application(f"inference-{i:03d}", *odd.get(i, ("Synced", "Healthy")), owner="inference-fleet")
        for i in range(number)
    )


def tree() -> ResourceTree:
    """A Deployment, its ReplicaSet, its Pods."""
    node = {"namespace": "inference-dev", "version": "v1"}
    nodes: list[dict[str, Any]] = [
        {
            **node,
            "uid": "d",
            "group": "apps",
            "kind": "Deployment",
            "name": "inference",
            "health": {"status": "Healthy"},
            "images": [DIGEST],
        },
        {
            **node,
            "uid": "r",
            "group": "apps",
            "kind": "ReplicaSet",
            "name": "inference-6d5f",
            "parentRefs": [{"uid": "d"}],
        },
    ]
    nodes += [
        {
            **node,
            "uid": f"p{i}",
            "kind": "Pod",
            "name": f"inference-6d5f-{i}",
            "parentRefs": [{"uid": "r"}],
            "health": {"status": "Healthy" if i else "Progressing", "message": "" if i else "pulling"},
        }
        for i in range(3)
    ]
    return ResourceTree.from_json({"nodes": nodes, "hosts": []})


def deployment(replicas: int, image: str, **env: str) -> dict[str, Any]:
    container = {
        "name": "server",
        "image": image,
        "resources": {"limits": {"nvidia.com/gpu": 1}},
        "env": [{"name": k, "value": v} for k, v in env.items()],
    }
    labels = {"app": "inference", "team": "vision"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "inference", "namespace": "inference-prod", "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def secret(value: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "model-key", "namespace": "inference-prod"},
        "data": {"key": value, "same": "c2FtZQ=="},
    }


def managed(live: Any, target: Any, kind: str = "Deployment", name: str = "inference") -> ResourceDiff:
    """One item of ``/managed-resources``: manifests as JSON inside JSON."""
    group = "apps" if kind == "Deployment" else ""
    return ResourceDiff.from_json(
        {
            "group": group,
            "kind": kind,
            "namespace": "inference-prod",
            "name": name,
            "hook": False,
            "liveState": json.dumps(live),
            "targetState": json.dumps(target),
            "normalizedLiveState": json.dumps(live),
            "predictedLiveState": json.dumps(target),
        }
    )


def diffs() -> tuple[ResourceDiff, ...]:
    """Someone scaled by hand and took another image; a Secret differs; a Service is as Git says; one is missing."""
    desired, live = deployment(3, DIGEST, MODEL="resnet"), deployment(9, OLD_DIGEST, MODEL="resnet", DEBUG="1")
    live["metadata"] |= {"uid": "0", "resourceVersion": "17", "managedFields": [{"manager": "kubectl-edit"}]}
    live["status"] = {"readyReplicas": 9}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "inference", "namespace": "inference-prod"},
        "spec": {"ports": [{"port": 80}]},
    }
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "inference-prod"},
        "data": {"batch": "8"},
    }
    return (
        managed(live, desired),
        managed(secret(SECRET), secret(f"{SECRET}-2"), "Secret", "model-key"),
        managed(service, service, "Service"),
        managed(None, config, "ConfigMap", "settings"),
    )


UNKNOWN = {"HorizontalPodAutoscaler inference-prod/inference": "the API server did not answer within 10 s"}


def board() -> Board:
    """dev is ahead of staging; staging is ahead of prod, but prod has no approval."""
    new, old = {"image": DIGEST, "version": "1.5.0"}, {"image": OLD_DIGEST, "version": "1.4.2"}
    good = {"sync": "Synced", "health": "Healthy"}
    stages = (
        Stage("dev", "inference", **new, revision=COMMIT, **good, approved_by=("maria",), at="2026-01-01T10:00:00Z"),
        Stage("staging", "inference", **old, revision=OLDER, **good, approved_by=("maria", "tom")),
        Stage("prod", "inference", DIGEST.replace("9f", "77"), "1.3.9", "c" * 40, "Synced", "Healthy", ("tom",)),
        Stage("dev", "ranker", "registry.acme.test/ranker:latest", "0.2.0", COMMIT, "OutOfSync", "Progressing"),
    )
    return Board(stages, (Blocker("prod", "no approval by another person", "inference"),))


def gates() -> GateReport:
    """One passed, one failed, one could not tell."""
    finding = Finding("apps/inference/overlays/prod/patch.yaml", 12, "require-limits", "container server has no limits")
    return GateReport(
        (
            Gate("signature", "passed", "signed by maria"),
            Gate(
                "policy",
                "failed",
                "2 rules are broken",
                (finding, Finding("apps/inference/base/deployment.yaml", None, "no-latest", "tag latest")),
            ),
            Gate("image", "unknown", "the registry did not answer:\nconnection refused"),
        ),
        COMMIT,
    )


def all_passed() -> GateReport:
    return GateReport(
        (Gate("signature", "passed", "signed by maria"), Gate("policy", "passed", "12 rules kept")), COMMIT
    )


def fresh_pull() -> PullRequest:
    """A pull request that nobody has looked at."""
    title = "Promote inference 1.5.0 to staging"
    return PullRequest(7, title, "learner", "promote-1.5.0", "main", COMMIT, "open", (), None, (), "gitops")


def pull() -> PullRequest:
    approvals = (Approval("maria", COMMIT, time(2), True), Approval("tom", OLDER, time(1), False))
    blockers = ("gate policy failed", "gate image could not tell")
    return replace(fresh_pull(), approvals=approvals, gates=gates(), blockers=blockers)


def audited(
    second: float, actor: str, action: str, pull: int, commit: str, reason: str = "", decision: str = "accepted"
) -> AuditEntry:
    return AuditEntry(time(second), actor, action, decision, reason, commit, "refs/heads/main", pull, "gitops")


def trail() -> tuple[AuditEntry, ...]:
    return (
        audited(3, "learner", "open", 7, COMMIT),
        audited(5, "maria", "approve", 7, COMMIT),
        audited(7, "learner", "push", 0, COMMIT, "no approval by another person", "refused"),
        audited(25, "tom", "break-glass", 8, OLDER, "prod is down, the registry too"),
    )


def time(second: float) -> datetime:
    return datetime.fromisoformat(at(second))


def at(seconds: float) -> str:
    return f"2026-01-01T10:00:{seconds:06.3f}Z"


def stream() -> tuple[ApplicationEvent, ...]:
    """A rollout, a live edit, a heal; with a second application that stays as it is."""

    def event(second: float, sync: str, health: str, name: str = "inference-prod", **more: Any) -> ApplicationEvent:
        return ApplicationEvent("MODIFIED", application(name, sync, health, **more), at(second))

    done = {**OPERATION, "phase": "Succeeded", "startedAt": at(8), "finishedAt": at(11)}
    return (
        event(0, "OutOfSync", "Missing"),
        event(0.5, "Synced", "Healthy", "inference-dev"),
        event(8.5, "OutOfSync", "Progressing"),
        event(11, "Synced", "Progressing", operationState=done),
        event(14, "Synced", "Healthy", operationState=done),
        event(30, "OutOfSync", "Healthy", operationState=done),
        event(31.2, "Synced", "Healthy", operationState=done),
    )


def happened() -> list[Any]:
    """A mix of all sources of a timeline."""
    return [*stream(), *trail(), pull(), *cluster_events()]


def cluster_events() -> tuple[Event, ...]:
    about = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "inference", "namespace": "inference-prod"}
    return (
        Event.from_json(
            {
                "type": "Normal",
                "reason": "ScalingReplicaSet",
                "message": "Scaled up to 3",
                "count": 1,
                "involvedObject": about,
                "firstTimestamp": at(9),
                "lastTimestamp": at(9),
                "reportingComponent": "deployment-controller",
            }
        ),
        Event.from_json(
            {
                "type": "Warning",
                "reason": "FailedCreate",
                "note": "exceeded quota: gpu",
                "regarding": about,
                "eventTime": at(12),
                "deprecatedCount": 4,
            }
        ),
    )


def live_secret() -> Object:
    raw = {
        **secret(SECRET),
        "metadata": {
            "name": "model-key",
            "namespace": "inference-prod",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(secret(SECRET))},
        },
    }
    return Object.from_json(raw)
