"""Deposits: the drawer as it lies there, cash, and what the office is to give back.

Rules kept here:
- pockets stand in the order of the drawer, empty ones too: what lies in one is seen at a glance;
- a deposit ends in one of four ways; a mistake is reversed, never edited;
- whose visit is over and who did not fetch his deposit in time stands out.
"""

import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console import desk
from agent.console.answers import Answer
from agent.console.pages import filled, told
from agent.console.pages.coming import deposits as lines_of
from agent.console.words import N_
from agent.core.plan_books import BooksPlan
from agent.store.queries import counts as books_counts
from agent.store.queries import deposits as books_deposits
from agent.store.queries import visits as books_visits

_PATH = "/deposits"
_SAYS: Mapping[str, str] = {
    "end": N_("Written down: the deposit is no longer held."),
    "move": N_("Written down: it lies in the other pocket."),
    "reverse": N_("Written down: nothing was ever taken."),
    "take": N_("Written down: the deposit is held."),
}


def routes() -> list[Route]:
    """The routes of this module."""
    return [Route(_PATH, page, methods=["GET", "POST"])]


def page(request: Request) -> Response:
    """The drawer, or one deposit."""
    answer = None
    if request.method == "POST":
        typed = desk.form(request)
        what = typed.get("do", "")
        if what in _SAYS:
            form = form_of(what, typed, desk.site(request).plan.books)
            answer = desk.act(request, f"deposit.{what}", form)
            if answer.done:
                return desk.see(request, _PATH, desk.words(request)(_SAYS[what]))
    return _shown(request, answer)


def form_of(what: str, typed: Mapping[str, str], books: BooksPlan) -> dict[str, Any]:
    """The form of ``deposit.{what}``."""
    if what == "end":
        ending = ("deposit", "end", "to", "why")
        return filled.texts(typed, ending) | filled.flags(typed, ("receipt_lost",))
    if what == "move":
        moving = ("deposit", "pocket", "reason")
        return filled.texts(typed, moving) | filled.flags(typed, ("swap",))
    if what == "reverse":
        return filled.texts(typed, ("deposit",)) | {"why": filled.plain(typed.get("mistake", ""))}
    first = (lines_of(typed, books) or [{}])[0]
    return filled.texts(typed, ("visit",)) | first


def _shown(request: Request, answer: Answer | None) -> Response:
    words, site = desk.words(request), desk.site(request)
    books, now_us = site.plan.books, time.time_ns() // 1000
    typed = desk.form(request)
    wanted = typed.get("deposit") or request.query_params.get("deposit", "")
    with desk.reading(request) as reading:
        one = books_deposits.deposit(reading, wanted) if wanted else None
        held = books_deposits.deposits(reading, "held", 2000)
        owed = books_deposits.deposits(reading, "refund_due", 100)
        cash = books_counts.counts(reading)["cash"]
        visits = [] if one else books_visits.visits(reading, "open", 500)
    rows = [told.deposit(row, words, books, now_us) for row in held]
    lying = [each for each in rows if each["pocket"]]
    pockets = told.drawer(lying, books)
    free = [each["pocket"] for each in pockets if not each["deposit"]]
    return desk.render(
        request,
        "deposits.html",
        answer=answer,
        filled=filled.Filled(words, typed, answer, {"end": "returned"}),
        deposit=told.deposit(one, words, books, now_us) if one else None,
        ends=told.options(told.ENDS, words),
        pockets=pockets,
        used=len(lying),
        empty=len(free),
        cash=[words.money(many, name, books.digits) for name, many in cash.items()],
        late=sum(1 for each in rows if each["late"]),
        others=[each for each in rows if not each["pocket"]],
        owed=[told.deposit(row, words, books, now_us) for row in owed],
        deposit_kinds=told.kinds(words, books),
        free=free,
        visits=[(row["visit"], " · ".join(text for text in _named(row) if text)) for row in visits],
    )


def _named(row: Mapping[str, Any]) -> tuple[str, str, str]:
    personal = row["personal"]
    return str(row["card"]), personal.get("visitor", ""), personal.get("plate", "")
