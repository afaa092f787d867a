"""The room one submission is graded in: its own work, its own services, and no process left when it closes."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import psutil

from helpers.core import process as _process

#: Marks every process of a room; children inherit it.
MARK = "MOD208_ROOM"
#: Settings of the instructor's that a learner's code must not see.
PRIVATE = ("MOD208_DB_URL", "MOD208_EXCHANGE", "MOD208_CLASS", "MOD208_SOLUTIONS")
#: Seconds a process may take to end by itself.
GRACE = 8.0


class Room:
    """A context manager around the grading of one notebook of one submission.

    Services and state live in ``.state`` of the submission's directory, so the next notebook of the same submission
    finds what this one made, and no other submission does.

    Args:
        folder: the submission's directory under ``autograded/``; the kernel's working directory.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.token = uuid.uuid4().hex

    def environment(self) -> dict[str, str]:
        """Return the kernel's environment: an allow-list, and where this room's work and state are."""
        state = self.folder / ".state"
        env = _process.environment(
            {
                "MOD208_GRADING": "1",
                "MOD208_STATE": str(state),
                "MOD208_LEARNER": self.folder.parent.name,
                "MOD208_WORKSPACE": str(self.folder.parent),
                "NBGRADER_EXECUTION": "autograde",
                "IPYTHONDIR": str(state / "ipython"),
                "MPLBACKEND": "module://matplotlib_inline.backend_inline",
                MARK: self.token,
            },
            allow=("JUPYTER_*", "VIRTUAL_ENV", "PYTHON*"),
        )
        return {name: value for name, value in env.items() if not _private(name, value)}

    def __enter__(self) -> Room:
        (self.folder / ".state").mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()
        self.drop_links()

    def processes(self) -> Iterator[psutil.Process]:
        """Yield what still runs of this room, whatever its parent is by now."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.environ().get(MARK) == self.token:
                    yield process

    def clear(self) -> int:
        """End every process of this room, services too; return how many there were."""
        ended: set[int] = set()
        # More than one round: what is being ended may start something.
        for seconds in (GRACE, 2.0, 2.0):
            left = list(self.processes())
            if not left:
                break
            ended.update(process.pid for process in left)
            _end(left, seconds)
        return len(ended)

    def drop_links(self) -> None:
        """Remove links to files and directories outside the submission.

        nbgrader changes the mode of everything it finds there, and a link would lead it to the instructor's own.
        """
        for path in self.folder.rglob("*"):
            if not path.is_symlink():
                continue
            if not path.exists() or not path.resolve().is_relative_to(self.folder):
                path.unlink()


def _private(name: str, value: str) -> bool:
    """Return whether a variable is the instructor's own: where the class is kept, or what opens a door."""
    # A proxy's address may carry a password: `http://user:password@proxy`.
    return name in PRIVATE or "TOKEN" in name or (name.lower().endswith("_proxy") and "@" in value)


def _end(processes: list[psutil.Process], seconds: float) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=seconds)
