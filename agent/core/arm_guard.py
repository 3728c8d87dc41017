"""What protects one arm: when it may not go down, what lifts it, and the guard's held button.

Rules kept here:
- an arm that is on its way down (`agent.core.descent`) is lifted by the first safety input that is
  not clear, by an order to open, and by fire;
- what was decided before the arm was lifted or stopped is not done any more: the close that waited
  for a slow disk comes too late, and so does the opening after the guard's stop;
- dead-man: the held button closes against the safety inputs that were not clear when it was
  pressed, and against no other. One of them that clears protects again. Letting go ends it, and so
  does the time that the arm takes at most;
- a strike that was released for a fire is released again each time that its pulse ends, until the
  fire is reset: the driver's bound on a pulse holds, and whoever hangs leaves no coil on for ever;
- the relays of an arm exclude each other; only an open relay that is held stays on while the arm is
  stopped: letting go of it would drop the arm.

Pure: times are nanoseconds of the monotonic clock and come from outside.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.core.descent import Descent, Levels, level_of
from agent.core.ids import InputId, LaneId, OutputId
from agent.core.plan import ArmKind, ArmPlan, Blocked, Button, Drive, Relay

TESTED_NS = 10_000_000_000
RELEASED_NS = 200_000_000
_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Act:
    """Drive an output now: ``ms`` None holds it, otherwise it is a pulse of that length.

    ``what`` is how `events.Protected` tells it; empty for what only makes room for another act.
    """

    output: OutputId
    on: bool
    ms: int | None = None
    what: str = ""


@dataclass(slots=True)
class DeadMan:
    """The guard holds the button. ``despite``: inputs that were not clear at the press."""

    until_ns: int
    despite: set[InputId]


class ArmGuard:
    """The guard of the arm of one lane. Acts that are returned must be carried out at once."""

    def __init__(self, lane: LaneId, arm: ArmPlan) -> None:
        self.lane = lane
        self.arm = arm
        self.dead_man: DeadMan | None = None
        self._button = arm.buttons.get(Button.CLOSE)
        self.descent = Descent(arm)
        self._released_ns: int | None = None
        self._tested_ns: int | None = None
        self._failed: tuple[InputId, ...] = ()
        self._protected_ns = 0
        self._stopped_ns = 0
        strike = arm.kind is ArmKind.DOOR and arm.open.drive is Drive.PULSE
        self._pulse_ns = arm.open.pulse_ms * _MS if strike else None
        self._renews_ns: int | None = None

    # Questions

    def inputs(self) -> Iterator[InputId]:
        """Every input that this arm is guarded by; some may come twice."""
        for name in (*self.arm.safety, self.arm.opened, self.arm.closed):
            if name is not None:
                yield name
        yield from self.arm.buttons.values()

    def outputs(self) -> Iterator[OutputId]:
        """The relays of this arm."""
        for relay in (self.arm.open, self.arm.close, self.arm.stop):
            if relay is not None:
                yield relay.output

    def at_once(self, name: InputId) -> bool | None:
        """The level of this input that is believed at its first edge; None: neither is."""
        if name in self.arm.safety or name == self.arm.buttons.get(Button.STOP):
            return True
        return False if name == self._button else None

    def refusal(self, levels: Levels, now_ns: int) -> str | None:
        """Why the arm must not go down by order; None when it may."""
        blocking = self._blocking(levels)
        if blocking:
            state = "occupied" if levels.get(blocking[0]) else "unknown"
            return f"safety input {blocking[0]} is {state}"
        stop = self.arm.buttons.get(Button.STOP)
        if stop is not None and levels.get(stop) is True:
            return f"{stop} is pressed"
        if not self.arm.tests:
            return None
        if self._failed:
            return f"safety input {self._failed[0]} did not answer its test"
        if self._tested_ns is None or now_ns - self._tested_ns > TESTED_NS:
            return "its safety inputs have not been tested just now"
        return None

    def overtaken(self, output: OutputId, on: bool, decided_ns: int) -> bool:
        """Whether the arm was protected after this change was decided: then it is not made."""
        if self.descent.lowers(output, on):
            return decided_ns < self._protected_ns
        return on and output == self.arm.open.output and decided_ns < self._stopped_ns

    def exclude(self, output: OutputId) -> tuple[Act, ...]:
        """What has to be let go before this relay of the arm is turned on."""
        arm = self.arm
        others: list[OutputId] = []
        for relay in (arm.close, arm.stop, arm.open):
            if relay is None or relay.output == output:
                continue
            stopping = arm.stop is not None and output == arm.stop.output
            if not (stopping and relay is arm.open and relay.drive is Drive.MAINTAINED):
                others.append(relay.output)
        return tuple(Act(name, False) for name in others)

    # Notes

    def started(self, levels: Levels, held: bool, now_ns: int) -> None:
        """The first look; a button that is not pressed now was surely let go."""
        self._released_ns = now_ns if level_of(self._button, levels) is False else None
        self.descent.started(levels, held, now_ns)

    def turned(self, output: OutputId, on: bool, now_ns: int) -> None:
        """A relay of this arm was switched."""
        if self._renews_ns is not None and output == self.arm.open.output and not on:
            self._renews_ns = now_ns
        if self.descent.turned(output, on, now_ns):
            self.dead_man = None

    def tested(self, failed: tuple[InputId, ...], now_ns: int) -> None:
        """The sensors were tested, and all but ``failed`` answered."""
        self._failed = failed
        self._tested_ns = None if failed else now_ns

    # What protects

    def lift(self, what: str, now_ns: int) -> tuple[Act, ...]:
        """Open, whatever the arm does now."""
        self._protected_ns = now_ns
        relay = self.arm.open
        if what == "fire" and self._pulse_ns is not None:
            self._renews_ns = now_ns + self._pulse_ns
        return (*self.exclude(relay.output), _on(relay, what))

    def lift_falling(self, what: str, now_ns: int) -> tuple[Act, ...]:
        """Open if the arm goes down."""
        return self.lift(what, now_ns) if self.descent.on_the_way(now_ns) else ()

    def stop(self, now_ns: int) -> tuple[Act, ...]:
        """The guard's stop. Where nothing can stop it, an arm that goes down is lifted."""
        return self._halt(now_ns, falling=self.descent.on_the_way(now_ns))

    def edge(self, name: InputId, levels: Levels, now_ns: int) -> tuple[Act, ...]:
        """What to do at once because this input has a new level."""
        active = levels.get(name)
        acts = self._switch(name, active, levels, now_ns)
        if name == self._button:
            acts += self._held_button(active, levels, now_ns)
        elif name == self.arm.buttons.get(Button.STOP):
            pressed = active is True or (active is None and self.descent.on_the_way(now_ns))
            acts += self.stop(now_ns) if pressed else ()
        elif name == self.arm.buttons.get(Button.OPEN) and active is True:
            acts += self.lift_falling("reopened", now_ns)
        if name in self.arm.safety:
            acts += self._safety(name, active, now_ns)
        return acts

    def keep_up(self, name: InputId, levels: Levels, now_ns: int) -> tuple[Act, ...]:
        """The same in a fire: an arm that leaves its upper end, or is down, is raised again."""
        active = levels.get(name)
        acts = self._switch(name, active, levels, now_ns)
        left = name == self.arm.opened and active is False
        if left or (name == self.arm.closed and active):
            return self.lift("fire", now_ns)
        if name in self.arm.safety:
            acts += self._safety(name, active, now_ns)
        return acts

    def fire_over(self) -> None:
        """The fire was reset: the strike's last pulse ends by itself."""
        self._renews_ns = None

    def due_ns(self) -> int | None:
        """When `time_over` has to be called; None when nothing is running out."""
        return self._renews_ns if self.dead_man is None else self.dead_man.until_ns

    def time_over(self, levels: Levels, now_ns: int) -> tuple[Act, ...]:
        """The held button has had its time. An arm that is not known to be up is not opened.

        Or it is time to renew the pulse of a strike; it was told when it was released.
        """
        if self._renews_ns is not None and self._pulse_ns is not None:
            if now_ns < self._renews_ns:
                return ()
            self._renews_ns = now_ns + self._pulse_ns
            return (_on(self.arm.open, ""),)
        if self.dead_man is None or now_ns < self.dead_man.until_ns:
            return ()
        self.dead_man = None
        arm = self.arm
        held = arm.close is not None and arm.close.drive is Drive.MAINTAINED
        if arm.stop is not None or held or level_of(arm.closed, levels) is False:
            return self._halt(now_ns, falling=True)
        return ()

    # Parts of it

    def _blocking(self, levels: Levels) -> list[InputId]:
        return [name for name in self.arm.safety if levels.get(name) is not False]

    def _switch(
        self, name: InputId, active: bool | None, levels: Levels, now_ns: int
    ) -> tuple[Act, ...]:
        """A limit switch: the lower one ends every way down, the upper one may begin one."""
        arm = self.arm
        if name == arm.opened:
            self.descent.upper(active, levels, now_ns)
        if name == arm.closed:
            self.descent.lower(active)
        if name != arm.closed or not active:
            return ()
        pressed, self.dead_man = self.dead_man is not None, None
        return (Act(arm.close.output, False),) if pressed and arm.close is not None else ()

    def _safety(self, name: InputId, active: bool | None, now_ns: int) -> tuple[Act, ...]:
        despite = set() if self.dead_man is None else self.dead_man.despite
        if active is False:
            despite.discard(name)
            return ()
        return () if name in despite else self.lift_falling("raised", now_ns)

    def _held_button(self, active: bool | None, levels: Levels, now_ns: int) -> tuple[Act, ...]:
        released, self._released_ns = self._released_ns, now_ns if active is False else None
        if self.dead_man is not None:
            if active is True:
                return ()
            self.dead_man = None
            return self._halt(now_ns, falling=True)
        if active and released is not None and now_ns - released >= RELEASED_NS:
            return self._close_held(levels, now_ns)
        return ()

    def _close_held(self, levels: Levels, now_ns: int) -> tuple[Act, ...]:
        arm = self.arm
        stop = arm.buttons.get(Button.STOP)
        blocking = self._blocking(levels)
        if (
            arm.when_blocked is not Blocked.DEAD_MAN
            or not (blocking or self._failed)
            or level_of(arm.closed, levels) is True
            or (stop is not None and levels.get(stop) is not False)
        ):
            return ()
        if arm.close is not None:
            acts = (*self.exclude(arm.close.output), _on(arm.close, "dead_man"))
        elif arm.open.drive is Drive.MAINTAINED:
            acts = (Act(arm.open.output, False, what="dead_man"),)
        else:
            return ()
        self.dead_man = DeadMan(now_ns + arm.travel_ns, set(blocking))
        return acts

    def _halt(self, now_ns: int, *, falling: bool) -> tuple[Act, ...]:
        """Stop relay, or letting go of a close relay that is held, or opening again."""
        arm = self.arm
        acts: tuple[Act, ...]
        if arm.stop is not None:
            acts = (*self.exclude(arm.stop.output), _on(arm.stop, "stopped"))
        elif not falling:
            return ()
        elif arm.close is not None and arm.close.drive is Drive.MAINTAINED:
            # It stops if its drive stops then; if not, it is still lifted for whoever comes.
            acts = (Act(arm.close.output, False, what="stopped"),)
        else:
            return self.lift("reopened", now_ns)
        self.dead_man = None
        self._protected_ns = self._stopped_ns = now_ns
        return acts


def _on(relay: Relay, what: str) -> Act:
    ms = relay.pulse_ms if relay.drive is Drive.PULSE else None
    return Act(relay.output, True, ms, what)
