"""The ladder of an arm or door that stands open too long: a warning, an alarm, calls for help.

Rules kept here:
- the ladder begins when the arm could have closed and did not, and it has an end: after its last
  step the alarm stays, and no more is said;
- every step is one entry and one sound of the horn; a step that is not configured is left out;
- what was raised is ended once, when the arm no longer stands open; the next time it stands open
  the ladder begins anew;
- nothing here moves the arm.
"""

from dataclasses import dataclass

from agent.core import signals
from agent.core.draft import Draft
from agent.core.effects import StartTimer, StopTimer
from agent.core.entries import EntryType
from agent.core.ids import LaneId
from agent.core.plan import Ladder, LanePlan

HELD_OPEN = "held_open"
_KEY = "alarm:"
_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Alarm:
    """How far the ladder was climbed.

    ``since_ns``: since when the arm stands open for nobody (monotonic), None while it does not.
    ``level`` counts the steps that were reached, ``step`` names the last of them (``none,
    pre_alarm, alarm, escalated``), ``cause`` is the id of the entry of the first.
    """

    since_ns: int | None = None
    level: int = 0
    step: str = "none"
    cause: str = ""


def key_of(lane: LaneId) -> str:
    """The key of the timer that brings the next step."""
    return f"{_KEY}{lane}"


def steps(ladder: Ladder) -> tuple[tuple[str, int], ...]:
    """The configured steps in order: name, and ns since the arm could have closed."""
    first = (("pre_alarm", ladder.pre_alarm_ns), ("alarm", ladder.alarm_ns))
    louder = tuple(("escalated", after_ns) for after_ns in ladder.escalate_ns)
    return (*((name, after_ns) for name, after_ns in first if after_ns is not None), *louder)


def watch(plan: LanePlan, state: Alarm, standing_open: bool, out: Draft) -> Alarm:
    """Take note whether the arm stands open though it could have closed.

    Called after every change of the lane; saying the same again does nothing.
    """
    if standing_open == (state.since_ns is not None):
        return state
    if standing_open:
        return _climb_on(plan, Alarm(since_ns=out.at.mono_ns), out)
    if state.level < len(steps(plan.arm.ladder)):
        out.do(StopTimer(key_of(plan.lane)))
    if state.level:
        _write(plan, state, EntryType.ALARM_ENDED, out)
    return Alarm()


def timer(plan: LanePlan, state: Alarm, out: Draft) -> Alarm:
    """The time of the next step has come; a timer that nobody waits for does nothing."""
    ladder = steps(plan.arm.ladder)
    if state.since_ns is None or state.level >= len(ladder):
        return state
    step, _ = ladder[state.level]
    state = Alarm(state.since_ns, state.level + 1, step, state.cause)
    written = _write(plan, state, EntryType.ALARM_RAISED, out)
    signals.sound(plan, out)
    return _climb_on(plan, Alarm(state.since_ns, state.level, step, state.cause or written), out)


def _climb_on(plan: LanePlan, state: Alarm, out: Draft) -> Alarm:
    ladder = steps(plan.arm.ladder)
    if state.since_ns is not None and state.level < len(ladder):
        _, after_ns = ladder[state.level]
        out.do(StartTimer(key_of(plan.lane), state.since_ns + after_ns))
    return state


def _write(plan: LanePlan, state: Alarm, kind: EntryType, out: Draft) -> str:
    since_ns = out.at.mono_ns if state.since_ns is None else state.since_ns
    data: dict[str, object] = {
        "lane": plan.lane,
        "alarm": HELD_OPEN,
        "step": state.step,
        "level": state.level,
        "openms": (out.at.mono_ns - since_ns) // _MS,
    }
    return out.write(kind, f"lane/{plan.lane}", data, cause=state.cause)
