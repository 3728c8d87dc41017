"""Anything may happen to calls, in any order: what began ends once, and a key opens once."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.core.call_state import TABLE, WAITING, State, Trigger
from agent.core.entries import EntryType
from agent.core.events import LineTold, Started, TimerFired, Turn, Why
from agent.core.ids import LineId
from tests.core.builders import LANE
from tests.core.calling import BUTTON, BUTTON_OUT, CALLS, CONTROL, PIN, Calling
from tests.core.whole import OUT

KEYS = "0123456789*#AD"


class Talk(RuleBasedStateMachine):
    """An intercom in the hands of chance."""

    @initialize(pin=st.booleans())
    def begin(self, *, pin: bool) -> None:
        self.gate = Calling(PIN if pin else CALLS)
        self.came = 0

    @rule(button=st.sampled_from([BUTTON, BUTTON_OUT]))
    def visitor(self, button: str) -> None:
        self.gate.press(BUTTON if button == BUTTON else BUTTON_OUT)

    @rule(peer=st.sampled_from([CONTROL, "sip:x@y"]), again=st.booleans())
    def somebody_calls(self, peer: str, *, again: bool) -> None:
        self.came += not again
        self.gate.tell(Turn.CALLED, f"c-{self.came}", peer=peer)

    @precondition(lambda self: self.gate.dialled or self.came)
    @rule(
        data=st.data(),
        turn=st.sampled_from([Turn.RANG, Turn.ANSWERED, Turn.KEY, Turn.ENDED]),
        key=st.sampled_from(KEYS),
        why=st.sampled_from(Why),
    )
    def line_tells(self, data: st.DataObject, turn: Turn, key: str, why: Why) -> None:
        known = [*self.gate.dialled, *(LineId(f"c-{n}") for n in range(1, self.came + 1))]
        line = data.draw(st.sampled_from(known))
        self.gate.do(LineTold(line, turn, self.gate.now, key=key, why=why))

    @rule(keys=st.lists(st.sampled_from(KEYS), max_size=6))
    def who_talks_types(self, keys: list[str]) -> None:
        call = self.gate.state.calls.active
        if call is not None and call.line:
            for key in keys:
                self.gate.do(LineTold(call.line, Turn.KEY, self.gate.now, key=key))

    @precondition(lambda self: any(key.startswith("call") for key in self.gate.timers))
    @rule(data=st.data())
    def time_is_over(self, data: st.DataObject) -> None:
        running = sorted(key for key in self.gate.timers if key.startswith("call"))
        key = data.draw(st.sampled_from(running))
        self.gate.seconds = max(self.gate.seconds, self.gate.timers.pop(key) / 1e9 - 1000)
        self.gate.do(TimerFired(key, self.gate.now))

    @rule(
        kind=st.sampled_from(["answer", "end", "decide"]),
        place=st.integers(0, WAITING),
        answer=st.sampled_from(["agreed", "declined"]),
        opens=st.booleans(),
    )
    def guard(self, kind: str, place: int, answer: str, *, opens: bool) -> None:
        calls = self.gate.state.calls.all
        call = calls[place].call if place < len(calls) else "gone"
        more = {"answer": answer, "open": opens} if kind == "decide" else {}
        self.gate.order(f"call.{kind}", call=call, **more)

    @rule(unit=st.sampled_from(["3-1", "9-9"]), lane=st.sampled_from([LANE, OUT, ""]))
    def guard_calls(self, unit: str, lane: str) -> None:
        self.gate.order("call.place", unit=unit, lane=lane)

    @rule()
    def restart(self) -> None:
        self.gate.state = self.gate.gate.first_state()
        for key in [key for key in self.gate.timers if key.startswith("call")]:
            del self.gate.timers[key]
        self.gate.do(Started(self.gate.now))
        assert not self.gate.rows("calls", state="open")

    @invariant()
    def what_began_is_on_or_ended_once(self) -> None:
        began = [each["call"] for each in self.gate.told(EntryType.CALL_BEGAN)]
        ended = [each["call"] for each in self.gate.told(EntryType.CALL_ENDED)]
        on = [call.call for call in self.gate.state.calls.all]
        assert sorted(map(str, began)) == sorted([*map(str, ended), *on])
        assert sorted(row["call"] for row in self.gate.rows("calls", state="open")) == sorted(on)

    @invariant()
    def a_call_opens_once(self) -> None:
        opened = [each for each in self.gate.told(EntryType.CALL_DECIDED) if each["opened"]]
        assert len({each["call"] for each in opened}) == len(opened)
        assert len(self.gate.every(EntryType.ACCESS_GRANTED)) == len(opened)

    @invariant()
    def every_call_that_is_on_has_an_end(self) -> None:
        for call in self.gate.state.calls.all:
            assert f"call:end/{call.call}" in self.gate.timers
        known = {call.call for call in self.gate.state.calls.all}
        assert {key.rpartition("/")[2] for key in self.gate.timers if key[:5] == "call:"} <= known

    @invariant()
    def one_line_of_sound(self) -> None:
        calls = self.gate.state.calls
        assert len(calls.waiting) <= WAITING
        assert all(call.state is State.WAITING for call in calls.waiting)
        assert calls.active is not None or not calls.waiting
        if calls.active is not None:
            assert calls.active.state in (State.RINGING, State.ANSWERED)

    @invariant()
    def alarms_are_over_with_their_calls(self) -> None:
        raised = [each["call"] for each in self.gate.told(EntryType.ALARM_RAISED)]
        ended = [each["call"] for each in self.gate.told(EntryType.ALARM_ENDED)]
        on = [call.call for call in self.gate.state.calls.all if call.alarm]
        assert sorted(map(str, raised)) == sorted([*map(str, ended), *on])


Talk.TestCase.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
TestTalk = Talk.TestCase


def test_the_table_leads_every_call_to_its_end() -> None:
    ends = {state for state in State if (state, Trigger.END) in TABLE}
    assert ends == set(State) - {State.ENDED}
    assert not [state for state, _ in TABLE if state is State.ENDED]
    assert (State.ANSWERED, Trigger.RING) not in TABLE
