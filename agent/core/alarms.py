"""Alarms of a lane: the ladder of an arm or door that stands open too long, force, tailgaters.

Rules kept here:
- the ladder begins when the arm could have closed and did not, and it has an end: after its last
  step the alarm stays, and no more is said;
- every step is one entry and one sound of the horn; a step that is not configured is left out;
- what was raised is ended once, when the arm no longer stands open; the next time it stands open
  the ladder begins anew;
- what was forced, or followed somebody through, is over at once and cannot be undone: its alarm
  stands until a guard has seen it, also over a restart; once more is raised once more;
- every other alarm ends by itself. What an earlier run raised of these has ended with it: where it
  is still so it is raised anew;
- the alarm of duress is silent: no horn, and it stands nowhere, so that nobody who looks over the
  guard's shoulder learns of it; the centre hears of it, and nothing ends it;
- nothing here moves the arm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.core import signals
from agent.core.ask import Act, Ask, Book
from agent.core.booking import book, by, conflict
from agent.core.draft import Draft
from agent.core.effects import StartTimer, StopTimer
from agent.core.entries import EntryType
from agent.core.facts import Facts
from agent.core.ids import LaneId, ReaderId
from agent.core.needs import Need
from agent.core.plan import Ladder, LanePlan

HELD_OPEN, FORCED, TAILGATING = "held_open", "forced", "tailgating"
DURESS = "duress"
SEEN = frozenset({FORCED, TAILGATING})
"""Alarms that stand until a guard has seen them."""
TABLE = "alarms"
NEEDS: Sequence[Need] = (Need(TABLE),)
"""What has to be looked up when the agent starts."""
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


def forced(plan: LanePlan, cause: str, out: Draft) -> None:
    """The arm or door was moved by something else, or somebody drove through although it was down.

    ``cause`` is the id of the entry that tells it.
    """
    _happened(plan, FORCED, cause, out)


def tailgated(plan: LanePlan, cause: str, out: Draft) -> None:
    """Somebody went through behind somebody else, whose passage's end is ``cause``."""
    _happened(plan, TAILGATING, cause, out)


def duress(lane: LaneId, reader: ReaderId, card: str, cause: str, out: Draft) -> None:
    """Whoever showed a card at this reader is forced to; ``cause`` is the answer to the card.

    ``card`` is its label, empty where the card is unknown.
    """
    data = {"lane": lane, "alarm": DURESS, "step": "alarm", "level": 1, "reader": reader}
    if card:
        data["card"] = card
    out.write(EntryType.ALARM_RAISED, f"lane/{lane}", data, cause=cause)


def restored(lanes: Mapping[LaneId, LanePlan], facts: Facts, cause: str, out: Draft) -> None:
    """End what an earlier run raised, but for what a guard still has to see at one of the lanes."""
    for row in facts.rows.get(TABLE, ()):
        if row["alarm"] in SEEN and row["lane"] in lanes:
            continue
        subject = f"lane/{row['lane']}" if row["lane"] else "gate"
        out.write(EntryType.ALARM_ENDED, subject, _row(row), cause=cause)


def seen(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{alarm}``, as the list of what is to be done names it: a guard has looked at the lane."""
    key = ask.form.text("alarm", needed=True)
    row = next((row for row in ask.rows(TABLE) if row["standing"] == key), None)
    if row is None:
        raise ask.form.fault("this alarm is over already", "alarm", 404)
    if row["alarm"] not in SEEN:
        raise conflict("this alarm ends by itself, when what it tells of is over", "alarm")
    book(ask, out, EntryType.ALARM_ENDED, f"lane/{row['lane']}", _row(row))
    return {"alarm": key}


def _happened(plan: LanePlan, alarm: str, cause: str, out: Draft) -> None:
    data = {"lane": plan.lane, "alarm": alarm, "step": "alarm", "level": 1}
    out.write(EntryType.ALARM_RAISED, f"lane/{plan.lane}", data, cause=cause)
    signals.sound(plan, out)


def _row(row: Mapping[str, object]) -> dict[str, object]:
    """What the end of a standing alarm tells of it."""
    named = {name: row[name] for name in ("lane", "call", "input") if row[name]}
    return {"alarm": row["alarm"], "step": row["step"], "level": row["level"], **named}


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


BOOK = Book({"alarm.see": Act(seen, by(TABLE, "standing", "alarm"))})
