"""Subcommands that judge a configuration: validate, fmt, test."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

from helpers.wrappers.terraform._run import EventStream, OnEvent, Runner, option_args
from helpers.wrappers.terraform.errors import build_error
from helpers.wrappers.terraform.types import Diagnostic, Event, FmtResult, TestRun, TestSummary, ValidateResult


class CheckCommands:
    """Mixed into `Terraform`."""

    _runner: Runner

    def validate(self) -> ValidateResult:
        """Run ``terraform validate``. An invalid configuration is a result, not an error."""
        raw = self._runner.json(["validate", "-json"], ok=(0, 1))
        return ValidateResult(bool(raw.get("valid")), tuple(map(Diagnostic.from_json, raw.get("diagnostics", ()))))

    def fmt(
        self,
        *targets: str | os.PathLike[str],
        check: bool = False,
        diff: bool = False,
        recursive: bool = False,
    ) -> FmtResult:
        """Run ``terraform fmt``.

        Args:
            targets: files or directories; by default the working directory.
            check: change nothing, only tell.
            diff: put the differences in the result.
            recursive: directories below as well.

        Raises:
            InvalidConfiguration: a file cannot be parsed.
        """
        shared = [*(["-recursive"] if recursive else []), *(os.fspath(target) for target in targets)]
        # Exit code 3: some file is not in canonical format. With -check nothing is written.
        names = self._runner.text(["fmt", "-no-color", "-check", *shared], ok=(0, 3))
        files = tuple(names.stdout.splitlines())
        if not files or (check and not diff):
            return FmtResult(files)
        mode = [*(["-check"] if check else []), *(["-diff"] if diff else [])]
        done = self._runner.text(["fmt", "-no-color", *mode, *shared], ok=(0, 3))
        # -list=false would leave out the differences as well.
        lines = [line for line in done.stdout.splitlines() if line not in files]
        return FmtResult(files, "\n".join(lines) if diff else "")

    def test(
        self,
        *,
        filter: Sequence[str] = (),
        test_directory: str | None = None,
        verbose: bool = False,
        junit_xml: str | os.PathLike[str] | None = None,
        on_event: OnEvent | None = None,
    ) -> TestSummary:
        """Run ``terraform test``. Failing tests are a result, not an error.

        Args:
            filter: test files to run, relative to the working directory; by default all.
            test_directory: directory of the test files, ``tests`` by default.
            verbose: include plans and states in the events (sensitive values masked).
            junit_xml: also write a JUnit report here.
            on_event: called with each message.

        Raises:
            TerraformError: the tests could not be run at all (``InitRequired``, ``InvalidConfiguration`` ...).
        """
        options = {"filter": list(filter), "test_directory": test_directory, "junit_xml": junit_xml}
        args = ["test", *option_args(options), *(["-verbose"] if verbose else [])]
        stream = self._runner.stream(EventStream, args, variables=True)
        stream.finish(on_event, ok=(0, 1))
        return _summary(stream)


def _time(event: Event) -> datetime:
    return datetime.fromisoformat(event.timestamp)


def _summary(stream: EventStream) -> TestSummary:
    status = ""
    runs: dict[tuple[str, str], str] = {}
    found: dict[tuple[str, str], list[Diagnostic]] = {}
    started: dict[tuple[str, str], datetime] = {}
    seconds: dict[tuple[str, str], float] = {}
    for event in stream.events:
        key = (str(event.raw.get("@testfile", "")), str(event.raw.get("@testrun", "")))
        run = event.raw.get("test_run") or {}
        if event.type == "test_run" and run.get("progress") == "starting":
            started[key] = _time(event)
        if event.type == "test_run" and run.get("status"):
            runs[key] = str(run["status"])
            seconds[key] = (_time(event) - started.get(key, _time(event))).total_seconds()
        if event.diagnostic is not None:
            found.setdefault(key, []).append(event.diagnostic)
        if event.type == "test_summary":
            status = str(event.raw.get("test_summary", {}).get("status", ""))
    # Terraform also writes a summary when loading failed; then no run has a status.
    errors = [d for d in stream.diagnostics if d.severity == "error"]
    if errors and not runs:
        raise build_error("test", stream.diagnostics)
    results = tuple(
        TestRun(file, name, state, seconds.get((file, name)), tuple(found.get((file, name), ())))
        for (file, name), state in runs.items()
    )
    loose = tuple(d for key, items in found.items() if key not in runs for d in items)
    return TestSummary(status or ("error" if errors else "pass"), results, loose)
