"""Goods and trucks on their way out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import slips
from agent.core.entries import EntryType
from agent.core.model import CardKind, ClockQuality, Direction
from agent.core.slips import Line
from tests.core.builders import WALL_US, a_card
from tests.core.desk import HERE, Desk, booth_plan, leaves

SOFA = {"name": "sofa", "quantity": 2}
LAMP = {"name": "lamp", "quantity": 1}
TICKED = [{"line": 0, "quantity": 2}, {"line": 1, "quantity": 1}]
GOOD = {"ticks": TICKED, "signatory": "王女士", "stamp": True, "by": "vehicle"}


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.actor = "uid:0"
    made.go("directory.put", name="王女士", unit="3-1", signs=True)
    made.go("directory.put", name="陈", unit="3-1")
    made.actor = "g-1001"
    made.cards["K-1"] = a_card("K-1", kind=CardKind.VEHICLE)
    return made


def receive(desk: Desk, **more: Any) -> str:
    form = {"number": "77", "unit": "3-1", "lines": [SOFA, LAMP], **more}
    return str(desk.go("slip.receive", **form)["slip"])


# Release slips


def test_a_slip_is_received_with_its_lines(desk: Desk) -> None:
    receive(desk, signatory="王女士", owner="搬家", plate="粤B1", stamp=True, until=desk.local(60))
    row = desk.row("slips")
    assert (row["state"], row["unit_slip"], row["used_us"]) == ("open", "77", 0)
    assert row["lines"] == '[{"name": "sofa", "quantity": 2}, {"name": "lamp", "quantity": 1}]'
    assert desk.last.data["lines"] == [SOFA, LAMP]
    assert desk.last.data["stamp"] is True
    assert desk.last.personal == {
        "signatory": "王女士",
        "unit": "3-1",
        "owner": "搬家",
        "plate": "粤B1",
    }


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"unit": "3-1", "lines": [SOFA]}, "number"),
        ({"number": "77", "lines": [SOFA]}, "unit"),
        ({"number": "77", "unit": "3-1"}, "lines"),
        ({"number": "77", "unit": "3-1", "lines": [SOFA] * 41}, "lines"),
        ({"number": "77", "unit": "3-1", "lines": [{"name": "x"}]}, "lines.0.quantity"),
        ({"number": "77", "unit": "3-1", "lines": [SOFA], "until": "2026-03-04"}, "until"),
    ],
)
def test_what_is_no_slip(desk: Desk, form: dict[str, object], field: str) -> None:
    assert desk.refused("slip.receive", **form) == (422, field)


def test_a_slip_is_changed_as_a_whole_until_it_is_used(desk: Desk) -> None:
    slip = receive(desk, owner="搬家")
    form = {"number": "77", "unit": "3-1", "lines": [LAMP], "stamp": True}
    assert desk.go("slip.change", slip=slip, **form) == {"slip": slip}
    assert desk.last.type is EntryType.SLIP_CHANGED
    assert desk.row("slips")["lines"] == '[{"name": "lamp", "quantity": 1}]'
    assert desk.row("slips")["sequence"] == len(desk.entries), "the row tells what is said now"
    assert desk.last.personal == {"unit": "3-1"}
    desk.go("slip.stop", slip=slip, reason="a lamp too many")
    desk.go("slip.change", slip=slip, **{**form, "number": "78"})
    assert (desk.row("slips")["state"], desk.row("slips")["unit_slip"]) == ("open", "78")
    other = receive(desk)
    assert desk.refused("slip.change", slip=other, **{**form, "number": "78"}) == (409, "number")
    assert desk.refused("slip.change", slip="x", **form) == (404, "slip")
    desk.go("slip.cancel", slip=other, reason="lost")
    assert desk.refused("slip.change", slip=other, **form) == (409, "slip")


def test_a_number_stands_on_one_slip(desk: Desk) -> None:
    slip = receive(desk)
    form = {"number": "77", "unit": "3-1", "lines": [LAMP]}
    assert desk.refused("slip.receive", **form) == (409, "number")
    desk.go("slip.cancel", slip=slip, reason="lost")
    assert desk.row("slips")["state"] == "cancelled"
    desk.go("slip.receive", **form)


def test_goods_leave_once_with_every_line_ticked(desk: Desk) -> None:
    slip = receive(desk, owner="搬家")
    told = desk.go("slip.use", slip=slip, lane=HERE, card="K-1", **GOOD)
    assert told == {"slip": slip, "stopped": [], "released": True, "due": ""}
    assert leaves(desk) == [(HERE, "K-1")]
    (admit,) = desk.admits
    assert admit.personal == {"holder": "王小明", "unit": "3-1-502"}
    assert admit.cause.endswith(f"/{len(desk.entries):020d}")
    row = desk.row("slips")
    assert (row["state"], row["used_us"]) == ("used", WALL_US)
    assert desk.last.type is EntryType.SLIP_USED
    assert desk.last.data["card"] == "K-1"
    assert desk.last.personal == {"signatory": "王女士", "unit": "3-1", "owner": "搬家"}
    assert desk.refused("slip.use", slip=slip, **GOOD) == (409, "slip")


def test_goods_carried_by_hand_are_recorded_the_same_way(desk: Desk) -> None:
    told = desk.go("slip.use", slip=receive(desk), **{**GOOD, "by": "hand"})
    assert (told["released"], leaves(desk)) == (False, [])
    assert desk.last.data["by"] == "hand"
    assert "card" not in desk.last.data


def test_a_lane_opens_also_for_a_truck_without_a_card(desk: Desk) -> None:
    desk.go("slip.use", slip=receive(desk), lane=HERE, **GOOD)
    assert leaves(desk) == [(HERE, "")]


def test_what_is_held_against_the_card_keeps_it_although_the_goods_may_leave(desk: Desk) -> None:
    desk.tables.rows["deposits"] = {"d": {"card": "K-1", "state": "held", "sequence": 0}}
    told = desk.go("slip.use", slip=receive(desk), lane=HERE, card="K-1", **GOOD)
    assert (told["released"], told["due"], leaves(desk)) == (False, "deposit_due", [])
    assert desk.row("slips")["state"] == "used"


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"ticks": TICKED[:1]}, ["quantity"]),
        ({"ticks": []}, ["quantity", "quantity"]),
        ({"ticks": [*TICKED, {"line": 7, "quantity": 1}]}, ["not_listed"]),
        ({"extra": [{"name": "clock", "quantity": 1}]}, ["not_listed"]),
        ({"stamp": False}, ["stamp"]),
        ({"signatory": "陈"}, ["signatory"]),
        ({"signatory": "陈", "stamp": False, "ticks": TICKED[1:]}, None),
    ],
)
def test_a_difference_stops_the_goods_and_is_written_down(
    desk: Desk, changed: dict[str, object], what: list[str] | None
) -> None:
    slip = receive(desk)
    told = desk.go("slip.use", slip=slip, lane=HERE, **{**GOOD, **changed})
    found = [each["what"] for each in told["stopped"]]
    assert found == (what or ["quantity", "stamp", "signatory"])
    assert leaves(desk) == []
    assert desk.last.type is EntryType.SLIP_STOPPED
    assert desk.last.data["differences"] == told["stopped"]
    assert desk.row("slips")["state"] == "stopped"
    desk.go("slip.use", slip=slip, lane=HERE, **GOOD)
    assert leaves(desk) == [(HERE, "")], "put right, it may leave"


def test_the_slip_names_who_signs(desk: Desk) -> None:
    slip = receive(desk, signatory="陈")
    told = desk.go("slip.use", slip=slip, **GOOD)
    assert told["stopped"] == [{"what": "signatory"}], "another one has signed"


def test_where_nobody_is_listed_the_guard_says_why_he_believes_it(desk: Desk) -> None:
    slip = receive(desk, unit="9-9")
    assert desk.refused("slip.use", slip=slip, **GOOD) == (422, "why")
    desk.go("slip.use", slip=slip, **GOOD, why="the owner is here with his passport")
    assert desk.last.data["why"] == "the owner is here with his passport"


def test_a_slip_whose_unit_was_erased_is_taken_by_its_stamp(desk: Desk) -> None:
    slip = receive(desk)
    desk.entries[2] = replace(desk.entries[2], personal={})
    assert desk.go("slip.use", slip=slip, **GOOD)["stopped"] == []


def test_a_slip_has_an_end(desk: Desk) -> None:
    slip = receive(desk, until=desk.local(1))
    desk.seconds = 60
    assert desk.refused("slip.use", slip=slip, **GOOD) == (409, "slip")
    desk.quality = ClockQuality.UNKNOWN
    assert desk.go("slip.use", slip=slip, **GOOD)["stopped"] == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"lane": "nowhere"}, "lane"),
        ({"by": "drone"}, "by"),
        ({"signatory": ""}, "signatory"),
        ({"card": "K-9"}, "card"),
        ({"ticks": [{"line": -1, "quantity": 1}]}, "ticks.0.line"),
    ],
)
def test_what_cannot_be_used(desk: Desk, changed: dict[str, object], field: str) -> None:
    slip = receive(desk)
    assert desk.refused("slip.use", slip=slip, **{**GOOD, **changed})[1] == field


def test_goods_do_not_leave_by_the_way_in(desk: Desk) -> None:
    desk.plan = booth_plan(Direction.IN)
    assert desk.refused("slip.use", slip=receive(desk), lane=HERE, **GOOD) == (422, "lane")


def test_the_guard_stops_goods_himself(desk: Desk) -> None:
    slip = receive(desk)
    assert desk.refused("slip.stop", slip=slip) == (422, "reason")
    desk.go("slip.stop", slip=slip, reason="the van is sealed")
    assert desk.row("slips")["state"] == "stopped"
    assert desk.last.data["reason"] == "the van is sealed"


LINES = st.lists(
    st.builds(Line, st.sampled_from(["sofa", "lamp", "bed"]), st.integers(1, 5)),
    min_size=1,
    max_size=4,
)


@given(LINES, st.dictionaries(st.integers(0, 5), st.integers(0, 5)), st.lists(LINES, max_size=1))
def test_any_count_that_is_not_the_slips_is_a_difference(
    lines: list[Line], counted: Mapping[int, int], extra: list[list[Line]]
) -> None:
    listed = {number: line.quantity for number, line in enumerate(lines)}
    same = {number: count for number, count in counted.items() if count} == listed
    beyond = [line for some in extra for line in some]
    assert (slips.differences(lines, counted, beyond) == []) == (same and not beyond)


@given(
    st.lists(
        st.fixed_dictionaries({"line": st.integers(0, 3), "quantity": st.integers(0, 3)}),
        max_size=5,
    ),
    st.booleans(),
)
def test_any_set_of_ticks_that_differs_from_the_lines_stops_the_exit(
    ticks: list[dict[str, int]], stamped: bool
) -> None:
    desk = Desk()
    desk.tables.rows["directory"] = {"d": {"name": "王女士", "unit": "3-1", "signs": 1}}
    slip = receive(desk)
    told = desk.go("slip.use", slip=slip, lane=HERE, ticks=ticks, signatory="王女士", stamp=stamped)
    sums = [0, 0, 0, 0]
    for tick in ticks:
        sums[tick["line"]] += tick["quantity"]
    right = sums == [2, 1, 0, 0] and stamped
    assert (not told["stopped"]) == right == bool(desk.admits)
    assert desk.row("slips")["state"] == ("used" if right else "stopped")


# Inspections

LOOKED = {"lane": HERE, "card": "K-1", "opened": True, "result": "clear", "release": True}


def test_a_truck_that_is_clear_is_let_out(desk: Desk) -> None:
    told = desk.go("inspection.make", **LOOKED)
    assert (told["released"], told["due"]) == (True, "")
    assert leaves(desk) == [(HERE, "K-1")]
    assert desk.row("inspections", "K-1") == {
        "lane": HERE,
        "result": "clear",
        "made_us": WALL_US,
        "sequence": len(desk.entries),
    }
    assert desk.last.data["opened"] is True


def test_a_truck_with_an_open_visit_waits_for_its_end(desk: Desk) -> None:
    row: dict[str, str | int] = {"card": "K-1", "state": "open", "sequence": 0}
    desk.tables.rows["visits"] = {"v": {**row, "truck": 1, "opened_us": WALL_US}}
    told = desk.go("inspection.make", **LOOKED)
    assert (told["released"], told["due"], leaves(desk)) == (False, "deposit_due", [])
    assert desk.row("inspections", "K-1")["result"] == "clear"


def test_a_truck_without_a_card_is_known_by_its_plate(desk: Desk) -> None:
    desk.go("inspection.make", **{**LOOKED, "card": "", "plate": "粤B12345"})
    assert leaves(desk) == [(HERE, "")]
    assert desk.tables.table("inspections") == {}
    assert desk.last.personal == {"plate": "粤B12345"}


def test_what_was_found_keeps_the_truck(desk: Desk) -> None:
    told = desk.go("inspection.make", **{**LOOKED, "result": "found", "note": "two bicycles"})
    assert (told["released"], leaves(desk)) == (False, [])
    assert desk.row("inspections", "K-1")["result"] == "found"
    assert desk.last.personal == {"text_private": "two bicycles"}


def test_to_look_is_not_to_let_out(desk: Desk) -> None:
    told = desk.go("inspection.make", **{**LOOKED, "release": False})
    assert (told["released"], leaves(desk)) == (False, [])


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"lane": "nowhere"}, "lane"),
        ({"card": ""}, "plate"),
        ({"card": "K-9"}, "card"),
        ({"result": ""}, "result"),
        ({"opened": False}, "opened"),
        ({"result": "found"}, "note"),
    ],
)
def test_what_is_no_inspection(desk: Desk, changed: dict[str, object], field: str) -> None:
    assert desk.refused("inspection.make", **{**LOOKED, **changed})[1] == field
