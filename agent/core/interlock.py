"""The interlock: what protects, decided at the edge itself, before disk and inbox.

Rules kept here:
- an arm is never told to close unless every safety input of its lane reads clear (occupied,
  unknown, faulty and being tested are all "not clear") and its sensors have just been tested, where
  they can be; only the guard's held button closes despite what was not clear at the press;
- precedence: fire, then safety, then the guard's stop, then open, then close;
- the fire input raises every arm at its edge and keeps it up: nothing closes while it is active or
  latched, an arm that leaves its upper end is raised again, and a strike stays released. Unknown
  is no fire;
- the relays of an arm are never on together; open wins;
- nothing here waits, and nothing here starts a movement by itself other than lifting.

The caller holds the one lock of the outputs around every call and applies the acts before it lets
go of it. Times are nanoseconds of the monotonic clock; the object keeps no clock of its own.
"""

from collections.abc import Mapping

from agent.core.arm_guard import Act, ArmGuard
from agent.core.descent import Levels
from agent.core.ids import InputId, LaneId, OutputId
from agent.core.plan import ArmPlan, SensorTest

__all__ = ["Act", "Interlock", "Levels"]


class Interlock:
    """Watches the arms of one gate. ``fire`` is the input of the fire alarm, if one is wired."""

    def __init__(self, arms: Mapping[LaneId, ArmPlan], fire: InputId | None = None) -> None:
        self._guards = {lane: ArmGuard(lane, arm) for lane, arm in arms.items()}
        self._fire_input = fire
        self._fire = False
        self._by_output: dict[OutputId, ArmGuard] = {}
        self._by_input: dict[InputId, list[ArmGuard]] = {}
        for guard in self._guards.values():
            for output in guard.outputs():
                self._by_output[output] = guard
            for name in dict.fromkeys(guard.inputs()):
                self._by_input.setdefault(name, []).append(guard)

    def at_once(self, name: InputId) -> bool | None:
        """The level of this input that is believed at its first edge; None: neither is."""
        if name == self._fire_input:
            return True
        found = {guard.at_once(name) for guard in self._by_input.get(name, ())}
        return True if True in found else False if False in found else None

    def tests(self, lane: LaneId) -> Mapping[InputId, SensorTest]:
        """How the sensors of a lane are tested; empty when none can be."""
        guard = self._guards.get(lane)
        return {} if guard is None else guard.arm.tests

    def testable(self, lane: LaneId, now_ns: int) -> bool:
        """Whether no arm that these sensors protect was told to go down just now."""
        watching = (guard for name in self.tests(lane) for guard in self._by_input.get(name, ()))
        return not any(guard.descent.ordered(now_ns) for guard in watching)

    def tested(self, lane: LaneId, failed: tuple[InputId, ...], now_ns: int) -> None:
        """The sensors of a lane were tested, and all but ``failed`` answered."""
        self._guards[lane].tested(failed, now_ns)

    def refuse(self, output: OutputId, on: bool, levels: Levels, now_ns: int) -> str | None:
        """Why this change must not happen, in words; None when it may."""
        guard = self._by_output.get(output)
        if guard is None or not guard.descent.lowers(output, on):
            return None
        why = "fire alarm" if self._fire else guard.refusal(levels, now_ns)
        return None if why is None else f"{output}: not closing, {why}"

    def overtaken(self, output: OutputId, on: bool, decided_ns: int) -> bool:
        """Whether a protective act came after this change was decided, so that it is not made."""
        guard = self._by_output.get(output)
        return guard is not None and guard.overtaken(output, on, decided_ns)

    def before(self, output: OutputId, on: bool) -> tuple[Act, ...]:
        """What has to be let go first, so that the relays of an arm are never on together."""
        guard = self._by_output.get(output)
        return guard.exclude(output) if guard is not None and on else ()

    def turned(self, output: OutputId, on: bool, now_ns: int) -> None:
        """Take note that an output was switched, so that a movement downwards is known."""
        guard = self._by_output.get(output)
        if guard is not None:
            guard.turned(output, on, now_ns)

    def started(
        self, levels: Levels, held: Mapping[OutputId, bool], now_ns: int
    ) -> tuple[Act, ...]:
        """The first look at all inputs, and at what the outputs do. Only fire moves an arm."""
        for guard in self._guards.values():
            guard.started(levels, held.get(guard.arm.open.output, False), now_ns)
        return self._raise_all(now_ns) if self._fire_active(levels) else ()

    def edge(self, name: InputId, levels: Levels, now_ns: int) -> tuple[Act, ...]:
        """What to do at once because this input has a new level; empty when nothing is in danger.

        ``levels`` are those of all inputs, the new one among them.
        """
        if name == self._fire_input:
            return self._raise_all(now_ns) if levels.get(name) else ()
        acts: tuple[Act, ...] = ()
        for guard in self._by_input.get(name, ()):
            answer = guard.keep_up if self._fire else guard.edge
            acts += answer(name, levels, now_ns)
        return acts

    def hold_fire(self, on: bool, levels: Levels, now_ns: int) -> tuple[Act, ...]:
        """The alarm is latched: what goes down goes up again; or it was reset, and nothing moves.

        A reset does nothing while the fire input is active.
        """
        self._fire = on or self._fire_active(levels)
        if not self._fire:
            for guard in self._guards.values():
                guard.fire_over()
        if not on:
            return ()
        acts = (guard.lift_falling("fire", now_ns) for guard in self._guards.values())
        return tuple(act for each in acts for act in each)

    def raise_all(self, now_ns: int) -> tuple[Act, ...]:
        """Somebody calls fire: as if the fire input had its edge; latched until it is reset."""
        return self._raise_all(now_ns)

    def stop(self, lane: LaneId, now_ns: int) -> tuple[Act, ...]:
        """The guard's stop; fire is above it."""
        guard = self._guards.get(lane)
        return () if guard is None or self._fire else guard.stop(now_ns)

    def reopen(self, lane: LaneId, now_ns: int) -> tuple[Act, ...]:
        """Somebody orders the arm open: at once, if it goes down."""
        guard = self._guards.get(lane)
        return () if guard is None else guard.lift_falling("reopened", now_ns)

    def due_ns(self) -> int | None:
        """When `time_over` has to be called; None when nothing is running out."""
        dues = [due for guard in self._guards.values() if (due := guard.due_ns()) is not None]
        return min(dues, default=None)

    def time_over(self, levels: Levels, now_ns: int) -> tuple[Act, ...]:
        """What is to be done because a time is over."""
        acts = (guard.time_over(levels, now_ns) for guard in self._guards.values())
        return tuple(act for each in acts for act in each)

    def _fire_active(self, levels: Levels) -> bool:
        return self._fire_input is not None and levels.get(self._fire_input) is True

    def _raise_all(self, now_ns: int) -> tuple[Act, ...]:
        self._fire = True
        acts = (guard.lift("fire", now_ns) for guard in self._guards.values())
        return tuple(act for each in acts for act in each)
