"""Terraform runs of one check: they share a running provider, and use every processor."""

from __future__ import annotations

import concurrent.futures
import contextlib
import contextvars
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from helpers.core.verdicts.checks import Item, collecting, item, looking
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.provider import ProviderProcess

T = TypeVar("T")
R = TypeVar("R")
#: No cloud answers there: what succeeds does not need one.
NOWHERE = {"PLATFORM_ENDPOINT": "http://127.0.0.1:9", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
_provider: contextvars.ContextVar[tuple[ProviderProcess, Mapping[str, str]] | None] = contextvars.ContextVar(
    "provider", default=None
)


@contextlib.contextmanager
def one_provider(env: Mapping[str, str] = NOWHERE) -> Iterator[None]:
    """Let every `terraform` with this environment, in this block, use one running provider."""
    with ProviderProcess(env) as process:
        token = _provider.set((process, env))
        try:
            yield
        finally:
            _provider.reset(token)


def terraform(folder: Path, env: Mapping[str, str] = NOWHERE, **options: Any) -> Terraform:
    """Return Terraform in a scratch directory; by default it reaches no cloud."""
    process, its_env = _provider.get() or (None, {})
    return Terraform(folder, env=env, provider=process if its_env == env else None, **options)


def each(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Return the results of *work* on each item, in order; as many run at a time as there are processors.

    The error of the first item that has one is raised; what has not begun by then is left out.
    """
    with concurrent.futures.ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        # A thread of a pool has a context of its own; the provider and a Stop button are known from ours.
        waiting = [pool.submit(contextvars.copy_context().run, work, item) for item in items]
        try:
            return [future.result() for future in waiting]
        finally:
            for future in waiting:
                future.cancel()


def each_item(group: str, work: Callable[[T], object], items: Iterable[T]) -> None:
    """Do *work* on each thing as `each` does, and note of every one what is wrong with it, in their order."""
    noted = collecting()
    if noted is None:
        each(work, items)
        return

    def one(thing: T) -> list[Item]:
        with looking() as found, item(group):
            work(thing)
        return found

    for found in each(one, items):
        noted.extend(found)


def together(*works: Callable[[], object]) -> None:
    """Do several things at a time; errors as in `each`."""

    def do(work: Callable[[], object]) -> None:
        work()

    each(do, works)
