"""Durations, to the microsecond."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.settings.faults import UnfitError
from agent.settings.units import milliseconds, nanoseconds, parse_duration, write_duration


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("5s", timedelta(seconds=5)),
        ("5 s", timedelta(seconds=5)),
        ("500 ms", timedelta(milliseconds=500)),
        ("2 min", timedelta(minutes=2)),
        ("1 h 30 min", timedelta(minutes=90)),
        ("1h30min", timedelta(minutes=90)),
        (" 1.5 s ", timedelta(milliseconds=1500)),
        ("0.1 s", timedelta(milliseconds=100)),
        ("2 days", timedelta(days=2)),
        ("1 week", timedelta(days=7)),
        ("1 month", timedelta(days=31)),
        ("2 years", timedelta(days=732)),
    ],
)
def test_durations(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


@pytest.mark.parametrize(
    "value",
    ["", " ", "5", 5, 1.5, "-5 s", "s", "5 m", "5 S", "5 s 1 h", "5 s 5 s", "1 e 3", "٥ s", "5 s,",
     "999999999 years", None, True, [], {}, "1 h 30", "in an hour", "1..5 s", "." * 5_000],
)  # fmt: skip
def test_no_durations(value: object) -> None:
    with pytest.raises(UnfitError) as caught:
        parse_duration(value)
    assert "ms, s, min" in caught.value.allowed


@given(st.timedeltas(timedelta(0), timedelta(days=9_000)))
def test_what_is_written_is_read_back(span: timedelta) -> None:
    whole = timedelta(milliseconds=span // timedelta(milliseconds=1))
    assert parse_duration(write_duration(whole)) == whole


def test_conversions() -> None:
    assert nanoseconds(timedelta(microseconds=1)) == 1_000
    assert milliseconds(timedelta(seconds=1.5)) == 1_500
