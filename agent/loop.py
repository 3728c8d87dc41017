"""The loop: one thread that takes, decides, commits, and only then acts.

Rules kept here:
- the only holder of state; every event is facts, step, commit, effects, in this order;
- what admits happens only after its commit; if the commit fails, nobody is admitted, and the tap
  is answered, recorded as soon as there is room, and counted;
- what merely follows the world (inputs, timers, closing) goes on without the disk: its entries are
  owed and written first as soon as the disk takes them;
- nobody is admitted late: when the disk held the loop up, who showed the card may be gone;
- effects happen at most once; a device that fails comes back as an event;
- while a frame is on its way the step of a tap is rehearsed, and nothing comes of it: taps are
  seconds apart, and what a processor has not done for some milliseconds takes it thrice as long;
- the watchdog is fed from here and nowhere else.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo

from agent.answers import again, kept_of
from agent.core.clockwatch import ClockWatch
from agent.core.effects import (
    AnswerOrder,
    Change,
    CheckParts,
    DropRow,
    Effect,
    PulseRelay,
    PutCard,
    PutRow,
    ShowVerdict,
    StartTimer,
    StopTimer,
    SwitchRelay,
    Verdict,
)
from agent.core.entries import Entry
from agent.core.events import (
    CardRead,
    Event,
    OrderReceived,
    OutputFaulted,
    PartsChecked,
    Started,
    Stopping,
    TimerFired,
)
from agent.core.facts import Facts
from agent.core.gate import Gate
from agent.core.gate_state import GateState, Step, views
from agent.core.lane import LaneState
from agent.core.model import Moment
from agent.core.orders import Order
from agent.core.tap import late
from agent.core.view import LaneView
from agent.errors import EntryError, StoreError
from agent.hands import Hands
from agent.inbox import Begun, Errand, Inbox
from agent.lookup import Lookup
from agent.owed import Owed
from agent.ports import (
    Condition,
    Health,
    KeptResult,
)
from agent.timers import Timers
from agent.world import World

_TICK_NS = 1_000_000_000
_HOUSE_NS = 50_000_000
_UNKEPT_NS = 2_000_000_000
_log = logging.getLogger("gate.loop")


class Loop:
    """Runs in one thread, from `run` to `stop`; everything else is asked through the inbox."""

    def __init__(self, gate: Gate, inbox: Inbox, timezone: tzinfo, world: World) -> None:
        self._gate = gate
        self._inbox = inbox
        self._world = world
        self._state: GateState = gate.first_state()
        self._lookup = Lookup(gate.plan, world.journal, world.clock, timezone)
        self._timers = Timers()
        self._answers: dict[str, KeptResult] = {}
        self._stopping = ""
        self._watch = ClockWatch(world.clock.now())
        self._tick_ns = 0
        self._last_tap: CardRead | None = None
        self._disk = ""
        self._house_waits = False
        self._kept_ns = world.clock.now().mono_ns
        self.counters: Counter[str] = Counter()
        self._owed = Owed(self.counters)
        self._hands = Hands(
            world.outputs, inbox, gate.plan, self.counters, world.displays, world.intercom
        )

    def run(self) -> None:
        """Work until `stop`. The journal must belong to this thread."""
        self._apply(Started(self._world.clock.now()))
        self._world.beat()
        while not self._stopping:
            item = self._take()
            self._work(item)
            self._on_time(idle=item is None)
        self._finish()
        self._apply(Stopping(self._stopping, self._world.clock.now()))

    def stop(self, reason: str) -> None:
        """End `run` in order; from any thread."""
        self._stopping = reason
        self._inbox.wake()

    def drain(self) -> None:
        """After `run`: do the errands that still wait (the last cursor), and nothing else."""
        for _ in range(self._inbox.waiting()):
            item = self._inbox.take(0)
            if isinstance(item, Errand):
                self._run_errand(item)

    def take_order(self, order: Order) -> KeptResult:
        """Do what an order wants, once. Runs in the loop's thread (see `Inbox.ask`).

        A repeat within 24 h gets the first answer again and moves nothing.
        """
        now = self._world.clock.now()
        kept = self.kept(order)
        if kept is not None:
            return kept
        self._apply(OrderReceived(order, now))
        return self._answers.pop(order.order_id)

    def kept(self, order: Order) -> KeptResult | None:
        """What was answered to this order before. Runs in the loop's thread."""
        kept = self._owed.answers.get(order.key)
        if kept is None:
            kept = self._world.journal.result(order.key, self._world.clock.now())
        return None if kept is None else again(kept, order)

    def views(self) -> Sequence[LaneView]:
        """Every lane as it is now. Runs in the loop's thread."""
        return views(self._state)

    def lanes(self) -> tuple[LaneState, ...]:
        """The state of every lane. Runs in the loop's thread."""
        return tuple(self._state.lanes.values())

    def facts(self, event: Event) -> Facts:
        """What the step of ``event`` has to know. Runs in the loop's thread."""
        if isinstance(event, CardRead):
            self._last_tap = event
        return self._lookup.facts(event, len(self._owed.entries))

    def health(self) -> Health:
        """How the writing goes; from any thread."""
        counters = {**self.counters, **self._inbox.counters, "owed": len(self._owed.entries)}
        if self._disk:
            return Health("ledger", Condition.DOWN, self._disk, counters)
        return Health("ledger", Condition.OK, "every entry is written", counters)

    def _take(self) -> Event | Errand | Begun | None:
        """The next thing to do. What waits behind it is not known yet; its hands are told so."""
        if not self._inbox.waiting():
            self._hands.knows(self._world.clock.now().mono_ns)
        item = self._inbox.take(self._patience_s())
        if item is not None and not isinstance(item, Errand | Begun):
            self._hands.knows(item.at.mono_ns)
        return item

    def _work(self, item: Event | Errand | Begun | None) -> None:
        if isinstance(item, Errand):
            self._run_errand(item)
        elif isinstance(item, Begun):
            self._rehearse()
        elif item is not None:
            self._apply(item)

    def _rehearse(self) -> None:
        """Go through the last tap once more, up to its commit."""
        if self._last_tap is None or self._disk:
            return
        now = self._world.clock.now()
        tap = replace(self._last_tap, at=now)
        try:
            step = self._gate.step(self._state, tap, self.facts(tap))
            self._world.rehearse(step.entries, now)
        except StoreError as fault:
            # The tap itself will meet it again, and then it counts.
            _log.debug("a rehearsal ended early: %s", fault)

    def _finish(self) -> None:
        """What came before the end is still recorded, as far as a second allows."""
        ends_ns = self._world.clock.now().mono_ns + _TICK_NS
        for _ in range(self._inbox.waiting()):
            self._work(self._inbox.take(0))
            if self._world.clock.now().mono_ns >= ends_ns:
                _log.warning("%d things were left undone at the end", self._inbox.waiting())
                return

    def _apply(self, event: Event) -> None:
        try:
            step = self._gate.step(self._state, event, self.facts(event))
        except StoreError as fault:
            self._unwritable(event, fault)
            return
        results = [kept_of(each, event) for each in step.effects if isinstance(each, AnswerOrder)]
        changes = [effect for effect in step.effects if isinstance(effect, Change)]
        entries = (*self._owed.entries, *step.entries) if self._owed else step.entries
        first = self._world.journal.head().sequence + 1
        if entries or results:
            try:
                self._commit(entries, self._world.clock.now(), results, changes)
            except StoreError as fault:
                self._not_committed(event, step, fault)
                return
        not_moved: Sequence[Event] = ()
        if self._gate.admits(event) and late(event.at, self._world.clock.now().mono_ns):
            step, not_moved = self._held_back(event, step)
        self._act(step, event.at)
        if entries:
            self._tell_committed(first, entries)
        for lack in not_moved:
            self._apply(lack)

    def _commit(
        self,
        entries: Sequence[Entry],
        now: Moment,
        results: Sequence[KeptResult] = (),
        changes: Sequence[Change] = (),
    ) -> None:
        results = (*self._owed.answers.values(), *results)
        self._world.journal.append(entries, now, results, changes)
        if self._owed:
            self._owed.paid()
        self._disk = ""

    def _tell_committed(self, first: int, entries: Sequence[Entry]) -> None:
        head = self._world.journal.head()
        for listener in self._world.listeners:
            listener.committed(head, first, entries)

    def _not_committed(self, event: Event, step: Step, fault: StoreError) -> None:
        if self._gate.admits(event):
            self._unwritable(event, fault)
            return
        if isinstance(fault, EntryError):
            self._owed.give_up(step.entries, fault)
        else:
            self._loud(fault)
            self._owed.add(step.entries)
        for effect in step.effects:
            if isinstance(effect, AnswerOrder):
                self._owed.add_answer(kept_of(effect, event))
        self._act(step, event.at)

    def _held_back(self, event: Event, step: Step) -> tuple[Step, Sequence[Event]]:
        """The disk took so long to write this down that nothing may move for it any more.

        Gives what of the step is still done, and what has to be said of the relays that are not.
        """
        now = self._world.clock.now()
        held_s = (now.mono_ns - event.at.mono_ns) / 1e9
        kept: list[Effect] = []
        not_moved: list[Event] = []
        for effect in step.effects:
            if isinstance(effect, PulseRelay | SwitchRelay) and self._gate.moves(effect.output):
                detail = f"not moved: the disk held the record up for {held_s:.0f} s; show it again"
                not_moved.append(OutputFaulted(effect.output, detail, now))
                self.counters["held_back"] += 1
            elif isinstance(effect, ShowVerdict):
                kept.append(ShowVerdict(effect.reader, Verdict.DENIED))
            else:
                kept.append(effect)
        return Step(step.state, step.entries, tuple(kept)), not_moved

    def _unwritable(self, event: Event, fault: StoreError) -> None:
        """Nobody is admitted, and whoever asked is told."""
        self._loud(fault)
        if isinstance(event, CardRead):
            self.counters["taps_not_recorded"] += 1
            self._show(ShowVerdict(event.reader, Verdict.DENIED))
        self._owed.add(self._gate.unwritten(self._state, event))
        if isinstance(event, OrderReceived):
            order = event.order
            answer = KeptResult(order.key, "failed", 503, str(fault), digest=order.digest)
            self._answers[order.order_id] = answer
            self._owed.add_answer(answer)

    def _loud(self, fault: StoreError) -> None:
        self.counters["commits_failed"] += 1
        if not self._disk:
            _log.critical("nothing can be written, nobody is admitted by card: %s", fault)
        self._disk = str(fault)

    def _act(self, step: Step, at: Moment) -> None:
        before, self._state = self._state, step.state
        for effect in step.effects:
            self._do(effect, at)
        if before.views is not step.state.views:
            known = before.views
            seen = [view for view in views(step.state) if view is not known.get(view.lane)]
            self._world_sees(seen)

    def _do(self, effect: Effect, at: Moment) -> None:
        match effect:
            case ShowVerdict():
                self._show(effect)
            case StartTimer(key, at_ns):
                self._timers.start(key, at_ns)
            case StopTimer(key):
                self._timers.stop(key)
            case AnswerOrder():
                self._answers[effect.order] = kept_of(effect)
            case CheckParts(cause):
                self._check_parts(cause)
            case PutCard() | PutRow() | DropRow():
                pass  # it was written with the entries
            case _:
                self._hands.do(effect, at)

    def _check_parts(self, cause: str) -> None:
        """Look at every part; what is found comes as an event, after what waits already."""
        found = [(part.part, part.condition.value, part.detail) for part in self._world.parts()]
        self._inbox.put(PartsChecked(tuple(found), cause, self._world.clock.now()))

    def _show(self, effect: ShowVerdict) -> None:
        reader = self._world.readers.get(effect.reader)
        if reader is not None:
            reader.show(effect.verdict)

    def _world_sees(self, views: Sequence[LaneView]) -> None:
        for listener in self._world.listeners:
            listener.lanes(views)

    def _run_errand(self, errand: Errand) -> None:
        if not errand.future.set_running_or_notify_cancel():
            return
        first = self._world.journal.head().sequence + 1
        try:
            result = errand.run()
        except Exception as fault:  # noqa: BLE001 - it belongs to the asker, in his thread
            errand.future.set_exception(fault)
        else:
            errand.future.set_result(result)
        if self._world.journal.head().sequence >= first:
            self._tell_committed(first, ())

    def _on_time(self, *, idle: bool) -> None:
        now = self._world.clock.now()
        while (key := self._timers.due(now.mono_ns)) is not None:
            self._apply(TimerFired(key, now))
        if now.mono_ns - self._tick_ns >= _TICK_NS:
            self._tick_ns = now.mono_ns
            self._tick(now)
        # Whoever asks all the time keeps it from being idle, and must not keep it from this.
        if idle or now.mono_ns - self._kept_ns >= _UNKEPT_NS:
            self._keep_house(now)

    def _keep_house(self, now: Moment) -> None:
        journal = self._world.journal
        first = journal.head().sequence + 1
        self._kept_ns = now.mono_ns
        try:
            self._house_waits = journal.housekeeping(now)
        except StoreError as fault:
            self._loud(fault)
        if journal.head().sequence >= first:
            self._tell_committed(first, ())

    def _tick(self, now: Moment) -> None:
        self._world.beat()
        for event in self._watch.look(now):
            self._apply(event)
        if self._owed:
            first, owed = self._world.journal.head().sequence + 1, tuple(self._owed.entries)
            try:
                self._commit(owed, now)
            except StoreError as fault:
                self._loud(fault)
            else:
                self._tell_committed(first, owed)

    def _patience_s(self) -> float:
        """Until the next timer or tick, or sooner where the house is not kept yet."""
        longest_ns = _HOUSE_NS if self._house_waits else _TICK_NS
        due_ns = self._timers.next_ns()
        if due_ns is None:
            return longest_ns / 1e9
        left_ns = due_ns - self._world.clock.now().mono_ns
        return min(max(left_ns, 0), longest_ns) / 1e9
