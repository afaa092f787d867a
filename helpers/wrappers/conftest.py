"""Conftest from Python: tests configuration against Rego policies, tests the policies, moves them by OCI registry."""

from __future__ import annotations

import fnmatch
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

from helpers.core import process, terminal
from helpers.core.errors import BadInput, CourseError
from helpers.wrappers.base import StrPath, Wrapper, empty_config, paths
from helpers.wrappers.crane import registry_error
from helpers.wrappers.opa import Opa
from helpers.wrappers.policy import (
    BuiltinError,
    InputUnreadable,
    Level,
    NothingChecked,
    PolicyMissing,
    PolicyReport,
    PolicyResult,
    RegoError,
    RegoProblem,
    UnitTest,
    UnitTestReport,
    parse_builtin_errors,
    parse_problems,
)
from helpers.wrappers.rego_capabilities import MEMORY, restricted
from helpers.wrappers.rego_rules import Rule, place, rules_in
from helpers.wrappers.rego_silence import require_content, require_messages

_LEVELS: dict[str, Level] = {"failures": "failure", "warnings": "warning", "exceptions": "exception"}


class Conftest(Wrapper):
    """Conftest in one working directory: one method a subcommand, one keyword an option.

    Options come from the keywords only: a ``conftest.toml`` in the directory is not read unless *config_file* names it,
    as it could switch the gate off (``no-fail``). Results come from Conftest's JSON.

    Args:
        config_file: a Conftest configuration to use.

    Raises (every method):
        RegoError: a policy does not parse or compile. PolicyMissing, InputUnreadable: a file is missing or broken.
        NothingChecked: no rule or no test was evaluated. ToolFailed: anything else that is not a result.
    """

    tool = "conftest"
    memory = MEMORY
    refused = ("CONFTEST_*",)

    def __init__(
        self,
        workdir: StrPath = ".",
        *,
        config_file: StrPath | None = None,
        env: Mapping[str, str] | None = None,
        executable: StrPath | None = None,
        timeout: float | None = 120,
    ) -> None:
        super().__init__(workdir, env=env, executable=executable, timeout=timeout)
        self._config_file = config_file

    def _config(self) -> list[str]:
        if self._config_file is not None:
            return [f"--config-file={os.fspath(self._config_file)}"]
        return [f"--config-file={empty_config('empty.toml')}"]

    def test(
        self,
        *files: StrPath,
        document: str | Mapping[str, Any] | Sequence[Any] | None = None,
        filename: str = "",
        policies: Sequence[StrPath] = ("policy",),
        data: Sequence[StrPath] = (),
        namespaces: Sequence[str] = ("main",),
        all_namespaces: bool = False,
        combine: bool = False,
        fail_on_warn: bool = False,
        parser: str | None = None,
        ignore: str | None = None,
        strict: bool = False,
        capabilities: StrPath | None = None,
        show_builtin_errors: bool = True,
    ) -> PolicyReport:
        """Test configuration against policies (``conftest test``). Findings are a result, not an error.

        Args:
            files: files or directories of configuration.
            document: configuration in memory instead of files: text (JSON, YAML, HCL ...), or data sent as JSON.
            filename: name of *document* in the report; for text its ending chooses the parser, unless *parser* does.
            policies: Rego files or directories. data: files or directories with data for the rules.
            namespaces: Rego packages to evaluate; ``*`` and ``?`` are wildcards. all_namespaces: every package.
            combine: hand all files to the rules as one list.
            fail_on_warn: a warning fails the run as well.
            parser: ``json``, ``yaml``, ``hcl2``, ``dockerfile``, ... instead of by file ending.
            ignore: regular expression of paths to leave out.
            strict: OPA's strict mode.
            capabilities: file that says what policies may use; by default `rego_capabilities.restricted`.
            show_builtin_errors: a built-in function that fails is an error. Conftest's own default is False: then
                the rule is taken as undefined and the gate passes.

        Raises:
            NothingChecked: for some file or some named namespace no rule was evaluated.
            BuiltinError: a built-in function failed.
            RegoError: a deny, violation or warn rule is not a set of messages, so Conftest would not hear it.
        """
        text, parser = _document(document, files, filename, parser)
        require_content(text, [self.workdir / file for file in files])
        folders = [self.workdir / policy for policy in policies]
        judging = [rule for rule in rules_in(folders) if rule.judges and not rule.file.endswith("_test.rego")]
        heard = [r for r in judging if all_namespaces or any(fnmatch.fnmatchcase(r.package, n) for n in namespaces)]
        require_messages(heard)
        args = ["test", "--output=json", *self._config(), *_many("policy", policies), *_many("data", data)]
        args += ["--all-namespaces"] if all_namespaces else _many("namespace", namespaces)
        flags = {"combine": combine, "fail-on-warn": fail_on_warn, "strict": strict}
        args += [f"--{name}" for name, on in {**flags, "show-builtin-errors": show_builtin_errors}.items() if on]
        args += [f"--capabilities={os.fspath(capabilities or restricted())}"]
        for name, value in {"parser": parser, "ignore": ignore}.items():
            args += [f"--{name}={os.fspath(value)}"] if value is not None else []
        args += [f"--stdin-filename={filename}"] if text is not None and filename else []
        done = self._run([*args, "--", *(["-"] if text is not None else paths(files))], input=text)
        checks = self._results("test", done, codes=(0, 1, 2))
        wanted = () if all_namespaces else tuple(n for n in namespaces if not re.search(r"[*?\[]", n))
        _require_checked(checks, wanted)
        report = _report(checks, rules_in(folders) if _any_finding(checks) else [], fail_on_warn)
        silent = tuple(f"{r.package}.{r.name} ({Path(r.file).name}:{r.line})" for r in judging if r not in heard)
        return replace(report, not_evaluated=silent)

    def verify(
        self,
        *,
        policies: Sequence[StrPath] = ("policy",),
        data: Sequence[StrPath] = (),
        namespaces: Sequence[str] = (),
        strict: bool = False,
        report: Literal["full", "notes", "fails"] | None = None,
        coverage: bool = False,
        threshold: float | None = None,
    ) -> UnitTestReport:
        """Run the unit tests of policies (``conftest verify``). Failing tests are a result, not an error.

        Args:
            namespaces: Rego packages to test, by default all.
            report: also fetch Conftest's trace of this detail, as text (one more run).
            coverage: also measure which lines the tests reach. Conftest cannot, so OPA runs the same tests.
            threshold: percent of coverage that the report must have to pass.

        Raises:
            NothingChecked: there is no test.
        """
        args = [*self._config(), *_many("policy", policies), *_many("data", data), *_many("namespace", namespaces)]
        args += [*(["--strict"] if strict else []), f"--capabilities={restricted()}", "--show-builtin-errors"]
        done = self._run(["verify", "--output=json", *args])
        checks = self._results("verify", done, codes=(0, 1))
        tests = tuple(test for check in checks for test in _unit_tests(check))
        passes = sum(int(check.get("successes", 0)) for check in checks)
        if not tests and not passes:
            raise NothingChecked(
                "There is no unit test for these policies",
                why="No rule named test_... was found, so nothing was tested.",
                next="Write test_... rules in *_test.rego files, beside the policy.",
            )
        text = self._run(["verify", f"--report={report}", "--no-color", *args]).stdout if report else ""
        measured = self._coverage(policies, data) if coverage or threshold is not None else None
        return UnitTestReport(tests, passes, measured, threshold, text)

    def _coverage(self, policies: Sequence[StrPath], data: Sequence[StrPath]) -> Any:
        return Opa(self.workdir, env=self._env, timeout=self.timeout).test(*policies, *data, coverage=True).coverage

    def push(self, reference: str, *, policy: StrPath = "policy", data: StrPath | None = None, tls: bool = True) -> str:
        """Push policies as an OCI artifact (``conftest push``).

        Args:
            reference: ``HOST[:PORT]/REPOSITORY:TAG``. tls: False for a registry without encryption.

        Returns:
            The digest, ``sha256:...``.

        Raises:
            RegistryError: its subclass says whether the registry is away, the reference wrong, or access denied.
        """
        self._reference(reference)
        args = ["push", *self._config(), f"--policy={os.fspath(policy)}", f"--tls={str(tls).lower()}"]
        args += [f"--data={os.fspath(data)}"] if data is not None else []
        done = self._run([*args, "--", reference])
        pushed = re.search(r"digest: (sha256:[0-9a-f]{64})", done.stderr + done.stdout)
        if done.returncode != 0 or pushed is None:
            raise self._error("push", done, reference)
        return pushed[1]

    def pull(self, reference: str, *, policy: StrPath = "policy", tls: bool = True) -> Path:
        """Download policies from an OCI registry into the directory *policy* (``conftest pull``) and return it.

        Raises:
            RegistryError: as for `push`.
        """
        self._reference(reference)
        args = ["pull", *self._config(), f"--policy={os.fspath(policy)}", f"--tls={str(tls).lower()}"]
        # Without this flag an absolute path is taken as one below the working directory.
        args += ["--absolute-paths"] if Path(policy).is_absolute() else []
        done = self._run([*args, "--", reference])
        if done.returncode != 0:
            raise self._error("pull", done, reference)
        return self.workdir / policy

    def parse(self, *files: StrPath, parser: str | None = None) -> Any:
        """Return what the policies will see as ``input`` (``conftest parse``): the first thing to look at."""
        args = ["parse", *self._config(), "--combine", *([f"--parser={parser}"] if parser else [])]
        done = self._run([*args, "--", *paths(files)])
        if done.returncode != 0:
            raise self._error("parse", done)
        found = {item["path"]: item["contents"] for item in json.loads(done.stdout)}
        return next(iter(found.values())) if len(found) == 1 else found

    def _reference(self, reference: str) -> None:
        if not reference or reference.startswith("-"):
            raise BadInput(
                f"{reference!r} is not a reference", why="Expected HOST/REPOSITORY:TAG.", next="Correct the reference."
            )

    def _results(self, command: str, done: process.Completed, codes: Sequence[int]) -> list[dict[str, Any]]:
        # Exit code 1 means findings as well as a fault; only with JSON is it a result.
        if done.returncode in codes:
            try:
                found = json.loads(done.stdout)
            except json.JSONDecodeError:
                found = ""
            if found is None or isinstance(found, list):
                return cast(list[dict[str, Any]], found or [])
        raise self._error(command, done)

    def _error(self, command: str, done: process.Completed, reference: str = "") -> CourseError:
        text = terminal.plain(done.stderr).strip()
        said = text[text.find("Error: ") :].removeprefix("Error: ")
        alone = tuple(RegoProblem(m[4], m[3], m[1], int(m[2])) for m in _BUILTIN_ALONE.finditer(said))
        if failed := parse_builtin_errors(said) or alone:
            return BuiltinError(
                "A policy could not be evaluated: a built-in function failed",
                failed,
                next="Test the value in the rule first (is_number, object.get ...), or correct the input.",
            )
        if problems := parse_problems(said):
            return RegoError("A policy is not valid Rego", problems)
        if _EVALUATION.search(said):
            next = 'A rule gives texts, or objects with the key "msg"; a rule that is one value has one for each input.'
            return RegoError("A policy could not be evaluated", (RegoProblem(" ".join(said.split())),), next=next)
        if re.search(r"no policies found|loading policies: .*no such file", said):
            next = "Write a .rego file there, or name it: policies=[...]."
            return PolicyMissing("There is no policy", why=said, next=next)
        if "no files found" in said or "missing required arguments" in said:
            return NothingChecked("There is no configuration to test", why=said, next="Name files that exist.")
        if reference:
            return registry_error(said, reference) or self._failed(command, done)
        if re.search(r"parse configurations|parse files|load documents|loading policies|parser unmarshal", said):
            return InputUnreadable("A file is missing or cannot be read", why=said, next="Correct or create the file.")
        return self._failed(command, done)


#: A rule without messages (Conftest's words), and OPA's errors while a rule runs.
_EVALUATION = re.compile(r'"msg" field must be|eval_\w+_error|must not produce multiple outputs|object keys must')
#: How `verify` says that a built-in function failed.
_BUILTIN_ALONE = re.compile(r"(\S+\.rego):(\d+): (eval_builtin_error): (.+)")


def _many(flag: str, values: Sequence[StrPath]) -> list[str]:
    if isinstance(values, str):
        raise BadInput(f"{flag} takes a list", why=f"It got the text {values!r}.", next=f"Write [{values!r}].")
    # The flag takes comma-separated lists in CSV form: quoted, so that a comma in a name stays one.
    return [f"--{flag}={_quoted(os.fspath(value))}" for value in values]


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if any(sign in value for sign in ',"\n') else value


def _document(document: Any, files: Sequence[StrPath], name: str, parser: str | None) -> tuple[str | None, str | None]:
    """Return what goes to standard input and how it is parsed."""
    if (document is None) == (not files):
        raise BadInput(
            "Conftest needs either files or a document",
            why="Both or neither were given.",
            next='test("plan.json") or test(document={...}).',
        )
    if document is None:
        return None, parser
    if isinstance(document, str):
        return document, parser or _parser_for(filename=name)
    try:
        return json.dumps(document), "json"
    except (TypeError, ValueError) as error:
        raise BadInput("The document is not JSON data", why=str(error), next="Use dict, list, str, int.") from None


#: Conftest looks at the ending of files only; standard input it takes for YAML, of which HCL may be a valid piece.
_PARSERS = {
    "json": "json",
    "yaml": "yaml",
    "yml": "yaml",
    "tf": "hcl2",
    "hcl": "hcl2",
    "tfvars": "hcl2",
    "toml": "toml",
    "ini": "ini",
    "xml": "xml",
    "env": "dotenv",
    "jsonnet": "jsonnet",
    "cue": "cue",
    "properties": "properties",
}


def _parser_for(filename: str) -> str:
    name = Path(filename).name.lower()
    found = "dockerfile" if name.startswith("dockerfile") else _PARSERS.get(name.rpartition(".")[2])
    if found is None:
        raise BadInput(
            "Conftest cannot know what kind of text the document is",
            why="Neither parser= nor the extension of filename= names the format.",
            next='parser="yaml", "json", "hcl2" ...',
        )
    return found


def _count(check: Mapping[str, Any]) -> int:
    return int(check.get("successes", 0)) + sum(len(check.get(kind) or ()) for kind in _LEVELS)


def _any_finding(checks: Sequence[Mapping[str, Any]]) -> bool:
    return any(check.get(kind) for check in checks for kind in _LEVELS)


def _require_checked(checks: Sequence[Mapping[str, Any]], namespaces: Sequence[str]) -> None:
    """Raise `NothingChecked` for a namespace, or for a file, of which no rule was evaluated."""
    by_namespace, by_file = dict.fromkeys(namespaces, 0), {str(c.get("filename", "")): 0 for c in checks}
    for check in checks:
        by_file[str(check.get("filename", ""))] += _count(check)
        if (namespace := str(check.get("namespace", ""))) in by_namespace:
            by_namespace[namespace] += _count(check)
    empty = [f"package {name}" for name, n in by_namespace.items() if not n]
    empty += [name or "the document" for name, n in by_file.items() if not n]
    if empty or not checks:
        raise NothingChecked(
            "Nothing was checked: no rule was evaluated for " + (", ".join(empty) or "anything"),
            why="Conftest evaluates rules named deny, violation or warn (also deny_...) in the named packages;\n"
            "without any, or for an empty list, it reports success.",
            next="Check the rule names and the package; namespaces=[...] or all_namespaces=True chooses packages.",
        )


def _report(checks: Sequence[Mapping[str, Any]], rules: Sequence[Rule], fail_on_warn: bool) -> PolicyReport:
    results = tuple(
        _result(check, level, raw, rules)
        for check in checks
        for kind, level in _LEVELS.items()
        for raw in check.get(kind) or ()
    )
    files = tuple(dict.fromkeys(str(check.get("filename", "")) for check in checks))
    return PolicyReport(results, sum(int(c.get("successes", 0)) for c in checks), files, fail_on_warn)


def _result(check: Mapping[str, Any], level: Level, raw: Mapping[str, Any], rules: Sequence[Rule]) -> PolicyResult:
    metadata = dict(raw.get("metadata") or {})
    namespace = str(check.get("namespace", ""))
    query = str(metadata.pop("query", ""))
    rule = query.rsplit(".", 1)[-1] if query else "exception" if level == "exception" else ""
    msg = str(raw.get("msg", ""))
    return PolicyResult(
        str(check.get("filename", "")), namespace, msg, level, rule, metadata, place(rules, namespace, rule, msg)
    )


def _unit_tests(check: Mapping[str, Any]) -> list[UnitTest]:
    file, found = str(check.get("filename", "")), []
    for kind, status in (("failures", "fail"), ("skipped", "skip")):
        for raw in check.get(kind) or ():
            package, _, name = str(raw.get("msg", "")).removeprefix("data.").rpartition(".")
            found.append(UnitTest(name, package, cast(Any, status), file))
    return found
