"""What is found while somebody types: bans above all."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.console.pages import finding
from agent.console.words import Words
from agent.core.plan_books import BooksPlan

WORDS = Words("en", ZoneInfo("Asia/Shanghai"))
NOON_US = 1_700_000_000_000_000


def row(personal: dict[str, str], **columns: object) -> dict[str, Any]:
    """A row as the store's queries make it."""
    common = {"erased": False, "by": "张伟", "at_us": NOON_US, "card": "", "reason": "leaflets"}
    return {**common, **columns, "personal": personal}


@pytest.mark.parametrize(
    "typed",
    [
        {"visitor": "Mr X"},
        {"visitor": " mr  x "},
        {"plate": "粤B D12345"},
        {"plate": "粤b·d12345"},
        {"card": "V-017"},
    ],
)
def test_a_ban_is_found_however_it_is_written(typed: dict[str, str]) -> None:
    ban = row({"visitor": "Mr X", "plate": "粤B·D12345"}, card="V-017")
    assert finding.banned([ban], typed) == [ban]


def test_nobody_else_is_banned() -> None:
    ban = row({"visitor": "Mr X"})
    assert finding.banned([ban], {"visitor": "Mr Xu", "plate": "", "card": ""}) == []
    assert finding.banned([row({})], {"visitor": "", "plate": "", "card": ""}) == []


def test_a_ban_says_why_and_by_whom() -> None:
    (line,) = finding.ban_lines([row({"visitor": "Mr X", "plate": "粤B1"})], WORDS)
    assert line["title"] == "Mr X 粤B1"
    assert "leaflets" in line["note"]
    assert "张伟" in line["note"]
    assert "fill" not in line


def test_an_appointment_fills_the_form() -> None:
    personal = {"visitor": "李四", "company": "海港", "host": "陈", "plate": "粤B1"}
    one = row(personal, appointment="a-1", kind="company", from_us=NOON_US)
    (line,) = finding.expected_lines([one], WORDS)
    assert line["fill"] == {
        **personal,
        "kind": "company",
        "appointment": "a-1",
        "answer": "expected",
    }
    assert line["title"] == "李四"


def test_who_was_here_before_fills_the_form_and_what_was_erased_does_not() -> None:
    known = row({"visitor": "李四", "unit": "8-1"}, kind="resident", opened_us=NOON_US)
    gone = row({}, kind="resident", opened_us=NOON_US, erased=True)
    lines = finding.earlier_lines([gone, known], WORDS)
    assert [line["fill"] for line in lines] == [
        {"visitor": "李四", "unit": "8-1", "kind": "resident"}
    ]


def test_the_directory_fills_who_is_to_be_seen() -> None:
    (line,) = finding.host_lines([{"name": "王女士", "unit": "8-1203", "department": ""}])
    assert line == {
        "title": "王女士",
        "note": "8-1203",
        "fill": {"host": "王女士", "unit": "8-1203"},
    }


def test_an_open_visit_leads_to_its_end() -> None:
    visit = row(
        {"visitor": "李四"},
        visit="g-1-2-3",
        card="V-1",
        kind="company",
        state="open",
        opened_us=NOON_US,
        until_us=0,
    )
    (line,) = finding.visit_lines([visit], WORDS, BooksPlan(), NOON_US)
    assert line["href"] == "/visitor-out?visit=g-1-2-3"
    assert line["title"] == "V-1 李四"


def test_a_group_is_there_only_with_lines() -> None:
    assert finding.group("Banned", [], "ban") == []
    assert finding.group("Banned", [{"title": "x"}], "ban") == [
        {"title": "Banned", "items": [{"title": "x"}], "tone": "ban"}
    ]
