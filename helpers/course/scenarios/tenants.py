"""The scenario of the lecture on tenants: teams that share one cluster, and a fence around each.

Built on the scenario of the lectures on approval; every team has a repository, a project and a namespace of its own.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.clients.argocd import ArgoCD, ArgoError, ArgoNotFound, ProjectForbids
from helpers.clients.forge import Forge
from helpers.clients.kubernetes import AdmissionRefused, Cluster
from helpers.core.paths import workspace_dir
from helpers.course import teaching
from helpers.course.scenarios.approval import RUN_SPECIFIC, ServiceScenario
from helpers.course.scenarios.waits import poll_until
from helpers.runtime import services

if TYPE_CHECKING:
    from helpers.clients.kubernetes import Object

TEAMS = ("vision", "speech", "ranking")
#: Teams that have a service of their own here.
DEPLOYING = ("vision", "speech")
#: What differs from run to run in the messages of this lecture: also Argo CD's temporary files.
RUN_SPECIFIC_TEXT = (*RUN_SPECIFIC, r'(?<=from server for: ")[^"]+', r", iat: .*")
#: Objects of the cluster itself that the lecture makes.
POLICY = "lecture-owner"


_RBAC = re.compile(r'User "[^"]+" cannot \S+ resource "[^"]+".*? in the namespace "[^"]+"')
_POLICY = re.compile(r"ValidatingAdmissionPolicy '[^']+'.*? denied request: (?P<said>[^\n]+)")
_QUOTA = re.compile(r"exceeded quota: .+")


@dataclass(frozen=True)
class SyncOutcome:
    """How far a change got into a namespace.

    Attributes:
        layer: what held it: ``AppProject``, ``RBAC``, ``ValidatingAdmissionPolicy``, ``ResourceQuota`` or ``nothing``.
        message: that layer's own words.
        sync: the phase Argo CD's operation ended in. stored: is the Deployment in the namespace? pods: how many run.
    """

    layer: str
    message: str
    sync: str
    stored: bool
    pods: int


class Tenant(ServiceScenario):
    """One team: its repository, and the application, project and namespace ``lecture-TEAM``."""

    def __init__(self, team: str, repository: str, material: Path) -> None:
        super().__init__(repository, f"lecture-{team}", material, policy={"gates": False})
        self.team = team
        shutil.copytree(material / "repository", self.git.workdir, dirs_exist_ok=True)
        self.commit("Begin the service", person="ada")
        self.git.push("origin", "HEAD:main")

    def __repr__(self) -> str:
        return f"Tenant({self.team}: repository {self.repository}, namespace {self.app})"

    def manifest(self, name: str) -> Any:
        """Return a manifest of the team's material as data, with the repository's address in it."""
        data = super().manifest(name)
        if data.get("kind") == "AppProject":
            data["spec"]["sourceRepos"] = [Forge().url(self.repository)]
        return data

    def add(self, change: str) -> teaching.Shown:
        """Put a file of the material's ``changes`` into the team's application, and show it."""
        body = (self.material / "changes" / change).read_text(encoding="utf-8")
        listing = self.git.workdir / "app/kustomization.yaml"
        listing.write_text(f"{listing.read_text(encoding='utf-8')}  - {change}\n", encoding="utf-8")
        return teaching.write(self.git.workdir / "app" / change, body)

    def wait_for_tree(self, pods: int) -> teaching.Shown:
        """Show Argo CD's tree once it has a degraded node and so many healthy pods, without generated names."""
        order, seen = ("Deployment", "ReplicaSet", "Pod"), [[("", "", "")]]

        def looked() -> list[tuple[str, str, str]] | None:
            self.argo.application(self.app, refresh="normal")
            nodes = sorted(self.argo.tree(self.app).nodes, key=lambda node: order.index(node.kind))
            seen.append(
                [(node.kind, node.health, re.sub("|".join(RUN_SPECIFIC_TEXT), "…", node.message)) for node in nodes]
            )
            healthy = sum(node.kind == "Pod" and node.health == "Healthy" for node in nodes)
            degraded = any(node.health == "Degraded" for node in nodes)
            # Twice the same: the parts of a tree do not change in one moment.
            return seen[-1] if degraded and healthy == pods and seen[-1] == seen[-2] else None

        return teaching.table(["Kind", "Health", "Message"], poll_until(looked, "the tree shows it"))

    def sync_outcome(self, name: str, namespace: str) -> SyncOutcome:
        """Sync the team's application, and say how far its Deployment *name* came in somebody's *namespace*.

        Raises:
            ArgoError: it was held by something else than a layer of the fence.
        """
        self.argo.application(self.app, refresh="normal")
        try:
            phase = str(self.argo.sync(self.app).phase)
        except ArgoError as error:
            operation = getattr(error, "operation", None)
            layer, said = layer_of(error)
            stored = self.cluster.exists("Deployment", name, namespace=namespace)
            return SyncOutcome(layer, said, operation.phase if operation else "", stored, 0)
        found = poll_until(lambda: _settled(self.cluster.get("Deployment", name, namespace=namespace)), f"{name} runs")
        quota = _QUOTA.search(_failure(found))
        layer, said = ("ResourceQuota", quota[0]) if quota else ("nothing", "")
        return SyncOutcome(layer, said, phase, True, int(found.status.get("readyReplicas", 0)))


def layer_of(error: ArgoError) -> tuple[str, str]:
    """Return the layer of the fence that Argo CD's error tells of, and that layer's own words.

    Raises:
        the error itself, when it is about something else.
    """
    text = error.diagnostics()
    if isinstance(error, ProjectForbids):
        words = re.search(r"[^\n:;]+ (?:is|are) not permitted in project '?[\w-]+'?", text)
        return "AppProject", words[0].strip() if words else text
    if found := _POLICY.search(text):
        return "ValidatingAdmissionPolicy", found["said"]
    if found := _RBAC.search(text):
        return "RBAC", found[0]
    raise error


def _failure(deployment: Object) -> str:
    """Return why pods of a Deployment cannot be made; empty when they can."""
    told = (c for c in deployment.status.get("conditions") or () if c.get("type") == "ReplicaFailure")
    return next((str(c.get("message", "")) for c in told if c.get("status") == "True"), "")


def _settled(deployment: Object) -> Object | None:
    ready = deployment.status.get("readyReplicas", 0) == deployment.spec["replicas"]
    return deployment if ready or _failure(deployment) else None


@dataclass(frozen=True)
class Tenancy:
    """The teams on the cluster; `set_up` makes it.

    Attributes:
        material: the lecture's files. vision, speech: the teams that deploy something.
    """

    material: Path
    vision: Tenant
    speech: Tenant

    @property
    def cluster(self) -> Cluster:
        """The cluster, as its admin."""
        return Cluster()

    def enforce(self, manifest: str) -> None:
        """Bind the rule of ``policy/owner.yaml``, and wait until it refuses *manifest* (YAML): it takes a moment."""
        self.cluster.apply(self.material / "policy/owner.yaml")

        def refused() -> bool:
            try:
                self.cluster.apply(manifest, dry_run=True)
            except AdmissionRefused:
                return True
            return False

        poll_until(refused, "the rule is enforced")

    def clear(self) -> None:
        """Remove what the lecture put into the cluster and into Argo CD; repositories and audit logs stay."""
        _clear(self.cluster, wait=False)


def set_up() -> Tenancy:
    """Start the services, remove what a former run left, and give each team its repository, project and application.

    The namespaces are not made: the lecture does that.
    """
    for name in ("git", "gitops"):
        services.ensure(name)
    _clear(Cluster(), wait=True)
    shutil.rmtree(workspace_dir() / "lectures" / "unit3" / "tenants", ignore_errors=True)
    material = teaching.material("unit3/tenants")
    taken, argo = Forge().repositories(), ArgoCD()
    free = next(n for n in itertools.count(1) if not {_repository(team, n) for team in DEPLOYING} & set(taken))
    made = {team: Tenant(team, _repository(team, free), material / team) for team in DEPLOYING}
    for tenant in made.values():
        login = Forge("argocd").credentials(tenant.repository)
        argo.add_repository(login.url, login.username, login.password)
        argo.apply([tenant.manifest("project.yaml"), tenant.manifest("application.yaml")])
    return Tenancy(material, **made)


def _repository(team: str, number: int) -> str:
    return f"tenants-{team}" if number == 1 else f"tenants-{team}-{number}"


def _clear(cluster: Cluster, *, wait: bool) -> None:
    argo, names = ArgoCD(), [f"lecture-{team}" for team in TEAMS]
    for name in names:
        for application in argo.applications(name):
            # Without its resources: they go with the namespaces, and nobody's rights are in the way then.
            argo.delete(application.name, cascade=False)
        with contextlib.suppress(ArgoNotFound):
            argo.delete_project(name)
    for kind in ("ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"):
        cluster.delete(kind, POLICY, missing_ok=True)
    for name in names:
        cluster.delete("Namespace", name, missing_ok=True)
    for name in names if wait else ():
        cluster.wait("Namespace", name, deleted=True)
