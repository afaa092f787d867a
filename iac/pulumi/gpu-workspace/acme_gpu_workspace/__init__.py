"""A team's GPU workspace at acme, as a Pulumi component."""

from acme_gpu_workspace.component import GpuWorkspace, GpuWorkspaceArgs

__all__ = ["GpuWorkspace", "GpuWorkspaceArgs"]
