from collections.abc import Iterable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.core.ids import InputId, OutputId
from agent.core.interlock import Act, Interlock
from agent.core.plan import ArmPlan, Drive, Relay

OPEN, CLOSE, STOP, HOLD = (OutputId(name) for name in ("open", "close", "stop", "hold"))
LOOP, BEAM, DOWN, BELL = (InputId(name) for name in ("loop", "beam", "down", "bell"))
TRAVEL = 5_000

PULSED = ArmPlan(
    open=Relay(OPEN, Drive.PULSE, 300),
    close=Relay(CLOSE, Drive.PULSE, 300),
    stop=Relay(STOP, Drive.PULSE, 300),
    loop=LOOP,
    safety=(LOOP, BEAM),
    closed=DOWN,
)
HELD = ArmPlan(open=Relay(HOLD, Drive.MAINTAINED), safety=(LOOP,))
BARE = ArmPlan(open=Relay(OPEN, Drive.PULSE, 300))
BOTH_HELD = ArmPlan(
    open=Relay(OPEN, Drive.MAINTAINED), close=Relay(CLOSE, Drive.MAINTAINED), safety=(LOOP,)
)
CLEAR = {LOOP: False, BEAM: False}


def lock(*arms: ArmPlan) -> Interlock:
    return Interlock(arms, TRAVEL)


def test_closing_needs_every_safety_input_clear() -> None:
    assert lock(PULSED).refuse(CLOSE, True, CLEAR) is None
    occupied = lock(PULSED).refuse(CLOSE, True, {**CLEAR, BEAM: True})
    assert occupied == "close: not closing, safety input beam is occupied"
    unknown = lock(PULSED).refuse(CLOSE, True, {**CLEAR, LOOP: None})
    assert unknown == "close: not closing, safety input loop is unknown"
    missing = lock(PULSED).refuse(CLOSE, True, {LOOP: False})
    assert missing == "close: not closing, safety input beam is unknown"


@pytest.mark.parametrize(
    ("output", "on"),
    [(OPEN, True), (OPEN, False), (CLOSE, False), (STOP, True), (OutputId("lamp"), True)],
)
def test_what_lowers_nothing_is_never_refused(output: OutputId, on: bool) -> None:
    assert lock(PULSED).refuse(output, on, {}) is None


def test_letting_a_held_arm_go_is_closing() -> None:
    assert lock(HELD).refuse(HOLD, True, {}) is None
    assert lock(HELD).refuse(HOLD, False, {LOOP: False}) is None
    assert lock(HELD).refuse(HOLD, False, {LOOP: True}) is not None
    assert lock(HELD).refuse(HOLD, False, {}) is not None


def test_an_arm_without_safety_inputs_may_close() -> None:
    plain = ArmPlan(open=Relay(OPEN, Drive.PULSE), close=Relay(CLOSE, Drive.PULSE))
    assert lock(plain).refuse(CLOSE, True, {}) is None


def test_the_other_relay_is_let_go_first() -> None:
    assert lock(PULSED).before(OPEN, True) == (Act(CLOSE, False),)
    assert lock(PULSED).before(CLOSE, True) == (Act(OPEN, False),)
    assert lock(PULSED).before(STOP, True) == ()
    assert lock(PULSED).before(OPEN, False) == ()
    assert lock(BARE).before(OPEN, True) == ()
    assert lock(BARE).before(OutputId("lamp"), True) == ()


@pytest.mark.parametrize("level", [True, None])
def test_safety_lifts_while_closing(level: bool | None) -> None:
    watched = lock(PULSED)
    watched.turned(CLOSE, True, 100)
    assert watched.edge(LOOP, False, 200) == ()
    assert watched.edge(BEAM, level, 200) == (Act(CLOSE, False), Act(OPEN, True, 300))
    assert watched.edge(BEAM, level, 201) == ()  # once


def test_safety_does_nothing_while_the_arm_does_not_go_down() -> None:
    watched = lock(PULSED)
    assert watched.edge(LOOP, True, 10) == ()
    watched.turned(CLOSE, True, 100)
    assert watched.edge(LOOP, True, 100 + TRAVEL) == ()  # it is down by then
    assert watched.edge(BELL, True, 200) == ()


@pytest.mark.parametrize("output", [OPEN, STOP])
def test_another_order_ends_the_closing(output: OutputId) -> None:
    watched = lock(PULSED)
    watched.turned(CLOSE, True, 100)
    watched.turned(output, True, 150)
    assert watched.edge(LOOP, True, 200) == ()


def test_the_end_of_a_pulse_does_not_end_the_closing() -> None:
    watched = lock(PULSED)
    watched.turned(CLOSE, True, 100)
    watched.turned(CLOSE, False, 150)
    watched.turned(OutputId("lamp"), True, 160)
    assert watched.edge(LOOP, True, 200) != ()


def test_the_lower_switch_ends_the_closing() -> None:
    watched = lock(PULSED)
    watched.turned(CLOSE, True, 100)
    assert watched.edge(DOWN, False, 110) == ()
    assert watched.edge(DOWN, None, 115) == ()
    assert watched.edge(LOOP, False, 120) == ()
    assert watched.edge(DOWN, True, 130) == ()
    assert watched.edge(LOOP, True, 140) == ()


def test_a_held_arm_is_held_again() -> None:
    watched = lock(HELD)
    watched.turned(HOLD, False, 100)
    assert watched.edge(LOOP, True, 200) == (Act(HOLD, True, None),)


def test_a_shared_safety_input_lifts_every_arm_that_goes_down() -> None:
    watched = lock(PULSED, HELD)
    watched.turned(CLOSE, True, 100)
    watched.turned(HOLD, False, 100)
    lifted = watched.edge(LOOP, True, 200)
    assert lifted == (Act(CLOSE, False), Act(OPEN, True, 300), Act(HOLD, True, None))


def test_guards_names_the_safety_inputs() -> None:
    watched = lock(PULSED, HELD)
    assert [watched.guards(name) for name in (LOOP, BEAM, DOWN, BELL)] == [True, True, False, False]


class Bank(RuleBasedStateMachine):
    """Any order of wishes and edges, carried out as the driver does; two arms share a loop."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1
        self.lock = lock(PULSED, ArmPlan(open=Relay(HOLD, Drive.MAINTAINED), safety=(LOOP,)))
        self.on = dict.fromkeys((OPEN, CLOSE, STOP, HOLD), False)
        self.levels: dict[InputId, bool | None] = {LOOP: False, BEAM: False, DOWN: True}
        self.lowering: dict[OutputId, int] = {}

    def apply(self, acts: Iterable[Act]) -> None:
        for act in acts:
            self.on[act.output] = act.on
            self.lock.turned(act.output, act.on, self.now)
            if (act.output, act.on) == (HOLD, False):
                self.lowering[HOLD] = self.now + TRAVEL
            elif act.output == HOLD:
                self.lowering.pop(HOLD, None)
            elif (act.output, act.on) == (CLOSE, True):
                self.lowering[OPEN] = self.now + TRAVEL
            elif act.on:
                self.lowering.pop(OPEN, None)

    @rule(output=st.sampled_from((OPEN, CLOSE, STOP, HOLD)), on=st.booleans())
    def wish(self, output: OutputId, on: bool) -> None:
        clear = [self.levels[name] is False for name in (LOOP, BEAM)]
        refused = self.lock.refuse(output, on, self.levels)
        if (output, on) == (CLOSE, True):
            assert (refused is None) is all(clear)
        elif (output, on) == (HOLD, False):
            assert (refused is None) is clear[0]
        else:
            assert refused is None
        if refused is None:
            self.apply((*self.lock.before(output, on), Act(output, on)))

    @rule(passed=st.integers(1, TRAVEL))
    def time_passes(self, passed: int) -> None:
        self.now += passed

    @rule(name=st.sampled_from((LOOP, BEAM)), level=st.sampled_from((True, False, None)))
    def safety(self, name: InputId, level: bool | None) -> None:
        self.levels[name] = level
        threatened = {
            arm
            for arm, until in self.lowering.items()
            if self.now < until and (arm == OPEN or name == LOOP)
        }
        acts = self.lock.edge(name, level, self.now)
        lifted = {act.output for act in acts if act.on}
        assert lifted == (set() if level is False else threatened)
        self.apply(acts)

    @precondition(lambda self: self.lowering)
    @rule(active=st.booleans())
    def switch(self, active: bool) -> None:
        self.levels[DOWN] = active
        assert self.lock.edge(DOWN, active, self.now) == ()
        if active:
            self.lowering.pop(OPEN, None)

    @invariant()
    def never_both(self) -> None:
        assert not (self.on[OPEN] and self.on[CLOSE])


TestBank = Bank.TestCase


def test_open_and_close_held_both_exclude_each_other() -> None:
    watched = lock(BOTH_HELD)
    assert watched.before(CLOSE, True) == (Act(OPEN, False),)
    assert watched.refuse(OPEN, False, {LOOP: True}) is not None
    watched.turned(CLOSE, True, 100)
    assert watched.edge(LOOP, True, 200) == (Act(CLOSE, False), Act(OPEN, True, None))
