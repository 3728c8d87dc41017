"""The interlock: what protects, decided at the edge itself, before disk and inbox.

Rules kept here:
- an arm is never told to close unless every safety input of its lane reads clear; occupied,
  unknown and faulty are all "not clear";
- a safety input that stops being clear while the arm is going down lifts it at once;
- the open and the close relay of a lane are never on together; open wins;
- nothing here waits, and nothing here starts a movement by itself other than lifting.

The caller holds the one lock of the outputs around every call and applies the acts before it lets
go of it. Times are nanoseconds of the monotonic clock; the object keeps no clock of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.core.ids import InputId, OutputId
from agent.core.plan import ArmPlan, Drive

Levels = Mapping[InputId, bool | None]


@dataclass(frozen=True, slots=True)
class Act:
    """Drive an output now: ``ms`` None holds it, otherwise it is a pulse of that length."""

    output: OutputId
    on: bool
    ms: int | None = None


class Interlock:
    """Watches the arms of one gate. ``travel_ns``: the longest time an arm takes to go down."""

    def __init__(self, arms: Sequence[ArmPlan], travel_ns: int) -> None:
        self._travel_ns = travel_ns
        self._by_output: dict[OutputId, ArmPlan] = {}
        self._by_input: dict[InputId, list[ArmPlan]] = {}
        self._closing_until: dict[OutputId, int] = {}
        for arm in arms:
            for relay in (arm.open, arm.close, arm.stop):
                if relay is not None:
                    self._by_output[relay.output] = arm
            watched = (*arm.safety, arm.closed) if arm.closed is not None else arm.safety
            for name in watched:
                self._by_input.setdefault(name, []).append(arm)

    def guards(self, name: InputId) -> bool:
        """Whether this is a safety input of some arm, so that its first raw edge counts."""
        return any(name in arm.safety for arm in self._by_input.get(name, ()))

    def refuse(self, output: OutputId, on: bool, levels: Levels) -> str | None:
        """Why this change must not happen, in words; None when it may."""
        arm = self._by_output.get(output)
        if arm is None or not self._lowers(arm, output, on):
            return None
        for name in arm.safety:
            level = levels.get(name)
            if level is not False:
                state = "occupied" if level else "unknown"
                return f"{output}: not closing, safety input {name} is {state}"
        return None

    def before(self, output: OutputId, on: bool) -> tuple[Act, ...]:
        """What has to be let go first, so that open and close are never on together."""
        arm = self._by_output.get(output)
        if arm is None or not on or arm.close is None:
            return ()
        if output == arm.open.output:
            return (Act(arm.close.output, False),)
        if output == arm.close.output:
            return (Act(arm.open.output, False),)
        return ()

    def turned(self, output: OutputId, on: bool, now_ns: int) -> None:
        """Take note that an output was switched, so that a movement downwards is known."""
        arm = self._by_output.get(output)
        if arm is None:
            return
        if self._lowers(arm, output, on):
            self._closing_until[arm.open.output] = now_ns + self._travel_ns
        elif on:
            self._closing_until.pop(arm.open.output, None)

    def edge(self, name: InputId, active: bool | None, now_ns: int) -> tuple[Act, ...]:
        """What to do at once because this input changed; empty when nothing is in danger."""
        acts: list[Act] = []
        for arm in self._by_input.get(name, ()):
            key = arm.open.output
            if name == arm.closed and name not in arm.safety:
                if active:
                    self._closing_until.pop(key, None)
                continue
            if active is False or now_ns >= self._closing_until.get(key, now_ns):
                continue
            self._closing_until.pop(key, None)
            if arm.close is not None:
                acts.append(Act(arm.close.output, False))
            pulse = arm.open.drive is Drive.PULSE
            acts.append(Act(key, True, arm.open.pulse_ms if pulse else None))
        return tuple(acts)

    @staticmethod
    def _lowers(arm: ArmPlan, output: OutputId, on: bool) -> bool:
        if arm.close is not None and output == arm.close.output:
            return on
        return output == arm.open.output and arm.open.drive is Drive.MAINTAINED and not on
