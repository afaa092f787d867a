"""Show the progress of a build or a start: a bar in a terminal, a bar in a notebook, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from helpers.tools.build import Progress
from helpers.tools.pins import ToolSpec


@contextmanager
def shown(title: str, name: str) -> Iterator[Progress]:
    """Show progress in whatever place the caller runs in.

    Args:
        title: what is going on, one line.
        name: of the tool or service, for the lines of a log.
    """
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
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[line]}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0, line="")
        yield lambda line, share: bar.update(task, completed=share, line=line[-40:])


@contextmanager
def _notebook(title: str) -> Iterator[Progress]:
    from helpers.widgets import ToolProgress

    with ToolProgress(title) as progress:
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
