"""Rules of zones: from where to where the lanes lead, and what counts there.

Rules kept here:
- ``outside`` and ``inside`` are always there; every other zone is under zones:, and a lane leads to
  it;
- nobody is denied a second entry where the gate cannot see anybody leave.
"""

from collections.abc import Iterator
from typing import NamedTuple

from agent.settings.faults import listed, nearest
from agent.settings.page import Page
from agent.settings.tree import Node, Trouble

OUTSIDE, INSIDE = "outside", "inside"


class _Way(NamedTuple):
    """From where to where one lane leads; two-way lanes lead back as well."""

    start: str
    end: str
    both: bool


def check_zones(root: Node, page: Page) -> None:
    """Note every break on the page; the file was read to its end."""
    zones = root.get("zones")
    known = [OUTSIDE, INSIDE, *(name for name, _ in zones.items())] if zones else [OUTSIDE, INSIDE]
    lanes = root.get("lanes")
    ways: list[_Way] = []
    for key, lane in lanes.items() if lanes is not None else ():
        _named(f"lanes.{key}.zones", lane, known, page)
        ways += _ways(lane)
    for name, zone in zones.items() if zones is not None else ():
        if zones is None:
            continue
        path = f"zones.{name}"
        if name == OUTSIDE:
            problem = "outside is the rest of the world: it is neither full nor left"
            page.blame(Trouble(zones.keys[name], problem, "the zone behind a lane", path=path))
        elif all(name not in way[:2] for way in ways) and not _unsure(page):
            problem = f"no lane leads to the zone {name[:40]}"
            allowed = f"zones: {{from: ..., to: {name[:32]}}} in a lane"
            page.blame(Trouble(zones.keys[name], problem, allowed, path=path))
        _counted(zone, path, page)
        _passback(zone, name, path, ways, page)


def _unsure(page: Page) -> bool:
    return any(path.endswith((".zones", ".from", ".to", ".direction")) for path in page.meant)


def _ways(lane: Node) -> Iterator[_Way]:
    direction = lane.get("direction")
    way = direction.value if direction is not None else None
    if way not in ("in", "out", "both"):
        return
    start, end = (INSIDE, OUTSIDE) if way == "out" else (OUTSIDE, INSIDE)
    told = lane.get("zones", "from"), lane.get("zones", "to")
    first, last = told[0].text if told[0] else start, told[1].text if told[1] else end
    # A lane out that is written the wrong way round is told as that, and no more.
    yield _Way(first, last, way == "both" or (way == "out" and first == OUTSIDE))


def _named(path: str, lane: Node, known: list[str], page: Page) -> None:
    start, end, way = lane.get("zones", "from"), lane.get("zones", "to"), lane.get("direction")
    for key, zone in (("from", start), ("to", end)):
        if zone is not None and isinstance(zone.value, str) and zone.value not in known:
            problem = f"there is no zone {zone.text[:40]!r} under zones:"
            guess = nearest(zone.text, known)
            page.blame(Trouble(zone.span, problem, listed(known), guess, f"{path}.{key}"))
    if start is None or end is None or way is None:
        return
    if start.value == end.value:
        problem = "this lane leads nowhere: from and to are the same zone"
        page.blame(Trouble(end.span, problem, "two zones", path=f"{path}.to"))
    elif way.value in ("in", "both") and end.value == OUTSIDE:
        problem = f"a lane with direction: {way.text} does not lead outside"
        allowed = "direction: out, or from and to the other way"
        page.blame(Trouble(end.span, problem, allowed, path=f"{path}.to"))
    elif way.value == "out" and start.value == OUTSIDE:
        problem = "a lane with direction: out does not come from outside"
        allowed = "direction: in, or from and to the other way"
        page.blame(Trouble(start.span, problem, allowed, path=f"{path}.from"))


def _counted(zone: Node, path: str, page: Page) -> None:
    if zone.get("refuse_when_full") is None or zone.get("bays") is not None:
        return
    if f"{path}.bays" not in page.meant:
        problem = "bays is missing here: without it the zone is never full"
        span = zone.keys["refuse_when_full"]
        page.blame(Trouble(span, problem, "bays: how many vehicles fit in", path=f"{path}.bays"))


def _passback(zone: Node, name: str, path: str, ways: list[_Way], page: Page) -> None:
    rules = zone.get("passback")
    if rules is None or not isinstance(rules.value, dict):
        return
    path = f"{path}.passback"
    mode, within = rules.get("mode"), rules.get("within")
    if mode is None:
        return
    if mode.value == "timed" and within is None and f"{path}.within" not in page.meant:
        problem = "within is missing here: how long is a second entry denied?"
        page.blame(Trouble(mode.span, problem, "within: 10 min", path=f"{path}.within"))
    elif within is not None and mode.value in ("soft", "hard", "off"):
        problem = f"within belongs to mode: timed, not to {mode.text}"
        span = rules.keys["within"]
        page.blame(Trouble(span, problem, "mode: timed, or no within:", path=f"{path}.within"))
    leaves = any(way.start == name or (way.both and way.end == name) for way in ways)
    if mode.value in ("soft", "hard") and not leaves and not _unsure(page):
        problem = f"no lane leads out of {name[:40]}: every second entry would look like a fraud"
        allowed = "mode: timed, or a lane that leads out"
        page.blame(Trouble(mode.span, problem, allowed, path=f"{path}.mode"))
