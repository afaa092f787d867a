"""Runs of one check side by side."""

from __future__ import annotations

import threading
import time

import pytest

from helpers.core import process
from helpers.core.scope import scope
from helpers.course.checks import Unmet
from helpers.course.checks.support.terraform_runs import each


def test_results_come_in_order() -> None:
    assert each(lambda item: item * 2, range(20)) == list(range(0, 40, 2))


def test_the_first_error_in_order_counts() -> None:
    def work(item: int) -> None:
        if item in (3, 5, 9):
            raise Unmet(f"item {item}")

    for _ in range(20):
        with pytest.raises(Unmet, match="item 3"):
            each(work, range(10))


def test_what_has_not_begun_is_left_out() -> None:
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        # Together they take seconds: a busy machine sees the first error before the last item begins.
        time.sleep(0.02)
        raise Unmet("no")

    with pytest.raises(Unmet):
        each(work, range(500))
    assert len(begun) < 500


def test_a_stop_button_reaches_what_runs_beside() -> None:
    with scope() as gathered:
        threading.Timer(0.5, gathered.cancel).start()
        with pytest.raises(process.Cancelled):
            each(lambda _: process.run(["sleep", "60"]), range(2))
