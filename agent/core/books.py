"""The books of the gate: whatever a guard writes down, led to the noun that it is about.

Rules kept here:
- an act is done whole or not at all: a `Fault` leaves no entry and no effect, only its answer;
- what stands in a form and is looked at by nobody is refused (`agent.core.fields`);
- an act that lets somebody through ends at the lane's own way in, like a card that was granted;
- what time alone brings (overdue, unanswered) is looked at every ten seconds, and dates are judged
  only by a clock that can be trusted.
"""

from collections.abc import Iterable, Mapping, Sequence

from agent.core import (
    alarms,
    announced,
    appointments,
    bans,
    bearer,
    cards,
    deposits,
    directory,
    dutylog,
    guards,
    handover,
    help_requests,
    inspections,
    issued,
    notices,
    passes,
    remote,
    shifts,
    slips,
    unsigned,
    visits,
    way_out,
)
from agent.core.ask import Act, Ask, Book
from agent.core.draft import Admit, Draft
from agent.core.effects import AnswerOrder, StartTimer
from agent.core.entries import EntryType
from agent.core.facts import Facts
from agent.core.fields import FIELDS, unknown
from agent.core.form import Fault
from agent.core.model import Card
from agent.core.needs import Need, Rows
from agent.core.orders import Order
from agent.core.passages import Grant
from agent.core.plan import GatePlan

BOOKS: tuple[Book, ...] = (
    alarms.BOOK,
    announced.BOOK,
    appointments.BOOK,
    bans.BOOK,
    bearer.BOOK,
    cards.BOOK,
    deposits.BOOK,
    directory.BOOK,
    dutylog.BOOK,
    guards.BOOK,
    handover.BOOK,
    help_requests.BOOK,
    inspections.BOOK,
    notices.BOOK,
    passes.BOOK,
    remote.BOOK,
    shifts.BOOK,
    slips.BOOK,
    unsigned.BOOK,
    visits.BOOK,
    way_out.BOOK,
)
"""Every noun of the books."""

ACTS: Mapping[str, Act] = {kind: act for book in BOOKS for kind, act in book.acts.items()}
TIMER = "books"
SWEEP = f"{TIMER}:sweep"
SWEEP_NS = 10_000_000_000


def needs(order: Order) -> Sequence[Need]:
    """What has to be looked up for this order."""
    act = ACTS.get(order.kind)
    return () if act is None else act.needs(order)


def more_needs(order: Order, rows: Rows) -> Sequence[Need]:
    """What has to be looked up besides, now that the first rows are known."""
    act = ACTS.get(order.kind)
    return () if act is None else act.then(order, rows)


def tap_needs(plan: GatePlan, cards: Sequence[Card]) -> Sequence[Need]:
    """What has to be looked up for a tap of these cards at a lane."""
    return issued.needs(plan, cards)


def sweep_needs(now_us: int, *, trusted: bool) -> Sequence[Need]:
    """What has to be looked up for a sweep; ``trusted``: the clock is."""
    sweeps = [sweep for book in BOOKS for sweep in book.sweeps if trusted or sweep.always]
    return [need for sweep in sweeps for need in sweep.due(now_us)]


def ordered(plan: GatePlan, order: Order, facts: Facts, out: Draft) -> Iterable[Admit]:
    """Do what ``order`` (its kind is in `ACTS`) wants; gives whom the lanes are to let through."""
    ask = Ask(plan, order, facts, out.at)
    try:
        _known(order)
        result = ACTS[order.kind].does(ask, out)
    except Fault as fault:
        refused(order, fault, out)
        return ()
    out.do(AnswerOrder(order.order_id, "done", 200, f"{order.kind} is written down", result))
    return out.admits


def _known(order: Order) -> None:
    """Raise `Fault` for a field that nobody would look at."""
    fields = FIELDS.get(order.kind)
    if fields is None:
        return
    # Every command of the centre may tell its reason: it stands in the entry of its answer.
    fields = fields | {"reason"} if order.client else fields
    for path, name, known in unknown(order.form, fields):
        says = "%(word)s is none of: %(known)s"
        raise Fault(says, field=path, word=name, known=", ".join(known))


def refused(order: Order, fault: Fault, out: Draft) -> None:
    """Answer that nothing of the order was done; whatever was drafted is dropped."""
    out.drop()
    out.do(AnswerOrder(order.order_id, "rejected", fault.code, str(fault), fault.result()))


def granted(admit: Admit, order: Order, out: Draft) -> Grant:
    """Write down that the guard lets this card through; gives the grant for the lane."""
    passage = out.new_passage()
    data: dict[str, object] = {
        "lane": admit.lane,
        "direction": admit.direction.value,
        "passage": passage,
        "order": order.kind,
        "origin": order.origin,
    }
    data |= {name: value for name, value in (("card", admit.card), ("kind", admit.kind)) if value}
    cause = out.write(
        EntryType.ACCESS_GRANTED,
        f"lane/{admit.lane}",
        data,
        personal=admit.personal,
        actor=admit.actor or order.actor,
        cause=admit.cause,
    )
    return Grant(passage, admit.card, cause, admit.kind, admit.direction)


def started(out: Draft) -> None:
    """Begin to look at what time brings."""
    out.do(StartTimer(SWEEP, out.at.mono_ns + SWEEP_NS))


def swept(plan: GatePlan, order: Order, facts: Facts, out: Draft) -> None:
    """Look at what time has brought, and look again later."""
    started(out)
    ask = Ask(plan, order, facts, out.at)
    for book in BOOKS:
        for sweep in book.sweeps:
            if out.at.quality.trusted or sweep.always:
                sweep.does(ask, out)
