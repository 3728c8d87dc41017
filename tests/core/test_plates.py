"""Plates of every kind of GA 36, and the hints for what is none."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.core import plates
from agent.core.plates import PlateKind, read

SIGNS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("粤B12345", PlateKind.ORDINARY),
        ("粤B·1A2B3", PlateKind.ORDINARY),
        ("京A A1B2C", PlateKind.ORDINARY),
        ("京O12345", PlateKind.ORDINARY),
        ("粤BD12345", PlateKind.ENERGY_SMALL),
        ("粤BF12345", PlateKind.ENERGY_SMALL),
        ("粤BDA1234", PlateKind.ENERGY_SMALL),
        ("沪AA12345", PlateKind.ENERGY_SMALL),
        ("粤BK12345", PlateKind.ENERGY_SMALL),
        ("粤B12345D", PlateKind.ENERGY_LARGE),
        ("粤B12345F", PlateKind.ENERGY_LARGE),
        ("粤B1234挂", PlateKind.TRAILER),
        ("粤B1234学", PlateKind.TRAINING),
        ("粤B1234警", PlateKind.POLICE),
        ("京A0006警", PlateKind.POLICE),
        ("粤X1234应急", PlateKind.EMERGENCY),
        ("粤ZA123港", PlateKind.CROSS_BORDER),
        ("粤Z1234澳", PlateKind.CROSS_BORDER),
        ("224578使", PlateKind.EMBASSY),
        ("使224·578", PlateKind.EMBASSY),
        ("沪A0023领", PlateKind.CONSULATE),
        ("沪22478领", PlateKind.CONSULATE),
        ("民航A1234", PlateKind.AVIATION),
        ("粤B12345临", PlateKind.TEMPORARY),
        ("临粤B12345", PlateKind.TEMPORARY),
        ("WJ京1234X", PlateKind.ARMED_POLICE),
        ("VM12345", PlateKind.MILITARY),
        ("", PlateKind.OTHER),
    ],
)
def test_plates_of_every_kind(text: str, kind: PlateKind) -> None:
    found = read(text)
    assert (found.kind, found.hint, found.guess) == (kind, "", "")


@pytest.mark.parametrize(
    ("text", "hint", "guess"),
    [
        ("粤B1O345", plates.NEVER, "粤B10345"),
        ("粤BI2345", plates.NEVER, "粤B12345"),
        ("粤BDI2345", plates.NEVER, "粤BD12345"),
        ("A12345", plates.NO_PROVINCE, ""),
        ("GB 7654-X9", plates.STRANGE, ""),
        ("粤12345", plates.NO_LETTER, ""),
        ("粤I12345", plates.NO_LETTER, ""),
        ("粤", plates.NO_LETTER, ""),
        ("粤B1234", plates.LENGTH, ""),
        ("粤B123456", plates.STRANGE, ""),
        ("粤BABCDE", plates.STRANGE, ""),
        ("粤B12345678", plates.LENGTH, ""),
        ("no plate", plates.STRANGE, ""),
    ],
)
def test_what_is_no_plate_of_the_standard_is_taken_with_a_hint(
    text: str, hint: str, guess: str
) -> None:
    found = read(text)
    assert found.kind is PlateKind.OTHER
    assert (found.hint, found.guess) == (hint, guess)


def test_a_new_energy_plate_without_its_province_looks_like_an_army_plate() -> None:
    assert read("BD12345") == plates.Plate("BD12345", PlateKind.MILITARY, plates.NO_PROVINCE)


@pytest.mark.parametrize(
    ("text", "plate"),
    [
        (" 粤b·d12345 ", "粤BD12345"),
        ("粤Ｂ－１２３４５", "粤B12345"),
        ("粤B•12345", "粤B12345"),
        ("ab-12_cd", "AB12CD"),
    ],
)
def test_a_plate_is_compared_without_what_people_put_between(text: str, plate: str) -> None:
    assert plates.clean(text) == plate
    assert read(text).text == plate


def test_a_plate_is_shown_with_its_dot() -> None:
    assert plates.shown("粤bd12345") == "粤B·D12345"
    assert plates.shown("使224578") == "使224578"


@given(
    st.sampled_from(plates.PROVINCES),
    st.sampled_from("ABCDEFGHJKLMNPQRSTUVWXYZ"),
    st.text(SIGNS, min_size=5, max_size=5),
)
def test_every_ordinary_number_with_a_digit_is_known(place: str, at: str, number: str) -> None:
    known = read(place + at + number).kind is PlateKind.ORDINARY
    assert known is any(sign.isdigit() for sign in number)


@example("A´")
@given(st.text(max_size=30))
def test_any_text_is_taken_and_cleaning_is_done_once(text: str) -> None:
    found = read(text)
    assert plates.clean(found.text) == found.text
    assert plates.clean(plates.shown(text)) == found.text
    if found.guess:
        assert read(found.guess).kind is not PlateKind.OTHER
