"""Who and which vehicle is inside: what anti-passback, bays and amnesties make of it.

Rules kept here:
- presence follows the passage, never the tap: the rows are folded in `agent.core.project`, from the
  ends of passages and from nothing else;
- nobody is denied on a guess: where no sensor saw the passage, or the clock cannot be trusted now,
  anti-passback marks and no more;
- times are compared only when the clock could be trusted at both ends;
- an amnesty by the time of day never runs on an untrusted clock; one that was missed meanwhile, or
  while the gate was off, is made up for as soon as the clock can be trusted.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from agent.core.access import Passback
from agent.core.draft import Draft
from agent.core.effects import AnswerOrder, StartTimer
from agent.core.entries import Entry, EntryType
from agent.core.events import ClockJudged, ClockStepped, Event, Started, TimerFired
from agent.core.facts import Facts, Presence
from agent.core.ids import ReaderId, ZoneId
from agent.core.model import Card, CardKind, Direction, Moment
from agent.core.orders import Order
from agent.core.plan import OUTSIDE, GatePlan, LanePlan, PassbackMode, ReaderPlan, ZonePlan
from agent.core.project import Add, Put, project

KINDS = ("amnesty", "zone.count")
"""The orders that are made here."""

TIMER = "amnesty"
"""What the keys of the timers begin with: ``amnesty:{zone}``."""

MOST_DIGITS = 5
_LOOK_NS = 3_600_000_000_000
"""The time of day is looked at once an hour: summer time and a moved clock are never missed."""

Way = tuple[ZoneId, ZoneId]
"""From which zone to which."""


def direction_of(lane: LanePlan, reader: ReaderPlan) -> Direction:
    """Which way a card at this reader wants; a two-way lane goes by the reader's side."""
    return reader.side if lane.direction is Direction.BOTH else lane.direction


def ahead(plan: GatePlan, reader: ReaderId) -> ZonePlan | None:
    """The zone that a card at this reader wants to enter, if anything is configured for it."""
    if not plan.zones:
        return None
    found = plan.readers[reader]
    if found.lane is None:
        return None
    lane = plan.lanes[found.lane]
    return plan.zones.get(lane.zones(direction_of(lane, found))[1])


def zones(plan: GatePlan) -> list[ZoneId]:
    """Every zone that is named, in the order in which they are met."""
    lanes = (zone for lane in plan.lanes.values() for zone in (lane.from_zone, lane.to_zone))
    return list(dict.fromkeys((*plan.zones, *lanes)))


def asks_presence(zone: ZonePlan | None) -> bool:
    """Has anti-passback to know where a card was last, before it enters this zone?"""
    return zone is not None and zone.passback is not PassbackMode.OFF


def asks_counts(zone: ZonePlan | None) -> bool:
    """Has the number of vehicles in this zone to be known, before somebody enters it?"""
    return zone is not None and zone.bays is not None and bool(zone.refuse_when_full)


def shows_counts(plan: GatePlan) -> bool:
    """Does a display of this gate show how many bays are free?"""
    counted = any(zone.bays is not None for zone in plan.zones.values())
    return counted and any(lane.signals.text for lane in plan.lanes.values())


def forgives_daily(plan: GatePlan) -> bool:
    """Has any zone an amnesty by the time of day?"""
    return any(zone.amnesty is not None for zone in plan.zones.values())


def may_be_due(event: Event) -> bool:
    """Has `started` or `timer` to look at the time of day after this event?"""
    match event:
        case TimerFired(key):
            return key.partition(":")[0] == TIMER
        case _:
            return isinstance(event, Started | ClockJudged | ClockStepped)


def passback(
    plan: GatePlan, way: Way, card: Card, seen: Presence | None, at: Moment, *, passing: bool
) -> Passback:
    """What anti-passback says of a card that wants to go this way at this moment.

    ``passing``: a grant of the same card for the same way is being used just now.
    """
    zone = plan.zones.get(way[1])
    if zone is None or zone.passback is PassbackMode.OFF:
        return Passback.NONE
    if zone.kinds and card.kind not in zone.kinds:
        return Passback.NONE
    provable = True
    if not passing:
        if seen is None or seen.forgiven or not _beyond(plan, way, seen.zone):
            return Passback.NONE
        provable = not seen.assumed
        if zone.passback is PassbackMode.TIMED:
            gone_us = at.wall_us - seen.since_us
            timed = seen.trusted and at.quality.trusted and gone_us >= 0
            if timed and gone_us * 1000 >= zone.within_ns:
                return Passback.NONE
            provable = provable and timed
    if provable and at.quality.trusted and zone.passback is not PassbackMode.SOFT:
        return Passback.REFUSED
    return Passback.MARKED


def full(zone: ZonePlan | None, kind: CardKind, counts: Mapping[ZoneId, int], coming: int) -> bool:
    """Is there no bay for this kind of card? ``coming`` vehicles may pass and have not yet."""
    if zone is None or zone.bays is None or kind not in zone.refuse_when_full:
        return False
    return max(0, counts.get(zone.zone, 0)) + coming >= zone.bays


def free(zone: ZonePlan, counts: Mapping[ZoneId, int]) -> int | None:
    """How many bays are free; None where none are counted. Never below 0, nor above the bays."""
    if zone.bays is None:
        return None
    return max(0, zone.bays - max(0, counts.get(zone.zone, 0)))


def counts_after(counts: Mapping[ZoneId, int], entries: Iterable[Entry]) -> Mapping[ZoneId, int]:
    """The vehicles in every zone once these entries are written, for whoever shows them now."""
    after = dict(counts)
    for entry in entries:
        for row in project(0, entry.type, entry.data):
            zone = ZoneId(row.key)
            if isinstance(row, Add) and row.table == "zone_counts":
                after[zone] = after.get(zone, 0) + row.values["vehicles"]
            elif isinstance(row, Put) and row.table == "zone_counts":
                after[zone] = int(row.values["vehicles"])
    return after


def ordered(plan: GatePlan, order: Order, facts: Facts, out: Draft) -> None:
    """Do an order of `KINDS`: write it down and answer it."""
    if not order.args.get("reason", "").strip():
        _refuse(order, 422, f"{order.kind} needs a reason: say why", out)
    elif order.kind == "amnesty":
        _amnesty(plan, order, facts, out)
    else:
        _count(plan, order, facts, out)


def started(plan: GatePlan, facts: Facts, out: Draft, cause: str = "") -> None:
    """Forgive what is due and set the timers: at the start, and whenever the clock changed.

    Those are the events `Started`, `ClockJudged` and `ClockStepped`.
    """
    for zone in plan.zones.values():
        _look(zone, facts, out, cause)


def timer(plan: GatePlan, zone: ZoneId, facts: Facts, out: Draft) -> None:
    """The timer ``amnesty:{zone}`` has fired."""
    _look(plan.zones[zone], facts, out, "")


def _beyond(plan: GatePlan, way: Way, where: ZoneId) -> bool:
    """Is ``where`` what this way leads to, or a zone that can only be reached through it?

    A card that came in and went on into the garage is still inside when it is shown at the street.
    """
    leads_from, to = way
    if where in way:
        return where == to
    known = {zone for lane in plan.lanes.values() for zone in (lane.from_zone, lane.to_zone)}
    reached = _reached(plan, without=to)
    return where in known and where not in reached and leads_from in reached


def _reached(plan: GatePlan, without: ZoneId) -> set[ZoneId]:
    """The zones that can be entered from outside by lanes that do not touch ``without``."""
    steps = [
        lane.zones(direction)
        for lane in plan.lanes.values()
        for direction in (Direction.IN, Direction.OUT)
        if lane.direction in (direction, Direction.BOTH)
    ]
    reached = {OUTSIDE} - {without}
    while new := {b for a, b in steps if a in reached} - reached - {without}:
        reached |= new
    return reached


def _look(zone: ZonePlan, facts: Facts, out: Draft, cause: str) -> None:
    if zone.amnesty is None:
        return
    due = datetime.combine(facts.local.date(), zone.amnesty)
    if due > facts.local:
        due -= timedelta(days=1)
    if out.at.quality.trusted:
        due_us = out.at.wall_us - (facts.local - due) // timedelta(microseconds=1)
        if not due_us <= facts.amnesties.get(zone.zone, 0) <= out.at.wall_us:
            data = {"zone": zone.zone, "at": zone.amnesty.isoformat("minutes")}
            out.write(EntryType.PRESENCE_FORGIVEN, f"zone/{zone.zone}", data, cause=cause)
    wait_ns = (due + timedelta(days=1) - facts.local) // timedelta(microseconds=1) * 1000
    out.do(StartTimer(f"{TIMER}:{zone.zone}", out.at.mono_ns + min(wait_ns, _LOOK_NS)))


def _amnesty(plan: GatePlan, order: Order, facts: Facts, out: Draft) -> None:
    zone, card = order.args.get("zone", ""), order.args.get("card", "")
    if zone and card:
        _refuse(order, 422, "an amnesty is for a zone or for a card, not for both", out)
        return
    if zone and zone not in zones(plan):
        _refuse(order, 404, _no_zone(plan, zone), out)
        return
    if card and facts.presence is None:
        sentence = f"nothing is known of where card {card!r} is: there is nothing to forgive"
        _refuse(order, 404, sentence, out)
        return
    data = {name: value for name, value in (("zone", zone), ("card", card)) if value}
    subject = f"card/{card}" if card else f"zone/{zone}" if zone else "zones"
    _write(order, EntryType.PRESENCE_FORGIVEN, subject, data, out)
    whose = f"card {card}" if card else f"everybody in zone {zone}" if zone else "everybody"
    _done(order, f"forgiven: {whose}", out)


def _count(plan: GatePlan, order: Order, facts: Facts, out: Draft) -> None:
    name, text = ZoneId(order.args.get("zone", "")), order.args.get("count", "")
    zone = plan.zones.get(name)
    if name not in zones(plan):
        _refuse(order, 404, _no_zone(plan, name), out)
        return
    if zone is None or zone.bays is None:
        _refuse(order, 422, f"zone {name} has no bays in the settings: nothing is counted", out)
        return
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        sentence = f"{text!r} is not a number of vehicles: write 0 to {'9' * MOST_DIGITS}"
        _refuse(order, 422, sentence, out)
        return
    data: dict[str, object] = {"zone": name, "count": int(text), "was": facts.counts.get(name, 0)}
    _write(order, EntryType.ZONE_COUNTED, f"zone/{name}", data, out)
    _done(order, f"zone {name}: {int(text)} vehicles, {zone.bays} bays", out)


def _no_zone(plan: GatePlan, zone: str) -> str:
    return f"no zone {zone!r} here; the zones are {', '.join(zones(plan))}"


def _write(
    order: Order, kind: EntryType, subject: str, data: Mapping[str, object], out: Draft
) -> None:
    told = {**data, "origin": order.origin, "reason": order.args["reason"]}
    out.write(kind, subject, told, actor=order.actor, cause=order.order_id)


def _done(order: Order, sentence: str, out: Draft) -> None:
    out.do(AnswerOrder(order.order_id, "done", 200, sentence))


def _refuse(order: Order, code: int, sentence: str, out: Draft) -> None:
    out.do(AnswerOrder(order.order_id, "rejected", code, sentence))
