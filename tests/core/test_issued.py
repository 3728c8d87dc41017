"""A card at a lane, as the books see it: issued, banned, a truck's, or nothing of all that."""

from dataclasses import replace

import pytest

from agent.core import books
from agent.core.effects import PutCard
from agent.core.entries import EntryType
from agent.core.ids import ZoneId
from agent.core.model import CardKind, CardStatus, ClockQuality
from agent.core.needs import Need
from tests.core.booth import BOOKS, CASH, HOUR, Booth, booth_plan, stock
from tests.core.builders import LANE, READER, a_card
from tests.core.whole import OUT, OUT_READER, RAMP

PLAN = booth_plan()
BANS = Need("bans", state="open")


def test_a_residents_tap_asks_for_the_bans_and_nothing_else() -> None:
    for kind in (CardKind.RESIDENT, CardKind.STAFF, CardKind.VEHICLE, CardKind.GUARD):
        assert books.tap_needs(PLAN, [a_card(kind=kind)]) == (BANS,)
    assert books.tap_needs(PLAN, []) == ()
    assert books.tap_needs(PLAN, [a_card("A"), a_card("B")]) == ()


def test_what_is_asked_for_cards_of_the_drawer_and_for_trucks() -> None:
    tables = [need.table for need in books.tap_needs(PLAN, [stock("V-1")])]
    assert tables == ["bans", "visits", "passes", "deposits", "presence", "inspections", "goods"]
    truck = a_card("T-9", kind=CardKind.VEHICLE)
    tables = [need.table for need in books.tap_needs(PLAN, [truck])]
    assert tables == ["bans", "presence", "inspections", "goods"]


def test_a_card_of_the_drawer_is_active_while_its_visit_is_open() -> None:
    booth = Booth()
    assert booth.tap("V-1").data["reason"] == "card_not_issued"
    result = booth.visit(unit="8-1203", plate="粤B1", hours=2)
    granted = booth.tap("V-1")
    assert granted.type is EntryType.ACCESS_GRANTED
    assert granted.data["visit"] == result["visit"]
    assert granted.personal == {
        "credential": "uid:562D31",
        "holder": "李雷",
        "unit": "8-1203",
        "department": "工程部",
        "plate": "粤B1",
    }
    booth.drives_off(LANE)
    booth.wait(2 * HOUR - 120)
    assert booth.tap("V-1").type is EntryType.ACCESS_GRANTED
    booth.drives_off(LANE)
    booth.wait(240)
    assert booth.tap("V-1").data["reason"] == "expired"


def contractor(booth: Booth, card: str = "C-1") -> None:
    """Somebody who works here for three days, against money."""
    form = {"company": "装修", "unit": "8-1203", "deposits": [CASH], "hours": 60}
    booth.visit(card, kind="contractor", **form)


@pytest.mark.parametrize(("away", "back"), [("block", "unblock"), ("lost", "found")])
def test_a_contractors_card_that_is_good_again_is_what_it_was(away: str, back: str) -> None:
    booth = Booth()
    contractor(booth)
    booth.tap("C-1")
    booth.drive(LANE)
    assert booth.done(f"card.{away}", label="C-1", reason="r")["was"] == "stock"
    assert booth.tap_out("C-1").type is EntryType.ACCESS_DENIED
    assert booth.done(f"card.{back}", label="C-1", reason="r")["status"] == "stock"
    assert booth.tap_out("C-1").data["duty"] == "deposit_due"
    booth.wait(61 * HOUR)
    assert booth.tap("C-1").data["reason"] == "expired", "three days are three days"


def test_a_contractors_card_without_a_holder_goes_back_into_the_drawer() -> None:
    booth = Booth()
    for act in ("block", "unblock"):
        booth.done(f"card.{act}", label="C-1", reason="r")
    assert booth.tap_out("C-1").data["reason"] == "card_not_issued"
    for act in ("block", "unblock"):
        booth.done(f"card.{act}", label="L-1", reason="r")
    assert booth.tap_out("L-1").type is EntryType.ACCESS_GRANTED, "it has a holder: for long"


def test_whatever_the_roster_says_a_card_with_a_visit_does_not_leave_by_itself() -> None:
    booth = Booth()
    contractor(booth)
    active = replace(booth.cards["C-1"], status=CardStatus.ACTIVE, holder="somebody")
    booth.journal.append((), booth.now, (), (PutCard(active),))
    granted = booth.tap("C-1")
    assert granted.personal["holder"] == "李雷"
    booth.drive(LANE)
    assert booth.tap_out("C-1").data["duty"] == "deposit_due"
    booth.wait(61 * HOUR)
    assert booth.tap("C-1").data["reason"] == "expired"


def test_a_card_leaves_by_itself_only_when_nothing_is_held_any_more() -> None:
    booth = Booth()
    contractor(booth)
    active = replace(booth.cards["C-1"], status=CardStatus.ACTIVE, holder="somebody")
    booth.journal.append((), booth.now, (), (PutCard(active),))
    (visit,) = booth.rows("visits", state="open")
    form = {"visit": visit["visit"], "outcome": "without_tap", "card_back": True}
    assert booth.done("visit.end", **form)["kept"]
    assert booth.tap_out("C-1").data["duty"] == "deposit_due"
    (held,) = booth.rows("deposits", state="held")
    booth.done("deposit.end", deposit=held["deposit"], end="returned")
    assert booth.tap_out("C-1").type is EntryType.ACCESS_GRANTED


@pytest.mark.parametrize("status", ["blocked", "lost", "retired"])
def test_a_card_that_is_no_good_is_denied_whatever_is_held(status: str) -> None:
    booth = Booth()
    contractor(booth)
    bad = replace(booth.cards["C-1"], status=CardStatus(status))
    booth.journal.append((), booth.now, (), (PutCard(bad),))
    for reader in (READER, OUT_READER):
        assert booth.tap("C-1", reader).data["reason"] == f"card_{status}"


def test_a_lost_card_of_the_drawer_is_replaced_by_one_of_the_drawer() -> None:
    booth = Booth()
    for label in ("V-1", "C-1", "L-1"):
        booth.done("card.lost", label=label, reason="r")
        number = f"uid:{label.encode().hex().upper()}00"
        form = {"new_label": f"{label}-2", "credential": number}
        booth.done("card.replace", label=label, reason="r", **form)
    puts = {each.card.label: each.card.status for each in booth.puts}
    assert puts["V-1-2"] is puts["C-1-2"] is CardStatus.STOCK
    assert puts["L-1-2"] is CardStatus.ACTIVE


def test_without_a_clock_a_visitor_is_sent_to_the_guard() -> None:
    booth = Booth()
    booth.visit()
    booth.quality = ClockQuality.UNKNOWN
    assert booth.tap("V-1").data["duty"] == "clock_unknown"
    assert booth.tap_out("V-1").data["duty"] == "deposit_due"


def test_an_inner_lane_asks_for_nothing_back() -> None:
    plan = booth_plan()
    inner = replace(plan.lanes[RAMP], from_zone=plan.lanes[RAMP].to_zone, to_zone=ZoneId("garage"))
    booth = Booth(replace(plan, lanes={**plan.lanes, RAMP: inner}))
    booth.visit(bearer=True)
    for reader in booth.plan.readers.values():
        if reader.lane == RAMP:
            assert booth.tap("V-1", reader.reader).type is EntryType.ACCESS_GRANTED
            booth.drives_off(RAMP)


def test_a_truck_without_a_visit_is_looked_at_too() -> None:
    booth = Booth()
    assert booth.tap("T-1").type is EntryType.ACCESS_GRANTED
    booth.drive(LANE)
    assert booth.tap_out("T-1").data["duty"] == "inspection_due"
    look = {"card": "T-1", "lane": str(OUT), "opened": True, "result": "clear"}
    assert booth.done("inspection.make", **look, release=True)["released"]
    booth.drive(OUT)
    other = Booth(booth_plan(replace(BOOKS, trucks=())))
    assert other.tap_out("T-1").type is EntryType.ACCESS_GRANTED


@pytest.mark.parametrize(
    "ban", [{"card": "V-1"}, {"plate": "粤B1"}, {"visitor": "李雷"}, {"visitor": "小 红"}]
)
def test_a_visitor_who_is_banned_does_not_come_in_and_is_not_kept_in(ban: dict[str, str]) -> None:
    booth = Booth()
    booth.visit(plate="粤B1", companions="小红")
    booth.done("ban.set", **ban, reason="r")
    assert booth.tap("V-1").data["reason"] == "banned"
    assert booth.tap_out("V-1").data["duty"] == "deposit_due"
    booth.done("ban.lift", ban=booth.rows("bans")[0]["ban"], reason="r")
    assert booth.tap("V-1").type is EntryType.ACCESS_GRANTED


def test_a_resident_who_is_banned_passes_with_a_mark() -> None:
    booth = Booth()
    booth.done("ban.set", visitor="somebody", reason="r")
    assert "marks" not in booth.tap("R-1").data
    booth.drives_off(LANE)
    booth.done("ban.set", visitor="王小明", reason="r")
    assert booth.tap("R-1").data["marks"] == ["ban"]
    assert booth.tap_out("L-1").data["marks"] == ["ban"]


def test_a_long_term_contractor_who_is_banned_is_denied() -> None:
    booth = Booth()
    booth.done("ban.set", card="L-1", reason="r")
    assert booth.tap("L-1").data["reason"] == "banned"
