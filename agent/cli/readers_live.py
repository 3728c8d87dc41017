"""Configured readers without the gate: opened here, heard here, and let go again.

Rules kept here:
- the gate must not run: it holds its readers, and a card that is held to one would open a lane;
- numbers come as they were read: whoever listens puts the form on (`agent.numbers.form_of`);
- card numbers go to this terminal only.
"""

import difflib
import queue
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from agent.control.client import ControlClient, NotRunningError
from agent.core.events import Event, FrameFaulted
from agent.core.ids import ReaderId
from agent.errors import GateError
from agent.ports import CardReader, Health
from agent.readers import make_readers
from agent.settings import Settings
from agent.settings.words import ByteOrder, Keep
from drivers.clock import SystemClock

_ASK_S = 3.0
_WAITING = 1000
_STOP_S = 5.0


def refuse_running(settings: Settings) -> None:
    """Raise GateError when the gate of these settings runs, or may run."""
    try:
        ControlClient(settings.paths.control, _ASK_S).close()
    except NotRunningError:
        return
    raise GateError(
        "the gate is running and holds its readers; a card held to one would open a lane: stop it "
        "(systemctl stop gate-agent), try again, and start it afterwards"
    )


def known(settings: Settings, name: str) -> None:
    """Raise GateError unless this reader is configured."""
    if name in settings.readers:
        return
    near = difflib.get_close_matches(name, settings.readers, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {_names(settings)}"
    raise GateError(f"no reader {name!r} is configured; {hint}")


def _names(settings: Settings) -> str:
    return ", ".join(settings.readers)


class Live:
    """These readers, started; a context. Raises GateError for one that is not configured."""

    def __init__(self, settings: Settings, names: Iterable[str]) -> None:
        wanted = {}
        for name in names:
            known(settings, name)
            wanted[name] = replace(
                settings.readers[name], byte_order=ByteOrder.AS_READ, keep=Keep.ALL, as_scheme=""
            )
        only = replace(settings, readers=wanted)
        self._events: queue.Queue[Event | FrameFaulted] = queue.Queue(_WAITING)
        self._readers: Mapping[ReaderId, CardReader] = make_readers(
            only, SystemClock(), lambda _reader: None
        )

    def __enter__(self) -> Self:
        for reader in self._readers.values():
            reader.start(self._heard)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        threads = [
            threading.Thread(target=reader.stop, name=f"stop-{name}", daemon=True)
            for name, reader in self._readers.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_STOP_S)

    def next(self, until: float) -> Event | FrameFaulted | None:
        """The next event, by monotonic time at the latest; None when the time is over."""
        try:
            return self._events.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return None

    def health(self) -> Mapping[str, Health]:
        """How each reader is now."""
        return {str(name): reader.health() for name, reader in self._readers.items()}

    def _heard(self, event: Event | FrameFaulted) -> None:
        # A reader in a fit sends more than anybody can look at: what is too much is left out.
        if not self._events.full():
            self._events.put(event)
