"""How long to wait before the next attempt: longer each time, never for ever, never in step.

Rules kept here:
- the first attempt after a loss comes at once or nearly so; there is no last one;
- every wait is jittered, so that a hundred gates do not meet at the door of a restarted broker.
"""

from collections.abc import Callable

FIRST_S = 0.2
CAP_S = 30.0


class Backoff:
    """Waits in seconds. ``chance`` gives numbers from 0 to below 1 (``random.random``)."""

    def __init__(
        self, chance: Callable[[], float], first_s: float = FIRST_S, cap_s: float = CAP_S
    ) -> None:
        self._chance = chance
        self._first_s = first_s
        self._cap_s = cap_s
        self._failures = 0

    @property
    def failures(self) -> int:
        """Attempts in a row that came to nothing."""
        return self._failures

    def failed(self) -> float:
        """Count one more failure and say how long to wait now: half to all of the full time."""
        full = min(self._cap_s, self._first_s * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return full * (0.5 + 0.5 * self._chance())

    def succeeded(self) -> None:
        """Begin anew: the next failure is a first one."""
        self._failures = 0
