"""Subcommands that change things: apply, destroy, import."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helpers.core.errors import BadInput
from helpers.core.sensitive import WITHHELD
from helpers.wrappers.terraform._run import EventStream, OnEvent, Runner, option_args
from helpers.wrappers.terraform.types import ApplyResult, Output, Outputs, Plan, Sensitive


class ApplyRun(EventStream):
    """A running apply or destroy: iterate for its events, then ask for the `result`.

    Use it as a context manager; leaving the block early cancels the run in an orderly way.
    """

    def result(self, on_event: OnEvent | None = None) -> ApplyResult:
        """Wait for the end and return what was done.

        Raises:
            ApplyFailed, StateLocked, StalePlan, TerraformStopped ...: ``error.applied`` has what was done before.
        """
        done = self.finish(on_event)
        counts: dict[str, Any] = {}
        outputs = Outputs()
        for event in self.events:
            if event.type == "change_summary":
                counts = event.raw.get("changes", {})
            if event.type == "outputs":
                outputs = _outputs(event.raw.get("outputs", {}))
        return ApplyResult(
            added=counts.get("add", 0),
            changed=counts.get("change", 0),
            destroyed=counts.get("remove", 0),
            imported=counts.get("import", 0),
            applied=self.applied,
            outputs=outputs,
            diagnostics=self.diagnostics,
            events=tuple(self.events),
            seconds=done.seconds,
        )


def _outputs(raw: dict[str, Any]) -> Outputs:
    # The message stream leaves sensitive values out.
    found = {n: Sensitive(WITHHELD) if v.get("sensitive") else v.get("value") for n, v in raw.items()}
    return Outputs(
        (name, Output(name, found[name], v.get("type"), bool(v.get("sensitive")))) for name, v in sorted(raw.items())
    )


class ApplyCommands:
    """Mixed into `Terraform`."""

    _runner: Runner

    def apply(
        self, plan: Plan | str | os.PathLike[str] | None = None, *, on_event: OnEvent | None = None, **options: Any
    ) -> ApplyResult:
        """Run ``terraform apply`` to its end; see `apply_events` for the options and errors.

        Args:
            plan: the plan to apply, exactly as reviewed.
            on_event: called with each message.
        """
        with self.apply_events(plan, **options) as run:
            return run.result(on_event)

    def apply_events(
        self,
        plan: Plan | str | os.PathLike[str] | None = None,
        *,
        auto_approve: bool = False,
        target: Sequence[str] = (),
        replace: Sequence[str] = (),
        refresh: bool | None = None,
        refresh_only: bool = False,
        lock: bool | None = None,
        lock_timeout: str | None = None,
        parallelism: int | None = None,
    ) -> ApplyRun:
        """Start ``terraform apply`` and return it running, to iterate over its events.

        Args:
            plan: the plan to apply. Target, replace and refresh belong to the plan then, and so do the values of
                variables. Only ephemeral ones are not kept in a plan: Terraform needs the same ones set again, so
                apply with the ``variables`` and ``var_files`` it was planned with.
            auto_approve: apply without a plan; must be said.
            target: addresses to restrict the apply to.
            replace: addresses to replace even without a change.
            refresh: False trusts the state and does not look at the real objects.
            refresh_only: only write to the state what changed outside of Terraform.
            lock: False does not lock the state.
            lock_timeout: how long to wait for the lock, for example ``10s``.
            parallelism: operations at once.

        Raises:
            BadInput: neither a plan nor ``auto_approve``.
            MissingVariable: an ephemeral variable of the plan is not set again.
            StalePlan: the plan is older than the state, or was made with other values of variables.
            CannotStart: the executable or the directory is gone.
        """
        locking = option_args({"lock": lock, "lock_timeout": lock_timeout, "parallelism": parallelism})
        if plan is not None:
            path = str(_plan_path(plan, self._runner.workdir))
            return self._runner.stream(ApplyRun, ["apply", *locking], operands=[path], variables=True)
        _need_approval(auto_approve, "apply", "plan = tf.plan()   # review it, then tf.apply(plan)")
        args = ["apply", "-auto-approve", *locking, *(["-refresh-only"] if refresh_only else [])]
        args += option_args({"target": list(target), "replace": list(replace), "refresh": refresh})
        return self._runner.stream(ApplyRun, args, variables=True)

    def destroy(self, *, auto_approve: bool = False, on_event: OnEvent | None = None, **options: Any) -> ApplyResult:
        """Run ``terraform destroy``: remove everything in the state; see `destroy_events`.

        Raises:
            BadInput: without ``auto_approve``.
        """
        with self.destroy_events(auto_approve=auto_approve, **options) as run:
            return run.result(on_event)

    def destroy_events(
        self,
        *,
        auto_approve: bool = False,
        target: Sequence[str] = (),
        lock: bool | None = None,
        lock_timeout: str | None = None,
        parallelism: int | None = None,
    ) -> ApplyRun:
        """Start ``terraform destroy`` and return it running, to iterate over its events."""
        _need_approval(auto_approve, "destroy", "plan = tf.plan(destroy=True)   # review it, then tf.apply(plan)")
        args = ["destroy", "-auto-approve"]
        args += option_args({"target": list(target), "lock": lock, "lock_timeout": lock_timeout})
        args += option_args({"parallelism": parallelism})
        return self._runner.stream(ApplyRun, args, variables=True)

    def import_(self, address: str, id: str, *, lock_timeout: str | None = None) -> None:
        """Run ``terraform import``: take the existing object *id* under *address* into the state."""
        args = ["import", "-no-color", *option_args({"lock_timeout": lock_timeout})]
        self._runner.text(args, variables=True, operands=(address, id))


def _plan_path(plan: Plan | str | os.PathLike[str], workdir: Path) -> Path:
    if not isinstance(plan, Plan):
        return workdir / plan
    if plan.path is None:
        raise BadInput("This plan has no file", why="It was not made by tf.plan().", next="plan = tf.plan()")
    return plan.path


def _need_approval(given: bool, command: str, next: str) -> None:
    if not given:
        why = "It would change things that nobody has reviewed. auto_approve=True says that you want that."
        raise BadInput(f"terraform {command} without a plan needs auto_approve=True", why=why, next=next)
