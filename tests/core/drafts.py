"""Steps of one part of the core alone: a draft at a time, and what came of it in short words."""

from agent.core.draft import Draft
from agent.core.effects import (
    AnswerOrder,
    Effect,
    HoldFire,
    PulseRelay,
    ShowText,
    StartTimer,
    StopTimer,
    SwitchRelay,
)
from agent.core.entries import Entry
from agent.core.facts import Facts
from agent.core.plan import GatePlan
from tests.core.builders import SECOND, WEDNESDAY, gate_plan, moment


def a_draft(seconds: float = 0, plan: GatePlan | None = None, sequence: int = 1) -> Draft:
    """An empty draft, ``seconds`` after noon."""
    return Draft(plan or gate_plan(), Facts("s1", sequence, WEDNESDAY), moment(seconds))


def told(out: Draft) -> list[str]:
    """Entries first, then effects; timers with seconds after noon."""
    return [*map(_entry, out.entries), *map(_effect, out.effects)]


def _entry(entry: Entry) -> str:
    name = entry.type.removeprefix("gate.").removesuffix(".v1")
    keys = ("emergency", "alarm", "step", "level", "by", "input", "fault", "detail")
    return " ".join((name, *(str(entry.data[key]) for key in keys if key in entry.data)))


def _effect(effect: Effect) -> str:
    word = type(effect).__name__
    match effect:
        case StartTimer(key, at_ns):
            word = f"start {key} {(at_ns - moment(0).mono_ns) / SECOND:g}"
        case StopTimer(key):
            word = f"stop {key}"
        case PulseRelay(output, ms):
            word = f"pulse {output} {ms}"
        case SwitchRelay(output, on):
            word = f"{output} {'on' if on else 'off'}"
        case ShowText(_, text):
            word = f"show {text}"
        case HoldFire(on):
            word = f"hold fire {'on' if on else 'off'}"
        case AnswerOrder(_, status, code):
            word = f"{status} {code}"
    return word
