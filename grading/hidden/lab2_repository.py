"""Hidden tests of Lab 2, notebook 01: the rendered manifests are what the cluster's API takes, and no copy is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from grading.hidden.lab1_module import HiddenTestFailed
from helpers.course.checks import Unmet
from helpers.course.checks.lab2_repository import DEPLOYMENT, KUSTOMIZATION, NAME_LABEL
from helpers.course.checks.support import gitops as kit
from helpers.course.labs import Lab


@contextmanager
def judged(what: str) -> Iterator[None]:
    """Turn what a check says into a hidden test's failure."""
    try:
        yield
    except Unmet as unmet:
        raise HiddenTestFailed(what, why=unmet.reason) from None


def base(lab: Lab) -> None:
    """The pods may run where the Pod Security Standard restricted holds, and a new model rolls the Deployment."""
    with judged("The base would not run in a namespace of Acme"):
        deployment = kit.manifest(lab, DEPLOYMENT, "Deployment")
        pod = deployment["spec"]["template"]["spec"]
        if (pod.get("securityContext") or {}).get("runAsNonRoot") is not True:
            raise Unmet(f"{kit.ROOT}/{DEPLOYMENT}: the pod may run as root")
        rendered = kit.one(kit.rendered(lab, kit.BASE), "Deployment")
        source = (kit.container(rendered).get("envFrom") or [{}])[0].get("configMapRef", {}).get("name", "")
        if source in ("", "inference-model"):
            raise Unmet(f"{kit.ROOT}/{KUSTOMIZATION}: the name of the ConfigMap does not change with its content")


def overlays(lab: Lab) -> None:
    """An overlay repeats nothing of the base, and more pods run in prod than in dev."""
    with judged("The overlays are copies of the base"):
        counts = {}
        for environment in kit.ENVIRONMENTS:
            deployment = kit.one(kit.overlay(lab, environment), "Deployment")
            counts[environment] = deployment["spec"]["replicas"]
            for path, text in kit.files(lab, f"{kit.OVERLAYS}/{environment}").items():
                if "readinessProbe" in text or "kind: Service\n" in text:
                    raise Unmet(f"{kit.ROOT}/{path}: this repeats the base")
        if not counts["dev"] <= counts["staging"] <= counts["prod"]:
            raise Unmet(f"{kit.ROOT}/{kit.OVERLAYS}: replicas do not grow from dev to prod: {counts}")
        budget = kit.one(kit.overlay(lab, "prod"), "PodDisruptionBudget")
        if budget["spec"].get("selector", {}).get("matchLabels") != {NAME_LABEL: "inference"}:
            raise Unmet(f"{kit.ROOT}/{kit.OVERLAYS}/prod/disruption-budget.yaml does not cover the service's pods")


def pinned(lab: Lab) -> None:
    """The commit that landed is signed by somebody the repository trusts, and its approval is bound to it."""
    with judged("The way into main was not the agreed one"):
        world = kit.platform(lab)
        pull = kit.merged(world, [kit.release(environment) for environment in kit.ENVIRONMENTS])
        if not any(a.valid and a.commit == pull.head for a in pull.approvals):
            raise Unmet(f"the approval of pull request {pull.number} is not for the commit that landed")
