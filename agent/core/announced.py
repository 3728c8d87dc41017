"""Announced passages: an ambulance, a convoy or the like that is expected, with its way.

Rules kept here:
- what is announced is for the guard's eyes: it opens nothing, a priority passage does;
- a priority passage that names it uses it up; it ends at its time, or when somebody ends it.
"""

from collections.abc import Mapping

from agent.core.arm_orders import CONVOY
from agent.core.ask import Act, Ask, Book, Sweep
from agent.core.booking import LINE, book, by, found, span
from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.needs import Need

KINDS = ("ambulance", "fire_engine", "police", "funeral", "wedding", "other")


def made(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{kind, count?, route, unit?, from?, until?}``; without an end it ends with its day."""
    form = ask.form
    kind = form.choice("kind", KINDS)
    count = form.whole("count", 1, CONVOY, 1)
    route = form.text("route", LINE, needed=True)
    begins, ends = span(ask, ends=True)
    announced = out.new_id()
    data: dict[str, object] = {
        "announced": announced,
        "kind": kind,
        "count": count,
        "route": route,
        "fromus": begins,
        "untilus": ends,
    }
    unit = {"unit": form.text("unit")}
    book(ask, out, EntryType.PRIORITY_ANNOUNCED, f"priority/{announced}", data, unit)
    return {"announced": announced}


def ended(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{announced}``: it came, or comes no more."""
    row = found(ask, "announced", "announced", "open", "used")
    data = {"announced": row["announced"], "by": "guard"}
    book(ask, out, EntryType.PRIORITY_ENDED, f"priority/{row['announced']}", data)
    return {"announced": row["announced"]}


def _due(_now_us: int) -> tuple[Need, ...]:
    return (
        Need("announced", state="open", name="announced.open"),
        Need("announced", state="used", name="announced.open"),
    )


def _swept(ask: Ask, out: Draft) -> None:
    for row in ask.rows("announced.open"):
        if row["until_us"] <= ask.now_us:
            data = {"announced": row["announced"], "by": "time"}
            out.write(EntryType.PRIORITY_ENDED, f"priority/{row['announced']}", data)


BOOK = Book(
    {
        "priority.announce": Act(made),
        "priority.end": Act(ended, by("announced", "announced")),
    },
    (Sweep(_due, _swept),),
)
