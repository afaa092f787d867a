"""The `Terratest` wrapper: one object for one directory of Go tests."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from helpers.core import process
from helpers.core.errors import BadInput
from helpers.core.paths import state_dir
from helpers.runtime import cloud_access, tools
from helpers.runtime.services.short_paths import short_path
from helpers.wrappers.base import StrPath, Wrapper
from helpers.wrappers.terraform import config
from helpers.wrappers.terratest import build
from helpers.wrappers.terratest.errors import TerratestError
from helpers.wrappers.terratest.junit import write_junit
from helpers.wrappers.terratest.sources import require_tests
from helpers.wrappers.terratest.stream import SuiteEvents
from helpers.wrappers.terratest.types import GoEvent, Left, SuiteRun

#: Seconds that ending and sweeping a run may take.
GRACE = 150.0
_TEST = re.compile(r"(?:Test|Fuzz|Example)\w*")
_FIXED = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}


class Terratest(Wrapper):
    """Go tests of a Terraform module, with Terratest as pinned in ``toolchain/terratest``.

    The tests find Terraform, the provider mirror, the registry and the cloud in their environment. They run in a copy
    of the module, in a directory of the run's own: what they do not destroy is found there, destroyed and told. What
    an earlier run left that was killed is destroyed first.

    Args:
        workdir: directory of ``*_test.go`` files of one package. With a go.mod there or above that is used, else the
            pinned one.
        account: account of `helpers.cloud` to act in, by name or number.
        root: directory to copy, which holds *workdir*; by default the module around it: its parent when that has
            ``.tf`` files, or is a repository with a directory ``test`` beside ``modules`` or ``examples``.
        env: environment variables to add. timeout: seconds that the tests may take.

    Raises:
        BadInput: *workdir* is not a directory, or *root* does not hold it.
    """

    tool = "terratest-runner"
    refused: ClassVar[tuple[str, ...]] = ("TF_LOG*", "TF_CLI_ARGS*", "TF_IN_AUTOMATION", "TMPDIR", "SKIP_*", "GO*")

    def __init__(
        self,
        workdir: StrPath = ".",
        *,
        account: str = "platform",
        root: StrPath | None = None,
        env: Mapping[str, str] | None = None,
        executable: StrPath | None = None,
        timeout: float = 600,
    ) -> None:
        super().__init__(workdir, env=env, executable=executable, timeout=timeout)
        self._seconds, self._account = timeout, account
        self.root = Path(root).absolute() if root is not None else _root(self.workdir)
        if not self.workdir.is_relative_to(self.root):
            raise BadInput(f"{self.workdir.name} is not within root", why="The tests are copied with the module.")

    def run(
        self,
        pattern: str = "",
        *,
        parallel: int | None = None,
        skip_stages: Sequence[str] = (),
        junit: StrPath | None = None,
        on_event: Callable[[GoEvent], None] | None = None,
    ) -> SuiteRun:
        """Run the suite. Failing tests are a result, not an error.

        Args:
            pattern: regular expression of the tests to run (``go test -run``), by default all.
            parallel: how many tests with ``t.Parallel()`` run at a time; by default as many as processors.
            skip_stages: stages of `test_structure.RunTestStage` to leave out. The suite then runs in place, in the
                working directory itself: what a stage made must be there for the next run.
            junit: also write a JUnit report here.
            on_event: called with each event.

        Raises:
            SuiteNotCompiled, NothingTested, SuiteStopped, TerratestError: see `helpers.wrappers.terratest.errors`.
        """
        events = self.events(pattern, parallel=parallel, skip_stages=skip_stages, junit=junit)
        for event in events:
            if on_event is not None:
                on_event(event)
        return events.result()

    def events(
        self,
        pattern: str = "",
        *,
        parallel: int | None = None,
        skip_stages: Sequence[str] = (),
        junit: StrPath | None = None,
    ) -> SuiteEvents:
        """Start the suite and return it running; for `helpers.widgets.TestBoard`. Args and errors as `run`."""
        require_tests(self.workdir)
        made = build.compiled(self.workdir)
        swept = self.sweep()
        report = Path(tempfile.mkdtemp(prefix="mod208-suite-report-")) / "left.json"
        inside = self.workdir.relative_to(self.root)
        where: list[StrPath] = ["-dir", self.workdir] if skip_stages else ["-copy", self.root, "-dir", inside]
        args: list[StrPath] = [*self._room("run"), "-test2json", made.converter, "-report", report, *where, "--"]
        args += [made.binary, "-test.v=test2json", "-test.paniconexit0", f"-test.timeout={self._seconds:g}s"]
        args += [f"-test.run={pattern}"] if pattern else []
        args += [f"-test.parallel={parallel}"] if parallel else []
        skipped = {f"SKIP_{stage}": "true" for stage in skip_stages}
        running = process.start(
            [self.executable, *args], env={**self._environment(), **skipped}, timeout=self._seconds + GRACE, grace=GRACE
        )

        def finished(run: SuiteRun) -> None:
            if junit is not None:
                write_junit(run, self.workdir.name, junit)

        return SuiteEvents(running, report, swept, pattern, finished)

    def tests(self, pattern: str = ".") -> tuple[str, ...]:
        """Return the names of the tests that match, without running them.

        Raises:
            SuiteNotCompiled, NothingTested: as `run`.
        """
        require_tests(self.workdir)
        made = build.compiled(self.workdir)
        done = process.run([made.binary, f"-test.list={pattern}"], env=self._environment(), timeout=60)
        # A TestMain of the suite's own may print among them.
        return tuple(line for line in done.stdout.splitlines() if _TEST.fullmatch(line))

    def sweep(self) -> tuple[Left, ...]:
        """Destroy what runs of this account that were killed have left, and return it. Living runs are not touched."""
        env = self._environment()
        done = process.run([self.executable, *self._room("sweep")], env=env, timeout=600)
        if done.returncode != 0:
            raise TerratestError("What is left could not be looked for", why=done.stderr[-1500:], next="course doctor")
        return tuple(map(Left.from_json, json.loads(done.stdout)))

    def _room(self, command: str) -> list[StrPath]:
        return [command, "-runs", state_dir() / "terratest", "-account", cloud_access.account_id(self._account)]

    def _environment(self) -> dict[str, str]:
        (state_dir() / "terratest").mkdir(parents=True, exist_ok=True)
        found = {**process.environment(), **config.environment_for(self._account)}
        # Terratest starts what PATH calls terraform.
        found["PATH"] = f"{tools.ensure('terraform').path.parent}{os.pathsep}{found.get('PATH', '')}"
        # Providers make their sockets in TMPDIR otherwise, deep in the run's directory: the kernel takes 107 bytes.
        # Hidden: what is seen in there is taken for a run, and swept.
        sockets = short_path(state_dir() / "terratest" / ".s", 40)
        sockets.mkdir(exist_ok=True, mode=0o700)
        found["PLUGIN_UNIX_SOCKET_DIR"] = str(sockets)
        return {**found, **self._env, **_FIXED}


def _root(workdir: Path) -> Path:
    above = workdir.parent
    beside = workdir.name in ("test", "tests") and any([*above.glob("*/*.tf"), *above.glob("*/*/*.tf")])
    within = not any(workdir.glob("*.tf")) and (any(above.glob("*.tf")) or beside)
    return above if within else workdir
