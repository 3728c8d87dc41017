"""Anything may happen to a gate, in any order: its steps are pure, and journal and state agree.

What must hold for the arm is in test_arm_machine.py.
"""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.core.arm import State
from agent.core.arm_orders import KINDS
from agent.core.effects import StartTimer, StopTimer
from agent.core.entries import Entry, EntryType
from agent.core.events import (
    CardRead,
    ClockStepped,
    Event,
    InputChanged,
    OrderReceived,
    OutputFaulted,
    Protected,
    ReaderFound,
    ReaderLost,
    Started,
    Stopping,
    TimerFired,
)
from agent.core.ids import InputId, OrderId, OutputId
from agent.core.model import CardStatus
from agent.core.orders import Order
from agent.core.passages import GRANTS, Outcome
from tests.core.builders import (
    BARE,
    BEAM,
    DESK_READER,
    FULL,
    LANE,
    MAINTAINED,
    NO_LOOP,
    OTHER_READER,
    READER,
    SELF_CLOSING,
    a_card,
    credential,
    gate_plan,
)
from tests.core.play import Play

LABELS = ("A", "B", "C", "lost", "unknown")
RELAYS = tuple(map(OutputId, ("open", "close", "stop", "lamp")))
POSITIONS = {"open", "closed", "opening", "closing", "stopped", "unknown"}
OUTCOMES = set(Outcome)


class Lane(RuleBasedStateMachine):
    """A gate in the hands of chance, with a journal and a timer that are kept apart from it."""

    @initialize(arm=st.sampled_from([FULL, MAINTAINED, NO_LOOP, BARE, SELF_CLOSING]))
    def begin(self, arm: object) -> None:
        arms = [FULL, MAINTAINED, NO_LOOP, BARE, SELF_CLOSING]
        self.arm = next(each for each in arms if each is arm)
        cards = [a_card(label) for label in LABELS[:3]] + [a_card("lost", CardStatus.LOST)]
        self.play = Play(gate_plan(self.arm), cards)
        self.timers: set[str] = set()
        self.granted: set[str] = set()
        self.ended: set[str] = set()
        self.do(Started(self.play.now))

    @rule(label=st.sampled_from(LABELS), reader=st.sampled_from([READER, OTHER_READER]))
    def tap(self, label: str, reader: str) -> None:
        near = READER if reader == READER else OTHER_READER
        self.do(CardRead(near, credential(label), self.play.now))

    @rule(label=st.sampled_from(LABELS))
    def tap_at_the_desk(self, label: str) -> None:
        self.do(CardRead(DESK_READER, credential(label), self.play.now))

    @rule(
        name=st.sampled_from(["loop", "beam", "opened", "closed"]),
        level=st.sampled_from([True, False, None]),
    )
    def level(self, name: str, level: bool | None) -> None:
        self.do(InputChanged(InputId(name), level, 1, self.play.now))

    @rule(seconds=st.floats(0, 30))
    def time_goes(self, seconds: float) -> None:
        self.play.seconds += seconds

    @precondition(lambda self: self.timers)
    @rule(data=st.data())
    def time_is_over(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.timers)))
        self.timers.discard(key)
        self.do(TimerFired(key, self.play.now))

    @rule(kind=st.sampled_from([*KINDS, "dance"]), reason=st.sampled_from("xy "))
    def order(self, kind: str, reason: str) -> None:
        order = Order(OrderId("o"), "Li", "cli", kind, {"lane": LANE, "reason": reason})
        self.do(OrderReceived(order, self.play.now))

    @rule(relay=st.sampled_from(RELAYS))
    def relay_fails(self, relay: OutputId) -> None:
        self.do(OutputFaulted(relay, "stuck", self.play.now))

    @rule(relay=st.sampled_from(RELAYS))
    def interlock_acts(self, relay: OutputId) -> None:
        self.do(Protected("raised", relay, BEAM, self.play.now))

    @rule(which=st.integers(0, 3))
    def something_else(self, which: int) -> None:
        now = self.play.now
        self.do(
            (
                ReaderLost(READER, "unplugged", now),
                ReaderFound(READER, "back", now),
                ClockStepped(5_000_000, now),
                Stopping("SIGTERM", now),
            )[which]
        )

    @rule()
    def restart(self) -> None:
        left = set(self.play.open)
        self.timers.clear()
        self.play.state = self.play.gate.first_state()
        self.do(Started(self.play.now))
        assert not self.play.open, f"{left} had to end as interrupted"

    def do(self, event: Event) -> None:
        before, facts = self.play.state, self.play.facts(event)
        step = self.play.do(event)
        assert self.play.gate.step(before, event, facts) == step, "a step is pure"
        for entry in step.entries:
            self.note(entry)
        for effect in step.effects:
            if isinstance(effect, StartTimer):
                self.timers.add(effect.key)
                assert effect.at_ns > event.at.mono_ns
            elif isinstance(effect, StopTimer):
                self.timers.discard(effect.key)

    def note(self, entry: Entry) -> None:
        passage = str(entry.data.get("passage", ""))
        if entry.type is EntryType.PASSAGE_ENDED and passage in self.granted:
            assert passage not in self.ended, "a grant ends once"
            assert entry.data["outcome"] in OUTCOMES
            self.ended.add(passage)
        elif entry.type is not EntryType.PASSAGE_ENDED and passage:
            assert passage not in self.ended, "an identifier is used once"
            self.granted.add(passage)

    @invariant()
    def journal_and_state_agree(self) -> None:
        lane = self.play.lane
        passages = [grant.passage for grant in lane.passages.grants]
        assert sorted(passages) == sorted(self.play.open)
        assert set(passages) == self.granted - self.ended
        assert len(passages) <= GRANTS
        assert len(lane.levels) <= 4

    @invariant()
    def a_grant_waits_for_a_vehicle_or_for_the_timer(self) -> None:
        passages = self.play.lane.passages
        assert f"wait:{LANE}" in self.timers or passages.taken or not passages.grants

    @invariant()
    def the_view_claims_what_a_switch_says(self) -> None:
        seen, lane = self.play.view, self.play.lane
        assert seen.position in POSITIONS
        assert seen.waiting == lane.passages.waiting
        if seen.proof == "switch":
            switch = InputId("opened" if seen.position == "open" else "closed")
            assert lane.levels[switch] is True
        both = lane.levels.get(InputId("opened")) and lane.levels.get(InputId("closed"))
        assert not both or lane.arm.state is State.FAULTED
        assert bool(seen.faults) is (lane.arm.state is State.FAULTED)


TestLane = Lane.TestCase
