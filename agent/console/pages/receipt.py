"""The receipt of a visit: what was just done and what to tell the visitor, and a page to print.

Rules kept here:
- what is printed is what stands in the books now; a copy says that it is one;
- a form that is sent twice prints once;
- no printer is no fault: the browser prints the same page.
"""

import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console import desk
from agent.console.pages import filled, told
from agent.console.words import N_, Words
from agent.core.plan_books import BooksPlan
from agent.errors import GateError
from agent.store.queries import visits as books_visits

_PATH = "/receipt"
_PRINTER = "printer"
_PRINTED = "print"
SAY: Mapping[str, str] = {
    "viewing": N_("Please drive to the sales office at the club house; they know that you come."),
    "delivery": N_("Please keep to the route, unload quietly, and bring the card back here."),
    "": N_("Welcome. Please give the card back here when you leave, then you get this back."),
}


def routes() -> list[Route]:
    """The routes of this module."""
    return [Route(_PATH, page, methods=["GET", "POST"])]


def page(request: Request) -> Response:
    """The receipt of one visit; POST sends it to the receipt printer."""
    words = desk.words(request)
    typed, query = desk.form(request), request.query_params
    visit = typed.get("visit") or query.get("visit", "")
    if request.method == "POST":
        return _print(request, visit, typed.get("number", ""), again=bool(typed.get("again")))
    site, now_us = desk.site(request), time.time_ns() // 1000
    books, new = site.plan.books, query.get("new") == "1"
    with desk.reading(request) as reading:
        row = books_visits.visit(reading, visit)
    if row is None:
        return desk.see(request, "/visitor-out", words(N_("There is no such visit.")), "bad")
    shown = told.visit(row, words, books, now_us)
    deposits = [
        told.deposit({**each, "visit_row": row}, words, books, now_us) for each in row["deposits"]
    ]
    numbers = sorted({each["receipt"] for each in deposits})
    who = desk.guard(request)
    return desk.render(
        request,
        "receipt.html",
        filled=filled.Filled(words),
        visit=shown,
        new=new,
        tells=_tells(row, shown, deposits, words, books) if new else [],
        deposits=deposits,
        numbers=numbers,
        number=numbers[0] if numbers else "",
        estate=books.texts.get("estate", site.plan.estate),
        gate=site.name,
        taken=words.full(row["opened_us"]),
        guard_name=row["by"],
        printed=words.full(now_us),
        printed_by=who.name if who else "—",
        printer=any(str(part["part"]).startswith(_PRINTER) for part in desk.picture(request).parts),
    )


def _print(request: Request, visit: str, number: str, *, again: bool) -> Response:
    words, held = desk.words(request), desk.session(request)
    after = f"{_PATH}?visit={visit}"
    order_id = str(desk.form(request).get("order_id", ""))
    if held.orders.get(order_id) == _PRINTED:
        return desk.see(request, after)
    held.sent(order_id, _PRINTED)
    try:
        known = int(number) if number.isascii() and number.isdecimal() else 0
        desk.ask(request, "print", receipt=known, again=again)
    except GateError as fault:
        return desk.see(request, after, words(str(fault)), "bad")
    return desk.see(request, after, words(N_("The receipt is being printed.")))


def _tells(
    row: Mapping[str, Any],
    shown: Mapping[str, Any],
    deposits: list[dict[str, Any]],
    words: Words,
    books: BooksPlan,
) -> list[dict[str, str]]:
    """What was just done, where it went, and what to say to the visitor."""
    done = words(N_("Written down."))
    if shown["card"]:
        done = words.filled(N_("Card %(card)s is issued."), {"card": shown["card"]})
    tells = [("big", done)]
    for each in deposits:
        if each["pocket"]:
            where = words.filled(
                N_("Put it into pocket %(pocket)s: %(what)s"),
                {"pocket": each["pocket"], "what": each["label"]},
            )
        else:
            where = words.filled(N_("Into the cash box: %(amount)s"), {"amount": each["money"]})
        tells.append(("big", where))
    tells.append(("phrase", words(SAY.get(row["kind"], SAY[""]))))
    if row["bay"]:
        tells.append(("phrase", words.filled(N_("Please park in bay %(bay)s."), row)))
    if row["kind"] == "delivery":
        tells += [
            ("phrase", books.texts[name]) for name in ("route", "unloading") if name in books.texts
        ]
    return [{"style": style, "text": text} for style, text in tells]
