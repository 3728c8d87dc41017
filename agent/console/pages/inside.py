"""Inside: the people and vehicles that are in the estate now, as far as the gate knows.

Rules kept here:
- presence follows passages; a visit that is open without one (on foot, without a sensor) is shown
  as a visit, and said to be that;
- what no sensor saw is marked; what cannot be known is left out, never guessed.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console import desk
from agent.console.pages import filled, told
from agent.console.site import Site
from agent.console.words import N_, Words
from agent.store.inside import Inside
from agent.store.queries import counts as books_counts
from agent.store.queries import visits as books_visits

MOST = 300
WHATS: Mapping[str, str] = {
    "": N_("everybody"),
    "people": N_("people"),
    "vehicles": N_("vehicles"),
    "visits": N_("visitors"),
}
_VEHICLES = frozenset({"vehicle", "visitor_vehicle"})
_SEARCHED = ("name", "unit", "plate", "card", "note")


def routes() -> list[Route]:
    """The routes of this module."""
    return [Route("/inside", page)]


def page(request: Request) -> Response:
    """Who is inside, narrowed by a text."""
    words, site = desk.words(request), desk.site(request)
    asked = filled.plain(request.query_params.get("q", ""))
    what = request.query_params.get("what", "")
    now_us = time.time_ns() // 1000
    with desk.reading(request) as reading:
        visits = books_visits.visits(reading, "open", 1000)
        seen = list(_wanted(reading.inside(), what))
        zones = books_counts.counts(reading, site.plan)["zones"]
    behind = {row["card"]: row for row in visits if row["card"]}
    people = [_seen(each, behind.get(each.card), words, site, now_us) for each in seen]
    present = {each.card for each in seen}
    if what in ("", "visits"):
        people += [
            _visiting(row, words, site, now_us) for row in visits if row["card"] not in present
        ]
    if what == "visits":
        people = [each for each in people if each["visit"]]
    found = [each for each in people if _holds(each, asked)]
    found.sort(key=lambda each: -each["since_us"])
    return desk.render(
        request,
        "inside.html",
        zones=[{**zone, "name": _zone(str(zone["zone"]), words)} for zone in zones],
        people=found[:MOST],
        more=len(found) > MOST,
        asked=asked,
        what=what,
        whats=told.options(WHATS, words),
    )


def _wanted(found: Iterable[Inside], what: str) -> Iterator[Inside]:
    for each in found:
        if what == "people" and each.kind in _VEHICLES:
            continue
        if what == "vehicles" and each.kind not in _VEHICLES:
            continue
        yield each


def _seen(
    each: Inside, visit: Mapping[str, Any] | None, words: Words, site: Site, now_us: int
) -> dict[str, Any]:
    shown = told.visit(visit, words, site.plan.books, now_us) if visit else None
    personal = each.personal
    notes = [
        text
        for text, holds in (
            (shown["overdue"] if shown else "", True),
            (words(N_("assumed: no sensor saw it")), each.assumed),
            (words(N_("the clock could not be trusted then")), not each.trusted),
            (words(N_("forgiven by an amnesty")), each.forgiven),
        )
        if text and holds
    ]
    return {
        "card": each.card,
        "kind": words(told.CARD_KINDS.get(each.kind, each.kind)),
        "name": shown["visitor"] if shown else personal.get("holder", ""),
        "unit": shown["towards"] if shown else _unit(personal),
        "plate": shown["plate"] if shown else personal.get("plate", ""),
        "since": words.moment(each.since_us),
        "since_us": each.since_us,
        "lane": site.lane(each.lane),
        "visit": visit["visit"] if visit else "",
        "note": ", ".join(notes),
    }


def _visiting(row: Mapping[str, Any], words: Words, site: Site, now_us: int) -> dict[str, Any]:
    shown = told.visit(row, words, site.plan.books, now_us)
    notes = (shown["overdue"], words(N_("open visit, no passage was seen")))
    return {
        "card": shown["card"],
        "kind": shown["kind"],
        "name": shown["visitor"],
        "unit": shown["towards"],
        "plate": shown["plate"],
        "since": shown["since"],
        "since_us": row["opened_us"],
        "lane": "",
        "visit": shown["visit"],
        "note": ", ".join(note for note in notes if note),
    }


def _unit(personal: Mapping[str, str]) -> str:
    return personal.get("unit", "") or personal.get("department", "")


def _holds(each: Mapping[str, Any], asked: str) -> bool:
    wanted = asked.casefold().replace(" ", "")
    return any(wanted in str(each[name]).casefold().replace(" ", "") for name in _SEARCHED)


def _zone(zone: str, words: Words) -> str:
    return words(N_("Inside")) if zone == "inside" else zone
