"""A loop with parts that have behaviour, run in the thread of the test.

A play is put into the inbox whole: events, and acts such as `advance`, which run as errands of the
loop between the events. Every event bears the time of its turn. Then `run` lets the loop work
through it. Everything that the parts see goes into one trace, in the order in which it happened.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC

from agent.core.effects import Change, Verdict
from agent.core.entries import Entry, EntryType
from agent.core.events import CardRead, Event, InputChanged
from agent.core.facts import Mode, OpenPassage, Presence
from agent.core.gate import Gate
from agent.core.ids import InputId, LaneId, OrderId, OutputId, ReaderId, ZoneId
from agent.core.model import Card, ClockQuality, Credential, Matching, Moment
from agent.core.needs import Need, Rows
from agent.core.orders import Order
from agent.core.plan import GatePlan
from agent.core.view import LaneView
from agent.errors import DeviceError, EntryError, StoreError
from agent.inbox import Inbox
from agent.loop import Loop
from agent.ports import Condition, Emit, Head, Health, Journal, KeptResult
from agent.world import World
from tests.rigs.contract import judge_entries

Trace = list[str]


class HandClock:
    """Stands still until it is told to go on."""

    def __init__(self, first: Moment) -> None:
        self._now = first

    def now(self) -> Moment:
        return self._now

    def set(self, now: Moment) -> None:
        self._now = now


class TracedJournal:
    """A journal that writes into the trace what it commits, and that can fail before its disk."""

    def __init__(self, inner: Journal, trace: Trace) -> None:
        self.inner = inner
        self.trace = trace
        self.broken = False
        self.unfit = ""
        self.unreadable = False
        self.untidy = False
        self.freed = False
        self.busy = False
        self.tidied: Callable[[], None] = lambda: None
        self.slowly: Callable[[], None] = lambda: None
        self.housekept = 0
        self.entries: list[Entry] = []

    def append(
        self,
        entries: Sequence[Entry],
        now: Moment,
        results: Sequence[KeptResult] = (),
        changes: Sequence[Change] = (),
    ) -> Head:
        if self.broken:
            self.trace.append("commit failed")
            raise StoreError("the disk is full: free some room")
        if any(entry.type == self.unfit for entry in entries):
            raise EntryError(f"{self.unfit}: data has more bytes than can be sent")
        self.slowly()
        judge_entries(entries)
        head = self.inner.append(entries, now, results, changes)
        self.entries += entries
        self.trace.append("commit " + ", ".join(short(entry) for entry in entries))
        return head

    def rows(self, needs: Sequence[Need]) -> Rows:
        self._look()
        return self.inner.rows(needs)

    def find_cards(self, credential: Credential, matching: Matching) -> tuple[Card, ...]:
        self._look()
        return self.inner.find_cards(credential, matching)

    def open_passages(self) -> Sequence[OpenPassage]:
        self._look()
        return self.inner.open_passages()

    def presence(self, card: str) -> Presence | None:
        self._look()
        return self.inner.presence(card)

    def zone_counts(self) -> Mapping[ZoneId, int]:
        self._look()
        return self.inner.zone_counts()

    def amnesties(self) -> Mapping[ZoneId, int]:
        self._look()
        return self.inner.amnesties()

    def modes(self) -> Sequence[Mode]:
        self._look()
        return self.inner.modes()

    def result(self, order_id: str, now: Moment) -> KeptResult | None:
        self._look()
        return self.inner.result(order_id, now)

    def head(self) -> Head:
        return self.inner.head()

    def housekeeping(self, now: Moment) -> bool:
        if self.untidy:
            raise StoreError("no checkpoint can be made: see the kernel log")
        self.housekept += 1
        if self.freed:
            self.freed = False
            self.inner.append((Entry(EntryType.DISK_FREED, "disk", now),), now)
        more = self.inner.housekeeping(now)
        self.tidied()
        return more or self.busy

    def _look(self) -> None:
        if self.unreadable:
            raise StoreError("the ledger cannot be read: see the kernel log")


class TracedOutputs:
    """Relays that say what they do; those in ``stuck`` do nothing and say so."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.stuck: set[str] = set()
        self.on: dict[OutputId, bool] = {}

    def pulse(self, output: OutputId, ms: int, decided_ns: int | None = None) -> None:
        del decided_ns
        self._check(output)
        self.trace.append(f"pulse {output} {ms}")

    def switch(self, output: OutputId, on: bool, decided_ns: int | None = None) -> None:
        del decided_ns
        self._check(output)
        self.on[output] = on
        self.trace.append(f"{'hold' if on else 'release'} {output}")

    def stop_arm(self, lane: LaneId) -> None:
        self.trace.append(f"stop {lane}")

    def reopen(self, lane: LaneId) -> None:
        self.trace.append(f"reopen {lane}")

    def hold_fire(self, on: bool) -> None:
        self.trace.append(f"fire {'held' if on else 'reset'}")

    def raise_all(self) -> None:
        self.trace.append("raise all")

    def test(self, lane: LaneId) -> None:
        if lane in self.stuck:
            raise DeviceError(f"lane {lane}: its sensors cannot be tested")
        self.trace.append(f"test {lane}")

    def levels(self) -> Mapping[OutputId, bool | None]:
        return dict(self.on)

    def health(self) -> Health:
        return Health("relays", Condition.OK, "")

    def _check(self, output: OutputId) -> None:
        if output in self.stuck:
            raise DeviceError(f"{output}: the pin cannot be driven")


class TracedReader:
    """A reader's lamp."""

    def __init__(self, name: ReaderId, trace: Trace) -> None:
        self.name = name
        self.trace = trace

    def start(self, emit: Emit) -> None:
        del emit

    def stop(self) -> None:
        """There is no thread to end."""

    def show(self, verdict: Verdict) -> None:
        self.trace.append(f"show {self.name} {verdict}")

    def health(self) -> Health:
        return Health(self.name, Condition.OK, "")


class TracedListener:
    """Hears what was committed and how lanes look."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.views: list[Sequence[LaneView]] = []
        self.heard: list[tuple[int, Entry]] = []

    def committed(self, head: Head, first: int, entries: Sequence[Entry]) -> None:
        assert head.sequence >= first + len(entries) - 1
        self.heard += enumerate(entries, first)
        self.trace.append(f"heard {len(entries)} from {first}")

    def lanes(self, views: Sequence[LaneView]) -> None:
        self.views.append(views)


class OneThread:
    """The loop and everything around it."""

    def __init__(self, plan: GatePlan, journal: Journal, first: Moment) -> None:
        self.trace: Trace = []
        self.plan = plan
        self.clock = HandClock(first)
        self.journal = TracedJournal(journal, self.trace)
        self.outputs = TracedOutputs(self.trace)
        self.listener = TracedListener(self.trace)
        self.beats = 0
        self.inbox = Inbox({name: reader.quiet_ns for name, reader in plan.readers.items()})
        self.readers = {name: TracedReader(name, self.trace) for name in plan.readers}
        world = World(
            self.journal,
            self.outputs,
            self.readers,
            self.clock,
            [self.listener],
            self._beat,
            parts=lambda: [self.outputs.health(), Health("printer", Condition.DOWN, "no paper")],
        )
        self.loop = Loop(Gate(plan), self.inbox, UTC, world)
        self.at = first
        self.answers: list[KeptResult] = []
        self.refusals: list[str] = []

    def _beat(self) -> None:
        self.beats += 1

    def then(self, act: Callable[[], object]) -> None:
        """Do this in the loop's thread, when its turn has come."""
        self.inbox.tell(act)

    def put(self, event: Event) -> None:
        self.inbox.put(event)

    def tap(self, credential: Credential, reader: ReaderId) -> None:
        self.put(CardRead(reader, credential, self.at))

    def level(self, name: InputId, active: bool | None) -> None:
        self.put(InputChanged(name, active, 1, self.at))

    def advance(self, seconds: float, *, stepped: float = 0) -> None:
        """Let time go by; ``stepped`` is how far the wall clock jumps besides."""
        at = self.at
        wall_us = at.wall_us + int((seconds + stepped) * 1e6)
        self.at = Moment(wall_us, at.mono_ns + int(seconds * 1e9), at.quality)
        self._set_clock()

    def judge(self, quality: ClockQuality) -> None:
        """From here on the clock has this quality."""
        self.at = replace(self.at, quality=quality)
        self._set_clock()

    def order(self, kind: str, number: str, lane: LaneId, reason: str = "asked") -> None:
        order = Order(OrderId(number), "Li", "cli", kind, {"lane": lane, "reason": reason})
        self.then(lambda: self._ask(order))

    def take(self, seconds: float) -> None:
        """From here on every commit takes so long."""

        def slowly() -> None:
            now = self.clock.now()
            wall_us, mono_ns = now.wall_us + int(seconds * 1e6), now.mono_ns + int(seconds * 1e9)
            self.clock.set(Moment(wall_us, mono_ns, now.quality))

        self.then(lambda: vars(self.journal).update(slowly=slowly))

    def fail(self, **parts: bool | str) -> None:
        """``broken``, ``unreadable`` or ``untidy``: what the journal cannot do from here on.

        ``freed``: at the next housekeeping it writes an entry of its own.
        """
        self.then(lambda: vars(self.journal).update(parts))

    def _set_clock(self) -> None:
        at = self.at
        self.then(lambda: self.clock.set(at))

    def _ask(self, order: Order) -> None:
        try:
            self.answers.append(self.loop.take_order(order))
        except StoreError as fault:
            self.refusals.append(str(fault))

    def run(self) -> Trace:
        """Work through the play, stop, and give the trace."""
        self.then(lambda: self.loop.stop("end of the play"))
        self.loop.run()
        return self.trace

    def types(self) -> list[str]:
        """The entries that were written, in short words."""
        return [short(entry) for entry in self.journal.entries]


def short(entry: Entry) -> str:
    """``granted``, ``passage.ended passed``."""
    name = entry.type.removeprefix("gate.").removesuffix(".v1").removeprefix("access.")
    more = [str(entry.data[key]) for key in ("outcome",) if key in entry.data]
    return " ".join((name, *more))
