"""The tables of ``docs/passages.md``, played; and what no sequence of sensors may ever lead to."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core import passages
from agent.core.events import InputChanged
from agent.core.facts import OpenPassage
from agent.core.grants import GRANTS, Grant
from agent.core.ids import LaneId, PassageId
from agent.core.model import Direction
from agent.core.plan import ArmKind, ArmPlan, RightOfWay
from tests.core.builders import CLOSED, LANE, OPEN, a_card, gate_plan
from tests.core.play import Play
from tests.core.walk import TWO_WAY, WIRINGS, Walk, lane_of

PAGE = Path(__file__).parents[2] / "docs" / "passages.md"


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Wiring, what happens, sensors, and what is claimed, of every row of the page."""
    wiring = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            wiring = line.removeprefix("## ")
        elif line.startswith("|") and wiring in {*WIRINGS, TWO_WAY}:
            happens, sensors, claimed = (cell.strip() for cell in line.strip("|").split("|"))
            if sensors not in {"Sensors", "---"}:
                yield wiring, happens, sensors, claimed


ROWS = [pytest.param(*row, id=f"{row[0]}: {row[1]}") for row in rows()]


@pytest.mark.parametrize(("wiring", "happens", "sensors", "claimed"), ROWS)
def test_row(wiring: str, happens: str, sensors: str, claimed: str) -> None:
    assert Walk(lane_of(wiring)).walk(sensors).claimed == claimed, happens


def test_the_page_tells_of_every_wiring() -> None:
    told = [row[0] for row in rows()]
    assert set(told) == {*WIRINGS, TWO_WAY}
    assert len(told) > 120


def test_the_chain_of_a_grant_in_milliseconds() -> None:
    walk = Walk(lane_of("Approach, loop and exit")).walk("A+ in1 up L+ A- X+ L- X-")
    (entry,) = walk.entries
    assert entry.data == {
        "lane": LANE,
        "passage": "in1",
        "outcome": "passed",
        "direction": "in",
        "from": "outside",
        "to": "inside",
        "vehicles": 1,
        "movedms": 1000,
        "openedms": 1000,
        "takenms": 2000,
        "clearedms": 5000,
        "card": "card 1",
        "kind": "vehicle",
    }
    assert (entry.subject, entry.cause) == (f"lane/{LANE}", "cause 1")


def test_the_way_out_leads_from_inside() -> None:
    (entry,) = Walk(lane_of(TWO_WAY)).walk("X+ out1 up L+ X- A+ L- A-").entries
    assert (entry.data["from"], entry.data["to"]) == ("inside", "outside")


def test_a_grant_in_a_lane_out_goes_out() -> None:
    plan = replace(lane_of("Loop"), direction=Direction.OUT)
    (entry,) = Walk(plan).walk("in1 up L+ L-").entries
    assert (entry.data["direction"], entry.data["from"]) == ("out", "inside")


def test_what_no_sensor_saw_is_absent() -> None:
    (entry,) = Walk(lane_of("No loop")).walk("in1 time").entries
    assert not {name for name in entry.data if name.endswith("ms")}
    (entry,) = Walk(lane_of("Loop")).walk("in1 up L+ L? time").entries
    assert entry.data["takenms"] == 2000
    assert "clearedms" not in entry.data


def test_the_last_one_that_was_lost_has_left_no_time() -> None:
    (entry,) = Walk(lane_of("Loop")).walk("in1 L+ L- up L+ L? time").entries
    assert entry.data["takenms"] == 4000
    assert "clearedms" not in entry.data
    (entry,) = Walk(lane_of("Loop")).walk("in1*3 up L+ L- L+ L? time").entries
    assert (entry.data["takenms"], entry.data["clearedms"]) == (2000, 3000)


def test_what_was_so_before_the_grant_is_less_than_zero() -> None:
    walk = Walk(lane_of("Loop")).walk("in1 up L+ in2 L- in3 L+ L-")
    first, second = walk.entries
    assert (first.data["movedms"], first.data["takenms"]) == (1000, 2000)
    assert (second.data["openedms"], second.data["takenms"]) == (-2000, 3000)
    (entry,) = Walk(lane_of("Loop")).walk("L+ in1 up L-").entries
    assert entry.data["takenms"] == -1000


def test_of_a_convoy_the_first_taking_and_the_last_clearing() -> None:
    (entry,) = Walk(lane_of("Loop")).walk("in1*2 up L+ L- L+ L-").entries
    assert (entry.data["takenms"], entry.data["clearedms"]) == (2000, 5000)
    (entry,) = Walk(lane_of("Door")).walk("in1*2 D- D+ D- D+").entries
    assert (entry.data["takenms"], entry.data["clearedms"]) == (1000, 4000)
    assert entry.data["openings"] == 2


def test_who_had_no_grant_is_told_with_its_gap_and_whom_it_followed() -> None:
    _, entry = Walk(lane_of("Loop")).walk("in1 up L+ L- L+ L-").ended
    named = {"vehicles": 1, "takenms": 0, "clearedms": 1000, "behind": "in1", "gapms": 1000}
    assert {name: entry.data[name] for name in named} == named
    assert "card" not in entry.data
    assert entry.cause == "cause 1"
    assert entry.data["passage"] not in {"in1", ""}
    (entry,) = Walk(lane_of("Loop and exit")).walk("L? L+ down X+ L- X-").ended
    assert entry.data["outcome"] == "forced"
    assert not {"gapms", "behind"} & set(entry.data)
    _, entry = Walk(lane_of("Loop")).walk("in1 up L+ L- L? L- L+ L-").ended
    assert entry.data["outcome"] == "tailgated"
    assert "gapms" not in entry.data, "nobody knows for how long it was clear"


def test_what_a_switch_did_not_see_has_no_time() -> None:
    walk = Walk(lane_of("Loop")).walk("in1")
    state = passages.arm_moved(walk.state, "opening", walk.draft(), seen=False)
    assert state == walk.state
    assert passages.arm_moved(state, "opened", walk.draft(), seen=False) == walk.state


def test_an_arm_that_is_assumed_down_ends_the_opening() -> None:
    walk = Walk(lane_of("Loop")).walk("in1 up L+ L-")
    walk.up = None
    walk.state = passages.arm_moved(walk.state, "closed", walk.draft(), seen=False)
    assert walk.walk("L+ L-").claimed == "in1 passed 1 (direction)"


def test_the_passages_that_ended_since_the_arm_was_down() -> None:
    walk = Walk(lane_of("Loop")).walk("in1 in2 up L+ L- time L+ L-")
    third = str(walk.entries[2].data["passage"])
    assert passages.closed_after(walk.state) == ["in1", "in2", third]
    assert passages.closed_after(walk.walk("down").state) == []


def test_an_arm_that_comes_down_is_not_up_for_the_next_grant() -> None:
    walk = Walk(lane_of("Loop")).walk("in1 up L+ L-")
    walk.state = passages.arm_moved(walk.state, "closing", walk.draft())
    entry = walk.walk("in2 L+ L-").entries[1]
    assert "movedms" not in entry.data
    assert "openedms" not in entry.data


def test_an_arm_that_is_down_is_not_up_for_the_next_grant() -> None:
    walk = Walk(lane_of("Loop")).walk("in1 up L+ L-")
    walk.state = passages.arm_moved(walk.state, "closed", walk.draft())
    (grant,) = walk.walk("in2").state.grants
    assert (grant.moved_ns, grant.opened_ns) == (None, None)


def test_somebody_inside_keeps_the_arm_up_only_where_it_is_open_to_them() -> None:
    walk = Walk(lane_of("Loop"))
    assert walk.state.idle
    assert walk.walk("L+").state.idle, "the arm is down"
    assert Walk(lane_of("Loop")).walk("in1 time L+").state.idle, "the arm never came up"
    walk = Walk(lane_of("Loop")).walk("in1 up")
    assert (walk.state.idle, walk.state.taken, walk.state.waiting) == (False, False, 1)
    assert (walk.walk("L+").state.taken, walk.state.used) == (True, True)
    assert walk.walk("L-").state.idle
    assert (walk.walk("L+").state.taken, walk.state.used) == (True, False)
    assert not walk.state.idle, "somebody is behind the first"
    assert walk.walk("L-").state.idle


def test_who_drives_in_while_it_is_held_open_is_inside() -> None:
    walk = Walk(lane_of("Loop")).walk("up hold L+")
    assert walk.state.taken
    assert not walk.state.idle
    assert walk.walk("L- down").state.idle


def test_no_time_runs_for_a_vehicle_in_the_passage() -> None:
    walk = Walk(lane_of("Loop")).walk("L+ in1")
    assert not walk.timer
    assert walk.walk("in2").timer is False
    assert walk.walk("up L-").timer is True
    assert walk.walk("time").timer is False
    walk = Walk(lane_of("Loop")).walk("in1")
    assert walk.timer
    assert not walk.walk("L+").timer


def test_a_second_tap_renews_the_grant_whose_vehicle_is_to_come() -> None:
    walk = Walk(lane_of("Loop")).walk("in1 in2")
    assert walk.state.renewable("card 1") == "in1"
    assert walk.state.renewable("card 3") is None
    assert walk.walk("up L+").state.renewable("card 1") is None
    assert walk.state.renewable("card 2") == "in2"


def test_so_many_grants_are_held_at_most() -> None:
    words = " ".join(f"in{number}" for number in range(GRANTS + 2))
    assert Walk(lane_of("Loop")).walk(words).claimed.startswith("in0 unobserved 0; in1 unob")
    walk = Walk(lane_of("Loop")).walk(f"in{GRANTS + 5} up L+ {words}")
    assert walk.claimed.startswith("in0 unobserved 0; in1 unobserved 0; in2 unob")
    assert walk.state.waiting == GRANTS


def test_a_passage_of_an_earlier_run_is_told_with_what_is_known_of_it() -> None:
    walk = Walk(lane_of("Loop"))
    out = walk.draft()
    passages.interrupted(OpenPassage(PassageId("p"), LaneId("gone"), 3, ""), "start", out)
    (entry,) = out.entries
    assert (entry.subject, entry.cause) == ("lane/gone", "start")
    assert entry.data == {
        "lane": "gone",
        "passage": "p",
        "outcome": "interrupted",
        "vehicles": 0,
        "unseen": ["passage"],
    }


def test_a_grant_by_hand_has_neither_card_nor_kind() -> None:
    walk = Walk(lane_of("Loop"))
    grant = Grant(PassageId("p"), "", "order")
    walk.state = passages.granted(walk.plan, walk.state, grant, walk.levels, walk.draft())
    (entry,) = walk.walk("up L+ L-").entries
    assert entry.cause == "order"
    assert not {"card", "kind"} & set(entry.data)


def test_a_door_is_shut_after_its_passage() -> None:
    plan = gate_plan(ArmPlan(OPEN, closed=CLOSED, kind=ArmKind.DOOR))
    play = Play.ready(plan, [a_card("A")])
    for number in (1, 2):
        play.act("tap A")
        play.act("closed off")
        ended, shut = play.do(InputChanged(CLOSED, True, 1, play.now)).entries
        assert ended.data["outcome"] == "passed", number
        assert shut.data["after"] == [ended.data["passage"]]


FIRST, IN, OUT = RightOfWay.FIRST, RightOfWay.IN, RightOfWay.OUT


@pytest.mark.parametrize(
    ("words", "first", "into", "outwards"),
    [
        ("", FIRST, False, False),
        ("A+ X+", FIRST, False, False),
        ("A+ X+", IN, False, True),
        ("A+ X+", OUT, True, False),
        ("A+", OUT, False, False),
        ("X+", IN, False, False),
        ("A? X?", OUT, False, False),
        ("in1", FIRST, False, True),
        ("in1 up", OUT, False, True),
        ("X+ in1", OUT, True, True),
        ("out1", FIRST, True, False),
        ("in1 time", FIRST, False, False),
        ("A+ L+", FIRST, False, True),
        ("X+ L+", FIRST, True, False),
        ("L+", FIRST, False, False),
        ("A? X? L+", FIRST, False, False),
        ("A+ in1 up L+ A- X+ L-", FIRST, False, False),
        ("A+ in1 up L+ A- X+ L-", OUT, False, False),
        ("A+ in1 up A- L+ L- X+", OUT, False, False),
        ("A+ in1 up L+ A- X+ L- X- X+", OUT, True, False),
        ("X+ out1 up L+ X- A+ L-", IN, False, False),
    ],
)
def test_right_of_way(words: str, first: RightOfWay, into: bool, outwards: bool) -> None:
    plan = replace(lane_of(TWO_WAY), right_of_way=first)
    walk = Walk(plan).walk(words)
    ways = [
        passages.oncoming(plan, walk.state, walk.levels, way)
        for way in (Direction.IN, Direction.OUT)
    ]
    assert ways == [into, outwards]


def test_a_lane_of_one_direction_has_nobody_coming() -> None:
    walk = Walk(lane_of("Approach, loop and exit")).walk("in1 A+ X+ L+")
    assert not passages.oncoming(walk.plan, walk.state, walk.levels, Direction.OUT)


@pytest.mark.parametrize(
    ("missing", "words", "claimed"),
    [
        ("exit", "A+ up L+ A- L-", "- passed 1 held"),
        ("exit", "up L+ L-", ""),
        ("exit", "up L+ A+ L- A-", "- passed 1 out held"),
        ("approach", "X+ up L+ X- L-", "- passed 1 out held"),
        ("approach", "up L+ X+ L- X-", "- passed 1 held"),
        ("exit", "A? up L+ L-", ""),
        ("approach", "X? up L+ L-", ""),
        ("both", "up L+ L-", "- passed 1 held (direction)"),
    ],
)
def test_a_two_way_lane_with_fewer_loops(missing: str, words: str, claimed: str) -> None:
    plan = lane_of(TWO_WAY)
    if missing in {"approach", "both"}:
        plan = replace(plan, arm=replace(plan.arm, approach=None))
    if missing in {"exit", "both"}:
        plan = replace(plan, arm=replace(plan.arm, exit=None))
    walk = Walk(plan).walk(f"hold {words}")
    assert walk.claimed == claimed
