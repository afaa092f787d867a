"""Lab 1 in Pulumi: components in three right styles, written into a workspace."""

from __future__ import annotations

from helpers.course.checks.support.component import CHOICE, COMPONENT
from helpers.course.labs import Lab
from tests.course.checks.component_files import FILES

INIT = f"{COMPONENT}/acme_workspace/__init__.py"

#: A data class of arguments, one component, rules in a table: as the lecture has it, and as docs/lab1-pulumi.md asks.
DATA_CLASS = '''"""A team's GPU workspace at acme."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from acme_platform import KINDS, ArtifactBucket, GpuPool, Network, Token


@dataclass
class GpuWorkspaceArgs:
    """Inputs of a workspace."""

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
        kind = KINDS.get(self.gpu_kind)
        gpus = self.gpu_nodes * (kind.gpus if kind else 1)
        rules = {
            "team: 3 to 20 of a-z, 0-9 and -": re.fullmatch("[a-z][a-z0-9-]{2,19}", self.team),
            "environment: dev, staging or prod": self.environment in ("dev", "staging", "prod"),
            "owner: an address": re.fullmatch(r"[a-z0-9._+-]+@[a-z0-9-]+(\\.[a-z0-9-]+)+", self.owner),
            "cost_centre: cc- and four digits": re.fullmatch("cc-[0-9]{4}", self.cost_centre),
            "network_cidr: an IPv4 range, /16 to /24": is_range(self.network_cidr),
            f"gpu_kind: one of {', '.join(KINDS)}": kind,
            "gpu_nodes: a whole number, 0 or more": whole(self.gpu_nodes, 0, 8000),
            f"gpu_nodes: {gpus} GPUs are over the quota of {self.gpu_quota}": gpus <= self.gpu_quota,
            "gpu_quota: 0 to 8000": whole(self.gpu_quota, 0, 8000),
            "data_retention_days: 1 to 3650": whole(self.data_retention_days, 1, 3650),
        }
        return [rule for rule, holds in rules.items() if not holds]


def whole(value: float, low: int, high: int) -> bool:
    return low <= value <= high and value == int(value)


def is_range(text: str) -> bool:
    try:
        return "/" in text and 16 <= ipaddress.IPv4Network(text).prefixlen <= 24
    except ValueError:
        return False


class GpuWorkspace(pulumi.ComponentResource):
    """A network, an artifact bucket, a GPU pool and a token."""

    def __init__(self, name: str, args: GpuWorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("acme:platform:GpuWorkspace", name, {}, opts)
        if problems := args.problems():
            raise pulumi.RunError("; ".join(problems))
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
        place = {"network_id": network.id, "quota": args.gpu_quota}
        sizes = {"kind": args.gpu_kind, "size": args.gpu_nodes}
        pool = GpuPool(f"{name}-pool", {**common, **place, **sizes, "name": full}, child)
        value = {"name": f"{full}/registry-token", "value": args.registry_token}
        token = Token(f"{name}-token", {**common, **value}, child)
        kind = KINDS[args.gpu_kind]
        self.workspace_id = pulumi.Output.from_input(full)
        self.network, self.bucket, self.pool = network.id, bucket.id, pool.id
        self.gpus = pulumi.Output.from_input(args.gpu_nodes * kind.gpus)
        self.hourly_cost_usd = pulumi.Output.from_input(round(args.gpu_nodes * kind.usd, 2))
        self.token_secret_arn = token.arn
        self.register_outputs({})
'''

#: Arguments as a dictionary, rules as functions that raise at once, the storage in a component of its own.
TYPED_DICT = '''"""A workspace whose arguments are a dictionary."""

import re
from ipaddress import ip_network
from typing import NotRequired, TypedDict

import pulumi
from acme_platform import KINDS, ArtifactBucket, GpuPool, Network, Token

DEFAULTS = {"gpu_kind": "l4", "gpu_nodes": 1, "gpu_quota": 16, "data_retention_days": 30, "tags": {}}


class GpuWorkspaceArgs(TypedDict):
    team: str
    environment: str
    owner: str
    cost_centre: str
    network_cidr: str
    registry_token: str
    gpu_kind: NotRequired[str]
    gpu_nodes: NotRequired[int]
    gpu_quota: NotRequired[int]
    data_retention_days: NotRequired[int]
    tags: NotRequired[dict[str, str]]


def need(condition, message):
    if not condition:
        raise ValueError(message)


def checked(args):
    for name in ("team", "environment", "owner", "cost_centre", "network_cidr", "registry_token"):
        need(name in args, f"{name} is missing")
    args = {**DEFAULTS, **args}
    need(re.fullmatch("[a-z][a-z0-9-]{2,19}", args["team"]), "team is no name of a team")
    need(args["environment"] in {"dev", "staging", "prod"}, "environment is dev, staging or prod")
    need(re.fullmatch("[a-z0-9.+_-]+@[a-z0-9-]+([.][a-z0-9-]+)+", args["owner"]), "owner is an address")
    need(re.fullmatch(r"cc-\\d{4}", args["cost_centre"]), "cost_centre is cc- and four digits")
    need(re.fullmatch(r"[\\d.]+/(1[6-9]|2[0-4])", args["network_cidr"]), "network_cidr is a range of /16 to /24")
    try:
        ip_network(args["network_cidr"])
    except ValueError as error:
        raise ValueError(f"network_cidr: {error}") from None
    need(args["gpu_kind"] in KINDS, "gpu_kind is none of ours")
    for name, low, high in (("gpu_nodes", 0, 8000), ("gpu_quota", 0, 8000), ("data_retention_days", 1, 3650)):
        need(float(args[name]).is_integer() and low <= args[name] <= high, f"{name} is {low} to {high}")
    need(args["gpu_nodes"] * KINDS[args["gpu_kind"]].gpus <= args["gpu_quota"], "gpu_nodes: over gpu_quota")
    return args


class Storage(pulumi.ComponentResource):
    def __init__(self, name, full, days, common, opts):
        super().__init__("acme:platform:Storage", name, None, opts)
        rules = {"encryption": "aws:kms", "public_access_blocked": True, "versioning": True, "expire_days": days}
        mine = pulumi.ResourceOptions(parent=self)
        self.bucket = ArtifactBucket(name, {**common, **rules, "name": f"acme-{full}-artifacts"}, mine)
        self.register_outputs({"bucket": self.bucket.id})


class GpuWorkspace(pulumi.ComponentResource):
    def __init__(self, name, args, opts=None):
        args = checked(args)
        super().__init__("acme:ml:Workspace", name, None, opts)
        full = "-".join((args["team"], args["environment"]))
        tags = dict(args["tags"])
        tags.update(team=args["team"], environment=args["environment"], module="gpu-workspace")
        common = {"owner": args["owner"], "cost_centre": args["cost_centre"], "tags": tags}
        mine = pulumi.ResourceOptions(parent=self)
        net = Network(name, {**common, "name": full, "cidr": args["network_cidr"]}, mine)
        self.bucket = Storage(name, full, args["data_retention_days"], common, mine).bucket.id
        pool = GpuPool(
            name,
            dict(
                common,
                name=full,
                kind=args["gpu_kind"],
                size=args["gpu_nodes"],
                quota=args["gpu_quota"],
                network_id=net.id,
            ),
            mine,
        )
        secret = Token(name, dict(common, name=f"{full}/registry-token", value=args["registry_token"]), mine)
        self.workspace_id, self.pool, self.network = full, pool.id, net.id
        self.gpus = pool.id.apply(lambda _: args["gpu_nodes"] * KINDS[args["gpu_kind"]].gpus)
        self.hourly_cost_usd = round(args["gpu_nodes"] * KINDS[args["gpu_kind"]].usd, 2)
        self.token_secret_arn = secret.arn
        self.register_outputs({"bucket": self.bucket})
'''

#: The same rules in the constructor of a plain class of arguments, so a bad value never becomes one; files of its own.
PLAIN = {
    "__init__.py": '''"""A workspace in three files."""

from .args import GpuWorkspaceArgs
from .workspace import GpuWorkspace

__all__ = ["GpuWorkspace", "GpuWorkspaceArgs"]
''',
    "args.py": """import ipaddress
import re

from acme_platform import KINDS


class GpuWorkspaceArgs:
    def __init__(
        self,
        *,
        team,
        environment,
        owner,
        cost_centre,
        network_cidr,
        registry_token,
        gpu_kind="l4",
        gpu_nodes=1,
        gpu_quota=16,
        data_retention_days=30,
        tags=None,
    ):
        vars(self).update({k: v for k, v in locals().items() if k != "self"})
        self.tags = dict(tags or {})
        for name, pattern in {
            "team": "[a-z][a-z0-9-]{2,19}",
            "environment": "dev|staging|prod",
            "owner": "[^@ A-Z]+@[a-z0-9-]+([.][a-z0-9-]+)+",
            "cost_centre": "cc-[0-9]{4}",
            "gpu_kind": "|".join(KINDS),
        }.items():
            if not re.fullmatch(pattern, getattr(self, name)):
                raise ValueError(f"{name} does not match {pattern}")
        for name, low in {"gpu_nodes": 0, "gpu_quota": 0, "data_retention_days": 1}.items():
            value = getattr(self, name)
            if type(value) is not int or value < low or value > (3650 if low else 8000):
                raise ValueError(f"{name} cannot be {value}")
        if self.gpus > gpu_quota:
            raise ValueError(f"gpu_nodes: {self.gpus} GPUs, and gpu_quota is {gpu_quota}")
        try:
            size = ipaddress.IPv4Network(network_cidr).prefixlen
        except ValueError:
            size = 0
        if not 16 <= size <= 24:
            raise ValueError("network_cidr: /16 to /24")

    @property
    def gpus(self):
        return self.gpu_nodes * KINDS[self.gpu_kind].gpus
""",
    "workspace.py": """import pulumi
from acme_platform import KINDS, ArtifactBucket, GpuPool, Network, Token


class GpuWorkspace(pulumi.ComponentResource):
    def __init__(self, name, args, opts=None):
        super().__init__("acme:index:Workspace", name, vars(args) | {"registry_token": None}, opts)
        self.args, self.workspace_id = args, f"{args.team}-{args.environment}"
        self.child = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self), None)
        network = self.make(Network, name=self.workspace_id, cidr=args.network_cidr)
        bucket = self.make(
            ArtifactBucket,
            name=pulumi.Output.format("acme-{0}-artifacts", self.workspace_id),
            encryption="aws:kms",
            public_access_blocked=True,
            versioning=True,
            expire_days=args.data_retention_days,
        )
        pool = self.make(
            GpuPool,
            name=self.workspace_id,
            kind=args.gpu_kind,
            size=args.gpu_nodes,
            quota=args.gpu_quota,
            network_id=network.id,
        )
        token = pulumi.Output.secret(args.registry_token)
        secret = self.make(Token, name=f"{self.workspace_id}/registry-token", value=token)
        self.network, self.bucket, self.pool = network.id, bucket.id, pool.id
        self.gpus, self.token_secret_arn = args.gpus, secret.arn
        self.hourly_cost_usd = round(KINDS[args.gpu_kind].usd * args.gpu_nodes, 2)
        self.register_outputs({})

    def make(self, kind, /, **props):
        args = self.args
        tags = args.tags | {"team": args.team, "environment": args.environment, "module": "gpu-workspace"}
        props |= {"owner": args.owner, "cost_centre": args.cost_centre, "tags": tags}
        return kind(f"{self._name}-{kind.__name__.lower()}", props, self.child)
""",
}
RIGHT = {"data class": {"__init__.py": DATA_CLASS}, "dictionary": {"__init__.py": TYPED_DICT}, "plain class": PLAIN}


def write(lab: Lab, style: str = "data class") -> Lab:
    """Choose Pulumi, and write a component in a style with everything around it."""
    lab.write(CHOICE, "module: pulumi\n")
    for file, text in RIGHT[style].items():
        lab.write(f"{COMPONENT}/acme_workspace/{file}", text)
    for file, text in FILES.items():
        lab.write(file, text)
    return lab
