"""Acts on drift: heal (the code wins) or adopt (the real object wins). Neither does more than that, or it refuses."""

from __future__ import annotations

from dataclasses import dataclass

from helpers.compliance.audit import Operation, Subject, Trail, changing
from helpers.compliance.drift.look import terraform_of
from helpers.compliance.drift.types import ActionRefused, DriftSettings, Stack
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.types import Action, ApplyResult, Plan


@dataclass(frozen=True)
class Record:
    """Where an action on drift is put on record, before it begins and after it ended.

    Attributes:
        trail: of the collector that acts. actor: the account it acts for.
    """

    trail: Trail
    actor: str


def heal(stack: Stack, settings: DriftSettings, *, destroy: bool = False, record: Record | None = None) -> ApplyResult:
    """Apply a plan that changes the real objects back.

    Args:
        destroy: allow a plan that destroys or replaces an object.
        record: put it on record, about the digest of the plan; what cannot be is not done. By default nothing is.

    Raises:
        ActionRefused: code waits that nobody applied, or an object would be destroyed. TerraformError: as `Terraform`.
        AuditDown, BadEvent, EndNotRecorded: as `changing`.
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
    return _apply(terraform, plan, stack, Operation.HEAL, record, destroy=destroy)


def adopt(stack: Stack, settings: DriftSettings, *, record: Record | None = None) -> ApplyResult:
    """Take the real values into the state, once the code says the same; no object is changed.

    Args:
        record: as for `heal`.

    Raises:
        ActionRefused: the code would change them back at the next apply. TerraformError: as `Terraform`.
        AuditDown, BadEvent, EndNotRecorded: as `changing`.
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
    plan = terraform.plan(refresh_only=True, lock_timeout=settings.lock_timeout)
    return _apply(terraform, plan, stack, Operation.ADOPT, record)


def _apply(
    terraform: Terraform, plan: Plan, stack: Stack, operation: Operation, record: Record | None, **parameters: bool
) -> ApplyResult:
    """Apply a saved plan, between its intent and its end when it is put on record."""
    if record is None:
        return terraform.apply(plan)
    # A plan that `Terraform.plan` returns is saved.
    assert plan.path is not None
    subject = Subject.of(stack.name, plan.path)
    with changing(record.trail, operation, actor=record.actor, subject=subject, parameters=parameters):
        return terraform.apply(plan)
