"""The look-ups: what a step has to know, read from the ledger before it is made.

Rules kept here:
- a look-up is one indexed read, and is made only where something is configured that asks for it: a
  tap at a lane without anti-passback and bays reads the roster and nothing else;
- what an event can do without keeps it from nobody: inputs and timers go on though nothing can be
  read; what is only shown is then as it was read last, and an amnesty waits for the next look;
- it runs in the thread of the loop, which owns the journal.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from agent.core import alarms, books, call_legs, presence, qr_pass
from agent.core.events import CardRead, Event, InputChanged, OrderReceived, Started, TimerFired
from agent.core.facts import Facts, Mode, OpenPassage, Presence
from agent.core.ids import ReaderId, ZoneId
from agent.core.model import Card, Credential, Matching
from agent.core.needs import Need, Rows
from agent.core.orders import Order
from agent.core.plan import GatePlan
from agent.errors import StoreError
from agent.ports import Clock, Journal

NAMED = "credential."
"""``args`` of an order that begin so hold the credentials of the cards that its form names."""


class Lookup:
    """Loads `Facts` for one plan."""

    def __init__(self, plan: GatePlan, journal: Journal, clock: Clock, timezone: tzinfo) -> None:
        self._plan = plan
        self._journal = journal
        self._clock = clock
        self._timezone = timezone
        self._shows_counts = presence.shows_counts(plan)
        self._forgives = presence.forgives_daily(plan)
        self._counts: Mapping[ZoneId, int] = {}
        zones = {reader: presence.ahead(plan, reader) for reader in plan.readers}
        self._asks_presence = {each for each, zone in zones.items() if presence.asks_presence(zone)}
        self._asks_counts = {each for each, zone in zones.items() if presence.asks_counts(zone)}

    def facts(self, event: Event, owed: int) -> Facts:
        """What the step of ``event`` has to know; raises StoreError.

        ``owed`` entries are still to be written before those of the step.
        """
        journal = self._journal
        cards: tuple[Card, ...] = ()
        left: tuple[OpenPassage, ...] = ()
        seen: Presence | None = None
        modes: tuple[Mode, ...] = ()
        counted = False
        needs: Sequence[Need] = ()
        if isinstance(event, CardRead):
            reader = event.reader
            lane, counted = self._plan.readers[reader].lane, reader in self._asks_counts
            if event.shown is not None:
                seen = self._seen(reader, event.shown.label)
                needs = qr_pass.needs(event.shown, self._plan, lane)
            else:
                cards = journal.find_cards(event.credential, self._plan.readers[reader].matching)
                seen = self._seen(reader, *(card.label for card in cards))
                needs = books.tap_needs(self._plan, cards) if lane is not None else ()
        elif isinstance(event, Started):
            left, modes = tuple(journal.open_passages()), tuple(journal.modes())
            needs = alarms.NEEDS
        elif isinstance(event, OrderReceived) and event.order.kind in presence.KINDS:
            seen = journal.presence(event.order.args.get("card", ""))
            counted = True
        elif isinstance(event, OrderReceived):
            needs = books.needs(event.order)
            cards = self._named(event.order)
        elif isinstance(event, TimerFired) and event.key == books.SWEEP:
            needs = self._sweeping(event)
        needs = (*needs, *call_legs.needs(self._plan, event))
        head = journal.head()
        local = datetime.fromtimestamp(event.at.wall_us / 1e6, self._timezone)
        return Facts(
            head.stream,
            head.sequence + owed + 1,
            local.replace(tzinfo=None),
            cards,
            left,
            self._clock.now().mono_ns,
            seen,
            self._counted(asked=counted),
            modes,
            self._forgiven(event),
            self._booked(event, needs),
        )

    def _named(self, order: Order) -> tuple[Card, ...]:
        """The cards that an order of the books names; whoever took it in found their numbers."""
        found: list[Card] = []
        for name, text in order.args.items():
            if name.startswith(NAMED):
                found += self._journal.find_cards(Credential.parse(text), Matching.EXACT)
        return tuple(found)

    def _sweeping(self, event: TimerFired) -> Sequence[Need]:
        """What time may have brought; by a clock that nobody trusts hardly anything is due."""
        return books.sweep_needs(event.at.wall_us, trusted=event.at.quality.trusted)

    def _booked(self, event: Event, needs: Sequence[Need]) -> Rows:
        """The rows of the books, and those that only they lead to.

        Time is looked at again soon, so a sweep can do without them; a visitor's call goes to those
        whose numbers are known.
        """
        if not needs:
            return {}
        try:
            rows = self._journal.rows(needs)
        except StoreError:
            if not isinstance(event, TimerFired | InputChanged):
                raise
            return {}
        more = books.more_needs(event.order, rows) if isinstance(event, OrderReceived) else ()
        return {**rows, **self._journal.rows(more)} if more else rows

    def _counted(self, *, asked: bool) -> Mapping[ZoneId, int]:
        """The vehicles of every zone, where the step or a display asks for them."""
        if not asked and not self._shows_counts:
            return {}
        try:
            self._counts = self._journal.zone_counts()
        except StoreError:
            if asked:
                raise
        return self._counts

    def _forgiven(self, event: Event) -> Mapping[ZoneId, int]:
        """When every zone had its last amnesty; just now where that cannot be read."""
        if not self._forgives or not presence.may_be_due(event):
            return {}
        try:
            return self._journal.amnesties()
        except StoreError:
            return dict.fromkeys(self._plan.zones, event.at.wall_us)

    def _seen(self, reader: ReaderId, *labels: str) -> Presence | None:
        if reader not in self._asks_presence or len(labels) != 1:
            return None
        return self._journal.presence(labels[0])
