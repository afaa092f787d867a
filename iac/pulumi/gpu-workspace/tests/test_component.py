"""The component under Pulumi's mocks: no engine, no cloud. What the program declares is judged, in a second."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi import runtime
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks

DECLARED: list[MockResourceArgs] = []


class Recorder(Mocks):
    """Stands for the engine: remembers what is declared, and makes up what only a provider knows."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        DECLARED.append(args)
        return f"{args.name}-id", {**args.inputs, "arn": f"arn:made-up:{args.name}"}

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        return {}


runtime.set_mocks(Recorder(), preview=False)

from acme_gpu_workspace import GpuWorkspace, GpuWorkspaceArgs  # noqa: E402  (after the mocks, as Pulumi asks)


def args(**changes: Any) -> GpuWorkspaceArgs:
    given = {
        "team": "vision",
        "environment": "dev",
        "owner": "vision@acme.test",
        "cost_centre": "cc-4021",
        "network_cidr": "10.20.0.0/20",
        "registry_token": "a-token-for-the-test",
    }
    return GpuWorkspaceArgs(**{**given, **changes})


def declared(kind: str) -> dict[str, Any]:
    return next(dict(found.inputs) for found in reversed(DECLARED) if found.typ.endswith(f":{kind}"))


@runtime.test
def test_the_bucket_follows_the_rules() -> Any:
    workspace = GpuWorkspace("rules", args(data_retention_days=7))

    def judge(bucket: str) -> None:
        inputs = declared("ArtifactBucket")
        assert inputs["name"] == "acme-vision-dev-artifacts"
        assert inputs["encryption"] == "aws:kms" and inputs["public_access_blocked"] and inputs["versioning"]
        assert inputs["expire_days"] == 7
        assert bucket == "rules-bucket-id"

    return workspace.bucket.apply(judge)


@runtime.test
def test_the_pool_runs_in_the_network_of_the_workspace() -> Any:
    workspace = GpuWorkspace("place", args(gpu_kind="h100", gpu_nodes=2))

    def judge(found: list[Any]) -> None:
        _, gpus, cost = found
        assert declared("GpuPool")["network_id"] == "place-network-id"
        assert (gpus, cost) == (16, 110.0)

    return pulumi.Output.all(workspace.pool, workspace.gpus, workspace.hourly_cost_usd).apply(judge)


@runtime.test
def test_the_platforms_three_tags_win_and_the_callers_stay() -> Any:
    workspace = GpuWorkspace("tags", args(tags={"team": "speech", "model": "resnet"}))

    def judge(_: Any) -> None:
        for kind in ("Network", "ArtifactBucket", "GpuPool", "Token"):
            tags = declared(kind)["tags"]
            assert tags == {"team": "vision", "environment": "dev", "module": "gpu-workspace", "model": "resnet"}

    return pulumi.Output.all(workspace.network, workspace.bucket, workspace.pool, workspace.token_secret_arn).apply(
        judge
    )


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"team": "Vision"}, "team"),
        ({"environment": "production"}, "environment"),
        ({"owner": "vision"}, "owner"),
        ({"cost_centre": "4021"}, "cost_centre"),
        ({"network_cidr": "10.0.0.0/8"}, "network_cidr"),
        ({"gpu_kind": "v100"}, "gpu_kind"),
        ({"gpu_kind": "h100", "gpu_nodes": 3}, "24 GPUs, over the quota of 16"),
        ({"data_retention_days": 0}, "data_retention_days"),
    ],
)
def test_what_breaks_a_rule_is_refused_before_anything_is_declared(changes: dict[str, Any], rule: str) -> None:
    assert any(rule in problem for problem in args(**changes).problems())
    before = len(DECLARED)
    with pytest.raises(pulumi.RunError, match="GpuWorkspace"):
        GpuWorkspace("refused", args(**changes))
    assert all(":GpuWorkspace" in found.typ for found in DECLARED[before:])
