"""Receipts: what stands on them, and that no line is wider than the paper."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import receipt
from agent.core.plan_books import BooksPlan, DepositKind
from agent.core.receipt import Held, Receipt, lines, money, width

KINDS = {
    "cash": DepositKind("cash", "现金", "Cash", money=True),
    "work_card": DepositKind("work_card", "工作证", "Work card"),
}
BOOKS = BooksPlan("cn", kinds=KINDS, texts={"estate": "绿园小区", "gate": "北门"})
TAKEN = datetime(2026, 11, 22, 14, 32)  # noqa: DTZ001 -- local times of a gate are naive
UNTIL = datetime(2026, 11, 22, 22, 0)  # noqa: DTZ001 -- likewise
WHOLE = Receipt(
    17,
    "V-017",
    TAKEN,
    (Held("cash", amount=5_000), Held("work_card", "某某公司，编号 12345", pocket="12")),
    "王女士",
    "张伟",
    UNTIL,
)

NARROW = """\
            绿园小区
              北门
        押金收据 Receipt
--------------------------------
编号 No.                  000017
卡号 Card                  V-017
访客 Visitor              王女士
时间 Date       2026-11-22 14:32
离场 Leave by   2026-11-22 22:00
--------------------------------
现金 Cash                ￥50.00
工作证 Work card    格 Pocket 12
  某某公司，编号 12345
--------------------------------
经办 Guard                  张伟
离场时请交还卡片，凭此收据退还。
Return the card when you leave,
and show this receipt."""


def test_a_receipt_on_narrow_paper() -> None:
    assert "\n".join(lines(BOOKS, WHOLE, 32)) == NARROW


def test_a_receipt_on_wide_paper_tells_the_same() -> None:
    wide = lines(BOOKS, WHOLE, 48)
    assert max(width(line) for line in wide) == 48
    for part in ("000017", "V-017", "￥50.00", "格 Pocket 12", "2026-11-22 22:00"):
        assert any(line.endswith(part) for line in wide)


def test_what_is_not_known_is_left_out() -> None:
    bare = lines(BooksPlan(), Receipt(1, "V-1", TAKEN, (Held("odd", amount=5),), again=True), 32)
    text = "\n".join(bare)
    assert "Visitor" not in text
    assert "Leave by" not in text
    assert "Guard" not in text
    assert "Copy" in text
    assert "odd" in text
    assert "￥0.05" in text


@pytest.mark.parametrize(
    ("minor", "currency", "digits", "told"),
    [
        (5_000, "CNY", 2, "￥50.00"),
        (105_000, "CNY", 2, "￥1,050.00"),
        (5, "CNY", 2, "￥0.05"),
        (-5, "CNY", 2, "-￥0.05"),
        (1_000, "JPY", 0, "￥1,000"),
        (1_500, "KWD", 3, "1.500 KWD"),
        (1_250, "GBP", 2, "12.50 GBP"),
        (1_250, "USD", 2, "$12.50"),
    ],
)
def test_money_is_written_out(minor: int, currency: str, digits: int, told: str) -> None:
    assert money(minor, currency, digits) == told


def test_a_long_word_is_broken_and_a_long_name_goes_below() -> None:
    assert list(receipt.wrapped("abcdefghij", 4)) == ["abcd", "efgh", "ij"]
    assert list(receipt.wrapped("ab 中文字ab", 4)) == ["ab", "中文", "字ab"]
    assert list(receipt.wrapped("  ", 4)) == []
    assert list(receipt.pair("a long name", "a value", 16)) == ["a long name", "         a value"]
    assert list(receipt.pair("name", "", 16)) == ["name"]


TEXT = st.text(st.characters(codec="gb18030", exclude_categories=("C", "Z")) | st.just(" "))
HELD = st.builds(Held, st.sampled_from(["cash", "work_card", "x"]), TEXT, st.integers(0, 10**9))
ANY = st.builds(
    Receipt,
    st.integers(0, 10**9),
    TEXT,
    st.datetimes(),
    st.lists(HELD, max_size=4),
    TEXT,
    TEXT,
    st.none() | st.datetimes(),
    st.booleans(),
)


@given(ANY, st.integers(0, 64))
def test_no_line_is_wider_than_the_paper_and_nothing_is_lost(made: Receipt, columns: int) -> None:
    told = lines(BOOKS, made, columns)
    assert max(width(line) for line in told) <= max(16, columns)
    paper = "".join("".join(line.split()) for line in told)
    for text in (made.card, made.visitor, made.guard, *(held.description for held in made.held)):
        assert "".join(text.split()) in paper
