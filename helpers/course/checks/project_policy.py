"""Check of the project, notebook 02: the policy bundle, judged by what it says of jobs, and its own tests."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.compliance.module_rules import archive
from helpers.core.verdicts.checks import Unmet, require
from helpers.course.checks import step
from helpers.course.checks.support import project as kit
from helpers.course.checks.support.project import BUNDLE, DELIVERED, Case
from helpers.course.checks.support.rego import learners_rego, require_noticed, without_rule
from helpers.course.scenarios import training
from helpers.course.scenarios.training import Brief
from helpers.course.workspace import Workspace
from helpers.wrappers.opa import Opa
from helpers.wrappers.policy import PolicyError
from helpers.wrappers.rego_rules import Rule, rules_in

POLICY = "policy"
_JUDGED = "bundle.tar.gz"


@step(
    "project",
    "policy",
    hints=(
        "Which line of the brief does the module contract not draw? What does a job look like that is just over it?",
        "One deny rule for each line, over input.spec; a test for each rule that fails without it; then opa build with "
        "a revision, and a signature of the file.",
        'Opa(lab.work).build("policy", output=bundle, revision="1.0.0"); cosign.sign_blob(bundle, key=release, '
        "password=password). Jobs come with the defaults of the definition: deny contains msg if { "
        'input.spec.environment == "dev"; input.spec.gpu.nodes > 2; msg := "..." }',
    ),
)
def policy(lab: Workspace) -> str:
    """The signed bundle denies each job that the brief does not allow, no other, and holds what its tests hold."""
    asked = training.brief()
    kit.delivered(lab, BUNDLE)
    kit.keeps(lab, BUNDLE)
    said = judged(lab, cases(asked))
    rules = _own(lab)
    return f"{said} jobs are told apart; the tests notice the loss of each of {rules} rules"


def cases(asked: Brief) -> tuple[Case, ...]:
    """Return jobs that are allowed, and jobs with one fault each."""
    few, many = {"gpu": {"kind": "l4", "nodes": asked.dev_nodes}}, {"gpu": {"kind": "l4", "nodes": asked.dev_nodes + 1}}
    scarce = {"gpu": {"kind": asked.scarce, "nodes": 1}}
    return (
        Case("the team's usual job", few),
        Case(f"a job in dev with {asked.dev_nodes} nodes", {**few, "environment": "dev"}),
        Case(f"a job in dev with {asked.dev_nodes + 1} nodes", {**many, "environment": "dev"}, "nodes in dev"),
        Case(f"a job in staging with {asked.dev_nodes + 1} nodes", {**many, "environment": "staging"}),
        Case(f"a job in prod with an {asked.scarce}", scarce),
        Case(f"a job in staging with an {asked.scarce}", {**scarce, "environment": "staging"}, "scarce GPU"),
        Case(f"a job in dev with an {asked.scarce}", {**scarce, "environment": "dev"}, "scarce GPU"),
        Case("a job of an owner outside", {**few, "owner": "ada@example.test"}, "owner"),
        Case("a job of an owner with the address in the middle", {**few, "owner": "ada@acme.test.example"}, "owner"),
        Case("a job without a data class", {**few, "labels": {"run": "nightly"}}, "data class"),
        Case("a job without labels", {**few, "labels": None}, "data class"),
        Case("a job with public data", {**few, "labels": {"data-class": "public"}}),
        Case("a job with restricted data", {**few, "labels": {"data-class": "restricted"}}, "data class"),
    )


def judged(lab: Workspace, told: Sequence[Case]) -> int:
    """Return how many jobs the delivered bundle answers as the brief wants.

    Raises:
        Unmet: it answers one otherwise.
    """
    asked, cluster = training.brief(), training.serve()
    # As a webhook of the API server gets them: with the defaults of the definition.
    made = cluster.diff([training.job(asked, f"case-{number}", **case.spec) for number, case in enumerate(told)])
    answers = denied(lab, [dict(one.desired or {}) for one in made])
    for case, said in zip(told, answers, strict=True):
        if case.allowed:
            require(not said, f"{DELIVERED}/{BUNDLE}: {case.about} is denied: {'; '.join(said)}"[:400])
        else:
            require(said, f"{DELIVERED}/{BUNDLE}: {case.about} is not denied")
    return len(told)


def denied(lab: Workspace, jobs: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return what the rules ``deny`` and ``violation`` of the delivered bundle say of each job."""
    files = kit.unpacked(lab, BUNDLE, rooted=True)
    with tempfile.TemporaryDirectory(prefix="mod208-check-") as name:
        room = Path(name)
        archive.write({path: text for path, text in files.items() if path.endswith(".rego")}, room)
        judging = _judging(room)
        require(judging, f"{DELIVERED}/{BUNDLE} has no rule that denies")
        (room / _JUDGED).write_bytes(lab.path(f"{DELIVERED}/{BUNDLE}").read_bytes())
        said: list[list[str]] = [[] for _ in jobs]
        for rule in sorted({f"data.{one.package}.{one.name}" for one in judging}):
            try:
                answers = (
                    Opa(room)
                    .eval(
                        f"[say | some job in input; say := [m | some m in {rule} with input as job]]",
                        bundles=[_JUDGED],
                        input=list(jobs),
                        imports=["rego.v1"],
                    )
                    .value
                )
            except PolicyError as error:
                raise Unmet(f"{DELIVERED}/{BUNDLE}: {rule}: {error.what}: {error.why}"[:400]) from None
            for place, messages in enumerate(answers):
                said[place] += [str(one) for one in messages]
    return said


def _judging(folder: Path) -> list[Rule]:
    found = [one for one in rules_in([folder]) if one.judges and not one.file.endswith("_test.rego")]
    return [one for one in found if not one.name.startswith("warn")]


def _own(lab: Workspace) -> int:
    """Return how many rules the learner's own tests hold; the bundle is made of those policies."""
    folder = lab.path(POLICY)
    require(list(folder.rglob("*_test.rego")), f"{POLICY} has no test")
    packed = kit.unpacked(lab, BUNDLE, rooted=True)
    here = {path.read_bytes() for path in folder.rglob("*.rego") if not path.name.endswith("_test.rego")}
    there = {text for path, text in packed.items() if path.endswith(".rego") and not path.endswith("_test.rego")}
    require(here == there, f"{DELIVERED}/{BUNDLE} is not {POLICY} as it is now: build and sign it again")
    with learners_rego(f"{POLICY}: nothing was tested: {{why}}"):
        report = Opa(lab.work).test(POLICY)
        require(report.passed, f"{POLICY}: its tests fail")
        rules = _judging(folder)
        for file in sorted({rule.file for rule in rules}):
            path, text = str(Path(file).relative_to(lab.work)), Path(file).read_text()
            mutants = {
                without_rule(rule, text): f"{path}:{rule.line}: no test fails without this rule"
                for rule in rules
                if rule.file == file
            }
            require_noticed(lab, path, mutants, policies=[POLICY])
    return len(rules)
