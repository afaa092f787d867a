"""The period of a pack, and when its witnesses saw the trail."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.compliance.audit.witnesses import cosigned_at
from helpers.compliance.evidence import BadPeriod, Period
from helpers.compliance.evidence.period import read_time, time_text
from helpers.compliance.evidence.types import PackVerification
from helpers.widgets.renderers.evidence_pack import verification_html
from tests.repeats import examples

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 30)).map(
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)


def test_days_and_moments_are_read() -> None:
    month = Period.parse("2026-11-01/2026-12-01")
    assert month == Period(FIRST, datetime(2026, 12, 1, tzinfo=UTC))
    assert month == Period.parse("2026-11-01T00:00:00Z/2026-12-01T00:00:00Z") == Period.of(*str(month).split("/"))
    assert FIRST in month and month.until not in month
    assert month.covers(month) and not month.covers(Period.parse("2026-11-01/2026-12-02"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "last month",
        "2026-11-01",
        "2026-12-01/2026-11-01",
        "2026-11-01/2026-11-01",
        "2026-11-31/2026-12-01",
        "2026-11-01/2026-12-01/2027-01-01",
        "2026-11-01T00:00:00/2026-12-01",
        "2026-11-01T00:00:00+00:00/2026-12-01",
        "2026-11-01/20261201",
        "２０26-11-01/2026-12-01",
    ],
)
def test_what_is_not_a_period_is_refused(text: str) -> None:
    with pytest.raises(BadPeriod):
        Period.parse(text)


def test_the_display_says_what_it_is_about_and_what_was_left_open() -> None:
    found = PackVerification("valid", (), (), ("a",), ("no pin <b>",), Period.parse("2026-11-01/2026-12-01"), FIRST)
    shown = verification_html(found)
    assert "2026-11-01T00:00:00Z/2026-12-01T00:00:00Z" in shown and "signed time" in shown
    assert "no pin &lt;b&gt;" in shown


def test_a_period_needs_whole_seconds_and_a_time_zone() -> None:
    for start in (FIRST.replace(tzinfo=None), FIRST.replace(microsecond=1)):
        with pytest.raises(BadPeriod):
            Period(start, start + timedelta(days=1))


@given(MOMENTS, st.integers(1, 10**6), MOMENTS)
@examples(50)
def test_a_period_says_what_is_in_it(start: datetime, seconds: int, at: datetime) -> None:
    until = min(start + timedelta(seconds=seconds), datetime(9999, 12, 31, tzinfo=UTC))
    period = Period(start, until)
    assert Period.parse(str(period)) == period and Period.of(*period.to_dict().values()) == period
    assert (at in period) == (start <= at < until)
    assert read_time(time_text(at.astimezone(timezone(timedelta(hours=9))))) == at


KEYS = {name: bytes([place] * 4) for place, name in enumerate("abc", 1)}
WITNESSES = [f"{name}+{digest.hex()}+AAAA" for name, digest in KEYS.items()]


def line(name: str, at: int, digest: bytes = b"") -> str:
    """Return what a witness adds to a checkpoint."""
    raw = (digest or KEYS[name]) + at.to_bytes(8, "big") + bytes(64)
    return f"\u2014 {name} {base64.b64encode(raw).decode()}\n"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2**40)), max_size=6), st.integers(0, 4))
@examples(60)
def test_a_quorum_saw_it_by_then(signed: list[tuple[str, int]], quorum: int) -> None:
    note = "log\n1\nroot\n\n" + "".join(line(name, at) for name, at in signed)
    first: dict[str, int] = {}
    for name, at in signed:
        first.setdefault(name, min(at, 253_402_300_799))
    found = cosigned_at(note, WITNESSES, quorum)
    if not 0 < quorum <= len(first):
        assert found is None
        return
    assert found is not None
    assert sum(at >= found.timestamp() for at in first.values()) >= quorum, "so many saw it then or later"
    assert sum(at > found.timestamp() for at in first.values()) < quorum, "and no later time has so many"


@pytest.mark.parametrize(
    "strange",
    [
        "\u2014 mallory AAAA\n",
        "\u2014 a !!!\n",
        "- a " + base64.b64encode(KEYS["a"] + bytes(72)).decode() + "\n",
        line("a", 1, digest=b"evil"),
        "\u2014 a " + base64.b64encode(KEYS["a"] + bytes(64)).decode() + "\n",
        "\n",
    ],
)
def test_lines_that_are_no_cosignature_count_for_nothing(strange: str) -> None:
    assert cosigned_at(f"log\n1\nroot\n\n{strange}", WITNESSES, 1) is None
    both = cosigned_at(f"log\n1\nroot\n\n{strange}{line('b', 7)}", WITNESSES, 1)
    assert both == datetime.fromtimestamp(7, UTC)
    # In the text that is signed by the log a line like that is no cosignature either.
    assert cosigned_at(f"log\n1\nroot\n{line('a', 7)}\n", WITNESSES, 1) is None
