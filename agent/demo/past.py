"""A gate whose clock goes as it is told, so that a day behind it is lived through in seconds.

Rules kept here:
- core, look-ups and ledger are those of the daemon: what was written here was decided there;
- there is no hardware: what a car does to loop and switches is told as events, in their order;
- a timer that came due while the clock jumped fires once, at the new time.
"""

import itertools
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from agent import transfer
from agent.app import open_ledger
from agent.control.server import Peer
from agent.core.books import ACTS
from agent.core.effects import AnswerOrder, Change, PulseRelay, StartTimer, StopTimer
from agent.core.events import (
    CardRead,
    Event,
    InputChanged,
    OrderReceived,
    Started,
    Stopping,
    TimerFired,
)
from agent.core.gate import Gate
from agent.core.ids import DeskId, LaneId, OrderId, ReaderId
from agent.core.model import Card, ClockQuality, Moment
from agent.core.orders import Order
from agent.errors import GateError
from agent.lookup import NAMED, Lookup
from agent.planning import gate_plan, input_id
from agent.requests import House, Requests
from agent.settings import Settings
from agent.store import roster_csv
from agent.store.reading import Reading
from agent.store.rows import card_of
from agent.timers import Timers

_US, _NS = 1_000_000, 1_000_000_000
_HERE = Peer(0, 0)


class StoryClock:
    """Stands still until it is told to go on."""

    def __init__(self, wall_us: int) -> None:
        self._first_us = wall_us
        self._now_us = wall_us

    def now(self) -> Moment:
        """The time of the story."""
        uptime_ns = 60 * _NS + (self._now_us - self._first_us) * 1_000
        return Moment(self._now_us, uptime_ns, ClockQuality.SYNCED)

    def set(self, wall_us: int) -> None:
        """Go on; never back."""
        self._now_us = max(self._now_us, wall_us)


class Past:
    """The gate of these settings from ``wall_us`` on; a context, since it holds the ledger."""

    def __init__(self, settings: Settings, wall_us: int) -> None:
        self._settings = settings
        self._plan = gate_plan(settings)
        self._zone = ZoneInfo(settings.timezone)
        self._clock = StoryClock(wall_us)
        self._ledger = open_ledger(settings, str(uuid.uuid4()))
        self._gate = Gate(self._plan)
        self._lookup = Lookup(self._plan, self._ledger, self._clock, self._zone)
        self._state = self._gate.first_state()
        self._timers = Timers()
        self._numbers = itertools.count(1)
        self._edges: Counter[str] = Counter()
        self._opened: set[LaneId] = set()
        self.cards: dict[str, Card] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ledger.close()

    @property
    def head(self) -> int:
        """The last entry that was written."""
        return self._ledger.head().sequence

    def begin(self, roster: Path) -> None:
        """The first start of this gate, with every lane clear and its arm down, and the roster."""
        self._happen(Started(self._clock.now()))
        for lane in self._plan.lanes:
            for role, active in (("loop", False), ("opened", False), ("closed", True)):
                self._sense(lane, role, active=active)
        found = roster_csv.read(roster, self._settings.lanes)
        self.cards = {card.label: card for card in map(card_of, found.rows())}
        handlers = Requests(
            House(
                self._plan,
                self._zone,
                self._clock,
                lambda: self._ledger,
                lambda run: run(),
                lambda: Reading.open(self._settings.paths.ledger),
            )
        ).handlers()
        transfer.send(lambda op, **args: handlers[op](args, _HERE), found)

    def end(self) -> None:
        """The gate stops in order."""
        self._happen(Stopping("the day is over", self._clock.now()))

    def to(self, wall_us: int) -> None:
        """Let the time come; what was due on the way happens."""
        self._clock.set(wall_us)
        now = self._clock.now()
        while (key := self._timers.due(now.mono_ns)) is not None:
            self._happen(TimerFired(key, now))

    def later(self, seconds: float) -> None:
        """A little later."""
        self.to(self._clock.now().wall_us + int(seconds * _US))

    def local(self, hours: float) -> str:
        """Local time of the gate in so many hours, as forms have it."""
        seconds = self._clock.now().wall_us / _US + hours * 3600
        there = datetime.fromtimestamp(seconds, self._zone).replace(tzinfo=None)
        return there.isoformat(timespec="minutes")

    def tap(self, lane: str, label: str) -> None:
        """Hold a card to the lane's reader; where that opens, its car or bearer passes."""
        reader = next(iter(self._settings.lanes[lane].readers))
        self._read(reader, label)
        self._pass_through()

    def show(self, desk: DeskId, label: str) -> None:
        """Hold a card to the reader of a desk."""
        self._read(self._settings.desks[desk].readers[0], label)

    def order(self, kind: str, actor: str, /, **form: object) -> Mapping[str, Any]:
        """An order of the booth; gives its result. Raises GateError when it is refused."""
        act = ACTS.get(kind)
        args: dict[str, str] = {}
        for name in act.cards if act is not None else ():
            card = self.cards.get(str(form.get(name)))
            args |= {} if card is None else {f"{NAMED}{name}": str(card.credential)}
        if act is None:
            args, form = {name: str(value) for name, value in form.items()}, {}
        number = OrderId(f"demo-past-{next(self._numbers)}")
        order = Order(number, actor, "console", kind, args, form, next(iter(self._settings.desks)))
        answer = self._happen(OrderReceived(order, self._clock.now()))
        if answer is None or answer.status != "done":
            why = "no answer" if answer is None else answer.detail
            raise GateError(f"the day of the demo, {kind}: {why}")
        self._pass_through()
        return answer.result

    def _read(self, reader: str, label: str) -> None:
        self._happen(CardRead(ReaderId(reader), self.cards[label].credential, self._clock.now()))

    def _pass_through(self) -> None:
        """Whoever was let through drives: arm up, loop occupied and clear, arm down."""
        for lane in sorted(self._opened):
            steps = (
                (0.4, "closed", False), (1.2, "opened", True), (2.5, "loop", True),
                (1.8, "loop", False), (0.8, "opened", False), (1.2, "closed", True),
            )  # fmt: skip
            for seconds, role, active in steps:
                self.later(seconds)
                self._sense(lane, role, active=active)
            self._opened.discard(lane)
        self.later(5)

    def _sense(self, lane: LaneId, role: str, *, active: bool) -> None:
        name = input_id(lane, role)
        self._edges[name] += 1
        self._happen(InputChanged(name, active, self._edges[name], self._clock.now()))

    def _happen(self, event: Event) -> AnswerOrder | None:
        """One step, written as the daemon writes it; gives the answer to an order."""
        step = self._gate.step(self._state, event, self._lookup.facts(event, 0))
        changes = [effect for effect in step.effects if isinstance(effect, Change)]
        if step.entries:
            self._ledger.append(step.entries, self._clock.now(), (), changes)
        self._state = step.state
        answer = None
        for effect in step.effects:
            match effect:
                case StartTimer(key, at_ns):
                    self._timers.start(key, at_ns)
                case StopTimer(key):
                    self._timers.stop(key)
                case AnswerOrder():
                    answer = effect
                case PulseRelay(output):
                    self._opened |= self._opens(output)
        return answer

    def _opens(self, output: str) -> set[LaneId]:
        lanes = self._plan.lanes.items()
        return {name for name, lane in lanes if lane.arm.open.output == output}
