"""The `Terraform` wrapper: one object for one working directory."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.core.errors import BadInput
from helpers.runtime import tools
from helpers.wrappers.terraform._apply_commands import ApplyCommands
from helpers.wrappers.terraform._check_commands import CheckCommands
from helpers.wrappers.terraform._plan_commands import PlanCommands
from helpers.wrappers.terraform._project_commands import ProjectCommands
from helpers.wrappers.terraform._run import Runner, check_env
from helpers.wrappers.terraform._state_commands import StateCommands

if TYPE_CHECKING:
    from helpers.wrappers.terraform.provider import ProviderProcess


class Terraform(ProjectCommands, CheckCommands, PlanCommands, ApplyCommands, StateCommands):
    """Terraform in one working directory: one method a subcommand, one keyword an option.

    Every method that runs Terraform may raise `TerraformError` (see `helpers.wrappers.terraform.errors`) and
    `helpers.core.process.ProcessError`. For ``await`` use `helpers.call_async`: ``await call_async(tf.plan)``;
    cancelling the task interrupts Terraform and waits until the state is unlocked.

    Args:
        workdir: directory of the root module; must exist.
        env: environment variables to add.
        account: account of `helpers.cloud` to act in, by name or number; by default the platform's.
        variables: values of root module variables, by name; they are handed over on standard input, so they are
            neither in the process list nor in a file.
        var_files: ``.tfvars`` files, relative to *workdir*.
        executable: path of Terraform; by default the one `helpers.tools` finds or installs.
        secrets: values to mask in every output, event and error.
        timeout: seconds that one command may take, None for no limit.
        provider: the course's provider, already running: it is used in place of starting one, by all commands but
            ``init``, which installs and checks the packages as usual.

    Raises:
        BadInput: *workdir* is not a directory. RefusedVariable: *env* holds one that would change Terraform's output.
    """

    def __init__(
        self,
        workdir: str | os.PathLike[str],
        *,
        env: Mapping[str, str] | None = None,
        account: str | None = None,
        variables: Mapping[str, Any] | None = None,
        var_files: Sequence[str | os.PathLike[str]] = (),
        executable: str | os.PathLike[str] | None = None,
        secrets: Sequence[str] = (),
        timeout: float | None = 900,
        provider: ProviderProcess | None = None,
    ) -> None:
        folder = Path(workdir).expanduser().absolute()
        if not folder.is_dir():
            raise BadInput(
                f"{workdir} is not a directory", why="Terraform needs a directory to work in.", next="Create it."
            )
        self.workdir = folder
        self._runner = Runner(
            _executable(executable),
            folder,
            check_env(env or {}),
            account=account,
            variables=variables or {},
            var_files=var_files,
            secrets=secrets,
            timeout=timeout,
            reattach=provider.address if provider else "",
        )

    @property
    def executable(self) -> Path:
        """The Terraform that is run."""
        return self._runner.executable

    def __repr__(self) -> str:
        return f"Terraform({self.workdir.name})"


def _executable(given: str | os.PathLike[str] | None) -> Path:
    if given is not None:
        return Path(given)

    return tools.ensure("terraform").path
