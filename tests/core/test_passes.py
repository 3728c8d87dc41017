"""The cards of the drawer: lost, found, and what the lanes say meanwhile."""

from agent.core.entries import EntryType
from tests.core.booth import Booth


def state(booth: Booth, card: str) -> tuple[str, str]:
    row = booth.row("passes", "card", card)
    return row["state"], row["visit"]


def test_a_card_that_a_visitor_lost_is_refused_until_it_is_found() -> None:
    booth = Booth()
    visit = booth.visit()["visit"]
    assert booth.tap("V-1").type is EntryType.ACCESS_GRANTED
    booth.done("pass.lost", card="V-1", reason="fell into the pond")
    assert state(booth, "V-1") == ("lost", visit)
    assert booth.tap_out("V-1").data["reason"] == "card_lost"
    assert booth.done("pass.found", card="V-1") == {"card": "V-1", "visit": visit}
    assert state(booth, "V-1") == ("out", visit)
    assert booth.tap_out("V-1").data["duty"] == "deposit_due"


def test_a_card_that_is_missed_from_the_drawer() -> None:
    booth = Booth()
    booth.done("pass.lost", card="V-1")
    assert state(booth, "V-1") == ("lost", "")
    assert booth.refused("pass.lost", card="V-1")[:2] == (409, "card")
    booth.done("pass.found", card="V-1")
    assert state(booth, "V-1") == ("in", "")
    assert booth.refused("pass.found", card="V-1")[:2] == (409, "card")
    booth.visit()


def test_a_card_that_another_gate_sends_back_is_found() -> None:
    booth = Booth()
    visit = booth.visit()["visit"]
    assert booth.refused("pass.found", card="V-1")[:2] == (409, "card")
    booth.done("visit.end", visit=visit, outcome="elsewhere")
    assert state(booth, "V-1") == ("out", visit)
    assert booth.tap("V-1").data["reason"] == "card_not_issued"
    booth.done("pass.found", card="V-1")
    assert state(booth, "V-1") == ("in", "")


def test_only_cards_of_the_drawer_are_lost_here() -> None:
    booth = Booth()
    for label in ("R-1", "L-1", "B-1"):
        assert booth.refused("pass.lost", card=label)[:2] == (409, "card")
    assert booth.refused("pass.lost", card="X")[:2] == (404, "card")
    assert booth.refused("pass.lost")[:2] == (422, "card")
