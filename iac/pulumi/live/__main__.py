"""The vision team's workspace. Each environment is a stack with a configuration of its own."""

import pulumi
from acme_gpu_workspace import GpuWorkspace, GpuWorkspaceArgs

config = pulumi.Config()

workspace = GpuWorkspace(
    "workspace",
    GpuWorkspaceArgs(
        team="vision",
        environment=pulumi.get_stack(),
        owner="vision@acme.test",
        cost_centre="cc-4021",
        network_cidr=config.get("network_cidr") or "10.20.0.0/20",
        gpu_kind=config.get("gpu_kind") or "l4",
        gpu_nodes=config.get_int("gpu_nodes") or 1,
        registry_token=config.require_secret("registry_token"),
    ),
)

pulumi.export("bucket", workspace.bucket)
pulumi.export("gpus", workspace.gpus)
pulumi.export("hourly_cost_usd", workspace.hourly_cost_usd)
pulumi.export("token_secret_arn", workspace.token_secret_arn)
