"""Health: every part of the gate, and of this screen, in one table."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console import desk, parts
from agent.console.pages.counted import counted
from agent.console.said import translated
from agent.console.words import Words


def health(request: Request) -> Response:
    """``/health``."""
    return desk.render(request, "health.html", parts=_parts(request), memory=_memory_mb())


def now(request: Request) -> Response:
    """``/health/now``: the table alone."""
    return desk.render(request, "_health_now.html", parts=_parts(request), memory=_memory_mb())


def _parts(request: Request) -> list[dict[str, str]]:
    words = desk.words(request)
    return [_part(words, part) for part in desk.picture(request).parts]


def _part(words: Words, part: object) -> dict[str, str]:
    told = dict(part) if isinstance(part, dict) else {}
    name, condition = str(told.get("part", "")), str(told.get("condition", ""))
    counters = told.get("counters") or {}
    return {
        "name": parts.name(words, name),
        "condition": condition,
        "tone": parts.TONES.get(condition, "wait"),
        "detail": translated(words, str(told.get("detail", ""))),
        "counters": counted(words, counters),
    }


def _memory_mb() -> int:
    """Resident memory of this process in MB (proc(5), VmRSS)."""
    status = Path("/proc/self/status").read_text("ascii", "replace")
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


def routes() -> list[Route]:
    """The routes of this page."""
    return [Route("/health", health), Route("/health/now", now)]
