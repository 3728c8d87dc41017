"""From what was typed on the visitors' pages to the forms of orders."""

from zoneinfo import ZoneInfo

from agent.console.pages import coming, deposits, goods, visitor_out
from agent.console.words import Words
from agent.core.plan_books import HOUR_US, BooksPlan, DepositKind

WORDS = Words("en", ZoneInfo("Asia/Shanghai"))
BOOKS = BooksPlan(
    kinds={
        "cash": DepositKind("cash", "现金", "Cash", money=True),
        "object": DepositKind("object", "物品", "Object"),
    }
)


def test_only_what_the_kind_asks_for_is_sent() -> None:
    """Also when something else was typed before the kind was changed."""
    typed = {
        "kind": "resident",
        "visitor": "李四",
        "unit": "8-1203",
        "company": "海港",
        "truck": "true",
        "bearer": "true",
        "card": "V-1",
        "why_none": "friend of the house",
    }
    assert coming.opened(typed, BOOKS, "in-1") == {
        "kind": "resident",
        "visitor": "李四",
        "unit": "8-1203",
        "card": "V-1",
        "deposits": [],
        "reason": "friend of the house",
        "lane": "in-1",
    }


def test_who_views_a_house_leaves_nothing_and_gets_no_card() -> None:
    typed = {"kind": "viewing", "visitor": "V", "card": "V-1", "deposits.0.kind": "cash"}
    assert coming.opened(typed, BOOKS, "") == {"kind": "viewing", "visitor": "V"}


def test_a_truck_of_a_contractor() -> None:
    typed = {"kind": "contractor", "truck": "true", "goods": "true", "bearer": "true"}
    form = coming.opened(typed, BOOKS, "")
    assert (form["truck"], form["goods"], form["bearer"]) == (True, True, True)


def test_money_has_no_pocket_and_a_thing_no_amount() -> None:
    typed = {
        "deposits.0.kind": "cash",
        "deposits.0.amount": "100",
        "deposits.0.pocket": "7",
        "deposits.1.kind": "object",
        "deposits.1.amount": "100",
        "deposits.1.pocket": "7",
        "deposits.2.pocket": "8",
        "deposits.3.description": "kind forgotten",
    }
    assert coming.deposits(typed, BOOKS) == [
        {"kind": "cash", "amount": "10000"},
        {"kind": "object", "pocket": "7"},
        {"description": "kind forgotten"},
    ]


def test_a_refusal_and_its_ban() -> None:
    typed = {
        "kind": "company",
        "visitor": "X",
        "plate": "P",
        "reason": "hawker",
        "asked": "host",
        "note": "leaflets",
    }
    form = coming.declined(typed)
    assert (form["reason"], form["asked"]) == ("hawker", "host_declined")
    assert coming.ban(typed, WORDS) == {
        "visitor": "X",
        "plate": "P",
        "reason": "hawker or canvasser · leaflets",
    }
    assert "asked" not in coming.declined({"kind": "company"})
    assert coming.ban({"visitor": "X"}, WORDS)["reason"] == ""


def test_days_are_for_contractors_only() -> None:
    stays = coming.stays(WORDS, 12 * HOUR_US, 3)
    assert [hours for hours, _, only in stays if not only][-1] == "12"
    assert [hours for hours, _, only in stays if only == "contractor"] == ["24", "48", "72"]


def test_the_end_of_a_visit_is_one_order() -> None:
    typed = {
        "visit": "v-1",
        "card_back": "true",
        "deposits.0.deposit": "d-1",
        "deposits.0.end": "returned",
        "deposits.1.deposit": "d-2",
        "deposits.1.end": "forfeited",
        "deposits.1.why": "broken",
        "deposits.1.receipt_lost": "true",
    }
    assert visitor_out.ended(typed, "left", "out-1") == {
        "visit": "v-1",
        "outcome": "left",
        "card_back": True,
        "lane": "out-1",
        "deposits": [
            {"deposit": "d-1", "end": "returned"},
            {"deposit": "d-2", "end": "forfeited", "why": "broken", "receipt_lost": True},
        ],
    }
    lost = visitor_out.ended({**typed, "reason": "gone"}, "card_lost", "")
    assert (lost["card_back"], lost["reason"], "lane" in lost) == (False, "gone", False)


def test_a_line_that_is_not_ticked_was_not_there() -> None:
    typed = {
        "slip": "s-1",
        "signatory": "王",
        "stamp": "true",
        "by": "hand",
        "ticks.0.line": "0",
        "ticks.0.quantity": "２",
        "ticks.1.quantity": "12",
        "extra.0.name": "lamp",
        "extra.0.quantity": "1",
    }
    assert goods.used(typed, "") == {
        "slip": "s-1",
        "signatory": "王",
        "by": "hand",
        "stamp": True,
        "ticks": [{"line": "0", "quantity": "2"}],
        "extra": [{"name": "lamp", "quantity": "1"}],
    }
    assert goods.used(typed, "out-1")["lane"] == "out-1"


def test_a_slip_as_it_is_typed_in() -> None:
    typed = {"number": "F-1", "lines.0.name": "sofa", "lines.0.quantity": "2", "lines.1.name": ""}
    form = goods.received(typed)
    assert form == {"number": "F-1", "lines": [{"name": "sofa", "quantity": "2"}]}


def test_an_inspection() -> None:
    typed = {"card": "W-1", "opened": "true", "result": "clear"}
    form = goods.inspected(typed, "out-1", release=True)
    assert form == {**typed, "opened": True, "lane": "out-1", "release": True}


def test_what_did_not_agree_is_said() -> None:
    each = {"what": "quantity", "name": "box", "listed": 12, "counted": 13}
    assert goods.difference(each, WORDS) == "box: 12 listed, 13 counted"
    assert "stamp" in goods.difference({"what": "stamp"}, WORDS)
    beyond = {"what": "not_listed", "name": "", "listed": 0, "counted": 1}
    assert goods.difference(beyond, WORDS) == "not on the slip: 1 × —"


def test_what_becomes_of_a_deposit() -> None:
    typed = {
        "deposit": "d-1",
        "end": "returned",
        "receipt_lost": "true",
        "pocket": "8",
        "reason": "wrong",
        "swap": "true",
        "mistake": "nothing taken",
        "visit": "v-1",
        "deposits.0.kind": "cash",
        "deposits.0.amount": "5",
    }
    form = deposits.form_of
    assert form("end", typed, BOOKS) == {"deposit": "d-1", "end": "returned", "receipt_lost": True}
    assert form("move", typed, BOOKS) == {
        "deposit": "d-1",
        "pocket": "8",
        "reason": "wrong",
        "swap": True,
    }
    assert form("reverse", typed, BOOKS) == {"deposit": "d-1", "why": "nothing taken"}
    assert form("take", typed, BOOKS) == {"visit": "v-1", "kind": "cash", "amount": "500"}
    assert form("take", {"visit": "v-1"}, BOOKS) == {"visit": "v-1"}


def test_who_left_elsewhere_was_given_nothing_here() -> None:
    """What was not said to go another way stays held; no card came over this desk."""
    typed = {
        "visit": "v-1",
        "card_back": "true",
        "deposits.0.deposit": "d-1",
        "deposits.0.end": "returned",
        "deposits.1.deposit": "d-2",
        "deposits.1.end": "refund_due",
    }
    form = visitor_out.ended(typed, "elsewhere", "")
    assert form["card_back"] is False
    assert form["deposits"] == [{"deposit": "d-2", "end": "refund_due"}]
    mistake = visitor_out.ended({**typed, "deposits.1.end": ""}, "mistake", "")
    assert (mistake["card_back"], mistake["deposits"]) == (True, [])


def test_only_what_is_different_is_corrected() -> None:
    """A field that was emptied is sent empty, one that is as it was is not sent."""
    row = {"personal": {"visitor": "李四", "plate": "粤B1", "host": "陈"}, "bay": "A1"}
    typed = {
        "visit": "v-1",
        "visitor": " 李四 ",
        "plate": "",
        "host": "王",
        "bay": "A2",
        "hours": "2",
    }
    assert visitor_out.changed(typed, row) == {
        "visit": "v-1",
        "plate": "",
        "host": "王",
        "bay": "A2",
        "hours": "2",
    }
