"""Show the progress of a build: a bar in a terminal, a bar in a notebook, plain lines in a log.

A build tells its progress to other programs too: whoever waits for the same tool shows what its builder is at.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.core import display
from helpers.core.files import write_atomic
from helpers.core.paths import cache_dir
from helpers.runtime.tools.build import WAITING, Progress
from helpers.runtime.tools.pins import ToolSpec, specs

#: Seconds between two looks at what another builder tells.
LOOK = 0.5


class Published:
    """Progress of one tool's build, passed on with the time left and published for those who wait for the same tool.

    When another program builds the tool, its published progress is passed on instead, until `close`.

    Args:
        spec: the tool.
        show: what shows the progress here.
    """

    def __init__(self, spec: ToolSpec, show: Progress) -> None:
        self.spec, self._show = spec, show
        self._begun, self._written = time.monotonic(), 0.0
        self._closed = threading.Event()
        self._follower: threading.Thread | None = None

    @property
    def file(self) -> Path:
        """Where the progress of this tool is published."""
        return cache_dir() / "progress" / f"{self.spec.name}.json"

    def __call__(self, line: str, share: float) -> None:
        """Take a line of the build and the share done so far."""
        if line == WAITING:
            self._show(line, share)
            self._follow()
            return
        line = f"{self.left()}; {line}"
        self._show(line, share)
        if time.monotonic() - self._written > LOOK:
            self._written = time.monotonic()
            self._publish({"pid": os.getpid(), "line": line, "share": share})

    def left(self) -> str:
        """Say how long this build will still take, by what it takes on two cores."""
        seconds = self.spec.build_seconds - (time.monotonic() - self._begun)
        return f"about {seconds:.0f} s left" if seconds > 0 else "longer than usual"

    def close(self) -> None:
        """Stop following; withdraw what was published."""
        self._closed.set()
        if self._follower is not None:
            self._follower.join()
        elif self._written:
            self.file.unlink(missing_ok=True)

    def _publish(self, data: dict[str, object]) -> None:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self.file, json.dumps(data))
        except OSError:
            # A full disk is the build's to tell.
            return

    def _follow(self) -> None:
        def follow() -> None:
            while not self._closed.wait(LOOK):
                try:
                    told = json.loads(self.file.read_text(encoding="utf-8"))
                    self._show(str(told["line"]), float(told["share"]))
                except (OSError, ValueError, KeyError, TypeError):
                    continue

        self._follower = threading.Thread(target=follow, daemon=True)
        self._follower.start()


@contextmanager
def shown(title: str, name: str) -> Iterator[Progress]:
    """Show progress in whatever place the caller runs in.

    Args:
        title: what is going on, one line.
        name: of the tool or service, for the lines of a log.
    """
    with _place(title, name) as progress:
        if name not in specs():
            yield progress
            return
        published = Published(specs()[name], progress)
        try:
            yield published
        finally:
            published.close()


@contextmanager
def _place(title: str, name: str) -> Iterator[Progress]:
    if "ipykernel" in sys.modules and not sys.stdout.isatty():
        with _notebook(title) as progress:
            yield progress
    elif sys.stderr.isatty():
        with _terminal(title) as progress:
            yield progress
    else:
        with _plain(title, name) as progress:
            yield progress


def title_of(spec: ToolSpec) -> str:
    """Return what is said while a tool is built or installed."""
    verb = "Building" if spec.source == "go" else "Installing"
    return f"{verb} {spec.name} {spec.version} (once; about {max(spec.build_seconds, 5)} s)"


@contextmanager
def _terminal(title: str) -> Iterator[Progress]:
    from rich.console import Console  # 45 ms, only where a bar is shown
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn  # 45 ms, only where a bar is shown
    from rich.progress import Progress as Bar  # 45 ms, only where a bar is shown

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[line]}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0, line="")
        yield lambda line, share: bar.update(task, completed=share, line=line[:60])


@contextmanager
def _notebook(title: str) -> Iterator[Progress]:
    with display.panel("tool-progress")(title) as progress:
        yield progress


@contextmanager
def _plain(title: str, name: str) -> Iterator[Progress]:
    """Print a line at the start, one every 15 s, one at the end: a log that waits must say so."""
    started = last = time.monotonic()
    print(title, file=sys.stderr, flush=True)

    def progress(line: str, share: float) -> None:
        nonlocal last
        if time.monotonic() - last >= 15:
            last = time.monotonic()
            print(f"  {name}: {last - started:.0f} s, now {line[-60:]}", file=sys.stderr, flush=True)

    yield progress
    print(f"  {name}: done in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
