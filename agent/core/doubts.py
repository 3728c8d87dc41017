"""Inputs that cannot be believed: one entry when it begins, one when it is over."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.events import InputChanged
from agent.core.ids import InputId


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why an input is not believed, and the id of the entry that says so."""

    fault: str
    cause: str


Doubts = Mapping[InputId, Doubt]


def judged(doubts: Doubts, event: InputChanged, out: Draft) -> Doubts:
    """An input has told its level, and a fault or none."""
    known = doubts.get(event.input)
    if (known.fault if known else "") == event.fault:
        return doubts
    subject = f"input/{event.input}"
    others = {name: doubt for name, doubt in doubts.items() if name != event.input}
    if not event.fault:
        cause = known.cause if known else ""
        out.write(EntryType.INPUT_RECOVERED, subject, {"input": event.input}, cause=cause)
        return others
    data: dict[str, object] = {"input": event.input, "fault": event.fault}
    cause = out.write(EntryType.INPUT_FAULTED, subject, data)
    return {**others, event.input: Doubt(event.fault, cause)}
