"""Which of the tags in the field is the tap: the filter, the strongest, and one tap for one car.

Rules kept here:
- a tag that does not fit the filter, or is weaker than the least, does not exist;
- the first new tag opens a window; at its end the strongest new tag of the window is the tap;
- a tag that was the tap is none again before it was not seen for the quiet time: a car that stands
  in the field is one tap;
- while the last tap's tag is in the field, another one is the tap only if it is stronger by
  `MARGIN_DB`: the car behind waits until the first one has left, or until it is the nearer one;
- readers that tell no strength leave no choice: every new tag is a tap at once;
- at most `KEPT` tags are remembered, those seen last. Times are monotonic nanoseconds.
"""

from collections import deque
from dataclasses import dataclass

from drivers.wire.uhf import Tag

KEPT = 256
MARGIN_DB = 3
LEFT_NS = 2_000_000_000
"""A tag that was not seen for so long has left the field."""


@dataclass(frozen=True, slots=True)
class EpcFilter:
    """Hexadecimal digits that an EPC begins with; with ``mask`` only where its bits are set.

    ``mask`` is empty, or as long as ``value``; else ValueError.
    """

    value: str = ""
    mask: str = ""

    def __post_init__(self) -> None:
        """See above."""
        if self.mask and len(self.mask) != len(self.value):
            raise ValueError("the mask of an EPC filter must be as long as its value")

    def wants(self, epc: str) -> bool:
        """Whether the EPC (upper case) fits."""
        if not self.mask:
            return epc.startswith(self.value)
        mine = epc[: len(self.value)]
        if len(mine) < len(self.value):
            return False
        mask = int(self.mask, 16)
        return int(mine, 16) & mask == int(self.value, 16) & mask


EVERY_EPC = EpcFilter()


class TagChoice:
    """The choice at one antenna. `see` every tag, then `take` taps while there are any."""

    def __init__(
        self,
        window_ns: int,
        quiet_ns: int,
        wanted: EpcFilter = EVERY_EPC,
        least_dbm: int | None = None,
    ) -> None:
        self._window_ns = window_ns
        self._quiet_ns = quiet_ns
        self._wanted = wanted
        self._least_dbm = least_dbm
        self._tapped: dict[str, int] = {}
        self._best: dict[str, int] = {}
        self._opened_ns: int | None = None
        self._winner = ""
        self._winner_dbm = 0
        self._ready: deque[str] = deque()
        self.filtered = 0
        self.held = 0

    @property
    def due_ns(self) -> int | None:
        """When the window ends, and `take` is to be called; None while there is none."""
        return None if self._opened_ns is None else self._opened_ns + self._window_ns

    def see(self, tag: Tag, now_ns: int) -> None:
        """A tag was seen."""
        weak = self._least_dbm is not None and (tag.dbm is None or tag.dbm < self._least_dbm)
        if weak or not self._wanted.wants(tag.epc):
            self.filtered += 1
            return
        last = self._tapped.pop(tag.epc, None)
        if last is not None and now_ns - last < self._quiet_ns:
            self._tapped[tag.epc] = now_ns
            self.held += 1
            if tag.epc == self._winner and tag.dbm is not None:
                still = self._winner_dbm if self._opened_ns is not None else tag.dbm
                self._winner_dbm = max(still, tag.dbm)
        elif tag.dbm is None:
            self._remember(tag.epc, now_ns)
            self._ready.append(tag.epc)
            if len(self._ready) > KEPT:
                self._ready.popleft()
        elif tag.epc in self._best or len(self._best) < KEPT:
            if self._opened_ns is None:
                self._opened_ns = now_ns
            self._best[tag.epc] = max(tag.dbm, self._best.get(tag.epc, tag.dbm))

    def forget(self, epc: str) -> None:
        """This tag turns out to be somewhere else: it takes no part in the window."""
        self._best.pop(epc, None)
        if not self._best:
            self._opened_ns = None

    def take(self, now_ns: int) -> str | None:
        """The EPC of a tap, if there is one now."""
        if self._ready:
            return self._ready.popleft()
        due = self.due_ns
        if due is None or now_ns < due:
            return None
        epc = max(self._best, key=self._best.__getitem__)
        dbm = self._best[epc]
        self._best.clear()
        self._opened_ns = None
        last = self._tapped.get(self._winner)
        # As of the end of the window: who asks late learns the same.
        there = last is not None and due - last < min(LEFT_NS, self._quiet_ns)
        if there and dbm < self._winner_dbm + MARGIN_DB:
            self.held += 1
            return None
        self._winner, self._winner_dbm = epc, dbm
        self._remember(epc, now_ns)
        return epc

    def _remember(self, epc: str, now_ns: int) -> None:
        self._tapped[epc] = now_ns
        if len(self._tapped) > KEPT:
            del self._tapped[next(iter(self._tapped))]
