"""A lane with its interlock, its relays, its timers and a clock, all in one thread.

What the loop and the drivers do is done here in the same order: the interlock acts at the edge, the
events queue up, the lane takes one after the other, its effects come after. A relay that is broken
cannot be turned on, and says so. ``transitions`` counts every event that the lane was given.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from agent.core import arm_orders, lane
from agent.core.arm import Lock
from agent.core.draft import Draft
from agent.core.effects import (
    AnswerOrder,
    Effect,
    PulseRelay,
    StartTimer,
    StopTimer,
    SwitchRelay,
    TestSensors,
)
from agent.core.entries import Entry
from agent.core.events import InputChanged, OutputFaulted, Protected, SensorsTested
from agent.core.facts import Facts, Mode
from agent.core.ids import InputId, OrderId, OutputId, PassageId
from agent.core.interlock import Act, Interlock
from agent.core.lane import LaneState
from agent.core.model import ClockQuality, Direction, Moment
from agent.core.orders import Order
from agent.core.passages import Grant
from agent.core.plan import Drive, GatePlan, LanePlan
from agent.core.project import Drop, Put, project
from tests.core.builders import LANE, SECOND, WALL_US, WEDNESDAY
from tests.rigs.contract import judge_entries

FIRE = InputId("fire")
Happens = Callable[[LaneState, Draft], LaneState]


@dataclass(frozen=True)
class Pending:
    """Something that the lane is still to hear of. ``name`` says what, for messages."""

    name: str
    at: Moment
    happens: Happens


class Rig:
    """Everything of one lane. ``told`` holds the effects and entries of the last event."""

    def __init__(self, plan: LanePlan, gate: GatePlan) -> None:
        self.plan = plan
        self.gate = replace(gate, lanes={LANE: plan})
        self.now_ns = 1_000 * SECOND
        self.quality = ClockQuality.SYNCED
        self.levels: dict[InputId, bool | None] = {}
        self.on: dict[OutputId, int | None] = {}
        self.broken: set[OutputId] = set()
        self.failing: tuple[InputId, ...] = ()
        self.untested = False
        self.inbox: deque[Pending] = deque()
        self.timers: dict[str, int] = {}
        self.modes: dict[str, Mode] = {}
        self.entries: list[Entry] = []
        self.answers: list[AnswerOrder] = []
        self.transitions = 0
        self.orders = 0
        self.lock = Lock.NONE
        self.after: Callable[[Pending, LaneState, Draft], None] = lambda *_: None
        self.lowering: Callable[[], None] = lambda: None
        self.interlock = Interlock({LANE: plan.arm}, FIRE)
        self.lane = lane.first(plan)
        self.restart()

    @property
    def now(self) -> Moment:
        return Moment(WALL_US + self.now_ns // 1_000 - 1_000_000_000, self.now_ns, self.quality)

    def draft(self, at: Moment) -> Draft:
        local = WEDNESDAY + timedelta(microseconds=at.wall_us - WALL_US)
        return Draft(self.gate, Facts("s1", len(self.entries) + 1, local), at)

    # What happens in the world

    def restart(self) -> None:
        """The agent was killed: relays with a pulse go off, a held one stays; the rest is lost."""
        self.on = {name: until for name, until in self.on.items() if until is None}
        self.inbox.clear()
        self.timers.clear()
        self.interlock = Interlock({LANE: self.plan.arm}, FIRE)
        self.lane = lane.first(self.plan)
        held = dict.fromkeys(self.on, True)
        modes, lock = tuple(self.modes.values()), self.lock
        self._put(
            "restored",
            lambda state, out: lane.restored(self.plan, state, modes, out, lock),
        )
        self._protect(self.interlock.started(self.levels, held, self.now_ns), None)
        if "fire" in self.modes:
            self._protect(self.interlock.hold_fire(True, self.levels, self.now_ns), None)
        for name, level in self.levels.items():
            self._changed(name, level)

    def edge(self, name: InputId, level: bool | None, fault: str = "") -> None:
        """An input changes: the interlock first, then the lane hears of it."""
        self.levels[name] = level
        self._protect(self.interlock.edge(name, self.levels, self.now_ns), name)
        self._changed(name, level, fault)

    def emergency(self, lock: Lock) -> None:
        """Fire or lockdown, as the gate tells it to the lane and to the interlock."""
        if lock is Lock.FIRE:
            self.modes["fire"] = Mode("fire", 0)
            self.levels[FIRE] = True
            self._protect(self.interlock.edge(FIRE, self.levels, self.now_ns), FIRE)
        elif self.modes.pop("fire", None):
            self.levels[FIRE] = False
            self.interlock.hold_fire(False, self.levels, self.now_ns)
        self.lock = lock
        self._put("lock", lambda state, out: lane.locked(self.plan, state, lock, out))

    def order(self, kind: str, **args: str) -> None:
        """An order: what protects acts at once, as in the daemon."""
        self.orders += 1
        named = {"lane": LANE, "reason": "asked", **args}
        order = Order(OrderId(f"o-{self.orders}"), "Li", "cli", kind, named)
        if isinstance(arm_orders.asked({LANE: self.plan}, order), arm_orders.Refusal):
            return
        if kind == "stop":
            self._protect(self.interlock.stop(LANE, self.now_ns), None)
        elif kind in {"open", "priority"}:
            self._protect(self.interlock.reopen(LANE, self.now_ns), None)
        self._put(
            f"order {kind}",
            lambda state, out: arm_orders.ordered(self.plan, state, order, out),
        )

    def grant(self, card: str, direction: Direction = Direction.IN) -> None:
        """A card was granted."""

        def happens(state: LaneState, out: Draft) -> LaneState:
            waiting = state.passages.renewable(card)
            passage = waiting or PassageId(f"p-{self.transitions}")
            return lane.admit(self.plan, state, Grant(passage, card, "", "", direction), out)

        self._put("grant", happens)

    def answer_test(self, failed: tuple[InputId, ...] = ()) -> None:
        """The driver has tested the sensors, or tells so late."""
        self.interlock.tested(LANE, failed, self.now_ns)
        event = SensorsTested(LANE, failed, self.now)
        self._put(
            "tested",
            lambda state, out: lane.sensors_tested(self.plan, state, event, out),
        )

    def pass_time(self, seconds: float) -> None:
        """Let time go by; what falls due meanwhile happens in its order."""
        ends_ns = self.now_ns + int(seconds * SECOND)
        while True:
            dues = [(at_ns, key) for key, at_ns in self.timers.items() if at_ns <= ends_ns]
            guard_ns = self.interlock.due_ns()
            if guard_ns is not None and guard_ns <= min((*dues, (ends_ns, "")))[0]:
                self._go_to(guard_ns)
                self._protect(self.interlock.time_over(self.levels, self.now_ns), None)
            elif dues:
                at_ns, key = min(dues)
                self._go_to(at_ns)
                del self.timers[key]
                self._timer(key.partition(":")[0])
                self.work()
            else:
                break
        self._go_to(ends_ns)

    def work(self, limit: int = 1_000) -> None:
        """The lane hears of what has happened."""
        while self.inbox and limit:
            limit -= 1
            pending = self.inbox.popleft()
            before, out = self.lane, self.draft(pending.at)
            self.lane = pending.happens(before, out)
            self.transitions += 1
            for entry in out.entries:
                self._wrote(entry)
            for effect in out.effects:
                self._do(effect, pending.at)
            self.after(pending, before, out)

    # How it is carried out

    def _put(self, name: str, happens: Happens) -> None:
        self.inbox.append(Pending(name, self.now, happens))

    def _changed(self, name: InputId, level: bool | None, fault: str = "") -> None:
        event = InputChanged(name, level, 1, self.now, fault)
        self._put(
            f"{name} {level}",
            lambda state, out: lane.input_changed(self.plan, state, event, out),
        )

    def _timer(self, kind: str) -> None:
        self._put(f"timer {kind}", lambda state, out: lane.timer(self.plan, state, kind, out))

    def _protected(self, event: Protected) -> None:
        self._put(
            f"protected {event.what}",
            lambda state, out: lane.protected(self.plan, state, event, out),
        )

    def _go_to(self, at_ns: int) -> None:
        self.now_ns = max(self.now_ns, at_ns)
        for name, until_ns in list(self.on.items()):
            if until_ns is not None and until_ns <= self.now_ns:
                del self.on[name]

    def _protect(self, acts: tuple[Act, ...], because: InputId | None) -> None:
        for act in acts:
            self._turn(act.output, act.on, act.ms)
            if act.what:
                self._protected(Protected(act.what, act.output, because, self.now))

    def _turn(self, output: OutputId, on: bool, ms: int | None) -> None:
        if on and output in self.broken:
            return
        if on:
            self.on[output] = None if ms is None else self.now_ns + ms * 1_000_000
        else:
            self.on.pop(output, None)
        self.interlock.turned(output, on, self.now_ns)

    def _do(self, effect: Effect, at: Moment) -> None:
        match effect:
            case PulseRelay(output, ms):
                self._drive(output, True, ms, at)
            case SwitchRelay(output, on):
                self._drive(output, on, None, at)
            case StartTimer(key, at_ns):
                self.timers[key] = at_ns
            case StopTimer(key):
                self.timers.pop(key, None)
            case TestSensors():
                if not self.untested:
                    self.answer_test(self.failing)
            case AnswerOrder():
                self.answers.append(effect)

    def _drive(self, output: OutputId, on: bool, ms: int | None, at: Moment) -> None:
        if self.interlock.overtaken(output, on, at.mono_ns):
            return
        refused = self.interlock.refuse(output, on, self.levels, self.now_ns)
        if refused is not None or (on and output in self.broken):
            event = OutputFaulted(output, refused or "stuck", self.now)
            self._put(
                f"faulted {output}",
                lambda state, out: lane.output_faulted(self.plan, state, event, out),
            )
            return
        if self.lowers(output, on):
            self.lowering()
        for act in self.interlock.before(output, on):
            self._turn(act.output, act.on, act.ms)
        self._turn(output, on, ms)

    def lowers(self, output: OutputId, on: bool) -> bool:
        """Does this change bring the arm down?"""
        arm = self.plan.arm
        if arm.close is not None:
            return on and output == arm.close.output
        return output == arm.open.output and arm.open.drive is Drive.MAINTAINED and not on

    def _wrote(self, entry: Entry) -> None:
        judge_entries((entry,))
        self.entries.append(entry)
        number = len(self.entries)
        for row in project(number, entry.type, entry.data, entry.at.wall_us):
            if row.table == "modes" and isinstance(row, Put):
                since, until = int(row.values["since_us"]), int(row.values["until_us"])
                self.modes[row.key] = Mode(row.key, since, until)
            elif row.table == "modes" and isinstance(row, Drop):
                self.modes.pop(row.key, None)
