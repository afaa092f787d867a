"""One copy of the bench, for one mutant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.clients.aws import cloud
from helpers.wrappers.module_interface import Interface
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.provider import ProviderProcess


@dataclass(frozen=True)
class Room:
    """A copy of the bench with one mutant in it.

    Attributes:
        root: it holds ``workspace`` (the module), ``published`` (the module without the mutant), ``consumer`` (who
            calls it), ``policy``, ``upgrade`` (tests in Go) and ``controls`` (a profile).
        published: the interface that consumers rely on.
        env: variables of every run. provider: a running provider, for the layers that may share one.
    """

    root: Path
    published: Interface
    env: Mapping[str, str]
    provider: ProviderProcess | None = None

    def terraform(self, name: str) -> Terraform:
        """Return Terraform in one of the directories."""
        return Terraform(self.root / name, env={"GOGC": "400", **self.env}, provider=self.provider)

    @property
    def account(self) -> str:
        """Number of the account in which the runs act, as the cloud itself says.

        Raises:
            CloudError: it does not answer, or refuses.
        """
        return cloud.account_of(self.env)
