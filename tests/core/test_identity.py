"""When work was handed in: what a learner dates is judged by that day, also when it is graded a month later."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from helpers.core import identity


@pytest.mark.parametrize("said", ["", "soon", "2999-01-01 10:00:00 UTC"])
def test_without_an_earlier_day_it_is_today(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv(identity.HANDED_IN, said)
    before = datetime.now(UTC).date()
    assert before <= identity.handed_in() <= datetime.now(UTC).date()


def test_a_grader_says_it_as_nbgrader_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(identity.HANDED_IN, "2026-01-01 10:00:00.123456 UTC")
    assert identity.handed_in() == date(2026, 1, 1)
