"""A card at a reader: ask the rules, write the answer down, and let the lane act on it.

Rules kept here:
- every tap is one entry, whatever the answer; the entry carries a copy of what was decided on;
- a second tap of a card whose vehicle still waits renews its grant: one grant, one vehicle;
- a card whose grant is being used is on its way: under anti-passback it opens nothing more;
- a tap that comes to be decided late is denied: whoever showed the card may be gone, and the next
  one must not find the arm open;
- a credential read at a desk is shown, never decided on;
- every tap says what the card proved;
- what the guard has seen to once is not asked again while the vehicle still waits;
- an arm that is not opened any more is granted to nobody.
"""

from collections.abc import Iterable, Iterator

from agent.core import access, issued, lane, motion, passages, presence, qr_pass
from agent.core.draft import Draft
from agent.core.effects import ShowVerdict, Verdict
from agent.core.emergency import Emergency, locked_down
from agent.core.entries import Entry, EntryType
from agent.core.events import CardRead
from agent.core.facts import Facts
from agent.core.ids import LaneId, ZoneId
from agent.core.lane import LaneState
from agent.core.model import Card, CardKind, CardProof, Credential, Direction, Moment
from agent.core.passages import Grant
from agent.core.plan import ArmKind, GatePlan, LanePlan, ReaderPlan
from agent.core.qr_pass import ShownPass

LATE_NS = 5_000_000_000


def question(
    plan: GatePlan,
    lane_plan: LanePlan,
    direction: Direction,
    at: Moment,
    facts: Facts,
    emergency: Emergency,
    lanes: Iterable[LaneState] = (),
    proof: CardProof = CardProof.UID_ONLY,
    prove: frozenset[CardKind] = frozenset(),
    shown: ShownPass | None = None,
) -> access.Question:
    """A card at a lane as the rules of access see it; ``facts`` hold what is known of the card.

    ``proof`` is what the card proved, ``prove`` are the kinds that have to (`proving`). ``shown``
    is the QR pass where it is one and no card: its signature was judged already.

    ``lanes`` are the lanes of the gate as they are now: what they have granted takes bays, and a
    grant that is being used is where its card is. None are given when the gate does not run.
    """
    way = lane_plan.zones(direction)
    zone = plan.zones.get(way[1])
    again, full, ban, due = access.Passback.NONE, False, access.Ban.NONE, frozenset[access.Duty]()
    lanes, cards, wrong = tuple(lanes), facts.cards, frozenset[access.Reason]()
    if shown is not None:
        cards, prove = qr_pass.cards(shown, way, facts, at), frozenset()
        renews = _renews(lanes, lane_plan.lane, direction, shown.label)
        wrong = qr_pass.wrong(plan, shown, way, facts, renews=renews)
    if len(cards) == 1:
        known = issued.known(plan, way, cards[0], facts, at)
        cards, ban = (known.card,), known.ban
        if not _renews(lanes, lane_plan.lane, direction, known.card.label):
            due = known.due
    if zone is not None and len(cards) == 1:
        card = cards[0]
        ahead = list(_ahead(plan, lanes, way[1], lane_plan.lane, card.label))
        passing = any(grant.card == card.label for _, grant in ahead)
        again = presence.passback(plan, way, card, facts.presence, at, passing=passing)
        coming = sum(grant.count for arm, grant in ahead if arm is ArmKind.BARRIER)
        full = presence.full(zone, card.kind, facts.counts, coming)
    return access.Question(
        cards,
        lane_plan.lane,
        direction,
        facts.local,
        at.quality.trusted,
        plan.holidays,
        plan.clock_pass,
        late(at, facts.now_ns),
        direction is Direction.OUT and locked_down(emergency),
        again,
        full,
        lane_plan.direction is Direction.BOTH and _oncoming(lane_plan, lanes, direction),
        _faulted(lane_plan, lanes),
        ban,
        due,
        proof,
        prove,
        wrong,
    )


def proving(plan: GatePlan, reader: ReaderPlan) -> frozenset[CardKind]:
    """The kinds of cards that have to prove themselves at this reader."""
    return frozenset(CardKind) if reader.needs_proof else plan.proved


def _ahead(
    plan: GatePlan, lanes: Iterable[LaneState], zone: ZoneId, here: LaneId, card: str
) -> Iterator[tuple[ArmKind, Grant]]:
    """Grants that lead to this zone and are not over; the one that this tap renews is left out."""
    for state in lanes:
        lane_plan = plan.lanes[state.lane]
        renewed = state.passages.renewable(card) if state.lane == here else None
        for grant in state.passages.grants:
            if lane_plan.zones(grant.direction)[1] == zone and grant.passage != renewed:
                yield lane_plan.arm.kind, grant


def _renews(lanes: Iterable[LaneState], here: LaneId, direction: Direction, card: str) -> bool:
    """Does the card's vehicle wait here already, on a grant that this tap only renews?"""
    waiting = {state.passages.renewable(card): state for state in lanes if state.lane == here}
    return any(
        grant.passage == passage and grant.direction is direction
        for passage, state in waiting.items()
        for grant in state.passages.grants
    )


def _oncoming(plan: LanePlan, lanes: Iterable[LaneState], direction: Direction) -> bool:
    return any(
        passages.oncoming(plan, state.passages, state.levels, direction)
        for state in lanes
        if state.lane == plan.lane
    )


def _faulted(plan: LanePlan, lanes: Iterable[LaneState]) -> bool:
    """Would a grant be given for nothing, as the arm is not opened any more?"""
    return any(
        not motion.can_open(plan, state.arm, state.levels)
        for state in lanes
        if state.lane == plan.lane
    )


def late(shown: Moment, now_ns: int) -> bool:
    """Was it so long ago that whoever showed the card, or gave the order, may be gone?"""
    return now_ns - shown.mono_ns > LATE_NS


def at_desk(plan: GatePlan, reader: ReaderPlan, event: CardRead, facts: Facts, out: Draft) -> None:
    """A card was held to a desk reader: say so, for whoever has a form open there.

    A card that may be a copy is shown with the ``reason`` why nobody may sign on with it.
    """
    card = facts.cards[0] if len(facts.cards) == 1 else None
    data: dict[str, object] = {"reader": reader.reader, "desk": reader.desk, **_described(card)}
    data["proof"] = event.proof.value
    if doubt := _doubt(plan, reader, event.proof, card):
        data["reason"] = doubt.value
    if event.note:
        data["note"] = event.note
    personal = _personal(event.credential, card)
    out.write(EntryType.CARD_PRESENTED, f"desk/{reader.desk}", data, personal=personal)


def at_lane(
    plan: GatePlan,
    state: LaneState,
    emergency: Emergency,
    event: CardRead,
    facts: Facts,
    out: Draft,
    others: Iterable[LaneState] = (),
) -> LaneState:
    """A card was held to a lane's reader: decide, write, and raise the arm if granted.

    ``others`` are the gate's other lanes (this one among them counts once): what they have granted
    counts for bays and anti-passback.
    """
    lane_plan = plan.lanes[state.lane]
    reader, proof = plan.readers[event.reader], event.proof
    direction = presence.direction_of(lane_plan, reader)
    lanes = (state, *(other for other in others if other.lane != state.lane))
    prove = proving(plan, reader)
    asked = question(
        plan,
        lane_plan,
        direction,
        event.at,
        facts,
        emergency,
        lanes,
        proof,
        prove,
        event.shown,
    )
    decision = access.decide(asked)
    subject = f"lane/{state.lane}"
    data = {
        "lane": state.lane,
        "reader": event.reader,
        "direction": asked.direction.value,
        **_described(decision.card),
        **(qr_pass.named(event.shown) if event.shown is not None else {"proof": proof.value}),
    }
    visit = issued.visit_of(facts)
    if visit is not None:
        data["visit"] = visit["visit"]
    if event.note:
        data["note"] = event.note
    personal = _personal(event.credential, decision.card)
    match decision:
        case access.Granted(card, marks):
            known, opened = None, ""
            if event.shown is not None:
                way = lane_plan.zones(direction)
                known, opened = qr_pass.visit(plan, lane_plan, event.shown, way, facts, out)
                data |= qr_pass.told(event.shown, way, known)
            passage = state.passages.renewable(card.label) or out.new_passage()
            data["passage"] = passage
            if marks:
                data["marks"] = list(marks)
            granted = EntryType.ACCESS_GRANTED
            cause = out.write(granted, subject, data, personal=personal, cause=opened)
            grant = Grant(passage, card.label, cause, card.kind.value, direction, visit=known)
            state = lane.admit(lane_plan, state, grant, out)
            verdict = Verdict.GRANTED
        case access.Denied(reason):
            data["reason"] = reason.value
            out.write(EntryType.ACCESS_DENIED, subject, data, personal=personal)
            verdict = Verdict.DENIED
        case _:
            data["duty"] = decision.duty.value
            out.write(EntryType.ACCESS_REFERRED, subject, data, personal=personal)
            verdict = Verdict.REFERRED
    out.do(ShowVerdict(event.reader, verdict))
    return state


def unwritten(plan: GatePlan, event: CardRead) -> Entry | None:
    """The denial of a card that nobody looked up, as nothing can be read or written."""
    at = plan.readers[event.reader].lane
    if at is None:
        return None
    data = {"lane": at, "reader": event.reader, "reason": access.Reason.LEDGER_UNWRITABLE.value}
    personal = {"credential": str(event.credential)}
    return Entry(EntryType.ACCESS_DENIED, f"lane/{at}", event.at, data, personal)


def _doubt(
    plan: GatePlan, reader: ReaderPlan, proof: CardProof, card: Card | None
) -> access.Reason | None:
    """Why this may be a copy of the card."""
    if proof is CardProof.FAILED:
        return access.Reason.PROOF_FAILED
    asked = reader.needs_proof if card is None else card.kind in proving(plan, reader)
    return access.Reason.PROOF_REQUIRED if asked and not proof.proved else None


def _described(card: Card | None) -> dict[str, object]:
    return {} if card is None else {"card": card.label, "kind": card.kind.value}


def _personal(credential: Credential, card: Card | None) -> dict[str, str]:
    personal = {"credential": str(credential)}
    if card is not None:
        named = (
            ("holder", card.holder),
            ("unit", card.unit),
            ("department", card.department),
            ("plate", card.plate),
        )
        personal.update((name, value) for name, value in named if value)
    return personal
