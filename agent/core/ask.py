"""What a person asks of the books, and what a noun of the books is made of.

Rules kept here:
- an act validates its form, looks at the facts, and then writes: a `Fault` after that is a fault of
  ours, since nothing of a refused act is kept;
- whatever an act needs to know is asked for beforehand (`Act.needs`);
- who admits says so with `agent.core.draft.Draft.admit`; the lane does it after the entries.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.core.draft import Draft
from agent.core.facts import Facts
from agent.core.form import Fault, Form
from agent.core.ids import LaneId
from agent.core.model import Card, Moment
from agent.core.needs import Need, Row, Rows
from agent.core.orders import Order
from agent.core.plan import GatePlan, LanePlan
from agent.core.plan_books import BooksPlan

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times of the gate are naive
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Ask:
    """An order as its act sees it. ``order`` is empty but for its kind when time asks (a sweep)."""

    plan: GatePlan
    order: Order
    facts: Facts
    at: Moment

    @property
    def form(self) -> Form:
        """What stands in the order's form."""
        return Form(self.order.form)

    @property
    def books(self) -> BooksPlan:
        """The rules of the books."""
        return self.plan.books

    @property
    def actor(self) -> str:
        """Who asks."""
        return self.order.actor

    @property
    def local(self) -> datetime:
        """The gate's local time, naive, when it was asked."""
        return self.facts.local

    @property
    def now_us(self) -> int:
        """Wall time when it was asked, µs since 1970 UTC."""
        return self.at.wall_us

    def rows(self, name: str) -> tuple[Row, ...]:
        """The rows that were found under this name."""
        return self.facts.rows.get(name, ())

    def row(self, table: str, column: str, key: str, missing: str = "") -> Row:
        """The one row with this key; raises `Fault` 404 (``missing`` is its sentence)."""
        for row in self.rows(table):
            if row[column] == key:
                return row
        says = missing or "there is no %(thing)s in the books"
        raise Fault(says, field=column, code=404, thing=key or "—")

    def card(self, name: str = "card") -> Card:
        """The card of the roster whose label stands in this field; raises `Fault`."""
        label = self.form.text(name, needed=True)
        for card in self.facts.cards:
            if card.label == label:
                return card
        raise Fault("there is no card %(card)s in the roster", field=name, code=404, card=label)

    def lane(self, name: str = "lane") -> LanePlan:
        """The lane that stands in this field; raises `Fault`."""
        given = self.form.text(name, needed=True)
        found = self.plan.lanes.get(LaneId(given))
        if found is None:
            lanes = ", ".join(self.plan.lanes)
            says = "there is no lane %(lane)s here; the lanes are %(lanes)s"
            raise Fault(says, field=name, code=404, lane=given, lanes=lanes)
        return found

    def wall_us(self, local: datetime) -> int:
        """A local time of the gate as wall time, by the offset that holds now."""
        offset_us = (self.local - _EPOCH) // _MICROSECOND - self.now_us
        return (local - _EPOCH) // _MICROSECOND - offset_us


Handler = Callable[[Ask, Draft], Mapping[str, object]]
"""Does an act; gives what is answered besides `done`. Raises `Fault`."""


def _nothing(_order: Order) -> Sequence[Need]:
    return ()


def _no_more(_order: Order, _rows: Rows) -> Sequence[Need]:
    return ()


@dataclass(frozen=True, slots=True)
class Act:
    """One kind of order of the books.

    ``then`` asks for more once the first rows are known: the card of a visit, say.
    ``cards`` are the fields of the form that hold labels of cards, which are looked up for it.
    ``admits``: it may let somebody in or out, so nothing moves before it is written.
    """

    does: Handler
    needs: Callable[[Order], Sequence[Need]] = _nothing
    cards: tuple[str, ...] = ()
    admits: bool = False
    then: Callable[[Order, Rows], Sequence[Need]] = _no_more


@dataclass(frozen=True, slots=True)
class Sweep:
    """What time alone brings: ``due(now_us)`` says what to look at, ``does`` writes it down.

    ``always``: it has another way to tell time, and is looked at also while no clock is trusted.
    """

    due: Callable[[int], Sequence[Need]]
    does: Callable[[Ask, Draft], None]
    always: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """A noun of the books: its acts by kind, and what time does to it."""

    acts: Mapping[str, Act] = field(default_factory=dict)
    sweeps: tuple[Sweep, ...] = ()
