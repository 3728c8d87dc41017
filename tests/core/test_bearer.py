"""Whoever shows a card is looked at: at each entry of a long-term contractor, and where asked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from agent.core.effects import ShowVerdict, Verdict
from agent.core.entries import EntryType
from agent.core.events import CardRead
from agent.core.model import CardKind
from tests.core.booth import DRAWER, RAMP_IN, RAMP_OUT, Booth, opens
from tests.core.builders import LANE, READER, WEDNESDAY, a_card, credential
from tests.core.whole import OUT, RAMP

HOUR = timedelta(hours=1)
SHOWN: dict[str, Any] = {"lane": str(LANE), "document": "picture on the card"}


def test_a_long_term_contractor_is_looked_at_at_each_entry() -> None:
    booth = Booth()
    for _ in range(2):
        referred = booth.tap("L-1")
        assert referred.data["duty"] == "bearer_check"
        step = booth.ordered("bearer.confirm", {**SHOWN, "card": "L-1"})
        assert opens(step, LANE)
        granted = step.entries[-1]
        assert (granted.data["card"], granted.data["kind"]) == ("L-1", "contractor")
        assert granted.personal == {"holder": "王小明", "unit": "3-1-502"}
        assert booth.rows("duties") == []
        booth.drive(LANE)
        assert booth.tap_out("L-1").type is EntryType.ACCESS_GRANTED
        booth.drive(OUT)


def test_the_dates_come_before_the_bearer() -> None:
    over = replace(a_card("L-2", kind=CardKind.CONTRACTOR), valid_until=WEDNESDAY - HOUR)
    booth = Booth(cards=(*DRAWER, over))
    assert booth.tap("L-2").data["reason"] == "expired"
    assert booth.refused("bearer.confirm", **SHOWN, card="L-2")[:2] == (409, "card")


def test_what_was_shown_stays_inside_the_gate() -> None:
    booth = Booth()
    booth.tap("L-1")
    booth.done("bearer.confirm", **SHOWN, card="L-1")
    entry = booth.last(EntryType.BEARER_CONFIRMED)
    assert entry.personal["document"] == "picture on the card"
    assert "picture" not in str(entry.data)


def test_only_a_card_that_waits_there_is_confirmed() -> None:
    booth = Booth()
    gone = booth.refused("bearer.confirm", **SHOWN, card="L-1")
    assert gone[:2] == (409, "card")
    booth.tap("L-1")
    unseen = booth.refused("bearer.confirm", card="L-1", lane=str(LANE))
    assert unseen[:2] == (422, "document")
    other = booth.refused("bearer.confirm", **{**SHOWN, "lane": str(OUT)}, card="L-1")
    assert other[:2] == (409, "card")
    booth.visit()
    wrong = booth.refused("bearer.confirm", **SHOWN, card="V-1")
    assert wrong[:2] == (409, "card")


def test_a_visit_may_ask_for_it_too() -> None:
    booth = Booth()
    result = booth.visit(bearer=True)
    assert booth.tap("V-1").data["duty"] == "bearer_check"
    booth.done("bearer.confirm", **SHOWN, card="V-1")
    entry = booth.last(EntryType.BEARER_CONFIRMED)
    assert entry.data["visit"] == result["visit"]
    assert entry.personal["holder"] == "李雷"
    booth.drive(LANE)
    assert booth.row("presence", "card", "V-1")["zone"] == "inside"


def test_a_card_that_was_lost_since_it_was_shown_is_not_let_in() -> None:
    booth = Booth()
    booth.visit(bearer=True)
    booth.tap("V-1")
    booth.done("pass.lost", card="V-1")
    assert booth.refused("bearer.confirm", **SHOWN, card="V-1")[:2] == (409, "card")


def test_a_card_whose_visit_ended_since_it_was_shown_is_not_let_in() -> None:
    booth = Booth()
    result = booth.visit(bearer=True)
    booth.tap("V-1")
    held = [{"deposit": each, "end": "returned"} for each in result["deposits"]]
    booth.done("visit.end", visit=result["visit"], card_back=True, deposits=held)
    assert booth.rows("duties") == []


def test_who_waits_is_not_asked_again_but_the_other_way_is() -> None:
    booth = Booth()
    booth.tap("L-1", RAMP_IN)
    booth.done("bearer.confirm", card="L-1", lane=str(RAMP), document="face")
    again = booth.tap("L-1", RAMP_IN)
    assert again.type is EntryType.ACCESS_GRANTED
    booth.drive(RAMP)
    assert booth.tap("L-1", RAMP_OUT).type is EntryType.ACCESS_GRANTED
    booth.drive(RAMP)


def test_who_is_refused_takes_the_duty_with_him() -> None:
    booth = Booth()
    booth.tap("L-1")
    assert booth.refused("bearer.refuse", card="L-1")[:2] == (422, "reason")
    booth.done("bearer.refuse", card="L-1", reason="not the man on the picture")
    assert booth.rows("duties") == []
    entry = booth.last(EntryType.BEARER_REFUSED)
    assert entry.data["reason"] == "not the man on the picture"
    assert entry.personal == {"holder": "王小明"}


def test_who_drives_off_leaves_no_duty() -> None:
    booth = Booth()
    nobody = booth.refused("duty.dismiss", lane=str(LANE), reason="r")
    assert nobody[0] == 404
    booth.tap("L-1")
    assert booth.refused("duty.dismiss", lane=str(LANE))[:2] == (422, "reason")
    booth.done("duty.dismiss", lane=str(LANE), reason="drove off")
    data = booth.last(EntryType.DUTY_DISMISSED).data
    assert (data["duty"], data["card"]) == ("bearer_check", "L-1")
    assert booth.rows("duties") == []


def test_the_last_one_who_waits_is_the_duty_and_a_grant_ends_it() -> None:
    booth = Booth()
    booth.visit(bearer=True)
    booth.tap("L-1")
    booth.tap("V-1")
    assert [row["card"] for row in booth.rows("duties")] == ["V-1"]
    booth.tap("R-1")
    assert booth.rows("duties") == []


def test_the_reader_tells_that_the_guard_decides() -> None:
    booth = Booth()
    step = booth.do(CardRead(READER, credential("L-1"), booth.now))
    assert ShowVerdict(READER, Verdict.REFERRED) in step.effects
    assert not opens(step, LANE)
