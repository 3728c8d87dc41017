"""News to the browsers: server-sent events, from the link's threads to any number of pages.

Rules kept here:
- an event says what changed, never whom it is about: the page asks for it with its own session;
- what is silent at the booth is told to no page: not even that something happened;
- every page hears a beat each second, and from it knows that the console lives and how old its
  picture of the gate is;
- a page that does not keep up is cut and comes back by itself; the number of pages is bounded.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from agent.console.link import Link, Picture
from agent.console.parts import header
from agent.core.project_alarms import silent

PAGES = 32
BEAT_S = 1.0
_BACKLOG = 64
_DESK = "gate.card.presented.v1"
_TAPS = ("gate.access.", "gate.passage.", "gate.arm.ordered.")


class Live:
    """The hub. `tell` may be called from any thread once `open` has run in the event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pages: set[asyncio.Queue[bytes | None]] = set()

    def open(self) -> None:
        """Begin, in the event loop that serves the pages."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """End every stream."""
        for page in self._pages:
            _put(page, None)
        self._loop = None

    def tell(self, news: Mapping[str, Any]) -> None:
        """Hear the link's news and pass them on."""
        loop = self._loop
        entry = news.get("entry")
        if entry is not None and silent(entry["type"], entry["data"]):
            return
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._spread, _event(news))

    def _spread(self, event: bytes) -> None:
        for page in self._pages:
            _put(page, event)

    async def stream(self, request: Request) -> Response:
        """``/events``."""
        if len(self._pages) >= PAGES:
            return PlainTextResponse("too many pages are open\n", 503)
        link: Link = request.app.state.link
        return StreamingResponse(
            self._events(link),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def _events(self, link: Link) -> AsyncIterator[bytes]:
        page: asyncio.Queue[bytes | None] = asyncio.Queue(_BACKLOG)
        self._pages.add(page)
        try:
            yield b"retry: 700\n\n" + beat(link.picture)
            while True:
                try:
                    event = await asyncio.wait_for(page.get(), BEAT_S)
                except TimeoutError:
                    event = beat(link.picture)
                if event is None:
                    return
                yield event
        finally:
            self._pages.discard(page)


def beat(picture: Picture) -> bytes:
    """How the gate's daemon is, as the page hears it."""
    age_s = round(time.monotonic() - picture.heard_s, 1) if picture.heard_s else None
    told = {
        **header(picture)._asdict(),
        "fresh": picture.fresh,
        "age": age_s,
        "since": picture.heard_us,
        "now": time.time_ns() // 1000,
        "sequence": picture.sequence,
    }
    return _line("beat", told)


def _event(news: Mapping[str, Any]) -> bytes:
    if "link" in news:
        return beat(news["link"])
    if "lane" in news:
        return _line("lane", {"lane": news["lane"]["lane"]})
    entry = news["entry"]
    kind, data = str(entry["type"]), entry["data"]
    told = {"sequence": entry["sequence"], "type": kind, "lane": data.get("lane", "")}
    if kind == _DESK:
        told |= {"desk": data.get("desk", ""), "card": data.get("card", "")}
        return _line("card", told)
    if kind == "gate.access.referred.v1":
        told["duty"] = data.get("duty", "")
    told["tap"] = kind.startswith(_TAPS)
    return _line("entry", told)


def _line(name: str, told: Mapping[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n".encode()


def _put(page: "asyncio.Queue[bytes | None]", event: bytes | None) -> None:
    """Hand an event to a page; one that does not keep up is ended instead."""
    try:
        page.put_nowait(event)
    except asyncio.QueueFull:
        while not page.empty():
            page.get_nowait()
        page.put_nowait(None)
