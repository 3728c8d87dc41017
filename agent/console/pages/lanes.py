"""The lanes that lead a way, as buttons name them."""

from typing import NamedTuple

from agent.console.site import Site
from agent.core.model import Direction


class Way(NamedTuple):
    """A lane, and what people call it."""

    lane: str
    name: str


def leading(site: Site, direction: Direction, first: str = "") -> list[Way]:
    """The lanes in this direction; ``first`` comes first, if it is one of them."""
    found = [
        Way(lane, site.lane(lane))
        for lane, plan in site.plan.lanes.items()
        if plan.direction in (direction, Direction.BOTH)
    ]
    return sorted(found, key=lambda way: way.lane != first)
