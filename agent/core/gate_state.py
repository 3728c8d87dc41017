"""All that the gate holds in memory, and what one event led to.

Rule kept here: a state never changes; whoever changes something makes the next one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.core.call_state import Calls
from agent.core.doubts import Doubts
from agent.core.duress import Readers
from agent.core.effects import Effect
from agent.core.emergency import Emergency
from agent.core.entries import Entry
from agent.core.ids import InputId, LaneId, ZoneId
from agent.core.lane import LaneState
from agent.core.view import LaneView


@dataclass(frozen=True, slots=True)
class GateState:
    """All that the gate holds in memory.

    ``levels`` are those of the buttons, ``doubts`` the inputs that cannot be believed, ``counts``
    the vehicles in every zone that a display tells of, ``views`` how the lanes look from outside.
    ``power``: is the mains power there; None where nothing tells. ``typed``: what was typed at
    readers, as far as a code may come of it.
    """

    lanes: Mapping[LaneId, LaneState]
    emergency: Emergency = field(default_factory=Emergency)
    levels: Mapping[InputId, bool | None] = field(default_factory=dict)
    doubts: Doubts = field(default_factory=dict)
    counts: Mapping[ZoneId, int] = field(default_factory=dict)
    views: Mapping[LaneId, LaneView] = field(default_factory=dict)
    power: bool | None = None
    calls: Calls = field(default_factory=Calls)
    typed: Readers = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """What one event led to."""

    state: GateState
    entries: tuple[Entry, ...]
    effects: tuple[Effect, ...]


def views(state: GateState) -> Sequence[LaneView]:
    """How the lanes look from outside, in the order of the plan."""
    return [state.views[name] for name in state.lanes if name in state.views]


def put(state: GateState, changed: LaneState) -> GateState:
    """The same state, this lane as it is now."""
    if changed is state.lanes[changed.lane]:
        return state
    return replace(state, lanes={**state.lanes, changed.lane: changed})
