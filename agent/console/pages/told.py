"""Rows of the books as the visitors' pages say them.

Rules kept here:
- what was erased is said to be erased, what is not known is left empty; nothing is made up;
- a plate, a name, a card is shown as it was written, times and money as the language writes them;
- a person's identity number is never shown: only its mask is in the books.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agent.console.words import N_, Words
from agent.core.plan_books import BooksPlan, DepositKind
from agent.core.project_passes import is_pass

Row = Mapping[str, Any]

VISIT_KINDS: Mapping[str, str] = {
    "company": N_("Visitor to the company"),
    "resident": N_("Visitor to a resident"),
    "viewing": N_("House viewing"),
    "contractor": N_("Contractor"),
    "delivery": N_("Delivery"),
    "vehicle": N_("Vehicle without a card"),
}
STATES: Mapping[str, str] = {
    "held": N_("held here"),
    "returned": N_("given back"),
    "forfeited": N_("kept for good"),
    "refund_due": N_("to be given back at the office"),
    "transferred": N_("passed on to another gate or the office"),
    "reversed": N_("a mistake, never taken"),
}
ENDS: Mapping[str, str] = {
    "returned": N_("given back"),
    "forfeited": N_("kept for good (say why)"),
    "refund_due": N_("to be given back later, at the office"),
    "transferred": N_("passed on to another gate or the office"),
}
REFUSED: Mapping[str, str] = {
    "resident_id": N_("resident identity card"),
    "passport": N_("passport"),
}
"""Names of kinds that the law refuses: the settings name what may be held."""
CARD_KINDS: Mapping[str, str] = {
    "resident": N_("resident"),
    "staff": N_("staff"),
    "vehicle": N_("vehicle"),
    "visitor": N_("visitor"),
    "visitor_vehicle": N_("visitor's vehicle"),
    "contractor": N_("contractor"),
    "guard": N_("guard"),
    "patrol": N_("patrol"),
    "test": N_("test"),
}


def person(row: Row, words: Words, name: str = "visitor") -> str:
    """The name in a row; ``(erased)`` where there was one."""
    found = str(row.get("personal", {}).get(name, ""))
    return found or (words(N_("(erased)")) if row.get("erased") else "")


def visit(row: Row, words: Words, books: BooksPlan, now_us: int) -> dict[str, Any]:
    """A visit: who, with whom, since when, how long overdue, what is held."""
    personal = row["personal"]
    until_us = int(row["until_us"])
    late = row["state"] == "open" and 0 < until_us < now_us
    held = [each for each in row.get("deposits", ()) if each["state"] == "held"]
    return {
        "visit": row["visit"],
        "kind": words(VISIT_KINDS.get(row["kind"], row["kind"])),
        "card": row["card"],
        "by_pass": is_pass(row["card"]),
        "visitor": person(row, words),
        "company": personal.get("company", ""),
        "plate": personal.get("plate", ""),
        "towards": " · ".join(
            text for name in ("unit", "department", "host") if (text := personal.get(name, ""))
        ),
        "since": words.moment(row["opened_us"]),
        "until": words.moment(until_us) if until_us else "",
        "overdue": _late(now_us - until_us, words) if late else "",
        "held": ", ".join(place(each, words, books) for each in held),
        "open": row["state"] == "open",
        "contractor": row["kind"] == "contractor",
    }


def deposit(row: Row, words: Words, books: BooksPlan, now_us: int) -> dict[str, Any]:
    """A deposit: where it lies, what it is, whose, and since when."""
    behind: Row = row.get("visit_row") or {}
    gone = behind.get("state") == "ended"
    waits_us = now_us - int(behind.get("ended_us", now_us))
    late = row["state"] == "held" and gone and waits_us > books.collect_within_us
    kind = books.kinds.get(row["kind"])
    money = kind.money if kind else not row["pocket"] and row["amount"] > 0
    visitor = person(behind, words) if behind else ""
    return {
        "deposit": row["deposit"],
        "visit": row["visit"],
        "state": row["state"],
        "state_label": words(STATES.get(row["state"], row["state"])),
        "label": label(row["kind"], words, books),
        "money": amount(row, words, books) if money else "",
        "pocket": row["pocket"],
        "description": row["personal"].get("description", ""),
        "owner": person(row, words, "owner") or visitor,
        "visitor": visitor,
        "card": row["card"],
        "receipt": f"{row['receipt']:06d}",
        "since": words.moment(row["taken_us"]),
        "late": _late(waits_us, words) if late else "",
    }


def place(row: Row, words: Words, books: BooksPlan) -> str:
    """Where a deposit lies and what it is, in few words: ``pocket 12 driving licence``."""
    if row["pocket"]:
        where = words.filled(N_("pocket %(pocket)s"), {"pocket": row["pocket"]})
        return f"{where} {label(row['kind'], words, books)}"
    return amount(row, words, books)


def amount(row: Row, words: Words, books: BooksPlan) -> str:
    """The money of a deposit in its currency."""
    return words.money(int(row["amount"]), row["currency"] or books.currency, books.digits)


def label(kind: str, words: Words, books: BooksPlan) -> str:
    """What a kind of deposit is called; kinds that are gone from the settings keep their word."""
    found = books.kinds.get(kind)
    return named(found, words) if found else words(REFUSED.get(kind, kind))


def named(kind: DepositKind, words: Words) -> str:
    """The name of a configured kind."""
    return kind.zh if words.language == "zh" else kind.en


def kinds(words: Words, books: BooksPlan) -> list[dict[str, Any]]:
    """All kinds to choose from; ``refused`` says why one may not be held, empty if it may."""
    offered = [
        {"kind": name, "label": named(kind, words), "money": kind.money, "refused": ""}
        for name, kind in books.kinds.items()
    ]
    refused = [
        {"kind": name, "label": label(name, words, books), "money": False, "refused": words(why)}
        for name, why in books.refused.items()
        if name not in books.kinds
    ]
    return offered + refused


def free_pockets(used: Iterable[str], books: BooksPlan) -> list[str]:
    """The pockets of the drawer in which nothing lies."""
    taken = set(used)
    numbers = (str(n) for n in range(1, books.pockets + 1))
    return [pocket for pocket in numbers if pocket not in taken]


def options(texts: Mapping[str, str], words: Words) -> list[tuple[str, str]]:
    """What may be chosen, as a form wants it."""
    return [(value, words(text)) for value, text in texts.items()]


def drawer(held: Sequence[dict[str, Any]], books: BooksPlan) -> list[dict[str, Any]]:
    """The pockets as they lie in the drawer: all numbers, then whatever else is in use."""
    lying = {each["pocket"]: each for each in held}
    numbers = [str(n) for n in range(1, books.pockets + 1)]
    others = [pocket for pocket in lying if pocket not in set(numbers)]
    return [lying.get(pocket) or {"pocket": pocket, "deposit": ""} for pocket in numbers + others]


def _late(us: int, words: Words) -> str:
    return words.filled(N_("overdue %(span)s"), {"span": words.span(us / 1e6)})
