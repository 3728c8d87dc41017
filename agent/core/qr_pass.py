"""QR passes: what a pass that was shown may do here, and the visit that goes with it.

Rules kept here:
- whether the signature is right, and the pass for this gate, was judged before; what cannot be
  believed is denied for its fault, and nothing that it says counts;
- a pass is good once from one zone to another; a second scan while its visitor is still to come
  renews the grant, and where the sensors saw that nobody came it was not used;
- whoever comes in by a pass is on a visit, as if the guard had picked his appointment; whoever
  leaves by one ends it, when he was seen to go; while anything is held for him the guard lets him
  out;
- nobody is kept in by a date.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.core import banned, issued
from agent.core.access import Reason
from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.facts import Facts
from agent.core.ids import LaneId, ZoneId
from agent.core.model import Card, CardKind, CardStatus, Credential, Direction, Moment
from agent.core.needs import Need, Row
from agent.core.pass_visit import ORIGIN, PassVisit
from agent.core.plan import OUTSIDE, GatePlan, LanePlan
from agent.core.project_passes import key_of

Way = tuple[ZoneId, ZoneId]

_NOTHING = frozenset[Reason]()
_KIND = "company"
_WHO = ("visitor", "company", "host", "unit", "department", "plate", "phone")


@dataclass(frozen=True, slots=True)
class ShownPass:
    """A pass as it was shown at a reader. ``label`` stands for it in records.

    ``begins_us`` and ``ends_us`` are wall time in µs since 1970 UTC; the minute of the end counts.
    ``lanes`` empty means every lane. ``fault``: why nothing of this can be believed.
    """

    credential: Credential
    label: str
    begins_us: int = 0
    ends_us: int = 0
    appointment: str = ""
    lanes: tuple[LaneId, ...] = ()
    direction: Direction = Direction.BOTH
    vehicle: bool = False
    fault: Reason | None = None


def needs(shown: ShownPass, plan: GatePlan, lane: LaneId | None) -> Sequence[Need]:
    """What has to be looked up for a pass at a lane; None: at a desk."""
    if shown.fault is not None or lane is None:
        return ()
    ways = {plan.lanes[lane].zones(way) for way in (Direction.IN, Direction.OUT)}
    uses = [Need("used_passes", "pass_use", key_of(shown.label, *way)) for way in sorted(ways)]
    known = (Need("visits", "card", shown.label, "open"), issued.held(shown.label))
    asked = (banned.OPEN, *known, *uses)
    if shown.appointment:
        asked = (*asked, Need("appointments", "appointment", shown.appointment))
    return (*asked, *issued.loads(shown.label))


def cards(shown: ShownPass, way: Way, facts: Facts, at: Moment) -> tuple[Card, ...]:
    """The pass as a card that the rules of access can judge; none for one that is no good."""
    if shown.fault is not None:
        return ()
    row = issued.visit_of(facts) or _appointment(facts)
    who = {} if row is None else issued.named(row)
    leaves = way[1] == OUTSIDE
    return (
        Card(
            shown.credential,
            shown.label,
            CardKind.VISITOR_VEHICLE if shown.vehicle else CardKind.VISITOR,
            CardStatus.ACTIVE,
            holder=who.get("holder", ""),
            unit=who.get("unit", ""),
            department=who.get("department", ""),
            plate=who.get("plate", ""),
            valid_from=None if leaves else _local(shown.begins_us, facts, at),
            valid_until=None if leaves else _local(shown.ends_us, facts, at),
            lanes=shown.lanes,
            direction=shown.direction,
        ),
    )


def wrong(
    plan: GatePlan, shown: ShownPass, way: Way, facts: Facts, *, renews: bool
) -> frozenset[Reason]:
    """What is wrong with the pass here. ``renews``: its visitor is still to come on its grant."""
    if shown.fault is not None:
        return frozenset({shown.fault})
    if renews:
        return _NOTHING
    key = key_of(shown.label, *way)
    if any(row["pass_use"] == key for row in facts.rows.get("used_passes", ())):
        return frozenset({Reason.USED})
    if way[0] != OUTSIDE or not shown.appointment:
        return _NOTHING
    appointment = _appointment(facts)
    if appointment is None:
        known_only = plan.books.known_appointments
        return frozenset({Reason.APPOINTMENT_UNKNOWN}) if known_only else _NOTHING
    states = {"cancelled": Reason.APPOINTMENT_CANCELLED, "used": Reason.USED}
    return frozenset({states[state] for state in states if appointment["state"] == state})


def visit(
    plan: GatePlan, lane: LanePlan, shown: ShownPass, way: Way, facts: Facts, out: Draft
) -> tuple[PassVisit | None, str]:
    """The visit of somebody who was granted, and the id of the entry that opened it just now."""
    known, appointment = issued.visit_of(facts), _appointment(facts)
    if known is not None:
        return PassVisit(known["visit"], known["kind"], shown.appointment), ""
    if way[0] != OUTSIDE:
        return None, ""
    found = PassVisit(
        out.new_id(),
        _KIND if appointment is None else appointment["kind"],
        shown.appointment if appointment is not None else "",
    )
    personal = appointment["personal"] if appointment is not None else {}
    data: dict[str, object] = {
        "visit": found.visit,
        "agent": plan.agent,
        "kind": found.kind,
        "card": shown.label,
        "passkind": (CardKind.VISITOR_VEHICLE if shown.vehicle else CardKind.VISITOR).value,
        "zone": lane.to_zone,
        "untilus": shown.ends_us,
        "vehicle": int(shown.vehicle),
        "truck": 0,
        "goods": 0,
        "bearer": 0,
        "bay": "",
        "appointment": shown.appointment,
        "purpose": "",
        "destination": "",
        "answer": "expected",
        "origin": ORIGIN,
    }
    who = {name: personal[name] for name in _WHO if personal.get(name)}
    cause = out.write(EntryType.VISIT_OPENED, f"visit/{found.visit}", data, personal=who)
    return found, cause


def named(shown: ShownPass) -> dict[str, object]:
    """The appointment that a record of the pass names; nothing for one that cannot be believed."""
    return {"appointment": shown.appointment} if shown.appointment and not shown.fault else {}


def told(shown: ShownPass, way: Way, known: PassVisit | None) -> dict[str, object]:
    """What a grant says of its pass: which way it is used up for, and until when it was good."""
    data: dict[str, object] = {"from": way[0], "to": way[1], "untilus": shown.ends_us}
    if known is not None:
        data["visit"] = known.visit
    return data


def _appointment(facts: Facts) -> Row | None:
    return next(iter(facts.rows.get("appointments", ())), None)


def _local(time_us: int, facts: Facts, at: Moment) -> datetime:
    return facts.local + timedelta(microseconds=time_us - at.wall_us)
