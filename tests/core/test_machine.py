"""Anything may happen to a lane, in any order: what must never happen, and what always must."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.core.effects import Effect, PulseRelay, StartTimer, StopTimer, SwitchRelay
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
from agent.core.lane import GRANTS, wait_key
from agent.core.model import CardStatus
from agent.core.orders import Order
from agent.core.plan import Drive
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
POSITIONS = {"open", "closed", "opening", "closing", "unknown"}
OUTCOMES = {"passed", "no_entry", "unobserved", "interrupted"}


class Lane(RuleBasedStateMachine):
    """A gate in the hands of chance, with a journal and a timer that are kept apart from it."""

    @initialize(arm=st.sampled_from([FULL, MAINTAINED, NO_LOOP, BARE, SELF_CLOSING]))
    def begin(self, arm: object) -> None:
        arms = [FULL, MAINTAINED, NO_LOOP, BARE, SELF_CLOSING]
        self.arm = next(each for each in arms if each is arm)
        cards = [a_card(label) for label in LABELS[:3]] + [a_card("lost", CardStatus.LOST)]
        self.play = Play(gate_plan(self.arm), cards)
        self.timer = False
        self.granted: set[str] = set()
        self.ended: set[str] = set()
        self.stopped = False
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
        lane = self.play.lane
        arm = self.arm
        ours = name in {arm.loop, *arm.safety, arm.opened, arm.closed}
        waits = ours and lane.lower_due and not lane.grants
        assert not (waits and self.clear()), "what was due has to happen when all is clear"

    @rule(seconds=st.floats(0, 30))
    def time_goes(self, seconds: float) -> None:
        self.play.seconds += seconds

    @precondition(lambda self: self.timer)
    @rule()
    def wait_is_over(self) -> None:
        self.timer = False
        self.do(TimerFired(wait_key(LANE), self.play.now))

    @rule(kind=st.sampled_from(["open", "close", "stop", "dance"]), reason=st.sampled_from("xy "))
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
        self.timer = False
        self.stopped = False
        self.play.state = self.play.gate.first_state()
        self.do(Started(self.play.now))
        assert not self.play.open, f"{left} had to end as interrupted"

    def do(self, event: Event) -> None:
        before, facts = self.play.state, self.play.facts(event)
        step = self.play.do(event)
        assert self.play.gate.step(before, event, facts) == step, "a step is pure"
        for entry in step.entries:
            self.note(entry)
        if isinstance(event, OrderReceived) or self.admitted(step.entries):
            self.stopped = self.play.lane.halted
        for effect in step.effects:
            self.check(event, effect)

    def note(self, entry: Entry) -> None:
        passage = str(entry.data.get("passage", ""))
        if entry.type is EntryType.PASSAGE_ENDED:
            assert passage in self.granted - self.ended, "a grant ends once"
            assert entry.data["outcome"] in OUTCOMES
            self.ended.add(passage)
        elif passage:
            assert passage not in self.ended, "an identifier is used once"
            self.granted.add(passage)

    def admitted(self, entries: tuple[Entry, ...]) -> bool:
        return any(entry.type is EntryType.ACCESS_GRANTED for entry in entries)

    def check(self, event: Event, effect: Effect) -> None:
        match effect:
            case StartTimer():
                self.timer = True
                assert effect.at_ns > event.at.mono_ns
            case StopTimer():
                self.timer = False
            case PulseRelay(output) | SwitchRelay(output):
                raises = output == "open" and not self.lowers(effect)
                assert raises or self.lowers(effect), "no other relay is moved from here"
                asked = isinstance(event, (CardRead, OrderReceived))
                follows = isinstance(event, (InputChanged, TimerFired, OrderReceived))
                assert asked if raises else follows, f"{event} must not move {output}"
                assert raises or self.clear(), "an arm goes down on somebody"
                assert raises or not self.stopped, "a guard has stopped this arm"

    def lowers(self, effect: PulseRelay | SwitchRelay) -> bool:
        if effect.output == "close":
            return True
        held = self.arm.open.drive is Drive.MAINTAINED
        return held and isinstance(effect, SwitchRelay) and not effect.on

    def clear(self) -> bool:
        levels = self.play.lane.levels
        return all(levels.get(name) is False for name in self.arm.safety)

    @invariant()
    def journal_and_state_agree(self) -> None:
        lane = self.play.lane
        passages = [grant.passage for grant in lane.grants]
        assert sorted(passages) == sorted(self.play.open)
        assert set(passages) == self.granted - self.ended
        assert len(passages) <= GRANTS
        assert len(lane.levels) <= 4

    @invariant()
    def a_grant_waits_for_the_loop_or_for_the_timer(self) -> None:
        lane = self.play.lane
        assert self.timer or lane.taken or not lane.grants
        assert lane.grants or not lane.taken

    @invariant()
    def the_view_claims_what_a_switch_says(self) -> None:
        seen, levels = self.play.view, self.play.lane.levels
        assert seen.position in POSITIONS
        assert seen.waiting == len(self.play.lane.grants)
        if seen.position in ("open", "closed"):
            switch = InputId("opened" if seen.position == "open" else "closed")
            assert levels[switch] is True
        both = levels.get(InputId("opened")) and levels.get(InputId("closed"))
        assert bool(seen.faults) is bool(both)


TestLane = Lane.TestCase
