"""Telephone numbers in sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.telephones import masked

_GAP = st.sampled_from(["", " ", "-"])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("电话 13800138000", "电话 138********"),
        ("电话：138-0013-8000。", "电话：138********。"),
        ("call +86 138 0013 8000 first", "call +86******** first"),
        ("+44 20 7946 0018", "+44********"),
        ("0044 20 79460018", "004********"),
        ("物业 010-62221234", "物业 010********"),
        ("(0755) 2622 1234", "(07********"),
        ("手机１３８００１３８０００", "手机138********"),
        ("13800138000 or 13900139000", "138******** or 139********"),
    ],
)
def test_a_number_is_masked(text: str, left: str) -> None:
    assert masked(text) == left
    assert masked(left) == left


@pytest.mark.parametrize(
    "text",
    [
        "call 110",
        "extension 8120",
        "粤B12345",
        "from 08:00 to 10:00",
        "0800-1000",
        "2026-11-22 07:30",
        "2026-11-22 2026-11-23",
        "12 500 CNY, receipt 1042",
        "3-1-502",
        "visit north-0f6e2a4c5b1d-1042-1",
        "serial A13800138000",
        "",
    ],
)
def test_what_is_no_number_stays(text: str) -> None:
    assert masked(text) == text


@given(
    st.text("一二三 ,。:", max_size=8),
    st.integers(3, 9),
    st.text("0123456789", min_size=9, max_size=9),
    st.lists(_GAP, min_size=9, max_size=9),
    st.text("一二三 ,。:", max_size=8),
)
def test_no_way_to_write_a_mobile_number_is_left(
    before: str, second: int, rest: str, gaps: list[str], after: str
) -> None:
    number = f"1{second}" + "".join(
        f"{gap if place else ''}{digit}"
        for place, (gap, digit) in enumerate(zip(gaps, rest, strict=True))
    )
    told = masked(before + number + after)
    assert rest[1:] not in "".join(sign for sign in told if sign.isdigit())
    assert told.count("*") == 8
