"""Checks of notebook 01 of Lab 2: one base, three overlays, images pinned by digest."""

from __future__ import annotations

import posixpath
from typing import Any

from helpers.course.checks import every, require, step
from helpers.course.checks.support import gitops as kit
from helpers.course.checks.support.quantities import same
from helpers.course.workspace import Workspace
from helpers.wrappers.kustomize import Rendered

DEPLOYMENT = f"{kit.BASE}/deployment.yaml"
KUSTOMIZATION = f"{kit.BASE}/kustomization.yaml"
NAME_LABEL = "app.kubernetes.io/name"
OWNED = {"owner": "vision", "cost-centre": "cc-1042"}
IMAGE = "images.acme.test/vision/inference"
GPU = "nvidia.com/gpu"
PROBES = {"startupProbe": "/healthz", "readinessProbe": "/readyz", "livenessProbe": "/healthz"}
#: Those of the table; production may have adopted more by the end of the lab.
REPLICAS = {"dev": range(1, 2), "staging": range(2, 3), "prod": range(3, 9)}
CONTAINER = ("spec", "template", "spec", "containers", 0)
_ROLLOUT = (
    "A node has as many GPUs as pods. Where would the new pod run while the old one is still there?",
    "How a release goes on is in deployment.yaml: spec.strategy, and how long it may take, beside it.",
    "progressDeadlineSeconds: 15\nstrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: ...}}",
)
_LABELS = (
    "Which labels may every object have, and by which alone may a Deployment choose its pods?",
    "labels: in kustomization.yaml is a list: an entry with includeSelectors also changes selectors, one with "
    "includeTemplates only adds to pods. resources: lists every file of the base. No entry says namespace.",
    f"labels:\n  - includeSelectors: true\n    pairs: {{{NAME_LABEL}: inference}}\n"
    "  - includeTemplates: true\n    pairs: {owner: vision, ...}",
)


@step(
    "lab2",
    "base",
    reads=("platform/apps/inference/base",),
    hints=(
        "Which of these lines would be the same on every cluster, and which belong to one environment only?",
        "Every row of the table is one field of deployment.yaml; the labels are two entries under labels: in "
        "kustomization.yaml, one with includeSelectors, one with includeTemplates.",
        "image: inference, resources: {requests: {cpu: 500m, memory: 2Gi, nvidia.com/gpu: 1}, limits: {memory: 4Gi, "
        "nvidia.com/gpu: 1}}, and each probe as httpGet: {path: ..., port: http}",
    ),
)
def base(lab: Workspace) -> str:
    """The base renders, follows the table, carries the labels, and belongs to no environment."""
    deployment = kit.manifest(lab, DEPLOYMENT, "Deployment", "inference")
    kit.document(lab, KUSTOMIZATION)
    with every("The rollout", _ROLLOUT):
        _rollout(lab, deployment)
    with every("The container"):
        _container(lab, kit.container(deployment))
    found = kit.rendered(lab, kit.BASE)
    with every("Labels and selectors", _LABELS):
        labelled(found, {NAME_LABEL: "inference", **OWNED}, f"{kit.ROOT}/{KUSTOMIZATION}")
        for one in found.manifests:
            place = one["metadata"].get("namespace")
            require(not place, f"{kit.ROOT}/{kit.BASE}: {one['kind']} is in namespace {place}; the overlay says where")
        _selects(found)
    return f"the base renders to {len(found.manifests)} objects and belongs to no environment"


def _rollout(lab: Workspace, deployment: dict[str, Any]) -> None:
    spec = deployment.get("spec") or {}
    deadline = spec.get("progressDeadlineSeconds")
    at = kit.where(lab, DEPLOYMENT, "spec", "progressDeadlineSeconds")
    require(deadline is not None, f"{at}: the Deployment has no progressDeadlineSeconds: a bad release shows too late")
    require(deadline == 15, f"{at}: progressDeadlineSeconds is {deadline}, not 15")
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    at = kit.where(lab, DEPLOYMENT, "spec", "strategy", "rollingUpdate")
    require(
        rolling.get("maxSurge") == 0 and rolling.get("maxUnavailable") == 1,
        f"{at}: rollingUpdate is not maxSurge: 0, maxUnavailable: 1; a surge asks for a GPU that is not available",
    )
    at = kit.where(lab, DEPLOYMENT, "spec", "replicas")
    require(spec.get("replicas") == 1, f"{at}: replicas of the base is {spec.get('replicas')}; overlays say more")


def _container(lab: Workspace, container: dict[str, Any]) -> None:
    def at(*keys: str | int) -> str:
        return kit.where(lab, DEPLOYMENT, *CONTAINER, *keys)

    image = container.get("image")
    require(image == "inference", f"{at('image')}: image is {image!r}; the base only has the stand-in 'inference'")
    for probe, path in PROBES.items():
        get = (container.get(probe) or {}).get("httpGet") or {}
        right = get.get("path") == path and get.get("port") == "http"
        require(right, f"{at(probe)}: {probe} does not ask {path} on port http")
    startup = container["startupProbe"]
    patience = startup.get("failureThreshold", 3) * startup.get("periodSeconds", 10)
    require(patience >= 300, f"{at('startupProbe')}: it gives up after {patience} s; loading the model takes 300 s")
    resources = container.get("resources") or {}
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    for kind, amounts in (("requests", requests), ("limits", limits)):
        said = amounts.get(GPU)
        require(str(said) == "1", f"{at('resources', kind)}: {kind} of {GPU} is {said}, not 1")
    for name, good in {"cpu": "500m", "memory": "2Gi"}.items():
        said = requests.get(name)
        require(same(said, good), f"{at('resources', 'requests')}: the request of {name} is {said}, not {good}")
    said = limits.get("memory")
    require(same(said, "4Gi"), f"{at('resources', 'limits')}: the limit of memory is {said}, not 4Gi")
    security = container.get("securityContext") or {}
    hard = security.get("allowPrivilegeEscalation") is False and security.get("readOnlyRootFilesystem") is True
    require(hard, f"{at('securityContext')}: the security settings that were given are gone")


def labelled(found: Rendered, labels: dict[str, str], file: str) -> None:
    """Raise `Unmet` unless every object, and every pod, has the labels.

    Args:
        found: what was rendered. labels: that must be there. file: where they are set, for the reason.
    """
    for item in found.manifests:
        what = f"{item['kind']} {item['metadata']['name']}"
        pods = [("its pods", (item.get("spec") or {}).get("template", {}).get("metadata") or {})]
        for whose, meta in [("it", item["metadata"]), *(pods if item["kind"] == "Deployment" else [])]:
            has = meta.get("labels") or {}
            for name, value in labels.items():
                says = f"{file}: {what}: label {name} of {whose} is {has.get(name)!r}, not {value!r}"
                require(has.get(name) == value, says.replace("of it is", "is"))


def _selects(found: Rendered) -> None:
    deployment, service = kit.one(found, "Deployment", "inference"), kit.one(found, "Service", "inference")
    chosen = deployment["spec"].get("selector", {}).get("matchLabels", {})
    file = f"{kit.ROOT}/{KUSTOMIZATION}"
    require(
        set(chosen) == {NAME_LABEL},
        f"{file}: the Deployment selects by {', '.join(sorted(chosen)) or 'nothing'}; a selector can never be changed, "
        f"so it is {NAME_LABEL} alone",
    )
    require(service["spec"].get("selector") == chosen, f"{file}: the Service does not select the Deployment's pods")
    kit.one(found, "ServiceAccount", "inference")
    kit.one(found, "ConfigMap")


@step(
    "lab2",
    "overlays",
    reads=("platform/apps/inference",),
    hints=(
        "Dev is written for you. Which of its lines would be others in staging? Which are the same?",
        "namespace:, labels: with includeTemplates, replicas:, and components: [release] are four entries of "
        "kustomization.yaml; prod lists the budget under resources: and resources.yaml under patches:.",
        "Copy dev's overlay, put staging in place of dev twice and count: 2. For prod also: patches: - path: "
        "resources.yaml, whose container is called server, with memory 8Gi requested, 16Gi at most.",
    ),
)
def overlays(lab: Workspace) -> str:
    """Every overlay renders, and differs from the base where the table says, and nowhere else."""
    counts = {}
    for environment in kit.ENVIRONMENTS:
        with every(environment):
            counts[environment] = overlay(lab, environment)
    return "replicas: " + ", ".join(f"{name} {count}" for name, count in counts.items())


def overlay(lab: Workspace, environment: str) -> int:
    """Judge one overlay and return its number of replicas.

    Raises:
        Unmet: it is not as the table says.
    """
    file = f"{kit.OVERLAYS}/{environment}/kustomization.yaml"
    says = kit.document(lab, file)
    for key, value in (("resources", "../../base"), ("components", "release")):
        listed = [posixpath.normpath(str(one)) for one in says.get(key) or []]
        at = kit.where(lab, file, key)
        require(value in listed, f"{at}: {key} does not list {value}")
    require("images" not in says, f"{kit.where(lab, file, 'images')}: the image is said in release/, not here")
    found = kit.overlay(lab, environment)
    space = f"inference-{environment}"
    for item in found.manifests:
        place = item["metadata"].get("namespace")
        at = kit.where(lab, file, "namespace")
        require(place == space, f"{at}: {item['kind']} is in namespace {place or 'none'}, not {space}")
    labelled(found, {**OWNED, "environment": environment}, f"{kit.ROOT}/{file}")
    deployment = kit.one(found, "Deployment", "inference")
    chosen = deployment["spec"]["selector"]["matchLabels"]
    require(set(chosen) == {NAME_LABEL}, f"{kit.where(lab, file, 'labels')}: the selector has the labels {chosen}")
    count = deployment["spec"].get("replicas")
    allowed = REPLICAS[environment]
    at = kit.where(lab, file, "replicas")
    agreed = f"{allowed[0]} to {allowed[-1]}" if len(allowed) > 1 else f"{allowed[0]}"
    require(count in allowed, f"{at}: {environment} has {count} replicas; agreed are {agreed}")
    _limits(lab, environment, kit.container(deployment))
    if environment == "prod":
        budget = kit.one(found, "PodDisruptionBudget")
        require(budget["spec"].get("minAvailable") == 2, f"{kit.ROOT}/{file}: the budget does not keep 2 pods")
    return int(count)


def _limits(lab: Workspace, environment: str, container: dict[str, Any]) -> None:
    resources = container.get("resources") or {}
    prod = environment == "prod"
    folder = f"{kit.OVERLAYS}/{environment}"
    wanted = {
        ("requests", "memory"): "8Gi" if prod else "2Gi",
        ("limits", "memory"): "16Gi" if prod else "4Gi",
        ("requests", "cpu"): "2" if prod else "500m",
        ("requests", GPU): "1",
        ("limits", GPU): "1",
    }
    for (kind, name), value in wanted.items():
        said = (resources.get(kind) or {}).get(name)
        where = f"{kit.ROOT}/{folder}/{'resources' if prod else 'kustomization'}.yaml"
        require(same(said, value), f"{where}: {environment} has {kind} of {name} {said}, not {value}")


@step(
    "lab2",
    "pinned",
    hints=(
        "Who can change what latest means? Would Git show it?",
        "platform.image('1.0.0') has the name before the @ and the digest after it; images: takes digest: in place of "
        "newTag:. Then the pull request needs bela's approval, and a merge.",
        "lab.write(path.format(environment), PINNED) for each environment, with digest: sha256:...; then "
        "platform.forge('bela').approve('platform', pull.number), platform.forge('learner').merge('platform', "
        "pull.number)",
    ),
)
def pinned(lab: Workspace) -> str:
    """Every environment's release names a digest that the registry has; it is in main, approved by another person."""
    written = {environment: digest_of(lab, environment) for environment in kit.ENVIRONMENTS}
    world = kit.platform(lab)
    right = world.image("1.0.0").partition("@")[2]
    for environment, digest in written.items():
        at = kit.where(lab, kit.release(environment), "images", 0, "digest")
        require(digest == right, f"{at}: {digest[:19]}... is not the digest of 1.0.0")
    pull = kit.merged(world, [kit.release(environment) for environment in kit.ENVIRONMENTS])
    for environment in kit.ENVIRONMENTS:
        in_main = [image for m in world.render(f"{kit.OVERLAYS}/{environment}") for image in _images(m)]
        require(in_main, f"{kit.OVERLAYS}/{environment} of main renders no image: deliver apps/inference")
        for image in in_main:
            require(
                "@sha256:" in image,
                f"main runs {image} in {environment}: platform.release('1.0.0', '{environment}', approve='bela', "
                "merge=True) pins it",
            )
    people = ", ".join(a.person for a in pull.approvals if a.valid)
    return f"three environments run {right[:19]}..., by pull request {pull.number}, approved by {people}"


def digest_of(lab: Workspace, environment: str) -> str:
    """Return the digest that an environment's release in the workspace pins.

    Raises:
        Unmet: it is a tag, nothing, or the overlay does not render to it.
    """
    file = kit.release(environment)
    says = kit.document(lab, file)
    require(says.get("kind") == "Component", f"{kit.where(lab, file, 'kind')}: kind is not Component")
    entries = says.get("images") or [{}]
    entry = entries[0] if isinstance(entries[0], dict) else {}
    at = kit.where(lab, file, "images", 0)
    tag = entry.get("newTag")
    require(
        tag is None, f"{at}: the image is named by a tag, {tag}: whoever moves it changes {environment} without Git"
    )
    require(entry.get("digest"), f"{at}: images has no digest")
    require(entry.get("name") == "inference", f"{at}: it is not for the name 'inference' of the base")
    images = kit.overlay(lab, environment).images
    named = {image.repository for image in images}
    require(named == {IMAGE}, f"{at}: {environment} runs {', '.join(sorted(named))}, not {IMAGE}")
    require(all(image.digest for image in images), f"{at}: {images[0].reference} is not pinned")
    return images[0].digest


def _images(manifest: dict[str, Any]) -> list[str]:
    return [kit.container(manifest)["image"]] if manifest.get("kind") == "Deployment" else []
