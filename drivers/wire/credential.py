"""The forms of one card's number: what readers make of it, and how to bring them together.

A card has one number; readers show it in many ways. ISO/IEC 14443-3 sends a UID first byte first,
and most programs write it so (``uid:04A1B2C3``); many readers take those bytes as a number with the
first byte lowest (``C3B2A104``). Of a UID of seven bytes a reader with four bytes of room delivers
the first four, the last four, or the first cascade level, which is the cascade tag 88 and three
bytes. A 26-bit Wiegand reader delivers three bytes of whatever it made of that.

Rules kept here:
- a form first keeps bytes, as they were read, then turns their order, then names the scheme;
- a form never raises: what is shorter than what is to be kept stays whole, an odd digit gets a
  leading zero when bytes are counted;
- a number is never made longer or guessed at: what a reader left out cannot be brought back;
- two readers agree where the look-up of the one finds what the other put into the roster, for
  every card that both have seen, over 24 bits at least.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

ByteOrder = Literal["as_read", "reversed"]
Keep = Literal["all", "first4", "last4", "cascade", "first3", "last3"]
Match = Literal["exact", "low32", "low24"]

ORDERS: tuple[ByteOrder, ...] = get_args(ByteOrder)
KEEPS: tuple[Keep, ...] = get_args(Keep)
MATCHES: tuple[Match, ...] = get_args(Match)
WIDTHS: dict[Match, int] = {"low32": 8, "low24": 6}
"""Hexadecimal digits that a look-up by low bits compares."""

CASCADE_TAG = 0x88
_ROOM = 4
_NO_NUMBER = "0"


@dataclass(frozen=True, slots=True)
class Form:
    """What becomes of each number of a reader; the default leaves it as it was read.

    ``scheme`` empty: that of the reader stays.
    """

    byte_order: ByteOrder = "as_read"
    keep: Keep = "all"
    scheme: str = ""

    @property
    def plain(self) -> bool:
        """True when nothing is changed."""
        return self == _PLAIN

    def shape(self, scheme: str, digits: str) -> tuple[str, str]:
        """Scheme and digits in this form; ``digits`` are upper-case hexadecimal, one at least."""
        if self.keep == "all" and self.byte_order == "as_read":
            return self.scheme or scheme, digits
        data = _kept(self.keep, bytes.fromhex(digits.rjust(len(digits) + len(digits) % 2, "0")))
        if self.byte_order == "reversed":
            data = data[::-1]
        return self.scheme or scheme, data.hex().upper()

    def text(self, credential: str) -> str:
        """The same for ``scheme:HEX``."""
        scheme, _, digits = credential.partition(":")
        return ":".join(self.shape(scheme, digits or _NO_NUMBER))


_PLAIN = Form()
_FORMS = sorted(
    (Form(order, keep) for keep, order in product(KEEPS, ORDERS)),
    key=lambda form: (form.keep != "all") + (form.byte_order != "as_read"),
)


def _kept(keep: Keep, data: bytes) -> bytes:
    if keep == "cascade":
        return bytes((CASCADE_TAG,)) + data[:3] if len(data) > _ROOM else data
    if keep == "all":
        return data
    size = int(keep[-1])
    return data[:size] if keep.startswith("first") else data[-size:]


def looked_up(credential: str, match: Match) -> str:
    """What the look-up compares, as ``scheme:HEX``; by low bits the scheme is not compared."""
    scheme, _, digits = credential.partition(":")
    if match == "exact":
        return credential
    width = WIDTHS[match]
    return f"{scheme}:{digits[-width:].rjust(width, '0')}"


def printed(digits: str) -> dict[str, str]:
    """The decimal numbers that stand on cards with this number, by the names readers' tools use.

    A name says how many hexadecimal digits are shown as how many decimal ones: ``8H10D`` is the
    low 32 bits, ``2.4H.3.5D`` the low 24 as facility and card of Wiegand 26.
    """
    number = int(digits, 16)
    low, high = number & 0xFFFF, number >> 16
    forms = {
        "8H10D": f"{number & 0xFFFF_FFFF:010d}",
        "6H8D": f"{number & 0xFF_FFFF:08d}",
        "2.4H.3.5D": f"{high & 0xFF:03d},{low:05d}",
        "4.4H.5.5D": f"{high & 0xFFFF:05d},{low:05d}",
    }
    if len(digits) == 10:
        forms["10H13D"] = f"{number:013d}"
    return forms


@dataclass(frozen=True, slots=True)
class Agreement:
    """Settings under which a second reader finds the cards that a first one put into the roster.

    ``bits``: how many bits of the number the look-up compares.
    """

    first: Form
    second: Form
    match: Match
    bits: int


def agree(pairs: Sequence[tuple[str, str]]) -> list[Agreement]:
    """Every way in which two readers agree on these cards, best first; empty where there is none.

    ``pairs`` are the same cards as the first and the second reader read them, ``scheme:HEX`` each.
    Better is: more bits compared, the first reader's numbers whole, then fewer settings, those of
    the first reader (whose form the roster has) counting more.
    """
    return sorted(_agreements(pairs), key=_rank) if pairs else []


def _agreements(pairs: Sequence[tuple[str, str]]) -> Iterator[Agreement]:
    firsts = _shown([one for one, _ in pairs])
    seconds = _shown([two for _, two in pairs])
    for (left, first), (right, second) in product(firsts.items(), seconds.items()):
        for match in MATCHES:
            bits = _bits(left, right, match)
            if bits:
                scheme = _other_scheme(left, right) if match == "exact" else ""
                other = Form(second.byte_order, second.keep, scheme)
                yield Agreement(first, other, match, bits)


def _shown(numbers: Sequence[str]) -> dict[tuple[str, ...], Form]:
    """What each form makes of the numbers; of forms that make the same, the simplest."""
    shown: dict[tuple[str, ...], Form] = {}
    for form in _FORMS:
        shown.setdefault(tuple(form.text(number) for number in numbers), form)
    return shown


def _bits(left: Sequence[str], right: Sequence[str], match: Match) -> int:
    """So many bits are the same in all pairs under this look-up; 0: they differ."""
    ones, twos = ([text.partition(":")[2] for text in side] for side in (left, right))
    least = min(map(len, ones + twos))
    width = WIDTHS.get(match, least)
    if not WIDTHS["low24"] <= width <= least:
        return 0
    if match == "exact":
        named = len({text.partition(":")[0] for text in left}) == 1
        return 4 * width if named and ones == twos else 0
    same = all(one[-width:] == two[-width:] for one, two in zip(ones, twos, strict=True))
    return 4 * width if same else 0


def _other_scheme(left: Sequence[str], right: Sequence[str]) -> str:
    scheme = left[0].partition(":")[0]
    return "" if all(text.startswith(f"{scheme}:") for text in right) else scheme


def _rank(one: Agreement) -> tuple[object, ...]:
    first, second = one.first, one.second
    changes = (second.byte_order != "as_read") + (second.keep != "all") + (one.match != "exact")
    return (
        -one.bits,
        first.keep != "all",
        first.byte_order != "as_read",
        changes + (second.scheme != ""),
        MATCHES.index(one.match),
        *(KEEPS.index(form.keep) for form in (first, second)),
        *(ORDERS.index(form.byte_order) for form in (first, second)),
    )


def hint(pairs: Sequence[tuple[str, str]]) -> str:
    """Why two readers do not agree on these cards, as a sentence; empty where nothing is seen."""
    numbers = [
        (int(one.partition(":")[2] or _NO_NUMBER, 16), int(two.partition(":")[2] or _NO_NUMBER, 16))
        for one, two in pairs
    ]
    if not numbers:
        return ""
    if all((one ^ two) & 0xFF_FFFF == 0xFF_FFFF for one, two in numbers):
        return (
            "every bit of the one is the opposite of the other's: at one of the two the wires D0 "
            "and D1 are swapped"
        )
    if all((one ^ two) & 0xFFFF == 0 for one, two in numbers):
        return (
            "the low 16 bits are the same and what stands before them is not: one reader puts a "
            "facility code of its own there; set it to deliver the card's number unchanged"
        )
    if all(_mirrored(one) == two & 0xFF_FFFF for one, two in numbers):
        return (
            "the bits of every byte stand in the opposite order: one reader is set to deliver them "
            "lowest bit first; set it to deliver the card's number unchanged"
        )
    return ""


def _mirrored(number: int) -> int:
    """The low three bytes with the bits of each turned round."""
    return int("".join(f"{number >> shift & 0xFF:08b}"[::-1] for shift in (16, 8, 0)), 2)
