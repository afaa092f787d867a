"""Subcommands about the state: output, state list and show, force-unlock."""

from __future__ import annotations

from helpers.errors import BadInput
from helpers.terraform._run import Runner
from helpers.terraform.types import Outputs, State, StateResource


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
