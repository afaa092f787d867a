"""OPA from Python: evaluates, tests, checks, formats and bundles Rego."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from helpers.core import process
from helpers.core.errors import BadInput, CourseError
from helpers.wrappers.base import StrPath, Wrapper, paths
from helpers.wrappers.opa.results import Annotation, Bundle, CheckReport, EvalResult, FmtReport
from helpers.wrappers.policy import (
    BuiltinError,
    Coverage,
    InputUnreadable,
    NothingChecked,
    PolicyMissing,
    RegoError,
    RegoProblem,
    UnitTest,
    UnitTestReport,
    parse_problems,
)
from helpers.wrappers.rego_capabilities import MEMORY, restricted


class Opa(Wrapper):
    """OPA in one working directory: one method a subcommand, one keyword an option.

    Raises (every method):
        RegoError: Rego that does not parse or compile, with file and line.
        PolicyMissing, InputUnreadable: a file is missing or broken. ToolFailed: anything else that is not a result.
    """

    tool = "opa"
    memory = MEMORY
    refused = ("OPA_*",)

    def eval(
        self,
        query: str,
        *,
        data: Sequence[StrPath] = (),
        bundles: Sequence[StrPath] = (),
        input: Any = None,
        input_file: StrPath | None = None,
        package: str | None = None,
        imports: Sequence[str] = (),
        strict: bool = False,
        strict_builtin_errors: bool = True,
        coverage: bool = False,
        capabilities: StrPath | None = None,
    ) -> EvalResult:
        """Evaluate a query (``opa eval``).

        Args:
            query: Rego, for example ``data.main.deny``.
            data: policy and data files or directories. bundles: bundle files or directories.
            input: the input document as data. input_file: or a JSON or YAML file with it.
            package: package the query is in. imports: imports of the query.
            strict: strict mode.
            capabilities: file that says what policies may use; by default `rego_capabilities.restricted`.
            strict_builtin_errors: a built-in function that fails is an error. OPA's own default is False: then the
                rule is undefined, which a gate may take for "nothing to object to".
            coverage: report which lines were evaluated.
        """
        args = ["eval", "--format=json", *_each("data", data), *_each("bundle", bundles), *_each("import", imports)]
        flags = {"strict": strict, "strict-builtin-errors": strict_builtin_errors, "coverage": coverage}
        args += [f"--{name}" for name, on in flags.items() if on]
        args += [f"--capabilities={os.fspath(capabilities or restricted())}"]
        for name, value in {"package": package, "input": input_file}.items():
            args += [f"--{name}={os.fspath(value)}"] if value is not None else []
        text = None
        if input is not None:
            if input_file is not None:
                raise BadInput("There are two inputs", why="input= and input_file= were given.", next="Leave one out.")
            text, args = _json(input), [*args, "--stdin-input"]
        done = self._run([*args, "--", query], input=text)
        raw = self._document("eval", done, ok=(0, 2))
        found = raw.get("result") or []
        measured = Coverage.from_json(raw["coverage"]) if raw.get("coverage") else None
        rows = tuple(tuple(e.get("value") for e in item.get("expressions") or ()) for item in found)
        return EvalResult(query, rows, tuple(item.get("bindings") or {} for item in found), measured)

    def satisfiable(self, query: str, *, data: Sequence[StrPath] = (), bundles: Sequence[StrPath] = ()) -> bool:
        """Return whether an input can make a query hold (``opa eval --partial``, with ``input`` unknown).

        False means that none can: OPA reduced it to nothing. True means that conditions on the input are left, which
        may still contradict each other.
        """
        args = ["eval", "--format=json", "--partial", "--unknowns=input", *_each("data", data)]
        args += [*_each("bundle", bundles), f"--capabilities={os.fspath(restricted())}"]
        raw = self._document("eval", self._run([*args, "--", query]), ok=(0, 2))
        return bool((raw.get("partial") or {}).get("queries"))

    def test(
        self,
        *files: StrPath,
        run: str | None = None,
        coverage: bool = False,
        threshold: float | None = None,
        bundle: bool = False,
        ignore: Sequence[str] = (),
        test_timeout: str | None = None,
    ) -> UnitTestReport:
        """Run the unit tests of policies (``opa test``). Failing tests are a result, not an error.

        Args:
            files: policy files or directories, with their tests.
            run: regular expression of the tests to run.
            coverage: also measure which lines the tests reach (one more run; OPA does so only when all pass).
            threshold: percent of coverage that the report must have to pass.
            bundle: take *files* as bundles. ignore: names of files and directories to leave out.
            test_timeout: time for each test, such as ``10s``.

        Raises:
            NothingChecked: there is no test, or none that *run* selects.
        """
        args = ["test", f"--capabilities={restricted()}", *_each("ignore", ignore), *(["--bundle"] if bundle else [])]
        args += [f"--run={run}"] if run is not None else []
        args += [f"--timeout={test_timeout}"] if test_timeout is not None else []
        operands = ["--", *paths(files or (".",))]
        done = self._run([*args, "--format=json", *operands])
        raw = self._loads(done) if done.returncode in (0, 2) else None
        if not isinstance(raw, list):
            raise self._error("test", done)
        if not raw:
            raise NothingChecked(
                "No test was run",
                why="No rule named test_... was found" + (f" that fits {run!r}." if run else "."),
                next="Write test_... rules in *_test.rego files, beside the policy.",
            )
        tests = tuple(sorted(map(_unit_test, raw), key=lambda t: (t.file, t.line or 0)))
        passes = sum(test.status == "pass" for test in tests)
        measured = None
        if (coverage or threshold is not None) and not any(t.status in ("fail", "error") for t in tests):
            done = self._run([*args, "--format=json", "--coverage", *operands])
            measured = Coverage.from_json(self._document("test", done))
        return UnitTestReport(tests, passes, measured, threshold)

    def check(
        self,
        *files: StrPath,
        strict: bool = True,
        bundle: bool = False,
        v0_v1: bool = False,
        schema: StrPath | None = None,
        capabilities: StrPath | None = None,
        ignore: Sequence[str] = (),
    ) -> CheckReport:
        """Parse and compile policies (``opa check``). Problems in Rego are a result, not an error.

        Args:
            strict: unused variables and imports, and shadowed names, are problems as well.
            v0_v1: also require that older OPA reads the files alike. schema: JSON schema of the input.
            capabilities: as in `eval`.

        Raises:
            NothingChecked: no policy file is there.
        """
        self._require_rego("check", files)
        flags = {"strict": strict, "bundle": bundle, "v0-v1": v0_v1}
        args = ["check", "--format=json", *_each("ignore", ignore), *[f"--{n}" for n, on in flags.items() if on]]
        args += [f"--capabilities={os.fspath(capabilities or restricted())}"]
        for name, value in {"schema": schema}.items():
            args += [f"--{name}={os.fspath(value)}"] if value is not None else []
        done = self._run([*args, "--", *paths(files or (".",))])
        if done.returncode == 0:
            return CheckReport()
        raw = self._loads(done)
        items = raw.get("errors") if isinstance(raw, dict) else None
        problems = tuple(RegoProblem.from_json(item) for item in items or ())
        if not any(problem.code.startswith("rego_") for problem in problems):
            raise self._error("check", done)
        return CheckReport(problems)

    def fmt(
        self, *files: StrPath, write: bool = False, v0_v1: bool = False, drop_v0_imports: bool = False
    ) -> FmtReport:
        """Compare policies with the canonical format (``opa fmt``).

        Args:
            write: rewrite the files. v0_v1: read the old syntax (only that) and write what both versions read.
            drop_v0_imports: leave out ``import rego.v1`` and ``future.keywords``.

        Raises:
            RegoError: a file does not parse. NothingChecked: no policy file is there.
        """
        self._require_rego("fmt", files)
        options = [f"--{n}" for n, on in {"v0-v1": v0_v1, "drop-v0-imports": drop_v0_imports}.items() if on]
        done = self._run(["fmt", "--list", *options, "--", *paths(files or (".",))])
        if done.returncode != 0:
            raise self._error("fmt", done)
        names = tuple(done.stdout.splitlines())
        diff = "".join(self._difference(name, options) for name in names)
        if write and names:
            done = self._run(["fmt", "--write", *options, "--", *names])
            if done.returncode != 0:
                raise self._error("fmt", done)
        return FmtReport(names, diff, write and bool(names))

    def _difference(self, name: str, options: Sequence[str]) -> str:
        # OPA's own --diff is a coloured word diff.
        done = self._run(["fmt", *options, "--", name])
        if done.returncode != 0:
            raise self._error("fmt", done)
        old = (self.workdir / name).read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        new = done.stdout.splitlines(keepends=True)
        return "".join(difflib.unified_diff(old, new, name, f"{name} (formatted)"))

    def build(
        self,
        *files: StrPath,
        output: StrPath = "bundle.tar.gz",
        revision: str = "",
        entrypoints: Sequence[str] = (),
        optimize: int = 0,
        bundle: bool = False,
        ignore: Sequence[str] = (),
    ) -> Bundle:
        """Build a bundle (``opa build``) and return what is in it.

        Args:
            output: file to write. revision: recorded in the manifest.
            entrypoints: rules a reader will ask for, such as ``main/deny``; needed for *optimize* (0 to 2).
            bundle: take *files* as bundle directories. ignore: names to leave out, for example ``*_test.rego``.
        """
        self._require_rego("build", files)
        args = ["build", f"--output={os.fspath(output)}", f"--optimize={optimize}", *_each("ignore", ignore)]
        args += [f"--capabilities={restricted()}"]
        args += [*_each("entrypoint", entrypoints), *([f"--revision={revision}"] if revision else [])]
        done = self._run([*args, *(["--bundle"] if bundle else []), "--", *paths(files)])
        if done.returncode != 0:
            raise self._error("build", done)
        return self.inspect(output)

    def parse(self, file: StrPath) -> dict[str, Any]:
        """Return the syntax tree of one policy file (``opa parse``), each node with place and text (base64)."""
        done = self._run(["parse", "--format=json", "--json-include=locations,-comments", "--", *paths([file])])
        return self._document("parse", done)

    def inspect(self, path: StrPath) -> Bundle:
        """Return what is in a bundle or directory (``opa inspect``), with the METADATA comments."""
        done = self._run(["inspect", "--format=json", "--annotations", "--", *paths([path])])
        raw = self._document("inspect", done)
        manifest = raw.get("manifest") or {}
        spaces = {str(n).removeprefix("data.") or n: tuple(f) for n, f in (raw.get("namespaces") or {}).items()}
        notes = tuple(Annotation.from_json(item) for item in raw.get("annotations") or ())
        return Bundle(
            self.workdir / path, manifest.get("revision", ""), tuple(manifest.get("roots") or ()), spaces, notes
        )

    def _require_rego(self, command: str, files: Sequence[StrPath]) -> None:
        """Refuse directories without any policy: OPA would say that all is well."""
        for file in files or (".",):
            path = self.workdir / file
            if path.is_dir() and not any(path.rglob("*.rego")):
                raise NothingChecked(
                    f"opa {command} has nothing to look at in {file}",
                    why="There is no .rego file in that directory.",
                    next="Write a policy there, or name the right one.",
                )

    def _loads(self, done: process.Completed) -> Any:
        # check writes its JSON to standard error.
        for text in (done.stdout, done.stderr):
            try:
                return json.loads(text)
            except json.JSONDecodeError:
                continue
        return None

    def _document(self, command: str, done: process.Completed, ok: Sequence[int] = (0,)) -> dict[str, Any]:
        raw = self._loads(done)
        if not isinstance(raw, dict) or raw.get("errors") or done.returncode not in ok:
            raise self._error(command, done)
        return raw

    def _error(self, command: str, done: process.Completed) -> CourseError:
        raw = self._loads(done)
        items = raw.get("errors") if isinstance(raw, dict) else None
        problems = tuple(RegoProblem.from_json(item) for item in items or ())
        said = "\n".join(map(str, problems)) or done.stderr.strip() or done.stdout.strip()
        problems = tuple(p for p in problems if p.code) or parse_problems(said)
        if any(p.code == "eval_builtin_error" for p in problems):
            return BuiltinError(
                "A query could not be evaluated: a built-in function failed",
                problems,
                next="Test the value in the rule first (is_number, object.get ...), or correct the input.",
            )
        if problems:
            return RegoError(f"opa {command} failed: the Rego is not valid", problems)
        if re.search(r"no such file", said):
            return PolicyMissing(f"opa {command} cannot find a file", why=said, next="Correct the path or create it.")
        if re.search(r"unable to parse input|error occurred during loading|invalid character|yaml:", said):
            return InputUnreadable(f"opa {command} cannot read a file", why=said, next="Correct the file.")
        return self._failed(command, done)


def _each(flag: str, values: Sequence[StrPath]) -> list[str]:
    if isinstance(values, str):
        raise BadInput(f"{flag} takes a list", why=f"It got the text {values!r}.", next=f"Write [{values!r}].")
    return [f"--{flag}={os.fspath(value)}" for value in values]


def _json(value: Any) -> str:
    try:
        return json.dumps(value)
    except (TypeError, ValueError) as error:
        raise BadInput("The input is not JSON data", why=str(error), next="Use dict, list, str, int.") from None


def _unit_test(raw: Mapping[str, Any]) -> UnitTest:
    at, error = raw.get("location") or {}, raw.get("error")
    status = "error" if error else "fail" if raw.get("fail") else "skip" if raw.get("skip") else "pass"
    said = error.get("message", "") if isinstance(error, dict) else str(error or "")
    seconds = raw.get("duration", 0) / 1e9
    package = str(raw.get("package", "")).removeprefix("data.")
    cases = tuple((name, not case.get("fail")) for name, case in sorted((raw.get("sub_results") or {}).items()))
    return UnitTest(str(raw.get("name", "")), package, status, at.get("file", ""), at.get("row"), seconds, said, cases)  # type: ignore[arg-type]
