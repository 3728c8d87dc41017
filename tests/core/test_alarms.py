"""The ladder: every step once, an end, and anew each time the arm stands open."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import alarms
from agent.core.alarms import Alarm
from agent.core.draft import Draft
from agent.core.effects import PulseRelay, StartTimer, StopTimer
from agent.core.entries import EntryType
from agent.core.facts import Facts
from agent.core.ids import LaneId, OutputId
from agent.core.plan import Ladder, LanePlan, SignalPlan
from tests.core.builders import FULL, LANE, SECOND, WEDNESDAY, gate_plan, lane_plan
from tests.core.desk import Desk
from tests.core.drafts import a_draft, told
from tests.core.play import Play
from tests.core.walk import Walk, lane_of

HORN = SignalPlan(horn=OutputId("horn"), horn_ms=700)
WHOLE = Ladder(30 * SECOND, 60 * SECOND, (120 * SECOND, 300 * SECOND))
STEPS = [(30, "pre_alarm"), (60, "alarm"), (120, "escalated"), (300, "escalated")]


def a_lane(ladder: Ladder, signals: SignalPlan = HORN) -> LanePlan:
    return replace(lane_plan(replace(FULL, ladder=ladder)), signals=signals)


def climbed(plan: LanePlan, state: Alarm, seconds: float) -> tuple[Alarm, list[str]]:
    out = a_draft(seconds)
    return alarms.timer(plan, state, out), told(out)


def watched(plan: LanePlan, state: Alarm, seconds: float, *, up: bool) -> tuple[Alarm, list[str]]:
    out = a_draft(seconds)
    return alarms.watch(plan, state, up, out), told(out)


def test_the_ladder_is_climbed_to_its_end_and_no_further() -> None:
    plan = a_lane(WHOLE)
    state, came = watched(plan, Alarm(), 0, up=True)
    assert came == ["start alarm:in-1 30"]
    trace = []
    for seconds, _ in STEPS:
        state, came = climbed(plan, state, seconds)
        trace.append(came)
    raised = "alarm.raised held_open"
    assert trace == [
        [f"{raised} pre_alarm 1", "pulse horn 700", "start alarm:in-1 60"],
        [f"{raised} alarm 2", "pulse horn 700", "start alarm:in-1 120"],
        [f"{raised} escalated 3", "pulse horn 700", "start alarm:in-1 300"],
        [f"{raised} escalated 4", "pulse horn 700"],
    ]
    assert climbed(plan, state, 400) == (state, [])
    state, came = watched(plan, state, 500, up=False)
    assert came == ["alarm.ended held_open escalated 4"]
    assert state == Alarm()


@pytest.mark.parametrize("kept", range(16))
def test_any_step_may_be_missing(kept: int) -> None:
    chosen = [step for n, step in enumerate(STEPS) if kept >> n & 1]
    found = dict.fromkeys(("pre_alarm", "alarm"))
    louder = tuple(seconds * SECOND for seconds, name in chosen if name == "escalated")
    for seconds, name in chosen:
        if name in found:
            found[name] = seconds * SECOND
    plan = a_lane(Ladder(found["pre_alarm"], found["alarm"], louder))
    state, came = watched(plan, Alarm(), 0, up=True)
    for level, (seconds, name) in enumerate(chosen, 1):
        assert came[-1] == f"start alarm:in-1 {seconds}"
        state, came = climbed(plan, state, seconds)
        assert came[0] == f"alarm.raised held_open {name} {level}"
        assert (state.step, state.level) == (name, level)
    assert not any("start" in each for each in came), "the ladder has an end"
    state, came = watched(plan, state, 900, up=False)
    assert len(came) == bool(chosen)


def test_it_stops_in_the_middle_and_begins_anew() -> None:
    plan = a_lane(WHOLE)
    state, _ = watched(plan, Alarm(), 0, up=True)
    state, _ = climbed(plan, state, 30)
    state, came = watched(plan, state, 40, up=False)
    assert came == ["alarm.ended held_open pre_alarm 1", "stop alarm:in-1"]
    state, came = watched(plan, state, 100, up=True)
    assert came == ["start alarm:in-1 130"]
    state, came = watched(plan, state, 110, up=False)
    assert came == ["stop alarm:in-1"], "what was not raised is not ended"


def test_saying_the_same_again_does_nothing() -> None:
    plan = a_lane(WHOLE)
    assert watched(plan, Alarm(), 0, up=False) == (Alarm(), [])
    state, _ = watched(plan, Alarm(), 0, up=True)
    assert watched(plan, state, 20, up=True) == (state, [])


def test_a_timer_that_nobody_waits_for_does_nothing() -> None:
    assert climbed(a_lane(WHOLE), Alarm(), 30) == (Alarm(), [])


def test_without_a_horn_nothing_sounds() -> None:
    plan = a_lane(WHOLE, SignalPlan())
    state, _ = watched(plan, Alarm(), 0, up=True)
    _, came = climbed(plan, state, 30)
    assert came == ["alarm.raised held_open pre_alarm 1", "start alarm:in-1 60"]


def test_entries_name_the_first_and_tell_for_how_long() -> None:
    plan = a_lane(WHOLE)
    state = alarms.watch(plan, Alarm(), standing_open=True, out=a_draft(0))
    first, second, last = a_draft(30, sequence=7), a_draft(60, sequence=8), a_draft(61.5)
    state = alarms.timer(plan, state, first)
    state = alarms.timer(plan, state, second)
    alarms.watch(plan, state, standing_open=False, out=last)
    entries = [out.entries[0] for out in (first, second, last)]
    id_of_first = "/gate/v1/estate/north/s1/00000000000000000007"
    assert [entry.cause for entry in entries] == ["", id_of_first, id_of_first]
    assert [entry.data["openms"] for entry in entries] == [30_000, 60_000, 61_500]
    assert {entry.subject for entry in entries} == {"lane/in-1"}
    assert {entry.data["lane"] for entry in entries} == {"in-1"}


def test_the_key_names_its_lane() -> None:
    kind, _, lane = alarms.key_of(lane_plan().lane).partition(":")
    assert (kind, lane) == ("alarm", "in-1")


TIMES = st.none() | st.integers(0, 100).map(lambda seconds: seconds * SECOND)


@given(
    ladder=st.builds(Ladder, TIMES, TIMES, st.lists(st.integers(0, 10**11), max_size=3).map(tuple)),
    story=st.lists(st.tuples(st.sampled_from(["up", "down", "time"]), st.integers(0, 200))),
)
def test_whatever_comes_what_is_raised_is_ended(
    ladder: Ladder, story: list[tuple[str, int]]
) -> None:
    plan = a_lane(ladder)
    state, seconds, due, raised, sounds = Alarm(), 0, False, 0, 0
    for what, later in story:
        seconds += later
        out = a_draft(seconds)
        if what == "time":
            if not due:
                continue
            due = False
            state = alarms.timer(plan, state, out)
        else:
            state = alarms.watch(plan, state, what == "up", out)
        due = _timer_runs(out, due=due)
        for entry in out.entries:
            if entry.type is EntryType.ALARM_RAISED:
                raised += 1
                assert entry.data["level"] == raised, "each step once, in order"
            else:
                assert entry.type is EntryType.ALARM_ENDED
                assert raised, "only what was raised ends"
                raised = 0
        sounds = sum(isinstance(effect, PulseRelay) for effect in out.effects)
        assert sounds == sum(entry.type is EntryType.ALARM_RAISED for entry in out.entries)
        assert raised == state.level <= len(alarms.steps(ladder))
        more = state.since_ns is not None and state.level < len(alarms.steps(ladder))
        assert due is more, "a timer runs exactly while a step is to come"


def _timer_runs(out: Draft, *, due: bool) -> bool:
    for effect in out.effects:
        if isinstance(effect, StartTimer):
            due = True
        elif isinstance(effect, StopTimer):
            assert due, "only a timer that runs is stopped"
            due = False
    return due


# Force, and who follows somebody through


def raised(alarm: str, level: int = 1, **more: object) -> dict[str, object]:
    return {"lane": LANE, "alarm": alarm, "step": "alarm", "level": level, **more}


def test_what_is_moved_by_force_is_an_alarm_and_sounds() -> None:
    plan = gate_plan(FULL)
    plan = replace(plan, lanes={LANE: replace(plan.lanes[LANE], signals=HORN)})
    play = Play.ready(plan)
    assert play.act("closed off") == "arm.forced; alarm.raised; pulse horn"
    forced, alarm = play.entries[-2:]
    assert alarm.data == raised("forced")
    assert alarm.subject == forced.subject == f"lane/{LANE}"
    assert alarm.cause.endswith(f"{len(play.entries) - 1:020d}")


@pytest.mark.parametrize(
    ("wiring", "sensors", "came"),
    [
        ("Loop", "in1 up L+ L- L+ L-", ["passed", "tailgated", "tailgating"]),
        ("Loop and exit", "L? L+ down X+ L- X-", ["forced", "forced"]),
        ("Loop", "in1 up L+ L-", ["passed"]),
        ("Loop", "in1 up hold L+ L- L+ L-", ["passed", "passed"]),
    ],
)
def test_who_goes_through_without_a_grant_is_an_alarm(
    wiring: str, sensors: str, came: list[str]
) -> None:
    entries = Walk(lane_of(wiring)).walk(sensors).entries
    assert [entry.data.get("alarm") or entry.data["outcome"] for entry in entries] == came


def test_a_guard_has_seen_it_and_the_other_alarms_stay() -> None:
    desk = Desk()
    for alarm in ("held_open", "forced", "tailgating", "forced"):
        desk.seconds += 1
        desk.write(EntryType.ALARM_RAISED, raised(alarm))
    again = desk.row("alarms", f"{LANE}/forced")
    assert (again["sequence"], again["since_us"]) == (4, desk.now.wall_us)
    assert desk.go("alarm.see", alarm=f"{LANE}/forced") == {"alarm": f"{LANE}/forced"}
    assert desk.last.type is EntryType.ALARM_ENDED
    assert desk.last.subject == f"lane/{LANE}"
    assert desk.last.data == {**raised("forced"), "origin": "console", "desk": "desk-1"}
    assert set(desk.tables.table("alarms")) == {f"{LANE}/held_open", f"{LANE}/tailgating"}
    assert desk.refused("alarm.see", alarm=f"{LANE}/forced") == (404, "alarm")
    assert desk.refused("alarm.see", alarm=f"{LANE}/held_open") == (409, "alarm")
    assert desk.refused("alarm.see") == (422, "alarm")


def test_one_alarms_end_hides_no_other() -> None:
    desk = Desk()
    told_of = (
        raised("held_open"),
        raised("unanswered", call="c-1"),
        raised("unanswered", call="c-2"),
        {"alarm": "fire_input", "step": "alarm", "level": 1, "input": "gate.fire"},
    )
    for data in told_of:
        desk.write(EntryType.ALARM_RAISED, data)
    keys = [
        f"{LANE}/held_open",
        f"{LANE}/unanswered/c-1",
        f"{LANE}/unanswered/c-2",
        "gate/fire_input/gate.fire",
    ]
    assert list(desk.tables.table("alarms")) == keys
    for data in told_of:
        desk.write(EntryType.ALARM_ENDED, data)
        keys.pop(0)
        assert list(desk.tables.table("alarms")) == keys


def test_a_further_step_is_the_same_alarm() -> None:
    desk = Desk()
    desk.write(EntryType.ALARM_RAISED, raised("held_open", step="pre_alarm"))
    since_us = desk.now.wall_us
    desk.seconds += 30
    desk.write(EntryType.ALARM_RAISED, raised("held_open", 2))
    row = desk.row("alarms")
    assert (row["step"], row["level"], row["since_us"]) == ("alarm", 2, since_us)


def test_after_a_start_only_what_a_guard_has_to_see_stands() -> None:
    lanes = gate_plan(FULL).lanes
    none = {"call": "", "input": "", "step": "alarm", "level": 2}
    rows = (
        {**none, "alarm": "held_open", "lane": LANE},
        {**none, "alarm": "forced", "lane": LANE},
        {**none, "alarm": "tailgating", "lane": LaneId("gone")},
        {**none, "alarm": "fire_input", "lane": "", "input": "gate.fire"},
    )
    out = a_draft(0)
    facts = Facts("s1", 1, WEDNESDAY, rows={alarms.TABLE: rows})
    alarms.restored(lanes, facts, "the start", out)
    assert [(entry.type, entry.subject, entry.cause) for entry in out.entries] == [
        (EntryType.ALARM_ENDED, f"lane/{LANE}", "the start"),
        (EntryType.ALARM_ENDED, "lane/gone", "the start"),
        (EntryType.ALARM_ENDED, "gate", "the start"),
    ]
    first, _, last = out.entries
    assert first.data == raised("held_open", 2)
    assert last.data == {"alarm": "fire_input", "step": "alarm", "level": 2, "input": "gate.fire"}
