"""What an unknown serial reader speaks, and how fast, from the bytes that it sent.

Every registered protocol tries to read what was heard at every speed, those of readers that are
asked as well: some were set to speak by themselves. What counts is how much of
it could have been otherwise: a frame's bytes beyond those that its number needs (marks, checksums,
text where bytes would do) are evidence, in bits; bytes that are no frame speak against it.

Rules kept here:
- bytes come as bursts, as the line delivered them between two silences: silence ends a frame;
- the same frame twice is evidence once; a protocol without any check is possible, never sure;
- where a second protocol or speed explains the same nearly as well, nothing is sure: another card
  will tell;
- any bytes are taken: nothing raises, and at most `BURSTS` times `LONGEST` bytes are looked at for
  each speed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from drivers.wire.em4100 import PROTOCOL as EM4100
from drivers.wire.frame import Fault, Frame, Reason
from drivers.wire.line import PROTOCOL as LINE
from drivers.wire.qr_pass import PROTOCOL as QR_PASS
from drivers.wire.registry import ASKED, DEFAULTS, EVERY, Options, make_decoder
from drivers.wire.wiegand_ascii10 import PROTOCOL as ASCII10

BAUDS = (9_600, 115_200, 19_200, 38_400, 57_600, 4_800, 2_400, 1_200)
"""Speeds of readers, the usual ones first."""

BURSTS = 32
LONGEST = 512

_SURE = 32
_LIKELY = 12
_AGAINST = 4
_WITHOUT_CHECK = 2
_CRC = 16
_BITS = frozenset(b"01")
_FEWEST, _MOST = 20, 128
_TEXT = frozenset({LINE, QR_PASS})


class Certainty(StrEnum):
    """How far a guess can be believed."""

    SURE = "sure"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Guess:
    """A protocol at a speed. ``cards``: different frames; ``bits``: evidence for it.

    ``ignore``: every checksum is wrong, as with some EM4100 modules. ``swapped``: the wires D0 and
    D1 are swapped.
    """

    protocol: str
    baud: int
    cards: int
    bits: int
    certainty: Certainty
    ignore: bool = False
    swapped: bool = False


_Reading = tuple[Guess, frozenset[tuple[bytes, str]]]


def guess(heard: Mapping[int, Sequence[bytes]]) -> list[Guess]:
    """What may have been said, best first; ``heard`` are the bursts at each speed.

    Of protocols that read the very same numbers the first registered one is named.
    """
    found: dict[tuple[int, frozenset[tuple[bytes, str]]], Guess] = {}
    for baud, all_ in heard.items():
        bursts = [burst[-LONGEST:] for burst in all_[-BURSTS:]]
        # Thirty keys and a card of ten digits, over and over: that is no keypad, those are bits.
        names = [name for name in EVERY if name != ASCII10 or not bits_of_lines(bursts)]
        for name in names:
            for one, said in _read(name, baud, bursts):
                found.setdefault((baud, said), one)
    ranked = sorted(found.values(), key=lambda one: (-one.bits, _usual(one.baud)))
    return [replace(one, certainty=_certainty(one, ranked)) for one in ranked]


def bits_of_lines(bursts: Sequence[bytes]) -> int:
    """How many bits each line has, where all lines are as many 0 and 1 as Wiegand has; 0: no."""
    lines = [line for burst in bursts for line in burst.split()]
    sizes = {len(line) if set(line) <= _BITS else 0 for line in lines}
    size = sizes.pop() if len(sizes) == 1 else 0
    return size if _FEWEST <= size <= _MOST else 0


def _usual(baud: int) -> int:
    return BAUDS.index(baud) if baud in BAUDS else len(BAUDS)


def _certainty(one: Guess, all_: Sequence[Guess]) -> Certainty:
    rivals = any(other is not one and 2 * other.bits >= one.bits for other in all_)
    if rivals or one.bits < _LIKELY:
        return Certainty.POSSIBLE
    return Certainty.SURE if one.bits >= _SURE else Certainty.LIKELY


def _read(name: str, baud: int, bursts: Sequence[bytes]) -> Iterator[_Reading]:
    """The protocol as it is; where it finds nothing, EM4100 with its checksum ignored."""
    as_it_is = list(_weigh(name, baud, bursts, DEFAULTS))
    yield from as_it_is
    if name == EM4100 and not as_it_is:
        yield from _weigh(name, baud, bursts, Options(checksum="ignore"))


def _weigh(name: str, baud: int, bursts: Sequence[bytes], options: Options) -> Iterator[_Reading]:
    found = _decoded(name, bursts, options)
    frames = {one.raw: _number(one) for one in found if isinstance(one, Frame)}
    inverted = {one.raw: _inverted(one) for one in found if isinstance(one, Fault)}
    inverted = {raw: number for raw, number in inverted.items() if number}
    swapped = len(inverted) > len(frames)
    if swapped:
        frames = inverted
    strange = sum(len(one.raw) for one in found if one.raw not in frames)
    bits = sum(_surplus(name, *each) for each in frames.items()) - _AGAINST * strange
    if bits > 0 or (not bits and not strange and len(frames) >= _WITHOUT_CHECK):
        ignore = options.checksum == "ignore"
        one = Guess(name, baud, len(frames), bits, Certainty.POSSIBLE, ignore, swapped)
        yield one, frozenset(frames.items())


def _decoded(name: str, bursts: Sequence[bytes], options: Options) -> list[Frame | Fault]:
    decoder = make_decoder(name, options)
    return [one for burst in bursts for one in (*decoder.feed(burst), *decoder.flush())]


def _number(frame: Frame) -> str:
    return frame.credential.partition(":")[2]


def _inverted(fault: Fault) -> str:
    """The number of a frame with swapped wires, as its fault tells it; empty for other faults."""
    if fault.reason is not Reason.D0_D1_SWAPPED:
        return ""
    return "".join(str(value) for key, value in fault.fields.items() if key.endswith("_hex"))


def _surplus(name: str, raw: bytes, number: str) -> int:
    """The bits of a frame that its number does not need; of a line of text one for each letter."""
    text = name in _TEXT and raw.isascii() and raw.decode().isprintable()
    spare = max(8 * len(raw) - 4 * len(number), len(raw) if text else 0)
    # What else an asked reader tells in a frame is not known here; its CRC is.
    return min(spare, _CRC) if name in ASKED else spare
