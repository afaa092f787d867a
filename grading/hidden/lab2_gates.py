"""Hidden tests of Lab 2, notebook 03: manifests, workloads and changes that the steps' own checks do not show."""

from __future__ import annotations

from typing import Any

from grading.hidden.lab2_repository import judged as graded
from helpers.course.checks.lab2_gates import judged, named, policies, refused
from helpers.course.checks.support import gitops as kit
from helpers.course.checks.support.changes import ELSEWHERE, SNEAKY, alone
from helpers.course.checks.support.manifests import DIGEST, GPU, Case, Manifest, Workload, pod, replicas, unowned
from helpers.course.labs import Lab


def _cron(made: Manifest) -> Manifest:
    spec = pod(made)
    spec["containers"][0]["securityContext"] = {"privileged": True}
    return _wrapped("CronJob", {"jobTemplate": {"spec": {"template": {"spec": spec}}}})


def _cron_disk(made: Manifest) -> Manifest:
    spec = {**pod(made), "volumes": [{"name": "cache", "hostPath": {"path": "/var"}}]}
    return _wrapped("CronJob", {"jobTemplate": {"spec": {"template": {"spec": spec}}}})


def _wrapped(kind: str, spec: dict[str, Any]) -> Manifest:
    meta = {"name": "nightly", "namespace": "inference-prod", "labels": {"owner": "vision"}}
    return {"apiVersion": "batch/v1", "kind": kind, "metadata": meta, "spec": spec}


def _stateful(made: Manifest) -> None:
    made["kind"] = "StatefulSet"
    made["spec"]["replicas"] = 40


def _nowhere(made: Manifest) -> None:
    made["metadata"]["namespace"] = "elsewhere"


def _no_gpu(made: Manifest) -> None:
    _nowhere(made)
    pod(made)["containers"][0]["resources"] = {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}}


def _no_resources(made: Manifest) -> None:
    pod(made)["containers"][0].pop("resources", None)


def _by_request(made: Manifest) -> None:
    made["spec"]["replicas"] = 1
    pod(made)["containers"][0]["resources"] = {"requests": {GPU: "3"}}


HIDDEN = (
    Case("cron", "a privileged container in a CronJob", "prod", "privileged", _cron, ("server",), "CronJob/nightly"),
    Case(
        "cron-disk",
        "a directory of the node in a CronJob",
        "prod",
        "host-path",
        _cron_disk,
        ("cache",),
        "CronJob/nightly",
    ),
    Case("stateful", "a StatefulSet with 40 GPUs", "prod", "gpu-limit", _stateful, ("40",), "StatefulSet/inference"),
    Case("unknown", "a GPU in an environment that nobody knows", "elsewhere", "gpu-limit", _nowhere),
    Case("request", "GPUs that are only requested", "staging", "gpu-limit", _by_request, ("3", "staging")),
    Case("empty", "an owner without a name", "staging", "owner", unowned("metadata", empty=True)),
    Case("eight", "exactly as many GPUs as prod allows", "prod", "", replicas(8)),
    Case("none", "no GPU in an environment that nobody knows", "elsewhere", "", _no_gpu),
    Case("silent", "a container that asks for nothing", "prod", "", _no_resources),
)
_OTHER = f"images.acme.test.example.org/inference@{DIGEST}"
WORKLOADS_HIDDEN = (
    Workload("StatefulSet", "staging", "a StatefulSet with 3 GPUs", ("3", "2"), gpus=1, replicas=3),
    Workload("Job", "prod", "a Job with 10 GPUs", ("10", "8"), gpus=2, replicas=5),
    Workload("CronJob", "dev", "a CronJob with an image without a digest", ("busybox:1",), image="busybox:1"),
    Workload("Deployment", "prod", "an image of a registry with a similar name", (_OTHER,), image=_OTHER),
)


def policy(lab: Lab) -> None:
    """The rules hold for kinds, fields and environments that the learner has not seen, and refuse nothing good."""
    with graded("The rules do not hold"):
        found = judged(lab, HIDDEN)
        for case in HIDDEN:
            named(case, found[case.name])


def admission(lab: Lab) -> None:
    """The API server refuses other kinds of workload too, and a registry whose name only begins alike."""
    with graded("The API server lets something in"):
        world = kit.platform(lab)
        names = policies(lab)
        for bad in WORKLOADS_HIDDEN:
            refused(world, names, bad)


def pipeline(lab: Lab) -> None:
    """A change cannot shorten the list that judges it, nor hide a manifest where nobody looks."""
    with graded("There is a way around the gates"):
        world = kit.platform(lab)
        for change in (SNEAKY, ELSEWHERE):
            alone(world, change)
