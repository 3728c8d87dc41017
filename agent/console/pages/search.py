"""Search: movements by any part of a name, plate, unit or card, by lane and time; and exports.

Rules kept here:
- what is looked for is kept in the session, never in an address; it stays there to be changed;
- the newest come first, in pages; how far the index has come is said when it is behind;
- an export holds all that was found, with a seal that names the journal's head and who made it;
  what is more than one holds is refused, with the time from which on it fits;
- driver and companions are added to a movement, never changed in it.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console import desk
from agent.console.indexing import index_path
from agent.console.pages import entries, papers, sealed, told
from agent.console.pages.sent import FIND, Deed, Form, asked, take
from agent.console.site import Site
from agent.console.words import N_, Words
from agent.errors import GateError
from agent.store.index import Found, SearchIndex
from agent.store.queries import counts
from agent.store.queries.table import Row
from agent.store.reading import Reading
from agent.store.words import Wanted

KINDS: Mapping[str, str] = {
    "gate.access.": N_("cards at the lanes"),
    "gate.passage.": N_("passages"),
    "gate.visit.": N_("visits"),
    "gate.deposit.": N_("deposits"),
    "gate.card.": N_("cards at the desk, and changes of cards"),
    "gate.arm.": N_("arms"),
    "": N_("everything"),
}
FIRST = "gate.access."
PAGE = 50
MOST = 100_000
"""Lines of one export: a file of some ten megabytes, made while somebody waits for it."""
_TOO_MANY = N_(
    "More than %(most)s lines were found, and one export holds no more: nothing was exported. "
    "Search from %(time)s on and export that; then do so up to the minute before."
)
_BATCH = 500
_MINUTE_US = 60_000_000
_TEXTS = ("text", "person", "plate", "unit", "card", "lane")
_NOTABLE = ("gate.access.granted.v1", "gate.passage.ended.v1")
DEEDS: Mapping[str, Deed] = {
    "note": Deed(
        "passage.note",
        N_("It is added to the movement."),
        ("driver", "companions"),
        row=("sequence",),
    ),
}


class TooManyError(GateError):
    """More was found than ``most`` rows; from the full minute ``back_us`` on it is not more."""

    def __init__(self, most: int, last_us: int) -> None:
        super().__init__(f"more than {most} rows: export them in parts")
        self._most = most
        self.back_us = -(-last_us // _MINUTE_US) * _MINUTE_US

    def says(self, words: Words) -> str:
        """How to narrow the search."""
        values = {"most": words.count(self._most), "time": words.full(self.back_us)}
        return words.filled(_TOO_MANY, values)


def wanted(form: Form, site: Site) -> Wanted:
    """What the form looks for. Times are local times of the gate; an end is the whole minute."""
    texts = {name: form.get(name, "") for name in _TEXTS}
    kind = form.get("type", FIRST)
    return Wanted(
        **texts,
        type=kind if kind in KINDS else FIRST,
        since=_moment(form.get("since", ""), site),
        until=_moment(form.get("until", ""), site, 59_999_999),
    )


def _moment(text: str, site: Site, more_us: int = 0) -> int | None:
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=site.timezone)
    except ValueError:
        return None
    return int(local.timestamp()) * 1_000_000 + more_us


def search(request: Request) -> Response:
    """The page."""
    sent, leads = take(request, DEEDS)
    if leads is not None:
        return leads
    words, site, query = desk.words(request), desk.site(request), request.query_params
    form = asked(request) or ({"card": query["card"]} if query.get("card") else {})
    before = int(query["before"]) if query.get("before", "").isdecimal() else 0
    with desk.reading(request) as reading:
        found = _find(reading, site, wanted(form, site), PAGE, before) if form else None
        numbers = counts.counts(reading, site.plan)
    return desk.render(
        request,
        "search.html",
        sent.status,
        answer=sent.told,
        sheet=sent.sheet,
        asked={"type": FIRST, **form},
        key=query.get(FIND, ""),
        found=[_shown(row, words, site) for row in _told(found.rows)] if found else None,
        before=found.before if found else 0,
        behind=found.head - found.upto if found else 0,
        inside=numbers["inside"],
        kinds=told.options(KINDS, words),
        lanes=[(lane, site.lane(lane)) for lane in site.plan.lanes],
        noting=query.get("note", "") or sent.values.get("sequence", ""),
    )


def _find(reading: Reading, site: Site, what: Wanted, limit: int, before: int) -> Found:
    with SearchIndex.open(index_path(site)) as index:
        return index.find(reading, what, limit, before)


def _told(rows: Iterable[Row]) -> Iterator[Row]:
    now_us = time.time_ns() // 1000
    return (row for row in rows if not entries.hushed(row, now_us))


def _shown(row: Row, words: Words, site: Site) -> dict[str, Any]:
    personal = row["personal"]
    data: Mapping[str, Any] = row["data"]
    line = entries.line(row, words, site)
    who = personal.get("visitor") or personal.get("holder") or personal.get("driver") or ""
    return line | {
        "moment": words.full(row["time_us"]),
        "who": who or (words(N_("(erased)")) if row["erased"] else ""),
        "towards": personal.get("unit") or personal.get("department") or "",
        "plate": personal.get("plate", ""),
        "more": entries.about(row, words),
        "kind": words(told.CARD_KINDS.get(str(data.get("kind", "")), "")),
        "notable": row["type"] in _NOTABLE,
        "of": str(data.get("of", "")) if row["type"] == "gate.passage.noted.v1" else "",
    }


def export(request: Request) -> Response:
    """``/search/export?find=…&as=csv|jsonl``: all that was found, sealed."""
    words, site, form = desk.words(request), desk.site(request), asked(request, "/search")
    if not form:
        says = words(N_("Search first: there is nothing to export."))
        return desk.see(request, "/search", says, "bad")
    way = "jsonl" if request.query_params.get("as") == "jsonl" else "csv"
    stamp = words.local(time.time_ns() // 1000).strftime("%Y%m%d-%H%M%S")
    name = f"movements-{site.plan.agent}-{stamp}.{way}"
    about = "; ".join(f"{key}: {text}" for key, text in sorted(form.items()) if text)
    back = f"/search?find={request.query_params.get(FIND, '')}"
    try:
        with desk.reading(request) as reading:
            rows = everything(reading, site, wanted(form, site), words)
            who = papers.printed(request)["guard"]
            made, seal = sealed.archive(reading, name, rows, who, about)
    except TooManyError as fault:
        return desk.see(request, back, fault.says(words), "bad")
    # Nothing leaves the gate that the journal does not know of.
    noted = desk.act(request, "evidence.export", sealed.noted(seal))
    if not noted.done:
        made.close()
        return desk.see(request, "/search", noted.says(words), noted.tone)
    return sealed.answer(name, made)


def everything(
    reading: Reading, site: Site, what: Wanted, words: Words, most: int = MOST
) -> Iterator[Mapping[str, object]]:
    """Every row that is found, newest first; raises TooManyError behind the last of ``most``."""
    before = count = last_us = 0
    while True:
        found = _find(reading, site, what, _BATCH, before)
        for row in found.rows:
            if count == most:
                raise TooManyError(most, last_us)
            count, last_us = count + 1, row["time_us"]
            yield sealed.fields(row, words.local(row["time_us"]).isoformat(timespec="milliseconds"))
        before = found.before
        if not before:
            return


def routes() -> list[Route]:
    """The routes of this page."""
    return [
        Route("/search", search, methods=["GET", "POST"]),
        Route("/search/export", export),
    ]
