"""Where mutants are planted: an initialised module with its consumer and policies, copied for each mutant."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from helpers.compliance.pyramid.room import Room
from helpers.wrappers import module_interface
from helpers.wrappers.base import StrPath
from helpers.wrappers.hcl_mutants import HclMutant
from helpers.wrappers.module_interface import Interface
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.provider import ProviderProcess


@dataclass(frozen=True)
class Bench:
    """An initialised directory with ``workspace``, ``consumer`` and ``policy``.

    Attributes:
        root: the original, which is not changed. published: the module's interface as it is there.
    """

    root: Path
    published: Interface
    env: Mapping[str, str]
    provider: ProviderProcess | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False, compare=False)

    @property
    def module(self) -> Path:
        """The module under study."""
        return self.root / "workspace"

    def close(self) -> None:
        """End the provider that the runs shared."""
        if self.provider is not None:
            self.provider.__exit__(None, None, None)

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def room(self, mutant: HclMutant | None = None) -> Iterator[Room]:
        """Give a copy with *mutant* in it, without one when it is None; the copy is removed at the end."""
        copy = self.root.with_name(f"{self.root.name}-room-{next(self._numbers)}")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.root, copy, symlinks=True)
        try:
            if mutant is not None:
                mutant.write(copy / "workspace")
            yield Room(copy, self.published, self.env, self.provider)
        finally:
            shutil.rmtree(copy, ignore_errors=True)


def bench(directory: StrPath, env: Mapping[str, str]) -> Bench:
    """Initialise ``workspace`` and ``consumer`` in *directory*, and let all runs share one provider.

    Use the result as a context manager, or close it.

    Args:
        env: variables of every run: which cloud, which account.

    Raises:
        TerraformError: the original cannot be initialised. InvalidModule: its interface cannot be read.
    """
    root = Path(directory)
    # What callers have today, for the layer that upgrades them.
    shutil.rmtree(root / "published", ignore_errors=True)
    shutil.copytree(root / "workspace", root / "published", ignore=shutil.ignore_patterns(".terraform*", "tests"))
    for name in ("workspace", "consumer"):
        Terraform(root / name, env=env).init()
    return Bench(root, module_interface.read(root / "workspace"), env, ProviderProcess(env))
