"""Conftest: judge configuration by policies (https://www.conftest.dev)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from helpers import _process
from helpers._wrapper import Wrapper, last_lines, path_arg
from helpers.opa import TestCase, TestReport
from helpers.policy import (
    InvalidInput,
    Level,
    NothingChecked,
    PolicyError,
    PolicyReport,
    PolicyResult,
    faults_in,
    invalid_policy,
    locate,
)

StrPath = str | os.PathLike[str]
_LEVELS: dict[str, Level] = {"failures": "failure", "warnings": "warning", "exceptions": "exception"}


class Conftest(Wrapper):
    """Conftest in one folder, with the policies it judges by.

    Args:
        cwd: folder that relative paths start from.
        policy: folders or files of policies.
        data: folders or files of data that the policies read.
        executable, timeout: see `Wrapper`.
    """

    tool = "conftest"

    def __init__(
        self,
        cwd: StrPath | None = None,
        *,
        policy: StrPath | Sequence[StrPath] = "policy",
        data: Sequence[StrPath] = (),
        executable: StrPath | None = None,
        timeout: float | None = 300,
    ) -> None:
        super().__init__(cwd, executable=executable, timeout=timeout)
        self.policy = [policy] if isinstance(policy, str | os.PathLike) else list(policy)
        self.data = list(data)

    def test(
        self,
        *files: StrPath,
        input: Any = None,
        namespace: str | Sequence[str] = (),
        all_namespaces: bool = False,
        combine: bool = False,
        fail_on_warn: bool = False,
        parser: str | None = None,
        name: str = "(input)",
    ) -> PolicyReport:
        """Judge files, or *input* (text, or data that is passed as JSON), and return the findings.

        Args:
            files: configuration files or folders.
            input: judge this instead of files.
            namespace: Rego packages to evaluate; Conftest's default is ``main``.
            all_namespaces: evaluate every package.
            combine: judge all files together as one document.
            fail_on_warn: count a warning as a failure.
            parser: how to read the files, for example ``hcl2``; by default by their ending.
            name: what the report calls *input*.

        Raises:
            InvalidPolicy, InvalidInput: nothing could be judged. NothingChecked: not one rule was evaluated.
        """
        args = ["test", "-o", "json", "--no-color", *self._sources()]
        for one in [namespace] if isinstance(namespace, str) else namespace:
            args += ["-n", one]
        switches = {"--all-namespaces": all_namespaces, "--combine": combine, "--fail-on-warn": fail_on_warn}
        args += [switch for switch, on in switches.items() if on]
        if parser:
            args += ["--parser", parser]
        text = None
        if input is not None:
            text = input if isinstance(input, str) else json.dumps(input)
            args += ["-"] if parser else ["--parser", "yaml", "-"]
        elif not files:
            raise InvalidInput("There is nothing to judge", next="Pass a file, or input=...")
        done = self._run([*args, *(path_arg(f) for f in files)] if input is None else args, input=text)
        report = self._report(done, fail_on_warn, name if input is not None else "")
        if not report.results and not report.successes:
            raise NothingChecked(
                "Not one rule was evaluated",
                why="No rule named deny, violation or warn was found in the packages asked for "
                f"({', '.join([namespace] if isinstance(namespace, str) else namespace) or 'main'}).",
                next="Check the package line of the policy, or pass namespace= or all_namespaces=True.",
            )
        return report

    def verify(self, *, namespace: str | Sequence[str] = ()) -> TestReport:
        """Run the policies' own unit tests (rules named ``test_...``).

        Raises:
            InvalidPolicy: the policies do not compile. NothingChecked: there is no test.
        """
        args = ["verify", "-o", "json", "--no-color", *self._sources()]
        for one in [namespace] if isinstance(namespace, str) else namespace:
            args += ["-n", one]
        cases: list[TestCase] = []
        for block in self._json(self._run(args)):
            file = str(block.get("filename", ""))
            cases += [TestCase(file, str(f.get("msg", "")), passed=False) for f in block.get("failures") or ()]
            # Conftest only counts the tests that passed; it does not name them.
            cases += [TestCase(file, "", passed=True)] * int(block.get("successes") or 0)
        if not cases:
            raise NothingChecked("There is no policy test", next="Write a rule named test_... beside the policy.")
        return TestReport(tuple(cases))

    def push(self, reference: str, *, tls: bool = True) -> None:
        """Push the policies to an OCI registry, for example ``127.0.0.1:5000/policies:v1``.

        Args:
            reference: repository and tag.
            tls: False for a plain-HTTP registry on loopback.
        """
        args = ["push", reference, *(a for p in self.policy for a in ("-p", path_arg(p)))]
        self._transfer(args, reference, tls)

    def pull(self, reference: str, *, tls: bool = True) -> None:
        """Pull policies from an OCI registry into the first policy folder."""
        self._transfer(["pull", f"oci://{reference}", "-p", path_arg(self.policy[0])], reference, tls)

    def _transfer(self, args: list[str], reference: str, tls: bool) -> None:
        done = self._run([*args, f"--tls={str(tls).lower()}"])
        if done.returncode:
            raise PolicyError(
                f"Conftest could not {args[0]} {reference}", why=last_lines(done), next="course services status"
            )

    def _sources(self) -> list[str]:
        pairs: list[tuple[Literal["-p", "-d"], StrPath]] = [("-p", p) for p in self.policy]
        pairs += [("-d", d) for d in self.data]
        return [word for flag, path in pairs for word in (flag, path_arg(path))]

    def _json(self, done: _process.Completed) -> list[Mapping[str, Any]]:
        try:
            # A run without a single test prints `null`.
            blocks = (json.loads(done.stdout) or []) if done.returncode in (0, 1) else None
        except ValueError:
            blocks = None
        if isinstance(blocks, list):
            return blocks
        said = last_lines(done)
        if faults := faults_in(said):
            raise invalid_policy(faults, said)
        if "no policies found" in said or "loading policies" in said:
            where = ", ".join(map(str, self.policy))
            raise NothingChecked(
                f"There is no policy in {where}", why=said, next="Write the .rego file, or pass policy="
            )
        if "parse" in said or "get file info" in said:
            raise InvalidInput("The configuration cannot be read", why=said, next="Check the file's name and syntax.")
        raise PolicyError("Conftest gave no verdict", why=said, next="course doctor")

    def _report(self, done: _process.Completed, fail_on_warn: bool, name: str) -> PolicyReport:
        results: list[PolicyResult] = []
        successes = 0
        for block in self._json(done):
            successes += int(block.get("successes") or 0)
            for key, level in _LEVELS.items():
                results += [self._result(block, found, level, name) for found in block.get(key) or ()]
        return PolicyReport(tuple(results), successes, fail_on_warn)

    def _result(self, block: Mapping[str, Any], found: Mapping[str, Any], level: Level, name: str) -> PolicyResult:
        metadata = dict(found.get("metadata") or {})
        namespace, msg = str(block.get("namespace", "")), str(found.get("msg", ""))
        rule = str(metadata.pop("query", "")).rpartition(".")[2]
        source = locate(rule, namespace, msg, self._policy_files()) if rule else None
        return PolicyResult(name or str(block.get("filename", "")), namespace, msg, level, rule, metadata, source)

    def _policy_files(self) -> Iterable[Path]:
        for place in self.policy:
            path = self.cwd / place
            yield from sorted(path.rglob("*.rego")) if path.is_dir() else [path]
