"""What the live displays of GitOps follow and act on, without a cluster or a forge."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from helpers.clients.argocd.types import Application, ApplicationEvent, ResourceDiff
from helpers.compliance.promotion import Board, Step
from tests.widgets.gitops import board, diffs, family


class Forge:
    """Promotes on a board that it keeps: what a forge and Argo CD do together, without them."""

    def __init__(self) -> None:
        self.board, self.asked = board(), 0

    def __call__(self) -> Board:
        self.asked += 1
        return self.board

    def promote(self, step: Step) -> str:
        moved = replace(step.source, environment=step.target.environment, approved_by=("maria",))
        rest = tuple(
            s
            for s in self.board.stages
            if (s.environment, s.application) != (step.target.environment, step.application)
        )
        self.board = replace(self.board, stages=(*rest, moved))
        return f"merged {step.application}"


class Cluster:
    """Compares, heals and adopts on the differences that it keeps."""

    def __init__(self) -> None:
        self.diffs, self.done = list(diffs()), list[str]()
        self.fault: Exception | None = None

    def __call__(self) -> list[ResourceDiff]:
        if self.fault is not None:
            raise self.fault
        return self.diffs

    def heal(self, item: ResourceDiff) -> str:
        return self._settle(item, "desired", "healed")

    def adopt(self, item: ResourceDiff) -> str:
        return self._settle(item, "live", "adopted")

    def _settle(self, item: ResourceDiff, side: str, word: str) -> str:
        state = getattr(item, side)
        self.diffs = [replace(d, live=state, desired=state, changes=()) if d == item else d for d in self.diffs]
        self.done.append(f"{word} {item.kind}")
        return f"{word} {item.name}"


class Stream:
    """Events as they are let through; blocks like a real stream and can be ended from another thread."""

    def __init__(self, events: tuple[ApplicationEvent, ...]) -> None:
        self._events, self._go, self.closed = list(events), threading.Semaphore(0), threading.Event()

    def let(self, number: int) -> None:
        for _ in range(number):
            self._go.release()

    def __iter__(self) -> Iterator[ApplicationEvent]:
        return self

    def __next__(self) -> ApplicationEvent:
        while not self._go.acquire(timeout=0.05):
            if self.closed.is_set():
                raise StopIteration
        if self.closed.is_set() or not self._events:
            raise StopIteration
        return self._events.pop(0)

    def cancel(self) -> None:
        self.closed.set()


class FileApplications:
    """Gives the applications that a file names, so that a test outside of the kernel can change them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            path.write_text("rolling")

    def __call__(self) -> tuple[Application, ...]:
        if self._path.read_text() == "rolling":
            return family()
        return tuple(replace(a, sync="Synced", health="Healthy", operation=None, conditions=()) for a in family())
