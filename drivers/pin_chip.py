"""The kernel's own view of GPIO chips: which one carries the header, and what a line does now.

Rules kept here:
- the chip is found by its label, not by its number: the header's chip is gpiochip0 on most
  boards, was gpiochip4 on the Pi 5, and may be any other;
- a kept output is read with a request "as is" before anybody claims it (see `standing`).

The requests are those of the kernel's GPIO character device, version 2 (Linux 5.10 or newer;
Documentation/userspace-api/gpio/chardev.rst and include/uapi/linux/gpio.h). lgpio has no request
that leaves the direction alone, so these few ioctls are made here, without a library.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from agent.errors import DeviceError

LABELS = ("pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1")

_CHIP_INFO = 0x8044B401
_LINE_INFO = 0xC100B405
_REQUEST = 0xC250B407
_GET_VALUES = 0xC010B40E
_FLAG_OUTPUT = 1 << 3
_CHIP = struct.Struct("=32s32sI")
_INFO = struct.Struct("=32s32sIIQ176x")
_LINE_REQUEST = struct.Struct("=I252x32s272xII20xi")
_VALUES = struct.Struct("=QQ")
_CONSUMER = b"gate-agent"


def find_chip(labels: tuple[str, ...] = LABELS, folder: Path = Path("/dev")) -> int | None:
    """The number of the chip that carries the header; None when this machine has none.

    Raises DeviceError when chips are there but none may be opened.
    """
    denied: Path | None = None
    for number, path in _chips(folder):
        try:
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except PermissionError:
            denied = path
            continue
        except OSError:
            continue
        try:
            raw = fcntl.ioctl(handle, _CHIP_INFO, bytes(_CHIP.size))
        except OSError:
            continue
        finally:
            os.close(handle)
        if _CHIP.unpack(raw)[1].rstrip(b"\0").decode("ascii", "replace") in labels:
            return number
    if denied is not None:
        raise DeviceError(f"{denied} may not be opened: add this user to the group gpio")
    return None


def _chips(folder: Path) -> Iterator[tuple[int, Path]]:
    for path in sorted(folder.glob("gpiochip*")):
        number = path.name.removeprefix("gpiochip")
        if number.isdecimal():
            yield int(number), path


def standing(chip: Path, number: int) -> bool | None:
    """The level that a line drives, read without disturbing it; None when it is an input.

    A request with neither the input nor the output flag leaves the direction as it is; reading
    its value then gives the level of the pad. The line is free again afterwards, which on
    Raspberry Pi's kernels (`persist_gpio_outputs`, the default) leaves an output driven. Limits:
    with ``strict_gpiod`` in config.txt, or on a kernel without that parameter, a line became an
    input when the last daemon died, so there is nothing left to keep, and None is the truth. A
    pin that a device tree overlay or another program put into another function reads as None.

    Raises DeviceError when another process holds the line or the kernel is older than 5.10.
    """
    try:
        handle = os.open(chip, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise DeviceError(f"{chip} cannot be opened: {error.strerror}") from error
    try:
        asked = _LINE_REQUEST.pack(number, _CONSUMER, 1, 0, 0)
        line = _LINE_REQUEST.unpack(fcntl.ioctl(handle, _REQUEST, asked))[4]
        try:
            # Only a requested line has its direction read from the hardware.
            told = _INFO.pack(b"", b"", number, 0, 0)
            flags = _INFO.unpack(fcntl.ioctl(handle, _LINE_INFO, told))[4]
            if not flags & _FLAG_OUTPUT:
                return None
            bits, _ = _VALUES.unpack(fcntl.ioctl(line, _GET_VALUES, _VALUES.pack(0, 1)))
            return bool(bits & 1)
        finally:
            os.close(line)
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise DeviceError(
                f"GPIO{number} is held by another process (see gpioinfo): stop it"
            ) from error
        raise DeviceError(
            f"GPIO{number} on {chip} cannot be read as it is: {error.strerror}; "
            "Linux 5.10 or newer is needed"
        ) from error
    finally:
        os.close(handle)
