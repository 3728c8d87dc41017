"""The gate: one pure step from state and event to state, entries and effects.

Rules kept here:
- everything that happens at the gate goes through `Gate.step`, and nothing else changes its state;
- what a step wants is done only after its entries are committed (the loop sees to that);
- nothing is decided here: every event is led to the nouns that it is about, and then the lanes'
  lamps and lines follow how the lanes look.
"""

from collections.abc import Iterator
from dataclasses import replace

from agent.core import (
    alarms,
    arm_orders,
    bars,
    books,
    buttons,
    call_orders,
    calls,
    commands,
    deposit_law,
    doubts,
    duress,
    emergency,
    lane,
    looks,
    notes,
    passages,
    presence,
    selfcheck,
    tap,
)
from agent.core.arm import Lock
from agent.core.call_state import Calls, Origin
from agent.core.draft import Draft
from agent.core.effects import AnswerOrder, CheckParts
from agent.core.emergency import Emergency
from agent.core.entries import Entry, EntryType
from agent.core.events import (
    CardRead,
    Event,
    InputChanged,
    KeysTyped,
    LineTold,
    OrderReceived,
    OutputFaulted,
    PartsChecked,
    Protected,
    SensorsTested,
    Started,
    TimerFired,
    Turn,
)
from agent.core.facts import Facts
from agent.core.gate_state import GateState, Step, put
from agent.core.ids import InputId, LaneId, OrderId, OutputId, ZoneId
from agent.core.model import Direction
from agent.core.orders import Order
from agent.core.plan import Button, GatePlan, LanePlan


class Gate:
    """The gate of one plan. Holds no state of its own: it comes in and goes out with each step."""

    def __init__(self, plan: GatePlan) -> None:
        self.plan = plan
        self._by_input: dict[InputId, LanePlan] = {}
        self._by_output: dict[OutputId, LanePlan] = {}
        self._buttons: dict[InputId, buttons.Wired] = {}
        self._shows_counts = presence.shows_counts(plan)
        for lane_plan in plan.lanes.values():
            arm = lane_plan.arm
            self._buttons.update(buttons.wired(lane_plan))
            for name in (arm.approach, arm.loop, arm.exit, *arm.safety, arm.opened, arm.closed):
                if name is not None:
                    self._by_input[name] = lane_plan
            for relay in (arm.open, arm.close, arm.stop):
                if relay is not None:
                    self._by_output[relay.output] = lane_plan

    def first_state(self) -> GateState:
        """Nothing is known yet: every input unknown, nobody granted."""
        return GateState({name: lane.first(plan) for name, plan in self.plan.lanes.items()})

    def admits(self, event: Event) -> bool:
        """Whether the event may let somebody in, or belongs to the books: written, or not done."""
        match event:
            case CardRead(reader):
                return self.plan.readers[reader].lane is not None
            case OrderReceived(order):
                return (
                    arm_orders.admits(order)
                    or order.kind in books.ACTS
                    or call_orders.admits(order)
                )
            case LineTold(_, turn):
                return turn is Turn.KEY
            case InputChanged(name):
                wired = self._buttons.get(name)
                return wired is not None and buttons.admits(wired.button, event)
        return False

    def unwritten(self, state: GateState, event: Event) -> tuple[Entry, ...]:
        """What is to be written later of somebody who was refused as nothing can be written."""
        found = None
        match event:
            case CardRead():
                found = tap.unwritten(self.plan, event)
            case InputChanged(name) if name in self._buttons:
                wired, before = self._buttons[name], state.levels.get(name)
                plan = self.plan.lanes[wired.lane]
                found = buttons.unwritten(plan, wired.button, before, event)
        return () if found is None else (found,)

    def moves(self, output: OutputId) -> bool:
        """Whether the output moves an arm; lamps and horns do not."""
        return output in self._by_output

    def step(self, state: GateState, event: Event, facts: Facts) -> Step:
        """Work out what ``event`` means. Pure: same arguments, same result."""
        out = Draft(self.plan, facts, event.at)
        after = self._led(state, event, facts, out)
        counts = state.counts
        if self._shows_counts:
            counts = presence.counts_after(facts.counts, out.entries)
        after = looks.followed(self.plan, state, after, counts, out)
        return Step(after, tuple(out.entries), tuple(out.effects))

    def _led(self, state: GateState, event: Event, facts: Facts, out: Draft) -> GateState:
        """Lead the event to what it is about."""
        match event:
            case CardRead() | KeysTyped():
                state = self._tapped(state, event, facts, out)
            case OrderReceived(order):
                state = self._commanded(state, order, facts, out)
            case InputChanged():
                state = self._sensed(state, event, facts, out)
            case LineTold():
                known = calls.told(self.plan, state.calls, event, self._bar_of(state), out)
                by_key = Order(OrderId(""), "", "intercom", "call.key")
                state = self._called(state, known, by_key, out)
            case TimerFired(key):
                state = self._timer(state, key, facts, out)
            case Protected() | OutputFaulted() | SensorsTested():
                state = self._driven(state, event, out)
            case Started():
                state = self._started(state, facts, out)
            case PartsChecked(parts, cause):
                found = map(selfcheck.Part._make, parts)
                selfcheck.checked([*found, *_inputs(self.plan, state)], cause, out)
            case _:
                notes.agent(event, out)
                if presence.may_be_due(event):
                    presence.started(self.plan, facts, out)
        return state

    def _tapped(
        self, state: GateState, event: CardRead | KeysTyped, facts: Facts, out: Draft
    ) -> GateState:
        if isinstance(event, KeysTyped):
            return replace(state, typed=duress.typed(self.plan, state.typed, event, out))
        at = self.plan.readers[event.reader].lane
        if at is None:
            tap.at_desk(self.plan, self.plan.readers[event.reader], event, facts, out)
            return state
        here, others = state.lanes[at], state.lanes.values()
        here = tap.at_lane(self.plan, here, state.emergency, event, facts, out, others)
        known = duress.shown(self.plan, state.typed, event, at, out)
        return put(replace(state, typed=known), here)

    def _commanded(self, state: GateState, order: Order, facts: Facts, out: Draft) -> GateState:
        """An order, and what came of it where the centre gave it."""
        if not order.client:
            return self._ordered(state, order, facts, out)
        if not commands.late(order, out):
            state = self._ordered(state, order, facts, out)
        commands.noted(order, out)
        return state

    def _ordered(self, state: GateState, order: Order, facts: Facts, out: Draft) -> GateState:
        if order.kind in emergency.KINDS:
            now = emergency.ordered(self.plan, state.emergency, order, out)
            return self._locked(replace(state, emergency=now), out)
        if order.kind in presence.KINDS:
            presence.ordered(self.plan, order, facts, out)
            return state
        if order.kind in books.ACTS:
            return self._booked(state, order, facts, out)
        if order.kind in call_orders.KINDS:
            bar = self._bar_of(state)
            known = call_orders.ordered(self.plan, state.calls, order, facts, bar, out)
            return self._called(state, known, order, out)
        return self._at_lane(state, order, out)

    def _booked(self, state: GateState, order: Order, facts: Facts, out: Draft) -> GateState:
        """Write it into the books; whom the guard lets through goes the way of every grant."""
        after = state
        for admit in tuple(books.ordered(self.plan, order, facts, out)):
            plan, known = self.plan.lanes[admit.lane], after.lanes[admit.lane]
            bar = bars.bar(plan, known, admit, lockdown=emergency.locked_down(state.emergency))
            if bar is not None:
                books.refused(order, bar, out)
                return state
            after = put(after, lane.admit(plan, known, books.granted(admit, order, out), out))
        return after

    def _called(self, state: GateState, known: Calls, order: Order, out: Draft) -> GateState:
        """The calls as they are now; whom a call lets through goes the way of every grant."""
        if known is not state.calls:
            state = replace(state, calls=known)
        for admit in tuple(out.admits):
            plan, at = self.plan.lanes[admit.lane], state.lanes[admit.lane]
            state = put(state, lane.admit(plan, at, books.granted(admit, order, out), out))
        return state

    def _bar_of(self, state: GateState) -> calls.Bar:
        lockdown = emergency.locked_down(state.emergency)
        return lambda admit: bars.bar(
            self.plan.lanes[admit.lane], state.lanes[admit.lane], admit, lockdown=lockdown
        )

    def _at_lane(self, state: GateState, order: Order, out: Draft) -> GateState:
        found = arm_orders.asked(self.plan.lanes, order)
        if isinstance(found, LanePlan):
            known = state.lanes[found.lane]
            return put(state, arm_orders.ordered(found, known, order, out))
        out.do(AnswerOrder(order.order_id, "rejected", found.code, found.sentence))
        return state

    def _sensed(self, state: GateState, event: InputChanged, facts: Facts, out: Draft) -> GateState:
        state = replace(state, doubts=doubts.judged(state.doubts, event, out))
        plan = self._by_input.get(event.input)
        if plan is not None:
            return put(state, lane.input_changed(plan, state.lanes[plan.lane], event, out))
        wired = self._buttons.get(event.input)
        if event.input == self.plan.books.mains:
            return self._powered(state, event, out)
        if wired is None:
            now = emergency.input_changed(self.plan, state.emergency, event, out)
            return self._locked(replace(state, emergency=now), out)
        before = state.levels.get(event.input)
        state = replace(state, levels={**state.levels, event.input: event.active})
        plan = self.plan.lanes[wired.lane]
        if wired.button is Button.CALL:
            return self._rung(state, wired.lane, before, event, facts, out)
        order = buttons.pressed(plan, wired.button, before, event)
        if order is None:
            return state
        state = self._at_lane(state, order, out)
        # Nobody waits for the answer to a button.
        out.effects = [effect for effect in out.effects if not isinstance(effect, AnswerOrder)]
        return state

    def _rung(
        self,
        state: GateState,
        at: LaneId,
        before: bool | None,
        event: InputChanged,
        facts: Facts,
        out: Draft,
    ) -> GateState:
        """The visitor's button."""
        rules = self.plan.calls
        if rules is None or not buttons.pushed(before, event):
            return state
        who, origin = event.input, Origin.BUTTON
        known = calls.visited(rules, state.calls, at, origin, facts, out, actor=who)
        return self._called(state, known, Order(OrderId(""), "", "", ""), out)

    def _powered(self, state: GateState, event: InputChanged, out: Draft) -> GateState:
        """The mains power went, or is back: then every part is looked at."""
        cause = out.next_id()
        there, look = selfcheck.mains_changed(state.power, event, out)
        if look:
            out.do(CheckParts(cause))
        return replace(state, power=there)

    def _timer(self, state: GateState, key: str, facts: Facts, out: Draft) -> GateState:
        kind, _, name = key.partition(":")
        if kind == calls.TIMER and self.plan.calls is not None:
            known = calls.timer(self.plan.calls, state.calls, name, out)
            return replace(state, calls=known)
        if kind == presence.TIMER:
            presence.timer(self.plan, ZoneId(name), facts, out)
            return state
        if kind == books.TIMER:
            books.swept(self.plan, Order(OrderId(""), "", "", "sweep"), facts, out)
            return state
        at = LaneId(name)
        return put(state, lane.timer(self.plan.lanes[at], state.lanes[at], kind, out))

    def _driven(
        self, state: GateState, event: Protected | OutputFaulted | SensorsTested, out: Draft
    ) -> GateState:
        """What interlock and relays have done, or could not do."""
        if isinstance(event, SensorsTested):
            plan = self.plan.lanes[event.lane]
            return put(state, lane.sensors_tested(plan, state.lanes[plan.lane], event, out))
        found = self._by_output.get(event.output)
        notes.driven(event, found, out)
        if isinstance(event, Protected):
            now = emergency.protected(state.emergency, event, out)
            if found is not None:
                state = put(state, lane.protected(found, state.lanes[found.lane], event, out))
            return self._locked(replace(state, emergency=now), out)
        if found is None:
            return state
        return put(state, lane.output_faulted(found, state.lanes[found.lane], event, out))

    def _started(self, state: GateState, facts: Facts, out: Draft) -> GateState:
        """What an earlier run left: modes are in force, its grants are over. Nothing moves."""
        cause = out.write(EntryType.AGENT_STARTED, "agent", {"agent": self.plan.agent})
        for left in facts.open_passages:
            passages.interrupted(left, cause, out)
        alarms.restored(self.plan.lanes, facts, cause, out)
        now = emergency.restored(facts.modes, out)
        lanes = {
            name: lane.restored(plan, state.lanes[name], facts.modes, out, _lock(plan, now))
            for name, plan in self.plan.lanes.items()
        }
        presence.started(self.plan, facts, out, cause)
        books.started(out)
        deposit_law.started(self.plan.books, facts.modes, cause, out)
        power = selfcheck.restored(facts.modes)
        calls.restored(self.plan, facts, cause, out)
        return replace(state, lanes=lanes, emergency=now, power=power)

    def _locked(self, state: GateState, out: Draft) -> GateState:
        """Bind every lane by what is in force for the whole gate."""
        lanes = {
            name: lane.locked(
                self.plan.lanes[name], known, _lock(self.plan.lanes[name], state.emergency), out
            )
            for name, known in state.lanes.items()
        }
        return replace(state, lanes=lanes)


def _inputs(plan: GatePlan, state: GateState) -> Iterator[selfcheck.Part]:
    """The inputs as they are: what cannot be believed is a part that is down.

    A mains contact that has told nothing yet is left out: nobody is protected by it.
    """
    mains = None if state.power is None else plan.books.mains
    whole = {
        plan.emergency.fire: state.emergency.fire_input,
        plan.emergency.lockdown: state.emergency.lockdown_input,
        mains: state.power,
    }
    levels = {name: level for name, level in whole.items() if name is not None}
    levels.update(state.levels)
    for known in state.lanes.values():
        levels.update(known.levels)
    for name in sorted({*levels, *state.doubts}):
        if name in state.doubts or levels[name] is None:
            yield selfcheck.Part(f"input {name}", "down", "it cannot be read")
        else:
            yield selfcheck.Part(f"input {name}", "ok", "active" if levels[name] else "quiet")


def _lock(plan: LanePlan, now: Emergency) -> Lock:
    """Fire goes before lockdown, and a lockdown binds only where a lane leads out."""
    if now.fire:
        return Lock.FIRE
    if not now.lockdown:
        return Lock.NONE
    locks = {Direction.OUT: Lock.LOCKDOWN, Direction.BOTH: Lock.ENTRY}
    return locks.get(plan.direction, Lock.NONE)
