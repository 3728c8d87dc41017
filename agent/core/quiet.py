"""One card held to a reader is one tap.

Rules kept here:
- a credential seen again at the same reader within the reader's quiet time is the same tap, and
  being seen keeps it quiet: a card held for ten minutes stays one tap;
- the same card at another reader is another tap;
- a card that failed to prove itself may be shown again at once;
- the memory is bounded: the oldest sighting is forgotten first.
"""

from agent.core.ids import ReaderId
from agent.core.model import Credential

_KEPT = 64


class Quiet:
    """The sightings of one reader; the inbox calls it under its lock. Times in nanoseconds."""

    def __init__(self, reader: ReaderId, quiet_ns: int) -> None:
        self.reader = reader
        self._quiet_ns = quiet_ns
        self._seen: dict[Credential, int] = {}

    def admits(self, credential: Credential, mono_ns: int) -> bool:
        """True when this sighting is a new tap."""
        last = self._seen.pop(credential, None)
        self._seen[credential] = mono_ns
        if len(self._seen) > _KEPT:
            del self._seen[next(iter(self._seen))]
        return last is None or mono_ns - last >= self._quiet_ns

    def forget(self, credential: Credential) -> None:
        """The next sighting is a new tap, however soon: this one was to be shown again."""
        self._seen.pop(credential, None)
