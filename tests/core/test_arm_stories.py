"""What an arm does, told as stories: one lane without its gate, every wiring and every fault.

The words are those of `tests.core.play`; ``arm`` expects ``state position proof mode``.
"""

from dataclasses import replace

import pytest

from agent.core import arm_orders, lane
from agent.core.draft import Draft
from agent.core.events import (
    Event,
    InputChanged,
    OrderReceived,
    OutputFaulted,
    Protected,
    SensorsTested,
    TimerFired,
)
from agent.core.gate_state import Step
from agent.core.ids import InputId, OutputId
from agent.core.lane import LaneState
from agent.core.plan import ArmKind, ArmPlan, Blocked, Button, Ladder, LanePlan, SensorTest
from tests.core.builders import (
    BARE,
    BEAM,
    CLOSED,
    FULL,
    HELD,
    LANE,
    LOOP,
    MAINTAINED,
    OPEN,
    OPENED,
    SECOND,
    SELF_CLOSING,
    a_card,
    gate_plan,
)
from tests.core.play import Play

BUTTONS = {Button.CLOSE: InputId("button-close"), Button.STOP: InputId("button-stop")}
LADDER = replace(FULL, ladder=Ladder(30 * SECOND, 60 * SECOND))
UNSEEN = replace(FULL, opened=None, closed=None)
NARROW = replace(FULL, safety=(BEAM,))
UPPER = replace(FULL, closed=None, loop=None, safety=(), retries=1)
LOWER = replace(FULL, opened=None, loop=None, safety=())
TESTED = replace(FULL, tests={BEAM: SensorTest(OutputId("test"))})
HAND = replace(FULL, stop=None, buttons=BUTTONS, when_blocked=Blocked.DEAD_MAN)
SELF_LOWER = replace(SELF_CLOSING, opened=None, loop=None)
DOOR = ArmPlan(OPEN, closed=CLOSED, kind=ArmKind.DOOR)
DOOR_LADDER = replace(DOOR, ladder=Ladder(5 * SECOND))
BARE_DOOR = ArmPlan(OPEN, kind=ArmKind.DOOR)
HELD_DOOR = ArmPlan(HELD, kind=ArmKind.DOOR)


class OneLane(Play):
    """The lane alone: events go to it directly, and the gate's notes are left out."""

    def do(self, event: Event) -> Step:
        """Lead the event to the lane."""
        plan, out = self.plan.lanes[LANE], Draft(self.plan, self.facts(event), event.at)
        after = self.led(plan, event, out)
        return super().do(event) if after is None else self.stepped(after, out)

    def led(self, plan: LanePlan, event: Event, out: Draft) -> LaneState | None:
        """What the lane makes of it; None for what belongs to the gate."""
        state, after = self.lane, None
        match event:
            case InputChanged():
                after = lane.input_changed(plan, state, event, out)
            case TimerFired(key):
                after = lane.timer(plan, state, key.partition(":")[0], out)
            case SensorsTested():
                after = lane.sensors_tested(plan, state, event, out)
            case Protected():
                after = lane.protected(plan, state, event, out)
            case OutputFaulted():
                after = lane.output_faulted(plan, state, event, out)
            case OrderReceived(order):
                if isinstance(arm_orders.asked(self.plan.lanes, order), LanePlan):
                    after = arm_orders.ordered(plan, state, order, out)
        return after


STORIES: dict[str, tuple[ArmPlan, str]] = {
    "held open and released": (
        FULL,
        """
        arm > closed closed switch normal
        order hold_open > arm.ordered; done 200; pulse open; travel; hold no more
        arm > opening closed switch held_open
        closed off >
        opened on > arm.opened; travel no more
        arm > held_open open switch held_open
        tap A > granted; wait; pulse open; show granted
        time wait > passage.ended no_entry
        order close > arm.ordered refused; rejected 423
        order release_hold > arm.ordered; done 200; hold no more; pulse close; travel
        arm > closing open switch normal
        opened off >
        closed on > arm.closed; travel no more
        arm > closed closed switch normal
        order release_hold > arm.ordered refused; rejected 409
        """,
    ),
    "a hold with an end": (
        FULL,
        """
        order hold_open until=2026-03-04T13:00 > arm.ordered; done 200; pulse open; travel; hold
        closed off >
        opened on > arm.opened; travel no more
        time hold > arm.released; pulse close; travel
        opened off >
        closed on > arm.closed; travel no more
        """,
    ),
    "a hold is given another end, then none": (
        FULL,
        """
        order hold_open until=2026-03-04T13:00 > arm.ordered; done 200; pulse open; travel; hold
        order hold_open until=2026-03-04T14:00 > arm.ordered; done 200; pulse open; hold
        order hold_open > arm.ordered; done 200; pulse open; hold no more
        order release_hold > arm.ordered; done 200; hold no more; pulse close; travel
        """,
    ),
    "ends of a hold that make no sense": (
        FULL,
        """
        order hold_open until=soon > arm.ordered refused; rejected 422
        order hold_open until=2026-03-04T11:59 > arm.ordered refused; rejected 422
        order hold_open until=2026-03-04T13:00+08:00 > arm.ordered refused; rejected 422
        """,
    ),
    "a stop ends a hold": (
        FULL,
        """
        order hold_open > arm.ordered; done 200; pulse open; travel; hold no more
        closed off >
        opened on > arm.opened; travel no more
        order stop > arm.ordered; arm.released; done 200; hold no more
        arm > stopped open switch stopped
        beam on >
        beam off >
        order close > arm.ordered; done 200; wait no more; pulse close; travel
        arm > closing open switch normal
        """,
    ),
    "what is held and leaves the top was moved by something else": (
        FULL,
        """
        order hold_open > arm.ordered; done 200; pulse open; travel; hold no more
        closed off >
        opened on > arm.opened; travel no more
        opened off > arm.forced; alarm.raised
        arm > held_open unknown none held_open
        opened on > arm.opened
        arm > held_open open switch held_open
        opened lost >
        arm > held_open unknown none held_open
        closed on > arm.closed; arm.forced; alarm.raised; arm.released; hold no more
        arm > closed closed switch normal
        """,
    ),
    "after a restart a hold is in force and nothing moves": (
        FULL,
        """
        restored 0 >
        arm > held_open unknown none held_open
        opened on >
        arm > held_open open switch held_open
        order release_hold > arm.ordered; done 200; hold no more
        arm > open open switch normal
        """,
    ),
    "a restored hold ends in its time": (
        FULL,
        """
        restored 60 > hold
        time hold > arm.released
        arm > unknown unknown none normal
        """,
    ),
    "a hold that ended meanwhile stays, and alarms": (
        LADDER,
        """
        restored -60 > alarm
        arm > held_open unknown none held_open
        time alarm > alarm.raised; alarm
        order release_hold > arm.ordered; alarm.ended; done 200; hold no more; alarm no more
        arm > unknown unknown none normal
        """,
    ),
    "a restored hold of an arm that has come down": (
        FULL,
        """
        restored 0 >
        closed on > arm.released; hold no more
        arm > closed closed switch normal
        """,
    ),
    "fire raises and refuses": (
        FULL,
        """
        lock fire > travel
        arm > opening closed switch fire
        protect open fire >
        closed off >
        opened on > arm.opened; travel no more
        arm > open open switch fire
        order close > arm.ordered refused; rejected 423
        order stop > arm.ordered refused; rejected 423
        order release_hold > arm.ordered refused; rejected 409
        order hold_open > arm.ordered; done 200; pulse open; hold no more
        tap A > granted; wait; pulse open; show granted
        time wait > passage.ended no_entry
        lock none >
        arm > held_open open switch held_open
        lock none >
        """,
    ),
    "fire while it goes down": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened on > arm.opened; travel no more
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; pulse close; \
            travel
        lock fire > travel
        protect open fire >
        time travel >
        arm > open open switch fire
        """,
    ),
    "fire keeps a hold, and its end does not lower": (
        FULL,
        """
        order hold_open until=2026-03-04T13:00 > arm.ordered; done 200; pulse open; travel; hold
        closed off >
        opened on > arm.opened; travel no more
        lock fire >
        time hold > arm.released
        lock none >
        arm > open open switch normal
        """,
    ),
    "lockdown ends a hold": (
        FULL,
        """
        order hold_open > arm.ordered; done 200; pulse open; travel; hold no more
        closed off >
        opened on > arm.opened; travel no more
        lock lockdown > arm.released; hold no more; pulse close; travel
        arm > closing open switch lockdown
        order hold_open > arm.ordered refused; rejected 423
        order open > arm.ordered refused; rejected 423
        order priority > arm.ordered refused; rejected 423
        order open for=王小明 > arm.ordered; done 200; wait; pulse open; travel
        """,
    ),
    "lockdown of an arm on its way up for a hold": (
        FULL,
        """
        order hold_open > arm.ordered; done 200; pulse open; travel; hold no more
        lock lockdown > arm.released; hold no more; pulse close; travel
        arm > closing closed switch lockdown
        """,
    ),
    "opening takes too long": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        time travel > pulse open; travel
        time travel > pulse open; travel
        time travel > pulse open; travel
        time travel > arm.faulted; passage.ended no_entry; wait no more
        arm > faulted unknown none faulted
        order close > arm.ordered refused; rejected 423
        order hold_open > arm.ordered refused; rejected 423
        order open > arm.ordered; done 200; wait; pulse open
        order open > arm.ordered; done 200; wait; pulse open
        opened on > arm.opened
        arm > faulted open switch faulted
        opened off >
        order open > arm.ordered; done 200; wait; pulse open
        order open > arm.ordered; done 200; wait; pulse open
        order open > arm.ordered; done 200; wait; pulse open
        order open > arm.ordered refused; rejected 423
        order fault.clear > arm.cleared asked; done 200
        arm > unknown unknown none normal
        order fault.clear > arm.ordered refused; rejected 409
        """,
    ),
    "closing takes too long": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened on > arm.opened; travel no more
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; pulse close; \
            travel
        opened off >
        time travel > retry
        arm > unknown unknown none normal
        time retry > pulse close; travel
        time travel > retry
        time retry > pulse close; travel
        time travel > retry
        time retry > pulse close; travel
        time travel > arm.faulted; wait no more
        arm > faulted unknown none faulted
        beam on >
        beam off >
        opened on > arm.opened
        order fault.clear > arm.cleared asked; done 200
        arm > open open switch normal
        """,
    ),
    "both switches": (
        FULL,
        """
        opened on > arm.faulted; wait no more
        arm > faulted unknown none faulted
        order fault.clear > arm.cleared asked; arm.faulted; done 200
        closed off >
        order fault.clear > arm.cleared asked; done 200
        arm > open open switch normal
        """,
    ),
    "lifted by hand": (
        FULL,
        """
        closed off > arm.forced; alarm.raised
        arm > unknown unknown none normal
        opened on > arm.opened
        arm > open open switch normal
        """,
    ),
    "pushed down by hand": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened on > arm.opened; travel no more
        opened off > arm.forced; alarm.raised
        arm > unknown unknown none normal
        closed on > arm.closed
        """,
    ),
    "only the upper switch": (
        UPPER,
        """
        order close > arm.ordered; done 200; wait no more; pulse close; travel
        time travel >
        arm > closed closed assumed normal
        opened on > arm.opened; arm.forced; alarm.raised
        arm > open open switch normal
        order close > arm.ordered; done 200; wait no more; pulse close; travel
        time travel > retry
        opened off >
        arm > unknown unknown none normal
        time retry > pulse close; travel
        time travel >
        arm > closed closed assumed normal
        order open > arm.ordered; done 200; wait; pulse open; travel
        time travel > pulse open; travel
        opened on > arm.opened; travel no more
        arm > open open switch normal
        """,
    ),
    "only the lower switch": (
        LOWER,
        """
        arm > closed closed switch normal
        order open > arm.ordered; done 200; wait; pulse open; travel
        time travel > pulse open; travel
        closed off >
        time travel >
        arm > open open assumed normal
        order close > arm.ordered; passage.ended unobserved; done 200; wait no more; \
            pulse close; travel
        closed on > arm.closed; travel no more
        arm > closed closed switch normal
        """,
    ),
    "no switch": (
        BARE,
        """
        arm > unknown unknown none normal
        order open > arm.ordered; done 200; wait; pulse open; travel
        time travel >
        arm > open open assumed normal
        order close > arm.ordered; passage.ended unobserved; done 200; wait no more; \
            pulse close; travel
        time travel >
        arm > closed closed assumed normal
        order close > arm.ordered; done 200; wait no more; pulse close; travel
        arm > closing closing none normal
        """,
    ),
    "a switch that is lost": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened lost >
        time travel >
        arm > open open assumed normal
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; pulse close; \
            travel
        closed lost >
        time travel >
        arm > closed closed assumed normal
        closed on >
        closed lost >
        arm > unknown unknown none normal
        """,
    ),
    "a switch that denies what was assumed": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened lost >
        time travel >
        arm > open open assumed normal
        opened off >
        arm > unknown unknown none normal
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; pulse close; \
            travel
        closed lost >
        time travel >
        arm > closed closed assumed normal
        closed off >
        arm > unknown unknown none normal
        order hold_open > arm.ordered; done 200; pulse open; travel; hold no more
        opened lost >
        time travel >
        arm > held_open open assumed held_open
        opened off >
        arm > held_open unknown none held_open
        """,
    ),
    "open while it goes down": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened on > arm.opened; travel no more
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; pulse close; \
            travel
        opened off >
        order open > arm.ordered; done 200; wait; pulse open; travel
        opened on > arm.opened; travel no more
        arm > open open switch normal
        """,
    ),
    "a beam while it goes down": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened on > arm.opened; travel no more
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; pulse close; \
            travel
        beam on > pulse open; travel; retry
        opened off >
        opened on > arm.opened; travel no more
        beam off > retry no more; pulse close; travel
        beam lost > pulse open; travel; retry
        beam off > retry no more; pulse close; travel
        beam on > pulse open; travel; retry
        beam off > retry no more; pulse close; travel
        beam on > arm.faulted; pulse open; travel; retry; travel no more; retry no more; \
            wait no more
        arm > faulted open switch faulted
        beam off >
        """,
    ),
    "the interlock was first": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened on > arm.opened; travel no more
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; pulse close; \
            travel
        protect open > travel; retry
        beam on >
        time retry >
        beam off > pulse close; travel
        """,
    ),
    "a beam that no look has seen": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; pulse close; \
            travel
        protect open > travel; retry
        time retry > pulse close; travel
        """,
    ),
    "the operator turns round": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened on > arm.opened; travel no more
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; pulse close; \
            travel
        opened off >
        opened on > arm.opened; travel no more; retry
        time retry > pulse close; travel
        """,
    ),
    "sensors are tested": (
        TESTED,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; TestSensors; \
            test
        tested > test no more; pulse close; travel
        time test >
        closed off >
        opened on > arm.opened; travel no more; retry
        order close > arm.ordered; done 200; wait no more; retry no more; TestSensors; test
        tested beam > test no more; retry
        time retry > TestSensors; test
        time test > test no more; retry
        time retry > TestSensors; test
        order open > arm.ordered; done 200; wait; pulse open; test no more
        tested >
        arm > open open switch normal
        """,
    ),
    "no sensor answers": (
        TESTED,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; TestSensors; \
            test
        tested beam > test no more; retry
        time retry > TestSensors; test
        tested beam > test no more; retry
        time retry > TestSensors; test
        tested beam > test no more; retry
        time retry > TestSensors; test
        tested beam > arm.faulted; test no more; retry; travel no more; retry no more; wait no more
        arm > faulted closed switch faulted
        """,
    ),
    "a beam during the test": (
        TESTED,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; TestSensors; \
            test
        beam on >
        tested > test no more
        beam off > TestSensors; test
        tested > test no more; pulse close; travel
        """,
    ),
    "the guard lowers it by hand": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened on > arm.opened; travel no more
        beam on >
        protect close dead_man button-close > travel
        arm > closing open switch normal
        time travel >
        arm > open open switch normal
        """,
    ),
    "the held button is let go and nothing can stop it": (
        HAND,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        protect close dead_man button-close > travel
        protect open reopened button-close > travel; travel no more
        arm > stopped closed switch stopped
        opened on > arm.faulted; passage.ended no_entry; wait no more
        arm > faulted unknown none faulted
        """,
    ),
    "the stop button where nothing can stop it": (
        HAND,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; pulse close; \
            travel
        protect open reopened button-stop > travel; retry; travel no more; retry no more
        arm > stopped closed switch stopped
        beam on >
        beam off >
        """,
    ),
    "stop at the edge": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        protect stop stopped > travel no more
        arm > stopped closed switch stopped
        order stop > arm.ordered; done 200
        order stop > arm.ordered; done 200
        order open > arm.ordered; done 200; wait; pulse open; travel
        """,
    ),
    "the stop relay fails": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        fault stop > arm.faulted; passage.ended no_entry; travel no more; wait no more
        arm > faulted closed switch faulted
        """,
    ),
    "relays fail": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        fault close >
        fault open > travel no more
        arm > closed closed switch normal
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened on > arm.opened; travel no more
        fault open >
        order close > arm.ordered; passage.ended no_entry; passage.ended no_entry; done 200; \
            wait no more; pulse close; travel
        fault open >
        fault close > travel no more; retry
        arm > open open switch normal
        time retry > pulse close; travel
        fault close > travel no more; retry
        beam on >
        beam off > retry no more; pulse close; travel
        fault close > travel no more; retry
        time retry > pulse close; travel
        fault close > arm.faulted; travel no more; retry; retry no more; wait no more
        arm > faulted open switch faulted
        """,
    ),
    "a held relay fails to let go": (
        MAINTAINED,
        """
        order open > arm.ordered; done 200; wait; hold open; travel
        fault open > travel no more
        arm > closed closed switch normal
        order open > arm.ordered; done 200; wait; hold open; travel
        order close > arm.ordered; passage.ended no_entry; passage.ended no_entry; done 200; \
            wait no more; release open; travel
        fault open > travel no more; retry; retry no more
        time retry >
        """,
    ),
    "self closing": (
        SELF_CLOSING,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened on > arm.opened; travel no more
        opened off > travel
        arm > closing closing none normal
        closed on > arm.closed; travel no more
        arm > closed closed switch normal
        order hold_open > rejected 422
        """,
    ),
    "self closing, reversed": (
        SELF_CLOSING,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened on > arm.opened; travel no more
        opened off > travel
        beam on > pulse open; travel
        arm > opening opening none normal
        opened on > arm.opened; travel no more
        opened off > travel
        time travel >
        arm > unknown unknown none normal
        """,
    ),
    "self closing, lower switch": (
        SELF_LOWER,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        time travel >
        arm > open open assumed normal
        time wait > passage.ended unobserved
        arm > unknown unknown none normal
        closed on > arm.closed
        arm > closed closed switch normal
        """,
    ),
    "door": (
        DOOR,
        """
        arm > closed closed switch normal
        order open > arm.ordered; done 200; wait; pulse open; travel
        arm > opening opening none normal
        closed off > arm.opened; wait no more; travel no more
        arm > open open switch normal
        time travel >
        closed on > passage.ended passed; arm.closed
        arm > closed closed switch normal
        order open > arm.ordered; done 200; wait; pulse open; travel
        time travel >
        arm > closed closed switch normal
        closed off > arm.opened; arm.forced; alarm.raised; wait no more
        arm > open open switch normal
        closed on > passage.ended passed; arm.closed
        closed lost >
        arm > unknown unknown none normal
        order close > rejected 422
        order hold_open > rejected 422
        order stop > rejected 422
        """,
    ),
    "door in a fire": (
        DOOR,
        """
        lock fire > travel
        arm > opening opening none fire
        time travel > travel
        arm > opening opening none fire
        closed off > arm.opened; travel no more
        arm > open open switch fire
        closed on > arm.closed; travel
        arm > opening opening none fire
        closed off > arm.opened; travel no more
        protect open fire >
        closed on > arm.closed; travel
        lock none >
        arm > opening opening none normal
        time travel >
        arm > closed closed switch normal
        closed off > arm.opened; arm.forced; alarm.raised
        """,
    ),
    "held strike in a fire": (
        HELD_DOOR,
        """
        lock fire > travel
        time travel > travel
        lock none >
        time travel > release open
        arm > closed closed assumed normal
        """,
    ),
    "door held open": (
        DOOR_LADDER,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off > arm.opened; wait no more; travel no more; alarm
        time alarm > alarm.raised
        closed on > passage.ended passed; arm.closed; alarm.ended
        """,
    ),
    "door without contact": (
        BARE_DOOR,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        arm > opening opening none normal
        time travel >
        arm > closed closed assumed normal
        """,
    ),
    "stays open": (
        LADDER,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened on > arm.opened; travel no more
        beam on >
        time wait > passage.ended no_entry; alarm
        time alarm > alarm.raised; alarm
        beam off > pulse close; travel
        time travel > retry
        opened off >
        closed on > arm.closed; alarm.ended; retry no more; alarm no more
        """,
    ),
    "faulty input": (
        FULL,
        """
        beam fault cut wire >
        order close > arm.ordered refused; rejected 423
        beam off >
        order close > arm.ordered; done 200; wait no more
        """,
    ),
    "held strike": (
        HELD_DOOR,
        """
        order open > arm.ordered; done 200; wait; hold open; travel
        time travel > release open
        arm > closed closed assumed normal
        """,
    ),
    "the interlock stopped it before the close was known to fail": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened on > arm.opened; travel no more
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; pulse close; \
            travel
        protect stop stopped > travel no more
        fault close >
        arm > stopped open switch stopped
        fault lamp >
        """,
    ),
    "hold over before it is up": (
        FULL,
        """
        order hold_open until=2026-03-04T13:00 > arm.ordered; done 200; pulse open; travel; hold
        time hold > arm.released; pulse close; travel
        arm > closing closed switch normal
        """,
    ),
    "timers that nobody waits for": (
        FULL,
        """
        time travel >
        time retry >
        time test >
        time hold >
        time alarm >
        time wait >
        tested >
        time dinner >
        """,
    ),
    "an arm that is told to close twice": (
        FULL,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        opened on > arm.opened; travel no more
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; pulse close; \
            travel
        order close > arm.ordered; done 200; wait no more
        tap A > granted; wait; pulse open; travel; show granted
        order close > arm.ordered; passage.ended no_entry; done 200; wait no more; pulse close; \
            travel
        """,
    ),
    "lower switch comes late": (
        LOWER,
        """
        order open > arm.ordered; done 200; wait; pulse open; travel
        closed off >
        time travel >
        order close > arm.ordered; passage.ended unobserved; done 200; wait no more; \
            pulse close; travel
        time travel > retry
        closed on > arm.closed; retry no more
        arm > closed closed switch normal
        """,
    ),
    "fire while it is held, restored": (
        FULL,
        """
        restored 0 >
        lock fire >
        protect open fire >
        arm > held_open unknown none fire
        """,
    ),
    "a guard lowers by hand and a vehicle passes meanwhile": (
        NARROW,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        opened on > arm.opened; travel no more
        loop on > wait no more
        protect close dead_man button-close > travel
        loop off > passage.ended passed
        arm > closing open switch normal
        beam on > pulse open; travel; retry
        beam off > retry no more; pulse close; travel
        """,
    ),
    "both switches, in passing": (
        FULL,
        """
        closed off > arm.forced; alarm.raised
        opened on > arm.opened
        closed on > arm.faulted; wait no more
        arm > faulted unknown none faulted
        closed off >
        """,
    ),
    "what is raised by hand and released": (
        FULL,
        """
        closed lost >
        closed off >
        arm > unknown unknown none normal
        """,
    ),
    "a vehicle on the loop of an arm with a hold": (
        FULL,
        """
        order hold_open > arm.ordered; done 200; pulse open; travel; hold no more
        closed off >
        opened on > arm.opened; travel no more
        loop on >
        order release_hold > arm.ordered; done 200; hold no more
        arm > open open switch normal
        loop off > pulse close; travel
        arm > closing open switch normal
        """,
    ),
    "tap at a faulted arm that is tried no more": (
        UPPER,
        """
        fault stop > arm.faulted; wait no more
        tap A > granted; wait; pulse open; show granted
        arm > faulted unknown none faulted
        time wait > passage.ended unobserved
        tap A > denied arm_faulted; show denied
        opened on > arm.opened
        tap A > granted; wait; show granted
        arm > faulted open switch faulted
        order open > arm.ordered; done 200; wait
        """,
    ),
    "fire forbids what the guard does by hand": (
        FULL,
        """
        lock fire > travel
        protect close dead_man >
        protect stop stopped >
        arm > opening closed switch fire
        time travel > pulse open; travel
        """,
    ),
    "a vehicle without a grant under an arm that stands open": (
        FULL,
        """
        closed off > arm.forced; alarm.raised
        opened on > arm.opened
        loop on >
        loop off >
        beam on >
        beam off >
        arm > open open switch normal
        """,
    ),
    "after a stop the end of a passage lowers nothing": (
        FULL,
        """
        tap A > granted; wait; pulse open; travel; show granted
        closed off >
        opened on > arm.opened; travel no more
        loop on > wait no more
        order stop > arm.ordered; done 200
        loop off > passage.ended passed
        loop on >
        loop off > passage.ended tailgated; alarm.raised
        arm > stopped open switch stopped
        """,
    ),
    "lifted when it was thought to be down": (
        UNSEEN,
        """
        order close > arm.ordered; done 200; wait no more; pulse close; travel
        time travel >
        arm > closed closed assumed normal
        protect open > travel; retry
        arm > opening opening none normal
        beam on >
        beam off > retry no more; pulse close; travel
        time travel >
        arm > closed closed assumed normal
        """,
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_story(story: str) -> None:
    arm, script = STORIES[story]
    play = OneLane(gate_plan(arm), (a_card("A"),))
    play.act("restart")
    wired = {arm.loop, *arm.safety, arm.opened, arm.closed}
    for name in (LOOP, BEAM, OPENED, CLOSED):
        if name in wired:
            play.act(f"{name} {'on' if name == CLOSED else 'off'}")
    play.run(script)
