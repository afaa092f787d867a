"""The component: what a team gets, and the platform team's rules."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from acme_platform.catalogue import KINDS
from acme_platform.resources import ArtifactBucket, GpuPool, Network, Token


@dataclass
class GpuWorkspaceArgs:
    """Inputs of `GpuWorkspace`; see the README. All but the token are plain values, so that rules hold in a preview."""

    team: str
    environment: str
    owner: str
    cost_centre: str
    network_cidr: str
    registry_token: pulumi.Input[str]
    gpu_kind: str = "l4"
    gpu_nodes: int = 1
    gpu_quota: int = 16
    data_retention_days: int = 30
    tags: Mapping[str, str] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """Return what is wrong with the inputs."""
        kind = KINDS.get(self.gpu_kind)
        gpus = self.gpu_nodes * kind.gpus if kind else 0
        rules = {
            "team: 2 to 20 of a-z, 0-9 and -, beginning with a letter": re.fullmatch("[a-z][a-z0-9-]{1,19}", self.team),
            "environment: dev, staging or prod": self.environment in ("dev", "staging", "prod"),
            "owner: an address at acme.test": re.fullmatch(r"[a-z][a-z0-9.-]*@acme\.test", self.owner),
            "cost_centre: cc- and four digits": re.fullmatch("cc-[0-9]{4}", self.cost_centre),
            "network_cidr: an IPv4 range, /16 to /24": _is_range(self.network_cidr),
            f"gpu_kind: one of {', '.join(KINDS)}": kind,
            "gpu_nodes: 0 or more": self.gpu_nodes >= 0,
            f"gpu_nodes: {self.gpu_nodes} {self.gpu_kind} nodes are {gpus} GPUs, over the quota of {self.gpu_quota}": (
                gpus <= self.gpu_quota
            ),
            "data_retention_days: 1 to 3650": 1 <= self.data_retention_days <= 3650,
        }
        return [rule for rule, holds in rules.items() if not holds]


def _is_range(text: str) -> bool:
    try:
        return 16 <= ipaddress.IPv4Network(text).prefixlen <= 24
    except ValueError:
        return False


class GpuWorkspace(pulumi.ComponentResource):
    """A network, an encrypted artifact bucket, a GPU pool and the token of one team in one environment."""

    workspace_id: pulumi.Output[str]
    network: pulumi.Output[str]
    bucket: pulumi.Output[str]
    pool: pulumi.Output[str]
    gpus: pulumi.Output[int]
    hourly_cost_usd: pulumi.Output[float]
    token_secret_arn: pulumi.Output[str]

    def __init__(self, name: str, args: GpuWorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("acme:platform:GpuWorkspace", name, {}, opts)
        if problems := args.problems():
            raise pulumi.RunError(f"GpuWorkspace {name}: " + "; ".join(problems))
        full = f"{args.team}-{args.environment}"
        marks = {"team": args.team, "environment": args.environment, "module": "gpu-workspace"}
        common = {"owner": args.owner, "cost_centre": args.cost_centre, "tags": {**args.tags, **marks}}
        child = pulumi.ResourceOptions(parent=self)
        network = Network(f"{name}-network", {**common, "name": full, "cidr": args.network_cidr}, child)
        bucket = ArtifactBucket(
            f"{name}-bucket",
            {
                **common,
                "name": f"acme-{full}-artifacts",
                "encryption": "aws:kms",
                "public_access_blocked": True,
                "versioning": True,
                "expire_days": args.data_retention_days,
            },
            child,
        )
        pool = GpuPool(
            f"{name}-pool",
            {
                **common,
                "name": full,
                "kind": args.gpu_kind,
                "size": args.gpu_nodes,
                "quota": args.gpu_quota,
                "network_id": network.id,
            },
            child,
        )
        token = Token(
            f"{name}-token", {**common, "name": f"{full}/registry-token", "value": args.registry_token}, child
        )
        kind = KINDS[args.gpu_kind]
        self.workspace_id = pulumi.Output.from_input(full)
        self.network, self.bucket, self.pool = network.id, bucket.id, pool.id
        self.gpus = pulumi.Output.from_input(args.gpu_nodes * kind.gpus)
        self.hourly_cost_usd = pulumi.Output.from_input(round(args.gpu_nodes * kind.usd, 2))
        self.token_secret_arn = token.arn
        self.register_outputs({key: getattr(self, key) for key in type(self).__annotations__})
