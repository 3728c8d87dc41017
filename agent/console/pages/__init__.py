"""The pages of the guard's screen: one module each, one table of all.

A module gives ``routes() -> list[Route]``; its functions are plain ones and may read the ledger and
wait for the daemon (`agent.console.desk`), since a thread of the pool runs them.
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from starlette.routing import BaseRoute

from agent.console.words import N_


@dataclass(frozen=True, slots=True)
class Page:
    """``path`` is its address, ``key`` the function key that leads there, ``module`` what makes it.

    ``menu`` is the key in the menu of all pages (F8), ``short`` the title on the function key.
    """

    path: str
    title: str
    module: str
    key: str = ""
    menu: str = ""
    short: str = ""

    @property
    def there(self) -> bool:
        """Is it part of this console?"""
        return find_spec(f"{__name__}.{self.module}") is not None


_ALL = (
    Page("/", N_("Gate"), "gate", menu="0"),
    Page("/visitor-in", N_("Visitor in"), "visitor_in", "F1", "1"),
    Page("/visitor-out", N_("Visitor out"), "visitor_out", "F2", "2"),
    Page("/goods", N_("Goods"), "goods", "F3", "3"),
    Page("/directory", N_("Directory and calls"), "directory", "F4", "4", N_("Calls")),
    Page("/deposits", N_("Deposits"), "deposits", menu="5"),
    Page("/inside", N_("Inside"), "inside", menu="6"),
    Page("/appointments", N_("Appointments"), "appointments", menu="7"),
    Page("/help", N_("Help requests"), "help", menu="8"),
    Page("/notices", N_("Notices"), "notices", menu="9"),
    Page("/shift", N_("Shift"), "shift", menu="S"),
    Page("/cards", N_("Cards"), "cards", menu="C"),
    Page("/bans", N_("Bans"), "bans", menu="B"),
    Page("/guards", N_("Guards"), "guards", menu="G"),
    Page("/search", N_("Search"), "search", menu="F"),
    Page("/health", N_("Health"), "health", menu="H"),
    Page("/sign-on", N_("Sign on"), "sign_on", menu="P"),
)
PAGES = tuple(page for page in _ALL if page.there)
"""The pages in the order of the menu."""

_MORE = ("session",)


def routes() -> list[BaseRoute]:
    """The routes of all pages."""
    made: list[BaseRoute] = []
    for name in (*(page.module for page in PAGES), *_MORE):
        made += import_module(f"{__name__}.{name}").routes()
    return made
