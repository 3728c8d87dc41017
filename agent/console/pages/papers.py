"""What leaves the screen on paper or as a file: plain, and with where it comes from.

Rules kept here:
- on every paper stand the estate's name, the gate, the period and who printed it;
- a table is CSV as spreadsheets read it (RFC 4180, UTF-8 with its mark); a cell that would be taken
  for a formula is marked as text;
- a table is made whole before it is sent, so that the journal knows what left the gate;
- a handover is shown as it was counted and as it was booked, with every difference.
"""

import csv
import hashlib
import io
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agent.console import desk
from agent.console.pages import sealed
from agent.console.words import N_, Words
from agent.core.plan_books import BooksPlan
from agent.store.reading import Reading

SIGNED: Mapping[str, str] = {"card": N_("signed with the card"), "pin": N_("signed with the PIN")}
OPEN: Mapping[str, str] = {
    "visits": N_("visitors inside"),
    "help": N_("help requests"),
    "notices": N_("notices"),
    "duties": N_("duties at the lanes"),
    "unsigned": N_("acts to be written up"),
    "alarms": N_("alarms"),
    "overrides": N_("overrides in this shift"),
}
_MEMORY = 1 << 20
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def printed(request: Request) -> dict[str, str]:
    """Where a paper comes from."""
    words, site, who = desk.words(request), desk.site(request), desk.guard(request)
    return {
        "estate": site.plan.books.texts.get("estate", site.plan.estate),
        "gate": site.name,
        "time": words.full(time.time_ns() // 1000),
        "guard": who.name if who else "",
    }


def table(
    reading: Reading, name: str, head: Sequence[str], rows: Iterable[Sequence[object]]
) -> tuple[IO[bytes], dict[str, object]]:
    """A file with these columns, at its begin, and the form that notes that it left."""
    made: IO[bytes] = tempfile.SpooledTemporaryFile(_MEMORY)  # noqa: SIM115 - `sent` closes it
    digest, lines = hashlib.sha256(), 0
    for line in _lines(head, rows):
        digest.update(line)
        made.write(line)
        lines += 1
    made.seek(0)
    sequence, last = reading.head()
    told = {"file": name, "sha256": digest.hexdigest(), "rows": lines - 1}
    return made, {**told, "head": f"{sequence}:{last.hex()}"}


def sent(name: str, made: IO[bytes]) -> Response:
    """The file as it is downloaded."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(
        sealed.sent(made), media_type="text/csv; charset=utf-8", headers=headers
    )


def _lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    line = io.StringIO()
    writer = csv.writer(line)
    mark = "\ufeff"
    for cells in (head, *rows):
        writer.writerow([safe(cell) for cell in cells])
        yield (mark + line.getvalue()).encode()
        mark = ""
        line.seek(0)
        line.truncate()


def safe(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def what(name: str, words: Words) -> str:
    """What was counted: ``cash.CNY``, ``documents``, ``cards``."""
    if name.startswith("cash."):
        return words.filled(N_("cash in %(currency)s"), {"currency": name[5:]})
    return words({"documents": N_("documents and things"), "cards": N_("cards")}.get(name, name))


def amount(name: str, number: int, words: Words, books: BooksPlan) -> str:
    """A count as it is shown: money as money."""
    if name.startswith("cash."):
        return words.money(number, name[5:], books.digits)
    return words.count(number)


def _signed(name: str, difference: int, words: Words, books: BooksPlan) -> str:
    told = amount(name, difference, words, books)
    return f"+{told}" if difference > 0 else told


def handed(
    row: Mapping[str, Any], words: Words, books: BooksPlan, names: Mapping[str, str]
) -> dict[str, Any]:
    """How a shift was handed over, as its entry tells."""
    data = row["data"]
    counted, booked = data["counted"], data["booked"]
    signed = data.get("signed", {})
    lines = [
        {
            "what": what(name, words),
            "booked": amount(name, booked.get(name, 0), words, books),
            "counted": amount(name, counted.get(name, 0), words, books),
            "differs": counted.get(name, 0) != booked.get(name, 0),
            "difference": _signed(name, counted.get(name, 0) - booked.get(name, 0), words, books),
        }
        for name in (*booked, *(name for name in counted if name not in booked))
    ]
    return {
        "time": words.full(row["time_us"]),
        "from": names.get(data["from"], data["from"]),
        "to": names.get(data["to"], data["to"]),
        "signed_from": words(SIGNED.get(signed.get("from", ""), "")),
        "signed_to": words(SIGNED.get(signed.get("to", ""), "")),
        "lines": lines,
        "open": [
            {"what": words(OPEN.get(name, name)), "count": count}
            for name, count in data.get("open", {}).items()
        ],
        "note": row["personal"].get("text_private", ""),
    }
