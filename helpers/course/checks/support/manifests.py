"""Manifests that the gates of Lab 2 must refuse: the learner's own, spoiled in one way each."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.clients.kubernetes import ObjectNotFound
from helpers.core.verdicts.checks import Unmet
from helpers.wrappers.kustomize import Rendered

if TYPE_CHECKING:
    from helpers.course.delivery import Platform

GPU = "nvidia.com/gpu"
#: A digest of nothing: rules look at its form only.
DIGEST = "sha256:" + "0123456789abcdef" * 4
Manifest = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One spoiled manifest for the rules of the gate.

    Attributes:
        name: of its file. about: what is wrong with it, in words.
        environment: whose overlay it comes from; another name is an environment that nobody knows.
        rule: that must refuse it; empty when none may.
        spoil: changes a copy of the overlay's Deployment, or returns another object to judge.
        names: what the message must hold, besides the name of the *object*.
    """

    name: str
    about: str
    environment: str
    rule: str
    spoil: Callable[[Manifest], Manifest | None]
    names: tuple[str, ...] = ()
    object: str = "Deployment/inference"

    def manifests(self, overlay: Rendered) -> list[Manifest]:
        """Return the object to judge."""
        made = copy.deepcopy(deployment(overlay))
        return [self.spoil(made) or made]


def deployment(overlay: Rendered) -> Manifest:
    """Return the Deployment of an overlay.

    Raises:
        Unmet: it renders to none.
    """
    found = overlay.find("Deployment", "inference")
    if not found:
        raise Unmet(f"platform/{overlay.path} renders to no Deployment inference")
    return found[0]


def pod(made: Manifest) -> Manifest:
    """Return the pod specification of a Deployment."""
    spec: Manifest = made["spec"]["template"]["spec"]
    return spec


def _image(made: Manifest) -> None:
    pod(made)["containers"][0]["image"] = "images.acme.test/vision/inference:2.0.0"


def _privileged(made: Manifest) -> None:
    pod(made)["containers"][0].setdefault("securityContext", {})["privileged"] = True


def _privileged_init(made: Manifest) -> None:
    image = pod(made)["containers"][0]["image"]
    pod(made)["initContainers"] = [{"name": "debugger", "image": image, "securityContext": {"privileged": True}}]


def _host_path(made: Manifest) -> None:
    pod(made).setdefault("volumes", []).append({"name": "node-disk", "hostPath": {"path": "/"}})


def replicas(count: int) -> Callable[[Manifest], None]:
    """Return a change: that many replicas."""

    def change(made: Manifest) -> None:
        made["spec"]["replicas"] = count

    return change


def _greedy_pod(made: Manifest) -> None:
    made["spec"]["replicas"] = 1
    pod(made)["containers"][0]["resources"] = {"requests": {GPU: 12}, "limits": {GPU: "12"}}


def _sidecar(made: Manifest) -> None:
    made["spec"]["replicas"] = 2
    image = pod(made)["containers"][0]["image"]
    pod(made)["containers"].append({"name": "trainer", "image": image, "resources": {"limits": {GPU: 7}}})


def unowned(*path: str, empty: bool = False) -> Callable[[Manifest], None]:
    """Return a change: the label owner is gone (or empty) at a place of the object."""

    def change(made: Manifest) -> None:
        node = made
        for key in path:
            node = node[key]
        if empty:
            node["labels"]["owner"] = ""
        else:
            node["labels"].pop("owner", None)

    return change


POLICY_CASES = (
    Case("tag", "an image with a tag", "prod", "image-digest", _image, ("server", "inference:2.0.0")),
    Case("privileged", "a privileged container", "prod", "privileged", _privileged, ("server",)),
    Case("init", "a privileged init container", "dev", "privileged", _privileged_init, ("debugger",)),
    Case("node", "a directory of the node as a volume", "staging", "host-path", _host_path, ("node-disk",)),
    Case("nine", "9 replicas with a GPU each in prod", "prod", "gpu-limit", replicas(9), ("9", "prod")),
    Case("two", "2 replicas with a GPU each in dev", "dev", "gpu-limit", replicas(2), ("2", "dev")),
    Case("twelve", "one pod with 12 GPUs in prod", "prod", "gpu-limit", _greedy_pod, ("12", "prod")),
    Case("sidecar", "2 pods with 1 and 7 GPUs in prod", "prod", "gpu-limit", _sidecar, ("16", "prod")),
    Case("owner", "a Deployment without the label owner", "prod", "owner", unowned("metadata"), ("owner",)),
    Case(
        "pods", "pods without the label owner", "dev", "pod-owner", unowned("spec", "template", "metadata"), ("owner",)
    ),
    Case(
        "config",
        "a ConfigMap without an owner",
        "prod",
        "",
        lambda _: {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "inference-prod"}},
    ),
)


@dataclass(frozen=True)
class Workload:
    """One workload to ask the API server about; nothing of it is kept.

    Attributes:
        kind: ``Pod``, ``Deployment``, ``StatefulSet``, ``Job`` or ``CronJob``. environment: whose live pods it is like.
        about: what is wrong with it, in words. names: what the message must hold.
        image: instead of the live one; init: of an init container. gpus: of each pod. replicas: how many of them.
        namespace: instead of the environment's.
    """

    kind: str
    environment: str
    about: str = ""
    names: tuple[str, ...] = ()
    image: str = ""
    init: str = ""
    gpus: int = 0
    replicas: int = 1
    namespace: str = ""

    def manifest(self, world: Platform) -> Manifest:
        """Return the object.

        Raises:
            Unmet: there is no Deployment to take the pods from.
        """
        space = f"inference-{self.environment}"
        try:
            live = world.cluster.get("Deployment", "inference", namespace=space).raw
        except ObjectNotFound:
            raise Unmet(f"{space} has no Deployment inference: notebook 02 comes first") from None
        labels = live["spec"]["template"]["metadata"].get("labels", {})
        template = {"metadata": {"labels": labels}, "spec": self._pod(live["spec"]["template"]["spec"])}
        meta = {"name": "check-workload", "namespace": self.namespace or space, "labels": labels}
        version = {"Pod": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}.get(self.kind, "apps/v1")
        return {"apiVersion": version, "kind": self.kind, "metadata": meta, "spec": self._spec(template, labels)}

    def _pod(self, spec: Mapping[str, Any]) -> Manifest:
        amounts = {"cpu": "100m", "memory": "128Mi", **({GPU: str(self.gpus)} if self.gpus else {})}
        first = {**spec["containers"][0], "resources": {"requests": amounts, "limits": amounts}}
        first = {**first, "image": self.image or first["image"]}
        made = {**spec, "containers": [first]}
        if self.init:
            made["initContainers"] = [{**first, "name": "fetch", "image": self.init}]
            for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
                made["initContainers"][0].pop(probe, None)
        return made

    def _spec(self, template: Manifest, labels: Mapping[str, str]) -> Manifest:
        if self.kind == "Pod":
            return dict(template["spec"])
        once = {**template, "spec": {**template["spec"], "restartPolicy": "Never"}}
        if self.kind == "Job":
            return {"parallelism": self.replicas, "template": once}
        if self.kind == "CronJob":
            return {"schedule": "0 4 * * *", "jobTemplate": {"spec": {"template": once}}}
        more = {"serviceName": "inference"} if self.kind == "StatefulSet" else {}
        return {"replicas": self.replicas, "selector": {"matchLabels": dict(labels)}, "template": template, **more}


def _w(about: str, kind: str, environment: str, *names: str, **how: Any) -> Workload:
    return Workload(kind, environment, about, names, **how)


_TAG, _STRANGER = "images.acme.test/vision/inference:2.0.0", f"docker.io/library/busybox@{DIGEST}"
BAD_WORKLOADS: Sequence[Workload] = (
    _w("a Deployment whose image has a tag", "Deployment", "prod", _TAG, image=_TAG),
    _w("a Pod whose image has a tag", "Pod", "dev", _TAG, image=_TAG),
    _w("a Pod with an init container whose image has a tag", "Pod", "staging", _TAG, init=_TAG),
    _w("a Deployment with an image of another registry", "Deployment", "dev", _STRANGER, image=_STRANGER),
    _w("a Pod with an image of another registry", "Pod", "prod", _STRANGER, image=_STRANGER),
    _w("a Deployment with 2 GPUs in dev", "Deployment", "dev", "2", "1", gpus=1, replicas=2),
    _w("a Deployment with 4 GPUs in staging", "Deployment", "staging", "4", "2", gpus=2, replicas=2),
    _w("a Deployment with 9 GPUs in prod", "Deployment", "prod", "9", "8", gpus=3, replicas=3),
)
