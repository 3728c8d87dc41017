"""The loop's timers: keys and monotonic times, owned by the loop's thread alone."""

import heapq


class Timers:
    """A key is set once at a time; setting it again replaces it. Times in nanoseconds."""

    def __init__(self) -> None:
        self._at: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def start(self, key: str, at_ns: int) -> None:
        """Let ``key`` be due at ``at_ns``."""
        self._at[key] = at_ns
        heapq.heappush(self._heap, (at_ns, key))

    def stop(self, key: str) -> None:
        """Forget ``key``; nothing happens if it is not set."""
        self._at.pop(key, None)

    def due(self, now_ns: int) -> str | None:
        """One key whose time has come, taken off; None when there is none."""
        while self._heap and self._heap[0][0] <= now_ns:
            at_ns, key = heapq.heappop(self._heap)
            if self._at.get(key) == at_ns:
                del self._at[key]
                return key
        return None

    def next_ns(self) -> int | None:
        """When the next timer is due; None when none is set."""
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None
