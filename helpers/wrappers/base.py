"""What the wrappers of command line tools have in common; each wrapper adds one method a subcommand.

Every method is blocking. For ``await`` use `helpers.call_async`: ``await call_async(opa.check, "policy")``;
cancelling the task ends the tool in the usual orderly way.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from helpers.core import process
from helpers.core.errors import BadInput, CourseError
from helpers.core.paths import state_dir
from helpers.runtime import tools, trust

StrPath = str | os.PathLike[str]
#: The tools are Go programs that end before collecting garbage pays: a quarter of a run's processor time. It begins at
#: the limit. A variable of the wrapper's ``env=`` wins.
SHORT = {"GOGC": "off", "GOMEMLIMIT": "400MiB"}
#: How a program in Go ends that is given no more memory.
_NO_MEMORY = re.compile(r"^fatal error: (?:runtime: )?(?:cannot allocate|out of) memory", re.MULTILINE)


class ToolFailed(CourseError):
    """A tool ended in a way that is not a result; ``completed`` holds what it printed."""

    code = "tool-failed"

    def __init__(self, what: str, *, why: str = "", next: str = "", completed: process.Completed | None = None) -> None:
        super().__init__(what, why=why, next=next)
        self.completed = completed


class TooMuchMemory(ToolFailed):
    """A tool needed more memory than what it evaluates may take."""

    code = "too-much-memory"


class RefusedVariable(BadInput):
    """An environment variable that would change what the tool does or prints behind the wrapper's back."""

    code = "refused-variable"


class Wrapper:
    """One tool in one working directory.

    Args:
        workdir: directory that relative paths start from; must exist.
        env: environment variables to add.
        executable: path of the tool; by default the one `helpers.tools` finds or builds.
        timeout: seconds that one command may take, None for no limit.

    Raises:
        BadInput: *workdir* is not a directory. RefusedVariable: *env* holds one that would change the tool's output.
    """

    #: Name in ``toolchain/tools.yaml``.
    tool: ClassVar[str] = ""
    #: Patterns of variables that cannot be set, because an option of the wrapper does the same in sight.
    refused: ClassVar[tuple[str, ...]] = ()
    #: Bytes of memory that a run may have (Linux), where what it evaluates may be an attack; None for no limit.
    memory: ClassVar[int | None] = None

    def __init__(
        self,
        workdir: StrPath = ".",
        *,
        env: Mapping[str, str] | None = None,
        executable: StrPath | None = None,
        timeout: float | None = 120,
    ) -> None:
        folder = Path(workdir).expanduser().absolute()
        if not folder.is_dir():
            raise BadInput(
                f"{workdir} is not a directory", why=f"{self.tool} needs a directory to work in.", next="Create it."
            )
        for name in env or {}:
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in self.refused):
                raise RefusedVariable(
                    f"{name} cannot be set", why=f"It changes what {self.tool} does.", next="Use the keyword option."
                )
        self.workdir, self.timeout = folder, timeout
        self._env, self._executable = dict(env or {}), executable

    @property
    def executable(self) -> Path:
        """Where the tool is; the first use may build it."""
        if self._executable is None:
            self._executable = tools.ensure(self.tool).path
        return Path(self._executable)

    def _fixed_env(self) -> dict[str, str]:
        """Return variables that every run has; they win over the caller's."""
        return {}

    def _run(
        self,
        args: Sequence[StrPath],
        *,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (),
        cwd: Path | None = None,
        max_output: int = process.MAX_OUTPUT,
    ) -> process.Completed:
        """Run the tool to its end; the caller judges the exit code."""
        done = process.run(
            [self.executable, *args],
            cwd=cwd or self.workdir,
            env=process.environment(
                {**SHORT, **trust.client_environment(args), **self._env, **self._fixed_env(), **(env or {})}
            ),
            input=input,
            timeout=self.timeout,
            secrets=secrets,
            max_output=max_output,
            memory=self.memory,
        )
        if self.memory is not None and _NO_MEMORY.search(done.stderr):
            raise TooMuchMemory(
                f"{self.tool} ended without a result: it needed more than {self.memory:,} bytes of memory",
                why="What it evaluates builds a value of that size, such as a list of a billion numbers.",
                next="Let the rule look at what the input holds instead of all that could be.",
                completed=done,
            )
        return done

    def _failed(self, command: str, done: process.Completed, next: str = "") -> ToolFailed:
        """Return the error for a run that gave no result."""
        why = (done.stderr or done.stdout).strip().splitlines()[-8:]
        return ToolFailed(
            f"{self.tool} {command} failed", why="\n".join(why), next=next or "course doctor", completed=done
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.workdir)!r})"


def paths(items: Sequence[StrPath]) -> list[str]:
    """Return operands as strings; none is taken for an option, as each wrapper puts them behind ``--``.

    Raises:
        BadInput: an operand is empty or holds a NUL character.
    """
    found = [os.fspath(item) for item in items]
    for item in found:
        if not item or "\0" in item:
            raise BadInput(f"{item!r} is not a path", why="A path is not empty and holds no NUL.", next="Correct it.")
    return found


def empty_config(name: str) -> Path:
    """Return an empty configuration file, for tools that would else read one they find in the directory."""
    path = state_dir() / "empty" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return path
