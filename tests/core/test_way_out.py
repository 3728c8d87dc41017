"""How a visit ends: card back, deposit back, arm up, and every way that is not so smooth."""

from collections.abc import Mapping
from typing import Any

import pytest

from agent.core.entries import EntryType
from tests.core.booth import CASH, OBJECT, Booth, opens, types
from tests.core.builders import LANE
from tests.core.whole import OUT

LEAVE = str(OUT)
TRUCK = {
    "kind": "delivery",
    "card": "W-1",
    "company": "顺丰",
    "unit": "3-1-502",
    "plate": "粤B1",
    "truck": True,
    "deposits": [CASH],
}


def returned(*deposits: str) -> list[dict[str, str]]:
    return [{"deposit": each, "end": "returned"} for each in deposits]


def ends(result: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The form that ends this visit as it should."""
    form = {"visit": result["visit"], "card_back": True}
    return {**form, "deposits": returned(*result["deposits"]), **more}


def inside(**form: Any) -> tuple[Booth, Mapping[str, Any]]:
    """Somebody who has come in by the lane."""
    booth = Booth()
    result = booth.visit(**form)
    booth.tap("V-1")
    booth.drive(LANE)
    return booth, result


def test_the_whole_way() -> None:
    booth, result = inside()
    referred = booth.tap_out("V-1")
    assert referred.data["duty"] == "deposit_due"
    assert referred.data["visit"] == result["visit"]
    assert referred.personal["holder"] == "李雷"
    (duty,) = booth.rows("duties")
    assert (duty["kind"], duty["lane"], duty["card"], duty["visit"], duty["reader"]) == (
        "deposit_due",
        "out-1",
        "V-1",
        result["visit"],
        "out",
    )
    before = len(booth.entries)
    step = booth.ordered("visit.end", ends(result, lane=LEAVE))
    assert opens(step, OUT)
    assert types(booth.entries[before:]) == [
        "deposit.ended",
        "pass.returned",
        "visit.ended",
        "access.granted",
    ]
    assert booth.rows("duties") == []
    (passed,) = booth.drive(OUT)
    assert (passed.data["outcome"], passed.data["card"]) == ("passed", "V-1")
    row = booth.row("visits", "visit", result["visit"])
    assert (row["state"], row["outcome"]) == ("ended", "left")
    assert row["ended_us"] > row["opened_us"]
    assert booth.row("presence", "card", "V-1")["zone"] == "outside"
    assert booth.row("passes", "card", "V-1")["state"] == "in"
    assert booth.tap("V-1").data["reason"] == "card_not_issued"


def test_the_arm_stays_down_until_the_guard_says_so() -> None:
    booth, result = inside()
    before = len(booth.entries)
    for _ in range(3):
        assert booth.tap_out("V-1").type is EntryType.ACCESS_REFERRED
    booth.refused("visit.end", visit=result["visit"], card_back=True, lane=LEAVE)
    assert "access.granted" not in types(booth.entries[before:])
    assert booth.row("deposits", "deposit", result["deposits"][0])["state"] == "held"


def test_a_visit_ends_once() -> None:
    booth, result = inside()
    booth.done("visit.end", **ends(result))
    again = booth.refused("visit.end", **ends(result))
    assert again[:2] == (409, "visit")
    assert booth.refused("visit.end", visit="x")[0] == 404
    assert booth.refused("visit.change", visit=result["visit"], phone="1")[:2] == (409, "visit")


def test_everything_that_is_held_gets_its_end() -> None:
    booth, result = inside(deposits=[OBJECT, CASH])
    thing, money = result["deposits"]
    one = booth.refused("visit.end", **ends(result, deposits=returned(thing)))
    assert one == (409, "deposits", "something is still held (cash): say what becomes of it")
    other = booth.refused("visit.end", **ends(result, deposits=returned(thing, money, thing)))
    assert other[:2] == (409, "deposits.2.deposit")
    unnamed = booth.refused("visit.end", **ends(result, deposits=[{"end": "returned"}]))
    assert unnamed[:2] == (422, "deposits.0.deposit")
    why = [{"deposit": thing, "end": "returned"}, {"deposit": money, "end": "forfeited"}]
    assert booth.refused("visit.end", **ends(result, deposits=why))[1] == "deposits.1.why"
    booth.done("visit.end", **ends(result))


def test_the_card_has_to_be_back() -> None:
    booth, result = inside()
    kept = booth.refused("visit.end", **ends(result, card_back=False))
    assert kept[:2] == (422, "card_back")
    both = booth.refused("visit.end", **ends(result, outcome="card_lost"))
    assert both[:2] == (422, "card_back")


def test_a_lost_card_keeps_its_bearer_no_longer_than_it_takes_to_write_it_down() -> None:
    booth, result = inside()
    form = ends(result, card_back=False, outcome="card_lost", lane=LEAVE, reason="lost inside")
    form["deposits"] = [{**form["deposits"][0], "end": "forfeited", "why": "card lost"}]
    step = booth.ordered("visit.end", form)
    assert opens(step, OUT)
    assert booth.row("passes", "card", "V-1")["state"] == "lost"
    assert booth.last(EntryType.PASS_LOST).data["reason"] == "lost inside"
    assert booth.tap("V-1").data["reason"] == "card_lost"


def test_a_card_that_was_told_lost_before_is_not_lost_twice() -> None:
    booth, result = inside()
    booth.done("pass.lost", card="V-1")
    booth.done("visit.end", **ends(result, card_back=False))
    lost = [each for each in booth.entries if each.type is EntryType.PASS_LOST]
    assert len(lost) == 1
    booth, result = inside()
    booth.done("pass.lost", card="V-1")
    booth.done("visit.end", **ends(result, card_back=False, outcome="card_lost"))
    assert booth.row("passes", "card", "V-1")["state"] == "lost"


def test_a_card_handed_back_without_a_tap_leaves_nobody_inside() -> None:
    booth, result = inside()
    form = {"visit": result["visit"], "outcome": "without_tap"}
    assert booth.refused("visit.end", **form)[:2] == (422, "card_back")
    assert booth.refused("visit.end", **form, card_back=True, lane=LEAVE)[:2] == (422, "lane")
    done = booth.done("visit.end", **form, card_back=True)
    assert done["kept"] == result["deposits"]
    assert booth.rows("presence") == []


def test_a_card_that_is_issued_anew_begins_anew() -> None:
    booth, result = inside()
    booth.done("visit.end", **ends(result, lane=LEAVE))
    booth.drives_off(OUT)
    assert booth.row("presence", "card", "V-1")["zone"] == "inside"
    booth.visit()
    assert booth.rows("presence") == []


def test_a_deposit_that_was_not_fetched_stays_held_until_it_is() -> None:
    booth, result = inside()
    booth.done("visit.end", visit=result["visit"], outcome="without_tap", card_back=True)
    (deposit,) = result["deposits"]
    assert booth.row("deposits", "deposit", deposit)["state"] == "held"
    # The card goes out again; what lies here for the last bearer does not concern the next one.
    other = booth.visit(deposits=[CASH])
    booth.tap("V-1")
    booth.drive(LANE)
    booth.done("visit.end", **ends(other, lane=LEAVE))
    booth.done("deposit.end", deposit=deposit, end="returned", receipt_lost=True)
    assert booth.rows("deposits", state="held") == []


def test_who_leaves_through_another_gate_leaves_the_card_there() -> None:
    booth, result = inside()
    done = booth.done("visit.end", visit=result["visit"], outcome="elsewhere", reason="south")
    assert done["kept"] == result["deposits"]
    assert booth.row("visits", "visit", result["visit"])["outcome"] == "elsewhere"
    assert booth.rows("presence") == []
    gone = [{"deposit": result["deposits"][0], "end": "transferred", "to": "south"}]
    booth, result = inside()
    gone[0]["deposit"] = result["deposits"][0]
    form = ends(result, outcome="elsewhere", deposits=gone)
    assert booth.done("visit.end", **form)["kept"] == []
    assert booth.row("passes", "card", "V-1")["state"] == "in"


def test_a_visit_that_was_a_mistake_is_undone() -> None:
    booth = Booth()
    result = booth.visit(deposits=[OBJECT, CASH])
    form = {"visit": result["visit"], "outcome": "mistake"}
    assert booth.refused("visit.end", **form, card_back=True)[:2] == (422, "reason")
    assert booth.refused("visit.end", **form, reason="r")[:2] == (422, "card_back")
    some = ends(result, outcome="mistake", reason="r")
    assert booth.refused("visit.end", **some)[:2] == (422, "deposits")
    done = booth.done("visit.end", **form, card_back=True, reason="wrong card")
    assert done["kept"] == []
    assert {row["state"] for row in booth.rows("deposits")} == {"reversed"}
    assert booth.last(EntryType.DEPOSIT_REVERSED).data["why"] == "wrong card"


def test_a_visit_without_a_card_ends_without_one() -> None:
    booth = Booth()
    result = booth.done("visit.open", kind="viewing", visitor="赵先生", plate="粤B1")
    step = booth.ordered("visit.end", ends(result, lane=LEAVE))
    assert opens(step, OUT)
    assert "card" not in step.entries[-1].data
    assert "pass.returned" not in types(step.entries)
    lost = booth.done("visit.open", kind="viewing", visitor="赵先生")
    booth.done("visit.end", visit=lost["visit"], outcome="card_lost")


def test_who_is_overdue_gets_out_and_not_in() -> None:
    booth, result = inside(hours=1)
    booth.wait(7200)
    assert booth.tap_out("V-1").data["duty"] == "deposit_due"
    assert booth.tap("V-1").data["reason"] == "expired"
    booth.done("visit.end", **ends(result, lane=LEAVE))


def test_the_lane_must_lead_out() -> None:
    booth, result = inside()
    assert booth.refused("visit.end", **ends(result, lane=str(LANE)))[:2] == (422, "lane")
    assert booth.refused("visit.end", **ends(result, lane="x"))[:2] == (404, "lane")


def test_nobody_is_let_out_in_a_lockdown() -> None:
    booth, result = inside()
    booth.plain("lockdown", reason="theft")
    assert booth.tap_out("V-1").data["duty"] == "lockdown_release"
    assert booth.refused("visit.end", **ends(result, lane=LEAVE))[:2] == (423, "lane")
    booth.done("visit.end", **ends(result))


def test_a_fire_goes_before_a_lockdown_also_for_who_is_let_out() -> None:
    booth, result = inside()
    booth.plain("lockdown", reason="theft")
    booth.plain("fire")
    step = booth.ordered("visit.end", ends(result, lane=LEAVE))
    assert opens(step, OUT)


# Trucks and goods


def delivered(**more: Any) -> tuple[Booth, Mapping[str, Any]]:
    booth = Booth()
    result = booth.done("visit.open", **{**TRUCK, **more})
    booth.tap("W-1")
    booth.drive(LANE)
    return booth, result


def test_a_truck_is_looked_at_before_it_leaves() -> None:
    booth, result = delivered()
    assert booth.tap_out("W-1").data["duty"] == "inspection_due"
    due = booth.refused("visit.end", **ends(result, lane=LEAVE))
    assert due[:2] == (409, "lane")
    found = {"card": "W-1", "lane": LEAVE, "opened": True}
    booth.done("inspection.make", **found, result="found", note="a bicycle")
    assert booth.tap_out("W-1").data["duty"] == "inspection_due"
    made = booth.done("inspection.make", **found, result="clear", release=True)
    assert (made["released"], made["due"]) == (False, "deposit_due")
    assert [row["kind"] for row in booth.rows("duties")] == ["deposit_due"]
    assert booth.tap_out("W-1").data["duty"] == "deposit_due"
    booth.done("visit.end", **ends(result, lane=LEAVE))
    booth.drive(OUT)


def test_a_truck_that_comes_back_is_looked_at_again() -> None:
    booth, _ = delivered()
    look = {"card": "W-1", "lane": LEAVE, "opened": True, "result": "clear"}
    booth.done("inspection.make", **look)
    booth.done("visit.override", card="W-1", lane=LEAVE, reason="fetches the rest")
    booth.drive(OUT)
    booth.tap("W-1")
    booth.drive(LANE)
    assert booth.tap_out("W-1").data["duty"] == "inspection_due"


def test_an_inspection_of_an_earlier_visit_does_not_count() -> None:
    booth = Booth()
    look = {"card": "W-1", "lane": LEAVE, "opened": True, "result": "clear"}
    booth.done("inspection.make", **look)
    booth.done("visit.open", **TRUCK)
    assert booth.tap_out("W-1").data["duty"] == "inspection_due"


def test_goods_leave_only_with_a_slip() -> None:
    booth, result = delivered(truck=False, goods=True)
    assert booth.tap_out("W-1").data["duty"] == "release_slip_due"
    assert booth.refused("visit.end", **ends(result, lane=LEAVE))[:2] == (409, "lane")
    slip = booth.done(
        "slip.receive",
        number="7",
        unit="3-1-502",
        signatory="王小明",
        stamp=True,
        lines=[{"name": "chair", "quantity": 2}],
    )["slip"]
    use = {"slip": slip, "signatory": "王小明", "stamp": True, "card": "W-1", "lane": LEAVE}
    few = [{"line": 0, "quantity": 1}]
    assert booth.done("slip.use", **use, why="known to me", ticks=few)["stopped"]
    assert booth.tap_out("W-1").data["duty"] == "release_slip_due"
    all_ = [{"line": 0, "quantity": 2}]
    used = booth.done("slip.use", **use, why="known to me", ticks=all_)
    assert (used["stopped"], used["due"]) == ([], "deposit_due")
    assert [row["kind"] for row in booth.rows("duties")] == ["deposit_due"]
    assert booth.tap_out("W-1").data["duty"] == "deposit_due"


def test_goods_that_were_stopped_keep_a_card_that_came_without_any() -> None:
    booth, _ = delivered(truck=False)
    slip = booth.done(
        "slip.receive", number="7", unit="3-1-502", lines=[{"name": "chair", "quantity": 2}]
    )["slip"]
    use = {"slip": slip, "signatory": "x", "why": "w", "card": "W-1", "stamp": True}
    booth.done("slip.use", **use, ticks=[])
    assert booth.tap_out("W-1").data["duty"] == "release_slip_due"


def test_goods_on_a_truck_need_both_and_the_arm_opens_for_neither_alone() -> None:
    booth = Booth()
    booth.tap("T-1")
    booth.drive(LANE)
    lines = [{"name": "chair", "quantity": 2}]
    slip = booth.done("slip.receive", number="7", unit="3-1-502", lines=lines)["slip"]
    use = {"slip": slip, "signatory": "x", "why": "w", "card": "T-1", "stamp": True}
    look = {"card": "T-1", "lane": LEAVE, "opened": True, "result": "clear", "release": True}
    booth.done("slip.use", **use, ticks=[])
    assert booth.tap_out("T-1").data["duty"] == "inspection_due"
    made = booth.done("inspection.make", **look)
    assert (made["released"], made["due"]) == (False, "release_slip_due")
    assert [row["kind"] for row in booth.rows("duties")] == ["release_slip_due"]
    used = booth.done("slip.use", **use, ticks=[{"line": 0, "quantity": 2}], lane=LEAVE)
    assert (used["released"], used["due"]) == (True, "")
    booth.drive(OUT)
    booth.tap("T-1")
    booth.drive(LANE)
    again = booth.done("slip.receive", number="8", unit="3-1-502", lines=lines)["slip"]
    both = {**use, "slip": again, "ticks": [{"line": 0, "quantity": 2}]}
    used = booth.done("slip.use", **both, lane=LEAVE)
    assert (used["released"], used["due"]) == (False, "inspection_due")
    assert booth.done("inspection.make", **look)["released"]


def test_a_look_at_one_truck_changes_nothing_for_another_one_that_waits() -> None:
    booth, _ = delivered()
    booth.tap_out("W-1")
    booth.done("visit.open", **{**TRUCK, "card": "W-2", "plate": "粤B2"})
    look = {"card": "W-2", "lane": LEAVE, "opened": True, "result": "clear"}
    booth.done("inspection.make", **look)
    assert [(row["card"], row["kind"]) for row in booth.rows("duties")] == [
        ("W-1", "inspection_due")
    ]


# Overridden


def test_the_guard_may_open_although_something_is_open() -> None:
    booth, result = inside()
    booth.tap_out("V-1")
    form = {"visit": result["visit"], "lane": LEAVE}
    assert booth.refused("visit.override", **form)[:2] == (422, "reason")
    step = booth.ordered("visit.override", {**form, "reason": "runs after his child"})
    assert opens(step, OUT)
    data = booth.last(EntryType.VISIT_OVERRIDDEN).data
    assert (data["duty"], data["held"]) == ("deposit_due", result["deposits"])
    assert step.entries[-1].data["card"] == "V-1"
    booth.drive(OUT)
    assert booth.row("visits", "visit", result["visit"])["state"] == "open"
    assert booth.row("deposits", "deposit", result["deposits"][0])["state"] == "held"
    assert booth.rows("duties") == []
    booth.tap("V-1")
    booth.drive(LANE)
    assert booth.row("presence", "card", "V-1")["zone"] == "inside"


def test_the_guard_may_name_the_card_instead() -> None:
    booth, result = inside()
    done = booth.done("visit.override", card="V-1", lane=LEAVE, reason="r")
    assert done == {"visit": result["visit"], "card": "V-1", "held": result["deposits"]}
    truck = booth.done("visit.override", card="T-1", lane=LEAVE, reason="r")
    assert truck == {"visit": "", "card": "T-1", "held": []}
    entry = booth.last(EntryType.VISIT_OVERRIDDEN)
    assert entry.subject == "card/T-1"
    assert booth.last(EntryType.ACCESS_GRANTED).personal == {"holder": "王小明", "unit": "3-1-502"}
    for label in ("V-2", "B-1"):
        form = {"card": label, "lane": LEAVE, "reason": "r"}
        assert booth.refused("visit.override", **form)[:2] == (409, "card")
    ended = {"visit": result["visit"], "lane": LEAVE, "reason": "r"}
    booth.done("visit.end", **ends(result))
    assert booth.refused("visit.override", **ended)[:2] == (409, "visit")


@pytest.mark.parametrize("outcome", ["gone", "held"])
def test_an_outcome_is_one_of_five(outcome: str) -> None:
    booth, result = inside()
    assert booth.refused("visit.end", **ends(result, outcome=outcome))[:2] == (422, "outcome")
