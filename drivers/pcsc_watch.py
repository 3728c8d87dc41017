"""The watch over pcscd: which of the wanted readers are there, and what each of them sees.

Rules kept here:
- one thread in SCardGetStatusChange, a second at the most; it talks to no card;
- any answer but "something changed" and "nothing changed": let the context go, wait a little
  (jittered, two seconds at the most), begin anew with all readers unknown. pyscard's own
  CardMonitor dies for good when pcscd restarts, so it is not used;
- a watch that breaks off is no loss yet; one that cannot begin again is.
"""

import random
import re
import threading
import time
from collections.abc import Sequence
from typing import Final, Protocol

from drivers.pcsc_calls import (
    MOST_READERS,
    NO_SERVICE,
    PLUG,
    UNAWARE,
    VIOLATION,
    Calls,
    PcscError,
    ReaderState,
)

LOOK_MS: Final = 1000
_FIRST_PAUSE_S: Final = 0.05
_PATIENT_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 2.0


class Watcher(Protocol):
    """Who hears of what the watch sees; called from its thread."""

    def found(self, names: tuple[str, ...]) -> None:
        """These readers are there; told at every look."""

    def lost(self, detail: str) -> None:
        """No wanted reader is there; told at every look, with a sentence for an installer."""

    def broke(self) -> None:
        """The watch broke off and begins anew."""

    def seen(self, state: ReaderState, before: int) -> None:
        """A reader's state; ``before`` are its flags at the last look (UNAWARE at the first)."""

    def patience_ms(self) -> int:
        """How long this look may take, `LOOK_MS` at the most."""


class Watch:
    """Watch the readers whose name is ``match``, in which ``*`` and ``?`` are wild."""

    def __init__(self, calls: Calls, match: str, thread_name: str, watcher: Watcher) -> None:
        self._calls = calls
        self._match = match
        self._pattern = _pattern(match)
        self._watcher = watcher
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._context: int | None = None
        self._beat = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=thread_name, daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._beat = time.monotonic()
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """End within ``seconds``; safe to call twice, and before `start`."""
        self._stopping.set()
        if self._thread.ident is None:
            return
        with self._lock:
            context = self._context
        if context is not None:
            # In a thread of its own: a pcscd that hangs would not let this call return.
            threading.Thread(
                target=self._calls.cancel,
                args=(context,),
                name=f"{self._thread.name}-cancel",
                daemon=True,
            ).start()
        self._thread.join(seconds)

    @property
    def silent_s(self) -> float:
        """For how long pcscd has not answered, in seconds; up to a little over 1 is usual."""
        return time.monotonic() - self._beat

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        dice = random.SystemRandom()
        while not self._stopping.is_set():
            began = self._beat = time.monotonic()
            try:
                with self._calls.context() as context:
                    self._watch(context)
            except PcscError as fault:
                self._watcher.broke()
                if fault.call == "SCardEstablishContext" or pause_s > _PATIENT_S:
                    self._watcher.lost(_no_service(fault))
            if time.monotonic() - began > LOOK_MS / 1000:
                pause_s = _FIRST_PAUSE_S
            self._stopping.wait(dice.uniform(pause_s / 2, pause_s))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _watch(self, context: int) -> None:
        try:
            with self._lock:
                self._context = context
            self._look_on(context)
        finally:
            with self._lock:
                self._context = None

    def _look_on(self, context: int) -> None:
        seen: dict[str, int] = {}
        plug = UNAWARE
        while not self._stopping.is_set():
            everything = self._calls.readers(context)
            names = [name for name in everything if self._pattern.fullmatch(name)][:MOST_READERS]
            if not names:
                self._watcher.lost(self._no_match(everything))
            seen = {name: seen.get(name, UNAWARE) for name in names}
            query = [*seen.items(), (PLUG, plug)][:MOST_READERS]
            self._beat = time.monotonic()
            states = self._calls.changes(context, query, self._watcher.patience_ms())
            if names:
                self._watcher.found(tuple(names))
            for state in states:
                if state.name == PLUG:
                    plug = state.flags
                else:
                    self._watcher.seen(state, seen[state.name])
                    seen[state.name] = state.flags

    def _no_match(self, everything: Sequence[str]) -> str:
        if not everything:
            return (
                "pcscd runs but has no reader: check the cable and the output of lsusb; an ACR122U "
                "can be held by the kernel module pn533_usb, which then needs to be blacklisted"
            )
        listed = ", ".join(f'"{name}"' for name in everything)
        return f'no reader is called "{self._match}"; pcscd has {listed}'


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
