"""Lamps, horn and text line: a table of how lanes look, and what their signals say."""

from dataclasses import replace
from itertools import product
from unicodedata import east_asian_width

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import signals
from agent.core.effects import SwitchRelay
from agent.core.ids import OutputId
from agent.core.plan import ArmKind, LanePlan, SignalPlan
from agent.core.view import LaneView
from tests.core.builders import FULL, LANE, lane_plan
from tests.core.drafts import a_draft, told

RED, GREEN, HORN = OutputId("red"), OutputId("green"), OutputId("horn")
SIGNALS = SignalPlan(RED, GREEN, HORN, 700, text=True)
BARRIER = replace(lane_plan(), signals=SIGNALS)
DOOR = replace(lane_plan(replace(FULL, kind=ArmKind.DOOR)), signals=SIGNALS)

# position proof mode waiting alarm emergency free > lamp, text
TABLE = """
closed   switch  normal    0 none      none     -   > red    请刷卡 TAP CARD
closed   assumed normal    0 none      none     -   > red    请刷卡 TAP CARD
closed   switch  normal    0 none      none     5   > red    请刷卡 余5 FREE
closed   switch  normal    0 none      none     123 > red    请刷卡 余123 FREE
closed   switch  normal    0 none      none     1000000 > red 请刷卡 余1000000
closed   switch  normal    0 none      none     0   > red    已满 FULL
closed   switch  normal    0 none      none     -3  > red    已满 FULL
closed   switch  normal    1 none      none     0   > red    请稍候 WAIT
closed   switch  held_open 0 none      none     -   > red    请刷卡 TAP CARD
opening  none    normal    1 none      none     -   > red    请稍候 WAIT
opening  none    normal    0 none      none     -   > red    请稍候 WAIT
opening  none    held_open 0 none      none     -   > red    请稍候 WAIT
open     switch  normal    1 none      none     0   > green  请通行 GO
open     assumed normal    2 none      none     -   > green  请通行 GO
open     none    normal    1 none      none     -   > red    停 STOP
open     switch  normal    0 none      none     -   > red    停 STOP
open     switch  normal    0 pre_alarm none     -   > red    请勿停留 MOVE ON
open     assumed normal    0 escalated none     -   > red    请勿停留 MOVE ON
open     switch  normal    1 alarm     none     -   > green  请通行 GO
open     switch  held_open 0 none      none     0   > green  请通行 GO
open     assumed held_open 0 alarm     none     -   > green  请通行 GO
open     none    held_open 0 none      none     -   > red    停 STOP
closing  none    normal    0 none      none     5   > red    停 STOP
closing  none    normal    1 none      none     -   > red    停 STOP
stopped  none    stopped   0 none      none     -   > red    停 STOP
open     switch  stopped   1 none      none     -   > red    停 STOP
stopped  none    normal    0 none      none     -   > red    停 STOP
unknown  none    normal    0 none      none     5   > red    请刷卡 余5 FREE
unknown  none    normal    1 none      none     5   > red    请稍候 WAIT
unknown  none    held_open 0 none      none     -   > red    请刷卡 TAP CARD
unknown  none    faulted   0 none      none     5   > red    设备故障 FAULT
open     switch  faulted   1 none      none     -   > red    设备故障 FAULT
open     switch  fire      0 none      fire     0   > green  消防 FIRE
open     assumed fire      3 none      fire     -   > green  消防 FIRE
opening  none    fire      0 none      fire     -   > red    消防 FIRE
unknown  none    fire      0 none      fire     -   > red    消防 FIRE
closed   switch  fire      1 none      fire     -   > red    消防 FIRE
unknown  none    faulted   0 none      fire     -   > red    消防 FIRE
closed   switch  lockdown  0 none      lockdown -   > red    出口管制 LOCKDOWN
open     switch  lockdown  1 none      lockdown -   > green  请通行 GO
closed   switch  normal    0 none      lockdown 5   > red    请刷卡 余5 FREE
open     switch  normal    1 none      lockdown 5   > green  请通行 GO
"""
DOORS = """
opening  none    normal    1 none      none     -   > green  请通行 GO
opening  none    held_open 0 none      none     -   > green  请通行 GO
opening  none    normal    0 none      none     -   > red    请稍候 WAIT
opening  none    lockdown  1 none      lockdown -   > green  请通行 GO
open     switch  normal    1 none      none     -   > green  请通行 GO
open     switch  normal    0 alarm     none     -   > red    请勿停留 MOVE ON
closed   switch  normal    0 none      none     -   > red    请刷卡 TAP CARD
unknown  none    normal    0 none      none     -   > red    请刷卡 TAP CARD
"""


def rows(table: str) -> list[str]:
    return [line.strip() for line in table.splitlines() if line.strip()]


def seen(words: str) -> tuple[LaneView, int | None]:
    """How a lane looks, and how many bays are free."""
    position, proof, mode, waiting, alarm, emergency, free = words.split()
    view = LaneView(
        LANE,
        position,
        mode,
        "none",
        int(waiting),
        proof=proof,
        alarm=alarm,
        emergency=emergency,
    )
    return view, None if free == "-" else int(free)


def said(plan: LanePlan, row: str) -> None:
    before, _, wanted = row.partition(" > ")
    lamp, _, line = wanted.strip().partition(" ")
    view, free = seen(before)
    assert signals.text(plan, view, free) == line.strip()
    out = a_draft()
    signals.follow(plan, None, replace(view, text="x"), out)
    other = "red" if lamp == "green" else "green"
    assert told(out) == [f"{other} off", f"{lamp} on", "show x"]


@pytest.mark.parametrize("row", rows(TABLE))
def test_a_barrier(row: str) -> None:
    said(BARRIER, row)


@pytest.mark.parametrize("row", rows(DOORS))
def test_a_door(row: str) -> None:
    said(DOOR, row)


CLOSED, _ = seen("closed switch normal 0 none none -")
OPEN, _ = seen("open switch normal 1 none none -")


def followed(plan: LanePlan, before: LaneView | None, after: LaneView) -> list[str]:
    out = a_draft()
    signals.follow(plan, before, after, out)
    return told(out)


def test_the_one_goes_off_before_the_other_comes_on() -> None:
    assert followed(BARRIER, CLOSED, OPEN) == ["red off", "green on"]
    assert followed(BARRIER, OPEN, CLOSED) == ["green off", "red on"]


def test_what_stays_is_not_said_again() -> None:
    assert followed(BARRIER, OPEN, replace(OPEN, waiting=2, loop="occupied")) == []
    assert followed(BARRIER, CLOSED, replace(CLOSED, position="unknown")) == []


def test_the_line_changes_without_the_lamp_and_the_lamp_without_the_line() -> None:
    assert followed(BARRIER, CLOSED, replace(CLOSED, text="停")) == ["show 停"]
    up = replace(OPEN, text="停")
    assert followed(BARRIER, replace(CLOSED, text="停"), up) == ["red off", "green on"]


@pytest.mark.parametrize(
    ("plan", "wanted"),
    [
        (SignalPlan(), []),
        (SignalPlan(red=RED), ["red off"]),
        (SignalPlan(green=GREEN), ["green on"]),
        (SignalPlan(text=True), ["show x"]),
    ],
)
def test_what_is_not_wired_is_not_driven(plan: SignalPlan, wanted: list[str]) -> None:
    bare = replace(BARRIER, signals=plan)
    assert followed(bare, replace(CLOSED, text="y"), replace(OPEN, text="x")) == wanted


def test_the_horn_sounds_as_long_as_it_was_told() -> None:
    out = a_draft()
    signals.sound(BARRIER, out)
    signals.sound(replace(BARRIER, signals=SignalPlan()), out)
    assert told(out) == ["pulse horn 700"]


# The width of a line


@pytest.mark.parametrize(
    ("line", "columns"),
    [("", 0), ("GO", 2), ("停", 2), ("停 STOP", 7), ("请刷卡 余12", 11), ("ＧＯ", 4), ("…", 2)],
)
def test_a_chinese_character_takes_two_columns(line: str, columns: int) -> None:
    assert signals.width(line) == columns


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (20, "出口管制 LOCKDOWN"),
        (17, "出口管制 LOCKDOWN"),
        (16, "出口管制"),
        (8, "出口管制"),
        (7, "出口管"),
        (1, ""),
    ],
)
def test_a_narrow_display_says_it_in_chinese(columns: int, line: str) -> None:
    view, _ = seen("closed switch lockdown 0 none lockdown -")
    assert signals.text(BARRIER, view, None, columns) == line


def test_no_line_ends_with_a_blank() -> None:
    view, _ = seen("closed switch normal 0 none none -")
    assert signals.text(BARRIER, view, 12, 7) == "请刷卡"


POSITIONS = ("open", "closed", "opening", "closing", "stopped", "unknown")
MODES = ("normal", "held_open", "stopped", "faulted", "fire", "lockdown")
VIEWS = st.builds(
    lambda position, proof, mode, waiting, alarm, emergency: LaneView(
        LANE,
        position,
        mode,
        "none",
        waiting,
        proof=proof,
        alarm=alarm,
        emergency=emergency,
    ),
    st.sampled_from(POSITIONS),
    st.sampled_from(("switch", "assumed", "none")),
    st.sampled_from(MODES),
    st.integers(0, 3),
    st.sampled_from(("none", "pre_alarm", "alarm", "escalated")),
    st.sampled_from(("none", "fire", "lockdown")),
)


@given(VIEWS, st.none() | st.integers(-5, 10**9), st.integers(0, 40), st.booleans())
def test_every_line_fits_and_can_be_shown(
    view: LaneView, free: int | None, columns: int, door: bool
) -> None:
    line = signals.text(DOOR if door else BARRIER, view, free, columns)
    assert signals.width(line) <= columns
    assert line == line.strip()
    assert line.encode("gb2312").decode("gb2312") == line, "plain displays know GB 2312 only"
    assert all(east_asian_width(letter) in {"W", "Na"} for letter in line)


@given(VIEWS, st.none() | st.integers(-5, 99))
def test_go_is_said_with_green_and_green_never_with_stop(view: LaneView, free: int | None) -> None:
    line = signals.text(BARRIER, view, free)
    green = signals.may_drive(BARRIER, view)
    if line == "请通行 GO":
        assert green
    if green:
        assert line in {"请通行 GO", "消防 FIRE"}
        assert (view.position, view.proof != "none") == ("open", True)


@given(st.lists(VIEWS, max_size=20), st.booleans())
def test_exactly_one_lamp_is_on_however_the_lane_changes(story: list[LaneView], door: bool) -> None:
    plan, on, before = DOOR if door else BARRIER, dict[OutputId, bool](), None
    for view in story:
        out = a_draft()
        signals.follow(plan, before, view, out)
        for effect in out.effects:
            if isinstance(effect, SwitchRelay):
                on[effect.output] = effect.on
                assert not (on.get(RED) and on.get(GREEN)), "never both, not for a moment"
        assert on == {RED: not signals.may_drive(plan, view), GREEN: signals.may_drive(plan, view)}
        before = view


def test_unknown_is_red_whatever_else() -> None:
    for mode, waiting in product(MODES, (0, 1, 5)):
        for proof in ("none", "assumed", "switch"):
            view = LaneView(LANE, "unknown", mode, "none", waiting, proof=proof)
            assert not signals.may_drive(BARRIER, view)
