"""Calls over the intercom: from the button to the arm, through every number and every key."""

from dataclasses import replace

import pytest

from agent.core.call_state import WAITING, Origin, State
from agent.core.effects import PulseRelay
from agent.core.entries import EntryType
from agent.core.events import (
    InputChanged,
    IntercomFound,
    IntercomLost,
    LineTold,
    Started,
    TimerFired,
    Turn,
    Why,
)
from agent.core.gate import Gate
from agent.core.ids import LineId
from agent.core.model import ClockQuality
from agent.core.plan_calls import SECOND, Party
from agent.core.plan_calls import Step as CallStep
from tests.core.builders import LANE
from tests.core.calling import (
    BUTTON,
    BUTTON_OUT,
    CALLS,
    CONTROL,
    PIN,
    Calling,
)
from tests.core.whole import OUT

DIALLED = [
    "sip:booth@10.0.0.5",
    "sip:13800000001@10.0.0.1",
    "sip:01062223333@10.0.0.1",
    "sip:13900000002@10.0.0.1",
    CONTROL,
]


def test_from_the_button_to_the_passage() -> None:
    gate = Calling().to_unit()
    gate.answers()
    before = len(gate.entries)
    step = gate.key("5")
    assert [each for each in step.effects if isinstance(each, PulseRelay)]
    assert gate.since(before) == ["call.decided", "access.granted"]
    (passage,) = gate.drive(LANE)
    began, decided = gate.last(EntryType.CALL_BEGAN), gate.last(EntryType.CALL_DECIDED)
    granted = gate.last(EntryType.ACCESS_GRANTED)
    assert (began.actor, began.data["origin"]) == (BUTTON, "button")
    assert decided.cause.endswith(f"{gate.entries.index(began) + 1:020d}")
    assert granted.cause.endswith(f"{gate.entries.index(decided) + 1:020d}")
    assert (granted.actor, granted.data["order"], granted.data["origin"]) == (
        "directory/d-1",
        "call.key",
        "intercom",
    )
    assert passage.cause.endswith(f"{gate.entries.index(granted) + 1:020d}")
    assert passage.data["outcome"] == "passed"
    gate.ends()
    ended = {**gate.told(EntryType.CALL_ENDED)[-1], "tookms": 0, "talkms": 0}
    assert ended == {
        "call": began.data["call"],
        "lane": LANE,
        "outcome": "answered",
        "opened": True,
        "answer": "agreed",
        "tookms": 0,
        "talkms": 0,
    }
    assert not [key for key in gate.timers if key.startswith("call")]


def test_a_key_opens_once() -> None:
    gate = Calling().to_unit()
    gate.answers()
    gate.key("5", "5", "5")
    assert len(gate.every(EntryType.ACCESS_GRANTED)) == 1
    assert len(gate.every(EntryType.CALL_DECIDED)) == 1
    gate.key("0")
    assert gate.call.state is State.ANSWERED, "what was opened is not declined any more"


def test_keys_count_only_while_somebody_talks() -> None:
    gate = Calling().to_unit()
    gate.key("5")
    line = gate.call.line
    gate.answers()
    gate.ends()
    gate.tell(Turn.KEY, line, key="5")
    assert not gate.every(EntryType.CALL_DECIDED)
    assert not gate.every(EntryType.ACCESS_GRANTED)


def test_the_plan_goes_from_number_to_number_and_ends_at_the_screen() -> None:
    gate = Calling()
    gate.press()
    for _ in range(5):
        gate.rings()
        gate.after(gate.call.leg.ring_ns / SECOND)
    assert list(gate.dialled.values()) == DIALLED
    assert gate.spoken_at == [LANE] * 5
    assert gate.hung_up == list(gate.dialled)
    assert not gate.call.line
    assert gate.row("calls", "call", gate.call.call)["party"] == "booth"
    gate.after(200)
    assert gate.state.calls.active is None
    assert gate.told(EntryType.CALL_ENDED)[-1]["outcome"] == "unanswered"
    missed = [(each["party"], each["why"]) for each in gate.told(EntryType.CALL_MISSED)]
    assert missed == [
        ("booth", "time"),
        ("unit", "time"),
        ("unit", "time"),
        ("unit", "time"),
        ("control", "time"),
    ]
    assert [each.get("position") for each in gate.told(EntryType.CALL_RANG)] == [
        None,
        1,
        2,
        1,
        None,
        None,
    ]


def test_ring_times_are_those_of_each_number() -> None:
    gate = Calling()
    gate.press()
    times = []
    for _ in range(5):
        times.append(gate.call.leg.ring_ns // SECOND)
        gate.ends(Why.BUSY)
    assert times == [10, 20, 15, 15, 30]


@pytest.mark.parametrize("why", list(Why))
def test_who_cannot_be_reached_is_passed_over_at_once(why: Why) -> None:
    gate = Calling()
    gate.press()
    gate.ends(why)
    assert gate.told(EntryType.CALL_MISSED) == [
        {
            "call": gate.call.call,
            "lane": LANE,
            "party": "booth",
            "rangms": 0,
            "why": why.value,
        }
    ]
    assert gate.call.leg.number == DIALLED[1]
    assert not gate.hung_up, "a line that has ended is not hung up"


def test_a_number_that_does_not_even_ring_has_its_time_too() -> None:
    gate = Calling()
    gate.press()
    gate.after(10)
    assert gate.told(EntryType.CALL_MISSED)[0]["why"] == "unreachable"


def test_unanswered_is_an_alarm_until_it_is_answered() -> None:
    gate = Calling()
    gate.press()
    gate.after(59)
    assert not gate.every(EntryType.ALARM_RAISED)
    gate.after(2)
    (alarm,) = gate.every(EntryType.ALARM_RAISED)
    call = gate.call.call
    data = {"alarm": "unanswered", "step": "alarm", "level": 1, "call": call, "lane": LANE}
    assert alarm.data == data
    assert gate.row("calls", "call", call)["alarm"] == 1
    gate.answers()
    (over,) = gate.every(EntryType.ALARM_ENDED)
    assert over.cause.endswith(f"{gate.entries.index(alarm) + 1:020d}")
    assert gate.row("calls", "call", call)["alarm"] == 0
    gate.after(700)
    assert len(gate.every(EntryType.ALARM_ENDED)) == 1


def test_an_alarm_is_over_with_its_call() -> None:
    gate = Calling()
    gate.press()
    gate.after(400)
    assert len(gate.every(EntryType.ALARM_RAISED)) == len(gate.every(EntryType.ALARM_ENDED)) == 1


def test_a_declining_key_ends_the_call() -> None:
    gate = Calling().to_unit()
    gate.answers()
    line = gate.call.line
    gate.key("0")
    assert gate.state.calls.active is None
    assert gate.hung_up[-1] == line
    ended = gate.told(EntryType.CALL_ENDED)[-1]
    assert (ended["outcome"], ended["answer"], ended["opened"]) == ("declined", "declined", False)
    assert gate.row("calls", "call", str(ended["call"]))["answer"] == "declined"


def test_wrong_keys_are_counted_and_then_none_counts() -> None:
    gate = Calling().to_unit()
    gate.answers()
    gate.key("7", "8", "#", "1", "9", "5", "5")
    wrong = gate.every(EntryType.CALL_MISKEYED)
    assert [each.data["wrong"] for each in wrong] == [1, 2, 3, 4, 5]
    assert not any("key" in each.data for each in wrong)
    assert not gate.every(EntryType.CALL_DECIDED)
    gate.ends()
    assert gate.told(EntryType.CALL_ENDED)[-1]["wrong"] == 5


def test_a_pin_follows_the_open_key() -> None:
    gate = Calling(PIN).to_unit()
    gate.answers()
    gate.key("5", "1", "2", "*", "1", "2", "3")
    assert not gate.every(EntryType.CALL_DECIDED)
    gate.key("4")
    assert gate.told(EntryType.CALL_DECIDED)[0]["opened"] is True


def test_a_wrong_pin_opens_nothing_and_is_one_mistake() -> None:
    gate = Calling(PIN).to_unit()
    gate.answers()
    gate.key("5", "1", "2", "3", "5", "1", "2", "3", "4")
    assert not gate.every(EntryType.CALL_DECIDED)
    assert gate.told(EntryType.CALL_MISKEYED)[0]["wrong"] == 1
    assert "1234" not in repr(gate.state.calls)
    assert "1234" not in repr(gate.plan.calls)


def test_who_may_not_open_agrees_and_opens_nothing() -> None:
    gate = Calling()
    gate.press()
    gate.rings()
    gate.answers()
    gate.key("5", "5")
    assert gate.told(EntryType.CALL_DECIDED) == [
        {
            "call": gate.call.call,
            "lane": LANE,
            "answer": "agreed",
            "by": "key",
            "opened": False,
        }
    ]
    assert not gate.every(EntryType.ACCESS_GRANTED)


def test_what_bars_the_lane_bars_the_key_too() -> None:
    gate = Calling()
    gate.plain("lockdown", reason="a theft")
    gate.press(BUTTON_OUT)
    gate.rings()
    gate.answers()
    gate.key("5", "5", "5", "5", "5", "5", "5")
    decided = gate.told(EntryType.CALL_DECIDED)
    assert len(decided) == 5, "who presses on and on fills no journal"
    assert "lockdown" in str(decided[0]["refused"])
    assert not gate.every(EntryType.ACCESS_GRANTED)


def test_a_lane_out_lets_out() -> None:
    gate = Calling()
    gate.press(BUTTON_OUT)
    gate.rings()
    gate.answers()
    gate.key("5")
    assert gate.last(EntryType.ACCESS_GRANTED).data["direction"] == "out"
    assert gate.last(EntryType.ACCESS_GRANTED).actor == "call/control"


def test_pressing_again_while_it_rings_does_nothing() -> None:
    gate = Calling()
    gate.press()
    before = len(gate.entries)
    gate.press()
    assert gate.since(before) == []


def test_a_button_that_is_pressed_when_it_is_first_seen_calls_nobody() -> None:
    gate = Calling()
    gate.do(InputChanged(BUTTON, None, 2, gate.now))
    gate.do(InputChanged(BUTTON, True, 3, gate.now))
    assert gate.state.calls.active is None


def test_a_second_visitor_waits_for_the_first() -> None:
    gate = Calling()
    gate.press()
    gate.rings()
    gate.press(BUTTON_OUT)
    began = gate.told(EntryType.CALL_BEGAN)[-1]
    assert began["waiting"] is True
    assert gate.row("calls", "call", str(began["call"]))["stage"] == "waiting"
    dialled = len(gate.dialled)
    gate.answers()
    gate.ends()
    assert gate.call.lane == OUT
    assert list(gate.dialled.values())[dialled:] == [CONTROL]
    gate.ends(Why.BUSY)
    assert not gate.call.line, "the screen of the booth rings"
    gate.after(400)
    assert gate.state.calls.all == ()
    assert len(gate.every(EntryType.CALL_ENDED)) == 2


def test_who_waits_is_an_alarm_too_and_ends_by_himself() -> None:
    gate = Calling()
    gate.press()
    gate.rings()
    gate.answers()
    gate.press(BUTTON_OUT)
    gate.after(61)
    assert len(gate.every(EntryType.ALARM_RAISED)) == 1
    gate.after(120)
    assert [each["outcome"] for each in gate.told(EntryType.CALL_ENDED)] == ["unanswered"]
    assert gate.call.lane == LANE


def test_nobody_talks_for_ever() -> None:
    gate = Calling().to_unit()
    gate.answers()
    gate.after(601)
    assert gate.told(EntryType.CALL_ENDED)[-1]["outcome"] == "answered"


@pytest.mark.parametrize(
    ("why", "outcome"), [(Why.HUNG_UP, "answered"), (Why.SILENT, "lost"), (Why.LOST, "lost")]
)
def test_how_a_talk_ends(why: Why, outcome: str) -> None:
    gate = Calling().to_unit()
    gate.answers()
    gate.ends(why)
    assert gate.told(EntryType.CALL_ENDED)[-1]["outcome"] == outcome


def test_quiet_hours_pass_the_unit_over() -> None:
    gate = Calling(seconds=11 * 3600)
    gate.press()
    assert gate.told(EntryType.CALL_BEGAN)[0]["quiet"] == 1
    gate.ends(Why.BUSY)
    assert gate.call.leg.number == CONTROL


@pytest.mark.parametrize(
    ("seconds", "called", "silent"),
    [(1800, ["d-9"], 0), (5400, [], 1), (36_000, ["d-8", "d-9"], 0)],
)
def test_quiet_hours_that_stand_in_the_directory(
    seconds: int, called: list[str], silent: int
) -> None:
    """Who is not to be called is passed over; the unit is silent when nobody of it is left."""
    steps = (CallStep(Party.UNIT, unit="5-2"),)
    gate = Calling(replace(CALLS, lanes={LANE: steps}), seconds=seconds)
    gate.press()
    assert [leg.entry for leg in gate.call.legs if leg.entry] == called
    assert gate.told(EntryType.CALL_BEGAN)[0].get("quiet", 0) == silent


def test_what_is_recorded_is_told_in_the_journal_and_on_the_line_of_the_lane() -> None:
    gate = Calling(replace(CALLS, recorded=True))
    line = gate.state.views[LANE].text
    gate.press()
    assert gate.told(EntryType.CALL_BEGAN)[0]["recorded"] is True
    assert gate.state.views[LANE].text == "通话录音 RECORDED"
    assert gate.state.views[OUT].text == line
    gate.after(400)
    assert gate.state.views[LANE].text == line
    gate = Calling()
    gate.press()
    assert "recorded" not in gate.told(EntryType.CALL_BEGAN)[0]
    assert gate.state.views[LANE].text == line


def test_a_clock_that_nobody_trusts_knows_no_quiet_hours() -> None:
    gate = Calling(seconds=11 * 3600)
    gate.quality = ClockQuality.UNKNOWN
    gate.press()
    assert "quiet" not in gate.told(EntryType.CALL_BEGAN)[0]


def test_the_control_room_is_taken_and_opens_only_with_a_pin() -> None:
    gate = Calling()
    gate.tell(Turn.CALLED, "c-1", peer="<sip:Control@10.0.0.9:5062;transport=udp>".strip("<>"))
    assert gate.taken == ["c-1"]
    assert gate.call.origin is Origin.INCOMING
    gate.answers()
    gate.key("5")
    assert gate.spoken_at == [LANE]
    assert gate.told(EntryType.CALL_ANSWERED)[0]["by"] == "control"
    assert not gate.every(EntryType.ACCESS_GRANTED), "an address can be forged"
    gate = Calling(PIN)
    gate.tell(Turn.CALLED, "c-1", peer=CONTROL)
    gate.answers()
    gate.key("5", "1", "2", "3", "4")
    assert gate.last(EntryType.ACCESS_GRANTED).data["lane"] == LANE


def test_the_control_room_waits_while_a_visitor_calls() -> None:
    gate = Calling()
    gate.press()
    gate.tell(Turn.CALLED, "c-1", peer=CONTROL)
    gate.tell(Turn.CALLED, "c-1", peer=CONTROL)
    assert gate.taken == []
    assert len(gate.state.calls.waiting) == 1
    gate.rings()
    gate.answers()
    gate.ends()
    assert gate.taken == ["c-1"]
    gate.ends()
    assert gate.told(EntryType.CALL_ENDED)[-1]["outcome"] == "cancelled"


def test_the_control_room_gives_up_waiting() -> None:
    gate = Calling()
    gate.press()
    gate.tell(Turn.CALLED, "c-1", peer=CONTROL)
    gate.tell(Turn.ENDED, "c-1")
    assert gate.state.calls.waiting == ()
    assert gate.told(EntryType.CALL_ENDED)[-1]["outcome"] == "cancelled"
    assert gate.call.lane == LANE


@pytest.mark.parametrize("peer", ["sip:stranger@10.0.0.9", "sip:control@10.0.0.66", "", "sip:"])
def test_strangers_are_turned_away_and_told_once_a_minute(peer: str) -> None:
    gate = Calling()
    for number in range(50):
        gate.tell(Turn.CALLED, f"c-{number}", peer=peer)
    assert len(gate.hung_up) == 50
    assert gate.told(EntryType.CALL_REFUSED) == [{"count": 1}]
    gate.after(60)
    gate.tell(Turn.CALLED, "c-99", peer=peer)
    assert gate.told(EntryType.CALL_REFUSED)[-1] == {"count": 50}


def test_so_many_wait_and_no_more() -> None:
    gate = Calling()
    gate.press()
    for number in range(WAITING + 3):
        gate.tell(Turn.CALLED, f"c-{number}", peer=CONTROL)
    assert len(gate.state.calls.waiting) == WAITING
    assert gate.hung_up == ["c-4", "c-5", "c-6"]
    before = len(gate.entries)
    gate.press(BUTTON_OUT)
    assert gate.since(before) == []


def test_a_restart_ends_what_was_on() -> None:
    gate = Calling()
    gate.press()
    gate.after(61)
    gate.tell(Turn.CALLED, "c-1", peer="sip:nobody@10.0.0.1")
    call = gate.call.call
    gate.gate, gate.state = Gate(gate.plan), gate.gate.first_state()
    before = len(gate.entries)
    gate.do(Started(gate.now))
    assert gate.since(before) == ["agent.started", "alarm.ended", "call.ended"]
    ended = gate.told(EntryType.CALL_ENDED)[-1]
    assert ended == {"call": call, "lane": LANE, "outcome": "interrupted", "opened": False}
    assert not gate.rows("calls", state="open")
    before = len(gate.entries)
    gate.do(Started(gate.now))
    assert gate.since(before) == ["agent.started"]


def test_a_restart_ends_a_call_of_no_lane() -> None:
    gate = Calling()
    gate.done("call.place", entry="d-4")
    gate.do(Started(gate.now))
    ended = gate.last(EntryType.CALL_ENDED)
    assert ended.subject == "intercom"
    assert "lane" not in ended.data


def test_lines_that_nobody_knows_and_timers_of_the_past_do_nothing() -> None:
    gate = Calling()
    gate.press()
    before = len(gate.entries)
    for turn in (Turn.RANG, Turn.ANSWERED, Turn.KEY, Turn.ENDED):
        gate.tell(turn, "gone", key="5")
        gate.do(LineTold(LineId(""), turn, gate.now))
    gate.do(TimerFired("call:leg/gone", gate.now))
    gate.do(TimerFired(f"call:what/{gate.call.call}", gate.now))
    assert gate.since(before) == []
    gate.rings()
    gate.rings()
    gate.answers()
    gate.rings()
    gate.answers()
    gate.do(TimerFired(f"call:leg/{gate.call.call}", gate.now))
    gate.do(TimerFired(f"call:alarm/{gate.call.call}", gate.now))
    assert gate.since(before) == ["call.rang", "call.answered"]


def test_the_intercom_goes_and_comes() -> None:
    gate = Calling()
    before = len(gate.entries)
    gate.do(IntercomLost("it does not run", gate.now))
    gate.do(IntercomFound(gate.now))
    assert gate.since(before) == ["intercom.lost", "intercom.found"]


def test_without_an_intercom_nothing_is_called() -> None:
    gate = Calling(None)
    before = len(gate.entries)
    gate.press()
    gate.tell(Turn.CALLED, "c-1", peer=CONTROL)
    answer = gate.order("call.ring", lane=LANE)
    assert (answer.status, answer.code) == ("rejected", 404)
    assert gate.since(before) == []


def test_no_number_is_written_down() -> None:
    gate = Calling().to_unit()
    gate.answers()
    gate.key("5")
    gate.ends()
    written = repr([(each.data, each.personal, each.subject, each.actor) for each in gate.entries])
    for number in ("13800000001", "010-6222", "booth@10.0.0.5", "13900000002"):
        assert number not in written
    rang = gate.every(EntryType.CALL_RANG)[1]
    assert rang.personal == {"host": "王小明", "unit": "3-1"}
    assert "138" not in repr(gate.state.calls)
    assert "138" not in repr(CALLS)


def test_what_lets_in_waits_for_the_disk() -> None:
    gate = Calling()
    at = gate.now
    assert gate.gate.admits(LineTold(LineId("x"), Turn.KEY, at, key="5"))
    assert not gate.gate.admits(LineTold(LineId("x"), Turn.ENDED, at))
