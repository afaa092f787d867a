"""Hidden tests of Lab 3, notebook 01: other ways to slip a change through, and proofs that do not fit."""

from __future__ import annotations

from helpers.compliance.audit import verify_consistency, verify_inclusion
from helpers.course.checks import Unmet
from helpers.course.checks.lab3_trail import approve, consistency, handed, inclusion, key, monday, refused, rehearsal
from helpers.course.labs import Lab


def change(lab: Lab) -> None:
    """A refusal is not an approval, an approval before the plan's author is known counts for that plan only."""
    try:
        with rehearsal(lab) as room:
            room.run("plan", "done", "a plan", actor="ada")
            approve(room.subject, "bela", "refused")
            refused(room, "a plan that somebody refused")
            approve(room.subject, "ada")
            refused(room, "a plan that its own author approved")
            approve(room.subject, "learner")
            refused(room, "a plan that somebody refused and somebody else accepted")
            room.run("plan", "done", "another plan", actor="ada")
            approve(room.subject, "learner")
            room.run("apply", "done", "a plan approved by somebody else than its author", actor="ada")
            assert room.applied(), "the approved plan was not applied"
    except Unmet as unmet:
        raise AssertionError(unmet.reason) from None


def proof(lab: Lab) -> None:
    """The proofs are about this entry and this past: with others, the verifier says no."""
    entry = handed(lab)
    assert verify_inclusion(inclusion(lab), entry.replace(b"payload", b"pay1oad", 1), key=key()).status != "valid"
    old = monday(lab)
    assert verify_consistency(consistency(lab), old, key=key()).status == "valid"
