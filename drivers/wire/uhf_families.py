"""The families of long-range readers by name, and which of them bytes could be from.

Rules kept here:
- one row for each protocol; what a family has no use for is left alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from drivers.wire import m100, r2000, uhfreader18
from drivers.wire.frame import Frame
from drivers.wire.m100 import M100
from drivers.wire.r2000 import R2000
from drivers.wire.uhf import EVERYBODY, Cutter, Family
from drivers.wire.uhfreader18 import UhfReader18


@dataclass(frozen=True, slots=True)
class Choices:
    """``address``: None asks whoever is there. ``antennas``: from 1, none leaves what is set.

    ``power`` in dBm; None leaves it.
    """

    address: int | None = None
    antennas: Sequence[int] = ()
    power: int | None = None

    @property
    def asked(self) -> int:
        """The address that commands go to."""
        return EVERYBODY if self.address is None else self.address


FAMILIES: Mapping[str, Callable[[Choices], Family]] = {
    m100.PROTOCOL: lambda it: M100(it.power),
    r2000.PROTOCOL: lambda it: R2000(it.asked, it.antennas, it.power),
    uhfreader18.PROTOCOL: lambda it: UhfReader18(it.asked, it.antennas, it.power),
    uhfreader18.PROTOCOL_288: lambda it: UhfReader18(it.asked, it.antennas, it.power, rssi=True),
}


def make_family(name: str, choices: Choices | None = None) -> Family:
    """The family with these choices; KeyError for an unknown name."""
    return FAMILIES[name](choices or Choices())


def guess(data: bytes) -> Sequence[str]:
    """The families in which these bytes hold a whole frame."""
    found = []
    for name in FAMILIES:
        cutter = Cutter(make_family(name))
        if any(isinstance(one, Frame) for one in [*cutter.feed(data), *cutter.flush()]):
            found.append(name)
    return found
