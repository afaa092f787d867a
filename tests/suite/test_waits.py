"""Waiting ends with what is waited for, or says what did not happen."""

from __future__ import annotations

import pytest

from tests.waits import until


def test_the_first_true_value_is_returned() -> None:
    values = iter(("", 0, "there", "later"))
    assert until(lambda: next(values)) == "there"


def test_what_does_not_happen_is_named() -> None:
    with pytest.raises(AssertionError, match="the pool did not fill"):
        until(lambda: False, "the pool did not fill", seconds=0.1)
