"""The one loop that waits."""

from __future__ import annotations

import time

import pytest

from helpers.core import polling
from helpers.core.polling import TimedOut, poll, wait_until


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.pauses = 100.0, list[float]()

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(round(seconds, 3))
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(polling, "time", made)
    return made


def test_returns_what_was_looked_for(clock: Clock) -> None:
    found = iter([None, "", "it"])
    assert wait_until("it is there", lambda: next(found), 5) == "it"
    assert clock.pauses == [0.1, 0.1]


def test_looks_once_even_without_time_and_once_more_at_the_end(clock: Clock) -> None:
    looks: list[float] = []
    assert not poll(lambda: looks.append(clock.now), 0)
    assert looks == [100.0]
    looks.clear()
    assert not poll(lambda: looks.append(clock.now), 0.25)
    assert [round(look - 100, 2) for look in looks] == [0, 0.1, 0.2, 0.25]


def test_a_slow_look_is_followed_by_one_more_after_the_time_is_over(clock: Clock) -> None:
    looks = 0

    def slow() -> bool:
        nonlocal looks
        looks += 1
        clock.now += 10
        return looks == 2

    assert poll(slow, 5)


def test_the_pause_grows(clock: Clock) -> None:
    poll(lambda: False, 4, every=0.05, slower=1.5, most=0.5)
    assert clock.pauses[:4] == [0.05, 0.075, 0.113, 0.169]
    assert max(clock.pauses) == 0.5


def test_a_timeout_says_what_was_waited_for(clock: Clock) -> None:
    with pytest.raises(TimedOut) as caught:
        wait_until("the vault is active", lambda: False, 30, next="course services logs vault")
    assert caught.value.diagnostics() == (
        "Timed out after 30 s waiting until the vault is active.\nNext: course services logs vault"
    )
    assert isinstance(caught.value, TimeoutError)


def test_a_timeout_can_be_an_error_of_the_caller(clock: Clock) -> None:
    with pytest.raises(KeyError):
        wait_until("it is there", lambda: False, 1, on_timeout=lambda: KeyError("mine"))


def test_what_the_look_raises_ends_the_wait() -> None:
    begun = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        wait_until("it is there", lambda: bool(1 // 0), 300)
    assert time.monotonic() - begun < 120
