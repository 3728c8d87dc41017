"""Handover: what the books say against what is counted, and both guards sign.

Rules kept here:
- what should be there is worked out by the same rule by which the daemon writes it down;
- a difference stops nobody: it is shown, sent as it was counted, and stands in the record;
- each of the two signs with the card at the desk's reader, or with the PIN.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console import desk
from agent.console.answers import Answer
from agent.console.pages import filled, papers
from agent.console.pages.sent import Deed, Form, take
from agent.console.words import N_, Words
from agent.core.handover import in_the_books
from agent.core.plan_books import BooksPlan
from agent.store.queries import counts, deposits, shifts, todo
from agent.store.queries.table import Row
from agent.store.reading import Reading

_CASH = "cash."
_SIGNS = ("from", "to")


def deeds(books: BooksPlan) -> Mapping[str, Deed]:
    """The one deed of this page."""

    def wanted(form: Form) -> dict[str, object]:
        return counted(form, books)

    return {
        "hand_over": Deed(
            "shift.hand_over",
            N_("The shift is handed over."),
            ("documents", "cards", "to", "note"),
            row=("shift",),
            shape=wanted,
            back=_record,
        )
    }


def counted(form: Form, books: BooksPlan) -> dict[str, object]:
    """What was counted and who signs, as the order wants it."""
    cash = {
        name.removeprefix(_CASH): filled.minor(text, books.digits)
        for name, text in form.items()
        if name.startswith(_CASH)
    }
    whole = {name: filled.number(form.get(name, "")) for name in ("documents", "cards")}
    shown = {way: form.get(f"presented.{way}", "") for way in _SIGNS}
    pins = {way: form.get(f"pins.{way}", "") for way in _SIGNS}
    return {
        **whole,
        "cash": cash,
        "presented": {
            way: int(text) for way, text in shown.items() if text.isascii() and text.isdecimal()
        },
        "pins": {way: text for way, text in pins.items() if text},
    }


def _record(answer: Answer) -> str:
    return f"/shift/print?shift={quote(str(answer.result.get('shift', '')))}"


def handover(request: Request) -> Response:
    """The page."""
    words, site = desk.words(request), desk.site(request)
    books, who = site.plan.books, desk.guard(request)
    sent, leads = take(request, deeds(books))
    if leads is not None:
        return leads
    with desk.reading(request) as reading:
        current = own(request, reading)
        booked = _booked(reading, books)
        open_now = _open(reading, current)
        guards = shifts.guards(reading, "active")
    if current is None or who is None or current["guard"] != who.guard:
        says = words(N_("Only the guard who is on hands over: sign on first."))
        return desk.see(request, "/shift", says, "bad")
    return desk.render(
        request,
        "handover.html",
        sent.status,
        answer=sent.told,
        sheet=sent.sheet,
        shift=current["shift"],
        who=who.name,
        since=words.moment(current["began_us"]),
        lines=[_line(name, booked[name], words, books) for name in booked],
        open=[{"what": words(papers.OPEN[name]), "count": n} for name, n in open_now.items()],
        card=next((row["card"] for row in guards if row["guard"] == who.guard), ""),
        guards=[row for row in guards if row["guard"] != who.guard],
    )


def own(request: Request, reading: Reading) -> Row | None:
    """The shift of who is signed on here; else the newest one that is on at this desk."""
    who = desk.guard(request)
    on = [row for row in shifts.shifts(reading) if row["state"] == "on"]
    mine = (row for row in on if who is not None and row["shift"] == who.shift)
    return next(mine, None) or shifts.shift(reading, desk.site(request).desk)


def _booked(reading: Reading, books: BooksPlan) -> Mapping[str, int]:
    stock = counts.stock(reading)
    held = deposits.deposits(reading, "held", 10_000)
    cards = [{"label": row["card"]} for row in stock]
    away = [{"card": row["card"], "state": row["state"]} for row in stock]
    return in_the_books(books, held, cards, away)


def _open(reading: Reading, current: Mapping[str, Any] | None) -> dict[str, int]:
    told = shifts.handover_counts(reading, str(current["shift"]) if current else "")
    return {
        "visits": told["inside"]["visits"],
        "help": len(told["help"]),
        "duties": len(todo.duties(reading)),
        "alarms": len(todo.alarms(reading)),
        "overrides": told["overrides"],
        "unsigned": len(told["unsigned"]),
    }


def _line(name: str, number: int, words: Words, books: BooksPlan) -> dict[str, Any]:
    money = name.startswith(_CASH)
    return {
        "name": name,
        "what": papers.what(name, words),
        "booked": papers.amount(name, number, words, books),
        "number": filled.major(number, books.digits) if money else str(number),
        "money": money,
    }


def routes() -> list[Route]:
    """The routes of this page."""
    return [Route("/shift/handover", handover, methods=["GET", "POST"])]
