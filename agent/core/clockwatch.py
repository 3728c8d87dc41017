"""Watches the wall clock against the monotonic one.

Rules kept here:
- the wall clock may drift, and be slewed, by a little between two looks; more than `STEP_US` is a
  step, and a step is an entry;
- a change between trusted and not trusted is an entry of its own.
"""

from agent.core.events import ClockJudged, ClockStepped
from agent.core.model import Moment

STEP_US = 2_000_000


class ClockWatch:
    """Fed with a moment about once a second; keeps only the last one."""

    def __init__(self, first: Moment) -> None:
        self._last = first

    def look(self, now: Moment) -> tuple[ClockStepped | ClockJudged, ...]:
        """What happened to the clock since the last look."""
        last, self._last = self._last, now
        events: list[ClockStepped | ClockJudged] = []
        delta_us = (now.wall_us - last.wall_us) - (now.mono_ns - last.mono_ns) // 1000
        if abs(delta_us) > STEP_US:
            events.append(ClockStepped(delta_us, now))
        if now.quality.trusted is not last.quality.trusted:
            events.append(ClockJudged(now.quality.trusted, now))
        return tuple(events)
