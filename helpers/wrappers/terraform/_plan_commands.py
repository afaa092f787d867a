"""Subcommands that look and change nothing: plan, show, refresh-only drift."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from helpers.core import process
from helpers.wrappers.terraform._run import EventStream, OnEvent, Runner, option_args
from helpers.wrappers.terraform.errors import InvalidVariable, TerraformError, TerraformStopped, build_error
from helpers.wrappers.terraform.types import Action, Diagnostic, Drift, Plan, State

#: Saved plans kept in ``.terraform/plans``; older ones are removed.
KEPT_PLANS = 10


class PlanCommands:
    """Mixed into `Terraform`."""

    _runner: Runner

    def plan(
        self,
        *,
        out: str | os.PathLike[str] | None = None,
        destroy: bool = False,
        refresh_only: bool = False,
        refresh: bool | None = None,
        target: Sequence[str] = (),
        replace: Sequence[str] = (),
        lock: bool | None = None,
        lock_timeout: str | None = None,
        parallelism: int | None = None,
        generate_config_out: str | None = None,
        on_event: OnEvent | None = None,
    ) -> Plan:
        """Run ``terraform plan`` and return the plan, saved for `Terraform.apply`.

        Args:
            out: file of the saved plan; by default one in ``.terraform/plans``. It holds sensitive values in the
                clear, so only its owner may read it.
            destroy: plan to destroy everything.
            refresh_only: only look for changes made outside of Terraform.
            refresh: False trusts the state and does not look at the real objects.
            target: addresses to restrict the plan to.
            replace: addresses to replace even without a change.
            lock: False does not lock the state.
            lock_timeout: how long to wait for the lock, for example ``10s``.
            parallelism: operations at once.
            generate_config_out: file for the configuration of imported resources.
            on_event: called with each message.

        Raises:
            MissingVariable, InvalidVariable, InvalidConfiguration, InitRequired, StateLocked, BackendError,
            NoPermission, DiskFull, TerraformStopped.
        """
        path = self._runner.workdir / out if out else _new_plan_file(self._runner.workdir)
        args = ["plan", "-detailed-exitcode", f"-out={path}"]
        args += [flag for flag, on in (("-destroy", destroy), ("-refresh-only", refresh_only)) if on]
        args += option_args({"refresh": refresh, "target": list(target), "replace": list(replace), "lock": lock})
        args += option_args({"lock_timeout": lock_timeout, "parallelism": parallelism})
        args += option_args({"generate_config_out": generate_config_out})
        stream = self._runner.stream(EventStream, args, variables=True)
        # Three exit codes: 0 nothing to do, 1 an error (raised), 2 something to do.
        done = stream.finish(on_event, ok=(0, 2))
        with contextlib.suppress(OSError):
            path.chmod(0o600)
        _refuse_undeclared(stream.diagnostics)
        return self._read_plan(path, stream.diagnostics, has_changes=done.returncode == 2)

    def _read_plan(self, path: Path, found: tuple[Diagnostic, ...], *, has_changes: bool | None = None) -> Plan:
        plan = Plan.from_json(self._runner.json(["show", "-json", str(path)]), path=path, diagnostics=found)
        return plan if has_changes is None else replace(plan, has_changes=has_changes)

    def show_plan(self, path: str | os.PathLike[str]) -> Plan:
        """Run ``terraform show`` on a saved plan.

        Raises:
            StalePlan: there is no such plan file.
        """
        return self._read_plan(self._runner.workdir / path, ())

    def show(self) -> State:
        """Run ``terraform show``: the state."""
        return State.from_json(self._runner.json(["show", "-json"]))

    def drift(
        self,
        *,
        target: Sequence[str] = (),
        lock: bool | None = None,
        lock_timeout: str | None = None,
        on_event: OnEvent | None = None,
    ) -> Drift:
        """Run a refresh-only plan and say whether the real objects match the state.

        Args:
            target, lock, lock_timeout, on_event: as for `plan`.

        Returns one of three answers; whatever keeps Terraform from telling is ``unknown`` with the reason.

        Raises:
            TerraformStopped: somebody cancelled it.
        """
        try:
            options = {"target": target, "lock": lock, "lock_timeout": lock_timeout, "on_event": on_event}
            plan = self.plan(refresh_only=True, **options)  # type: ignore[arg-type]
        except TerraformStopped as error:
            if error.reason == "cancelled":
                raise
            return Drift("unknown", why=error.diagnostics())
        except (TerraformError, process.ProcessError) as error:
            return Drift("unknown", why=error.diagnostics())
        return _drift(plan, self._unlisted)

    def _unlisted(self, plan: Plan) -> bool:
        """Did a refresh change anything, by the values themselves? Exit code 2 alone does not tell.

        Terraform 1.11 ends a refresh-only plan with 2 although it prints "No changes" when an object has a number
        attribute: it compares the decoded numbers with their precision, which differs between file and provider.
        """
        before, after = self._runner.json(["show", "-json"]), self._runner.json(["show", "-json", str(plan.path)])
        return _managed(before) != _managed(after.get("prior_state") or {})


def _managed(document: dict[str, Any]) -> dict[str, Any]:
    return {r.address: r.values for r in State.from_json(document).resources if r.mode == "managed"}


def _drift(plan: Plan, unlisted: Callable[[Plan], bool]) -> Drift:
    changed = tuple(change for change in plan.drift if change.action is not Action.NO_OP)
    if changed:
        return Drift("drifted", changed, f"{len(changed)} objects changed outside of Terraform.")
    if not State.from_json(plan.raw.get("prior_state") or {}).resources:
        return Drift(
            "unknown", why="The state is empty: nothing has been applied from here, so there is nothing to compare."
        )
    outputs = [change for change in plan.output_changes if change.action is not Action.NO_OP]
    if plan.has_changes and not outputs and unlisted(plan):
        return Drift("unknown", why="Terraform says something changed, but does not list it.")
    note = " Some output values are not in the state yet." if outputs else ""
    return Drift("in-sync", why="Every object matches the state." + note)


def _new_plan_file(workdir: Path) -> Path:
    folder = workdir / ".terraform" / "plans"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        old = sorted(folder.glob("*.tfplan"), key=lambda path: path.stat().st_mtime)
        for path in old[: 1 - KEPT_PLANS]:
            path.unlink(missing_ok=True)
    except OSError as error:
        diagnostic = Diagnostic("error", f"Cannot write {folder}", error.strerror or str(error))
        raise build_error("plan", (replace(diagnostic, detail=diagnostic.detail.lower()),)) from None
    return folder.resolve() / f"{uuid.uuid4().hex[:12]}.tfplan"


def _refuse_undeclared(found: tuple[Diagnostic, ...]) -> None:
    """Values from a file that no variable takes are only a warning to Terraform; a misspelt name is an error here."""
    undeclared = [d for d in found if "undeclared variable" in d.summary]
    if undeclared:
        raise InvalidVariable(
            "terraform plan got a value for a variable that is not declared",
            why=undeclared[0].detail.split("\n\n")[0],
            found=found,
        )
