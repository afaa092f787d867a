"""What the benchmarks of Argo CD deploy, and how long they wait for it."""

from __future__ import annotations

#: Seconds the largest number may take before it counts as failed.
LIMIT = 600.0
SERVER = "https://kubernetes.default.svc"
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: model}\ndata: {version: '1'}\n"

__all__ = ["CONFIG", "LIMIT", "SERVER"]
