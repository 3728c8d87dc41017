"""Forms that were begun and left: a guard who is called away finds what he had typed.

Rules kept here:
- a draft lies in the memory of the console, in its session, and nowhere else: not in the browser,
  not on the disk;
- it keeps the id of the order that it is to be, so that it stays one order;
- what was sent is no draft any more, also when the news of it come late.
"""

from starlette.requests import Request
from starlette.responses import Response

from agent.console import desk

_OURS = frozenset({"csrf", "pin", "do"})


def keep(request: Request, path: str) -> Response:
    """Keep what is typed into the form at ``path`` until it is shown again."""
    held, typed = desk.session(request), desk.form(request)
    if typed.get("order_id") not in held.orders:
        held.keep(path, {name: text for name, text in typed.items() if name not in _OURS})
    return Response(status_code=204)


def drop(request: Request, path: str) -> None:
    """Forget the draft of the form at ``path``: it was sent, or is not wanted any more."""
    desk.session(request).drafts.pop(path, None)
