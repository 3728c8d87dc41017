"""Several antennas of one reader, and which of them a tag is at.

Rules kept here:
- a tag is at the antenna that sees it, and at one only: another one must see it stronger by
  `MARGIN_DB`, or see it when the first one has not seen it for `LEFT_NS`;
- a tag that turns out to be at another antenna takes no part in the choice of the first one;
- at most `KEPT` tags are remembered, those seen last. Times are monotonic nanoseconds.
"""

from collections.abc import Mapping
from typing import NamedTuple

from drivers.wire.tag_choice import KEPT, LEFT_NS, MARGIN_DB, TagChoice
from drivers.wire.uhf import Tag


class _Place(NamedTuple):
    number: int
    dbm: int | None
    seen_ns: int


class TagField:
    """The choices by the number of their antenna; 0 stands for every antenna without its own."""

    def __init__(self, choices: Mapping[int, TagChoice]) -> None:
        self._choices = choices
        self._places: dict[str, _Place] = {}

    def see(self, tag: Tag, now_ns: int) -> int | None:
        """A tag was seen; gives the number of the choice that it counts at, None where at none."""
        number = tag.antenna if tag.antenna in self._choices else 0
        choice = self._choices.get(number)
        if choice is None or not self._is_at(tag, number, now_ns):
            return None
        self._places.pop(tag.epc, None)
        self._places[tag.epc] = _Place(number, tag.dbm, now_ns)
        if len(self._places) > KEPT:
            del self._places[next(iter(self._places))]
        choice.see(tag, now_ns)
        return number

    def _is_at(self, tag: Tag, number: int, now_ns: int) -> bool:
        before = self._places.get(tag.epc)
        if before is None or before.number == number or now_ns - before.seen_ns >= LEFT_NS:
            return True
        if tag.dbm is None or before.dbm is None or tag.dbm < before.dbm + MARGIN_DB:
            return False
        self._choices[before.number].forget(tag.epc)
        return True
