"""One session with the broker: from CONNECT to the end of the connection.

Rules kept here:
- what is current (`agent.uplink.current`) never waits behind a backlog;
- an event is sent once in a session, in sequence, within the window and what the broker allows;
- a refusal stops the events and is said in words; the next session tries again, nothing is skipped;
- on MQTT 3.1.1 an acknowledgement counts only as far as `doubt` lets it.
"""

from collections.abc import Callable, Mapping
from time import monotonic, monotonic_ns

from agent.core.entries import StoredEntry
from agent.core.outbox import Outbox
from agent.errors import UplinkError
from agent.ports import Clock, Condition, Head
from agent.uplink import payloads, words
from agent.uplink.announcing import ABOUT
from agent.uplink.aside import Aside
from agent.uplink.backoff import Backoff
from agent.uplink.board import Board
from agent.uplink.broker import Broker
from agent.uplink.client import Connection, Packed, properties
from agent.uplink.current import Current
from agent.uplink.doubt import Doubt
from agent.uplink.envelope import CONTENT_TYPE, envelope
from agent.uplink.feed import Feed, JournalReader
from agent.uplink.hearing import Hearing
from agent.uplink.line import FAILURE, Incoming, Subscription, Will
from agent.uplink.payloads import Presence
from agent.uplink.report import Report
from agent.uplink.tele import Gauge
from agent.uplink.topics import Address

GLANCE_S = 0.1
TURN_S = 1.0
GOODBYE_S = 1.2
SETTLED_S = 30.0
HISTORICAL_US = 30_000_000
BACKWARD_US = 1_000_000
OVERHEAD = 16


class Session:
    """Used once. ``saved`` is told the cursor after every turn; the rest as for `Uplink`."""

    def __init__(
        self,
        broker: Broker,
        address: Address,
        *,
        outbox: Outbox,
        board: Board,
        feed: Feed,
        hearing: Hearing,
        journal: Callable[[], JournalReader],
        gauge: Gauge,
        report: Report,
        backoff: Backoff,
        next_session: Callable[[], int],
        saved: Callable[[int], None],
        info: Callable[[], Mapping[str, object]],
        boot: str,
        clock: Clock,
    ) -> None:
        self._broker = broker
        self._address = address
        self._outbox = outbox
        self._board = board
        self._feed = feed
        self._hearing = hearing
        self._delays = gauge.delays
        self._report = report
        self._backoff = backoff
        self._next_session = next_session
        self._saved = saved
        self._info = info
        self._boot = boot
        self._clock = clock
        self._link = Connection(broker, self)
        self._aside = Aside(address, hearing, journal, self, clock=clock, gauge=gauge)
        self._doubt = Doubt() if broker.version != "5" else None
        self._began_at = outbox.published
        self._number = 0
        self._limit = broker.window
        self._packet_maximum: int | None = None
        self._retain = True
        self._events: dict[int, int] = {}
        self._others: dict[int, str] = {}
        self._current = Current(address, board)
        self._announcing = hearing.announcing
        self._heard_at = 0.0
        self._retry_at = 0.0
        self._glanced_at = 0.0
        self._now = clock.now()

    # --- what the connection calls ----------------------------------------------------------------

    def acknowledged(self, mid: int, code: int, name: str) -> None:
        """A PUBACK; see `client.Owner`."""
        self._heard_at, now = 0.0, monotonic()
        sequence = self._events.pop(mid, 0)
        if code >= FAILURE:
            if sequence:
                self._outbox.refuse(sequence)
                what = f"event {sequence}"
                self._stall(words.denied(what, self._address.evt, code, name))
            else:
                topic = self._others.pop(mid, "")
                about = self._announcing.acknowledged(topic, now, refused=True)
                self._report.complain(about or topic, words.denied("a message", topic, code, name))
            return
        if sequence:
            self._delays.acknowledged(sequence, monotonic_ns() // 1_000_000)
        else:
            topic = self._others.pop(mid, "")
            about = self._announcing.acknowledged(topic, now, refused=False)
            self._report.settle(about or topic)
        if self._doubt is not None:
            sequence = self._doubt.acknowledged(sequence, now)
        if sequence:
            self._outbox.acknowledge(sequence)

    def answered(self, refused: str) -> None:
        """A SUBACK or UNSUBACK; that `evt` was refused shows in that no echo comes."""
        if refused and self._doubt is None:
            self._report.complain("cmd", words.unheard(self._broker.where, refused))
        if self._doubt is not None:
            self._outbox.acknowledge(self._doubt.answered())

    def received(self, message: Incoming) -> None:
        """The echo of our own event, or something that the centre has to say."""
        if message.topic != self._address.evt:
            self._hearing.heard(message)
        elif self._doubt is not None and not message.retained:
            self._doubt.echoed()

    # --- what is said aside -----------------------------------------------------------------------

    def room(self) -> bool:
        """May more be on its way that is no event? Half of the window is the events'."""
        link, most = self._link, max(1, self._limit // 2)
        return link.outstanding < self._limit and len(self._others) < most

    def put(self, topic: str, payload: bytes, how: Packed) -> None:
        """Send what is no event; see `aside.Line`."""
        self._others[self._link.publish(topic, payload, how)] = topic

    def hint(self, topic: str, payload: bytes, how: Packed) -> None:
        """Send what may be lost."""
        self._link.hint(topic, payload, how)

    # --- the session ------------------------------------------------------------------------------

    def run(self) -> None:
        """Hold the session until the agent stops, or until a refusal is to be tried again.

        Raises UplinkError when the connection ends, StoreError when the journal cannot be read.
        """
        try:
            self._greet()
            while not self._board.stopping:
                self._board.calm()
                self._tell()
                self._fill()
                now = monotonic()
                self._aside.replay(now, idle=self._idle())
                self._complain()
                self._aside.figures(now, self._head(), self._outbox.published)
                if self._retry_at and now >= self._retry_at:
                    self._link.close(politely=True)
                    return
                self._watch(now)
                longest = TURN_S if not self._retry_at else min(TURN_S, self._retry_at - now)
                self._link.turn(self._aside.wait_s(now, longest))
                self._progress()
            self._farewell()
        except UplinkError as fault:
            raise UplinkError(f"{fault}{self._suspicion()}") from fault
        finally:
            self._aside.close()
            self._link.close(politely=False)

    def _head(self) -> Head:
        head = self._board.head
        if head is None:
            raise UplinkError("the end of the journal is not known yet")
        return head

    def _will(self) -> Will:
        self._number = self._next_session()
        self._report.session = self._number
        lost = payloads.status(Presence.LOST, self._number, self._head())
        return Will(self._address.status, lost)

    def _greet(self) -> None:
        head = self._head()
        outbox = self._outbox
        outbox.reset()
        self._announcing.begin()
        if outbox.published > head.sequence:
            raise UplinkError(
                f"the cursor stands at {outbox.published}, but the journal ends at {head.sequence}:"
                " this is not the journal that the cursor belongs to; nothing is sent"
            )
        terms = self._link.open(self._will, self._board.fd, lambda: self._board.stopping)
        where = self._broker.where
        if terms.qos < 1:
            raise UplinkError(
                f"the broker at {where} allows no QoS 1, and events need it: allow it"
            )
        self._limit = min(self._broker.window, terms.receive_maximum)
        self._packet_maximum = terms.packet_maximum
        self._retain = terms.retain
        self._aside.begin(terms.packet_maximum)
        if not terms.retain:
            self._report.complain("retain", f"the broker at {where} keeps no retained messages")
        gone = outbox.resume(head.first)
        if gone:
            self._report.complain(
                "gone", f"{gone} events were removed by retention before they could be sent"
            )
        self._report.connections += 1
        self._report.say(Condition.OK, f"connected to {where}, session {self._number}")
        self._heard_at = monotonic()
        self._current.begin(self._number, head, payloads.info(self._info()), self._heard_at)
        wanted = [*self._hearing.subscriptions]
        if self._doubt is not None:
            wanted.append(Subscription(self._address.evt))
        if wanted:
            self._link.subscribe(wanted)

    def _tell(self) -> None:
        """Send what is current, ahead of any event."""
        self._current.look(self._head().stream)
        while self._current and self._link.outstanding < self._limit:
            self._keep(*self._current.take())
        self._aside.answer(self._head())
        told = self._announcing.next(monotonic()) if self._idle() else None
        if told is not None:
            self._keep(*told)

    def _keep(self, topic: str, payload: bytes) -> int:
        """Send what the broker is to keep; gives the number of the message."""
        how = properties(payloads.CONTENT_TYPE)
        sent = self._link.publish(topic, payload, how, self._retain)
        self._others[sent] = topic
        return sent

    def _complain(self) -> None:
        """What is wrong with an ack is said for as long as it is the last one."""
        if self._hearing.complaint:
            self._report.complain("ack", self._hearing.complaint)
        else:
            self._report.settle("ack")

    def _idle(self) -> bool:
        """Does nothing live wait to be sent, or for the broker, and no chunk of a replay before?"""
        waits = self._outbox.next <= self._head().sequence or self._current
        return not waits and not self._link.outstanding

    def _fill(self) -> None:
        """Send events until the window is full or nothing is left."""
        outbox, link, limit = self._outbox, self._link, self._limit
        last = self._head().sequence
        sequence = outbox.next
        if sequence > last or self._current:
            return
        if self._doubt is not None and not self._doubt.proven:
            if outbox.inflight:
                return
            last = sequence
        source, topic = self._address.source, self._address.evt
        self._glance()
        if sequence < last:
            link.cork()
        while sequence <= last and link.outstanding < limit and outbox.room > 0:
            row = self._feed.take(sequence)
            payload = envelope(row, source)
            historical = self._historical(row)
            how = properties(CONTENT_TYPE, row.type, historical)
            if self._packet_maximum is not None:
                size = len(payload) + len(topic) + len(how.pack()) + OVERHEAD
                if size > self._packet_maximum:
                    outbox.refuse(sequence)
                    self._stall(
                        f"event {sequence} needs a packet of {size} bytes, the broker at"
                        f" {self._broker.where} takes {self._packet_maximum}: raise its limit"
                    )
                    return
            outbox.send(sequence)
            if not historical:
                self._delays.sent(sequence, row.uptime_ms)
            self._events[link.publish(topic, payload, how)] = sequence
            sequence += 1

    def _glance(self) -> None:
        now = monotonic()
        if now - self._glanced_at > GLANCE_S:
            self._glanced_at, self._now = now, self._clock.now()

    def _historical(self, row: StoredEntry) -> bool:
        """Published more than 30 s after it was recorded.

        Where the wall clock went backwards since, it cannot tell; the uptime does.
        """
        age_us = self._now.wall_us - row.recorded_us
        if age_us > HISTORICAL_US:
            return True
        if age_us > -BACKWARD_US:
            return False
        age_ms = self._now.mono_ns // 1_000_000 - row.uptime_ms
        return row.boot != self._boot or age_ms * 1_000 > HISTORICAL_US

    def _progress(self) -> None:
        outbox = self._outbox
        published = outbox.published
        self._saved(published)
        if published != self._began_at:
            self._backoff.succeeded()
            if not outbox.refused:
                self._report.settle("refused")

    def _stall(self, sentence: str) -> None:
        self._report.complain("refused", sentence)
        if not self._retry_at:
            self._retry_at = monotonic() + self._backoff.failed()

    def _watch(self, now: float) -> None:
        """Mind what is due: the barrier, a fresher status, a broker that never acknowledges."""
        if self._doubt is not None:
            self._settle_doubt(self._doubt, now)
        stays = self._current.refresh(self._head(), now)
        if stays and not self._outbox.inflight and not self._retry_at:
            self._backoff.succeeded()
        if not self._heard_at or not self._link.outstanding:
            self._heard_at = now
        patience_s = 3 * self._broker.keepalive_s
        if now - self._heard_at > patience_s:
            raise UplinkError(
                f"the broker at {self._broker.where} acknowledges nothing: {self._link.outstanding}"
                f" messages have waited {patience_s} s for a PUBACK; look into its log"
            )

    def _settle_doubt(self, doubt: Doubt, now: float) -> None:
        if doubt.ask(idle=not self._link.outstanding):
            self._link.unsubscribe(self._address.evt)
        sequence = doubt.disproven(now)
        if sequence and not self._outbox.refused:
            self._outbox.refuse(sequence)
            self._stall(
                f"the broker acknowledged event {sequence} and did not pass it on: on MQTT 3.1.1 it"
                f" denies that way; let this client write and read {self._address.evt} in its ACL,"
                " or use MQTT 5"
            )

    def _suspicion(self) -> str:
        """What a connection may mean that was cut right after something was published."""
        suspect = self._announcing.lost(self._broker.where, monotonic())
        if suspect:
            self._report.complain(ABOUT, suspect)
            return f"; {suspect}"
        if self._doubt is None or self._outbox.published != self._began_at:
            return ""
        if not self._events and not self._doubt.held:
            return ""
        return (
            f"; it came right after event {self._outbox.published + 1}: on MQTT 3.1.1 a broker may"
            f" deny that way, check that its ACL lets this client write {self._address.evt}"
        )

    def _farewell(self) -> None:
        """Say offline, and leave politely only if that has arrived: otherwise the will speaks.

        What was written last, that the agent stopped, goes before it as far as the window has room.
        """
        until = monotonic() + GOODBYE_S
        self._fill()
        link, topic = self._link, self._address.status
        offline = payloads.status(Presence.OFFLINE, self._number, self._head())
        said = 0
        while (left := until - monotonic()) > 0:
            if not said and link.outstanding < self._limit:
                said = self._keep(topic, offline)
            elif said and said not in self._others:
                link.close(politely=True)
                return
            self._board.calm()
            link.turn(min(left, 0.2))
