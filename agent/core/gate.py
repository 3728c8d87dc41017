"""The gate: one pure step from state and event to state, entries and effects.

Rules kept here:
- everything that happens at the gate goes through `Gate.step`, and nothing else changes its state;
- what a step wants is done only after its entries are committed (the loop sees to that).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.core import arm_orders, lane, passages, tap
from agent.core.draft import Draft
from agent.core.effects import AnswerOrder, Effect
from agent.core.emergency import Emergency
from agent.core.entries import Entry, EntryType
from agent.core.events import (
    CardRead,
    ClockJudged,
    ClockStepped,
    Event,
    InputChanged,
    OrderReceived,
    OutputFaulted,
    Protected,
    ReaderFound,
    ReaderLost,
    SensorsTested,
    Started,
    Stopping,
    TimerFired,
)
from agent.core.facts import Facts
from agent.core.ids import InputId, LaneId, OutputId
from agent.core.lane import LaneState
from agent.core.plan import GatePlan, LanePlan


@dataclass(frozen=True, slots=True)
class GateState:
    """All that the gate holds in memory: one map keyed by lane."""

    lanes: Mapping[LaneId, LaneState]


@dataclass(frozen=True, slots=True)
class Step:
    """What one event led to."""

    state: GateState
    entries: tuple[Entry, ...]
    effects: tuple[Effect, ...]


class Gate:
    """The gate of one plan. Holds no state of its own: it comes in and goes out with each step."""

    def __init__(self, plan: GatePlan) -> None:
        self.plan = plan
        self._by_input: dict[InputId, LanePlan] = {}
        self._by_output: dict[OutputId, LanePlan] = {}
        for lane_plan in plan.lanes.values():
            arm = lane_plan.arm
            for name in (arm.approach, arm.loop, arm.exit, *arm.safety, arm.opened, arm.closed):
                if name is not None:
                    self._by_input[name] = lane_plan
            for relay in (arm.open, arm.close, arm.stop):
                if relay is not None:
                    self._by_output[relay.output] = lane_plan

    def first_state(self) -> GateState:
        """Nothing is known yet: every input unknown, nobody granted."""
        return GateState({name: lane.first(plan) for name, plan in self.plan.lanes.items()})

    def step(self, state: GateState, event: Event, facts: Facts) -> Step:
        """Work out what ``event`` means. Pure: same arguments, same result."""
        out = Draft(self.plan, facts, event.at)
        changed = self._lane_changed(state, event, facts, out)
        if changed is None:
            self._note(event, facts, out)
        elif changed is not state.lanes[changed.lane]:
            state = GateState({**state.lanes, changed.lane: changed})
        return Step(state, tuple(out.entries), tuple(out.effects))

    def _lane_changed(
        self, state: GateState, event: Event, facts: Facts, out: Draft
    ) -> LaneState | None:
        """What happens to one lane; None when the event belongs to no lane."""
        match event:
            case CardRead(reader):
                at = self.plan.readers[reader].lane
                if at is not None:
                    return tap.at_lane(self.plan, state.lanes[at], Emergency(), event, facts, out)
            case OrderReceived(order):
                found = arm_orders.asked(self.plan.lanes, order)
                if isinstance(found, LanePlan):
                    return arm_orders.ordered(found, state.lanes[found.lane], order, out)
                answer = AnswerOrder(order.order_id, "rejected", found.code, found.sentence)
                out.do(answer)
            case _:
                plan = self._lane_of(event)
                if plan is not None:
                    return self._world_changed(plan, state.lanes[plan.lane], event, facts, out)
        return None

    def _lane_of(self, event: Event) -> LanePlan | None:
        match event:
            case InputChanged(name):
                return self._by_input.get(name)
            case TimerFired(key):
                return self.plan.lanes.get(LaneId(key.partition(":")[2]))
            case SensorsTested(at):
                return self.plan.lanes.get(at)
            case OutputFaulted(output) | Protected(_, output):
                return self._by_output.get(output)
        return None

    def _world_changed(
        self, plan: LanePlan, state: LaneState, event: Event, facts: Facts, out: Draft
    ) -> LaneState:
        match event:
            case InputChanged():
                return lane.input_changed(plan, state, event, out)
            case TimerFired(key):
                return lane.timer(plan, state, key.partition(":")[0], out)
            case SensorsTested():
                return lane.sensors_tested(plan, state, event, out)
            case Protected():
                self._note(event, facts, out)
                return lane.protected(plan, state, event, out)
            case OutputFaulted():
                self._note(event, facts, out)
                return lane.output_faulted(plan, state, event, out)
        return state

    def _note(self, event: Event, facts: Facts, out: Draft) -> None:
        """Write down what is not the story of one lane."""
        match event:
            case CardRead(reader):
                tap.at_desk(self.plan.readers[reader], event, facts, out)
            case OutputFaulted(output, detail):
                data: dict[str, object] = {"output": output, "detail": detail}
                out.write(EntryType.OUTPUT_FAULTED, self._subject(output), data)
            case Protected(what, output, because):
                data = {"output": output, "what": what, "because": because}
                out.write(EntryType.ARM_PROTECTED, self._subject(output), data)
            case ReaderLost(reader, detail):
                out.write(EntryType.READER_LOST, f"reader/{reader}", {"detail": detail})
            case ReaderFound(reader, detail):
                out.write(EntryType.READER_FOUND, f"reader/{reader}", {"detail": detail})
            case _:
                self._note_agent(event, facts, out)

    def _note_agent(self, event: Event, facts: Facts, out: Draft) -> None:
        match event:
            case ClockStepped(delta_us):
                out.write(EntryType.CLOCK_STEPPED, "clock", {"deltams": delta_us // 1000})
            case ClockJudged(trusted, at):
                kind = EntryType.CLOCK_TRUSTED if trusted else EntryType.CLOCK_DOUBTED
                out.write(kind, "clock", {"quality": at.quality.value})
            case Started():
                started = out.write(EntryType.AGENT_STARTED, "agent", {"agent": self.plan.agent})
                for left in facts.open_passages:
                    passages.interrupted(left, started, out)
            case Stopping(reason):
                out.write(EntryType.AGENT_STOPPED, "agent", {"reason": reason})

    def _subject(self, output: OutputId) -> str:
        plan = self._by_output.get(output)
        return f"output/{output}" if plan is None else f"lane/{plan.lane}"
