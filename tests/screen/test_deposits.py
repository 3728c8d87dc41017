"""Deposits: taken all or none, ended once, and every way through when something went wrong."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

import pytest

from tests.patience import LIMIT_S, until
from tests.rigs.browser import Eyes
from tests.rigs.house import GRANTED, IN, OUT
from tests.rigs.screen import ScreenHouse
from tests.screen.conftest import Look
from tests.screen.ways import (
    CASH,
    GIVEN,
    LICENCE,
    OPENED,
    ZONE,
    drives_in,
    hold_to_desk,
    lets_out,
    referred,
    register,
    state,
)


@pytest.fixture(scope="module", autouse=True)
def late(house: ScreenHouse) -> str:
    """A visitor who should be gone within a minute or two; the last test here looks for it."""
    card = house.roster.draw("visitor")
    ends = (datetime.now(ZONE) + timedelta(seconds=75)).replace(tzinfo=None).isoformat()
    form = {"kind": "resident", "visitor": "迟到的客人", "unit": "8-1203", "answer": "host_agreed"}
    held = {"kind": "driving_licence", "pocket": "66", "description": "A 1"}
    opened = house.act("visit.open", form | {"card": card, "until": ends, "deposits": [held]})
    return str(opened["result"]["visit"])


def visitor(desk: Eyes, deposit: Mapping[str, str | bool], **more: str) -> dict[str, object]:
    """A visitor who is inside."""
    card = desk.house.roster.draw("visitor")
    fields = {"visitor": f"客人{card}", "host": "陈经理", "answer": "host_agreed", **more}
    visit = register(desk, "company", fields, deposit, card=card)
    drives_in(desk)
    return visit


def held(desk: Eyes, visit: dict[str, object]) -> dict[str, object]:
    """The one deposit of a visit."""
    return desk.house.row("deposits", visit=visit["visit"])


def test_all_or_none(desk: Eyes) -> None:
    """A pocket that is full: no visit, no card, no deposit, and what was typed is still there."""
    first = visitor(desk, LICENCE)
    pocket = str(held(desk, first)["pocket"])
    card = desk.house.roster.draw("visitor")
    desk.go("/visitor-in")
    desk.fill({"kind": "company", "visitor": f"客人{card}", "host": "陈经理"})
    desk.fill({"answer": "host_agreed"})
    desk.forgive("422")
    desk.fill(LICENCE | {"deposits.0.pocket": pocket})
    hold_to_desk(desk, card)
    after = desk.house.head()
    desk.press(f"open {IN}")
    desk.shows("[aria-invalid]")
    assert desk.field("visitor").input_value() == f"客人{card}"
    kinds = {entry.type for entry in desk.house.entries(after=after)}
    assert not kinds & {OPENED, GRANTED, "gate.pass.issued.v1", "gate.deposit.taken.v1"}
    desk.fill({"deposits.0.pocket": "77" if desk.language == "zh" else "78"})
    desk.press(f"open {IN}")
    desk.house.wait_entry(OPENED, after=after)
    drives_in(desk)


@pytest.mark.parametrize("end", ["forfeited", "refund_due", "transferred"])
def test_each_end(desk: Eyes, end: str) -> None:
    """It ends in one way, once; who sees it still open elsewhere ends it no second time."""
    visit = visitor(desk, CASH)
    deposit = str(held(desk, visit)["deposit"])
    desk.go(f"/deposits?deposit={deposit}")
    desk.fill({"end": end, "to": "管理处", "why": "按规定处理"})
    after = desk.house.head()
    desk.press("end")
    desk.house.wait_entry(GIVEN, after=after, deposit=deposit, end=end)
    assert state(desk, visit) == [end]
    form = {"deposit": deposit, "end": end, "to": "管理处", "why": "又一次"}
    if end != "refund_due":  # what is to be refunded is fetched one day
        desk.house.act("deposit.end", form, code=409)


def test_not_fetched(desk: Eyes) -> None:
    """The visitor left through another gate; what lay here goes to the office."""
    visit = visitor(desk, LICENCE)
    desk.go(f"/visitor-out?visit={visit['visit']}")
    details = desk.page.locator("fieldset.held details").first
    details.locator("summary").click()
    desk.fill({"deposits.0.end": "refund_due", "deposits.0.why": "没有来取"})
    desk.unfold("details.part")
    desk.fill({"reason": "从南门离开"})
    desk.press("end elsewhere")
    until(lambda: state(desk, visit) == ["refund_due"], "the deposit waits at the office")
    # Nothing lies here any more: its pocket is free, and the page asks for nothing.
    deposit = held(desk, visit)
    desk.go(f"/deposits?deposit={quote(str(deposit['deposit']), safe='')}")
    assert desk.page.locator('main button[name="do"]').count() == 0
    pocket = str(deposit["pocket"])
    desk.go("/visitor-in")
    free = desk.page.locator("[data-free]").get_attribute("data-free") or ""
    assert pocket in free.split()


def test_wrong_pocket(desk: Eyes) -> None:
    visit = visitor(desk, LICENCE)
    deposit = str(held(desk, visit)["deposit"])
    desk.go(f"/deposits?deposit={deposit}")
    pocket = "88" if desk.language == "zh" else "89"
    desk.fill({"pocket": pocket, "reason": "放错了"})
    desk.press("move")
    until(lambda: held(desk, visit)["pocket"] == pocket, "it lies in another pocket")


def test_reversal(desk: Eyes) -> None:
    """A guard's mistake is corrected by an entry of its own, never by an edit."""
    visit = visitor(desk, CASH)
    deposit = str(held(desk, visit)["deposit"])
    desk.go(f"/deposits?deposit={deposit}")
    desk.fill({"mistake": "没有收现金"})
    after = desk.house.head()
    desk.press("reverse")
    desk.house.wait_entry("gate.deposit.reversed.v1", after=after, deposit=deposit)
    assert state(desk, visit) == ["reversed"]


def test_receipt_lost(desk: Eyes) -> None:
    visit = visitor(desk, LICENCE)
    referred(desk, str(visit["card"]), "deposit_due")
    desk.go(f"/visitor-out?visit={visit['visit']}")
    desk.page.locator("fieldset.held details summary").first.click()
    desk.fill({"deposits.0.receipt_lost": True, "deposits.0.why": "核对过本人"})
    after = desk.house.head()
    lets_out(desk, visit)
    given = desk.house.data(desk.house.wait_entry(GIVEN, after=after))
    assert "receiptlost" in {key.replace("_", "") for key in given}


def test_card_lost(desk: Eyes) -> None:
    """The card is refused everywhere within seconds; found again it lies in the stock."""
    visit = visitor(desk, CASH)
    card = str(visit["card"])
    desk.go(f"/visitor-out?visit={visit['visit']}")
    desk.page.locator("fieldset.held details summary").first.click()
    desk.fill({"deposits.0.end": "forfeited", "deposits.0.why": "卡丢失"})
    desk.unfold("details.part")
    desk.fill({"reason": "卡丢失"})
    desk.press("end card_lost")
    until(lambda: desk.house.rows("passes", card=card)[0]["state"] == "lost", "the card is lost")
    after = desk.house.head()
    desk.house.tap_lane(IN, card)
    desk.house.wait_entry("gate.access.denied.v1", after=after, card=card)
    desk.house.act("pass.found", {"card": card})
    assert desk.house.rows("passes", card=card)[0]["state"] == "in"


def test_without_a_tap(desk: Eyes) -> None:
    """The card was handed in at the desk after its bearer had walked out."""
    visit = visitor(desk, LICENCE)
    desk.go(f"/visitor-out?visit={visit['visit']}")
    desk.fill({"card_back": True})
    desk.unfold("details.part")
    desk.fill({"reason": "步行离开"})
    desk.press("end without_tap")
    until(lambda: desk.house.row("visits", visit=visit["visit"])["state"] == "ended", "it ended")
    assert desk.house.row("visits", visit=visit["visit"])["outcome"] == "without_tap"


def test_override(desk: Eyes) -> None:
    """Let out with a reason: the visit stays open, the deposit stays held."""
    visit = visitor(desk, LICENCE)
    referred(desk, str(visit["card"]), "deposit_due")
    desk.go(f"/visitor-out?visit={visit['visit']}")
    desk.unfold("details.part")
    desk.fill({"reason": "救护车等着"})
    after = desk.house.head()
    desk.press(f"override {OUT}")
    desk.house.wait_entry("gate.visit.overridden.v1", after=after)
    drives_in(desk, OUT)
    assert state(desk, visit) == ["held"]
    assert desk.house.row("visits", visit=visit["visit"])["state"] == "open"


def test_the_law(desk: Eyes) -> None:
    """A resident identity card is refused on the page, with the law, and by the gate itself."""
    desk.go("/visitor-in")
    desk.fill({"kind": "company", "visitor": "客人"})
    desk.page.locator('[name="deposits.0.kind"]').select_option("resident_id")
    law = desk.shows("[data-law]")
    assert "15" in law.inner_text()
    card = desk.house.roster.draw("visitor")
    form = {
        "kind": "company",
        "visitor": "客人",
        "host": "陈经理",
        "answer": "host_agreed",
        "card": card,
        "deposits": [{"kind": "resident_id", "pocket": "99"}],
    }
    answer = desk.house.act("visit.open", form, code=403)
    assert "Article 15" in answer["detail"]


def test_overdue(look: Look, late: str) -> None:
    """Who stays longer than agreed comes among what there is to do, by itself."""
    desk = look()
    until(
        lambda: desk.house.entries("gate.visit.overdue.v1"),
        "the visit is overdue: its time has a minute, and it is looked at every ten seconds",
        2 * LIMIT_S,
    )
    desk.shows(f'#todo a[href*="{quote(late, safe="")}"]').click()
    desk.page.wait_for_url("**/visitor-out?**")
    lets_out(desk, desk.house.row("visits", visit=late))
