"""The console as an application: its pages, its guard at the door, its line to the daemon."""

import contextlib
import functools
import hashlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from agent.console import desk, words
from agent.console.glance import Glance
from agent.console.indexing import Indexing
from agent.console.link import Link
from agent.console.live import Live
from agent.console.metrics import Metrics, metrics
from agent.console.pages import PAGES, routes
from agent.console.security import HEADERS, Guarded
from agent.console.sessions import Sessions
from agent.console.site import Site
from agent.console.templating import environment
from agent.core.arm_orders import CONVOY
from agent.errors import GateError

_STATIC = Path(__file__).parent / "static"
_THREADS = 10
_log = logging.getLogger("gate.console")


class _Files(StaticFiles):
    """Our own script and style sheet; their address changes with what they hold."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, which may be kept for ever."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def make_app(site: Site) -> Starlette:
    """The application; its link is taken up when it starts and let go of when it ends."""
    live = Live()
    link = Link(site.control, live.tell)
    indexing = Indexing(site)
    sessions = Sessions()

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
        live.open()
        link.start()
        indexing.start()
        try:
            yield
        finally:
            live.close()
            await anyio.to_thread.run_sync(link.stop)
            await anyio.to_thread.run_sync(indexing.stop)

    app = Starlette(
        routes=[
            *routes(),
            Route("/events", live.stream),
            Route("/metrics", metrics),
            Mount("/static", _Files(directory=_STATIC), name="static"),
        ],
        middleware=[Middleware(Guarded, sessions, site.hosts, secure=site.secure)],
        exception_handlers={GateError: _broken, HTTPException: _missing, Exception: _crashed},
        lifespan=lifespan,
    )
    extra = {"pages": PAGES, "static": _static, "languages": words.LANGUAGES, "convoy": CONVOY}
    texts = {each: words.load(each, site.timezone) for each in words.LANGUAGES}
    app.state.site = site
    app.state.live = live
    app.state.link = link
    app.state.glance = Glance()
    app.state.metrics = Metrics()
    app.state.sessions = sessions
    app.state.words = texts
    app.state.templates = {each: environment(found, extra) for each, found in texts.items()}
    return app


@functools.cache
def _static(name: str) -> str:
    """The address of one of our files, which changes when the file does."""
    digest = hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"


async def _broken(request: Request, fault: Exception) -> Response:
    """What the ledger or the daemon could not give: said on a page that has all keys."""
    _log.error("%s could not be shown: %s", request.url.path, fault)
    if request.method == "POST" and not desk.json_wanted(request):
        sent = desk.form(request)
        desk.session(request).keep(
            request.url.path, {k: v for k, v in sent.items() if "pin" not in k}
        )
    says = desk.words(request)(str(fault))
    if desk.json_wanted(request):
        return JSONResponse({"status": "failed", "tone": "bad", "says": says}, 503)
    return desk.render(request, "fault.html", 503, says=says)


async def _crashed(request: Request, fault: Exception) -> Response:
    """A fault of ours: it is in the log, and the page says no more than that."""
    del request, fault
    says = "This is a fault of the console; it is in its log. The gate goes on.\n"
    return PlainTextResponse(says, 500, dict(HEADERS))


async def _missing(request: Request, fault: Exception) -> Response:
    code = fault.status_code if isinstance(fault, HTTPException) else 500
    if code == 405 and request.method == "GET":
        return RedirectResponse("/", 303)
    says = desk.words(request)(words.N_("There is no such page here."))
    if desk.json_wanted(request):
        return JSONResponse({"status": "refused", "tone": "bad", "says": says}, code)
    return desk.render(request, "fault.html", code, says=says)
