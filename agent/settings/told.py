"""What a lane will do and cannot know, in sentences for an installer.

Rules kept here:
- what protects people is told with what a cut wire does to it;
- what a lane cannot know for want of a sensor is said.
"""

from collections.abc import Iterator

from agent.core.plan import Blocked, Drive
from agent.settings.grounds import ZoneRules
from agent.settings.passage import Arm, Ladder, Lane
from agent.settings.pins import ContactPin, InputPin, OutputPin
from agent.settings.units import write_duration
from agent.settings.words import Level, Pull

_LOOKS = "reads as a power cut"
_PROTECTS = ("safety", "loop", "button-stop", "fire")


def output(pin: OutputPin) -> str:
    """One output in a line."""
    drive = f"pulse of {write_duration(pin.pulse)}"
    how = drive if pin.drive is Drive.PULSE else "maintained"
    return f"GPIO{pin.pin}, {how}, on when {pin.active}, at exit {pin.on_exit}"


def contact(role: str, pin: InputPin | ContactPin) -> str:
    """One input in a line."""
    pull = "no resistor" if pin.pull is Pull.NONE else f"pulled {pin.pull}"
    told = f"GPIO{pin.pin}, active {pin.active}, {pull}, debounce {write_duration(pin.debounce)}"
    if isinstance(pin, InputPin) and pin.longest is not None:
        told += f", active for {write_duration(pin.longest)} is a fault"
    if pin.pair is not None:
        return f"{told}, paired with GPIO{pin.pair.pin}: a cut wire is a fault"
    if isinstance(pin, InputPin) and pin.test is not None:
        return f"{told}, tested by GPIO{pin.test.pin} before each closing"
    if role == "mains":
        # Here the wire is sound while it reads active, so that a cut one looks like a power cut.
        return f"{told}, a cut wire {'is NOT noticed' if _reads_active(pin) else _LOOKS}"
    return f"{told}{_cut(pin)}" if role.startswith(_PROTECTS) else told


def _cut(pin: InputPin | ContactPin) -> str:
    if pin.pull is Pull.NONE:
        return ", a cut wire reads anything"
    return ", a cut wire reads active" if _reads_active(pin) else ", a cut wire is NOT noticed"


def _reads_active(pin: InputPin | ContactPin) -> bool:
    return (pin.pull is Pull.UP) is (pin.active is Level.HIGH)


def sentences(lane: Lane) -> Iterator[str]:
    """What the lane does by itself, and what it will never know."""
    if lane.zones is not None:
        back = " (and back)" if lane.direction == "both" else ""
        yield f"leads from {lane.zones.from_} to {lane.zones.to}{back}"
    if lane.direction == "both" and lane.arm is not None:
        yield f"one direction at a time; when both wait: {lane.right_of_way}"
    if lane.door is not None:
        yield f"the strike is released for {write_duration(lane.door.strike.pulse)}"
        yield "in a fire it is released until the reset: it has to stand continuous current"
        if lane.inputs.closed is None:
            yield "no contact: whether the door was opened, and by force, is not known"
        yield from _ladder(lane.door.open_too_long)
    elif lane.arm is not None:
        yield from _passage(lane)
        yield from _arm(lane, lane.arm)
        yield from _ladder(lane.arm.open_too_long)
    display = lane.signals.display
    if display is not None:
        told = f"{display.port}, {display.baud} bits a second, {display.encoding}"
        yield f"text on {told}, {display.columns} columns"


def _passage(lane: Lane) -> Iterator[str]:
    wait = write_duration(lane.open_for)
    if lane.inputs.loop is not None:
        yield f"a grant waits {wait} for its vehicle; the arm closes when the loop is clear"
    else:
        yield f"no loop: the arm is up for {wait}, and who passed is not known"
    if lane.inputs.loop is None and not lane.inputs.safety:
        yield "no safety input: nothing stops this arm from coming down on somebody"


def _arm(lane: Lane, arm: Arm) -> Iterator[str]:
    travel = write_duration(arm.travel)
    opened, closed = lane.inputs.opened, lane.inputs.closed
    if opened is None and closed is None:
        yield f"no limit switch: where the arm is, is assumed after {travel}, not known"
    elif closed is None:
        yield f"no closed switch: that the arm is down is assumed after {travel}, not known"
    elif opened is None:
        yield f"no opened switch: that the arm is up is assumed after {travel}, not known"
    if arm.close is None and arm.open.drive is Drive.PULSE:
        yield "no close relay: the operator lowers the arm by itself, on its own sensors alone"
    if arm.stop is None and (arm.close is None or arm.close.drive is Drive.PULSE):
        yield "no stop relay: a guard's stop lifts an arm that goes down, and does no more"
    if arm.when_blocked is Blocked.DEAD_MAN:
        yield "while a safety input is not clear the guard may close by holding the button"


def _ladder(ladder: Ladder | None) -> Iterator[str]:
    if ladder is None:
        return
    steps = []
    if ladder.pre_alarm is not None:
        steps.append(f"a warning after {write_duration(ladder.pre_alarm)}")
    if ladder.alarm is not None:
        steps.append(f"an alarm after {write_duration(ladder.alarm)}")
    if ladder.escalate:
        steps.append(f"louder after {', '.join(map(write_duration, ladder.escalate))}")
    yield f"left open: {', '.join(steps)}" if steps else "left open: nothing is said"


def zone(name: str, rules: ZoneRules) -> str:
    """One zone in a line."""
    told = [f"{rules.bays} bays" if rules.bays is not None else "vehicles are not counted"]
    if rules.refuse_when_full:
        told.append(f"when full no {', '.join(rules.refuse_when_full)}")
    if rules.passback is not None:
        within = rules.passback.within
        told.append(
            f"anti-passback {rules.passback.mode}"
            + (f" {write_duration(within)}" if within is not None else "")
            + f" for {', '.join(rules.passback.kinds)}"
        )
        if rules.passback.amnesty is not None:
            told.append(f"amnesty at {rules.passback.amnesty:%H:%M}")
    return f"zone {name}: {'; '.join(told)}"
