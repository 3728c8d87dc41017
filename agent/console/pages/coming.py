"""From what is typed at Visitor in to the forms of the orders that it is.

Rules kept here:
- what a kind of visit does not ask for is not sent, also when it was typed before;
- money has no pocket, a thing no amount; what cannot be read goes out as it was typed, so that the
  gate says what is wrong with it.
"""

from collections.abc import Mapping
from typing import Any

from agent.console.pages import filled
from agent.console.words import N_, Words
from agent.core.plan_books import BooksPlan

_EVERYBODY = (
    "visitor",
    "plate",
    "answer",
    "companions",
    "phone",
    "idnumber",
    "hours",
    "bay",
    "despite",
)
_CARD = ("card",)
FIELDS: Mapping[str, tuple[str, ...]] = {
    "company": (*_EVERYBODY, *_CARD, "company", "host", "department", "purpose"),
    "resident": (*_EVERYBODY, *_CARD, "unit", "host", "purpose"),
    "viewing": _EVERYBODY,
    "contractor": (
        *_EVERYBODY,
        *_CARD,
        "company",
        "unit",
        "host",
        "department",
        "destination",
        "purpose",
    ),
    "delivery": (*_EVERYBODY, *_CARD, "company", "unit", "host", "destination"),
    "vehicle": (*_EVERYBODY, *_CARD, "unit", "purpose", "destination"),
}
TRUCKS = frozenset({"contractor", "delivery", "vehicle"})
ANSWERS: Mapping[str, str] = {
    "host_agreed": N_("called: agreed"),
    "expected": N_("expected, has an appointment"),
    "office_agreed": N_("the office agreed"),
    "not_needed": N_("nobody has to be asked"),
}
REASONS: Mapping[str, str] = {
    "host_declined": N_("the person to be seen declined"),
    "nobody_answered": N_("nobody answered"),
    "hawker": N_("hawker or canvasser"),
    "loiterer": N_("no business here"),
    "banned": N_("banned"),
    "no_document": N_("would not say who he is"),
    "drunk_or_violent": N_("drunk or violent"),
}
ASKED: Mapping[str, str] = {
    "host": N_("the person to be seen: declined"),
    "no_answer": N_("the person to be seen: no answer"),
    "office": N_("the office: declined"),
}
_ASKED = {"host": "host_declined", "office": "office_declined"}
STAYS = (1, 2, 4, 8, 12, 24, 48, 72)
DEPOSIT = ("kind", "description", "owner", "amount", "pocket")


def opened(typed: Mapping[str, str], books: BooksPlan, lane: str) -> dict[str, Any]:
    """The form of ``visit.open`` as the daemon wants it."""
    kind = typed.get("kind", "")
    form: dict[str, Any] = {"kind": kind}
    form |= filled.texts(typed, (*FIELDS.get(kind, _EVERYBODY), "appointment", "call"))
    if kind in TRUCKS:
        form |= filled.flags(typed, ("truck", "goods"))
    if kind == "contractor":
        form |= filled.flags(typed, ("bearer",))
    if kind != "viewing":
        form["deposits"] = deposits(typed, books)
        if why := filled.plain(typed.get("why_none", "")):
            form["reason"] = why
    if lane:
        form["lane"] = lane
    return form


def deposits(typed: Mapping[str, str], books: BooksPlan) -> list[dict[str, str]]:
    """The lines of the deposits: money in minor units and in no pocket, things without amount."""
    lines = []
    for line in filled.lines(typed, "deposits", DEPOSIT):
        kind = books.kinds.get(line.get("kind", ""))
        if "kind" not in line and not set(line) - {"pocket", "amount"}:
            continue  # the page itself had put a pocket there
        if kind is not None and kind.money:
            line.pop("pocket", None)
            if "amount" in line:
                line["amount"] = filled.minor(line["amount"], books.digits)
        else:
            line.pop("amount", None)
        lines.append(line)
    return lines


def declined(typed: Mapping[str, str]) -> dict[str, Any]:
    """The form of ``visit.decline``."""
    names = ("kind", "visitor", "company", "host", "unit", "plate", "reason", "asked", "note")
    form = filled.texts(typed, (*names, "call"))
    return form | ({"asked": _ASKED.get(form["asked"], form["asked"])} if "asked" in form else {})


def ban(typed: Mapping[str, str], words: Words) -> dict[str, Any]:
    """The form of ``ban.set`` that follows a refusal."""
    reason = REASONS.get(typed.get("reason", ""), "")
    note = filled.plain(typed.get("note", ""))
    text = " · ".join(part for part in (words(reason) if reason else "", note) if part)
    return {**filled.texts(typed, ("visitor", "plate")), "reason": text}


def stays(words: Words, longest_us: int, days: int) -> list[tuple[str, str, str]]:
    """How long somebody may stay: hours, their name, and the only kind that may stay so long."""
    longest, most = longest_us // 3_600_000_000, 24 * days
    return [
        (str(hours), _span(hours, words), "" if hours <= longest else "contractor")
        for hours in STAYS
        if hours <= max(longest, most)
    ]


def _span(hours: int, words: Words) -> str:
    if hours % 24:
        return words.filled(N_("%(count)s h"), {"count": hours})
    return words.filled(N_("%(count)s days"), {"count": hours // 24})
