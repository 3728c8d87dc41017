"""Receipts on their way to the printer: asked for over the control socket, read from the books.

Rules kept here:
- what is printed is what the journal says, under the number that it has there;
- nobody waits for paper, and no printer is no fault: the browser prints then;
- a receipt that is asked for once more says so.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from agent.control.server import Handler, Peer
from agent.core.plan_books import BooksPlan
from agent.core.receipt import Held, Receipt, lines
from agent.errors import GateError
from agent.ports import Printer
from agent.store.queries.table import Row, listed
from agent.store.queries.visits import visit
from agent.store.reading import Reading

Request = Mapping[str, Any]

_TEST = "这台打印机可以使用。This printer works."


def receipt(
    reading: Reading, number: int, timezone: tzinfo, *, again: bool = False
) -> Receipt | None:
    """The receipt with this number, as it was given; None when there is none."""
    rows = listed(reading, "deposits", "receipt = ?", (number,), "deposit")
    if not rows:
        return None
    first = rows[0]
    known = visit(reading, first["visit"]) or {}
    until_us = int(known.get("until_us", 0))
    return Receipt(
        number,
        str(first["card"]),
        _local(int(first["taken_us"]), timezone),
        tuple(_held(row) for row in rows),
        str(known.get("personal", {}).get("visitor", "")),
        str(known.get("by", "")),
        _local(until_us, timezone) if until_us else None,
        again,
    )


def _held(row: Row) -> Held:
    described = str(row["personal"].get("description", ""))
    return Held(str(row["kind"]), described, int(row["amount"]), str(row["pocket"]))


def _local(wall_us: int, timezone: tzinfo) -> datetime:
    return datetime.fromtimestamp(wall_us / 1e6, timezone).replace(tzinfo=None)


class Printing:
    """The operation ``print``. ``printer`` is None where none is configured."""

    def __init__(
        self,
        books: BooksPlan,
        timezone: tzinfo,
        reading: Callable[[], Reading],
        printer: Printer | None = None,
        columns: int = 32,
    ) -> None:
        self._books = books
        self._timezone = timezone
        self._reading = reading
        self._printer = printer
        self._columns = columns

    def handlers(self) -> Mapping[str, Handler]:
        """Every operation that can be asked."""
        return {"print": self.put}

    def put(self, request: Request, peer: Peer) -> object:
        """``{receipt: number, again?: bool}`` or ``{test: true}`` gives ``{waiting: count}``.

        Raises GateError when there is no printer, no such receipt, or too much waits already.
        """
        del peer
        if self._printer is None:
            raise GateError(
                "no printer is configured: add printer: to the settings, or print the page"
            )
        if request.get("test") is True:
            estate, gate = (self._books.texts.get(name, "") for name in ("estate", "gate"))
            return {"waiting": self._printer.put([estate or "gate-agent", gate, _TEST])}
        number = request.get("receipt")
        if isinstance(number, bool) or not isinstance(number, int):
            raise GateError("the number of a receipt is a whole number")
        with self._reading() as reading:
            found = receipt(reading, number, self._timezone, again=request.get("again") is True)
        if found is None:
            raise GateError(f"there is no receipt {number} in the books")
        return {"waiting": self._printer.put(lines(self._books, found, self._columns))}
