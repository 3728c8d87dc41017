"""Numbers of identity documents, against the standard's own rule worked out another way."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import identity
from agent.core.personal import mask_name

SHEET = "11010519491231002X"
"""The example of GB 11643-1999; so is 440524188001010014."""


def checked(body: str) -> str:
    """The check digit by its definition: ISO 7064, MOD 11-2, as a recursion from the left."""
    rest = 0
    for digit in body:
        rest = (rest + int(digit)) * 2 % 11
    return "0123456789X"[(1 - rest) % 11]


BODIES = st.builds(
    lambda region, born, order: f"{region}{born:%Y%m%d}{order:03d}",
    st.sampled_from(["110105", "440300", "310115", "810000", "911344"]),
    st.dates(date(1880, 1, 1), date(2199, 12, 31)),
    st.integers(0, 999),
)


@pytest.mark.parametrize("number", [SHEET, "440524188001010014"])
def test_the_examples_of_the_standard_are_right(number: str) -> None:
    assert identity.check_digit(number[:17]) == number[17]
    assert identity.resident(number)
    assert identity.trouble(number) == ""


@given(BODIES)
def test_the_check_digit_is_that_of_the_definition(body: str) -> None:
    assert identity.check_digit(body) == checked(body)
    assert identity.resident(body + checked(body))


@given(BODIES, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_place_is_always_told(body: str, place: int, other: str) -> None:
    number = body + checked(body)
    wrong = number[:place] + other + number[place + 1 :]
    assert (identity.trouble(wrong) == "") is (wrong == number)


@given(BODIES, st.integers(0, 15))
def test_two_neighbours_changed_over_are_told(body: str, place: int) -> None:
    number = body + checked(body)
    turned = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert (identity.trouble(turned) == "") is (turned == number)


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (SHEET[:17] + "1", identity.CHECK),
        ("010105194912310020", identity.CHECK),
        ("99010519491332" + "0025", identity.CHECK),
        ("770105194912310028", identity.CHECK),
        ("110105491231002", identity.LENGTH),
        ("1101051949123100", identity.LENGTH),
        ("11010519491231002XX", identity.LENGTH),
        ("1101051949123100211", identity.LENGTH),
        ("E12345678", ""),
        ("H1234567890", ""),
        ("C668668(9)", ""),
        ("E12", identity.FORM),
        ("", identity.FORM),
        ("E1234567_8", identity.FORM),
        ("A" * 25, identity.FORM),
    ],
)
def test_what_is_wrong_is_said(number: str, says: str) -> None:
    assert identity.trouble(number) == says


def test_a_day_that_there_never_was_is_no_birthday() -> None:
    body = "11010519490230002"
    assert not identity.resident(body + identity.check_digit(body))
    ancient = "11010518791231002"
    assert not identity.resident(ancient + identity.check_digit(ancient))
    nowhere = "77010519491231002"
    assert not identity.resident(nowhere + identity.check_digit(nowhere))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (" 110105 19491231 002x ", SHEET),
        ("110105-19491231-002X", SHEET),
        ("１１０１０５１９４９１２３１００２Ｘ", SHEET),
        ("e 1234567", "E1234567"),
    ],
)
def test_a_number_is_read_as_people_write_it(text: str, number: str) -> None:
    assert identity.clean(text) == number


@pytest.mark.parametrize(
    ("number", "shows"),
    [
        (SHEET, "110105********002X"),
        ("E12345678", "E****78"),
        ("E12345", "E****45"),
        ("12345", "****5"),
        ("1234", "****4"),
    ],
)
def test_a_mask_tells_the_issuer_and_the_end(number: str, shows: str) -> None:
    assert identity.mask(number) == shows


@given(st.text(max_size=60), BODIES, st.text(max_size=60))
def test_a_number_in_a_text_is_masked(before: str, body: str, after: str) -> None:
    number = body + checked(body)
    text = f"{before} {number},{after}"
    covered = identity.masked(text)
    assert number not in covered
    assert identity.masked(covered) == covered


def test_what_only_looks_like_a_number_stays() -> None:
    texts = [
        f"parcel {SHEET[:17]}1",
        f"uid:{SHEET}AB and A{SHEET}",
        "1" + SHEET[:17] + "00",
        "王女士 8-1203",
    ]
    for text in texts:
        assert identity.masked(text) == text
    assert identity.masked(f"身份证{SHEET.lower()}号") == "身份证110105********002X号"


@pytest.mark.parametrize(
    ("name", "masked"),
    [(" ", ""), ("john", "J***"), ("王小明", "王**"), ("欧阳娜娜", "欧阳**"), ("ﬀx", "FF***")],
)
def test_a_name_is_masked_but_for_its_first_sign(name: str, masked: str) -> None:
    assert mask_name(name) == masked
