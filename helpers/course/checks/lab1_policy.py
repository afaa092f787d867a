"""Checks of Lab 1, notebook 04: the policies, their unit tests, the gate."""

from __future__ import annotations

import json
import re
from typing import Any

from helpers.core import process
from helpers.course.checks import every, require, settled, step
from helpers.course.checks.support.module_probes import scratch
from helpers.course.checks.support.plans import GOOD, REFUSED, WARNED, PlanCase
from helpers.course.checks.support.rego import learners_rego, require_noticed, without_rule
from helpers.course.checks.support.terraform_runs import each_item
from helpers.course.workspace import Workspace
from helpers.runtime import tools
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.policy import PolicyError, PolicyReport
from helpers.wrappers.rego_capabilities import restricted
from helpers.wrappers.rego_rules import rules_in

POLICY = "policy/workspace.rego"
TESTS = "policy/workspace_test.rego"
GATE = "gate.toml"
NOTHING_CHECKED = f"{POLICY}: no rule was evaluated. {{why}}"
#: Percent of the policy's lines that its tests have to reach.
COVERAGE = 90.0
#: A rule whose built-in function fails on every plan.
CRASH = 'package main\n\ndeny contains "never" if to_number(input.format_version) + to_number("x") > 0\n'


def judge(lab: Workspace, case: PlanCase) -> PolicyReport:
    """Judge a plan by the learner's policies."""
    with learners_rego(NOTHING_CHECKED):
        return Conftest(lab.work).test(document=case.plan, filename=f"{case.name}.json")


@step(
    "lab1",
    "policy-write",
    reads=("policy",),
    hints=(
        "What does the plan's JSON call the thing you want to judge? Where in it are the values after the change?",
        "Iterate: `some change in input.resource_changes`. The new values are in change.change.after, which is null "
        "for a deletion; what happens is in change.change.actions, a list. A missing value is undefined, not false: "
        'object.get(after, "encryption", "") gives a default.',
        'deny contains msg if {\n\tsome change in input.resource_changes\n\tchange.type == "platform_artifact_bucket"\n'
        '\tobject.get(change.change.after, "encryption", "") != "aws:kms"\n'
        '\tmsg := sprintf("ACME-BKT-001 %s: buckets are encrypted with aws:kms", [change.address])\n}',
    ),
)
def policy_write(lab: Workspace) -> str:
    """Each rule of the table refuses what it must, names the resource, and lets a good plan through."""
    require(lab.path(POLICY).is_file(), f"{POLICY} does not exist")
    each_item("Plans that are judged", lambda case: _judged_rightly(lab, case), (*GOOD, *REFUSED, *WARNED))
    return f"{len(REFUSED)} bad plans are refused, {len(WARNED)} warned about, {len(GOOD)} good ones pass"


def _judged_rightly(lab: Workspace, case: PlanCase) -> None:
    report = judge(lab, case)
    if case in GOOD:
        objections = "; ".join(r.msg for r in report.failures)
        require(report.passed, f"{POLICY} refuses a good plan ({case.about}): {objections}")
        require(not report.warnings, f"{POLICY} warns about a good plan ({case.about})")
        return
    found = report.warnings if case in WARNED else report.failures
    word = "warn about" if case in WARNED else "refuse"
    require(found, f"{POLICY} does not {word} this plan: {case.about} ({case.rule})")
    said = [r.msg for r in found if case.rule in r.msg]
    require(said, f'{POLICY}: the message for "{case.about}" does not carry the id {case.rule}: {found[0].msg}')
    named = [msg for msg in said if case.address in msg]
    require(named, f"{POLICY}: the message of {case.rule} does not name the resource {case.address}: {said[0]}")
    begins = re.compile(rf"{case.rule}[\s:,.()\[\]\"'-]*{re.escape(case.address)}")
    first = any(begins.match(msg) for msg in named)
    require(first, f"{POLICY}: the message does not start with {case.rule} and {case.address}: {named[0]}")


@step(
    "lab1",
    "policy-tests",
    reads=("policy",),
    hints=(
        "If somebody deleted one of your rules tonight, which test would fail tomorrow?",
        "One test a rule that shows it refusing, and one that shows a good plan passing. `with input as {...}` sets "
        "the document. The reason names the rule that no test holds.",
        'test_unencrypted_bucket_is_refused if {\n\tfound := main.deny with input as plan("platform_artifact_bucket", '
        '{"encryption": "AES256"})\n\tcount(found) > 0\n}\n\n'
        "test_good_plan_passes if count(main.deny) == 0 with input as good",
    ),
)
def policy_tests(lab: Workspace) -> str:
    """The unit tests pass, reach the policy's lines, and fail as soon as one rule is gone."""
    require(lab.path(POLICY).is_file(), f"{POLICY} does not exist")
    require(lab.path(TESTS).is_file() and "test_" in lab.read(TESTS), f"{TESTS} has no test")
    with learners_rego(NOTHING_CHECKED):
        report = Conftest(lab.work).verify(coverage=True)
    with every("Your tests"):
        for failure in report.failures:
            require(False, f"{TESTS}: {failure.name} fails")
    settled()
    covered = report.coverage.percent if report.coverage else 0.0
    require(covered >= COVERAGE, f"{TESTS} reaches {covered:.0f} % of the lines, not {COVERAGE:.0f} %")
    held = 0
    for file in policy_files(lab):
        text = lab.read(file)
        rules = [r for r in rules_in([lab.path(file)]) if r.name.split("_")[0] in ("deny", "warn", "violation")]
        removed = "no test fails when this rule is removed"
        require_noticed(
            lab, file, {without_rule(r, text): f"{file}:{r.line}: {removed}" for r in rules}, policies=("policy",)
        )
        held += len(rules)
    require(held, f"{POLICY} has no rule named deny, warn or violation")
    with every("Rules that a test holds"):
        for rule_id in sorted({case.rule for case in (*REFUSED, *WARNED)}):
            say = f"{TESTS}: no test fails when {rule_id} says nothing any more"
            require(silenced_is_noticed(lab, rule_id), say)
    everything = lab.read(POLICY) + '\ndeny contains "refused without a reason"\n'
    say = f"{TESTS}: no test fails when the policy refuses everything: show a good plan passing"
    require_noticed(lab, POLICY, {everything: say}, policies=("policy",))
    return f"{report.passes} tests pass, reach {covered:.0f} % of the lines and hold each of {held} rules"


def policy_files(lab: Workspace) -> list[str]:
    """Return the policy files of the workspace, without those of tests."""
    found = sorted(lab.path("policy").rglob("*.rego"))
    return [f.relative_to(lab.work).as_posix() for f in found if not f.name.endswith("_test.rego")]


#: The head of a rule whose messages Conftest reads.
_HEAD = re.compile(r"^(deny|warn|violation)(?=\s+contains\b)", re.MULTILINE)


def silenced_is_noticed(lab: Workspace, rule_id: str) -> bool:
    """Return whether the tests fail when no message with this id comes out, however the rules are written."""
    with scratch(lab, "policy") as room:
        heads: set[tuple[str, str]] = set()
        for file in policy_files(lab):
            text = lab.read(file)
            package = re.search(r"^package\s+([\w.]+)", text, re.MULTILINE)
            names = set(_HEAD.findall(text))
            heads |= {(package[1], name) for name in names} if package else set()
            (room / file).write_text(_HEAD.sub(r"loud_\1", text))
        for number, (package_name, name) in enumerate(sorted(heads)):
            quiet = f'not contains(sprintf("%v", [msg]), "{rule_id}")'
            rule = f"{name} contains msg if {{\n\tsome msg in loud_{name}\n\t{quiet}\n}}\n"
            (room / "policy" / f"silenced_{number}.rego").write_text(f"package {package_name}\n\n{rule}")
        try:
            return not Conftest(room).verify(policies=["policy"]).passed
        except PolicyError:
            return True


@step(
    "lab1",
    "policy-gate",
    reads=("policy", GATE),
    hints=(
        "A pipeline looks at one number. What exit code does each of your plans give?",
        "The keys of gate.toml are Conftest's long options: policy, namespace, fail-on-warn, show-builtin-errors. A "
        "namespace in which there is no rule gives exit code 0, and so does no-fail.",
        'policy = ["policy"]\nnamespace = ["main"]\nfail-on-warn = true\nshow-builtin-errors = ...',
    ),
)
def policy_gate(lab: Workspace) -> str:
    """The bare command of the pipeline lets the good plan through and stops every other one."""
    require(lab.path(GATE).is_file(), f"{GATE} does not exist")
    each_item("Plans at the gate", lambda case: _gated_rightly(lab, case), (*GOOD, *REFUSED, *WARNED))
    crashed = gate(lab, GOOD[0], CRASH).returncode
    require(crashed != 0, f"{GATE}: exit code 0 although a rule crashed: look for an option about built-in errors")
    return f"the gate passes {len(GOOD)} good plans and stops {len(REFUSED) + len(WARNED)} others"


def _gated_rightly(lab: Workspace, case: PlanCase) -> None:
    done = gate(lab, case)
    if case in GOOD:
        require(done.returncode == 0, f"{GATE}: the gate stops a good plan ({case.about}): {_said(done)}")
        evaluated = sum(int(c.get("successes") or 0) for c in _json(done))
        require(evaluated, f"{GATE}: the gate is green because it evaluates no rule: look at namespace and policy")
        return
    why = "a warning must stop production as well" if case in WARNED else f"{case.rule} must stop it"
    require(done.returncode != 0, f"{GATE}: exit code 0 for a plan with {case.about}: {why}")


def gate(lab: Workspace, case: PlanCase, extra: str = "") -> process.Completed:
    """Run the pipeline's own command line on a plan, as a hosted CI would; *extra* is one more policy file."""
    with scratch(lab, "policy", GATE) as room:
        if extra:
            (room / "policy" / "extra.rego").write_text(extra)
        (room / "plan.json").write_text(json.dumps(case.plan))
        options = [f"--config-file={GATE}", f"--capabilities={restricted()}", "--output=json", "plan.json"]
        return process.run([tools.ensure("conftest").path, "test", *options], cwd=room, timeout=60)


def _json(done: process.Completed) -> list[dict[str, Any]]:
    try:
        return list(json.loads(done.stdout) or [])
    except ValueError:
        return []


def _said(done: process.Completed) -> str:
    return (done.stderr.strip() or done.stdout.strip()).splitlines()[-1] if done.stderr or done.stdout else ""
