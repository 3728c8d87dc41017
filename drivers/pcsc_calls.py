"""The calls to pcscd, typed: the only place that imports pyscard.

Rules kept here:
- every call gives its result or raises `PcscError`, also where pyscard's wrapper stumbles with a
  SystemError;
- no wait is INFINITE;
- a context belongs to the thread that established it. In libpcsclite a second thread that touches a
  busy context waits with the library's global lock in its hand and stops every other call of the
  process; `cancel` is the one call that may come from elsewhere.

Follows the PC/SC API of pcsc-lite (winscard.h) as pyscard 2 wraps it.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from agent.errors import DeviceError

PLUG = r"\\?PnP?\Notification"
"""The pseudo reader whose state changes when a reader is plugged in or out."""

UNAWARE = 0x0000
CHANGED = 0x0002
UNKNOWN = 0x0004
UNAVAILABLE = 0x0008
EMPTY = 0x0010
PRESENT = 0x0020

OK = 0x00000000
TIMED_OUT = 0x8010000A
NO_SERVICE = 0x8010001D
NO_READERS = 0x8010002E
NO_CARD = 0x8010000C
REMOVED = 0x80100069
SHARING = 0x8010000B
NOT_TRANSACTED = 0x80100016
UNRESPONSIVE = 0x80100066
UNPOWERED = 0x80100067
RESET = 0x80100068
VIOLATION = 0x8010006A
STUMBLED = 0x80100001

MOST_READERS = 16
"""What pcsc-lite takes in one SCardGetStatusChange, the pseudo reader included."""


class PcscError(Exception):
    """A call that pcscd or its library did not do. ``code`` is the unsigned result code."""

    def __init__(self, call: str, code: int, text: str) -> None:
        super().__init__(f"{call}: {text}")
        self.call = call
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class ReaderState:
    """A reader as pcscd sees it: flags in the low word, a counter of card events in the high."""

    name: str
    flags: int
    atr: bytes

    @property
    def present(self) -> bool:
        """A card is in the field, mute ones included."""
        return bool(self.flags & PRESENT)

    @property
    def events(self) -> int:
        """How often a card came or left, modulo 65,536."""
        return (self.flags >> 16) & 0xFFFF


class Calls:
    """pyscard's functions. Making one raises DeviceError when pyscard cannot be imported."""

    def __init__(self) -> None:
        try:
            self._api: Any = importlib.import_module("smartcard.scard")
        except (ImportError, OSError) as fault:
            raise DeviceError(
                "card readers over PC/SC need pyscard, and it cannot be imported "
                f"({fault}): install the extra pcsc (pip install 'gate-agent[pcsc]') "
                "or Debian's python3-pyscard"
            ) from fault

    def _do(self, call: str, *arguments: object, fine: Sequence[int] = (OK,)) -> tuple[int, Any]:
        function: Callable[..., Any] = getattr(self._api, call)
        try:
            result = function(*arguments)
        except SystemError as fault:
            raise PcscError(call, STUMBLED, f"pyscard stumbled: {fault}") from fault
        code, *rest = result if isinstance(result, (list, tuple)) else (result,)
        code &= 0xFFFFFFFF
        if code not in fine:
            text = str(self._api.SCardGetErrorMessage(code)).strip().rstrip(".")
            raise PcscError(call, code, f"{text} (0x{code:08X})")
        return code, rest

    def establish(self) -> int:
        """A new context for the calling thread; release it there."""
        _, (context,) = self._do("SCardEstablishContext", self._api.SCARD_SCOPE_SYSTEM)
        return int(context)

    def release(self, context: int) -> None:
        """Let a context go. A context that pcscd has forgotten is let go all the same."""
        try:
            self._do("SCardReleaseContext", context)
        except PcscError:
            # The library closes its side whatever pcscd says; there is nothing left to undo.
            return

    @contextmanager
    def context(self) -> Iterator[int]:
        """A context for one piece of work."""
        context = self.establish()
        try:
            yield context
        finally:
            self.release(context)

    def cancel(self, context: int) -> None:
        """Wake a `changes` of another thread."""
        try:
            self._do("SCardCancel", context)
        except PcscError:
            # Nothing waits any more, or pcscd is gone and the wait ends by itself.
            return

    def readers(self, context: int) -> tuple[str, ...]:
        """The names of all readers that pcscd has now."""
        code, (names,) = self._do("SCardListReaders", context, [], fine=(OK, NO_READERS))
        return tuple(names) if code == OK else ()

    def changes(
        self, context: int, seen: Sequence[tuple[str, int]], wait_ms: int
    ) -> tuple[ReaderState, ...]:
        """Wait until a reader's state differs from what was seen; empty when the time is over."""
        query = [(name, flags & ~CHANGED) for name, flags in seen]
        code, (states,) = self._do(
            "SCardGetStatusChange", context, wait_ms, query, fine=(OK, TIMED_OUT)
        )
        if code == TIMED_OUT:
            return ()
        return tuple(ReaderState(name, flags, bytes(atr)) for name, flags, atr in states)

    @contextmanager
    def card(self, context: int, reader: str) -> Iterator[tuple[int, int]]:
        """A shared connection to the card in the field: (handle, protocol)."""
        api = self._api
        protocols = api.SCARD_PROTOCOL_T0 | api.SCARD_PROTOCOL_T1
        _, (handle, protocol) = self._do(
            "SCardConnect", context, reader, api.SCARD_SHARE_SHARED, protocols
        )
        try:
            yield handle, protocol
        finally:
            self._let_go(handle)

    @contextmanager
    def reader(self, context: int, reader: str) -> Iterator[int]:
        """A direct connection to the reader itself, no card needed."""
        _, (handle, _) = self._do("SCardConnect", context, reader, self._api.SCARD_SHARE_DIRECT, 0)
        try:
            yield handle
        finally:
            self._let_go(handle)

    def _let_go(self, handle: int) -> None:
        try:
            self._do("SCardDisconnect", handle, self._api.SCARD_LEAVE_CARD)
        except PcscError:
            # The card or pcscd went away; the handle went with it.
            return

    def transmit(self, handle: int, protocol: int, command: bytes) -> bytes:
        """Send a command to the card; an empty answer means that it left in between."""
        _, (answer,) = self._do("SCardTransmit", handle, protocol, list(command))
        return bytes(answer)

    def escape(self, handle: int, command: bytes) -> bytes:
        """Send a command to the reader itself (CCID escape, control code 1 of libccid)."""
        _, (answer,) = self._do("SCardControl", handle, self._api.SCARD_CTL_CODE(1), list(command))
        return bytes(answer)

    def atr(self, handle: int) -> bytes:
        """The answer to reset of the connected card."""
        _, (_, _, _, atr) = self._do("SCardStatus", handle)
        return bytes(atr)
