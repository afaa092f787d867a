"""Checks of notebook 01 of Lab 3 with the mistakes learners make."""

from __future__ import annotations

import pytest

from grading.hidden import lab3_trail as hidden
from helpers.compliance.audit import Subject, Trail
from helpers.course.checks.lab3_trail import CHECKPOINT, CONSISTENCY, ENTRY, INCLUSION, JOB
from helpers.course.labs import Lab
from tests.course.checks.judged import said

STEPS = ("change", "proof")


@pytest.mark.parametrize("step", STEPS)
def test_the_solution_passes_visible_and_hidden_tests(lab: Lab, step: str) -> None:
    result = lab.result(step)
    assert result.passed, result.reason
    getattr(hidden, step)(lab)


def test_a_check_leaves_nothing_in_the_labs_own_trail(lab: Lab) -> None:
    before = Trail().checkpoint()
    assert lab.result("change").passed
    assert Trail().checkpoint().root == before.root


REFUSED = ' and not any(event.decision == "refused" for event in approvals)'
APPROVED = f"return bool(authors and votes - authors){REFUSED}"
BEGUN = '    trail.record("apply", actor=ACTOR, subject=subject, decision="unknown", reason="begun")\n'


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (APPROVED, "return True", "a plan that nobody approved: it ends with 0 (done), not with 2 (refused)"),
        (APPROVED, "return bool(votes)", "a plan that its own author approved: it ends with 0"),
        (REFUSED, "", "a plan that somebody refused beside a yes: it ends with 0"),
        (BEGUN, "", "record that it is begun (unknown) before you begin"),
        (
            "if entry.event.subject.digest == subject.digest]",
            "if entry.event.subject.name == subject.name]",
            "an approval of another plan: it ends with 0",
        ),
        ('decision="refused", reason', 'decision="failed", reason', "the trail says apply failed, not refused"),
        ("        return 4\n", "        return 0\n", "the cloud is down: it ends with 0 (done), not with 4 (failed)"),
        (
            '        trail.record("apply", actor=ACTOR, subject=subject, decision="failed", reason=error.what)\n',
            "",
            "while the cloud is down: the trail says apply unknown, not failed",
        ),
        (
            '    trail.record("apply", actor=ACTOR, subject=subject, decision="accepted")\n',
            "",
            "the approved plan: the trail says apply unknown, not accepted",
        ),
        (BEGUN, BEGUN.replace("actor=ACTOR", 'actor="pipeline"'), "an apply by learner without an intent before it"),
        (BEGUN, BEGUN.replace("subject=subject", "subject=Subject.of(stack.name, b'')"), "no apply event about that"),
        (BEGUN, BEGUN * 2, "an apply by learner that never ended"),
        ("terraform(stack).apply(PLAN)", "terraform(stack).apply(auto_approve=True)", "not the plan of the approval"),
        ("    return 0\n    ###", "    return None.x\n    ###", "crashes at the approved plan"),
    ],
)
def test_a_mistake_in_the_job_is_told_apart(lab: Lab, old: str, new: str, reason: str) -> None:
    text = lab.read(JOB)
    if old not in text:
        # The markers of the solution are not in the workspace.
        old, new = old.replace("    ###", "\n\nif __name__"), new.replace("    ###", "\n\nif __name__")
    assert old in text
    lab.path(JOB).write_text(text.replace(old, new))
    assert reason in said(lab, "change")


def test_a_file_that_is_missing_or_something_else_is_named(lab: Lab) -> None:
    for path in (CHECKPOINT, ENTRY, INCLUSION, CONSISTENCY):
        kept = lab.path(path).read_bytes()
        lab.path(path).unlink()
        assert f"{path} does not exist" in said(lab, "proof")
        lab.path(path).write_text("nothing")
        assert said(lab, "proof")
        lab.path(path).write_bytes(kept)
    assert lab.result("proof").passed


def test_the_proof_of_another_entry_or_a_newer_checkpoint_will_not_do(lab: Lab) -> None:
    trail = Trail()
    trail.inclusion(0).save(lab.path(INCLUSION))
    assert "a third party who verifies the proof of the entry gets 'invalid'" in said(lab, "proof")
    refused = next(e for e in trail.entries() if e.event.decision == "refused")
    lab.path(ENTRY).write_bytes(refused.raw)
    trail.inclusion(refused.index).save(lab.path(INCLUSION))
    assert "the auditor asked for the apply that was done" in said(lab, "proof")
    done = next(e for e in trail.entries() if e.event.action == "apply" and e.event.decision == "accepted")
    lab.path(ENTRY).write_bytes(done.raw)
    trail.inclusion(done.index).save(lab.path(INCLUSION))
    trail.checkpoint().save(lab.path(CHECKPOINT))
    trail.consistency(trail.checkpoint()).save(lab.path(CONSISTENCY))
    assert "as new as the proof" in said(lab, "proof")


def test_the_apply_of_another_stack_or_a_checkpoint_of_after_the_plan_will_not_do(lab: Lab) -> None:
    trail = Trail("pipeline")
    done = [e for e in trail.entries() if e.event.action == "apply" and e.event.decision == "accepted"][-1]
    after = trail.checkpoint()
    other = Subject.of("another-stack", b"its plan")
    trail.record("plan", actor="ada", subject=other, decision="accepted")
    foreign = trail.record("apply", actor="ada", subject=other, decision="accepted")
    lab.path(ENTRY).write_bytes(foreign.raw)
    trail.inclusion(foreign.index).save(lab.path(INCLUSION))
    assert "the auditor asked for the bucket of models" in said(lab, "proof")
    lab.path(ENTRY).write_bytes(done.raw)
    trail.inclusion(done.index).save(lab.path(INCLUSION))
    after.save(lab.path(CHECKPOINT))
    trail.consistency(after).save(lab.path(CONSISTENCY))
    assert "is newer than the plan that was applied" in said(lab, "proof")
