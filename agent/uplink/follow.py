"""Following streams of events as a central server does: order, gaps, duplicates.

Rules kept here:
- the key of an event is (source, streamid, sequence); each counts once;
- a gap is named at once, and filled when what was missing comes after all;
- `through` never passes a hole: everything up to it was seen, so it can be a durable cursor;
- what is remembered is bounded: streams, and holes per stream.
"""

from dataclasses import dataclass

MAX_STREAMS = 4_096
MAX_HOLES = 1_024


@dataclass(frozen=True, slots=True)
class New:
    """First time this event is seen; ``late`` when it fills a hole."""

    sequence: int
    late: bool = False


@dataclass(frozen=True, slots=True)
class Duplicate:
    """This event was seen before."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Gap:
    """First time this event is seen, and ``first`` to ``last`` before it are missing."""

    sequence: int
    first: int
    last: int


Verdict = New | Duplicate | Gap


class Line:
    """The numbers of one stream. ``after`` is what the consumer has; None begins anywhere."""

    __slots__ = ("_base", "_holes", "_last", "forgotten", "received")

    def __init__(self, after: int | None = None) -> None:
        self._base = after
        self._last = after if after is not None else 0
        self._holes: list[tuple[int, int]] = []
        self.received = 0
        self.forgotten = 0

    @property
    def last(self) -> int:
        """The highest sequence seen."""
        return self._last

    @property
    def through(self) -> int:
        """Everything from the beginning up to here was seen."""
        return self._holes[0][0] - 1 if self._holes else self._last

    @property
    def holes(self) -> tuple[tuple[int, int], ...]:
        """What is missing, as first and last of each hole."""
        return tuple(self._holes)

    @property
    def missing(self) -> int:
        """How many events are missing."""
        return self.forgotten + sum(last - first + 1 for first, last in self._holes)

    def take(self, sequence: int) -> Verdict:
        """An event has come; raises ValueError for a sequence below 1."""
        if sequence < 1:
            raise ValueError(f"{sequence} is not a sequence: they count from 1")
        if self._base is None:
            self._base = self._last = sequence - 1
        if sequence <= self._base:
            return Duplicate(sequence)
        if sequence <= self._last:
            return self._fill(sequence)
        self.received += 1
        first, self._last = self._last + 1, sequence
        if sequence == first:
            return New(sequence)
        self._holes.append((first, sequence - 1))
        if len(self._holes) > MAX_HOLES:
            lost = self._holes.pop(0)
            self.forgotten += lost[1] - lost[0] + 1
        return Gap(sequence, first, sequence - 1)

    def _fill(self, sequence: int) -> Verdict:
        for index, (first, last) in enumerate(self._holes):
            if first <= sequence <= last:
                rest = [(first, sequence - 1), (sequence + 1, last)]
                self._holes[index : index + 1] = [hole for hole in rest if hole[0] <= hole[1]]
                self.received += 1
                return New(sequence, late=True)
        return Duplicate(sequence)


class Follower:
    """All streams of all gates that a consumer listens to."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], Line] = {}
        self._sessions: dict[str, int] = {}

    @property
    def lines(self) -> dict[tuple[str, str], Line]:
        """What is known of each stream, by source and streamid."""
        return dict(self._lines)

    def start(self, source: str, stream: str, after: int) -> None:
        """Expect this stream from ``after`` + 1 on; does nothing when it is followed already."""
        if (source, stream) not in self._lines:
            self._add(source, stream, Line(after))

    def take(self, source: str, stream: str, sequence: int) -> Verdict:
        """An event has come; raises ValueError for a sequence below 1."""
        line = self._lines.get((source, stream))
        if line is None:
            line = self._add(source, stream, Line())
        return line.take(sequence)

    def believe(self, source: str, session: int) -> bool:
        """Whether a status is to be believed: a late will of an older session is not."""
        if session < self._sessions.get(source, 0):
            return False
        if source not in self._sessions and len(self._sessions) >= MAX_STREAMS:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[source] = session
        return True

    def _add(self, source: str, stream: str, line: Line) -> Line:
        if len(self._lines) >= MAX_STREAMS:
            del self._lines[next(iter(self._lines))]
        self._lines[source, stream] = line
        return line
