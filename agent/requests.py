"""What may be asked of a gate: the same answers over the control socket and without a daemon.

Rules kept here:
- whatever touches the ledger runs in the thread that owns it (``run``);
- nothing here moves a relay except by an order, and an order needs a running gate.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any

from agent.caring import Caring
from agent.control.server import Handler, Peer
from agent.core import presence
from agent.core.books import ACTS, tap_needs
from agent.core.emergency import LOCKDOWN, Emergency
from agent.core.explain import explain, supposing
from agent.core.facts import Facts
from agent.core.form import Fault
from agent.core.ids import LaneId, OrderId, ZoneId
from agent.core.lane import LaneState
from agent.core.model import (
    Card,
    ClockQuality,
    Credential,
    Direction,
    Matching,
    Moment,
)
from agent.core.orders import Order
from agent.core.personal import Level, shown
from agent.core.plan import OUTSIDE, GatePlan, ZonePlan
from agent.core.qr_pass import needs as pass_needs
from agent.core.roles import UNSIGNED
from agent.core.tap import LATE_NS, question
from agent.errors import GateError
from agent.identity import FIELD, Identities
from agent.lookup import NAMED
from agent.loop import Loop
from agent.ports import Clock, Health, KeptResult
from agent.rosters import Rosters
from agent.shown import shown_of
from agent.signing_requests import SignOn
from agent.store.inside import Inside
from agent.store.ledger import Ledger
from agent.store.reading import Reading

Request = Mapping[str, Any]
TOO_LATE = "the gate was held up and this came too late: nothing was done"
_ALWAYS = frozenset({"stop", "fire"})


@dataclass(frozen=True, slots=True)
class House:
    """The gate that is asked. ``loop`` and ``health`` are there when it runs.

    ``reading`` opens the ledger for the thread that asks: what is read there may take its time.
    """

    plan: GatePlan
    timezone: tzinfo
    clock: Clock
    ledger: Callable[[], Ledger]
    run: Callable[[Callable[[], Any]], Any]
    reading: Callable[[], Reading]
    loop: Loop | None = None
    health: Callable[[], Sequence[Health]] = tuple
    protect: Callable[[Order], None] = lambda _: None
    identities: Identities = field(default_factory=lambda: Identities(None))


class Requests:
    """The handlers, by name of the operation."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._signing = SignOn(house)

    def handlers(self) -> Mapping[str, Handler]:
        """Every operation that can be asked; a roster is no console's business."""
        roster = Rosters(self._house).handlers()
        return {
            "status": self.status,
            "explain": self.explain,
            "inside": self.inside,
            "order": self.order,
            "identity": self.identity,
            **self._signing.handlers(),
            **Caring(self._house).handlers(),
            **{name: self._signing.for_hands(handler) for name, handler in roster.items()},
        }

    def status(self, request: Request, peer: Peer) -> object:
        """``{gate, parts: [health], head: {stream, sequence, hash}, lanes: [view]}``."""
        del request, peer
        house = self._house
        head = house.run(lambda: house.ledger().head())
        lanes = house.run(house.loop.views) if house.loop is not None else ()
        return {
            "estate": house.plan.estate,
            "gate": house.plan.agent,
            "running": house.loop is not None,
            "parts": [_health(part) for part in house.health()],
            "head": {"stream": head.stream, "sequence": head.sequence, "hash": head.hash.hex()},
            "lanes": [asdict(view) for view in lanes],
        }

    def explain(self, request: Request, peer: Peer) -> object:
        """``{card: label or credential, lane, at?: local time, direction?, proof?, pass?}``.

        ``pass`` is a QR pass instead of a card, judged already (`agent.shown`).
        """
        del peer
        house = self._house
        name = str(request["lane"])
        lane = house.plan.lanes.get(LaneId(name))
        if lane is None:
            raise GateError(f"no lane {name!r} here; the lanes are {', '.join(house.plan.lanes)}")
        now = house.clock.now()
        at = request.get("at")
        local = _local(str(at)) if at else _local_now(now.wall_us, house.timezone)
        shown = shown_of(request["pass"]) if "pass" in request else None
        text = str(request.get("card", ""))
        direction = Direction(request.get("direction") or lane.direction)
        if direction is Direction.BOTH:
            raise GateError(f"lane {name} goes both ways: say --direction in or out")
        if shown is not None:
            cards: tuple[Card, ...] = ()
        elif ":" in text:
            credential = _credential(text)
            with house.reading() as reading:
                cards = reading.find_cards(credential, Matching.EXACT)
        else:
            card = self._named(text)
            cards = () if card is None else (card,)
        seen = None
        with house.reading() as reading:
            counts = reading.zone_counts()
            labels = [card.label for card in cards] if shown is None else [shown.label]
            if len(labels) == 1:
                seen = reading.presence(labels[0])
            needs = tap_needs(house.plan, cards)
            if shown is not None:
                needs = pass_needs(shown, house.plan, lane.lane)
            rows = reading.booked(needs)
        known = Facts("", 0, local, cards, now_ns=now.mono_ns, presence=seen, counts=counts)
        facts = replace(known, rows=rows)
        moment = now
        if at:
            wall_us = int(local.replace(tzinfo=house.timezone).timestamp() * 1e6)
            moment = Moment(wall_us, now.mono_ns, ClockQuality.SYNCED)
        lanes, emergency = self._now()
        asked = question(house.plan, lane, direction, moment, facts, emergency, lanes, shown=shown)
        return explain(supposing(house.plan, asked, request.get("proof")))

    def inside(self, request: Request, peer: Peer) -> object:
        """``{zone?, names?: bool}`` gives ``{zones: [...], inside: [...]}``.

        A zone is ``{zone, bays, vehicles, free, cards}``: bays and free are null where none are
        counted. Who is inside is ``{card, kind, zone, lane, since, since_us, clock, assumed,
        forgiven, …}`` with what the ledger knows of them; a name is masked unless ``names`` is
        true. ``since`` is local time, and ``clock`` says whether it can be believed.
        """
        del peer
        house = self._house
        wanted = str(request.get("zone") or "")
        level = Level.FULL if request.get("names") is True else Level.MASKED
        zones = [zone for zone in presence.zones(house.plan) if zone != OUTSIDE]
        if wanted and wanted not in zones:
            raise GateError(f"no zone {wanted!r} to be inside of; the zones are {', '.join(zones)}")
        with house.reading() as reading:
            counts = reading.zone_counts()
            found = [_inside(each, level, house.timezone) for each in reading.inside(wanted)]
        cards = Counter(str(each["zone"]) for each in found)
        return {
            "zones": [
                _zone(house.plan.zones.get(zone) or ZonePlan(zone), counts, cards[zone])
                for zone in zones
                if not wanted or zone == wanted
            ],
            "inside": sorted(found, key=lambda each: (str(each["zone"]), each["since_us"])),
        }

    def order(self, request: Request, peer: Peer) -> object:
        """``{order_id, kind, args: {lane, reason}, form?, desk?, token?, actor?, asked_ns?}``.

        One that was asked long ago, while this process stood still, opens nothing any more.

        Gives ``{status, code, detail, result}``; ``result`` is an object (`agent.core.effects`).
        Whose it is, and whether he may give it, `agent.signing_requests` says.
        """
        loop = self._house.loop
        if loop is None:
            raise GateError("no daemon runs for this gate, and this needs one: start gate-agent")
        order_id, kind = OrderId(str(request["order_id"])), str(request["kind"])
        if kind not in _ALWAYS and self._late(request):
            return _refused(order_id, Fault(TOO_LATE, code=408))
        args = {str(key): str(value) for key, value in dict(request["args"]).items()}
        if kind in UNSIGNED:
            # What protects or saves waits for nobody's name.
            self._house.protect(Order(order_id, "", "", kind, args))
        form = request.get("form") or {}
        if not isinstance(form, dict):
            raise GateError("the form of an order is a JSON object")
        try:
            whose = self._signing.orderer(request, peer)
            args, form = (self._house.identities.concealed(each) for each in (args, form))
            form = self._signing.prepared(kind, form, whose)
        except Fault as fault:
            return _refused(order_id, fault)
        args |= self._credentials(kind, form)
        origin, desk = whose.origin, whose.desk
        order = Order(order_id, whose.actor, origin, kind, args, form, desk, whose.unsigned)
        self._house.protect(order)
        kept = self._house.run(lambda: loop.take_order(order))
        return asdict(kept) | {"result": json.loads(kept.result) if kept.result else {}}

    def _late(self, request: Request) -> bool:
        """Was it asked (monotonic ns) so long ago that nobody waits for it any more?"""
        asked = request.get("asked_ns")
        return isinstance(asked, int) and self._house.clock.now().mono_ns - asked > LATE_NS

    def identity(self, request: Request, peer: Peer) -> object:
        """``{idnumber}`` gives ``{idmask, idhash}``, by which earlier visits are found."""
        del peer
        try:
            return self._house.identities.known(str(request.get(FIELD) or ""))
        except Fault as fault:
            raise GateError(str(fault)) from None

    def _credentials(self, kind: str, form: Mapping[str, object]) -> dict[str, str]:
        """The numbers of the cards that a form names, so that they can be looked up by these."""
        act = ACTS.get(kind)
        found: dict[str, str] = {}
        for name in act.cards if act is not None else ():
            card = self._card(str(form.get(name) or ""))
            if card is not None:
                found[f"{NAMED}{name}"] = str(card.credential)
        return found

    def _card(self, text: str) -> Card | None:
        """The card with this label or credential."""
        try:
            credential = Credential.parse(text)
        except ValueError:
            return self._named(text) if text else None
        with self._house.reading() as reading:
            found = reading.find_cards(credential, Matching.EXACT)
        return found[0] if found else None

    def _named(self, label: str) -> Card | None:
        with self._house.reading() as reading:
            return reading.card_by_label(label)

    def _now(self) -> tuple[Sequence[LaneState], Emergency]:
        """The lanes and what is in force; nothing of both when no gate runs."""
        house, loop = self._house, self._house.loop
        if loop is None:
            return (), Emergency()
        lanes, views = house.run(lambda: (loop.lanes(), loop.views()))
        return lanes, Emergency(lockdown=any(view.emergency == LOCKDOWN for view in views))


def _refused(order_id: OrderId, fault: Fault) -> Mapping[str, object]:
    kept = KeptResult(order_id, "rejected", fault.code, str(fault))
    return asdict(kept) | {"result": fault.result()}


def _inside(each: Inside, level: Level, timezone: tzinfo) -> dict[str, Any]:
    known = {name: value for name, value in each.personal.items() if name != "credential"}
    since = datetime.fromtimestamp(each.since_us / 1e6, timezone)
    told = asdict(each) | {"since": since.isoformat(timespec="minutes")}
    del told["personal"], told["trusted"]
    told["clock"] = "trusted" if each.trusted else "not trusted"
    return told | shown(known, level, "")


def _zone(zone: ZonePlan, counts: Mapping[ZoneId, int], cards: int) -> Mapping[str, object]:
    return {
        "zone": zone.zone,
        "bays": zone.bays,
        "vehicles": max(0, counts.get(zone.zone, 0)),
        "free": presence.free(zone, counts),
        "cards": cards,
    }


def _health(part: Health) -> Mapping[str, object]:
    return {
        "part": part.part,
        "condition": part.condition.value,
        "detail": part.detail,
        "counters": dict(part.counters or {}),
    }


def _credential(text: str) -> Credential:
    try:
        return Credential.parse(text)
    except ValueError as fault:
        raise GateError(str(fault)) from fault


def _local(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError as fault:
        message = f"{text!r} is not a local time: write 2026-11-22 07:30"
        raise GateError(message) from fault


def _local_now(wall_us: int, timezone: tzinfo) -> datetime:
    return datetime.fromtimestamp(wall_us / 1e6, timezone).replace(tzinfo=None)
