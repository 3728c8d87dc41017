"""What of an entry can be looked for, and by which pieces of it.

Rules kept here:
- texts are compared folded: NFKC, without case, blanks and the dots of plates and foreign names;
- a part of a text is found by its pairs of neighbouring characters, one character by the pairs
  that begin with it; the last character stands alone as well;
- what is only ever looked for as a whole (labels, numbers, one unit) is one piece;
- a piece may lead to too many entries, never to too few: who finds has to look again (`Wanted`).
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

PERSON, PLACE, PLATE, WHOLE = 1, 2, 3, 4
"""Kinds of pieces."""

_KINDS: Mapping[str, int] = {
    "visitor": PERSON,
    "host": PERSON,
    "holder": PERSON,
    "owner": PERSON,
    "driver": PERSON,
    "signatory": PERSON,
    "companions": PERSON,
    "company": PERSON,
    "bearer": PERSON,
    "unit": PLACE,
    "department": PLACE,
    "plate": PLATE,
}
_WHOLE = frozenset({"credential", "phone", "idhash", "unit", "department"})
_LEFT_OUT = dict.fromkeys(map(ord, " \t\u00b7\u2022\u30fb\u2027"))
_LONGEST = 64

Piece = tuple[int, str]
Pieces = tuple[tuple[Piece, ...], ...]
"""One of these alternatives has to be met, all pieces of it."""


def folded(text: str) -> str:
    """The text as it is compared."""
    return unicodedata.normalize("NFKC", text).translate(_LEFT_OUT).casefold()


def pieces_of(label: str, personal: Mapping[str, str]) -> set[Piece]:
    """Everything by which an entry with this card and these personal fields can be found."""
    found: set[Piece] = set()
    if label:
        found.add((WHOLE, _whole("card", label)))
    for name, value in personal.items():
        kind = _KINDS.get(name)
        if kind is not None:
            found |= {(kind, pair) for pair in _pairs(folded(value))}
        if name in _WHOLE:
            found.add((WHOLE, _whole(name, value)))
    return found


def _whole(name: str, value: str) -> str:
    return f"{name}:{folded(value)}"


def _pairs(text: str) -> set[str]:
    """Pairs of neighbours, and the last character."""
    text = text[:_LONGEST]
    return {text[n : n + 2] for n in range(len(text))}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; what is empty or None does not narrow, all that is given must hold.

    ``person`` is a part of a name, company, unit or department; ``plate`` a part of a plate;
    ``unit`` a whole unit or department; ``card`` a label, or a credential (``scheme:HEX``);
    ``phone`` and ``idhash`` are whole. ``text`` is any of these. ``type`` is a type or how it
    begins, ``since`` and ``until`` are when it happened, µs since 1970 UTC, both included.
    """

    text: str = ""
    person: str = ""
    plate: str = ""
    unit: str = ""
    card: str = ""
    phone: str = ""
    idhash: str = ""
    lane: str = ""
    type: str = ""
    since: int | None = None
    until: int | None = None

    def conditions(self) -> tuple[Pieces, ...]:
        """Every condition that names a person or thing; all of them have to be met."""
        person, plate, text = folded(self.person), folded(self.plate), folded(self.text)
        found: list[Pieces] = []
        if text:
            parts = tuple(_part(kind, text) for kind in (PERSON, PLACE, PLATE))
            found.append((*parts, *_wholes(self.text, "card", "credential", "phone")))
        if person:
            found.append((_part(PERSON, person), _part(PLACE, person)))
        if plate:
            found.append((_part(PLATE, plate),))
        for value, names in self._wholes():
            found.append(_wholes(value, *names))
        return tuple(found)

    def _wholes(self) -> list[tuple[str, tuple[str, ...]]]:
        asked = (
            (self.unit, ("unit", "department")),
            (self.card, ("credential",) if ":" in self.card else ("card",)),
            (self.phone, ("phone",)),
            (self.idhash, ("idhash",)),
        )
        return [(value, names) for value, names in asked if folded(value)]

    def meets(self, label: str, personal: Mapping[str, str]) -> bool:
        """Does an entry with this card and these fields meet every condition on them?"""
        texts: dict[int, list[str]] = {PERSON: [], PLACE: [], PLATE: []}
        for name, value in personal.items():
            kind = _KINDS.get(name)
            if kind is not None:
                texts[kind].append(folded(value))
        whole = {_whole(name, personal[name]) for name in _WHOLE & personal.keys()}
        whole.add(_whole("card", label))
        person, plate, text = folded(self.person), folded(self.plate), folded(self.text)
        named, plates = texts[PERSON] + texts[PLACE], texts[PLATE]
        return (
            any(person in each for each in named or [""])
            and any(plate in each for each in plates or [""])
            and (
                any(text in each for each in [*named, *plates] or [""])
                or any(_whole(name, text) in whole for name in ("card", "credential", "phone"))
            )
            and all(
                any(_whole(name, value) in whole for name in names)
                for value, names in self._wholes()
            )
        )


def _part(kind: int, text: str) -> tuple[Piece, ...]:
    """The pieces of a part; one character alone stands for the pairs that begin with it."""
    text = text[:_LONGEST]
    if len(text) == 1:
        return ((kind, text),)
    return tuple((kind, text[n : n + 2]) for n in range(len(text) - 1))


def _wholes(value: str, *names: str) -> tuple[tuple[Piece, ...], ...]:
    return tuple(((WHOLE, _whole(name, value)),) for name in names)
