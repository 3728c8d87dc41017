"""A plate that is being typed: what is probably wrong with it, and what was probably meant.

Rules kept here:
- every plate is taken; a hint stands beside the form and keeps nobody from going on;
- a hint comes when a plate is as long as one, not at every letter before that.
"""

from collections.abc import Mapping
from typing import Any

from agent.console.words import N_, Words
from agent.core import plates

SHORTEST = 7
COUNTRY = "cn"
"""Where plates are those of GA 36."""
PLATE = N_("Plate")
TAKE = N_("take %(plate)s")
_HINTS = (
    N_("A plate begins with its province: look at it once more."),
    N_("After the province comes a letter, A to Z without I."),
    N_("The letters I and O do not occur here: is it a 1 or a 0?"),
    N_("A plate has 7 characters, that of a new-energy vehicle 8."),
    N_("This is no plate that we know: look at it once more."),
)
"""The hints of `agent.core.plates`, marked to be translated."""


def lines(typed: Mapping[str, str], words: Words) -> list[dict[str, Any]]:
    """A line with the hint, which fills in the plate that was meant where there is a good guess."""
    found = plates.read(typed.get("plate", ""))
    if not found.hint or len(found.text) < SHORTEST:
        return []
    line: dict[str, Any] = {"title": words(found.hint), "note": ""}
    if found.guess:
        shown = plates.shown(found.guess)
        line |= {"note": words.filled(TAKE, {"plate": shown}), "fill": {"plate": shown}}
    return [line]
