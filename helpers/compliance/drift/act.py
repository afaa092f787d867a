"""Acts on drift: heal (the code wins) or adopt (the real object wins). Neither does more than that, or it refuses."""

from __future__ import annotations

from helpers.compliance.drift.look import terraform_of
from helpers.compliance.drift.types import ActionRefused, DriftSettings, Stack
from helpers.wrappers.terraform.types import Action, ApplyResult


def heal(stack: Stack, settings: DriftSettings, *, destroy: bool = False) -> ApplyResult:
    """Apply a plan that changes the real objects back.

    Args:
        destroy: allow a plan that destroys or replaces an object.

    Raises:
        ActionRefused: code waits that nobody applied, or an object would be destroyed. TerraformError: as `Terraform`.
    """
    terraform = terraform_of(stack, settings)
    terraform.init()
    waiting = terraform.plan(refresh=False, lock_timeout=settings.lock_timeout)
    if waiting.has_changes:
        names = ", ".join(one.address for one in waiting.changes) or "an output"
        raise ActionRefused(
            f"Healing {stack.name} would roll out code as well",
            why=f"Nobody applied the change of {names}; an apply would take it along.",
            next="Apply or revert that code through its own pipeline first.",
        )
    plan = terraform.plan(lock_timeout=settings.lock_timeout)
    lost = [one.address for one in plan.changes if one.action in (Action.DELETE, Action.REPLACE)]
    if lost and not destroy:
        raise ActionRefused(
            f"Healing {stack.name} would destroy {', '.join(lost)}",
            why="To go back, Terraform replaces or deletes the object, with what it holds.",
            next="Adopt the real values instead, or allow the loss: destroy=True.",
        )
    return terraform.apply(plan)


def adopt(stack: Stack, settings: DriftSettings) -> ApplyResult:
    """Record the real values in the state, once the code says the same; no object is changed.

    Raises:
        ActionRefused: the code would change them back at the next apply. TerraformError: as `Terraform`.
    """
    terraform = terraform_of(stack, settings)
    terraform.init()
    back = terraform.plan(lock_timeout=settings.lock_timeout)
    if back.changes:
        rows = [f"{one.address}: {row!r}" for one in back.changes for row in one.changed_attributes()]
        raise ActionRefused(
            f"The code of {stack.name} does not say what the real objects are",
            why="The next apply would do this:\n" + "\n".join(rows[:10]),
            next="Write the real values into the code, then adopt.",
        )
    return terraform.apply(terraform.plan(refresh_only=True, lock_timeout=settings.lock_timeout))
