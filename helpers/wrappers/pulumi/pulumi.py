"""Pulumi from Python: one project, one stack, one backend.

The engine and the SDK are Pulumi's. The language host, the small server that runs a Python program for the engine, is
ours where PATH has none of Pulumi's: see `helpers.wrappers.pulumi.host`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from helpers.wrappers.base import StrPath, Wrapper
from helpers.wrappers.pulumi._run import Runner, file_backend
from helpers.wrappers.pulumi._stack_commands import StackCommands
from helpers.wrappers.pulumi._update_commands import UpdateCommands
from helpers.wrappers.pulumi.host import LanguageHost, language_host


class Pulumi(StackCommands, UpdateCommands, Wrapper):
    """Pulumi in the directory of one project (``Pulumi.yaml``).

    Args:
        workdir: directory of the project.
        stack: name of the stack that commands act on.
        backend: URL of what keeps the stacks; by default the directory of the project, ``file://`` (below
            ``.pulumi``). `s3_backend` gives that of a bucket.
        passphrase: encrypts the stack's secrets. Without it a stack with a passphrase cannot be used.
        account: account of the course's cloud that programs and the backend act in; None for none. Credentials given in
            *env* win.
        env: environment variables to add. executable, timeout: see `Wrapper`.

    Raises:
        RefusedVariable: *env* holds one that an argument here sets.
    """

    tool = "pulumi"
    refused = (
        "PULUMI_BACKEND_URL",
        "PULUMI_CONFIG*",
        "PULUMI_STACK",
        "PULUMI_HOME",
        "PULUMI_OPTION_*",
        "PULUMI_EXPERIMENTAL",
        "PULUMI_ENABLE_STREAMING_JSON_PREVIEW",
    )

    def __init__(
        self,
        workdir: StrPath = ".",
        *,
        stack: str = "dev",
        backend: str | None = None,
        passphrase: str | None = None,
        account: str | None = None,
        env: Mapping[str, str] | None = None,
        executable: StrPath | None = None,
        timeout: float | None = 600,
    ) -> None:
        super().__init__(workdir, env=env, executable=executable, timeout=timeout)
        self.stack = stack
        self._runner = Runner(
            lambda: self.executable,
            self.workdir,
            self._env,
            backend=backend or file_backend(self.workdir),
            passphrase=passphrase,
            account=account,
            timeout=timeout,
        )

    @property
    def backend(self) -> str:
        """URL of what keeps the stacks."""
        return self._runner.backend

    @property
    def host(self) -> LanguageHost:
        """Which program runs Python programs for the engine: Pulumi's own or ours."""
        return language_host(self.executable)

    def version(self) -> str:
        """Return the engine's version."""
        return self._runner.run(["version"]).stdout.strip().removeprefix("v")

    def environment(self) -> dict[str, str]:
        """Return the variables that each run has, for programs that start Pulumi themselves (the automation API).

        They hold the passphrase and credentials: do not print them.
        """
        return self._runner.env()

    def install_root(self) -> Path:
        """Return the directory above ``bin/pulumi``, as ``pulumi.automation.PulumiCommand(root=...)`` expects it."""
        return self.executable.parent.parent
