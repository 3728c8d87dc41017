"""The outbox: what of the journal the broker has, and what is on its way there.

Rules kept here:
- the outbox is the journal beyond `published`; there is no other queue;
- `published` is the end of the longest acknowledged prefix without a hole: acknowledgements may
  come out of order, the cursor never jumps;
- no more than `window` entries lie beyond `published` at any time;
- a refused entry stays, nothing after it is sent, and only `reset` (a new session) tries again;
- within a session an entry is sent once.
"""


class Outbox:
    """The cursor of one uplink. Sequences count from 1; ``published`` 0 means nothing yet.

    ``window`` is the greatest number of entries on their way (1 to 65,535). Raises ValueError for
    a window or cursor out of range.
    """

    __slots__ = ("_ahead", "_next", "_published", "_refused", "_window")

    def __init__(self, published: int, window: int) -> None:
        if published < 0:
            raise ValueError(f"published is {published}: a cursor is 0 or greater")
        if not 1 <= window <= 65_535:
            raise ValueError(f"window is {window}: it has to be 1 to 65535")
        self._published = published
        self._next = published + 1
        self._window = window
        self._ahead: set[int] = set()
        self._refused = 0

    @property
    def published(self) -> int:
        """The last sequence of the acknowledged prefix."""
        return self._published

    @property
    def next(self) -> int:
        """The sequence to be sent next."""
        return self._next

    @property
    def refused(self) -> int:
        """The lowest entry that the broker refused in this session, 0 when there is none."""
        return self._refused

    @property
    def inflight(self) -> int:
        """How many entries were sent and not acknowledged."""
        return self._next - 1 - self._published - len(self._ahead)

    @property
    def room(self) -> int:
        """How many entries may be sent now."""
        if self._refused:
            return 0
        return self._published + self._window + 1 - self._next

    def send(self, sequence: int) -> None:
        """Take note that an entry is on its way; raises ValueError out of turn or without room."""
        if sequence != self._next:
            raise ValueError(f"entry {sequence} is out of turn: {self._next} comes next")
        if self.room < 1:
            raise ValueError(f"entry {sequence} does not fit: the window is full or stopped")
        self._next = sequence + 1

    def acknowledge(self, sequence: int) -> int:
        """The broker has this entry; returns by how many entries the prefix moved.

        An acknowledgement of what is not on its way (a late one, a double one) changes nothing.
        """
        before = self._published
        if not before < sequence < self._next or sequence == self._refused:
            return 0
        if sequence != before + 1:
            self._ahead.add(sequence)
            return 0
        ahead = self._ahead
        while ahead and sequence + 1 in ahead:
            sequence += 1
            ahead.remove(sequence)
        self._published = sequence
        return sequence - before

    def refuse(self, sequence: int) -> None:
        """The broker will not have this entry: it stays, and nothing more is sent till `reset`."""
        if not self._published < sequence <= self._next or sequence in self._ahead:
            return
        self._refused = min(self._refused or sequence, sequence)

    def reset(self) -> None:
        """A new session: what was on its way is sent again, in order, from the prefix on."""
        self._ahead.clear()
        self._refused = 0
        self._next = self._published + 1

    def resume(self, first: int) -> int:
        """Retention has cut the journal below ``first``; returns how many entries are gone unsent.

        Only between sessions; raises ValueError while entries are on their way.
        """
        if self._next != self._published + 1:
            raise ValueError("entries are on their way: reset first")
        gone = max(0, first - 1 - self._published)
        if gone:
            self._published = first - 1
            self._next = first
        return gone
