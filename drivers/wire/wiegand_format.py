"""Wiegand formats that an installer writes: what every bit is, and what every parity covers.

    PFFFFFFFFCCCCCCCCCCCCCCCCP
    EXXXXXXXXXXXX.............
    .............XXXXXXXXXXXXO

This is how the makers of cards draw their formats (here H10301, 26 bits), first bit first as
received. The first word is the layout: P a parity bit, F facility, C card number, I issue level,
M the maker's (OEM) code, 0 and 1 bits that are always so, a dot a bit that is not looked at. Every
other word has the same length and is one parity: E or O where its bit stands (even or odd number of
ones, itself included), X under what it covers, dots elsewhere. A parity may cover others, as in the
35 bits of HID's Corporate 1000. Words are parted by spaces or line ends; small letters will do.

Rules kept here:
- every P has one parity word and every parity word its P; nothing is checked by guess;
- the credential is all bits under F, C, I and M in their order: what the built-in formats give for
  the same layout;
- bits inverted (D0 and D1 swapped) can be seen where a parity covers an odd number of bits, itself
  included, or where a bit is fixed: `Layout.shows_swap`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from drivers.wire import wiegand
from drivers.wire.wiegand import Fields, Meaning

FEWEST, MOST = 8, 200
LONGEST_TEXT = 12_000
"""Characters of a format: some dozens of parities over the most bits."""

MEANINGS: Mapping[str, str] = {"F": "facility", "C": "card", "I": "issue", "M": "maker"}
LETTERS = "PFCIM01."
LEGEND = (
    "P parity, F facility, C card number, I issue level, M maker's code, 0 and 1 fixed, . ignored"
)
H10301 = """
PFFFFFFFFCCCCCCCCCCCCCCCCP
EXXXXXXXXXXXX.............
.............XXXXXXXXXXXXO
"""
NAMED: Mapping[str, Meaning] = {"h10302": wiegand.H10302, "h10304": wiegand.H10304}
"""The readings of 37 bits, by the names under which the cards are sold."""


class FormatError(ValueError):
    """A format that cannot be used. ``allowed`` is what may stand there."""

    def __init__(self, problem: str, allowed: str = "") -> None:
        super().__init__(f"{problem}; allowed: {allowed}" if allowed else problem)
        self.problem = problem
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class Parity:
    """One parity: where its bit stands, what it covers (itself included), and its sense."""

    place: int
    covers: tuple[int, ...]
    odd: bool

    def holds(self, bits: str) -> bool:
        """Whether the ones under it are even, or odd, as they have to be."""
        return sum(bits[place] == "1" for place in self.covers) % 2 == self.odd


@dataclass(frozen=True, slots=True)
class Layout:
    """A format as written; a `drivers.wire.wiegand.Meaning`. Made by `parse`."""

    letters: str
    parities: tuple[Parity, ...]

    @property
    def bits(self) -> int:
        """How many bits a card has."""
        return len(self.letters)

    @property
    def number(self) -> str:
        """What all data bits together are called among the fields."""
        return "number"

    @property
    def shows_swap(self) -> bool:
        """Whether swapped wires can be seen in any card of this format."""
        fixed = not {"0", "1"}.isdisjoint(self.letters)
        return fixed or any(len(parity.covers) % 2 for parity in self.parities)

    def data(self, bits: str) -> int:
        """All data bits as one number."""
        return int(self._under(bits, "".join(MEANINGS)), 2)

    def credential(self, bits: str) -> str:
        """``w``, the number of all bits, and the data bits in hexadecimal digits."""
        width = -(-sum(letter in MEANINGS for letter in self.letters) // 4)
        return f"w{self.bits}:{self.data(bits):0{width}X}"

    def read(self, bits: str, /) -> Fields:
        """What stands under each letter."""
        there = {name: self._under(bits, letter) for letter, name in MEANINGS.items()}
        return {name: int(found, 2) for name, found in there.items() if found}

    def parity(self, bits: str) -> tuple[bool, ...]:
        """Whether each parity holds."""
        return tuple(parity.holds(bits) for parity in self.parities)

    def stray(self, bits: str) -> str:
        """The first fixed bit that is another."""
        for place, (letter, bit) in enumerate(zip(self.letters, bits, strict=True), 1):
            if letter in "01" and letter != bit:
                return f"bit {place} is {bit} where the format has {letter}: another format"
        return ""

    def told(self) -> str:
        """The format in a few words: bits and what they are."""
        parts = [f"{self.bits} bits"]
        for letter, name in MEANINGS.items():
            count = self.letters.count(letter)
            parts += [f"{count} of {name}"] if count else []
        count = len(self.parities)
        parts.append(f"{count or 'no'} {'parity' if count == 1 else 'parities'}")
        return ", ".join(parts)

    def _under(self, bits: str, letters: str) -> str:
        pairs = zip(self.letters, bits, strict=True)
        return "".join(bit for letter, bit in pairs if letter in letters)


def parse(text: str) -> Layout:
    """The format that ``text`` describes; raises FormatError that says what is wrong and where."""
    if len(text) > LONGEST_TEXT:
        raise FormatError(f"a format of more than {LONGEST_TEXT} characters", "a layout")
    letters, *masks = text.upper().split() or [""]
    _check_layout(letters)
    parities = tuple(_parity(mask, number, letters) for number, mask in enumerate(masks, 2))
    for place, letter in enumerate(letters):
        own = [parity for parity in parities if parity.place == place]
        if letter == "P" and not own:
            raise FormatError(
                f"bit {place + 1} is a parity bit (P) and no line below the layout has E or O "
                "there: what it covers is not told",
                f"one more line of {len(letters)} characters: E or O at {place + 1}, X under what "
                "it covers, dots elsewhere; or a dot for a bit that is not looked at",
            )
        if len(own) > 1:
            raise FormatError(f"bit {place + 1} is the parity of two lines", "one line for each P")
    return Layout(letters, parities)


def meaning(text: str) -> Meaning:
    """The format by its name (`NAMED`) or as written; raises FormatError."""
    named = NAMED.get(text.strip().lower())
    return named if named is not None else parse(text)


def _check_layout(letters: str) -> None:
    for place, letter in enumerate(letters, 1):
        if letter not in LETTERS:
            raise FormatError(
                f"character {place} of the layout is {letter[:1]!r}, which is no kind of bit",
                LEGEND,
            )
    if not FEWEST <= len(letters) <= MOST:
        problem = f"a layout of {_count(len(letters), 'bit')} is none"
        raise FormatError(problem, f"{FEWEST} to {MOST} bits: {LEGEND}")
    if MEANINGS.keys().isdisjoint(letters):
        raise FormatError("the layout has no number", f"at least one bit F or C ({LEGEND})")


def _parity(mask: str, number: int, letters: str) -> Parity:
    """The parity that line ``number`` of a format describes."""
    for place, letter in enumerate(mask, 1):
        if letter not in "EOX.":
            raise FormatError(
                f"character {place} of line {number} is {letter!r}, which says nothing of a parity",
                "E or O where the parity bit stands, X under what it covers, dots elsewhere",
            )
    if len(mask) != len(letters):
        problem = f"line {number} has {_count(len(mask), 'character')}, the layout {len(letters)}"
        raise FormatError(
            problem, f"{len(letters)} characters, one for each bit; see: {_runs(mask)}"
        )
    places = [place for place, letter in enumerate(mask) if letter in "EO"]
    if len(places) != 1:
        problem = f"line {number} has {_count(len(places), 'parity bit')} (E or O)"
        raise FormatError(problem, "exactly one E or O in each line of a parity")
    place = places[0]
    if letters[place] != "P":
        problem = f"line {number} has its parity bit at {place + 1}, where the layout has "
        raise FormatError(problem + repr(letters[place]), "E or O below a P of the layout")
    covers = tuple(at for at, letter in enumerate(mask) if letter != ".")
    if len(covers) == 1:
        raise FormatError(f"the parity of line {number} covers nothing", "at least one X")
    return Parity(place, covers, mask[place] == "O")


def _runs(mask: str) -> str:
    """The runs of a mask with their lengths, for who has to count: ``1 E, 12 X, 13 .``."""
    runs = [(letter, len(list(run))) for letter, run in groupby(mask[: MOST * 2])]
    return ", ".join(f"{length} {letter}" for letter, length in runs[:12])


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
