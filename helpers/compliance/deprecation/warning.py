"""Tells a consumer that what it uses is deprecated: Terraform 1.11 to 1.15 reads the mark and does not show it."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass

from helpers.clients.registry import Registry
from helpers.clients.registry.lifecycle import Notice, Use
from helpers.compliance.deprecation.consumers import read_consumer


@dataclass(frozen=True)
class Warned:
    """A call of a version that goes, and how many days it still has (0: it may be removed any day)."""

    use: Use
    notice: Notice
    days: int

    def __str__(self) -> str:
        end = f"goes on {self.notice.removal}, in {self.days} days" if self.days else "may be removed any day"
        return f"{self.use.where}: {self.use.call} uses {self.use.version}, which {end}. Use {self.notice.replacement}."


def warn(directory: str | os.PathLike[str], module: str, registry: Registry, *, today: dt.date) -> tuple[Warned, ...]:
    """Return the calls of deprecated versions in a consumer's directory; a pipeline shows them beside the plan.

    Raises:
        RegistryError: the registry does not answer, so nothing is known.
    """
    notices = registry.notices(module)
    uses = read_consumer(directory, module, registry.versions(module))
    return tuple(
        Warned(use, notices[use.version], max(0, (notices[use.version].removal - today).days))
        for use in uses
        if use.version in notices
    )
