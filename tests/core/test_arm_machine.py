"""Anything may happen to an arm, in any order and as late as it likes: what must never happen.

The arm runs in `tests.core.rig`: with its interlock, its relays and its timers. A transition is one
event that the lane was given (an input, a timer, an order, a grant, a test, a fault, what the
interlock did, a lock, a restart). They are counted: every wiring has its share of 20,000 where
``GATE_PROFILE`` is ``ci``, of a million where it is ``nightly``, and fails if it had fewer.
"""

import os
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from agent.core.arm import Lock, Pause, Proof, State
from agent.core.draft import Draft
from agent.core.effects import PulseRelay, StartTimer, SwitchRelay
from agent.core.entries import EntryType
from agent.core.ids import InputId, OutputId
from agent.core.lane import LaneState
from agent.core.lane_state import view
from agent.core.model import ClockQuality, Direction
from agent.core.motion import can_lower, ends
from agent.core.plan import (
    ArmKind,
    ArmPlan,
    Blocked,
    Button,
    Drive,
    Ladder,
    LanePlan,
    Relay,
    SensorTest,
)
from tests.core.builders import (
    BARE,
    BEAM,
    CLOSE,
    CLOSED,
    FULL,
    LOOP,
    MAINTAINED,
    NO_LOOP,
    OPEN,
    OPENED,
    SECOND,
    SELF_CLOSING,
    gate_plan,
    lane_plan,
)
from tests.core.rig import Pending, Rig

NIGHTLY = os.environ.get("GATE_PROFILE", "ci") == "nightly"
TRANSITIONS = 1_000_000 if NIGHTLY else 20_000
EXAMPLES = 700 if NIGHTLY else 20
STEPS = 50

BUTTONS = {Button.CLOSE: InputId("button-close"), Button.STOP: InputId("button-stop")}
LADDER = Ladder(5 * SECOND, 10 * SECOND, (20 * SECOND,))
ARMS: dict[str, ArmPlan] = {
    "all": replace(FULL, ladder=LADDER),
    "maintained": MAINTAINED,
    "maintained, no switch": replace(MAINTAINED, opened=None, closed=None),
    "close held": replace(FULL, close=Relay(CLOSE.output, Drive.MAINTAINED), stop=None),
    "closes itself": SELF_CLOSING,
    "closes itself, lower switch": replace(SELF_CLOSING, opened=None, closes_itself=True),
    "no loop": NO_LOOP,
    "bare": BARE,
    "lower switch": replace(FULL, opened=None, retries=1),
    "upper switch": replace(FULL, closed=None, retries=0),
    "tested": replace(FULL, tests={BEAM: SensorTest(OutputId("test"))}),
    "dead man": replace(FULL, when_blocked=Blocked.DEAD_MAN, buttons=BUTTONS),
    "dead man, maintained": replace(MAINTAINED, when_blocked=Blocked.DEAD_MAN, buttons=BUTTONS),
    "all loops": replace(FULL, approach=InputId("approach"), exit=InputId("exit")),
    "door": ArmPlan(OPEN, closed=CLOSED, kind=ArmKind.DOOR, ladder=LADDER),
    "door, no contact": ArmPlan(OPEN, kind=ArmKind.DOOR),
}
INPUTS = (LOOP, BEAM, OPENED, CLOSED, InputId("approach"), InputId("exit"), *BUTTONS.values())
LEVELS = st.sampled_from([True, False, False, None])
KINDS = ("open", "close", "stop", "hold_open", "release_hold", "fault.clear", "priority")
ADMITS = {"open", "priority", "grant"}
QUIET = ("refused", "restored", "stop", *map(str, INPUTS), "timer wait", "timer alarm", "tested")
"""What may happen after a start without anybody wanting the arm to move."""
seen: Counter[str] = Counter()


class Arm(RuleBasedStateMachine):
    """An arm in the hands of chance."""

    arm: ArmPlan = BARE

    @initialize(clear=st.booleans())
    def begin(self, clear: bool) -> None:
        arm = self.arm
        self.plan: LanePlan = lane_plan(arm, Direction.BOTH)
        self.rig = Rig(self.plan, gate_plan(arm))
        self.rig.after = self.check
        self.rig.lowering = self.check_lowering
        self.stopped = False
        self.fresh = True
        for name in INPUTS if clear else ():
            self.rig.edge(name, name == CLOSED)
        self.rig.work()

    @rule(name=st.sampled_from(INPUTS), level=LEVELS, fault=st.booleans(), late=st.booleans())
    def input_changes(self, name: InputId, level: bool | None, fault: bool, late: bool) -> None:
        self.rig.edge(name, level, "contacts contradict" if fault and level is None else "")
        self.work(late)

    @rule(names=st.lists(st.tuples(st.sampled_from(INPUTS), st.booleans()), max_size=12))
    def inputs_chatter(self, names: list[tuple[InputId, bool]]) -> None:
        for name, level in names:
            self.rig.edge(name, level)
        self.rig.work()

    @rule()
    def all_clear(self) -> None:
        for name in (LOOP, BEAM, *BUTTONS.values()):
            self.rig.edge(name, False)
        self.rig.work()

    @rule(up=st.booleans())
    def arm_arrives(self, up: bool) -> None:
        for name in (OPENED, CLOSED):
            self.rig.edge(name, False)
        self.rig.edge(OPENED if up else CLOSED, True)
        self.rig.work()

    @rule(down=st.booleans())
    def all_goes_well(self, down: bool) -> None:
        """So that what needs a working arm is met often enough."""
        self.all_clear()
        self.rig.broken.clear()
        self.rig.emergency(Lock.NONE)
        self.rig.order("fault.clear")
        self.rig.order("release_hold")
        self.rig.order("open")
        self.rig.work()
        self.arm_arrives(up=True)
        if down:
            self.rig.order("close")
            self.rig.work()

    @rule(times=st.integers(1, 6))
    def somebody_walks_to_and_fro(self, times: int) -> None:
        for level in [True, False] * times:
            self.rig.edge(BEAM, level)
            self.rig.work()

    @rule(kind=st.sampled_from(KINDS), named=st.booleans(), until=st.booleans(), late=st.booleans())
    def somebody_orders(self, kind: str, named: bool, until: bool, late: bool) -> None:
        args = {"for": "王小明"} if named else {}
        if until:
            end = self.rig.draft(self.rig.now).local.replace(microsecond=0)
            args["until"] = end.replace(
                hour=end.hour + 1 if end.hour < 23 else end.hour
            ).isoformat()
        self.rig.order(kind, **args)
        self.work(late)

    @rule(card=st.sampled_from("AB"), out=st.booleans(), late=st.booleans())
    def card_is_granted(self, card: str, out: bool, late: bool) -> None:
        self.rig.grant(card, Direction.OUT if out else Direction.IN)
        self.work(late)

    @rule(seconds=st.sampled_from([0.1, 1, 3, 6, 11, 16, 60]))
    def time_goes(self, seconds: float) -> None:
        self.rig.work()
        self.rig.pass_time(seconds)

    @rule(lock=st.sampled_from(Lock), late=st.booleans())
    def emergency(self, lock: Lock, late: bool) -> None:
        self.rig.emergency(lock)
        self.work(late)

    @rule(relay=st.sampled_from(["open", "close", "stop"]), broken=st.booleans())
    def relay_breaks(self, relay: str, broken: bool) -> None:
        (self.rig.broken.add if broken else self.rig.broken.discard)(OutputId(relay))

    @rule(fails=st.booleans(), silent=st.booleans())
    def sensors_fail(self, fails: bool, silent: bool) -> None:
        self.rig.failing, self.rig.untested = ((BEAM,) if fails else ()), silent

    @rule(fails=st.booleans())
    def sensors_answer_late(self, fails: bool) -> None:
        if self.rig.plan.arm.tests:
            self.rig.answer_test((BEAM,) if fails else ())
            self.rig.work()

    @rule(trusted=st.booleans())
    def restart(self, trusted: bool) -> None:
        self.rig.quality = ClockQuality.SYNCED if trusted else ClockQuality.UNKNOWN
        self.rig.restart()
        self.stopped, self.fresh = False, True
        self.rig.work()

    def work(self, late: bool) -> None:
        if not late:
            self.rig.work()

    # What must hold

    def check_lowering(self) -> None:
        """A relay that brings the arm down is driven, and the interlock let it."""
        levels = self.rig.levels
        assert all(levels.get(name) is False for name in self.plan.arm.safety), "on somebody"
        assert self.rig.lock is not Lock.FIRE, "fire wins"

    def check(self, pending: Pending, before: LaneState, out: Draft) -> None:
        """One transition of the lane is over."""
        seen[pending.name.split()[0]] += 1
        seen[self.rig.lane.arm.state] += 1
        refused = any("refused" in entry.data for entry in out.entries)
        name = "refused" if refused else pending.name.removeprefix("order ")
        self.remember(name, before.arm.lock)
        relays = [each for each in out.effects if isinstance(each, PulseRelay | SwitchRelay)]
        mine = [each for each in relays if each.output in ("open", "close", "stop")]
        lowers = [each for each in mine if self.lowers(each)]
        raises = [each for each in mine if each.output == "open" and each not in lowers]
        assert len(mine) == len(lowers) + len(raises), "the stop relay is the interlock's"
        if lowers:
            self.check_lowered()
            assert name == "tested" or not self.plan.arm.tests, "its sensors were not tested"
        if name in ADMITS:
            assert self.rig.lane.arm.state is not State.CLOSING, "open wins"
            assert raises or before.arm.state is State.FAULTED
        if self.fresh:
            rescues = before.arm.state is State.CLOSING and not lowers
            assert not mine or rescues, "a start moves nothing but what is seen to come down"
        if name in ("protected raised", "protected reopened", "protected fire"):
            assert not mine, "what the interlock did is not done again"
        self.check_fault(name, before, out)
        timers = [each for each in out.effects if isinstance(each, StartTimer)]
        assert all(each.at_ns > out.at.mono_ns for each in timers)

    def remember(self, name: str, lock: Lock) -> None:
        """What the guard wanted last, and whether anybody wanted anything since the start."""
        if name in ("stop", "protected stopped") and lock is not Lock.FIRE:
            self.stopped = True
        elif name in ADMITS | {"close", "hold_open"} or self.rig.lane.arm.lock is Lock.FIRE:
            self.stopped = False
        if self.rig.lane.arm.state is State.CLOSED:
            self.stopped = False  # it is down: a stop keeps nothing up
        if not name.startswith(QUIET):
            self.fresh = False

    def check_lowered(self) -> None:
        """The lane wants its arm down: then everything that it knows has to allow it."""
        lane = self.rig.lane
        assert all(lane.levels.get(name) is False for name in self.plan.arm.safety)
        assert not self.stopped, "after a stop nothing comes down by itself"
        assert lane.arm.lock is not Lock.FIRE
        assert not lane.arm.held
        assert lane.arm.state is State.CLOSING

    def check_fault(self, name: str, before: LaneState, out: Draft) -> None:
        """A fault is written down, and left by a person."""
        was, now = before.arm, self.rig.lane.arm
        kinds = [entry.type for entry in out.entries]
        if was.state is State.FAULTED is not now.state:
            assert name in ("fault.clear", "restored")
        if now.state is State.FAULTED:
            assert now.fault
            again = was.state is State.FAULTED and name != "fault.clear"
            assert (EntryType.ARM_FAULTED in kinds) is not again

    def lowers(self, effect: PulseRelay | SwitchRelay) -> bool:
        on = isinstance(effect, PulseRelay) or effect.on
        return self.rig.lowers(effect.output, on)

    @invariant()
    def relays_keep_their_limits(self) -> None:
        on, arm = self.rig.on, self.plan.arm
        assert len({"open", "close", "stop"} & set(on)) <= 1 or arm.close is None
        for name, until_ns in on.items():
            relay = next(
                each
                for each in (arm.open, arm.close, arm.stop)
                if each is not None and each.output == name
            )
            if relay.drive is Drive.PULSE:
                assert until_ns is not None
                assert until_ns - self.rig.now_ns <= relay.pulse_ms * 1_000_000
            else:
                assert until_ns is None

    @invariant()
    def timers_run_for_what_is_under_way(self) -> None:
        if self.rig.inbox:
            return
        arm, timers = self.rig.lane.arm, {key.partition(":")[0] for key in self.rig.timers}
        assert ("travel" in timers) is (arm.state in (State.OPENING, State.CLOSING))
        assert ("retry" in timers) is (arm.pause is Pause.RETRY)
        assert ("test" in timers) is (arm.pause is Pause.TEST)
        assert arm.held or "hold" not in timers

    @invariant()
    def what_is_due_happens(self) -> None:
        lane = self.rig.lane
        arm = lane.arm
        if arm.due:
            assert can_lower(self.plan.arm)
            assert arm.lock is not Lock.FIRE
            assert not arm.held
            blocked = any(lane.levels.get(name) is not False for name in self.plan.arm.safety)
            coming = arm.state in (State.UNKNOWN, State.OPENING, State.OPEN)
            assert arm.state is State.CLOSING or (
                coming and (blocked or arm.pause is not Pause.NONE)
            )
        assert arm.due or arm.pause is Pause.NONE
        assert arm.tries <= self.plan.arm.retries + 1

    @invariant()
    def what_is_held_stays_up(self) -> None:
        arm = self.rig.lane.arm
        assert not arm.held or arm.state in (State.OPENING, State.HELD_OPEN)
        assert arm.state is not State.HELD_OPEN or arm.held

    @invariant()
    def nothing_is_claimed_that_nothing_tells(self) -> None:
        lane = self.rig.lane
        found, looks = ends(self.plan.arm, lane.levels), view(self.plan, lane)
        if looks.proof == Proof.SWITCH:
            assert found.top if looks.position == "open" else found.bottom
        elif looks.proof == Proof.ASSUMED:
            assert looks.position in ("open", "closed")
            switch = found.top if looks.position == "open" else found.bottom
            assert switch is None
        else:
            assert looks.position not in ("open", "closed")
        assert not found.contradict or lane.arm.state is State.FAULTED
        assert looks.waiting == lane.passages.waiting


@pytest.mark.parametrize("wiring", ARMS)
def test_an_arm_in_the_hands_of_chance(wiring: str) -> None:
    seen.clear()
    machine = type("Wired", (Arm,), {"arm": ARMS[wiring]})
    often = settings(max_examples=EXAMPLES, stateful_step_count=STEPS)
    run_state_machine_as_test(machine, settings=often)
    transitions = sum(count for name, count in seen.items() if name not in set(State))
    assert transitions >= TRANSITIONS // len(ARMS), f"only {transitions} transitions"
    assert seen[State.OPENING], "the arm has moved"
    assert seen[State.CLOSING] or not can_lower(ARMS[wiring])
