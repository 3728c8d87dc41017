"""What may stand in the form of an order: the one table of the fields of every act.

Rules kept here:
- a field that its act does not look at is no field of its form: who wrote it meant something, and
  is told so instead of being left in the belief that it was done;
- in a list of lines every line is looked at; what is one value of its own (``cash``, ``presented``)
  is for its act to judge.
"""

from collections.abc import Collection, Iterator, Mapping

_PERSON = "visitor company host unit department plate phone idmask idhash companions"
_STAY = "bay purpose destination truck goods bearer until hours"
_EXPECTED = "kind visitor company host unit department plate phone purpose from until"
_BANNED, _POSTED = "visitor plate card reason until", "text audience from until"
_THING = "kind description owner amount pocket"
_END = "end to why receipt_lost"


def _lines(name: str, fields: str) -> str:
    return " ".join((name, *(f"{name}.{field}" for field in fields.split())))


_SLIP = "number unit signatory stamp owner plate until " + _lines("lines", "name quantity")

_FIELDS: Mapping[str, str] = {
    # Visits, cards of the desk, deposits
    "visit.open": f"kind card {_PERSON} {_STAY} answer appointment lane notify reason despite call "
    + _lines("deposits", _THING),
    "visit.decline": "kind visitor company host unit plate reason asked note call",
    "visit.change": f"visit {_PERSON} {_STAY}",
    "visit.end": "visit card_back lane outcome reason " + _lines("deposits", f"deposit {_END}"),
    "visit.override": "visit card lane reason",
    "deposit.take": f"visit why {_THING}",
    "deposit.end": f"deposit {_END}",
    "deposit.move": "deposit pocket reason swap",
    "deposit.reverse": "deposit why",
    "pass.lost": "card reason",
    "pass.found": "card",
    "bearer.confirm": "card lane document",
    "bearer.refuse": "card reason",
    "duty.dismiss": "lane reason",
    "alarm.see": "alarm",
    # Goods and trucks
    "slip.receive": _SLIP,
    "slip.change": f"slip {_SLIP}",
    "slip.use": "slip signatory stamp by lane card why "
    + _lines("ticks", "line quantity")
    + " "
    + _lines("extra", "name quantity"),
    "slip.stop": "slip reason",
    "slip.cancel": "slip reason",
    "inspection.make": "card plate lane opened result note release",
    # What is expected, and who is not to be let in
    "appointment.make": _EXPECTED,
    "appointment.change": f"appointment {_EXPECTED}",
    "appointment.move": "appointment from until",
    "appointment.cancel": "appointment reason",
    "priority.announce": "kind count route unit from until",
    "priority.end": "announced",
    "ban.set": _BANNED,
    "ban.change": f"ban {_BANNED}",
    "ban.lift": "ban reason",
    "notice.post": _POSTED,
    "notice.change": f"notice {_POSTED}",
    "notice.end": "notice",
    "help.ask": "kind unit visitor phone description",
    "help.answer": "help note",
    "help.close": "help note",
    # The shift
    "shift.begin": "guard role desk hash without_card drop",
    "shift.end": "shift drop",
    "shift.hand_over": "shift cash documents cards note to presented signed also",
    "shift.lead": "reason",
    "act.sign": "act reason",
    "duty.note": "text",
    "patrol.check": "presented shown note",
    "passage.note": "sequence driver companions",
    "evidence.export": "file sha256 rows head about",
    "call.note": "to unit department answer note",
    # Cards, guards, directory
    "card.issue": "credential label kind stock holder unit department plate valid_from valid_until "
    "windows lanes direction reason",
    "card.replace": "label credential new_label reason",
    "card.unblock": "label reason stock",
    "card.found": "label reason stock",
    "card.block": "label reason",
    "card.lost": "label reason",
    "guard.enrol": "guard name card role pin",
    "guard.card": "guard card reason",
    "guard.pin": "guard pin reason",
    "guard.role": "guard role reason",
    "guard.leave": "guard reason",
    "directory.put": "entry kind name unit department phones signs note quiet",
    "directory.drop": "entry",
}

FIELDS: Mapping[str, frozenset[str]] = {
    kind: frozenset(names.split()) for kind, names in _FIELDS.items()
}
"""By kind of order: the fields of its form; ``deposits.kind`` is one of each line of a list."""

MADE = frozenset({"shown", "signed", "also"})
"""What stands in a form because of what was found out, and never because somebody wrote it."""


def unknown(
    form: Mapping[str, object], fields: Collection[str]
) -> Iterator[tuple[str, str, list[str]]]:
    """What stands in a form and is none of its fields: its path, its name, those it could be."""
    for name, value in form.items():
        if name not in fields:
            yield name, name, sorted(each for each in fields if "." not in each)
            continue
        within = sorted(_within(name, fields))
        if not within or not isinstance(value, list):
            continue
        for number, line in enumerate(value):
            if isinstance(line, Mapping):
                for each in line:
                    if each not in within:
                        yield f"{name}.{number}.{each}", str(each), within


def _within(name: str, fields: Collection[str]) -> Iterator[str]:
    return (each.partition(".")[2] for each in fields if each.startswith(f"{name}."))
