"""TFLint from Python: lints a Terraform module by the rules that are part of the tool.

Source: ``tflint --format=json`` and its exit codes: 0 no issue, 2 issues, 1 the module could not be judged. The last
is never a result here but an error: a linter that did not look has found nothing, which does not mean that all is well.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from helpers.core import process
from helpers.core.display import Displayed
from helpers.core.errors import BadInput, CourseError
from helpers.wrappers.base import StrPath, Wrapper, empty_config

__all__ = ["CannotLint", "LintIssue", "LintReport", "PluginNotHere", "Tflint"]

Severity = Literal["error", "warning", "notice"]


class CannotLint(CourseError):
    """TFLint could not judge the module: it does not parse, or a rule or the configuration is wrong (exit code 1)."""

    code = "cannot-lint"


class PluginNotHere(CannotLint):
    """The configuration asks for a plugin that is not installed; none is fetched."""

    code = "tflint-plugin-not-here"


@dataclass(frozen=True)
class LintIssue:
    """One issue.

    Attributes:
        rule: such as ``terraform_unused_declarations``.
        severity: as the rule has it.
        message: in TFLint's words.
        file, line: where it stands, relative to the module.
        fixable: whether ``tflint --fix`` could repair it.
    """

    rule: str
    severity: Severity
    message: str
    file: str
    line: int
    fixable: bool = False

    def __repr__(self) -> str:
        return f"LintIssue({self.severity}: {self.rule}, {self.file}:{self.line})"


@dataclass(frozen=True)
class LintReport(Displayed):
    """All issues of one module, by file and line."""

    issues: tuple[LintIssue, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether there is no issue of any severity."""
        return not self.issues

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that found something, sorted, each once."""
        return tuple(sorted({issue.rule for issue in self.issues}))

    def __repr__(self) -> str:
        return f"LintReport({'passed' if self.passed else f'{len(self.issues)} issues'})"


class Tflint(Wrapper):
    """TFLint in the directory of one module, with the rule set ``terraform`` that is built into it.

    A ``.tflint.hcl`` in the directory is not read unless *config_file* names it: a module under judgement must not
    switch rules off behind the judge's back. No plugin is ever fetched (there is no ``--init``).

    Args:
        workdir: directory of the module.
        config_file: a TFLint configuration to use, relative to *workdir*.
    """

    tool = "tflint"
    refused = ("TFLINT_*", "TF_VAR_*", "TF_WORKSPACE", "TF_DATA_DIR", "GITHUB_TOKEN*")

    def __init__(
        self,
        workdir: StrPath = ".",
        *,
        config_file: StrPath | None = None,
        env: Mapping[str, str] | None = None,
        executable: StrPath | None = None,
        timeout: float | None = 60,
    ) -> None:
        super().__init__(workdir, env=env, executable=executable, timeout=timeout)
        self._config_file = config_file

    @property
    def version(self) -> str:
        """The version of the tool, such as ``0.64.0``."""
        return self._version()[0]

    @property
    def ruleset_version(self) -> str:
        """The version of the rules that are built in, such as ``0.15.0``."""
        return self._version()[1]

    def _version(self) -> tuple[str, str]:
        done = self._run(["--version", f"--config={self._config()}"])
        found = re.search(r"TFLint version (\S+).*?ruleset\.terraform \((\S+?)-bundled\)", done.stdout, re.DOTALL)
        if done.returncode != 0 or found is None:
            raise self._failed("--version", done)
        return found[1], found[2]

    def lint(
        self,
        *,
        only: Sequence[str] = (),
        enable: Sequence[str] = (),
        disable: Sequence[str] = (),
        ignore_files: Sequence[str] = (),
        call_modules: Literal["all", "local", "none"] = "local",
    ) -> LintReport:
        """Judge the module. Issues are a result, not an error.

        Args:
            only: these rules and no other. enable, disable: change the set of rules of the configuration; without one
                that is TFLint's preset ``recommended``.
            ignore_files: leave out the issues in these files, relative to the module.
            call_modules: which called modules are looked into as well.

        Raises:
            BadInput: a rule does not exist, or the configuration file is not there.
            PluginNotHere: the configuration names a plugin that is not installed.
            CannotLint: the module does not parse, or the configuration is wrong.
        """
        args = ["--format=json", "--no-color", f"--config={self._config()}", f"--call-module-type={call_modules}"]
        for flag, rules in {"only": only, "enable-rule": enable, "disable-rule": disable}.items():
            args += [f"--{flag}={rule}" for rule in rules]
        done = self._run(args)
        raw = _document(done)
        if done.returncode not in (0, 2) or raw is None or raw.get("errors"):
            raise self._fault(done, raw)
        found = tuple(_issue(item) for item in raw.get("issues") or ())
        return LintReport(tuple(issue for issue in found if issue.file not in ignore_files))

    def _config(self) -> str:
        if self._config_file is None:
            return str(empty_config("empty.tflint.hcl"))
        path = self.workdir / self._config_file
        if not path.is_file():
            raise BadInput(
                f"There is no {os.fspath(self._config_file)}",
                why="It names the rules.",
                next="Write it, or leave it out.",
            )
        return str(path)

    def _fault(self, done: process.Completed, raw: Mapping[str, Any] | None) -> CourseError:
        errors = (raw or {}).get("errors") or ()
        said = "\n".join(_said(error) for error in errors) or done.stderr.strip() or done.stdout.strip()
        said = said.replace(f"{self.workdir}{os.sep}", "")
        if re.search(r"Rule not found", said):
            return BadInput("TFLint does not know a rule", why=said, next="Correct its name.")
        if re.search(r"[Pp]lugin .*not found|not installed|--init", said):
            why = f"{said} The course fetches no plugin; the rule set terraform is built in."
            return PluginNotHere("A plugin of TFLint is not here", why=why, next="Take the plugin block out.")
        if not said:
            return self._failed("", done)
        return CannotLint(f"TFLint cannot judge {self.workdir.name}", why=said[-1500:], next="terraform validate")


def _document(done: process.Completed) -> dict[str, Any] | None:
    try:
        raw = json.loads(done.stdout)
    except json.JSONDecodeError:
        return None
    return raw if isinstance(raw, dict) else None


def _said(error: Mapping[str, Any]) -> str:
    at = error.get("range") or {}
    where = f"{at['filename']}:{at.get('start', {}).get('line', 0)}: " if at.get("filename") else ""
    summary, message = str(error.get("summary") or ""), str(error.get("message") or "")
    return f"{where}{summary + ': ' if summary and summary not in message else ''}{message}"


def _issue(raw: Mapping[str, Any]) -> LintIssue:
    rule, at = raw.get("rule") or {}, raw.get("range") or {}
    return LintIssue(
        str(rule.get("name", "")),
        rule.get("severity", "error"),
        str(raw.get("message", "")),
        str(at.get("filename", "")),
        int((at.get("start") or {}).get("line", 0)),
        bool(raw.get("fixable")),
    )
