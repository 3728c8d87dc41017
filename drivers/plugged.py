"""What is plugged in: serial ports under the names that stay, and readers that pcscd knows.

Rules kept here:
- nothing is opened: opening a port moves its control lines, and some readers start anew by that;
- a name that stays comes before the kernel's own, which depends on what was plugged in first. The
  socket's name comes first: it is the same for the adapter that replaces a broken one, and cheap
  adapters have no serial number to be named by;
- what cannot be read is left out: the list never fails because of one port.

Follows the kernel's documents of sysfs and of /proc/PID/fd, and udev's links below /dev/serial.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from agent.errors import DeviceError
from drivers.pcsc_calls import Calls, PcscError

LINKS = ("dev/gate", "dev/serial/by-path", "dev/serial/by-id")
"""Where udev puts names that stay; ours first (systemd/70-gate-agent.rules)."""

_ALIASES = ("serial0", "serial1")
_NO_UART = "0"


@dataclass(frozen=True, slots=True)
class Port:
    """A serial port. ``names`` are those that stay, the best first.

    ``vendor`` and ``product`` are the four digits of USB, empty for a port of the board; ``says``
    is what it calls itself. ``users`` are the processes that have it open, as far as this user may
    see them: name and pid. ``console``: the kernel writes its messages there.
    """

    device: str
    names: tuple[str, ...] = ()
    vendor: str = ""
    product: str = ""
    says: str = ""
    users: tuple[tuple[str, int], ...] = ()
    console: bool = False

    @property
    def best(self) -> str:
        """The name to write into the configuration."""
        return self.names[0] if self.names else self.device


def ports(root: Path = Path("/")) -> list[Port]:
    """Every serial port of the machine, those on USB first. ``root``: where /sys and /dev are."""
    found = []
    consoles = _text(root / "sys/class/tty/console/active").split()
    for tty in sorted(_below(root / "sys/class/tty")):
        device = root / "dev" / tty.name
        if not (tty / "device").exists() or not device.exists():
            continue
        if _text(tty / "type") == _NO_UART:
            continue
        usb = _usb(tty / "device", root)
        says = " ".join(_text(usb / part) for part in ("manufacturer", "product")) if usb else ""
        found.append(
            Port(
                _absolute(device, root),
                tuple(names_of(device, root)),
                _text(usb / "idVendor") if usb else "",
                _text(usb / "idProduct") if usb else "",
                says.strip() or ("" if usb else "a port of the board"),
                tuple(users_of(device, root)),
                tty.name in consoles,
            )
        )
    return sorted(found, key=lambda port: (not port.vendor, port.device))


def names_of(device: Path, root: Path = Path("/")) -> Iterator[str]:
    """The links to this device that stay, the best first."""
    target = device.resolve()
    for place in (*(root / links for links in LINKS), *(root / "dev" / one for one in _ALIASES)):
        for link in (place,) if place.is_symlink() else sorted(_below(place)):
            if link.is_symlink() and link.resolve() == target:
                yield _absolute(link, root)


def users_of(device: Path, root: Path = Path("/")) -> Iterator[tuple[str, int]]:
    """Who has this device open: the process's name and its id."""
    target = _absolute(device.resolve(), root)
    for process in _below(root / "proc"):
        if process.name.isdigit() and any(_points(fd, target) for fd in _below(process / "fd")):
            yield _text(process / "comm") or "a process", int(process.name)


def card_readers() -> Sequence[str]:
    """The readers that pcscd knows; DeviceError says why there is no answer."""
    calls = Calls()
    try:
        with calls.context() as context:
            return calls.readers(context)
    except PcscError as fault:
        raise DeviceError(
            f"pcscd does not answer ({fault}): is it installed and running? "
            "systemctl status pcscd.socket"
        ) from fault


def _usb(device: Path, root: Path) -> Path | None:
    """The USB device that a port belongs to."""
    top = (root / "sys").resolve()
    place = device.resolve()
    while place not in (top, place.parent):
        if (place / "idVendor").exists():
            return place
        place = place.parent
    return None


def _points(link: Path, target: str) -> bool:
    with suppress(OSError):
        return str(link.readlink()) == target
    return False


def _below(place: Path) -> list[Path]:
    # Processes end while they are looked at, and those of other users are closed to us.
    with suppress(OSError):
        return [Path(one) for one in os.scandir(place)]
    return []


def _text(file: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return file.read_text(encoding="utf-8").strip()
    return ""


def _absolute(path: Path, root: Path) -> str:
    """The path as it is below this root."""
    return f"/{path.relative_to(root)}" if path.is_relative_to(root) else str(path)
