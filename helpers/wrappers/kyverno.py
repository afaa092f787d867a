"""Kyverno's command line from Python: applies policies to manifests, and runs the tests of policies.

Source: ``kyverno apply --policy-report --output-format json`` (reports of openreports.io/v1alpha1) and
``kyverno test --output-format json``. Kyverno itself takes a missing policy file, a file without a policy, and a
policy that fits no resource for success; here each is an error.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from helpers.core import process, terminal, yaml_reader
from helpers.core.display import Displayed
from helpers.core.errors import CourseError
from helpers.wrappers.base import StrPath, Wrapper, paths
from helpers.wrappers.policy import (
    InputUnreadable,
    NothingChecked,
    PolicyError,
    PolicyMissing,
    PolicyReport,
    PolicyResult,
)

__all__ = ["Kyverno", "KyvernoTestCase", "KyvernoTestResult", "PolicyInvalid", "RuleError"]

#: API groups of what `apply` takes for a policy.
_GROUPS = ("kyverno.io/", "policies.kyverno.io/", "admissionregistration.k8s.io/")
_LEVELS: Mapping[str, Literal["failure", "warning", "exception"]] = {
    "fail": "failure",
    "warn": "warning",
    "skip": "exception",
}
#: Kind, namespace and name of an object.
_Ref = tuple[str, str, str]
Status = Literal["pass", "fail", "skip", "error"]


class PolicyInvalid(PolicyError):
    """Kyverno rejects a policy: it does not compile, or is of no kind it knows."""

    code = "kyverno-policy-invalid"


class RuleError(PolicyError):
    """A rule could not be evaluated for some object: neither a pass nor a failure. ``report`` has all the rest."""

    code = "kyverno-rule-error"

    def __init__(self, what: str, *, why: str, next: str, report: PolicyReport | None = None) -> None:
        super().__init__(what, why=why, next=next)
        self.report = report


@dataclass(frozen=True)
class KyvernoTestCase:
    """One expectation of a test: what a policy should say of a resource.

    Attributes:
        policy, rule: the policy, and its rule when it has named ones.
        resource: ``API VERSION/KIND/NAMESPACE/NAME``.
        status: ``pass`` when Kyverno said what was expected; ``error`` when it could not tell, or when the policy
            never looked at the resource though something was expected of it.
        reason: Kyverno's, such as ``Want fail, got pass``. message: the policy's own.
    """

    policy: str
    rule: str
    resource: str
    status: Status
    reason: str = ""
    message: str = ""

    def __repr__(self) -> str:
        return f"KyvernoTestCase({self.status}: {self.policy} on {self.resource.rpartition('/')[2]}, {self.reason})"


@dataclass(frozen=True)
class KyvernoTestResult(Displayed):
    """The tests of policies. A run without any expectation is never a result but `NothingChecked`."""

    cases: tuple[KyvernoTestCase, ...]

    def _at(self, *statuses: Status) -> tuple[KyvernoTestCase, ...]:
        return tuple(case for case in self.cases if case.status in statuses)

    @property
    def passes(self) -> tuple[KyvernoTestCase, ...]:
        """What came out as expected."""
        return self._at("pass")

    @property
    def failures(self) -> tuple[KyvernoTestCase, ...]:
        """What came out otherwise, or could not be told."""
        return self._at("fail", "error")

    @property
    def passed(self) -> bool:
        """Whether something came out as expected and nothing otherwise."""
        return bool(self.passes) and not self.failures

    def __repr__(self) -> str:
        counts = f"{len(self.passes)} passed, {len(self.failures)} failed, {len(self._at('skip'))} skipped"
        return f"KyvernoTestResult({'passed' if self.passed else 'failed'}: {counts})"


@dataclass(frozen=True)
class _Expected:
    """One expectation in a test file."""

    policy: str
    resource: str
    result: str
    file: str = field(compare=False, default="")


class Kyverno(Wrapper):
    """Kyverno's command line in one working directory. No cluster and no registry is asked.

    Raises (every method):
        PolicyMissing, InputUnreadable: a file is missing or broken. PolicyInvalid: a policy is not valid.
        NothingChecked: no policy looked at any object, or there is no test.
    """

    tool = "kyverno"
    refused = ("KYVERNO_*", "KUBECONFIG", "GIT_*")

    @property
    def version(self) -> str:
        """The version, such as ``1.19.1``; ``unknown`` for a build that was not told."""
        done = self._run(["version"])
        found = re.search(r"Version: v?(\S+)", done.stdout)
        if done.returncode != 0 or found is None:
            raise self._failed("version", done)
        return "unknown" if found[1] == "---" else found[1]

    def apply(
        self,
        policies: Sequence[StrPath],
        resources: Sequence[StrPath],
        *,
        values: StrPath | None = None,
        exceptions: Sequence[StrPath] = (),
        audit_warn: bool = False,
        require: bool = True,
    ) -> PolicyReport:
        """Apply policies to manifests (``kyverno apply``). Findings are a result, not an error.

        ``namespace`` of a result is the name of the policy; its metadata has ``object`` (``KIND/NAME``) and
        ``result`` in Kyverno's words. A rule that was skipped counts as an exception.

        Args:
            policies: files or directories. Kyverno's own and Kubernetes' ValidatingAdmissionPolicy.
            resources: files or directories of manifests.
            values: file with variables (also labels of namespaces). exceptions: files of PolicyExceptions.
            audit_warn: failures of policies that only audit are warnings.
            require: raise when no policy looked at any object.

        Raises:
            RuleError: a rule could not be evaluated.
        """
        rules, objects = self._there(policies, "policy"), self._there(resources, "resource")
        # Kyverno reads a directory in its own way and says nothing of what it passes over.
        rules = [file for rule in rules for file in _policies(rule)]
        args = ["apply", *map(str, rules), *_many("resource", objects), "--policy-report", "--output-format=json"]
        args += [f"--values-file={(self.workdir / values).absolute()}"] if values is not None else []
        args += _many("exception", self._there(exceptions, "exception"))
        done = self._run([*args, "--remove-color", *(["--audit-warn"] if audit_warn else [])])
        reports = [item for item in _documents(done.stdout) if "results" in item and "summary" in item]
        if re.search(r"^(Invalid Policies|Policies Skipped):", done.stdout, re.MULTILINE):
            raise PolicyInvalid("Kyverno skips a policy", why=_plain(done.stdout), next="Correct the policy.")
        if done.returncode != 0 and not reports:
            raise self._fault("apply", done)
        return _report(reports, _names(objects, self.workdir), [os.fspath(item) for item in resources], require)

    def test(self, folder: StrPath = ".", *, file_name: str = "kyverno-test.yaml") -> KyvernoTestResult:
        """Run the tests of policies below a directory (``kyverno test``). Failing tests are a result, not an error.

        Args:
            file_name: name of the test files.
        """
        (root,) = self._there([folder], "test")
        expected = _expectations(root, file_name)
        if not expected:
            raise NothingChecked(
                "There is no test for these policies",
                why=f"No {file_name} below {os.fspath(folder)} expects anything.",
                next=f"Write {file_name} beside the policy.",
            )
        args = ["test", str(root), f"--file-name={file_name}", "--output-format=json", "--detailed-results"]
        done = self._run([*args, "--remove-color", "--require-tests"])
        rows = [row for item in _documents(done.stdout, "[") for row in item if isinstance(row, dict)]
        if not rows:
            raise self._fault("test", done)
        cases = [_case(row, expected) for row in rows]
        cases += [
            KyvernoTestCase(e.policy, "", e.resource, "error", "Not evaluated", "Kyverno does not mention it.")
            for e in expected
            if not any(c.policy == e.policy and _same(c.resource, e.resource) for c in cases)
        ]
        if done.returncode != 0 and not any(case.status in ("fail", "error") for case in cases):
            raise self._fault("test", done)
        return KyvernoTestResult(tuple(cases))

    def _there(self, items: Sequence[StrPath], what: str) -> list[Path]:
        # Absolute, so that nothing is taken for an option or for the address of a repository.
        found = [(self.workdir / item).absolute() for item in paths(items)]
        for given, path in zip(items, found, strict=True):
            if not path.exists():
                kind = PolicyMissing if what in ("policy", "test") else InputUnreadable
                raise kind(f"There is no {what} at {os.fspath(given)}", next="Name files or directories that exist.")
        return found

    def _fault(self, command: str, done: process.Completed) -> CourseError:
        said = _plain(done.stderr or done.stdout).replace(f"{self.workdir}/", "").removeprefix("Error: ")
        if (
            re.search(r"failed to compile|invalid|mutate|unknown field|failed to load polic", said)
            and "load resources" not in said
        ):
            return PolicyInvalid("Kyverno rejects a policy", why=said[-1500:], next="Correct the policy.")
        if re.search(r"load resources|decode yaml|load exceptions|Object 'Kind' is missing", said):
            return InputUnreadable("A manifest cannot be read", why=said[-1500:], next="Correct or create the file.")
        return self._failed(command, done)


def _many(flag: str, values: Sequence[Path]) -> list[str]:
    # The flag takes lists in CSV form: quoted, so that a comma in a name stays one.
    texts = [str(value) for value in values]
    return [f'--{flag}="{text.replace(chr(34), chr(34) * 2)}"' if "," in text else f"--{flag}={text}" for text in texts]


def _plain(text: str) -> str:
    return terminal.plain(text).strip()


def _documents(text: str, start: str = "{") -> Iterator[Any]:
    """Yield the JSON documents among the lines for people."""
    decoder, position = json.JSONDecoder(), 0
    for found in re.finditer(rf"^{re.escape(start)}", text, re.MULTILINE):
        if found.start() >= position:
            try:
                item, position = decoder.raw_decode(text, found.start())
            except json.JSONDecodeError:
                continue
            yield item


def _yaml(file: Path) -> list[Mapping[str, Any]]:
    """Return the documents of a file; one that is not YAML has none, Kyverno says why."""
    try:
        found = yaml_reader.load_all(file.read_text(encoding="utf-8"))
    except (yaml_reader.InvalidYaml, OSError, UnicodeDecodeError):
        return []
    return [item for item in found if isinstance(item, Mapping)]


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.suffix in (".yaml", ".yml", ".json"))


def _policies(path: Path) -> list[Path]:
    """Return the files with policies. Without any Kyverno would apply nothing, and report success."""
    found = [
        file
        for file in _files(path)
        if any(str(document.get("apiVersion", "")).startswith(_GROUPS) for document in _yaml(file))
    ]
    if not found:
        raise PolicyMissing(
            f"{path.name} holds no policy",
            why="Kyverno would apply nothing, and call that a success.",
            next="Write a ValidatingPolicy (policies.kyverno.io/v1).",
        )
    return found


def _names(objects: Sequence[Path], root: Path) -> dict[_Ref, str]:
    """Return the file of each object, as the report names objects only."""
    found: dict[_Ref, str] = {}
    for path in objects:
        for file in _files(path):
            for item in _yaml(file):
                found.setdefault(_ref(item), str(file.relative_to(root) if file.is_relative_to(root) else file))
    return found


def _ref(item: Mapping[str, Any]) -> _Ref:
    raw = item.get("metadata")
    meta = raw if isinstance(raw, Mapping) else item
    # Without a namespace Kyverno says "default".
    return str(item.get("kind", "")), str(meta.get("namespace") or "default"), str(meta.get("name", ""))


def _report(
    reports: Sequence[Mapping[str, Any]], places: Mapping[_Ref, str], files: Sequence[str], require: bool
) -> PolicyReport:
    results: list[PolicyResult] = []
    errors: list[str] = []
    successes = 0
    for raw in (raw for report in reports for raw in report.get("results") or ()):
        subjects: Sequence[Mapping[str, Any]] = raw.get("resources") or raw.get("subjects") or ({},)
        for subject in subjects:
            said = str(raw.get("result", ""))
            if said == "pass":
                successes += 1
            elif said in _LEVELS:
                results.append(_result(raw, subject, places))
            else:
                errors.append(
                    f"{raw.get('policy')} on {subject.get('kind')}/{subject.get('name')}: {raw.get('message', '')}"
                )
    report = PolicyReport(tuple(results), successes, tuple(files))
    if errors:
        raise RuleError(
            "A rule could not be evaluated",
            why="\n".join(errors[:10]),
            report=report,
            next="Test in the expression first: has(object.spec.x), or correct the manifest.",
        )
    if require and report.evaluated == 0:
        raise NothingChecked(
            "Nothing was checked: no policy looked at any object",
            why="The kinds, names or namespaces that the policies match do not fit the manifests.",
            next="Compare matchConstraints of the policy with the manifests.",
        )
    return report


def _result(raw: Mapping[str, Any], subject: Mapping[str, Any], places: Mapping[_Ref, str]) -> PolicyResult:
    index = (raw.get("properties") or {}).get("cel.validationIndex", "")
    kind, namespace, name = _ref({"metadata": subject, **subject})
    metadata = {"object": f"{kind}/{name}", "namespace": namespace, "result": str(raw["result"])}
    metadata |= {key: str(raw[key]) for key in ("severity", "category", "source") if raw.get(key)}
    rule = str(raw.get("rule") or (f"validations[{index}]" if index else ""))
    file = places.get((kind, namespace, name), f"{kind}/{name}")
    return PolicyResult(
        file, str(raw.get("policy", "")), str(raw.get("message", "")), _LEVELS[str(raw["result"])], rule, metadata
    )


def _expectations(root: Path, file_name: str) -> list[_Expected]:
    files = [root] if root.is_file() else sorted(root.rglob(file_name))
    return [
        _Expected(
            str(result.get("policy", "")).rpartition("/")[2], str(resource), str(result.get("result", "")), str(file)
        )
        for file in files
        for document in _yaml(file)
        for result in document.get("results") or ()
        if isinstance(result, Mapping)
        for resource in result.get("resources") or ()
    ]


def _same(resource: str, expected: str) -> bool:
    return resource == expected or resource.endswith(f"/{expected}")


def _case(row: Mapping[str, Any], expected: Sequence[_Expected]) -> KyvernoTestCase:
    policy, resource = _plain(str(row.get("POLICY", ""))), _plain(str(row.get("RESOURCE", "")))
    said, reason = _plain(str(row.get("RESULT", ""))).lower(), _plain(str(row.get("REASON", "")))
    wanted = {e.result for e in expected if e.policy == policy.rpartition("/")[2] and _same(resource, e.resource)}
    status: Status = "error"
    if reason.lower() == "excluded":
        # Kyverno calls it a pass, whatever was expected.
        status = "skip" if wanted == {"skip"} else "error"
    elif said == "pass":
        status = "skip" if wanted == {"skip"} else "pass"
    elif said == "fail" and "got error" not in reason and reason.lower() != "not found":
        status = "fail"
    return KyvernoTestCase(
        policy, _plain(str(row.get("RULE", ""))), resource, status, reason, str(row.get("Message", ""))
    )
