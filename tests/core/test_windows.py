from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.windows import parse
from tests.core.oracle_windows import is_open

MONDAY = date(2026, 3, 2)
HOLIDAY = date(2026, 3, 4)


def open_at(text: str, when: str, *holidays: date) -> bool:
    """``when`` is such as ``We 07:30`` in the week of `MONDAY`."""
    name, clock = when.split()
    day = MONDAY + timedelta(days=("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su").index(name))
    local = datetime.combine(day, time.fromisoformat(clock))
    return parse(text).open_at(local, holidays.__contains__)


@pytest.mark.parametrize(
    ("text", "when", "wanted"),
    [
        ("", "We 03:00", True),
        ("24/7", "Su 23:59", True),
        ("  24/7 ", "Su 23:59", True),
        ("Mo-Fr", "Fr 00:00", True),
        ("Mo-Fr", "Sa 00:00", False),
        ("07:00-19:00", "Su 07:00", True),
        ("07:00-19:00", "Su 06:59", False),
        ("07:00-19:00", "Su 18:59", True),
        ("07:00-19:00", "Su 19:00", False),
        ("Mo-Fr 07:00-12:00,13:00-19:00", "Mo 12:00", False),
        ("Mo-Fr 07:00-12:00, 13:00 - 19:00", "Mo 13:00", True),
        ("Mo,We,Fr 08:00-09:00", "We 08:30", True),
        ("Mo,We,Fr 08:00-09:00", "Tu 08:30", False),
        ("Sa-Mo 08:00-09:00", "Su 08:30", True),
        ("Sa-Mo 08:00-09:00", "Tu 08:30", False),
        ("We-We 08:00-09:00", "We 08:30", True),
        ("Mo-Su 08:00-09:00; We off", "We 08:30", False),
        ("We off; Mo-Su 08:00-09:00", "We 08:30", True),
        ("We off; 08:00-09:00", "We 08:30", True),
        ("off", "We 08:30", False),
        ("20:00-24:00", "We 23:59", True),
        ("20:00-24:00", "We 00:00", False),
        ("00:00-00:00", "We 12:00", True),
    ],
)
def test_days_and_times(text: str, when: str, wanted: bool) -> None:
    assert open_at(text, when) is wanted


@pytest.mark.parametrize(
    ("text", "when", "wanted"),
    [
        ("Fr 22:00-06:00", "Fr 21:59", False),
        ("Fr 22:00-06:00", "Fr 22:00", True),
        ("Fr 22:00-06:00", "Sa 05:59", True),
        ("Fr 22:00-06:00", "Sa 06:00", False),
        ("Fr 22:00-06:00", "Fr 05:00", False),
        ("Su 22:00-06:00", "Mo 05:00", True),
        ("Fr 22:00-06:00; Sa off", "Sa 05:00", True),
        ("We 12:00-12:00", "Th 11:59", True),
        ("We 12:00-12:00", "Th 12:00", False),
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_on_which_it_began(
    text: str, when: str, wanted: bool
) -> None:
    assert open_at(text, when) is wanted


@pytest.mark.parametrize(
    ("text", "when", "wanted"),
    [
        ("08:00-18:00", "We 09:00", True),
        ("08:00-18:00; PH off", "We 09:00", False),
        ("PH off; 08:00-18:00", "We 09:00", False),
        ("Mo-Fr 08:00-18:00; PH 10:00-12:00", "We 09:00", False),
        ("Mo-Fr 08:00-18:00; PH 10:00-12:00", "We 11:00", True),
        ("Mo-Fr 08:00-18:00; PH 10:00-12:00", "Tu 09:00", True),
        ("Sa,PH 10:00-12:00", "We 11:00", True),
        ("PH", "We 23:00", True),
        ("PH", "Tu 23:00", False),
        ("22:00-06:00; PH off", "We 05:00", True),
        ("22:00-06:00; PH off", "Th 05:00", False),
        ("PH 22:00-06:00", "Th 05:00", True),
    ],
)
def test_a_holiday_rule_replaces_all_others(text: str, when: str, wanted: bool) -> None:
    assert open_at(text, when, HOLIDAY) is wanted


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Mo-Fr 7:00-19:00", "'7:00-19:00'"),
        ("Mo-Fr 07:00", "'07:00'"),
        ("Mo-Fr 07:00-19:60", "'07:00-19:60'"),
        ("Mo-Fr 07:00-25:00", "'07:00-25:00'"),
        ("Mo-Fr 24:00-06:00", "'24:00-06:00'"),
        ("Mo-Fr 07:00-12:00,", "''"),
        ("Mo-Xx 07:00-12:00", "'Mo-Xx'"),
        ("Mon 07:00-12:00", "'Mon'"),
        ("Mo- 07:00-12:00", "'Mo-'"),
        ("PH-Mo 07:00-12:00", "'PH-Mo'"),
        ("Mo,,Tu", "''"),
        ("Mo-Fr 07:00-12:00;", "''"),
        ("Mo 08:00-09:00; @; Tu", "'@'"),
        ("immer", "'immer'"),
        ("Mo OFF", "'MoOFF'"),
    ],
)
def test_a_fault_names_its_part(text: str, part: str) -> None:
    with pytest.raises(ValueError, match=r".") as fault:
        parse(text)
    assert str(fault.value).startswith(part)


CLOCKS = st.integers(0, 23 * 60 + 59).map(lambda m: f"{m // 60:02}:{m % 60:02}")
SPANS = st.lists(st.tuples(CLOCKS, CLOCKS).map("-".join), min_size=1, max_size=3).map(",".join)
DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
NAMES = st.one_of(
    st.sampled_from((*DAYS, "PH")), st.tuples(*[st.sampled_from(DAYS)] * 2).map("-".join)
)
RULE = st.tuples(
    st.lists(NAMES, max_size=3).map(",".join), st.one_of(SPANS, st.sampled_from(("off", "")))
).map(lambda rule: " ".join(rule).strip())
TEXTS = st.lists(RULE.filter(bool), min_size=1, max_size=4).map("; ".join)
LOCALS = st.datetimes(*map(datetime.fromisoformat, ("2026-01-01", "2026-12-31")))


@given(TEXTS, LOCALS, st.sets(st.integers(-1, 0)))
def test_agrees_with_the_oracle(text: str, local: datetime, holidays: set[int]) -> None:
    days = {local.date() + timedelta(days=back) for back in holidays}
    assert parse(text).open_at(local, days.__contains__) is is_open(text, local, days)


@given(st.text(alphabet="MoTuFrPH 0123456789:-,;of/", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parsed = parse(text).days
    except ValueError as fault:
        told = str(fault)
    else:
        told = f"{len(parsed)} days in all"
    assert " in " in told
