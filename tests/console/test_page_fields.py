"""What the pages send holds nothing that the gate would refuse as no field of the order."""

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from agent.console.app import make_app
from agent.console.pages import (
    appointments,
    bans,
    cards,
    coming,
    deposits,
    directory,
    goods,
    guards,
    handover,
    help,  # noqa: A004 - it is the page's name
    notices,
    search,
    shift,
    visitor_out,
)
from agent.console.pages.sent import Deed
from agent.core import call_orders
from agent.core.fields import FIELDS, unknown
from agent.core.visit_forms import KINDS
from agent.core.way_out import OUTCOMES
from tests.console.browsing import Browser, browsing
from tests.console.gate_end import GateEnd, site
from tests.console.test_page_orders import BOOKS, WORDS

KNOWN = {**FIELDS, **call_orders.FIELDS}
BEFORE = frozenset({"idnumber", "pins", "pin"})
"""What becomes something else, or is taken out, before the order exists."""
_ENDING = ("deposit", "end", "to", "why", "receipt_lost")
_GOODS = ("name", "line", "quantity")
DEEDS: list[Deed] = [
    deed
    for page in (bans, cards, directory, guards, help, notices, search, shift)
    for deed in page.DEEDS.values()
] + list(handover.deeds(BOOKS).values())


class Everything(dict[str, str]):
    """A page in which every field is filled in and every box is ticked."""

    def __init__(self, **more: str) -> None:
        lines = {
            f"{table}.{n}.{name}": "1"
            for table, n, name in product(
                ("deposits", "lines", "extra", "ticks"),
                range(2),
                (*coming.DEPOSIT, *_ENDING, *_GOODS),
            )
        }
        others = {"lane.in-1": "1", "cash.CNY": "5", "presented.from": "7", "pins.to": "1"}
        super().__init__({**lines, **others, **more})

    def __missing__(self, name: str) -> str:
        return "1"

    def get(self, name: str, default: Any = None) -> Any:
        del default
        return self[name]

    def __contains__(self, name: object) -> bool:
        return True


def strange(kind: str, form: Mapping[str, object]) -> list[str]:
    return [path for path, _, _ in unknown(form, KNOWN[kind] | BEFORE)]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.kind)
def test_a_deed_sends_what_its_order_knows(deed: Deed) -> None:
    assert strange(deed.kind, deed.wanted(Everything())) == []


def forms() -> Iterator[tuple[str, Mapping[str, Any]]]:
    row = {"personal": {}, "bay": ""}
    for kind in KINDS:
        yield "visit.open", coming.opened(Everything(kind=kind), BOOKS, "in-1")
    yield "visit.decline", coming.declined(Everything())
    yield "ban.set", coming.ban(Everything(), WORDS)
    for outcome in OUTCOMES:
        yield "visit.end", visitor_out.ended(Everything(), outcome, "out-1")
    yield "visit.change", visitor_out.changed(Everything(), row)
    yield "slip.receive", goods.received(Everything())
    yield "slip.use", goods.used(Everything(), "out-1")
    yield "inspection.make", goods.inspected(Everything(), "out-1", release=True)
    for what in ("take", "end", "move", "reverse"):
        yield f"deposit.{what}", deposits.form_of(what, Everything(), BOOKS)
    for what in ("make", "move", "cancel"):
        yield f"appointment.{what}", appointments._form(what, Everything())


def test_a_page_sends_what_its_order_knows() -> None:
    for kind, form in forms():
        assert form, kind
        assert strange(kind, form) == [], (kind, form)


def test_a_button_of_the_gate_page_sends_what_its_order_knows(tmp_path: Path) -> None:
    """One dialog has the fields of both answers."""
    typed = {"lane": "in-1", "card": "K-1", "document": "work_permit", "reason": "not the holder"}
    with GateEnd(tmp_path, ledger=True) as gate, browsing(make_app(site(tmp_path))) as made:
        browser: Browser = made
        browser.sign_on()
        for kind in ("bearer.confirm", "bearer.refuse", "duty.dismiss", "open"):
            browser.order(kind=kind, **typed)
    sent = [(order["kind"], set(order["form"])) for order in gate.orders]
    assert sent == [
        ("bearer.confirm", {"lane", "card", "document"}),
        ("bearer.refuse", {"card", "reason"}),
        ("duty.dismiss", {"lane", "reason"}),
        ("open", set()),
    ]
