"""Says at a lane what was written down of it, and what it looks like now.

Rules kept here:
- it hears of all this after the effects: nothing that moves or protects waits for a sentence;
- what was written down late is not said: whoever it is for may be gone;
- only what a lane has to say goes to its loudspeaker, as the name of a recording.
"""

from collections.abc import Mapping, Sequence

from agent.core import spoken
from agent.core.entries import Entry
from agent.core.ids import LaneId
from agent.core.tap import late
from agent.core.view import LaneView
from agent.ports import Clock, Head, Voice


class Speaking:
    """A `agent.ports.Listener` with the loudspeakers of the lanes that have one."""

    def __init__(self, voices: Mapping[LaneId, Voice], clock: Clock) -> None:
        self._voices = voices
        self._clock = clock
        self._views: dict[LaneId, LaneView] = {}

    def committed(self, head: Head, first: int, entries: Sequence[Entry]) -> None:
        """Say what cards were told."""
        del head, first
        for entry in entries:
            said = spoken.of_entry(entry)
            if said is not None and not late(entry.at, self._clock.now().mono_ns):
                self._say(*said)

    def lanes(self, views: Sequence[LaneView]) -> None:
        """Say what is new at lanes that look different now."""
        for view in views:
            said = spoken.of_view(self._views.get(view.lane), view)
            self._views[view.lane] = view
            if said:
                self._say(view.lane, said)

    def _say(self, lane: LaneId, moment: str) -> None:
        voice = self._voices.get(lane)
        if voice is not None:
            voice.say(spoken.candidates(moment), urgent=moment in spoken.URGENT)
