"""libosdp for one device: its control panel, one exchange at a time, without any I/O of its own.

Rules kept here:
- one context for one device, though several share a line: libosdp would hold up the whole line for
  8 s when one device is silent, and would not look for it again for 300 s. Who may talk when is
  decided in `drivers.osdp_bus`;
- libosdp never waits for a reply here: it gets it, or a broken one (`silence`), at which it gives
  the device up at once; `restart` then begins anew;
- nothing that is called back raises, keeps a card, or touches a port;
- libosdp's challenge comes from the C library's ``rand()``, which nobody seeds: after each start it
  would be the same, and a recorded session could be played again. `_stir` fills the state behind it
  with random bytes before every handshake;
- a context is used by one thread only, and kept for good: libosdp's module does not give back all
  that a context holds.

The module ``osdp_sys`` is used, not ``osdp``: the latter's queue of events has no bound.
"""

import ctypes
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import osdp_sys

from drivers.wire.keys import of_osdp
from drivers.wire.osdp_frame import encode

Secure = Literal["required", "install", "off"]

POLL_MS: Final = 50
"""libosdp asks a device no sooner than so many ms after its last reply."""

_LOCAL: Final = osdp_sys.STATUS_REPORT_LOCAL
_REFRESHES: Final = 4
_POOL_BYTES: Final = 256
_POOL: Final = ctypes.create_string_buffer(_POOL_BYTES)
_POOL_LOCK: Final = threading.Lock()
_ACK: Final = b"\x40"
_CAPABILITIES: Final = range(1, osdp_sys.CAP_BIOMETRICS + 1)
_CRC: Final = 0x04


@dataclass(frozen=True, slots=True)
class CardSeen:
    """A card: so many bits in ``data``, left-justified; or characters."""

    count: int
    data: bytes
    characters: bool


@dataclass(frozen=True, slots=True)
class KeysPressed:
    """Keys were pressed (`drivers.wire.keys`); they show in no text."""

    keys: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LocalStatus:
    """What the device says of itself."""

    tampered: bool
    power_failed: bool


@dataclass(frozen=True, slots=True)
class KeyStored:
    """In install mode: the device had the default key and has taken ours."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The device answered a command of this number (libosdp's) with a refusal."""

    command: int


Heard = CardSeen | KeysPressed | LocalStatus | KeyStored | Refused


class _Channel:
    """What libosdp reads from and writes to: two buffers."""

    def __init__(self) -> None:
        self.sent = b""
        self.shut = False
        self._come = b""

    def give(self, data: bytes) -> None:
        self._come = data

    def read(self, most: int) -> bytes:
        data, self._come = self._come[:most], self._come[most:]
        return data

    def write(self, data: bytes) -> int:
        if self.shut:
            return -1
        self.sent = bytes(data)
        return len(data)

    def flush(self) -> None:
        self._come = b""


class Panel:
    """One device at ``address``, 0 to 126. ``hear`` is called within `answer` and must not raise.

    ``key``: the 16 bytes of the secure channel (SCBK); None and ``secure`` "off" for plain text.
    With "install" the default key is tried as well, and ours is stored in the device.
    """

    def __init__(
        self, address: int, key: bytes | None, secure: Secure, hear: Callable[[Heard], None]
    ) -> None:
        self._hear = hear
        self._secure = secure
        self._channel = _Channel()
        self._broken = encode(address, _CRC, _ACK, reply=True)[:-2] + b"\x00\x00"
        self._answered = False
        flags = osdp_sys.FLAG_ENABLE_NOTIFICATION
        if secure == "required":
            flags |= osdp_sys.FLAG_ENFORCE_SECURE
        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        told = {
            "name": f"osdp-{address}",
            "address": address,
            "flags": flags,
            "scbk": None if secure == "off" else key,
            "channel": self._channel,
        }
        self._context: Any = osdp_sys.ControlPanel([told])
        self._context.set_event_callback(self._event)
        self._context.set_command_completion_callback(self._done)

    @property
    def up(self) -> bool:
        """The device is online, over a secure channel unless plain text was chosen."""
        online = bool(self._context.status() & 1)
        return online and (self._secure == "off" or bool(self._context.sc_status() & 1))

    @property
    def plain(self) -> bool:
        """The device is online without the secure channel that was asked for."""
        return bool(self._context.status() & 1) and not self.up

    def step(self) -> bytes:
        """The next frame for the device; nothing when it is not time, or libosdp gave it up."""
        self._channel.sent = b""
        for _ in range(_REFRESHES):
            self._context.refresh()
            if self._channel.sent:
                break
        return self._channel.sent

    def answer(self, frame: bytes) -> None:
        """Hand over the whole reply to the frame that `step` gave last."""
        self._channel.give(frame)
        self._answered = True
        self._context.refresh()
        self._answered = False

    def silence(self) -> None:
        """No reply came: the device is given up at once."""
        self._channel.give(self._broken)
        self._context.refresh()

    def restart(self) -> bool:
        """Begin anew with the device; False when libosdp waits for a busy one: try again later."""
        self._channel.shut = True
        self._context.disable_pd(0)
        for _ in range(_REFRESHES):
            if not self._context.is_pd_enabled(0):
                break
            self._channel.give(self._broken)
            self._context.refresh()
        self._channel.shut = False
        if self._context.is_pd_enabled(0):
            return False
        _stir()
        return bool(self._context.enable_pd(0))

    def submit(self, command: Mapping[str, object]) -> bool:
        """Put a command in the queue of a device that is up; False when libosdp does not take it.

        ``command`` is what the module takes: its number under ``command``, and its parameters.
        """
        return bool(self._context.submit_command(0, dict(command)))

    def abilities(self) -> frozenset[int]:
        """The kinds of things that the device told it has; known once it is up."""
        levels = {kind: self._context.check_capability(0, kind) for kind in _CAPABILITIES}
        return frozenset(kind for kind, told in levels.items() if any(told))

    def identity(self) -> str:
        """Maker, model, version and serial number, as the device told them."""
        told = self._context.get_pd_id(0)
        firmware = told["firmware_version"]
        version = f"{firmware >> 16 & 255}.{firmware >> 8 & 255}.{firmware & 255}"
        return (
            f"vendor {told['vendor_code']:06X}, model {told['model']}, firmware {version}, "
            f"serial number {told['serial_number']:08X}"
        )

    # -- called by libosdp, within refresh()

    def _event(self, _device: int, event: dict[str, Any]) -> None:
        heard = self._read(event)
        # The module leaks the dictionary of each event: what is in it must not stay with it.
        event.clear()
        if heard is not None:
            self._hear(heard)

    def _read(self, event: Mapping[str, Any]) -> Heard | None:
        kind = event["event"]
        if kind == osdp_sys.EVENT_NOTIFICATION:
            stored = (osdp_sys.EVENT_NOTIFICATION_COMMAND, osdp_sys.CMD_KEYSET)
            taken = (event["type"], event["arg0"]) == stored and event["arg1"] == 1
            return KeyStored() if taken else None
        if self._secure != "off" and not self._context.sc_status() & 1:
            return None
        if kind == osdp_sys.EVENT_CARDREAD:
            characters = event["format"] == osdp_sys.CARD_FMT_ASCII
            data = bytes(event["data"])
            return CardSeen(event.get("length", 8 * len(data)), data, characters)
        if kind == osdp_sys.EVENT_KEYPRESS:
            return KeysPressed(of_osdp(bytes(event["data"])))
        if kind == osdp_sys.EVENT_STATUS and event["type"] == _LOCAL:
            tampered, power = (*event["report"], 0, 0)[:2]
            return LocalStatus(bool(tampered), bool(power))
        return None

    def _done(self, _device: int, command: dict[str, Any], status: int) -> None:
        number = command["command"]
        command.clear()
        if status == osdp_sys.COMPLETION_FAILED and self._answered:
            self._hear(Refused(number))


def _stir() -> None:
    """Fill the state of the C library's ``rand()`` with random bytes.

    ``initstate`` (POSIX) puts the state into a buffer of ours; its first word is the library's.
    """
    with _POOL_LOCK:
        if not any(_POOL.raw):
            ctypes.CDLL(None).initstate(1, _POOL, ctypes.c_size_t(_POOL_BYTES))
        fresh = secrets.token_bytes(_POOL_BYTES - 4)
        ctypes.memmove(ctypes.addressof(_POOL) + 4, fresh, len(fresh))
