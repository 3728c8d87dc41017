"""Rows of the books, as the visitors' pages say them."""

from typing import Any
from zoneinfo import ZoneInfo

from agent.console.pages import told
from agent.console.words import Words, load
from agent.core.plan_books import DAY_US, HOUR_US, BooksPlan, DepositKind

ENGLISH = Words("en", ZoneInfo("Asia/Shanghai"))
CHINESE = load("zh", ZoneInfo("Asia/Shanghai"))
NOW_US = 1_700_000_000_000_000
BOOKS = BooksPlan(
    kinds={
        "cash": DepositKind("cash", "现金", "Cash", money=True),
        "object": DepositKind("object", "物品", "Object"),
    },
    refused={"resident_id": "the law"},
    pockets=3,
    collect_within_us=DAY_US,
)


def visit(**changes: object) -> dict[str, Any]:
    """A row of a visit that is open."""
    row: dict[str, Any] = {
        "visit": "v-1",
        "kind": "company",
        "card": "V-1",
        "state": "open",
        "opened_us": NOW_US - 3 * HOUR_US,
        "until_us": NOW_US + HOUR_US,
        "ended_us": 0,
        "erased": False,
        "personal": {"visitor": "李四", "unit": "8-1", "host": "陈"},
        "deposits": [],
    }
    return row | changes


def deposit(**changes: object) -> dict[str, Any]:
    """A row of a deposit that is held, of a visit that is over for two days."""
    row: dict[str, Any] = {
        "deposit": "d-1",
        "visit": "v-1",
        "state": "held",
        "kind": "object",
        "amount": 0,
        "currency": "",
        "pocket": "2",
        "receipt": 7,
        "taken_us": NOW_US,
        "card": "V-1",
        "erased": False,
        "personal": {},
        "visit_row": visit(state="ended", ended_us=NOW_US - 2 * DAY_US),
    }
    return row | changes


def test_a_visit_in_time_and_overdue() -> None:
    shown = told.visit(visit(), ENGLISH, BOOKS, NOW_US)
    assert (shown["towards"], shown["overdue"], shown["open"]) == ("8-1 · 陈", "", True)
    late = told.visit(visit(until_us=NOW_US - 2 * HOUR_US), ENGLISH, BOOKS, NOW_US)
    assert "2 h" in late["overdue"]
    ended = told.visit(visit(until_us=1, state="ended"), ENGLISH, BOOKS, NOW_US)
    assert (ended["overdue"], ended["open"]) == ("", False)
    assert told.visit(visit(until_us=0), ENGLISH, BOOKS, NOW_US)["until"] == ""


def test_what_is_held_for_a_visit() -> None:
    things = [
        deposit(),
        deposit(kind="cash", amount=10_000, currency="CNY", pocket=""),
        deposit(state="returned"),
    ]
    shown = told.visit(visit(deposits=things), ENGLISH, BOOKS, NOW_US)
    assert shown["held"] == "pocket 2 Object, CN¥100.00"


def test_what_was_erased_is_said_to_be() -> None:
    shown = told.visit(visit(personal={}, erased=True), ENGLISH, BOOKS, NOW_US)
    assert shown["visitor"] == "(erased)"
    assert told.visit(visit(personal={}), ENGLISH, BOOKS, NOW_US)["visitor"] == ""


def test_a_deposit_that_nobody_fetches() -> None:
    shown = told.deposit(deposit(), ENGLISH, BOOKS, NOW_US)
    assert (shown["owner"], shown["receipt"], shown["money"]) == ("李四", "000007", "")
    assert shown["late"]
    here = deposit(visit_row=visit())
    assert told.deposit(here, ENGLISH, BOOKS, NOW_US)["late"] == ""
    fetched = deposit(state="returned")
    assert told.deposit(fetched, ENGLISH, BOOKS, NOW_US)["late"] == ""
    alone = told.deposit(deposit(visit_row=None), ENGLISH, BOOKS, NOW_US)
    assert (alone["owner"], alone["late"]) == ("", "")


def test_money_and_kinds_that_are_gone_from_the_settings() -> None:
    money = deposit(kind="cash", amount=150, currency="CNY", pocket="")
    assert told.deposit(money, ENGLISH, BOOKS, NOW_US)["money"] == "CN¥1.50"
    old = deposit(kind="token", amount=150, currency="", pocket="")
    shown = told.deposit(old, CHINESE, BOOKS, NOW_US)
    assert (shown["label"], shown["money"]) == ("token", "¥1.50")


def test_refused_kinds_stand_in_the_list_with_the_law() -> None:
    kinds = told.kinds(ENGLISH, BOOKS)
    assert [kind["kind"] for kind in kinds] == ["cash", "object", "resident_id"]
    assert kinds[-1]["refused"] == "the law"
    assert kinds[-1]["label"] == "resident identity card"
    assert told.kinds(CHINESE, BOOKS)[0]["label"] == "现金"


def test_the_drawer_has_every_pocket_and_what_is_beyond() -> None:
    rows = [{"pocket": "2", "deposit": "d-1"}, {"pocket": "41", "deposit": "d-2"}]
    drawer = told.drawer(rows, BOOKS)
    assert [each["pocket"] for each in drawer] == ["1", "2", "3", "41"]
    assert [each["deposit"] for each in drawer] == ["", "d-1", "", "d-2"]
    assert told.free_pockets(["2"], BOOKS) == ["1", "3"]
