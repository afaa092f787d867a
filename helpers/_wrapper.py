"""The base of the small tool wrappers: one executable, one working folder, one way to run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from helpers import _process
from helpers.errors import BadInput


class Wrapper:
    """A tool in a working folder. For ``await`` use `helpers.call_async`, as in ``await call_async(tool.method)``.

    Args:
        cwd: folder that relative paths start from; by default the current one.
        executable: path of the tool; by default the one `helpers.tools` finds or builds.
        timeout: seconds one command may take, None for no limit.
    """

    #: Name of the tool in ``toolchain/tools.yaml``.
    tool: ClassVar[str]

    def __init__(
        self,
        cwd: str | os.PathLike[str] | None = None,
        *,
        executable: str | os.PathLike[str] | None = None,
        timeout: float | None = 300,
    ) -> None:
        self.cwd = Path.cwd() if cwd is None else Path(cwd).expanduser().absolute()
        if not self.cwd.is_dir():
            raise BadInput(f"{cwd} is no folder", why=f"{self.tool} needs a folder to work in.", next="Create it.")
        self.timeout = timeout
        self._executable = Path(executable) if executable else None

    @property
    def executable(self) -> Path:
        """The executable that is run."""
        if self._executable is None:
            from helpers import tools

            self._executable = tools.ensure(self.tool).path
        return self._executable

    def _run(
        self,
        args: Sequence[str | os.PathLike[str]],
        *,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (),
    ) -> _process.Completed:
        return _process.run(
            [self.executable, *args],
            cwd=self.cwd,
            env=_process.environment(env),
            input=input,
            timeout=self.timeout,
            secrets=secrets,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.cwd)!r})"


def path_arg(path: str | os.PathLike[str]) -> str:
    """Return *path* so that no tool takes it for an option."""
    given = os.fspath(path)
    if "\0" in given or not given:
        raise BadInput(f"{given!r} is no path", next="Pass the path of a file or folder.")
    return f"./{given}" if given.startswith("-") else given


def last_lines(done: _process.Completed, count: int = 12) -> str:
    """Return the end of what a tool said, standard error first."""
    return "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-count:])
