"""What `changing` says when the trail goes away while a change is made: that it was made."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from helpers.compliance.audit import AuditDown, EndNotRecorded, Subject, Trail, changing

PLAN = Subject.of("plan.json", b"{}")


class GoneAfter:
    """A trail that takes so many events, and then is down."""

    def __init__(self, events: int) -> None:
        self.left = events

    def record(self, *_: Any, **__: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise AuditDown("The audit trail is down")
        return SimpleNamespace(index=7)


def trail(events: int) -> Trail:
    return cast(Trail, GoneAfter(events))


def test_nothing_is_done_when_the_intent_cannot_be_recorded() -> None:
    done = []
    with pytest.raises(AuditDown), changing(trail(0), "apply", actor="ada", subject=PLAN):
        done.append("applied")
    assert not done


def test_a_change_that_was_made_is_not_called_undone() -> None:
    done = []
    with (
        pytest.raises(EndNotRecorded, match="apply is done") as raised,
        changing(trail(1), "apply", actor="ada", subject=PLAN),
    ):
        done.append("applied")
    assert done and not isinstance(raised.value, AuditDown)
    assert "Entry 7" in raised.value.why and "Do not repeat it" in raised.value.next


def test_why_a_change_failed_is_told_although_its_end_cannot_be_recorded() -> None:
    with pytest.raises(KeyError) as raised, changing(trail(1), "apply", actor="ada", subject=PLAN):
        raise KeyError("the cause")
    assert "Entry 7 of the audit trail has no end" in raised.value.__notes__[0]
