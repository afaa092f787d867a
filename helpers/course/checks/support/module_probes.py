"""Puts questions about a Terraform module to Terraform itself, in a copy of the learner's files."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.clients.registry import LEFT_OUT, STATE
from helpers.core.verdicts.checks import Unmet, item, require, settled
from helpers.course.checks.support.terraform_runs import terraform
from helpers.course.workspace import Workspace
from helpers.runtime import tools
from helpers.wrappers.module_interface import Interface, InvalidModule, read
from helpers.wrappers.terraform import config
from helpers.wrappers.terraform.errors import DiskFull, ProviderNotAvailable, TerraformError, TerraformStopped
from helpers.wrappers.terraform.types import Diagnostic, Event, Plan, State, TestRun, TestSummary

#: What does not belong to a module, and what would copy a learner's state into a check.
_LEFT_OUT = shutil.ignore_patterns(*LEFT_OUT, *STATE)


@contextlib.contextmanager
def scratch(lab: Workspace, *parts: str, pattern: str = "") -> Iterator[Path]:
    """Give a directory with copies of parts of the workspace, laid out as there; it is gone afterwards.

    Args:
        lab: whose workspace.
        parts: files or directories, relative to it; one that is missing is skipped.
        pattern: of a directory, take only the files right in it that match.
    """
    with tempfile.TemporaryDirectory(prefix="mod208-check-") as name:
        room = Path(name).resolve()
        for part in parts:
            source, target = lab.work / part, room / part
            if source.is_dir() and pattern:
                target.mkdir(parents=True, exist_ok=True)
                for file in sorted(source.glob(pattern)):
                    shutil.copy2(file, target / file.name)
            elif source.is_dir():
                shutil.copytree(source, target, ignore=_LEFT_OUT, dirs_exist_ok=True)
            elif source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        yield room


@contextlib.contextmanager
def learners_fault(folder: str) -> Iterator[None]:
    """Turn what Terraform says of the learner's files into `Unmet`; faults of the machine stay errors.

    Args:
        folder: where the files are in the workspace, for the message.
    """
    try:
        yield
    except (DiskFull, TerraformStopped):
        raise
    except ProviderNotAvailable as error:
        if tools.find(config.PROVIDER_TOOL) is None:
            raise
        raise Unmet(said(error.diagnostics_list, folder) or error.why) from error
    except TerraformError as error:
        raise Unmet(said(error.diagnostics_list, folder) or error.diagnostics()) from error


def said(found: Iterable[Diagnostic], folder: str = "") -> str:
    """Return the first error as one line: file, line, what Terraform says."""
    for one in found:
        if one.severity == "error":
            where = f"{folder}/{one.where}" if one.where and folder else one.where
            detail = " ".join(one.detail.split())
            return ": ".join(part for part in (where, one.summary, detail) if part)
    return ""


def inspect(lab: Workspace, folder: str) -> Interface:
    """Read the blocks of a directory of the workspace, without running or resolving anything.

    Raises:
        Unmet: it does not exist, or does not parse.
    """
    path = lab.path(folder)
    require(path.is_dir() and list(path.glob("*.tf")), f"{folder} has no .tf file")
    try:
        return read(path)
    except InvalidModule as error:
        first = next((d for d in error.found if d.severity == "error"), None)
        if first is None:
            raise Unmet(f"{folder}: {error.why}") from error
        said = ": ".join(filter(None, (first.summary, first.detail)))
        raise Unmet(f"{folder}/{first.where}: {said}" if first.where else f"{folder}: {said}") from error


@dataclass(frozen=True)
class Probe:
    """One question: what does the module do with these inputs?

    Attributes:
        name: of the run.
        variables: over the common ones.
        refused: names of variables whose validation must refuse; empty when all must be accepted.
        expect: Terraform expression that must hold, and what to say when it does not.
        say: what is wrong when the answer is not as expected.
        apply: apply, for the state; else only plan.
    """

    name: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    refused: Sequence[str] = ()
    expect: str = ""
    say: str = ""
    apply: bool = False

    def run(self) -> dict[str, Any]:
        """Return the ``run`` block in Terraform's JSON syntax."""
        block: dict[str, Any] = {"command": "apply" if self.apply else "plan"}
        if self.variables:
            block["variables"] = dict(self.variables)
        if self.refused:
            block["expect_failures"] = [f"var.{name}" for name in self.refused]
        if self.expect:
            block["assert"] = {"condition": f"${{{self.expect}}}", "error_message": self.say or self.name}
        return block


@dataclass(frozen=True)
class Answers:
    """What Terraform answered: the summary, and by run the plan, or the state and outputs."""

    summary: TestSummary
    plans: Mapping[str, Plan]
    states: Mapping[str, State]
    outputs: Mapping[str, Mapping[str, Any]]

    def failed(self) -> TestRun | None:
        """Return the first run that did not pass."""
        return next((run for run in self.summary.runs if run.status != "pass"), None)


def ask(
    folder: Path,
    probes: Sequence[Probe],
    variables: Mapping[str, Any],
    *,
    mock: Mapping[str, Mapping[str, Any]] | None = None,
    details: bool = False,
) -> Answers:
    """Run probes as one ``terraform test`` in a scratch directory.

    Args:
        folder: root module; initialised already when it needs providers or modules.
        probes: the questions.
        variables: common inputs.
        mock: answer for the platform provider; resource type -> computed values to make up.
        details: keep plans and states.
    """
    document: dict[str, Any] = {"variables": dict(variables), "run": {p.name: p.run() for p in probes}}
    if mock is not None:
        made_up = {kind: {"defaults": dict(values)} for kind, values in mock.items()}
        document["mock_provider"] = {"platform": {"mock_resource": made_up} if made_up else {}}
    tests = folder / "checked"
    tests.mkdir(exist_ok=True)
    (tests / "probe.tftest.json").write_text(json.dumps(document))
    found: tuple[dict[str, Plan], dict[str, State], dict[str, dict[str, Any]]] = ({}, {}, {})

    def keep(event: Event) -> None:
        run = str(event.raw.get("@testrun"))
        if event.type == "test_plan":
            found[0][run] = Plan.from_json(event.raw["test_plan"])
        if event.type == "test_state":
            values = event.raw["test_state"]
            found[1][run] = State.from_json({"values": values})
            found[2][run] = {name: value.get("value") for name, value in (values.get("outputs") or {}).items()}

    summary = terraform(folder).test(test_directory="checked", verbose=details, on_event=keep)
    return Answers(summary, *found)


def ask_all(folder: Path, where: str, probes: Sequence[Probe], variables: Mapping[str, Any], **options: Any) -> Answers:
    """Run probes and note each that is not answered as expected, in its words; then the check ends."""
    with learners_fault(where):
        answers = ask(folder, probes, variables, **options)
    if answers.failed() is None:
        require(answers.summary.passed, f"{where}: " + (said(answers.summary.diagnostics, where) or "nothing ran"))
    # What Terraform did not come to, after a run that ended in an error, has no answer.
    for run in (run for run in answers.summary.runs if run.status != "skip"):
        with item("Values that are tried", run.name):
            _answered(run, next(p for p in probes if p.name == run.name), where)
    settled()
    return answers


def _answered(run: TestRun, probe: Probe, where: str) -> None:
    if run.status == "pass":
        return
    found = said(run.diagnostics, where)
    missing = any("Missing expected failure" in d.summary or "unexpected" in d.summary for d in run.diagnostics)
    unmet = any("Test assertion failed" in d.summary for d in run.diagnostics)
    raise Unmet(probe.say if probe.say and (missing or unmet) else f"{probe.say or probe.name}: {found}")
