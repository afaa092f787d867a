"""The platform team's list of GPU nodes. The prices are course figures, the same as those of the Terraform provider."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One sort of GPU node: the instance type behind it, its GPUs, its price an hour in US dollars."""

    instance_type: str
    gpus: int
    usd: float


KINDS = {
    "t4": Kind("g4dn.xlarge", 1, 0.55),
    "l4": Kind("g6.xlarge", 1, 0.80),
    "a100": Kind("p4d.24xlarge", 8, 22.00),
    "h100": Kind("p5.48xlarge", 8, 55.00),
}
BY_INSTANCE = {kind.instance_type: name for name, kind in KINDS.items()}
