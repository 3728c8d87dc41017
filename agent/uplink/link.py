"""The uplink: a thread that tells the journal to the centre, session after session.

Rules kept here:
- whatever goes wrong ends in `health` and in another attempt, never in the end of the thread;
- between attempts lies a jittered wait that grows to 30 s and has no last time;
- the cursor is handed over at most once a second, and at the end. A few events wait longer for
  it: a commit for each of them would write more to the disk than the passages themselves, and after
  a crash they are only sent again, byte for byte the same.
"""

import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from agent.core.outbox import Outbox
from agent.core.view import LaneView
from agent.errors import GateError
from agent.ports import Clock, Condition, Head, Health
from agent.uplink.acks import Acks
from agent.uplink.backoff import Backoff
from agent.uplink.board import LONGEST_WAIT_S, Board
from agent.uplink.broker import Broker
from agent.uplink.feed import Feed, JournalReader
from agent.uplink.report import Report
from agent.uplink.service import Service
from agent.uplink.tele import Gauge, Sampler
from agent.uplink.topics import Address

if TYPE_CHECKING:
    from agent.uplink.hearing import Hearing

SAVE_EVERY_S = 1.0
SAVE_FEW_S = 60.0
STOP_S = 2.0

log = logging.getLogger("gate.uplink")


class Uplink:
    """Tells one agent's journal to one broker, from a thread of its own.

    ``journal`` opens a reader and is called in that thread, as are ``next_session`` (one higher for
    each CONNECT, kept durable; may wait up to 5 s and raise GateError), ``save_published`` (must
    not wait) and ``info`` (what this gate has). ``published`` is where the last run ended, ``boot``
    the present boot's id. It connects once the first head is known. ``service`` is what it serves
    to the centre (nothing unless told), ``disk`` a directory on the ledger's disk, of which `tele`
    tells.
    """

    def __init__(
        self,
        broker: Broker,
        address: Address,
        *,
        journal: Callable[[], JournalReader],
        published: int,
        next_session: Callable[[], int],
        save_published: Callable[[int], None],
        info: Callable[[], Mapping[str, object]],
        boot: str,
        clock: Clock,
        service: Service | None = None,
        disk: Path = Path("/"),
    ) -> None:
        self._service = service or Service()
        self._hearing: Hearing | None = None
        self._acks = Acks(self._service.consumers, self._service.acked)
        self._journal = journal
        self._broker = broker
        self._address = address
        self._next_session = next_session
        self._save_published = save_published
        self._info = info
        self._boot = boot
        self._clock = clock
        self._board = Board()
        self._feed = Feed(journal)
        self._report = Report()
        self._gauge = Gauge(self._feed, self._report, Sampler(disk), boot)
        self._backoff = Backoff(random.random)
        self._outbox = Outbox(published, broker.window)
        self._kept = published
        self._kept_at = monotonic() - SAVE_EVERY_S
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)

    def start(self) -> None:
        """Begin; returns at once, also when the broker is away."""
        self._report.say(Condition.UNKNOWN, "the uplink waits for the journal")
        self._thread.start()

    def stop(self) -> None:
        """Say offline, hand over the cursor and end, within two seconds; safe to call twice."""
        self._board.stop()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)
        if not self._thread.is_alive():
            self._board.close()

    def committed(self, head: Head) -> None:
        """The journal has grown to ``head``; costs a few microseconds. From any thread."""
        self._board.committed(head)

    def lanes(self, views: Sequence[LaneView]) -> None:
        """How the lanes are now; only what differs from before is published. From any thread."""
        self._board.show(views)

    def health(self) -> Health:
        """How the link is. From any thread."""
        return self._report.health(self._outbox, self._board.head, self._alive)

    def _alive(self) -> bool:
        return self._thread.is_alive() or self._board.stopping or self._thread.ident is None

    def _run(self) -> None:
        try:
            while not self._board.stopping:
                if self._board.head is None:
                    self._board.wait(LONGEST_WAIT_S)
                    continue
                wait_s = self._attempt()
                self._save()
                self._board.pause(wait_s)
        finally:
            self._save()
            self._feed.close()
        self._report.say(Condition.DOWN, "the uplink is stopped")

    def _attempt(self) -> float:
        """One session; returns how many seconds to wait before the next one."""
        # Only here, in this thread: the MQTT library loads slowly, and the gate works without it.
        from agent.uplink.hearing import Hearing  # noqa: PLC0415
        from agent.uplink.session import Session  # noqa: PLC0415

        if self._hearing is None:
            self._hearing = Hearing(
                self._address,
                self._service,
                self._clock,
                self._broker.version,
                self._acks,
                lambda: self._board.head,
                self._board.ring,
            )
            self._report.served = self._hearing.counters
        try:
            self._look()
            session = Session(
                self._broker,
                self._address,
                outbox=self._outbox,
                board=self._board,
                feed=self._feed,
                hearing=self._hearing,
                journal=self._journal,
                gauge=self._gauge,
                report=self._report,
                backoff=self._backoff,
                next_session=self._next_session,
                saved=self._keep,
                info=self._info,
                boot=self._boot,
                clock=self._clock,
            )
            session.run()
        except GateError as fault:
            wait_s = self._backoff.failed()
            self._feed.close()
            sentence = str(fault)
            if sentence != self._report.detail:
                log.warning("%s", sentence)
            self._report.say(Condition.DOWN, sentence)
            return wait_s
        return 0.0

    def _look(self) -> None:
        """How far the centre has come is told also while it cannot be reached."""
        head = self._board.head
        if head is not None:
            confirmed = self._acks.confirmed(head.stream)
            self._gauge.look(head, self._outbox.published, confirmed, self._clock.now())

    def _keep(self, published: int) -> None:
        moved = published - self._kept
        if not moved:
            return
        due_s = SAVE_EVERY_S if moved >= self._broker.window else SAVE_FEW_S
        now = monotonic()
        if now - self._kept_at >= due_s:
            self._kept, self._kept_at = published, now
            self._save_published(published)

    def _save(self) -> None:
        published = self._outbox.published
        if published != self._kept:
            self._kept, self._kept_at = published, monotonic()
            self._save_published(published)
