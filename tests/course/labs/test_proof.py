"""The prover itself: it must be able to fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.course import checks, outline
from helpers.course.checks import Check
from helpers.course.labs import Lab, proof

SPEC = outline.lab("lab1")


def prove_first(monkeypatch: pytest.MonkeyPatch, **changes: object) -> proof.Proof:
    step = replace(SPEC.steps[0], **changes)  # type: ignore[arg-type]
    return next(iter(proof.prove(replace(SPEC, steps=(step,)))))


def test_a_sound_step_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    found = prove_first(monkeypatch)
    assert found.proved, found.problem
    assert "is not declared" in found.starter_says


def test_another_message_than_the_intended_one_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    found = prove_first(monkeypatch, starter="a reason that nobody gives")
    assert "another message" in found.problem


def planted(monkeypatch: pytest.MonkeyPatch, judge: object) -> proof.Proof:
    check = Check("lab1", "interface", ("a", "b", "c"), judge)  # type: ignore[arg-type]
    monkeypatch.setattr(checks, "find", lambda lab, name: check)
    return prove_first(monkeypatch)


def test_a_check_that_always_passes_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "the starter passes" in planted(monkeypatch, lambda lab: "fine").problem


def test_a_check_that_writes_into_the_workspace_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(lab: Lab) -> str:
        lab.path("left-behind").write_text("x")
        return "fine"

    assert "changed the workspace" in planted(monkeypatch, judge).problem


def test_a_check_that_crashes_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(lab: Lab) -> str:
        raise KeyError("oops")

    assert "itself failed" in planted(monkeypatch, judge).problem
