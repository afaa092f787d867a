"""What version runs in which environment, who approved it, and what stands in the way of the next step."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from helpers.clients.argocd.types import Health, Sync
from helpers.core.display import Displayed

__all__ = ["Blocker", "Board", "Stage", "State", "Step"]

#: The usual order; other environments follow in the order they are given in.
ORDER = ("dev", "staging", "prod")

#: Can it be promoted? ``current``: the target has it already. ``empty``: there is nothing to promote.
State = Literal["current", "ready", "blocked", "empty"]


@dataclass(frozen=True, repr=False)
class Stage:
    """One application in one environment.

    Attributes:
        environment: for example ``staging``.
        image: with its digest (``registry/inference@sha256:...``); empty when nothing is deployed.
        version: what people call it, for example ``1.4.0``.
        revision: the Git commit deployed.
        sync: Argo CD's word.
        health: Argo CD's word.
        approved_by: who approved the change that brought it here.
        at: when it was deployed, RFC 3339.
    """

    environment: str
    application: str
    image: str = ""
    version: str = ""
    revision: str = ""
    sync: Sync = "Unknown"
    health: Health = "Unknown"
    approved_by: tuple[str, ...] = ()
    at: str = ""

    @property
    def digest(self) -> str:
        """The image's digest (``sha256:...``); empty when the image is not pinned."""
        return self.image.partition("@")[2]

    @property
    def deployed(self) -> bool:
        """Is anything there?"""
        return bool(self.image or self.version)

    def same_as(self, other: Stage) -> bool:
        """Does *other* run the same? Digests decide where both have one; a version is only a name."""
        if self.digest and other.digest:
            return self.digest == other.digest
        return (self.image, self.version) == (other.image, other.version)

    def __repr__(self) -> str:
        what = self.version or self.digest[:19] or "nothing"
        return f"Stage({self.environment}/{self.application}: {what}, {self.sync}, {self.health})"


@dataclass(frozen=True)
class Blocker:
    """Why nothing may move to *environment* now; *application* is empty when it holds for all."""

    environment: str
    reason: str
    application: str = ""


@dataclass(frozen=True, repr=False)
class Step:
    """One promotion: from where to where, and whether it can be done. *reasons* say why not."""

    application: str
    source: Stage
    target: Stage
    state: State
    reasons: tuple[str, ...] = ()

    def __repr__(self) -> str:
        way = f"{self.source.environment} -> {self.target.environment}"
        return f"Step({self.application} {way}: {self.state})"


@dataclass(frozen=True, repr=False)
class Board(Displayed):
    """Environments by applications. `steps` says what can be promoted."""

    stages: tuple[Stage, ...]
    blockers: tuple[Blocker, ...] = ()

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments, in the order of promotion."""
        named = dict.fromkeys(stage.environment for stage in self.stages)
        return (*(e for e in ORDER if e in named), *(e for e in named if e not in ORDER))

    @property
    def applications(self) -> tuple[str, ...]:
        """The applications, sorted."""
        return tuple(sorted({stage.application for stage in self.stages}))

    def stage(self, environment: str, application: str) -> Stage:
        """Return what runs there; a `Stage` without image and version when nothing does."""
        for stage in self.stages:
            if (stage.environment, stage.application) == (environment, application):
                return stage
        return Stage(environment, application)

    def steps(self, application: str) -> tuple[Step, ...]:
        """Return the promotions of an application, one for each pair of neighbours."""
        stages = [self.stage(environment, application) for environment in self.environments]
        return tuple(self._step(a, b) for a, b in pairwise(stages))

    def _step(self, source: Stage, target: Stage) -> Step:
        name = source.application
        if not source.deployed:
            return Step(name, source, target, "empty")
        if source.same_as(target):
            return Step(name, source, target, "current")
        reasons = [*_unfit(source)]
        reasons += [
            b.reason for b in self.blockers if b.environment == target.environment and b.application in ("", name)
        ]
        return Step(name, source, target, "blocked" if reasons else "ready", tuple(dict.fromkeys(reasons)))

    def __repr__(self) -> str:
        steps = [step for application in self.applications for step in self.steps(application)]
        ready, blocked = (sum(step.state == state for step in steps) for state in ("ready", "blocked"))
        return f"Board({' -> '.join(self.environments) or 'empty'}; {ready} ready, {blocked} blocked)"


def _unfit(source: Stage) -> list[str]:
    """Return why what runs in *source* is not fit to go on. What is not known does not count as good."""
    found = []
    if source.sync != "Synced":
        found.append(f"{source.environment} is {source.sync}: what runs there may differ from Git")
    if source.health != "Healthy":
        found.append(f"{source.environment} is {source.health}")
    if source.image and not source.digest:
        found.append(f"the image in {source.environment} is not pinned by digest")
    return found
