"""Get the missing tools in the background while the learner reads, one after the other, the first lecture's first.

``course open`` starts it beside JupyterLab. It says in the terminal what is ready and how long the rest takes. A cell
that needs a tool asks for that one by `helpers.runtime.tools.ensure`: it builds it at once, or follows this builder.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence

from helpers.runtime import tools
from helpers.runtime.tools.build import clean
from helpers.runtime.tools.errors import BuildFailed, ToolChanged, ToolError
from helpers.runtime.tools.pins import ToolSpec
from helpers.runtime.tools.progress import Published

#: Seconds between two lines in the terminal.
PACE = 20.0


def missing() -> list[ToolSpec]:
    """Return the tools that are to be built or installed here, in the order of ``toolchain/tools.yaml``.

    One that has changed since it was built is not among them: the cell that needs it says so, and what to do.
    """
    return [spec for name, spec in tools.specs().items() if spec.source != "system" and _is_missing(name)]


def _is_missing(name: str) -> bool:
    try:
        return tools.find(name) is None
    except ToolChanged:
        return False


def seconds(specs: Sequence[ToolSpec]) -> float:
    """Return how long these tools take on two cores, in seconds."""
    return float(sum(max(spec.build_seconds, 2) for spec in specs))


def install(wanted: Sequence[ToolSpec], say: Callable[[str], None]) -> bool:
    """Get the tools one by one; return whether all of them are here.

    A tool that cannot be built is left out and named: the cell that needs it says why. Without a network, a compiler or
    disk space the rest is not tried.

    Args:
        wanted: the tools, in order.
        say: told a line for the terminal now and then.
    """
    count, failed = len(wanted), []
    for at, spec in enumerate(wanted):
        told = Published(spec, _pace(f"{at} of {count} ready, building {spec.name}", spec, wanted[at + 1 :], say))
        try:
            tools.ensure(spec.name, progress=told)
        except BuildFailed as error:
            failed.append(spec.name)
            say(f"{error.what}. The cell that needs it says more.")
        except ToolError as error:
            say(f"{error.what}. {error.why} Next: course tools install")
            return False
        finally:
            told.close()
    clean()
    say(f"without {', '.join(failed)}; everything else is ready." if failed else "all of them are ready.")
    return not failed


def _pace(
    what: str, spec: ToolSpec, after: Sequence[ToolSpec], say: Callable[[str], None]
) -> Callable[[str, float], None]:
    """Return a progress that says *what* with the time left, at the start and every `PACE` seconds."""
    begun, last = time.monotonic(), 0.0

    def progress(line: str, share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if last and now - last < PACE:
            return
        last = now
        left = max(spec.build_seconds - (now - begun), 5.0) + seconds(after)
        say(f"{what}; all of them in about {_minutes(left)}. You can begin: a cell waits only for the tool it needs.")

    return progress


def _minutes(left: float) -> str:
    return f"{left:.0f} s" if left < 90 else f"{left / 60:.0f} min"


def end_with(parent: int) -> None:
    """Interrupt this process when its parent is gone: what JupyterLab's terminal started ends with it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Get what is missing until the process named on the command line, our parent, is gone."""
    end_with(int(sys.argv[1]))
    os.nice(10)  # JupyterLab and the learner's cells come first.
    try:
        ok = install(missing(), lambda line: print(f"[tools] {line}", file=sys.stderr, flush=True))
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(not ok)


if __name__ == "__main__":
    main()
