"""OPA: evaluate, test, check and format Rego (https://www.openpolicyagent.org/docs/cli)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from helpers import _process
from helpers._display import Displayed
from helpers._wrapper import Wrapper, last_lines, path_arg
from helpers.errors import BadInput
from helpers.policy import Fault, NothingChecked, PolicyError, faults_in, invalid_policy

StrPath = str | os.PathLike[str]


@dataclass(frozen=True)
class TestCase:
    """One test rule: its file, its name (empty when the tool does not name it), its line and its outcome."""

    __test__ = False  # not a pytest class

    file: str
    name: str
    passed: bool
    line: int = 0
    error: str = ""


@dataclass(frozen=True)
class FileCoverage:
    """How much of one policy file the tests ran through: percent, and the lines they did not."""

    file: str
    percent: float
    not_covered: tuple[int, ...]


@dataclass(frozen=True)
class TestReport(Displayed):
    """The outcome of policy unit tests, at least one of which ran; coverage when it was asked for."""

    __test__ = False

    _renderer: ClassVar[str] = "policy_tests_html"

    cases: tuple[TestCase, ...]
    coverage: tuple[FileCoverage, ...] = ()
    percent: float | None = None

    @property
    def failures(self) -> tuple[TestCase, ...]:
        """The tests that did not pass."""
        return tuple(c for c in self.cases if not c.passed)

    @property
    def passed(self) -> bool:
        """Whether every test passed."""
        return not self.failures

    def __repr__(self) -> str:
        covered = "" if self.percent is None else f", {self.percent:g} % covered"
        return f"TestReport({len(self.cases) - len(self.failures)} passed, {len(self.failures)} failed{covered})"


class Opa(Wrapper):
    """OPA in one folder."""

    tool = "opa"

    def eval(self, query: str, *, input: Any = None, data: Sequence[StrPath] = (), strict: bool = True) -> Any:
        """Return the value of a query, or None when it is undefined.

        Args:
            query: for example ``data.main.deny``.
            input: the input document.
            data: policies and data, files or folders.
            strict: treat a built-in function's error as an error rather than as undefined.

        Raises:
            InvalidPolicy: query or policies do not compile, or a built-in function failed.
        """
        args = ["eval", "--format=json", *(a for d in data for a in ("-d", path_arg(d)))]
        if strict:
            args.append("--strict-builtin-errors")
        text = None
        if input is not None:
            args.append("--stdin-input")
            text = json.dumps(input)
        answer = self._json(self._run([*args, "--", query], input=text))
        results = answer.get("result") if isinstance(answer, Mapping) else None
        return results[0]["expressions"][0]["value"] if results else None

    def test(self, *paths: StrPath, coverage: bool = False) -> TestReport:
        """Run the ``test_...`` rules under *paths*.

        Args:
            paths: policies and their tests.
            coverage: measure which lines the tests run through; this runs them a second time.

        Raises:
            InvalidPolicy: they do not compile. NothingChecked: there is no test.
        """
        places = [path_arg(p) for p in paths] or ["."]
        rows = self._json(self._run(["test", "--format=json", "--", *places]), ok=(0, 2))
        if not isinstance(rows, list) or not rows:
            why = "No rule named test_... was found in " + ", ".join(places)
            raise NothingChecked("There is no policy test", why=why, next="Write one beside the policy.")
        cases = tuple(_case(row) for row in rows)
        if not coverage:
            return TestReport(cases)
        measured = self._json(self._run(["test", "--format=json", "--coverage", "--", *places]), ok=(0, 2), soft=True)
        return TestReport(cases, *_coverage(measured))

    def check(self, *paths: StrPath, strict: bool = True) -> tuple[Fault, ...]:
        """Return what is wrong in the policies; nothing when all is well."""
        args = ["check", "--format=json", *(["--strict"] if strict else [])]
        done = self._run([*args, "--", *(path_arg(p) for p in paths)])
        return () if done.returncode == 0 else _faults(done)

    def fmt(self, *paths: StrPath, write: bool = False) -> tuple[str, ...]:
        """Return the files that are not formatted; with *write* they are formatted."""
        places = [path_arg(p) for p in paths]
        listed = self._text(self._run(["fmt", "--list", "--", *places])).splitlines()
        if write and listed:
            self._text(self._run(["fmt", "--write", "--", *places]))
        return tuple(listed)

    def build(self, *paths: StrPath, output: StrPath, revision: str = "") -> Path:
        """Build a policy bundle (a ``tar.gz`` that OPA loads) and return its path."""
        args = ["build", "--output", path_arg(output), *(["--revision", revision] if revision else []), "--"]
        self._text(self._run([*args, *(path_arg(p) for p in paths)]))
        return self.cwd / output

    def _text(self, done: _process.Completed) -> str:
        if done.returncode:
            raise invalid_policy(_faults(done), last_lines(done))
        return done.stdout

    def _json(self, done: _process.Completed, ok: Sequence[int] = (0,), *, soft: bool = False) -> Any:
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            if soft:
                return {}
            answer = None
        if done.returncode not in ok or answer is None or (isinstance(answer, Mapping) and answer.get("errors")):
            raise invalid_policy(_faults(done), last_lines(done))
        return answer


def _faults(done: _process.Completed) -> tuple[Fault, ...]:
    try:
        raw = json.loads(done.stdout or done.stderr)["errors"]
    except (ValueError, KeyError, TypeError):
        found, said = faults_in(last_lines(done)), last_lines(done)
    else:
        found, said = tuple(map(_fault, raw)), "\n".join(str(e.get("message", "")) for e in raw)
    if "no such file" in said:
        raise BadInput("OPA cannot read the policies", why=said, next="Check the path.")
    if not found:
        code = f"It ended with exit code {done.returncode}."
        raise PolicyError("OPA gave no verdict", why=said or code, next="course doctor")
    return found


def _fault(error: Mapping[str, Any]) -> Fault:
    place = error.get("location") or {}
    return Fault(str(place.get("file", "")), int(place.get("row") or 0), str(error.get("message", "")))


def _case(row: Mapping[str, Any]) -> TestCase:
    place = row.get("location") or {}
    bad = bool(row.get("fail")) or bool(row.get("error")) or bool(row.get("skip"))
    error = "skipped" if row.get("skip") else json.dumps(row["error"]) if row.get("error") else ""
    name = f"{row.get('package', '')}.{row.get('name', '')}"
    return TestCase(str(place.get("file", "")), name, not bad, int(place.get("row") or 0), error)


def _coverage(measured: Mapping[str, Any]) -> tuple[tuple[FileCoverage, ...], float | None]:
    files = []
    for name, one in sorted((measured.get("files") or {}).items()):
        if name.endswith("_test.rego"):
            continue
        missed = [
            n for span in one.get("not_covered") or () for n in range(span["start"]["row"], span["end"]["row"] + 1)
        ]
        files.append(FileCoverage(name, float(one.get("coverage") or 0.0), tuple(missed)))
    # OPA's own total counts the tests as well; what matters is how much of the policies they cover.
    share = sum(f.percent for f in files) / len(files) if files else None
    return tuple(files), None if share is None else round(share, 1)
