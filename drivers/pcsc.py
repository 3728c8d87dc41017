"""Card readers over PC/SC (pcscd): one lane's reader, or all readers of the machine as one.

Rules kept here:
- one thread watches (SCardGetStatusChange, a second at the most); talking to cards is the work of
  `drivers.pcsc_slot`, so that a mute card blinds one reader and never the watch;
- any answer but "something changed" and "nothing changed": let the context go, wait a little
  (jittered, two seconds at the most), begin anew with all readers unknown;
- losing or finding the reader is told once for each change, the first look included;
- no event leaves after `PcscReader.stop` has returned.

A card that lies in the field when the watch starts counts as held to it now; one that lay there
while pcscd was away does not, unless it is another card.
"""

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from agent.core.effects import Verdict
from agent.core.events import CardRead, Event, FrameFaulted, ReaderFound, ReaderLost
from agent.core.ids import ReaderId
from agent.core.model import Credential
from agent.errors import DeviceError
from agent.ports import Clock, Condition, Emit, Health
from drivers.pcsc_calls import (
    EMPTY,
    MOST_READERS,
    NO_SERVICE,
    PLUG,
    UNAWARE,
    VIOLATION,
    Calls,
    PcscError,
    ReaderState,
)
from drivers.pcsc_slot import Slot
from drivers.wire.acr122u import Light, light_command

_LOOK_MS: Final = 1000
_SILENT_S: Final = 5.0
_FIRST_PAUSE_S: Final = 0.05
_PATIENT_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 2.0
_STOP_S: Final = 1.8

_LIGHTS: Final = {
    Verdict.GRANTED: Light.GREEN_SHORT,
    Verdict.DENIED: Light.RED_THRICE,
    Verdict.REFERRED: Light.BOTH_LONG,
}

_COUNTERS: Final = (
    "taps",
    "lying",
    "torn",
    "unreadable",
    "failed",
    "timeouts",
    "late",
    "skipped",
    "reconnects",
    "lamp_signals",
    "lamp_failures",
)


class PcscReader:
    """`agent.ports.CardReader` over pcscd.

    ``match`` is the exact name of a reader as ``pcsc_scan`` prints it, or a pattern in which ``*``
    and ``?`` stand for any text and any character (``ACS ACR122U*``); ``*`` takes every reader.
    ``lamp``: give signals on an ACR122U. ``card_timeout_s``: how long a card may take to answer.
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
        self._match = match
        self._pattern = _pattern(match)
        self._clock = clock
        self._lamp = lamp
        self._card_timeout_s = card_timeout_s
        self._stopping = threading.Event()
        self._gate = threading.Lock()  # held while an event leaves, so that stop() can end that
        self._emit: Emit | None = None
        self._lock = threading.Lock()  # everything below
        self._counters = Counter(dict.fromkeys(_COUNTERS, 0))
        self._thread: threading.Thread | None = None
        self._context: int | None = None
        self._slots: dict[str, Slot] = {}
        self._names: tuple[str, ...] = ()
        self._last: Slot | None = None
        self._there: bool | None = None
        self._detail = "not started"
        self._beat = time.monotonic()

    # -- CardReader

    def start(self, emit: Emit) -> None:
        """Begin to watch; raises DeviceError when called twice."""
        with self._lock:
            if self._thread is not None:
                raise DeviceError(f"reader {self._reader} is started already: start it once")
            self._emit = emit
            self._beat = time.monotonic()
            self._detail = "looking for the reader"
            self._thread = threading.Thread(
                target=self._run, name=f"pcsc-{self._reader}", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """End within two seconds. Threads that a mute card holds are left to it, silenced."""
        until = time.monotonic() + _STOP_S
        self._stopping.set()
        with self._lock:
            thread, context, slots = self._thread, self._context, tuple(self._slots.values())
        for slot in slots:
            slot.close()
        if thread is not None:
            if context is not None:
                # In a thread of its own: a pcscd that hangs would not let this call return.
                threading.Thread(
                    target=self._calls.cancel,
                    args=(context,),
                    name=f"pcsc-{self._reader}-cancel",
                    daemon=True,
                ).start()
            thread.join(max(0.0, until - time.monotonic()))
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
            silent_s = time.monotonic() - self._beat
            there, detail = self._there, self._detail
            running = self._thread is not None and not self._stopping.is_set()
        troubles = [trouble for slot in slots if (trouble := slot.trouble)]
        counters["stuck"] = sum(slot.stuck for slot in slots)
        condition = Condition.OK
        if not running:
            condition = Condition.UNKNOWN
            detail = "stopped" if self._stopping.is_set() else detail
        elif silent_s > _SILENT_S:
            condition = Condition.DOWN
            detail = f"pcscd has not answered for {silent_s:.0f} s: systemctl restart pcscd"
        elif there is None:
            condition = Condition.UNKNOWN
        elif not there:
            condition = Condition.DOWN
        elif troubles:
            condition, detail = Condition.DEGRADED, "; ".join(troubles)
        return Health(f"reader/{self._reader}", condition, detail, counters)

    # -- what slots tell

    def told(self, slot: Slot, uid: bytes, atr: bytes) -> None:
        """A card told its UID."""
        with self._lock:
            self._last = slot
        self._count("taps")
        credential = Credential("uid", uid.hex().upper())
        note = f"atr:{atr.hex().upper()}"
        self._send(CardRead(self._reader, credential, self._clock.now(), note))

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

    # -- the watch

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        dice = random.SystemRandom()
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._connect()
            except PcscError as fault:
                self._count("reconnects")
                # A watch that breaks off is no loss yet; one that cannot begin again is.
                if fault.call == "SCardEstablishContext" or pause_s > _PATIENT_S:
                    self._lose(_no_service(fault))
            if time.monotonic() - began > _LOOK_MS / 1000:
                pause_s = _FIRST_PAUSE_S
            self._stopping.wait(dice.uniform(pause_s / 2, pause_s))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _connect(self) -> None:
        with self._calls.context() as context:
            with self._lock:
                self._context = context
            try:
                self._watch(context)
            finally:
                with self._lock:
                    self._context = None

    def _watch(self, context: int) -> None:
        seen: dict[str, int] = {}
        plug = UNAWARE
        while not self._stopping.is_set():
            everything = self._calls.readers(context)
            names = tuple(name for name in everything if self._pattern.fullmatch(name))
            names = names[:MOST_READERS]
            self._note(names, everything)
            seen = {name: seen.get(name, UNAWARE) for name in names}
            query = [*seen.items(), (PLUG, plug)][:MOST_READERS]
            states = self._calls.changes(context, query, self._patience_ms())
            if names:
                self._find(names)
            for state in states:
                if state.name == PLUG:
                    plug = state.flags
                else:
                    self._look(state, seen[state.name])
                    seen[state.name] = state.flags

    def _patience_ms(self) -> int:
        with self._lock:
            self._beat = time.monotonic()
            slots = tuple(self._slots.values())
        rests = [rest for slot in slots if (rest := slot.check()) is not None]
        return min(_LOOK_MS, 1 + int(1000 * min(rests, default=_LOOK_MS)))

    def _look(self, state: ReaderState, before: int) -> None:
        slot = self._slots[state.name]
        known = ReaderState(state.name, before, b"")
        if state.flags & EMPTY:
            slot.left()
        elif state.present and before == UNAWARE:
            slot.came(state.atr, lying=True)
        elif state.present and (not known.present or known.events != state.events):
            slot.came(state.atr, lying=False)

    def _note(self, names: tuple[str, ...], everything: Sequence[str]) -> None:
        with self._lock:
            for name in names:
                if name not in self._slots:
                    self._slots[name] = Slot(
                        self._calls,
                        name,
                        f"pcsc-{self._reader}-{len(self._slots)}",
                        self._card_timeout_s,
                        self,
                    )
            missing = [slot for name, slot in self._slots.items() if name not in names]
            self._names = names
        idle = [slot.name for slot in missing if slot.idle]
        with self._lock:
            for name in idle:
                del self._slots[name]
        if not names:
            self._lose(self._no_match(everything))

    def _find(self, names: tuple[str, ...]) -> None:
        detail = ", ".join(names)
        with self._lock:
            news = self._there is not True
            self._there, self._detail, self._names = True, detail, names
        if news:
            self._send(ReaderFound(self._reader, detail, self._clock.now()))

    def _lose(self, detail: str) -> None:
        with self._lock:
            news = self._there is not False
            self._there, self._detail, self._names = False, detail, ()
            self._beat = time.monotonic()
        if news:
            self._send(ReaderLost(self._reader, detail, self._clock.now()))

    def _no_match(self, everything: Sequence[str]) -> str:
        if not everything:
            return (
                "pcscd runs but has no reader: check the cable and the output of lsusb; an ACR122U "
                "can be held by the kernel module pn533_usb, which then needs to be blacklisted"
            )
        return f'no reader is called "{self._match}"; pcscd has ' + ", ".join(
            f'"{name}"' for name in everything
        )


def _pattern(match: str) -> re.Pattern[str]:
    """Only ``*`` and ``?`` are special: names of readers contain brackets."""
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(each, re.escape(each)) for each in match))


def _no_service(fault: PcscError) -> str:
    if fault.code == NO_SERVICE:
        return "pcscd is not running: systemctl status pcscd"
    if fault.code == VIOLATION:
        return (
            "pcscd refuses this user: allow it the polkit action org.debian.pcsc-lite.access_pcsc"
        )
    return f"pcscd does not serve us ({fault}): systemctl restart pcscd"
