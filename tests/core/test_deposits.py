"""What the gate holds: taken, moved, given back once, and every mistake reversed."""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.entries import EntryType
from agent.core.form import Fault
from tests.core.booth import BOOKS, CASH, LAW, OBJECT, Booth, booth_plan, company


def held(booth: Booth) -> dict[str, str]:
    """What lies where: kind by pocket; money has an empty one."""
    return {row["pocket"]: row["kind"] for row in booth.rows("deposits", state="held")}


# Taken


def test_what_is_written_of_a_deposit() -> None:
    booth = Booth()
    result = booth.visit(deposits=[{**OBJECT, "owner": "韩梅梅"}, CASH])
    first, money = result["deposits"]
    row = booth.row("deposits", "deposit", first)
    assert row["personal"] == {"owner": "韩梅梅", "description": "phone"}
    wanted: dict[str, Any] = {
        "state": "held",
        "visit": result["visit"],
        "card": "V-1",
        "kind": "object",
        "amount": 0,
        "currency": "",
        "pocket": "1",
        "receipt": 1,
        "taken_us": booth.now.wall_us,
        "ended_us": 0,
    }
    assert {name: row[name] for name in wanted} == wanted
    cash = booth.row("deposits", "deposit", money)
    assert (cash["amount"], cash["currency"], cash["pocket"]) == (5000, "CNY", "")
    assert cash["personal"] == {"owner": "李雷"}


def test_the_owner_is_whoever_came() -> None:
    booth = Booth()
    van = {"kind": "delivery", "unit": "8-1203", "plate": "粤B1", "deposits": [CASH]}
    booth.done("visit.open", **van, company="顺丰", card="W-1")
    assert booth.rows("deposits")[0]["personal"] == {"owner": "顺丰"}
    vehicle = {"kind": "vehicle", "plate": "粤B2", "destination": "hall", "deposits": [CASH]}
    booth.done("visit.open", **vehicle, card="W-2")
    assert booth.rows("deposits")[1]["personal"] == {"owner": "粤B2"}


def test_receipts_are_numbered_one_after_the_other_one_for_each_act() -> None:
    booth = Booth()
    first = booth.visit(deposits=[OBJECT, CASH])
    second = booth.visit("V-2")
    third = booth.done("deposit.take", visit=first["visit"], **OBJECT)
    assert (first["receipt"], second["receipt"], third["receipt"]) == (1, 2, 3)
    assert sorted(row["receipt"] for row in booth.rows("deposits")) == [1, 1, 2, 3]


def test_the_law_refuses_a_kind_and_says_why() -> None:
    booth = Booth()
    form = {**company(), "deposits": [{"kind": "resident_id"}]}
    assert booth.refused("visit.open", **form) == (403, "deposits.0.kind", LAW)
    unknown = {**company(), "deposits": [OBJECT, {"kind": "hat"}]}
    assert booth.refused("visit.open", **unknown)[:2] == (422, "deposits.1.kind")


def test_a_refused_kind_that_somebody_answers_for_is_taken_with_that_name() -> None:
    kinds = {**BOOKS.kinds, "resident_id": replace(BOOKS.kinds["object"], kind="resident_id")}
    rules = replace(BOOKS, kinds=kinds, refused={}, responsible={"resident_id": "director Wu"})
    booth = Booth(booth_plan(rules))
    booth.visit(deposits=[{"kind": "resident_id"}])
    entry = booth.last(EntryType.DEPOSIT_TAKEN)
    assert entry.personal["responsible"] == "director Wu"
    assert "Wu" not in str(entry.data)


@pytest.mark.parametrize("amount", [0, -5, "12.50", "many", "", 10**11])
def test_money_is_a_whole_amount(amount: object) -> None:
    form = {**company(), "deposits": [{"kind": "cash", "amount": amount}]}
    assert Booth().refused("visit.open", **form)[:2] == (422, "deposits.0.amount")


def test_the_usual_amount_of_the_settings() -> None:
    booth = Booth(booth_plan(replace(BOOKS, cash_default=10_000)))
    booth.visit(deposits=[{"kind": "cash"}])
    assert booth.rows("deposits")[0]["amount"] == 10_000


# Pockets


def test_the_first_free_pocket_is_proposed() -> None:
    booth = Booth()
    booth.visit(deposits=[{**OBJECT, "pocket": "2"}, OBJECT, OBJECT])
    assert sorted(held(booth)) == ["1", "2", "3"]
    first = booth.rows("deposits", "pocket", "1")[0]["deposit"]
    booth.done("deposit.end", deposit=first, end="returned")
    taken = booth.done("deposit.take", visit=booth.rows("visits")[0]["visit"], **OBJECT)
    assert taken["pocket"] == "1"


def test_a_pocket_holds_one_thing() -> None:
    booth = Booth()
    booth.visit(deposits=[{**OBJECT, "pocket": "2"}])
    taken = {**company("V-2"), "deposits": [{**OBJECT, "pocket": " 02 "}]}
    assert booth.refused("visit.open", **taken) == (
        409,
        "deposits.0.pocket",
        "something lies in pocket 2",
    )
    twice = {**company("V-2"), "deposits": [{**OBJECT, "pocket": "3"}, {**OBJECT, "pocket": "3"}]}
    assert booth.refused("visit.open", **twice)[:2] == (409, "deposits.1.pocket")


@pytest.mark.parametrize("pocket", ["0", "5", "x", "²", "999999"])
def test_a_pocket_that_there_is_not(pocket: str) -> None:
    form = {**company(), "deposits": [{**OBJECT, "pocket": pocket}]}
    assert Booth().refused("visit.open", **form)[:2] == (422, "deposits.0.pocket")


def test_all_pockets_in_use() -> None:
    booth = Booth()
    booth.visit(deposits=[OBJECT] * 4)
    full = booth.refused("visit.open", **company("V-2"))
    assert full == (409, "deposits.0.pocket", "all 4 pockets are in use")
    booth.visit("V-2", deposits=[CASH])


def test_a_thing_that_lies_in_another_pocket() -> None:
    booth = Booth()
    deposit = booth.visit()["deposits"][0]
    booth.done("deposit.move", deposit=deposit, pocket="3", reason="mixed up")
    assert booth.row("deposits", "deposit", deposit)["pocket"] == "3"
    data = booth.last(EntryType.DEPOSIT_MOVED).data
    assert (data["was"], data["pocket"], data["reason"]) == ("1", "3", "mixed up")


def test_two_pockets_that_were_mixed_up_are_swapped_in_one_act() -> None:
    booth = Booth()
    one, other = booth.visit(deposits=[OBJECT, {"kind": "driving_licence"}])["deposits"]
    taken = booth.refused("deposit.move", deposit=one, pocket="2", reason="mixed up")
    assert taken[:2] == (409, "pocket")
    booth.done("deposit.move", deposit=one, pocket="2", reason="mixed up", swap=True)
    assert held(booth) == {"2": "object", "1": "driving_licence"}
    assert booth.row("deposits", "deposit", other)["pocket"] == "1"
    same = booth.refused("deposit.move", deposit=one, pocket="2", reason="r", swap=True)
    assert same[:2] == (409, "pocket")
    booth.done("deposit.move", deposit=one, pocket="4", reason="r", swap=True)
    assert sorted(held(booth)) == ["1", "4"]


def test_what_moves_needs_a_reason_a_pocket_and_must_lie_in_one() -> None:
    booth = Booth()
    thing, money = booth.visit(deposits=[OBJECT, CASH])["deposits"]
    assert booth.refused("deposit.move", deposit=thing, pocket="2")[:2] == (422, "reason")
    assert booth.refused("deposit.move", deposit=thing, reason="r")[:2] == (422, "pocket")
    in_none = booth.refused("deposit.move", deposit=money, pocket="2", reason="r")
    assert in_none[:2] == (409, "deposit")


# Ended


@pytest.mark.parametrize(
    ("form", "state"),
    [
        ({"end": "returned"}, "returned"),
        ({"end": "returned", "to": "李雷的妻子", "receipt_lost": True}, "returned"),
        ({"end": "forfeited", "why": "the card was never brought back"}, "forfeited"),
        ({"end": "refund_due"}, "refund_due"),
        ({"end": "transferred", "to": "south"}, "transferred"),
    ],
)
def test_it_ends_in_one_of_four_ways_and_once(form: dict[str, Any], state: str) -> None:
    booth = Booth()
    deposit = booth.visit()["deposits"][0]
    booth.done("deposit.end", deposit=deposit, **form)
    row = booth.row("deposits", "deposit", deposit)
    assert (row["state"], row["ended_us"]) == (state, booth.now.wall_us)
    data = booth.last(EntryType.DEPOSIT_ENDED).data
    assert data["end"] == state
    assert (data.get("to", ""), data.get("why", "")) == (
        "south" if state == "transferred" else "",
        form.get("why", ""),
    )
    assert data.get("receiptlost", False) is form.get("receipt_lost", False)
    who = {"owner": "李雷", "description": "phone"}
    if state != "transferred":
        who["recipient"] = form.get("to", "李雷")
    assert row["personal"] == who
    again: tuple[tuple[str, dict[str, Any]], ...] = (
        ("deposit.end", {"end": "returned"}),
        ("deposit.reverse", {"why": "w"}),
        ("deposit.move", {"pocket": "2", "reason": "r"}),
    )
    for kind, more in again:
        assert booth.refused(kind, deposit=deposit, **more)[:2] == (409, "deposit")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "end"),
        ({"end": "eaten"}, "end"),
        ({"end": "forfeited"}, "why"),
        ({"end": "transferred"}, "to"),
    ],
)
def test_an_end_says_what_it_has_to(form: dict[str, Any], field: str) -> None:
    booth = Booth()
    deposit = booth.visit()["deposits"][0]
    assert booth.refused("deposit.end", deposit=deposit, **form)[:2] == (422, field)
    assert booth.refused("deposit.end", deposit="x", **form)[0] == 404


def test_a_guards_mistake_is_reversed() -> None:
    booth = Booth()
    visit = booth.visit()
    deposit = visit["deposits"][0]
    assert booth.refused("deposit.reverse", deposit=deposit)[:2] == (422, "why")
    booth.done("deposit.reverse", deposit=deposit, why="it was the next visitor's")
    row = booth.row("deposits", "deposit", deposit)
    assert (row["state"], row["personal"]["owner"]) == ("reversed", "李雷")
    assert booth.last(EntryType.DEPOSIT_REVERSED).data["why"] == "it was the next visitor's"
    assert held(booth) == {}


# One thing more


def test_something_more_is_taken_for_a_visit() -> None:
    booth = Booth()
    visit = booth.visit()["visit"]
    booth.done("deposit.take", visit=visit, **CASH)
    assert held(booth) == {"1": "object", "": "cash"}
    assert booth.refused("deposit.take", visit="x", **CASH)[0] == 404
    assert booth.refused("deposit.take", visit=visit, kind="resident_id")[:2] == (403, "kind")


def test_what_ended_by_mistake_is_taken_again_with_a_reason_also_when_the_visit_is_over() -> None:
    booth = Booth()
    result = booth.visit()
    ends = [{"deposit": result["deposits"][0], "end": "returned"}]
    booth.done("visit.end", visit=result["visit"], card_back=True, deposits=ends)
    assert booth.refused("deposit.take", visit=result["visit"], **OBJECT)[:2] == (409, "why")
    booth.done("deposit.take", visit=result["visit"], **OBJECT, why="he forgot it here")
    assert held(booth) == {"1": "object"}


def test_a_fault_of_a_line_names_its_field_whole() -> None:
    fault = Fault("x", field="deposits.1.kind")
    assert fault.result()["field"] == "deposits.1.kind"
