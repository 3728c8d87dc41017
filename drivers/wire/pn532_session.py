"""The conversation with a PN532 that looks for cards: what to send when, and what came of it.

Document: NXP UM0701-02, chapters 6.2.2 (command, ACK, answer) and 7.2 to 7.3. The module is asleep
until it hears a byte 55; SAMConfiguration ends its low battery mode. Then InListPassiveTarget is
asked over and over.

Rules kept here:
- pure: bytes and times go in, `Act`s come out; times are nanoseconds of one monotonic clock;
- one command is under way at a time; one that is not answered is aborted (ACK) and sent again with
  a wake-up before it, at most `TRIES` times; then the module is set up anew, and when that fails it
  is `Lost` and waked once in `REST_NS`;
- a card is told when it comes, once, however long it lies: between two looks the field goes off, so
  that any card answers again. It has left when `GONE` looks did not find it;
- a card that lay there while the module was away is no new card;
- what a telephone makes up anew each time (a random UID) is one card while it lies there;
- a card that is to be talked with is held, the field on, until it is let go; a command to a card is
  sent once: nobody knows whether the card took one that was not answered. A talk that was torn is
  begun anew with the card that lies there, at most `TALKS` times.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from drivers.wire import pn532
from drivers.wire.frame import Fault, Reason
from drivers.wire.pn532 import Ack, Frames, Packet, Told, encode
from drivers.wire.pn532_cards import BAUD_TYPE, Kind, Target, chip, targets
from drivers.wire.pn532_exchange import Exchange

MS: Final = 1_000_000
ACK_NS: Final = 200 * MS
"""The module takes 15 ms at most; adapters and machines take their own time."""
ANSWER_NS: Final = 1_000 * MS
IDLE_NS: Final = 30 * MS
HELD_NS: Final = 150 * MS
REST_NS: Final = 1_000 * MS
TRIES: Final = 3
RESENDS: Final = 2
GONE: Final = 2
TALKS: Final = 4

SAM: Final = 0x14
FIRMWARE: Final = 0x02
RF: Final = 0x32
LIST: Final = 0x4A
EXCHANGE: Final = 0x40

_NORMAL_MODE = b"\x01\x00\x00"
"""SAMConfiguration: no security module, no time-out, no IRQ line."""
_RETRIES = b"\x05\xff\x01\x0a"
"""RFConfiguration item 5: a look for a card ends after ten tries, so that a hung module shows."""
_FIELD_OFF = b"\x01\x00"


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes to the module."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """The module answers; ``detail`` is what it says of itself."""

    detail: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The module does not answer; ``detail`` says what was tried."""

    detail: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A card came into the field. ``held``: it waits to be talked with, or to be let go."""

    card: Target
    held: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The card's answer to `Session.exchange`; an empty one means that it left."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Left:
    """The card is out of the field."""


Act = Send | Found | Lost | Arrived | Answered | Left | Fault


@dataclass(frozen=True, slots=True)
class _Command:
    code: int
    data: bytes
    name: str


_SETUP = (
    _Command(SAM, _NORMAL_MODE, "SAMConfiguration"),
    _Command(FIRMWARE, b"", "GetFirmwareVersion"),
    _Command(RF, _RETRIES, "RFConfiguration"),
)
_OFF = _Command(RF, _FIELD_OFF, "RFConfiguration")
_LET_GO = _Command(RF, _FIELD_OFF, "RFConfiguration")
"""Part of a set-up: a card that was held would stay silent."""


class Session:
    """One module on one line; ``kinds`` of cards are looked for in turn.

    ``talks``: cards that take commands are held when they come, for `exchange` and `release`.
    `begin` when the line was opened, `heard` for bytes, `tick` when `due_ns` has come and nothing
    is left to be heard.
    """

    def __init__(self, kinds: tuple[Kind, ...] = ("a",), *, talks: bool = False) -> None:
        self._kinds = deque(kinds)
        self._frames = Frames()
        self._plan: deque[_Command] = deque()
        self._command: _Command | None = None
        self._acked = self._setting_up = False
        self._tries = self._resends = 0
        self._there: bool | None = None
        self._detail = ""
        self._cards: dict[Kind, Target] = {}
        self._missed: dict[Kind, int] = {}
        self._talks = talks
        self._held: Target | None = None
        self._exchange = Exchange(b"")
        self._anew = False
        self._talked = 0
        self.due_ns = 0
        self.looks = 0
        self.wakes = 0

    def begin(self, now: int) -> list[Act]:
        """A line was opened: wake the module that may be behind it."""
        self._frames = Frames()
        self._there = None
        return self._wake(now)

    def heard(self, data: bytes, now: int) -> list[Act]:
        """The module said something."""
        return self._take(self._frames.feed(data), now)

    def _take(self, packets: Iterable[Packet | Fault], now: int) -> list[Act]:
        acts: list[Act] = []
        for packet in packets:
            if isinstance(packet, Fault):
                acts += self._damaged(packet, now)
            elif self._command is None:
                continue
            elif isinstance(packet, Ack):
                if not self._acked:
                    self._acked = True
                    self.due_ns = now + ANSWER_NS
            elif not isinstance(packet, Told):
                acts += self._again(self._command, now, "refused")
            elif (packet.tfi, packet.code) == (pn532.FROM_MODULE, self._command.code + 1):
                acts += self._answered(self._command, packet.data, now)
        return acts

    def tick(self, now: int) -> list[Act]:
        """Nothing more was heard up to ``now``: what is due."""
        if now < self.due_ns:
            return []
        acts = self._take(self._frames.flush(), now)
        if now < self.due_ns:
            return acts
        if self._command is not None:
            why = "not answered" if self._acked else "not acknowledged"
            return acts + self._again(self._command, now, why)
        if not self._there:
            return acts + self._wake(now)
        if self._held is not None:
            return acts + self.release(now)
        return acts + self._send(self._look(), now)

    # The card that is held.

    def exchange(self, command: bytes, now: int) -> list[Act]:
        """Bring a command to the card that is held; `Answered` comes, now or later, in any case."""
        if self._held is None or self._command is not None:
            return [Answered(b"")]
        self._exchange = Exchange(command)
        return self._send(_Command(EXCHANGE, self._exchange.ask(), "InDataExchange"), now)

    def release(self, now: int, *, again: bool = False) -> list[Act]:
        """Let the card go, if one is held. ``again``: talk with it anew while it lies there."""
        held, self._held = self._held, None
        if held is None or self._command is not None:
            return []
        self._talked += 1
        self._anew = again and self._talked < TALKS
        return self._send(_OFF, now)

    def _exchanged(self, data: bytes, now: int) -> list[Act]:
        answer = self._exchange.take(data)
        if answer is None:
            more = _Command(EXCHANGE, self._exchange.ask(), "InDataExchange")
            return self._send(more, now)
        return self._ended(answer, now)

    def _ended(self, answer: bytes, now: int) -> list[Act]:
        self._command = None
        self.due_ns = now + ANSWER_NS
        return [Answered(answer)]

    # What is sent.

    def _wake(self, now: int) -> list[Act]:
        self._anew = self._anew or self._held is not None
        self._held = None
        self.wakes += 1
        self._setting_up = True
        self._plan = deque((*_SETUP, _LET_GO) if self._anew else _SETUP)
        return self._send(self._plan.popleft(), now, pn532.WAKE_UP)

    def _look(self) -> _Command:
        return _Command(LIST, bytes((1, BAUD_TYPE[self._kinds[0]])), "InListPassiveTarget")

    def _send(self, command: _Command, now: int, before: bytes = b"") -> list[Act]:
        self._command, self._acked = command, False
        self._tries, self._resends = 1, 0
        # What is sent once only is waited for in full: the ACK alone may be lost.
        self.due_ns = now + (ANSWER_NS if command.code == EXCHANGE else ACK_NS)
        return [Send(before + encode(command.code, command.data))]

    def _again(self, command: _Command, now: int, why: str) -> list[Act]:
        if command.code == EXCHANGE:
            return [Send(pn532.ACK), *self._ended(b"", now)]
        if self._tries >= TRIES:
            return self._failed(f"{command.name} was {why} {TRIES} times", now)
        self._tries += 1
        self._acked, self._resends = False, 0
        self.due_ns = now + ACK_NS
        return [Send(pn532.ACK + pn532.WAKE_UP + encode(command.code, command.data))]

    def _failed(self, detail: str, now: int) -> list[Act]:
        self._command = None
        if not self._setting_up:
            return self._wake(now)
        self._plan.clear()
        self.due_ns = now + REST_NS
        news = self._there is not False
        self._there = False
        return [Lost(detail)] if news else []

    # What is heard.

    def _damaged(self, fault: Fault, now: int) -> list[Act]:
        """Ask for the answer again where it may have been that."""
        asks = fault.reason is Reason.BAD_CHECKSUM and self._command is not None and self._acked
        if not asks or self._resends >= RESENDS:
            return [fault]
        self._resends += 1
        self.due_ns = now + ANSWER_NS
        return [fault, Send(pn532.NACK)]

    def _answered(self, command: _Command, data: bytes, now: int) -> list[Act]:
        if command.code == FIRMWARE:
            self._detail = chip(data)
            if not self._detail:
                return self._again(command, now, "answered with what is no version")
        if command.code == EXCHANGE:
            return self._exchanged(data, now)
        self._command = None
        if command.code == LIST:
            return self._looked(data, now)
        if self._plan:
            return self._send(self._plan.popleft(), now)
        if command is _OFF:
            self.due_ns = now + HELD_NS
            return []
        self._setting_up = False
        news = not self._there
        self._there = True
        self.due_ns = now
        return [Found(self._detail)] if news else []

    def _looked(self, data: bytes, now: int) -> list[Act]:
        self.looks += 1
        self.due_ns = now + IDLE_NS
        kind = self._kinds[0]
        self._kinds.rotate(-1)
        found = targets(kind, data)
        if found is None:
            return [Fault(Reason.NO_MATCH, data, "an answer of InListPassiveTarget that is none")]
        if found:
            return self._sees(found[0], now)
        if kind not in self._cards:
            return []
        self._missed[kind] += 1
        if self._missed[kind] < GONE:
            return []
        del self._cards[kind]
        self._anew = False
        return [Left()]

    def _sees(self, card: Target, now: int) -> list[Act]:
        news = not card.same(self._cards.get(card.kind))
        if news:
            self._talked = 0
        self._cards[card.kind], self._missed[card.kind] = card, 0
        if (news or self._anew) and self._talks and card.talks:
            self._held, self._anew = card, False
            self.due_ns = now + ANSWER_NS
            return [Arrived(card, held=True)]
        acts: list[Act] = [Arrived(card)] if news else []
        return acts + self._send(_OFF, now)
