"""The project's story: a product team asks for a GPU training platform that a Kubernetes operator drives.

Team, limits and incident are drawn by the learner's name (`helpers.core.identity`), so the same work is judged by the
same numbers on every machine, and a neighbour's numbers do not fit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from helpers.clients.kubernetes import Cluster
from helpers.compliance.contracts import contract
from helpers.core.identity import learner
from helpers.runtime import services

T = TypeVar("T")
APPLICATION, REPOSITORY, MODULE = "trainer", "training", "gpu-training"
ENVIRONMENTS = ("dev", "staging", "prod")
#: What the operator's own image was released as; the incident is about the last one.
STABLE, NEW = "1.0.0", "1.1.0"
CRD: Mapping[str, str] = {"group": "ml.acme.test", "version": "v1", "kind": "TrainingJob"}
#: Where the operator finds the token of the module registry.
SECRET_KEY = "token"  # noqa: S105 - the name of a key in a Secret
DATA_CLASSES = ("public", "internal")
TEAMS = ("vision", "speech", "ranking")


@dataclass(frozen=True)
class Brief:
    """What the team asks for.

    Attributes:
        team: who asks; also the namespace of the module in the registry.
        kinds: kinds of GPU that may be had; the last one is scarce and for prod alone.
        nodes: the most GPU nodes of one job. dev_nodes: the most in dev.
        gpus: the most GPUs that pods of the team's namespace may have at once.
        incident: the environment in which the new release of the trainer loses checkpoints.
    """

    team: str
    kinds: tuple[str, str]
    nodes: int
    dev_nodes: int
    gpus: int
    incident: str

    @property
    def scarce(self) -> str:
        """The kind of GPU that only prod may use."""
        return self.kinds[1]

    @property
    def module(self) -> str:
        """Address of the module in the registry."""
        return f"{self.team}/{MODULE}/platform"

    @property
    def namespace(self) -> str:
        """Where the team's jobs run."""
        return namespace(self.team)

    @property
    def neighbour(self) -> str:
        """The team next door, which has a namespace in the same cluster."""
        return TEAMS[(TEAMS.index(self.team) + 1) % len(TEAMS)]

    def __repr__(self) -> str:
        return (
            f"Brief(team {self.team}: GPUs {' and '.join(self.kinds)}, {self.scarce} in prod alone; "
            f"at most {self.nodes} nodes a job, {self.dev_nodes} in dev; {self.gpus} GPUs in {self.namespace})"
        )


def brief(name: str = "") -> Brief:
    """Return what is asked of a learner, by default of this one."""
    who = name or learner()
    return Brief(
        team=_drawn(who, "team", TEAMS),
        # A job that names no GPU gets an l4, by the definition of the resource.
        kinds=("l4", _drawn(who, "kind", ("t4", "a100", "h100"))),
        nodes=_drawn(who, "nodes", (6, 8, 12, 20, 24)),
        dev_nodes=_drawn(who, "dev nodes", (1, 2, 3, 4)),
        gpus=_drawn(who, "gpus", (16, 32, 48, 64)),
        incident=_drawn(who, "incident", ("staging", "prod")),
    )


def image(version: str) -> str:
    """Return the digest of a release of the trainer: ``sha256:...``."""
    return f"sha256:{hashlib.sha256(f'{APPLICATION} {version}'.encode()).hexdigest()}"


def incident() -> str:
    """Return what the page at two in the morning says: where the new release does harm."""
    where = brief().incident
    return (
        f"Since {APPLICATION} {NEW} runs in {where}, jobs there lose their checkpoints. The other environments write "
        f"theirs to another store and are not affected. {STABLE} was good in {where}."
    )


def serve() -> Cluster:
    """Have the course's API server serve TrainingJobs, and return the cluster."""
    services.ensure("kubernetes")
    cluster, given = Cluster(), contract("proj-304")
    cluster.apply(given.directory / given.given)
    return cluster


def namespace(team: str) -> str:
    """Return the namespace of a team."""
    return f"training-{team}"


def share() -> Cluster:
    """Let the team next door move in, and return the cluster: it serves TrainingJobs, and that team may make them."""
    cluster, team = serve(), brief().neighbour
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}
    group = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": f"team-{team}"}
    meta = {"name": namespace(team), "labels": {"acme.test/team": team}}
    binding = {"name": "team", "namespace": namespace(team)}
    rbac = "rbac.authorization.k8s.io/v1"
    cluster.apply(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": meta},
            {"apiVersion": rbac, "kind": "RoleBinding", "metadata": binding, "roleRef": role, "subjects": [group]},
        ],
        field_manager="platform",
    )
    return cluster


def job(asked: Brief, name: str = "nightly", **spec: Any) -> dict[str, Any]:
    """Return a TrainingJob of the team, with what *spec* says otherwise; None leaves a field out."""
    given: dict[str, Any] = {
        "team": asked.team,
        "environment": "prod",
        "owner": f"{asked.team}@acme.test",
        "costCentre": "cc-4021",
        "network": {"cidr": "10.20.0.0/20"},
        "labels": {"data-class": DATA_CLASSES[1]},
        **spec,
    }
    kept = {field: value for field, value in given.items() if value is not None}
    meta = {"name": name, "namespace": "default"}
    version = f"{CRD['group']}/{CRD['version']}"
    return {"apiVersion": version, "kind": CRD["kind"], "metadata": meta, "spec": kept}


def _drawn(who: str, what: str, choices: Sequence[T]) -> T:
    drawn = hashlib.sha256(f"project {who} {what}".encode()).digest()
    return choices[int.from_bytes(drawn[:8], "big") % len(choices)]
