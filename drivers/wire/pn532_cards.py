"""What the PN532 tells of itself and of cards: answers of GetFirmwareVersion, InListPassiveTarget.

Document: NXP UM0701-02, chapters 7.2.2 and 7.3.5.

Rules kept here:
- a card's number is its UID in the order in which the card sends it: the form in which a PC/SC
  reader gives it for the same card;
- an answer that is shorter than it says gives no card at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["a", "b"]

BAUD_TYPE: Mapping[Kind, int] = {"a": 0x00, "b": 0x03}
"""The parameter BrTy: 106 kbit/s type A, 106 kbit/s type B."""
UID_LENGTHS = (4, 7, 10)
_CHIPS = {0x31: "PN531", 0x32: "PN532", 0x33: "PN533"}
_RANDOM = 0x08
_ISO_14443_4 = 0x20
_TYPE_B = 0x50
_ATQB = 12


@dataclass(frozen=True, slots=True)
class Target:
    """A card in the field. ``uid``: of type B the pseudo-unique identifier (PUPI)."""

    kind: Kind
    uid: bytes
    sens_res: bytes = b""
    sel_res: int = 0

    @property
    def random(self) -> bool:
        """Whether the card makes its UID up anew each time, as telephones do (ISO 14443-3)."""
        return self.kind == "a" and len(self.uid) == 4 and self.uid[0] == _RANDOM

    @property
    def talks(self) -> bool:
        """Whether it takes commands of ISO 14443-4: the module has activated it (RATS)."""
        return self.kind == "a" and self.sel_res & _ISO_14443_4 != 0

    def same(self, other: "Target | None") -> bool:
        """Whether this is taken to be the same card; random numbers tell nothing apart."""
        if other is None or self.kind != other.kind:
            return False
        return self.uid == other.uid or (self.random and other.random)


def chip(data: bytes) -> str:
    """Which module it is, out of the answer of GetFirmwareVersion; empty when it is no answer."""
    if len(data) != 4:
        return ""
    name = _CHIPS.get(data[0], f"chip {data[0]:02X}")
    return f"{name} firmware {data[1]}.{data[2]}"


def targets(kind: Kind, data: bytes) -> tuple[Target, ...] | None:
    """The cards in the answer of InListPassiveTarget; None when it is no such answer.

    None at all is an answer as well. No more than two fit in an answer.
    """
    if not data or data[0] > 2:
        return None
    found: list[Target] = []
    rest = data[1:]
    for _ in range(data[0]):
        read = _type_a(rest) if kind == "a" else _type_b(rest)
        if read is None:
            return None
        target, size = read
        found.append(target)
        rest = rest[size:]
    return None if rest else tuple(found)


def _type_a(data: bytes) -> tuple[Target, int] | None:
    """Tg, SENS_RES, SEL_RES, length and NFCID1, then the ATS of a card that has one."""
    if len(data) < 5 or data[4] not in UID_LENGTHS:
        return None
    ends = 5 + data[4]
    target = Target("a", data[5:ends], data[1:3], data[3])
    if len(data) < ends:
        return None
    if target.sel_res & _ISO_14443_4 and len(data) > ends:
        ends += max(1, data[ends])
    return (target, ends) if len(data) >= ends else None


def _type_b(data: bytes) -> tuple[Target, int] | None:
    """Tg, ATQB (50, PUPI, application data, protocol), length and ATTRIB_RES."""
    if len(data) < 2 + _ATQB or data[1] != _TYPE_B:
        return None
    ends = 2 + _ATQB + data[1 + _ATQB]
    return (Target("b", data[2:6]), ends) if len(data) >= ends else None
