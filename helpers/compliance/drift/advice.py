"""Heal or adopt: which, why, and the steps."""

from __future__ import annotations

from helpers.compliance.drift.types import Advice, StackDrift
from helpers.wrappers.terraform.types import Action, Plan

#: What destroys an object, and with it what it holds.
_DESTROYS = (Action.DELETE, Action.REPLACE)


def advise(answer: StackDrift, plan: Plan) -> Advice:
    """Return what to do about the drift of a stack.

    Args:
        plan: an ordinary plan of it: what an apply would do now.
    """
    drifted = {one.address for one in answer.active}
    back = [change for change in plan.changes if change.address in drifted]
    destroyed = [change.address for change in back if change.action in _DESTROYS]
    if not back:
        why = "An apply would change nothing: the code says, or ignores, what is real. Only the state does not know it."
        return Advice("adopt", why, ("course drift adopt: it records the real values in the state",))
    if destroyed:
        why = f"An apply would destroy {', '.join(destroyed)} to go back."
        return Advice("adopt", why, ("write the real values into the code", "course drift adopt", "or plan the loss"))
    steps: tuple[str, ...] = ("course drift heal: it plans, and applies that plan",)
    if answer.unapplied:
        names = ", ".join(address for address, _ in answer.unapplied)
        why = f"An apply changes it back in place, but would also roll out {names}, which nobody applied."
        return Advice("heal", why, ("apply or revert the waiting code through its own pipeline", *steps))
    if any(one.gone for one in answer.active):
        return Advice("heal", "An apply creates the object again; what it held does not come back.", steps)
    return Advice("heal", "An apply changes it back in place.", steps)
