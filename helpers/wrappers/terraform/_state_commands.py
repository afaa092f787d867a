"""Subcommands about the state: output, state list and show, force-unlock."""

from __future__ import annotations

import json
from pathlib import Path

from helpers.core.errors import BadInput
from helpers.core.files import write_private
from helpers.wrappers.terraform._run import Runner
from helpers.wrappers.terraform.errors import DiskFull
from helpers.wrappers.terraform.types import Outputs, State, StateResource


class StateCommands:
    """Mixed into `Terraform`."""

    _runner: Runner

    def output(self) -> Outputs:
        """Run ``terraform output``: root outputs by name; ``reveal()`` gives the value of a sensitive one."""
        return Outputs.from_json(self._runner.json(["output", "-json"]))

    def state_list(self, *addresses: str) -> tuple[str, ...]:
        """Run ``terraform state list``: the addresses in the state, all or those under *addresses*."""
        done = self._runner.text(["state", "list", *addresses], ok=(0, 1))
        if done.returncode == 1 and "No state file was found" in done.stderr:
            return ()
        if done.returncode == 1:
            raise self._runner.error("state list", done)
        return tuple(done.stdout.split("\n")[:-1])

    def state_show(self, address: str) -> StateResource:
        """Return one object of the state (from ``terraform show -json``: ``state show`` has no JSON).

        Raises:
            BadInput: the state has no such address.
        """
        state = State.from_json(self._runner.json(["show", "-json"]))
        if address in state:
            return state[address]
        known = "\n".join(resource.address for resource in state.resources) or "The state is empty."
        raise BadInput(f"The state has no {address}", why=known, next="tf.state_list()")

    def force_unlock(self, lock_id: str) -> None:
        """Run ``terraform force-unlock``: remove a lock left behind by a dead run. Never while that run lives.

        Raises:
            TerraformError: there is no such lock.
        """
        self._runner.text(["force-unlock", "-force", lock_id])

    def recover_state(self) -> None:
        """Save the state that a run could not write because the disk was full (``terraform state push``).

        Raises:
            BadInput: no run of this object lost its state.
            DiskFull: there is still no room.
        """
        if self._runner.unsaved_state is None:
            why = "No run in this session was kept from writing its state."
            raise BadInput("There is no state to recover", why=why, next="tf.state_list()")
        workdir = self._runner.workdir
        rescue = workdir / "errored.tfstate"
        try:
            write_private(rescue, self._runner.unsaved_state)
            _set_damaged_aside(workdir / "terraform.tfstate")
        except OSError as error:
            raise DiskFull("The state could not be saved", why=error.strerror or str(error)) from None
        self._runner.text(["state", "push", rescue.name])
        self._runner.unsaved_state = None
        rescue.unlink()


def _set_damaged_aside(state: Path) -> None:
    """Rename a local state file that was cut short: a push would try to read it."""
    if not state.is_file():
        return
    try:
        json.loads(state.read_text(encoding="utf-8"))
    except ValueError:
        state.replace(state.with_name("terraform.tfstate.damaged"))
