"""What the journal says of QR passes: which of them were used, on which way.

Rules kept here:
- a pass is used when it is granted, in the same transaction, and not when its visitor came: nothing
  that ends between the two makes it good a second time;
- where the sensors saw that nobody came it was not used after all, and an appointment that it had
  used is open again.
"""

import re
from collections.abc import Iterator, Mapping

from agent.core.entries import EntryType
from agent.core.fold import Drop, Fold, Projection, Put, Row, Set, Told

LABEL = "pass~"
"""How the label of a pass begins; sixteen hexadecimal digits follow."""
_LABEL = re.compile(LABEL + "[0-9a-f]{16}")

PROJECTIONS = (
    Projection("used_passes", "pass_use", {"used_us": "INTEGER", "until_us": "INTEGER"}),
)
"""``pass_use`` names the pass and its way (`key_of`); ``until_us`` is when the pass itself ends."""


def is_pass(label: object) -> bool:
    """Is this the label of a pass? No label of the roster has such a mark, but for the past's."""
    return _LABEL.fullmatch(str(label)) is not None


def key_of(label: str, source: str, target: str) -> str:
    """The key of the use of a pass from one zone to another."""
    return f"{label}/{source}/{target}"


def _key(told: Told) -> str:
    """The use of a pass that the entry is about; empty for none."""
    card, data = str(told.data.get("card", "")), told.data
    if not is_pass(card) or "from" not in data:
        return ""
    return key_of(card, str(data["from"]), str(data["to"]))


def _used(told: Told) -> Iterator[Row]:
    if key := _key(told):
        until_us = int(str(told.data.get("untilus", 0)))
        yield Put("used_passes", key, {"used_us": told.time_us, "until_us": until_us})


def _given_back(told: Told) -> Iterator[Row]:
    if told.data.get("outcome") == "no_entry" and (key := _key(told)):
        yield Drop("used_passes", key)


def _open_again(told: Told) -> Iterator[Row]:
    appointment = told.data.get("appointment")
    if appointment:
        yield Set("appointments", str(appointment), {"state": "open"})


FOLDS: Mapping[str, tuple[Fold, ...]] = {
    EntryType.ACCESS_GRANTED: (_used,),
    EntryType.PASSAGE_ENDED: (_given_back,),
    EntryType.VISIT_ENDED: (_open_again,),
}
"""What each type of entry changes here."""
