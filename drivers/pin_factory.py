"""Which pins a gate works on: a Raspberry Pi's, the simulated gate's, or pins in memory."""

from pathlib import Path
from typing import Literal

from agent.errors import DeviceError
from drivers import pin_chip
from drivers.pin_socket import SocketFactory
from drivers.pins import MemoryFactory, PinFactory

Backend = Literal["auto", "lgpio", "mock", "socket"]


def open_factory(
    backend: Backend,
    socket: Path | None = None,
    labels: tuple[str, ...] = pin_chip.LABELS,
) -> PinFactory:
    """Open the pins; claims none of them.

    ``auto`` takes the simulated gate when ``socket`` is given, and else a Raspberry Pi's header:
    the chip with one of ``labels``. Pins in memory are only taken when they are asked for
    (``mock``): a gate must not run on pins that move nothing.

    Raises DeviceError when the pins cannot be opened.
    """
    if backend == "mock":
        return MemoryFactory()
    if backend == "socket" or (backend == "auto" and socket is not None):
        if socket is None:
            raise DeviceError("the pins of a simulated gate need its socket: name the path")
        return SocketFactory(socket)
    chip = pin_chip.find_chip(labels)
    if chip is None:
        raise DeviceError(
            f"no GPIO chip on this machine is labelled {' or '.join(labels)}: see gpiodetect; to "
            "try a configuration on a machine without pins write gpio: {backend: mock}"
        )
    return _open_chip(chip)


def _open_chip(chip: int) -> PinFactory:
    try:
        from drivers.pin_lgpio import HeldFactory  # noqa: PLC0415 - lgpio only where it is chosen
    except ImportError as error:
        raise DeviceError(
            "this machine has GPIO pins but Python cannot import lgpio: install Debian's "
            f"python3-lgpio or the extra gate-agent[gpio] ({error})"
        ) from error
    return HeldFactory(chip)
