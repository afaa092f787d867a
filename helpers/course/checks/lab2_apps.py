"""Checks of notebook 02 of Lab 2: the team's fence, one root for all applications, a quota for GPUs."""

from __future__ import annotations

import contextlib
import fnmatch
from collections.abc import Mapping
from typing import Any

from helpers.clients import kubernetes
from helpers.clients.argocd import ArgoError, ArgoNotFound, PermissionDenied, ProjectForbids, TimedOut
from helpers.course.checks import Unmet, every, item, require, settled, step
from helpers.course.checks.support import gitops as kit
from helpers.course.checks.support.quantities import same
from helpers.course.delivery import Platform
from helpers.course.workspace import Workspace

VISION = "projects/vision.yaml"
ROOT_APP, CHILDREN = "clusters/root/application.yaml", "clusters/apps"
QUOTA, RBAC = "tenants/base/quota.yaml", "tenants/base/rbac.yaml"
SERVER = "https://kubernetes.default.svc"
SPACES = {f"inference-{environment}" for environment in kit.ENVIRONMENTS}
#: Kinds by which a team would set its own limits.
LIMITS = {
    "ResourceQuota": "",
    "LimitRange": "",
    "NetworkPolicy": "networking.k8s.io",
    "Role": "rbac.authorization.k8s.io",
    "RoleBinding": "rbac.authorization.k8s.io",
}
#: What the quota counts beside GPUs.
QUOTAS = {"requests.cpu": "16", "requests.memory": "64Gi", "limits.memory": "128Gi", "pods": "20"}
LOOKING = {"get", "list", "watch"}
WAVE = "argocd.argoproj.io/sync-wave"
#: Application -> project, directory, namespace, syncs by itself.
APPLICATIONS = {
    "projects": ("platform", "projects", "argocd", True),
    "tenants": ("platform", "tenants", "argocd", True),
    "inference-dev": ("vision", "apps/inference/overlays/dev", "inference-dev", True),
    "inference-staging": ("vision", "apps/inference/overlays/staging", "inference-staging", True),
    "inference-prod": ("vision", "apps/inference/overlays/prod", "inference-prod", False),
}
GPU = "nvidia.com/gpu"
GPUS = {"dev": 1, "staging": 2, "prod": 8}


@step(
    "lab2",
    "project",
    hints=(
        "What may an Application of this project name: which repository, which namespaces, which kinds?",
        "sourceRepos, destinations (server and namespace), clusterResourceWhitelist and namespaceResourceBlacklist are "
        "fields of spec; then deliver the directory projects, and platform.apply('projects').",
        "sourceRepos: [set-by-clusters-repository], three destinations with server: https://kubernetes.default.svc, "
        "clusterResourceWhitelist: [], and five entries {group: ..., kind: ...} in namespaceResourceBlacklist",
    ),
)
def project(lab: Workspace) -> str:
    """The project is fenced in, as a file and as Argo CD enforces it."""
    manifest = kit.manifest(lab, VISION, "AppProject", "vision")
    require(manifest.get("spec"), f"{kit.ROOT}/{VISION}: the AppProject has no spec")
    rendered = kit.one(kit.rendered(lab, "projects"), "AppProject", "vision")["spec"]
    with every("The project in the file"):
        fenced(lab, rendered)
    settled()
    world = kit.platform(lab)
    live = _live_project(world)
    require(
        live.get("sourceRepos") == [world.forge().url("platform")],
        f"Argo CD's project vision allows {live.get('sourceRepos')}, not the repository: apply what is in main",
    )
    lists = ("clusterResourceWhitelist", "namespaceResourceWhitelist", "namespaceResourceBlacklist")
    for key in ("destinations", *lists):
        same = _plain(live.get(key)) == _plain(rendered.get(key))
        require(same, f"Argo CD's project vision has other {key} than {kit.ROOT}/{VISION}: deliver and apply it")
    refused(world, "kube-system")
    refused(world, "argocd")
    accepted(world, "inference-dev")
    return "Argo CD refuses kube-system and argocd, and takes inference-dev; the repository is the only source"


def fenced(lab: Workspace, spec: Mapping[str, Any]) -> None:
    """Raise `Unmet` unless the spec of the project names one repository, three namespaces, and no dangerous kind."""

    def at(*keys: str | int) -> str:
        return kit.where(lab, VISION, "spec", *keys)

    repositories = spec.get("sourceRepos") or []
    known = kit.address()
    require(repositories == [known], f"{at('sourceRepos')}: sourceRepos is {repositories}, not only this repository")
    targets = spec.get("destinations") or []
    spaces = {str(target.get("namespace")) for target in targets}
    wild = sorted(space for space in spaces if "*" in space)
    require(not wild, f"{at('destinations')}: the namespace {', '.join(wild)} is a pattern, and restricts nothing")
    missing, more = sorted(SPACES - spaces), sorted(spaces - SPACES)
    require(not missing, f"{at('destinations')}: {', '.join(missing)} is not among the destinations")
    require(not more, f"{at('destinations')}: {', '.join(more)} is not the team's namespace")
    for number, target in enumerate(targets):
        says = target.get("server")
        require(says == SERVER, f"{at('destinations', number)}: the server is {says}, not {SERVER}")
    wide = spec.get("clusterResourceWhitelist") or []
    kinds = ", ".join(str(entry.get("kind")) for entry in wide)
    require(not wide, f"{at('clusterResourceWhitelist')}: {kinds} reaches beyond a namespace")
    open_ = [kind for kind, group in LIMITS.items() if permits(spec, group, kind)]
    key = "namespaceResourceWhitelist" if spec.get("namespaceResourceWhitelist") else "namespaceResourceBlacklist"
    require(not open_, f"{at(key)}: the team may change its own limits: {', '.join(open_)} is free")
    needed = [kind for group, kind in NEEDED if not permits(spec, group, kind)]
    require(not needed, f"{at(key)}: the team cannot deploy its service: {', '.join(needed)} is not permitted")


#: What the inference service is made of.
NEEDED = (
    ("apps", "Deployment"),
    ("", "Service"),
    ("", "ConfigMap"),
    ("", "ServiceAccount"),
    ("policy", "PodDisruptionBudget"),
)


def permits(spec: Mapping[str, Any], group: str, kind: str) -> bool:
    """Return whether a project permits a namespaced kind, as Argo CD decides: whitelist, then blacklist."""

    def listed(key: str) -> bool:
        entries = spec.get(key) or ()
        return any(_matches(group, e.get("group", "")) and _matches(kind, e.get("kind", "")) for e in entries)

    allowed = spec.get("namespaceResourceWhitelist") is None or listed("namespaceResourceWhitelist")
    return allowed and not listed("namespaceResourceBlacklist")


def _matches(name: str, pattern: Any) -> bool:
    return fnmatch.fnmatchcase(name, str(pattern))


def _live_project(world: Platform) -> dict[str, Any]:
    try:
        return dict(world.argocd.project("vision").raw.get("spec") or {})
    except (ArgoNotFound, PermissionDenied):
        raise Unmet(
            "Argo CD has no project vision: deliver the directory projects, then platform.apply('projects')"
        ) from None


def _plain(value: Any) -> list[tuple[tuple[str, Any], ...]]:
    return sorted(tuple(sorted(entry.items())) for entry in value or [])


def _attempt(world: Platform, namespace: str) -> dict[str, Any]:
    source = {"repoURL": world.forge().url("platform"), "path": "apps/inference/overlays/dev", "targetRevision": "main"}
    spec = {"project": "vision", "source": source, "destination": {"server": SERVER, "namespace": namespace}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "check-fence"},
        "spec": spec,
    }


def refused(world: Platform, namespace: str) -> None:
    """Raise `Unmet` unless Argo CD refuses an Application of the project because of the project."""
    try:
        world.argocd.apply(_attempt(world, namespace))
    except ProjectForbids:
        return
    except ArgoError as error:
        raise Unmet(f"Argo CD refuses {namespace}, but not by the project: {error.what}") from None
    finally:
        with contextlib.suppress(ArgoNotFound):
            world.argocd.delete("check-fence", cascade=False)
    raise Unmet(f"Argo CD takes an Application of project vision into {namespace}: the fence has a hole")


def accepted(world: Platform, namespace: str) -> None:
    """Raise `Unmet` unless Argo CD takes an Application of the project; it never syncs and is removed again."""
    try:
        world.argocd.apply(_attempt(world, namespace))
    except ArgoError as error:
        why = " ".join(error.why.split())
        raise Unmet(f"Argo CD refuses what the team needs, an Application into {namespace}: {why}") from None
    world.argocd.delete("check-fence", cascade=False)


@step(
    "lab2",
    "root",
    hints=(
        "Which directory does the root look at? Who makes the namespace that inference-dev needs?",
        "Each child is the model again with name, wave, project, path and namespace of its row; production has no "
        "automated under syncPolicy. Deliver clusters and tenants, apply clusters/root, wait, sync production.",
        "root: path: clusters/apps, project: platform, automated: {prune: true, selfHeal: true}; then "
        "platform.apply('clusters/root'), argo.wait_all([...]), argo.sync('inference-prod'), argo.wait(...)",
    ),
)
def root(lab: Workspace) -> str:
    """The root brings every child in order, and Argo CD says that each is Synced and Healthy."""
    manifest = kit.manifest(lab, ROOT_APP, "Application", "root")
    at = f"{kit.ROOT}/{ROOT_APP}"
    require(manifest.get("spec"), f"{at}: the Application root has no spec")
    made = kit.one(kit.rendered(lab, "clusters/root"), "Application", "root")
    _as_agreed(made, ("platform", "clusters/apps", "argocd", True), at, kit.address())
    children = {one["metadata"]["name"]: one for one in kit.rendered(lab, CHILDREN).find("Application")}
    for name, agreed in APPLICATIONS.items():
        with every(name):
            file = f"{kit.ROOT}/{CHILDREN}/{'inference' if name in SPACES else 'platform'}.yaml"
            require(name in children, f"{file}: Application {name} is missing")
            _as_agreed(children[name], agreed, file, kit.address())
    settled()
    with every("The order"):
        _in_order(children)
    settled()
    return _settled(kit.platform(lab), set(children))


def _as_agreed(made: Mapping[str, Any], agreed: tuple[str, str, str, bool], file: str, repository: str) -> None:
    name, spec = made["metadata"]["name"], made["spec"]
    source, target = spec.get("source") or {}, spec.get("destination") or {}
    policy = (spec.get("syncPolicy") or {}).get("automated")
    wanted_project, path, namespace, alone = agreed
    for what, is_, should in (
        ("project", spec.get("project"), wanted_project),
        ("path", str(source.get("path", "")).rstrip("/"), path),
        ("namespace", target.get("namespace"), namespace),
        ("server", SERVER if target.get("name") == "in-cluster" else target.get("server"), SERVER),
        ("repoURL", source.get("repoURL"), repository),
    ):
        require(is_ == should, f"{file}: {what} of {name} is {is_}, not {should}")
    if policy is not None and policy.get("enabled") is False:
        policy = None
    if not alone:
        require(policy is None, f"{file}: {name} syncs by itself; production waits for a person")
        return
    require(policy is not None, f"{file}: {name} does not sync by itself: syncPolicy has no automated")
    for what in ("prune", "selfHeal"):
        require((policy or {}).get(what) is True, f"{file}: {name} has no {what}: true under automated")


def _in_order(children: Mapping[str, Mapping[str, Any]]) -> None:
    def wave(name: str) -> int:
        said = (children[name]["metadata"].get("annotations") or {}).get(WAVE, "0")
        require(str(said).lstrip("-").isdigit(), f"{kit.ROOT}/{CHILDREN}: the wave of {name} is {said!r}, no number")
        return int(said)

    for first, second in (("projects", "tenants"), *(("tenants", name) for name in sorted(SPACES))):
        says = f"{first} (wave {wave(first)}) does not come before {second} (wave {wave(second)})"
        require(wave(first) < wave(second), f"{kit.ROOT}/{CHILDREN}: {says}")


def _settled(world: Platform, names: set[str]) -> str:
    argo = world.argocd
    try:
        argo.application("root", refresh="normal")
    except ArgoNotFound:
        raise Unmet("Argo CD has no Application root: deliver clusters, then platform.apply('clusters/root')") from None
    kit.merged(world, ["clusters/apps"])
    brought = set(argo.application("root").children)
    missing = sorted(names - brought)
    require(not missing, f"Argo CD's root does not bring {', '.join(missing)}: deliver {kit.ROOT}/{CHILDREN}")
    for name in sorted(names):
        argo.application(name, refresh="normal")
        try:
            argo.wait(name, timeout=60)
        except TimedOut as error:
            now = error.application or argo.application(name)
            why = " ".join(error.why.split())[:300]
            raise Unmet(f"{name} is {now.sync} and {now.health}, not Synced and Healthy. {why}") from None
    return f"the root brings {len(names)} applications, each Synced and Healthy"


@step(
    "lab2",
    "tenants",
    hints=(
        "Who counts GPUs: Git, Argo CD or the API server? And what may the team read there?",
        "spec.hard in quota.yaml has requests.nvidia.com/gpu as a text; the RoleBinding's subject in rbac.yaml is a "
        "Group. Both files must be listed in tenants/base/kustomization.yaml, and the directory tenants delivered.",
        'requests.nvidia.com/gpu: "0" under spec: hard:, a Role with verbs: [get, list, watch], a RoleBinding with '
        "subjects: - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: team-vision}",
    ),
)
def tenants(lab: Workspace) -> str:
    """Each environment has its quota of GPUs, which the API server enforces, and the team may only look."""
    quota = kit.manifest(lab, QUOTA, "ResourceQuota", "tenant")
    hard = (quota.get("spec") or {}).get("hard") or {}
    at = kit.where(lab, QUOTA, "spec", "hard")
    require(quota.get("spec"), f"{kit.ROOT}/{QUOTA}: the ResourceQuota has no spec")
    require(f"requests.{GPU}" in hard, f"{at}: requests.{GPU} is not counted")
    kit.manifest(lab, RBAC, "Role", "tenant-viewer")
    kit.manifest(lab, RBAC, "RoleBinding", "tenant-viewer")
    found = kit.rendered(lab, "tenants")
    for environment, gpus in GPUS.items():
        with every(environment):
            _room(found.manifests, environment, gpus)
    settled()
    world = kit.platform(lab)
    _tenants_synced(world)
    for environment, gpus in GPUS.items():
        with item("What the API server says", environment):
            counted(world, environment, gpus)
    with every("What the team may do"):
        looks_only(world)
    return "the API server refuses one GPU too many in each environment; team-vision may look and not touch"


def _room(manifests: tuple[dict[str, Any], ...], environment: str, gpus: int) -> None:
    space = f"inference-{environment}"
    here = [m for m in manifests if m["metadata"].get("namespace") == space]
    for kind in ("ResourceQuota", "Role", "RoleBinding"):
        there = any(m["kind"] == kind for m in here)
        require(there, f"{kit.ROOT}/tenants/base/kustomization.yaml: {space} gets no {kind}; is its file listed?")
    quota = next((m for m in here if m["kind"] == "ResourceQuota"), None)
    if quota is None:  # said already
        return
    said = quota["spec"]["hard"].get(f"requests.{GPU}")
    file = f"{kit.ROOT}/tenants/vision/{environment}/kustomization.yaml"
    require(same(said, str(gpus)), f"{file}: {space} has a quota of {said} GPUs, not {gpus}")
    for name, wanted in QUOTAS.items():
        counts = quota["spec"]["hard"].get(name)
        require(same(counts, wanted), f"{kit.ROOT}/{QUOTA}: the quota of {name} is {counts}, not {wanted}")
    for role in (m for m in here if m["kind"] == "Role"):
        for rule in role.get("rules") or ():
            _only_looks(rule)


def _only_looks(rule: Mapping[str, Any]) -> None:
    verbs, resources = set(rule.get("verbs") or ()), set(rule.get("resources") or ())
    more = ", ".join(sorted(verbs - LOOKING))
    require(not more, f"{kit.ROOT}/{RBAC}: the team may {more} {', '.join(sorted(resources))}: changes go through Git")
    # With get, a client may open a shell in a container as well.
    seen = sorted(resources & {"*", "secrets", "pods/exec", "pods/attach", "pods/portforward"})
    require(not seen, f"{kit.ROOT}/{RBAC}: the team may look at {', '.join(seen)}")


def _tenants_synced(world: Platform) -> None:
    try:
        world.argocd.application("tenants", refresh="normal")
        world.argocd.wait("tenants", timeout=60)
    except ArgoNotFound:
        raise Unmet("Argo CD has no Application tenants: the root brings it, see the step before") from None
    except TimedOut as error:
        why = " ".join(error.why.split())[:300]
        raise Unmet(f"Argo CD has not deployed the tenants: {error.what}. {why}") from None


def counted(world: Platform, environment: str, gpus: int) -> None:
    """Raise `Unmet` unless the API server refuses one GPU more than the quota, with the quota's message."""
    space, cluster = f"inference-{environment}", world.cluster
    try:
        workload = cluster.get("Deployment", "inference", namespace=space).raw
    except kubernetes.ObjectNotFound:
        raise Unmet(f"{space} has no Deployment inference: see the step before") from None
    try:
        cluster.apply(_pod(workload, space, gpus + 1), dry_run=True)
    except kubernetes.QuotaExceeded as error:
        asked = f"requests.{GPU}" in error.asked
        require(asked, f"{space}: the quota refuses it for {', '.join(error.asked)}, not for GPUs")
        return
    except kubernetes.KubernetesError as error:
        raise Unmet(f"{space} refuses {gpus + 1} GPUs, but not by the quota: {error.what}") from None
    raise Unmet(f"{space} takes a pod with {gpus + 1} GPUs: deliver {kit.ROOT}/tenants, so that the quota gets there")


def _pod(workload: Mapping[str, Any], namespace: str, gpus: int) -> dict[str, Any]:
    """Return a pod like those that run there, so that nothing but its GPUs is a reason to refuse it."""
    template = workload["spec"]["template"]
    amounts = {"cpu": "100m", "memory": "128Mi", GPU: str(gpus)}
    first = {**template["spec"]["containers"][0], "resources": {"requests": amounts, "limits": amounts}}
    meta = {"name": "check-one-too-many", "namespace": namespace, "labels": template["metadata"].get("labels", {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {**template["spec"], "containers": [first]}}


def looks_only(world: Platform) -> None:
    """Raise `Unmet` unless team-vision may look at its own pods, and change and learn nothing else; others may not."""
    cluster = world.cluster
    for verb, resource, space, may in (
        ("get", "pods", "inference-dev", True),
        ("get", "pods/log", "inference-prod", True),
        ("list", "deployments.apps", "inference-staging", True),
        ("delete", "pods", "inference-dev", False),
        ("patch", "deployments.apps", "inference-prod", False),
        ("get", "secrets", "inference-dev", False),
        ("get", "pods", "kube-system", False),
    ):
        says = cluster.can_i(verb, resource, namespace=space, user="jo", groups=["team-vision"])
        word = "may not" if may else "may"
        require(says == may, f"{kit.ROOT}/{RBAC}: a member of team-vision {word} {verb} {resource} in {space}")
    others = cluster.can_i("get", "pods", namespace="inference-dev", user="sam", groups=["team-speech"])
    require(not others, f"{kit.ROOT}/{RBAC}: a member of team-speech may get pods in inference-dev")
