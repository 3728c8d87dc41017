"""Whom a ban means: looked up by card, plate and name.

Rules kept here:
- names are compared whole, without blanks and capitals; plates as `agent.core.plates` cleans them;
- a ban that has ended by a clock that can be trusted means nobody any more.
"""

import re
from collections.abc import Iterable

from agent.core import plates
from agent.core.model import Moment
from agent.core.needs import Need, Row

_BETWEEN = re.compile("[,;/，；、]")

OPEN = Need("bans", state="open")
"""All bans that are in force: a short list, and mostly an empty one."""


def meant(
    bans: Iterable[Row], at: Moment, *, cards: Iterable[str], signs: Iterable[str], names: str
) -> Row | None:
    """The first ban that means this card, this plate (``signs``) or this name; None when none does.

    ``names`` may be several, with commas or slashes between them: companions count too.
    """
    labels = {card for card in cards if card}
    seen = {plates.clean(sign) for sign in signs} - {""}
    people = set(map(_key, _BETWEEN.split(names))) - {""}
    for ban in bans:
        if 0 < ban["until_us"] <= at.wall_us and at.quality.trusted:
            continue
        plate = plates.clean(ban["personal"].get("plate", ""))
        name = _key(ban["personal"].get("visitor", ""))
        if ban["card"] in labels or plate in seen or name in people:
            return ban
    return None


def _key(name: str) -> str:
    return "".join(name.split()).casefold()
