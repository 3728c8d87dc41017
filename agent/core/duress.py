"""Duress: whoever is forced to open taps his card, types a code at the reader, and help is called.

Rules kept here:
- nothing at the gate differs: no lamp, no horn, no answer, and the grant stands as it is; what is
  written is all that happens, and that stands on no list of the booth's screen;
- the whole code within the time, before or after a card at the same reader of a lane, whatever the
  answer to the card was; one code and one card raise one alarm;
- the code's keys follow one another, whatever came before them, since nobody types well with a
  knife at his throat; any key that is no digit so begins anew;
- a wrong code is nothing, and is not told;
- of what was typed no more is kept than a code is long, in memory only, and it shows in no text;
  where no code is set nothing is kept. After a restart nothing is known of cards or keys before.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agent.core import alarms
from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.events import CardRead, KeysTyped
from agent.core.ids import LaneId, ReaderId
from agent.core.plan import DuressPlan, GatePlan

_DECISIONS = frozenset(
    {EntryType.ACCESS_GRANTED, EntryType.ACCESS_DENIED, EntryType.ACCESS_REFERRED}
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A card that was decided on: when (ns, monotonic), its label ("" when unknown), the entry."""

    at_ns: int
    card: str
    cause: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What happened last at a reader; ``keys`` are the last ones, with the time of each."""

    keys: tuple[tuple[str, int], ...] = field(default=(), repr=False)
    coded_ns: int | None = field(default=None, repr=False)
    shown: Shown | None = None


Readers = Mapping[ReaderId, Typed]


def typed(plan: GatePlan, known: Readers, event: KeysTyped, out: Draft) -> Readers:
    """Keys were pressed at a reader: is that the code, and was a card there just before?"""
    rules, lane = plan.duress, plan.readers[event.reader].lane
    if rules is None or lane is None:
        return known
    now_ns = event.at.mono_ns
    here = known.get(event.reader, Typed())
    keys, coded_ns = here.keys, here.coded_ns
    for key in event.keys:
        keys = (*keys, (key, now_ns))[-len(rules.pin) :]
        if _is_code(rules, keys):
            keys, coded_ns = (), now_ns
    here = replace(here, keys=keys, coded_ns=coded_ns)
    return {**known, event.reader: _judged(rules, here, lane, event.reader, out)}


def shown(plan: GatePlan, known: Readers, event: CardRead, lane: LaneId, out: Draft) -> Readers:
    """A card was decided on at a lane, and that is in ``out``: was the code typed just before?"""
    if plan.duress is None:
        return known
    cause, entry = out.found(_DECISIONS)
    card = Shown(event.at.mono_ns, str(entry.data.get("card", "")), cause)
    here = replace(known.get(event.reader, Typed()), shown=card)
    return {**known, event.reader: _judged(plan.duress, here, lane, event.reader, out)}


def _is_code(rules: DuressPlan, keys: tuple[tuple[str, int], ...]) -> bool:
    """Compared in constant time: how long it takes tells nobody how much of it was right."""
    text = "".join(key for key, _ in keys)
    right = hmac.compare_digest(text.encode(), rules.pin.encode())
    return right and keys[-1][1] - keys[0][1] <= rules.within_ns


def _judged(rules: DuressPlan, here: Typed, lane: LaneId, reader: ReaderId, out: Draft) -> Typed:
    """Raise the alarm where code and card belong together; both are used up then."""
    card, coded_ns = here.shown, here.coded_ns
    if card is None or coded_ns is None or abs(card.at_ns - coded_ns) > rules.within_ns:
        return here
    alarms.duress(lane, reader, card.card, card.cause, out)
    return Typed()
