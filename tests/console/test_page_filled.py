"""Forms as they are typed, as they are sent, and as they come back."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.console.answers import Answer
from agent.console.pages import filled
from agent.console.words import Words

WORDS = Words("en", ZoneInfo("Asia/Shanghai"))


def rejected(field: str) -> Answer:
    result = {"says": "pocket %(n)s is full", "with": {"n": 3}, "field": field}
    return Answer("o", "rejected", 409, "", result)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("100", "10000"),
        ("100.5", "10050"),
        ("0.05", "5"),
        ("1,000", "100000"),
        ("¥ 20", "2000"),
        ("１００．５０", "10050"),
        ("1.005", "1.005"),
        ("ten", "ten"),
        ("1,00", "1,00"),
        ("", ""),
    ],
)
def test_money_in_minor_units(typed: str, sent: str) -> None:
    """What is no money goes out as it was typed: the gate says so beside the field."""
    assert filled.minor(typed, 2) == sent


@given(st.integers(0, 10**9), st.integers(0, 3))
def test_money_and_back(amount: int, digits: int) -> None:
    assert filled.minor(filled.major(amount, digits), digits) == str(amount)


def test_a_currency_without_decimals() -> None:
    assert filled.minor("500", 0) == "500"
    assert filled.minor("5.5", 0) == "5.5"


def test_texts_and_flags_of_what_is_filled_in() -> None:
    typed = {"visitor": "  李  四 ", "plate": "", "truck": "true", "other": "x"}
    assert filled.texts(typed, ("visitor", "plate", "host")) == {"visitor": "李 四"}
    assert filled.flags(typed, ("truck", "stamp")) == {"truck": True}


def test_lines_close_their_gaps() -> None:
    """A line that was removed, or left empty, is none; the others keep their order."""
    typed = {
        "deposits.10.kind": "cash",
        "deposits.2.kind": "object",
        "deposits.2.pocket": "4",
        "deposits.3.kind": " ",
        "deposits.x.kind": "no",
        "deposits.1234.kind": "no",
        "deposits.1.2.kind": "no",
        "visitor": "v",
    }
    lines = filled.lines(typed, "deposits", ("kind", "pocket"))
    assert lines == [{"kind": "object", "pocket": "4"}, {"kind": "cash"}]
    closed = filled.closed(typed, "deposits")
    assert closed["deposits.0.kind"] == "object"
    assert closed["deposits.1.kind"] == "cash"
    assert closed["visitor"] == "v"
    assert filled.lines(closed, "deposits", ("kind", "pocket")) == lines


def test_a_form_shows_what_is_suggested_until_something_was_typed() -> None:
    fresh = filled.Filled(WORDS, {}, None, {"hours": "4"})
    assert (fresh.value("hours"), fresh.value("kind", "company")) == ("4", "company")
    assert (fresh.fault, fresh.error("hours"), fresh.lines("deposits", 2)) == ("", "", 2)
    typed = filled.Filled(WORDS, {"deposits.3.kind": "cash"}, None, {"hours": "4"})
    assert (typed.value("hours"), typed.lines("deposits")) == ("", 4)


def test_a_fault_stands_beside_its_field() -> None:
    form = filled.Filled(WORDS, {"visitor": "v"}, rejected("deposits.0.pocket"))
    assert form.error("deposits.0.pocket") == "pocket 3 is full"
    assert form.error("visitor") == ""
    assert form.fault == "pocket 3 is full"


def test_a_fault_of_no_field_is_said_by_the_frame() -> None:
    assert filled.Filled(WORDS, {}, rejected("")).fault == ""
    done = Answer("o", "done", 200, "", {"field": "visitor"})
    form = filled.Filled(WORDS, {}, done)
    assert (form.fault, form.error("visitor")) == ("", "")
