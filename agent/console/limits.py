"""How often somebody may ask: a bucket of tokens for each who asks.

Rules kept here:
- a bucket fills at a steady rate up to its size; who finds it empty waits;
- the buckets are bounded: the one that was used longest ago is forgotten.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_BUCKETS = 1_000


class Limit:
    """``size`` at once, ``per_s`` a second afterwards, for each key."""

    def __init__(
        self, size: float, per_s: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._size = size
        self._per_s = per_s
        self._now = now
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one: 0.0 when it was there, else the seconds after which one is."""
        now = self._now()
        with self._lock:
            left, at = self._buckets.pop(key, (self._size, now))
            left = min(self._size, left + (now - at) * self._per_s)
            taken = left >= 1.0
            self._buckets[key] = (left - 1.0 if taken else left, now)
            if len(self._buckets) > _BUCKETS:
                self._buckets.popitem(last=False)
        return 0.0 if taken else (1.0 - left) / self._per_s
