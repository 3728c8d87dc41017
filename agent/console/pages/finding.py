"""What the books know of somebody who is being typed in: bans first, then what fills the form.

Rules kept here:
- a ban is shown whenever its name, plate or card stands in the form, whatever is being typed;
- a suggestion fills fields that it knows and leaves the others alone; it never sends anything;
- the answer is groups of lines, already in the guard's language.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agent.console.pages import told
from agent.console.words import N_, Words
from agent.core.plan_books import BooksPlan

Row = Mapping[str, Any]

SHORTEST = 2
_LINES = 6
_FILLS = ("visitor", "company", "host", "unit", "department", "plate", "phone")


def bare(text: str) -> str:
    """A name or plate without what people write differently: blanks, dots, dashes, case."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def banned(bans: Iterable[Row], typed: Mapping[str, str]) -> list[Row]:
    """The bans whose name, plate or card stands in the form."""
    found = []
    for ban in bans:
        personal = ban["personal"]
        pairs = (
            (personal.get("visitor", ""), typed.get("visitor", "")),
            (personal.get("plate", ""), typed.get("plate", "")),
            (ban.get("card", ""), typed.get("card", "")),
        )
        if any(bare(mine) and bare(mine) == bare(theirs) for mine, theirs in pairs):
            found.append(ban)
    return found


def fills(row: Row, kind: str = "") -> dict[str, str]:
    """The fields that a row of the books can fill in."""
    known = {name: str(row["personal"].get(name, "")) for name in _FILLS}
    return {name: text for name, text in known.items() if text} | ({"kind": kind} if kind else {})


def ban_lines(bans: Sequence[Row], words: Words) -> list[dict[str, Any]]:
    """What every later shift is to know of them."""
    return [
        {
            "title": " ".join(
                text
                for text in (told.person(ban, words), ban["personal"].get("plate", ""), ban["card"])
                if text
            ),
            "note": words.filled(
                N_("not to be let in: %(reason)s (%(by)s, %(since)s)"),
                {
                    "reason": ban["reason"],
                    "by": ban["by"],
                    "since": words.moment(ban["at_us"]),
                },
            ),
        }
        for ban in bans[:_LINES]
    ]


def expected_lines(rows: Sequence[Row], words: Words) -> list[dict[str, Any]]:
    """Appointments that may be meant."""
    return [
        {
            "title": told.person(row, words) or row["personal"].get("company", "") or "—",
            "note": " · ".join(
                text
                for text in (
                    words.moment(row["from_us"]),
                    row["personal"].get("company", ""),
                    row["personal"].get("plate", ""),
                    "→ " + (towards(row) or "—"),
                )
                if text
            ),
            "fill": fills(row, row["kind"])
            | {"appointment": row["appointment"], "answer": "expected"},
        }
        for row in rows[:_LINES]
    ]


def earlier_lines(rows: Sequence[Row], words: Words) -> list[dict[str, Any]]:
    """Who was here before."""
    return [
        {
            "title": told.person(row, words) or row["personal"].get("plate", "") or "—",
            "note": " · ".join(
                text
                for text in (
                    words.day(row["opened_us"]),
                    row["personal"].get("company", ""),
                    row["personal"].get("plate", ""),
                    "→ " + (towards(row) or "—"),
                )
                if text
            ),
            "fill": fills(row, row["kind"]),
        }
        for row in rows[:_LINES]
        if not row["erased"] or row["personal"]
    ]


def host_lines(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Residents and departments of the directory, as the ones to see."""
    return [
        {
            "title": row["name"],
            "note": " · ".join(text for text in (row["unit"], row["department"]) if text),
            "fill": {
                name: text
                for name, text in (
                    ("host", row["name"]),
                    ("unit", row["unit"]),
                    ("department", row["department"]),
                )
                if text
            },
        }
        for row in rows[:_LINES]
    ]


def visit_lines(
    rows: Sequence[Row], words: Words, books: BooksPlan, now_us: int
) -> list[dict[str, Any]]:
    """Open visits, as the way out finds them."""
    shown = [told.visit(row, words, books, now_us) for row in rows[:_LINES]]
    return [
        {
            "title": " ".join(text for text in (each["card"], each["visitor"]) if text) or "—",
            "note": " · ".join(
                text
                for text in (each["plate"], each["towards"], each["held"], each["since"])
                if text
            ),
            "href": f"/visitor-out?visit={each['visit']}",
        }
        for each in shown
    ]


def group(title: str, items: Sequence[Mapping[str, Any]], tone: str = "") -> list[dict[str, Any]]:
    """A group with a heading; none where there is nothing in it."""
    return [{"title": title, "items": list(items), "tone": tone}] if items else []


def towards(row: Row) -> str:
    """Where somebody wants to go."""
    names = ("unit", "department", "host")
    return " ".join(text for name in names if (text := row["personal"].get(name, "")))
