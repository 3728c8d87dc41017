"""Who comes: every kind of visit of PRODUCT.md, and what its form has to tell."""

from dataclasses import replace
from typing import Any

import pytest

from agent.core.entries import EntryType
from agent.core.model import ClockQuality
from agent.core.plan_books import DAY_US, HOUR_US
from tests.core.booth import BOOKS, CASH, HOUR, OBJECT, Booth, booth_plan, company, opens, types
from tests.core.builders import LANE
from tests.core.whole import OUT

CONTRACTOR: dict[str, Any] = {
    "kind": "contractor",
    "card": "C-1",
    "visitor": "王工",
    "company": "水电公司",
    "unit": "3-1-502",
    "deposits": [OBJECT],
}
DELIVERY: dict[str, Any] = {
    "kind": "delivery",
    "card": "W-1",
    "company": "顺丰",
    "unit": "3-1-502",
    "plate": "粤b·12345",
    "bay": "P1",
    "deposits": [CASH],
}


def since(booth: Booth, before: int) -> list[str]:
    return types(booth.entries[before:])


# One act


def test_visit_card_and_deposit_are_one_group() -> None:
    booth = Booth()
    before = len(booth.entries)
    result = booth.visit(deposits=[OBJECT, CASH], purpose="meeting", phone="138", until="")
    assert since(booth, before) == [
        "visit.opened",
        "pass.issued",
        "deposit.taken",
        "deposit.taken",
    ]
    group = booth.entries[before:]
    assert {entry.cause for entry in group} == {"o-1"}
    assert {entry.actor for entry in group} == {"g-1"}
    visit = f"north-m1-{before + 1}-1"
    held = [f"north-m1-{before + 3}-1", f"north-m1-{before + 4}-1"]
    assert result == {
        "visit": visit,
        "receipt": 1,
        "deposits": held,
        "pockets": ["1"],
        "tell": {},
    }
    row = booth.row("visits", "visit", visit)
    assert (row["state"], row["kind"], row["card"], row["pass_kind"]) == (
        "open",
        "company",
        "V-1",
        "visitor",
    )
    assert (row["vehicle"], row["truck"], row["bay"], row["origin"]) == (0, 0, "", "north")
    assert row["opened_us"] == booth.now.wall_us
    assert row["until_us"] - row["opened_us"] == BOOKS.longest_visit_us
    assert row["personal"] == {
        "visitor": "李雷",
        "host": "韩梅梅",
        "department": "工程部",
        "phone": "138",
    }
    assert booth.row("passes", "card", "V-1")["state"] == "out"
    assert booth.row("passes", "card", "V-1")["visit"] == visit


def test_nothing_of_an_act_that_fails_is_written() -> None:
    booth = Booth()
    for form in (
        {**company(), "deposits": [OBJECT, {"kind": "resident_id"}]},
        {**company(), "deposits": [OBJECT], "lane": str(OUT)},
        {**company(), "lane": "nowhere"},
    ):
        booth.refused("visit.open", **form)
    assert booth.rows("visits") == booth.rows("passes") == booth.rows("deposits") == []
    assert booth.rows("counters") == []


def test_what_names_a_person_stands_beside_the_journal() -> None:
    booth = Booth()
    booth.visit(unit="8-1203", phone="13800000000", plate="粤B12345", companions="小红")
    for entry in booth.entries:
        told = str(entry.data)
        for name in ("李雷", "韩梅梅", "8-1203", "13800000000", "粤B12345", "小红", "phone"):
            assert name not in told


def test_the_lane_opens_with_the_visit() -> None:
    booth = Booth()
    step = booth.ordered("visit.open", {**company(), "lane": str(LANE)})
    assert opens(step, LANE)
    granted = step.entries[-1]
    assert granted.type is EntryType.ACCESS_GRANTED
    assert granted.data["card"] == "V-1"
    assert granted.data["order"] == "visit.open"
    assert granted.personal == {"holder": "李雷", "department": "工程部"}
    (ended,) = booth.drive(LANE)
    assert (ended.data["outcome"], ended.data["card"]) == ("passed", "V-1")
    assert booth.row("presence", "card", "V-1")["zone"] == "inside"
    assert booth.rows("visits")[0]["zone"] == "inside"


# P3: to the company


def test_the_host_was_called_or_expects_the_visitor() -> None:
    booth = Booth()
    asked = (422, "answer", "call the host first, and say what was answered")
    assert booth.refused("visit.open", **{**company(), "answer": ""}) == asked
    assert booth.refused("visit.open", **{**company(), "answer": "not_needed"}) == asked
    assert booth.refused("visit.open", **{**company(), "answer": "shouted"})[:2] == (422, "answer")


def test_an_appointment_is_used_once() -> None:
    booth = Booth()
    made = booth.done("appointment.make", kind="company", visitor="李雷", host="韩梅梅")
    form = {**company(), "answer": "", "appointment": made["appointment"]}
    booth.done("visit.open", **form)
    row = booth.rows("visits")[0]
    assert (row["appointment"], row["answer"]) == (made["appointment"], "expected")
    again = booth.refused("visit.open", **{**form, "card": "V-2"})
    assert again[:2] == (409, "appointment")
    missing = booth.refused("visit.open", **{**form, "card": "V-2", "appointment": "x"})
    assert missing[0] == 404


@pytest.mark.parametrize(
    ("form", "missing", "field"),
    [
        (company(), "visitor", "visitor"),
        ({**company(), "department": ""}, "host", "host"),
        ({**company(), "kind": "resident"}, "", "unit"),
        ({"kind": "viewing"}, "", "visitor"),
        (CONTRACTOR, "company", "company"),
        (CONTRACTOR, "unit", "unit"),
        (DELIVERY, "company", "visitor"),
        (DELIVERY, "unit", "unit"),
        ({"kind": "vehicle", "destination": "8-1203"}, "", "plate"),
        ({"kind": "vehicle", "plate": "粤B12345"}, "", "destination"),
        ({"kind": "hawker"}, "", "kind"),
    ],
)
def test_what_a_kind_cannot_do_without(form: dict[str, Any], missing: str, field: str) -> None:
    code, where, _ = Booth().refused("visit.open", **{**form, **({missing: ""} if missing else {})})
    assert (code, where) == (422, field)


# P4 and P5


def test_a_visitor_to_a_resident() -> None:
    booth = Booth()
    booth.visit(kind="resident", unit="8-1203", host="王女士")
    row = booth.rows("visits")[0]
    assert (row["kind"], row["personal"]["unit"], row["answer"]) == (
        "resident",
        "8-1203",
        "host_agreed",
    )


def test_who_views_a_house_leaves_nothing_and_is_told_to_sales() -> None:
    booth = Booth()
    viewer = {"kind": "viewing", "visitor": "赵先生", "plate": "粤B12345", "bay": "P2"}
    result = booth.done("visit.open", **viewer)
    assert (result["receipt"], result["deposits"]) == (0, [])
    assert booth.rows("passes") == []
    posted = booth.last(EntryType.NOTICE_POSTED)
    assert posted.data["audience"] == "sales"
    assert "赵先生" not in str(posted.data)
    assert posted.personal["text_private"] == "赵先生 · 粤B12345 · P2"
    assert posted.data["untilus"] == booth.rows("visits")[0]["until_us"]
    held = booth.refused("visit.open", **{**viewer, "bay": ""}, deposits=[OBJECT])
    assert held[:2] == (422, "deposits")


def test_who_views_a_house_may_be_let_in_without_a_card() -> None:
    booth = Booth()
    form = {"kind": "viewing", "visitor": "赵先生", "plate": "粤B12345", "lane": str(LANE)}
    step = booth.ordered("visit.open", form)
    assert opens(step, LANE)
    assert "card" not in step.entries[-1].data
    assert step.entries[-1].personal == {"holder": "赵先生", "plate": "粤B12345"}


def test_who_views_a_house_may_have_a_card_for_nothing() -> None:
    booth = Booth()
    result = booth.done("visit.open", kind="viewing", visitor="赵先生", card="V-1")
    assert result["deposits"] == []
    assert booth.row("passes", "card", "V-1")["state"] == "out"


# P6


def test_who_is_declined_is_recorded_with_a_reason() -> None:
    booth = Booth()
    form = {"visitor": "小贩", "reason": "hawker", "asked": "nobody", "note": "sold fruit"}
    assert booth.done("visit.decline", **form) == {}
    entry = booth.last(EntryType.VISIT_DECLINED)
    assert entry.data["reason"] == "hawker"
    assert entry.personal == {"visitor": "小贩", "description": "sold fruit"}
    assert booth.rows("visits") == []
    assert booth.refused("visit.decline", visitor="x")[:2] == (422, "reason")


def test_a_ban_is_told_and_overcome_only_with_a_reason() -> None:
    booth = Booth()
    booth.done("ban.set", visitor="李 雷", reason="shouts")
    ban = booth.rows("bans")[0]["ban"]
    refused = booth.refused("visit.open", **company())
    assert refused[:2] == (403, "visitor")
    booth.visit(despite="somebody else of that name")
    data = booth.last(EntryType.VISIT_OPENED).data
    assert (data["ban"], data["despite"]) == (ban, "somebody else of that name")


@pytest.mark.parametrize(
    ("ban", "form"),
    [
        ({"plate": "粤B·12345"}, {"plate": "粤b12345"}),
        ({"card": "V-1"}, {}),
        ({"visitor": "小红"}, {"companions": "小明、 小 红"}),
    ],
)
def test_a_ban_counts_for_plate_card_and_companions(ban: Any, form: Any) -> None:
    booth = Booth()
    booth.done("ban.set", reason="r", **ban)
    assert booth.refused("visit.open", **{**company(), **form})[0] == 403


def test_a_ban_that_has_ended_counts_no_more() -> None:
    booth = Booth()
    booth.done("ban.set", visitor="李雷", reason="r", until="2026-03-04T13:00")
    booth.wait(2 * HOUR)
    booth.quality = ClockQuality.UNKNOWN
    assert booth.refused("visit.open", **company())[0] == 403
    booth.quality = ClockQuality.SYNCED
    booth.visit()


# P7


def test_a_temporary_contractor_stays_three_days_at_most() -> None:
    booth = Booth()
    end = booth.refused("visit.open", **CONTRACTOR, until="2026-03-07T13:00")
    assert end[:2] == (422, "until")
    assert end[2].startswith("a temporary card is for 3 days at most")
    result = booth.done("visit.open", **CONTRACTOR, hours=72)
    row = booth.row("visits", "visit", result["visit"])
    assert row["until_us"] - row["opened_us"] == 3 * DAY_US
    booth.wait(24 * HOUR)
    again = booth.refused("visit.change", visit=result["visit"], hours=72)
    assert again[:2] == (422, "until")
    booth.done("visit.change", visit=result["visit"], hours=47)


def test_other_visits_last_as_long_as_the_settings_say() -> None:
    booth = Booth()
    assert booth.refused("visit.open", **company(), hours=13)[:2] == (422, "until")
    past = booth.refused("visit.open", **company(), until="2026-03-04T12:00")
    assert past == (422, "until", "this lies in the past")
    booth.visit(until="2026-03-04T18:00")
    row = booth.rows("visits")[0]
    # Written at 12:00:04 or so, and it ends at six sharp.
    assert 0 <= 6 * HOUR_US - (row["until_us"] - row["opened_us"]) < 60_000_000


def test_a_contractor_gets_a_contractors_card() -> None:
    booth = Booth()
    assert booth.refused("visit.open", **{**CONTRACTOR, "card": "V-1"})[:2] == (422, "card")
    assert booth.refused("visit.open", **company("C-1"))[:2] == (422, "card")
    van = {**CONTRACTOR, "card": "W-1", "plate": "粤B12345"}
    booth.done("visit.open", **van)


# V2, V4, V6


def test_a_delivery_is_told_to_patrol_and_shift_leader_with_route_and_rules() -> None:
    booth = Booth()
    result = booth.done("visit.open", **DELIVERY)
    assert result["tell"] == {"route": "keep right", "unloading": "engine off"}
    posted = [each for each in booth.entries if each.type is EntryType.NOTICE_POSTED]
    assert [each.data["audience"] for each in posted] == ["patrol", "shift_leader"]
    assert posted[0].personal["text_private"] == "顺丰 · 粤B12345 · 3-1-502 · P1"
    row = booth.rows("visits")[0]
    assert (row["vehicle"], row["bay"], row["pass_kind"]) == (1, "P1", "visitor_vehicle")


def test_the_guard_may_name_somebody_more_to_be_told() -> None:
    booth = Booth()
    booth.visit(notify="booth")
    assert booth.last(EntryType.NOTICE_POSTED).data["audience"] == "booth"
    booth.done("visit.open", **{**DELIVERY, "notify": "patrol"})
    told = [each for each in booth.entries if each.type is EntryType.NOTICE_POSTED]
    assert [each.data["audience"] for each in told[1:]] == ["patrol", "shift_leader"]
    assert booth.refused("visit.open", **company("V-2"), notify="everybody")[:2] == (422, "notify")


def test_a_delivery_without_texts_in_the_settings_tells_nothing() -> None:
    booth = Booth(booth_plan(replace(BOOKS, texts={})))
    assert booth.done("visit.open", **DELIVERY)["tell"] == {}


def test_a_bay_is_given_once() -> None:
    booth = Booth()
    first = booth.done("visit.open", **DELIVERY)
    other = {**DELIVERY, "card": "W-2", "plate": "粤B2"}
    taken = booth.refused("visit.open", **other)
    assert taken == (409, "bay", "bay P1 is given to somebody else")
    assert booth.refused("visit.open", **{**other, "bay": "P9"})[:2] == (422, "bay")
    booth.done("visit.change", visit=first["visit"], bay="P1")
    booth.done("visit.change", visit=first["visit"], bay="")
    booth.done("visit.open", **other)


def test_any_bay_where_none_are_listed() -> None:
    booth = Booth(booth_plan(replace(BOOKS, bays=())))
    booth.done("visit.open", **{**DELIVERY, "bay": "by the pond"})


def test_a_vehicle_without_a_card_is_written_down_with_plate_and_destination() -> None:
    booth = Booth()
    form = {"kind": "vehicle", "plate": "粤B12345", "destination": "club house"}
    needed = booth.refused("visit.open", **form)
    assert needed[:2] == (422, "card")
    booth.done("visit.open", **form, reason="only turns round", lane=str(LANE))
    row = booth.rows("visits")[0]
    assert (row["card"], row["destination"], row["vehicle"]) == ("", "club house", 1)
    assert booth.last(EntryType.VISIT_OPENED).data["reason"] == "only turns round"
    held = booth.refused("visit.open", **form, reason="x", deposits=[OBJECT])
    assert held[:2] == (422, "card")


def test_a_truck_has_a_plate() -> None:
    booth = Booth()
    no_plate = {**DELIVERY, "plate": "", "card": "V-1", "truck": True}
    assert booth.refused("visit.open", **no_plate)[:2] == (422, "plate")
    booth.done("visit.open", **{**DELIVERY, "truck": True, "goods": True})
    assert booth.rows("visits")[0]["truck"] == 1
    assert [row["card"] for row in booth.rows("goods")] == ["W-1"]


# The card


def test_a_card_is_given_against_a_deposit_or_the_guard_says_why_not() -> None:
    booth = Booth()
    bare = {**company(), "deposits": []}
    assert booth.refused("visit.open", **bare)[:2] == (422, "deposits")
    booth.done("visit.open", **bare, reason="the director's father")


def test_only_a_card_that_lies_in_the_drawer_is_given_out() -> None:
    booth = Booth()
    assert booth.refused("visit.open", **company("X"))[:2] == (404, "card")
    for label in ("R-1", "B-1", "L-1"):
        assert booth.refused("visit.open", **company(label))[:2] == (409, "card")
    assert booth.refused("visit.open", **company("W-1"))[:2] == (422, "plate")
    booth.visit()
    assert booth.refused("visit.open", **company())[:2] == (409, "card")
    booth.done("pass.lost", card="V-2")
    assert booth.refused("visit.open", **company("V-2"))[:2] == (409, "card")


# Later


def test_a_change_repeats_what_it_leaves_and_clears_what_is_empty() -> None:
    booth = Booth()
    visit = booth.visit(phone="138", purpose="talk")["visit"]
    form = {"phone": "", "plate": "粤b 1", "purpose": "sign", "destination": "hall", "goods": True}
    booth.done("visit.change", visit=visit, **form, bearer=True, truck="yes")
    row = booth.row("visits", "visit", visit)
    assert row["personal"] == {
        "visitor": "李雷",
        "host": "韩梅梅",
        "department": "工程部",
        "plate": "粤B1",
    }
    wanted = {"purpose": "sign", "destination": "hall", "vehicle": 1, "truck": 1, "bearer": 1}
    assert {name: row[name] for name in wanted} == wanted
    assert booth.last(EntryType.VISIT_CHANGED).data["fields"] == ["plate", "phone"]
    assert booth.rows("goods")
    kept = booth.refused("visit.change", visit=visit, visitor="")
    assert kept[:2] == (422, "visitor")
    booth.done("visit.change", visit=visit, purpose="", phone="139")
    assert booth.row("visits", "visit", visit)["purpose"] == ""


def test_who_is_overdue_is_written_down_once() -> None:
    booth = Booth()
    visit = booth.visit(hours=2)["visit"]
    booth.wait(2 * HOUR - 30)
    booth.sweep()
    assert booth.row("visits", "visit", visit)["overdue"] == 0
    booth.wait(60)
    booth.quality = ClockQuality.UNKNOWN
    booth.sweep()
    assert booth.row("visits", "visit", visit)["overdue"] == 0
    booth.quality = ClockQuality.SYNCED
    for _ in range(2):
        booth.sweep()
    overdue = [each for each in booth.entries if each.type is EntryType.VISIT_OVERDUE]
    assert [each.data["visit"] for each in overdue] == [visit]
    booth.done("visit.change", visit=visit, hours=1)
    assert booth.row("visits", "visit", visit)["overdue"] == 0
    booth.wait(2 * HOUR)
    booth.sweep()
    assert booth.row("visits", "visit", visit)["overdue"] == 1
