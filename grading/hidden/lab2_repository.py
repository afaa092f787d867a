"""Hidden tests of Lab 2, notebook 01: the rendered manifests are what the cluster's API takes, and no copy is left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from grading.hidden.lab1_module import HiddenTestFailed
from helpers.core import yaml_reader
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
        found = kit.rendered(lab, kit.BASE)
        pod = kit.one(found, "Deployment")["spec"]["template"]["spec"]
        if not all(_never_root(pod, container) for container in pod["containers"]):
            raise Unmet(f"{kit.ROOT}/{DEPLOYMENT}: the pod may run as root")
        made = {item["metadata"]["name"] for item in found.manifests if item["kind"] == "ConfigMap"}
        generated = [one["name"] for one in kit.document(lab, KUSTOMIZATION).get("configMapGenerator") or []]
        hashed = {name for name in made for one in generated if re.fullmatch(re.escape(one) + "-[a-z0-9]{10}", name)}
        if not _config_maps(pod) & hashed:
            raise Unmet(f"{kit.ROOT}/{KUSTOMIZATION}: the name of the ConfigMap does not change with its content")


def _never_root(pod: dict[str, Any], container: dict[str, Any]) -> bool:
    """Return whether a container may not run as root: what it says itself wins over its pod."""
    settings = {**(pod.get("securityContext") or {}), **(container.get("securityContext") or {})}
    return settings.get("runAsNonRoot") is True and settings.get("runAsUser") != 0


def _config_maps(part: Any) -> set[str]:
    """Return the names of the ConfigMaps that a part of a pod refers to."""
    if isinstance(part, list):
        return set().union(*map(_config_maps, part))
    if not isinstance(part, dict):
        return set()
    own = {part[key].get("name", "") for key in ("configMapRef", "configMapKeyRef", "configMap") if part.get(key)}
    return own.union(*map(_config_maps, part.values()))


def overlays(lab: Lab) -> None:
    """An overlay repeats nothing of the base, and more pods run in prod than in dev."""
    with judged("The overlays are copies of the base"):
        counts = {}
        for environment in kit.ENVIRONMENTS:
            deployment = kit.one(kit.overlay(lab, environment), "Deployment")
            counts[environment] = deployment["spec"]["replicas"]
            for path, text in kit.files(lab, f"{kit.OVERLAYS}/{environment}").items():
                if any(_repeats(document) for document in documents(text)):
                    raise Unmet(f"{kit.ROOT}/{path}: this repeats the base")
        if not counts["dev"] <= counts["staging"] <= counts["prod"]:
            raise Unmet(f"{kit.ROOT}/{kit.OVERLAYS}: replicas do not grow from dev to prod: {counts}")
        prod = kit.overlay(lab, "prod")
        chosen = kit.one(prod, "PodDisruptionBudget")["spec"].get("selector") or {}
        labels = kit.one(prod, "Deployment")["spec"]["template"]["metadata"]["labels"]
        other = {**labels, NAME_LABEL: "something-else"}
        if not selects(chosen, labels) or selects(chosen, other):
            raise Unmet(f"{kit.ROOT}/{kit.OVERLAYS}/prod/disruption-budget.yaml does not cover the service's pods")


def documents(text: str) -> list[Any]:
    """Return the YAML documents of a file; a file that is none has none."""
    try:
        return yaml_reader.load_all(text)
    except yaml_reader.InvalidYaml:
        return []


def _repeats(part: Any) -> bool:
    """Return whether a part of an overlay says again what the base says: its Service, or a probe."""
    if isinstance(part, list):
        return any(map(_repeats, part))
    if not isinstance(part, dict):
        return False
    if "readinessProbe" in part or (part.get("kind") == "Service" and "spec" in part):
        return True
    inline = [one for key, text in part.items() if key == "patch" and isinstance(text, str) for one in documents(text)]
    return any(map(_repeats, [*part.values(), *inline]))


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Return whether a label selector chooses something with these labels, as the Kubernetes API defines it."""
    if any(labels.get(name) != value for name, value in (selector.get("matchLabels") or {}).items()):
        return False
    for rule in selector.get("matchExpressions") or []:
        there, values = rule["key"] in labels, rule.get("values") or []
        chosen = {
            "In": there and labels.get(rule["key"]) in values,
            "NotIn": labels.get(rule["key"]) not in values,
            "Exists": there,
            "DoesNotExist": not there,
        }
        if not chosen.get(rule["operator"], False):
            return False
    return True


def pinned(lab: Lab) -> None:
    """The commit that landed is signed by somebody the repository trusts, and its approval is bound to it."""
    with judged("The way into main was not the agreed one"):
        world = kit.platform(lab)
        pull = kit.merged(world, [kit.release(environment) for environment in kit.ENVIRONMENTS])
        if not any(a.valid and a.commit == pull.head for a in pull.approvals):
            raise Unmet(f"the approval of pull request {pull.number} is not for the commit that landed")
