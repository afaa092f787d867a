"""The course's provider as one process that several Terraform runs share.

By itself Terraform starts the provider again for every walk over a configuration: nine times for a test file with four
runs, which takes longer than the tests. The protocol for debuggers (``TF_REATTACH_PROVIDERS``) lets it use one that
runs already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import TracebackType

from helpers.core import process
from helpers.runtime import tools
from helpers.wrappers.terraform import config

_ADDRESS = re.compile(r"TF_REATTACH_PROVIDERS='(\{.*\})'")


class ProviderProcess:
    """Starts the provider; use it as a context manager, and give it to `Terraform` as ``provider=``.

    Every run gets the environment given here, whatever ``env`` its `Terraform` has: it is the provider that reads
    endpoint and credentials. Runs at the same time must not configure it in different ways.

    Args:
        env: environment variables to add.

    Raises:
        ProcessError: it does not start. ToolError: it is not here and cannot be built.
    """

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        program = tools.ensure(config.PROVIDER_TOOL).path
        self._process = process.start([program, "-debug"], env=process.environment(env))
        try:
            #: How Terraform finds it, as JSON.
            self.address = next(found[1] for line in self._process if (found := _ADDRESS.search(line.text)))
        except StopIteration:
            raise process.ProcessError(
                "The provider ended before it could be used",
                why=self._process.wait().stderr.strip()[-500:],
                next=f"course tools install {config.PROVIDER_TOOL}",
            ) from None

    @property
    def pid(self) -> int:
        """Id of its process."""
        return self._process.pid

    def __enter__(self) -> ProviderProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.cancel()

    def __repr__(self) -> str:
        return f"ProviderProcess(pid={self.pid})"
