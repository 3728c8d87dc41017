"""What the loop is plugged into: the journal, the devices, and who wants to hear of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.core.entries import Entry
from agent.core.ids import LaneId, ReaderId
from agent.core.model import Moment
from agent.ports import (
    CardReader,
    Clock,
    Display,
    Health,
    Intercom,
    Journal,
    Listener,
    Outputs,
)


@dataclass(frozen=True, slots=True)
class World:
    """What the loop is plugged into. ``beat`` is called about once a second while it is alive.

    ``rehearse`` goes through the writing of entries and undoes it; may raise StoreError.
    ``parts`` tells how every part of the gate is.
    """

    journal: Journal
    outputs: Outputs
    readers: Mapping[ReaderId, CardReader]
    clock: Clock
    listeners: Sequence[Listener]
    beat: Callable[[], None]
    rehearse: Callable[[Sequence[Entry], Moment], None] = lambda _entries, _now: None
    displays: Mapping[LaneId, Display] = field(default_factory=dict)
    parts: Callable[[], Sequence[Health]] = tuple
    intercom: Intercom | None = None
