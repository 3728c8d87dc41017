"""The mains power, and the look at every part when it is back.

Rules kept here:
- the mains input tells that power is there; one that cannot be read tells nothing;
- each change is written once: a failure that an earlier run wrote down is still one, and the return
  after it is the return from it;
- after every return each reader, relay and input is looked at, and what is found is written into
  the journal whole, what is well included.
"""

from collections.abc import Iterable
from typing import NamedTuple

from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.events import InputChanged
from agent.core.facts import Mode

MAINS = "mains"
"""The mode that is in force while the power is away."""
ROOM = 10_000
"""So many bytes are told of parts, the faulty ones first: an entry is bounded."""
_NAMES, _NAME, _DETAIL = 40, 40, 80


class Part(NamedTuple):
    """One part as it was found: ``condition`` is ``ok``, ``degraded`` or ``down``."""

    part: str
    condition: str
    detail: str = ""


def restored(modes: Iterable[Mode]) -> bool | None:
    """Whether the power is there, as an earlier run has left it; None where nothing tells."""
    return False if any(mode.name == MAINS for mode in modes) else None


def mains_changed(there: bool | None, event: InputChanged, out: Draft) -> tuple[bool | None, bool]:
    """The mains input has a new level; gives whether power is there, and whether to look at parts.

    ``there`` is what was known before.
    """
    if event.active is None or event.active is there:
        return there, False
    data = {"input": event.input}
    if not event.active:
        out.write(EntryType.POWER_FAILED, MAINS, data)
        return False, False
    if there is False:
        out.write(EntryType.POWER_RETURNED, MAINS, data)
    return True, there is False


def checked(parts: Iterable[Part], cause: str, out: Draft) -> str:
    """Write down how the parts were found; gives the id of the entry."""
    found = list(parts)
    faulty = [part for part in found if part.condition != "ok"]
    told: list[dict[str, str]] = []
    room = ROOM
    for part in (*faulty, *(part for part in found if part.condition == "ok")):
        said = {"part": part.part[:_NAME], "condition": part.condition}
        if part.detail:
            said["detail"] = part.detail[:_DETAIL]
        room -= sum(len(name) + len(text.encode()) + 6 for name, text in said.items())
        if room < 0:
            break
        told.append(said)
    data = {
        "count": len(found),
        "faults": len(faulty),
        "faulty": [part.part[:_NAME] for part in faulty][:_NAMES],
        "parts": told,
    }
    return out.write(EntryType.AGENT_CHECKED, "agent", data, cause=cause)
