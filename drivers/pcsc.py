"""Card readers over PC/SC (pcscd): one lane's reader, or all readers of the machine as one.

Rules kept here:
- one thread watches pcscd (`drivers.pcsc_watch`); talking to cards is the work of one slot for each
  reader (`drivers.pcsc_slot`), so that a mute card blinds its own reader and never the watch;
- losing or finding the reader is told once for each change, the first look included;
- no event leaves after `PcscReader.stop` has returned;
- ``_lock`` is never held while a slot or the watch is called: slots call back with theirs held.

A card that lies in the field when the watch starts counts as held to it now; one that lay there
while pcscd was away does not, unless it is another card.
"""

import threading
import time
from collections import Counter
from typing import Final

from agent.core.effects import Verdict
from agent.core.events import CardRead, Event, FrameFaulted, ReaderFound, ReaderLost
from agent.core.ids import ReaderId
from agent.core.model import CardProof, Credential
from agent.errors import DeviceError
from agent.ports import Clock, Condition, Emit, Health
from drivers.pcsc_calls import EMPTY, UNAWARE, Calls, ReaderState
from drivers.pcsc_card import Prove, Shown, number_only
from drivers.pcsc_slot import Slot
from drivers.pcsc_watch import LOOK_MS, Watch
from drivers.wire.acr122u import Light, light_command
from drivers.wire.atr import card_name

_SILENT_S: Final = 4.0
_STOP_S: Final = 1.8

_LIGHTS: Final = {
    Verdict.GRANTED: Light.GREEN_SHORT,
    Verdict.DENIED: Light.RED_THRICE,
    Verdict.REFERRED: Light.BOTH_LONG,
}

_COUNTERS: Final = (
    "taps",
    "proved",
    "unproved",
    "lying",
    "torn",
    "unreadable",
    "failed",
    "timeouts",
    "late",
    "skipped",
    "retries",
    "lamp_signals",
    "lamp_failures",
)


class PcscReader:
    """`agent.ports.CardReader` over pcscd.

    ``match`` is the exact name of a reader as ``pcsc_scan`` prints it, or a pattern in which ``*``
    and ``?`` stand for any text and any character (``ACS ACR122U*``); ``*`` takes every reader.
    ``lamp``: give signals on an ACR122U. ``card_timeout_s``: how long a card may take to answer,
    and to prove itself, where ``prove`` asks for that.
    Raises DeviceError when pyscard is not installed, or for a match or time that cannot be meant.
    """

    def __init__(
        self,
        reader: ReaderId,
        match: str,
        clock: Clock,
        *,
        lamp: bool = True,
        card_timeout_s: float = 1.0,
        prove: Prove = number_only,
    ) -> None:
        if not match:
            raise DeviceError(
                f"reader {reader}: no PC/SC reader is named; write its name as pcsc_scan prints "
                'it, a pattern like "ACS ACR122U*", or "*" for all'
            )
        if not 0.05 <= card_timeout_s <= 60:
            raise DeviceError(
                f"reader {reader}: a card time-out of {card_timeout_s:g} s cannot be meant; "
                "0.05 to 60 s are possible, 1 s is usual"
            )
        self._calls = Calls()
        self._reader = reader
        self._clock = clock
        self._lamp = lamp
        self._card_timeout_s = card_timeout_s
        self._prove = prove
        self._watch = Watch(self._calls, match, f"pcsc-{reader}", self)
        self._gate = threading.Lock()  # held while an event leaves, so that stop() can end that
        self._emit: Emit | None = None
        self._lock = threading.Lock()  # everything below
        self._state = "new"
        self._counters = Counter(dict.fromkeys(_COUNTERS, 0))
        self._slots: dict[str, Slot] = {}
        self._names: tuple[str, ...] = ()
        self._last: Slot | None = None
        self._there: bool | None = None
        self._detail = "looking for the reader"

    # -- CardReader

    def start(self, emit: Emit) -> None:
        """Begin to watch; raises DeviceError when it was started before."""
        with self._lock:
            if self._state != "new":
                raise DeviceError(
                    f"reader {self._reader} is {self._state} already: make a new one to start again"
                )
            self._state = "started"
        self._emit = emit
        self._watch.start()

    def stop(self) -> None:
        """End within two seconds. Threads that a mute card holds are left to it, silenced."""
        until = time.monotonic() + _STOP_S
        with self._lock:
            self._state = "stopped"
            slots = tuple(self._slots.values())
        for slot in slots:
            slot.close()
        self._watch.stop(_STOP_S)
        for slot in slots:
            slot.join(until - time.monotonic())
        with self._gate:
            self._emit = None

    def show(self, verdict: Verdict) -> None:
        """Lamp and buzzer of the ACR122U that read last; other readers have none of ours."""
        if not self._lamp:
            return
        with self._lock:
            present = [slot for name, slot in self._slots.items() if name in self._names]
            lamps = [slot for slot in present if "ACR122U" in slot.name]
            slot = self._last if self._last in present else next(iter(lamps), None)
        if slot is not None and slot in lamps:
            light = _LIGHTS[verdict]
            slot.show(light_command(light), light.duration_ms / 1000)

    def health(self) -> Health:
        """How the reader is; counters since the start, ``readers`` and ``stuck`` as of now."""
        with self._lock:
            slots = [slot for name, slot in self._slots.items() if name in self._names]
            counters = {**self._counters, "readers": len(self._names)}
            there, detail, state = self._there, self._detail, self._state
        troubles = [trouble for slot in slots if (trouble := slot.trouble)]
        counters["stuck"] = sum(slot.stuck for slot in slots)
        silent_s = self._watch.silent_s
        condition = Condition.OK
        if state != "started":
            condition, detail = Condition.UNKNOWN, f"the reader is {state}"
        elif silent_s > _SILENT_S:
            condition = Condition.DOWN
            detail = f"pcscd has not answered for {silent_s:.0f} s: systemctl restart pcscd"
        elif there is None:
            condition = Condition.UNKNOWN
        elif not there:
            condition = Condition.DOWN
        elif troubles:
            condition, detail = Condition.DEGRADED, "; ".join(troubles)
        elif firmware := sorted({slot.firmware for slot in slots} - {""}):
            detail = f"{detail} (firmware {', '.join(firmware)})"
        return Health(f"reader {self._reader}", condition, detail, counters)

    # -- what slots tell

    def told(self, slot: Slot, card: Shown) -> None:
        """A card told its UID, and what else it can prove."""
        with self._lock:
            self._last = slot
        self._count("taps")
        if card.proof is CardProof.FAILED:
            self._count("unproved")
        elif card.proof.proved:
            self._count("proved")
        credential = Credential("uid", card.uid.hex().upper())
        parts = (f"atr:{card.atr.hex().upper()}", card_name(card.atr), card.why)
        note = "; ".join(part for part in parts if part)
        self._send(CardRead(self._reader, credential, self._clock.now(), note, card.proof))

    def faulted(self, counter: str, reason: str, raw: bytes) -> None:
        """A card told none."""
        self._count(counter)
        self._send(FrameFaulted(self._reader, reason, raw, self._clock.now()))

    def count(self, counter: str) -> None:
        """Something that is only counted."""
        self._count(counter)

    def _count(self, counter: str) -> None:
        with self._lock:
            self._counters[counter] += 1

    def _send(self, event: Event | FrameFaulted) -> None:
        with self._gate:
            if self._emit is not None:
                self._emit(event)

    # -- what the watch sees

    def broke(self) -> None:
        """The watch begins anew."""
        self._count("retries")

    def patience_ms(self) -> int:
        """As long as no card's time is over before."""
        with self._lock:
            slots = tuple(self._slots.values())
        rests = [1 + int(1000 * rest) for slot in slots if (rest := slot.check()) is not None]
        return min([LOOK_MS, *rests])

    def seen(self, state: ReaderState, before: int) -> None:
        """What a reader sees. A mute card counts too: connecting powers it up once more."""
        with self._lock:
            slot = self._slots[state.name]
        known = ReaderState(state.name, before, b"")
        if state.flags & EMPTY:
            slot.left()
        elif state.present and before == UNAWARE:
            slot.came(state.atr, lying=True)
        elif state.present and (not known.present or known.events != state.events):
            slot.came(state.atr, lying=False)

    def found(self, names: tuple[str, ...]) -> None:
        """These readers are there. Slots of others stay while they have a card to remember."""
        with self._lock:
            if self._there and names == self._names:
                return
            absent = [slot for name, slot in self._slots.items() if name not in names]
        gone = {slot.name for slot in absent if slot.idle}
        detail = ", ".join(names)
        with self._lock:
            self._slots = {
                **{name: slot for name, slot in self._slots.items() if name not in gone},
                **{name: self._slot(name) for name in names if name not in self._slots},
            }
            news = self._there is not True
            self._there, self._detail, self._names = True, detail, names
        if news:
            self._send(ReaderFound(self._reader, detail, self._clock.now()))

    def lost(self, detail: str) -> None:
        """No reader of ours is there."""
        with self._lock:
            news = self._there is not False
            self._there, self._detail, self._names = False, detail, ()
        if news:
            self._send(ReaderLost(self._reader, detail, self._clock.now()))

    def _slot(self, name: str) -> Slot:
        thread_name = f"pcsc-{self._reader}-card"
        limit_s = self._card_timeout_s
        return Slot(self._calls, name, thread_name, limit_s, self, self._prove)
