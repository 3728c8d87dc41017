"""Guards, the directory and the card desk."""

from typing import Any

import pytest

from agent.core.effects import PutCard, PutRow
from agent.core.entries import EntryType
from agent.core.model import Card, CardKind, CardStatus, Credential, Direction
from tests.core.builders import LANE, a_card
from tests.core.desk import GUARD, HERE, Desk

PIN = "scrypt$16384$8$1$c2FsdA==$aGFzaA=="
LEADER = "g-2001"


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.enrol(GUARD, card="G-1")
    made.enrol(LEADER, "shift_leader")
    made.enrol("g-9", "installer")
    return made


# Guards


def enrol(desk: Desk, **more: Any) -> dict[str, Any]:
    return desk.go("guard.enrol", **{"guard": "g-7", "name": "陈", "pin": PIN, **more})


def test_a_guard_is_enrolled_and_his_pin_stands_in_no_entry(desk: Desk) -> None:
    desk.actor = LEADER
    assert enrol(desk, card="G-7") == {"guard": "g-7"}
    assert desk.tables.table("guards")["g-7"] == {
        "name": "陈",
        "card": "G-7",
        "role": "guard",
        "pin": PIN,
        "state": "active",
        "changed_us": desk.now.wall_us,
    }
    assert desk.last.personal == {"holder": "陈"}
    assert (desk.last.data["role"], desk.last.data["card"]) == ("guard", "G-7")
    assert not any("scrypt" in str(entry) for entry in desk.entries)


def test_a_guard_gets_an_id_where_none_is_given(desk: Desk) -> None:
    desk.actor = "uid:0"
    assert enrol(desk, guard="") == {"guard": "g-north-s1-4-1"}


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"guard": "1001"}, 422, "guard"),
        ({"guard": GUARD}, 409, "guard"),
        ({"role": "king"}, 422, "role"),
        ({"role": "shift_leader"}, 403, "role"),
        ({"role": "installer"}, 403, "role"),
        ({"name": ""}, 422, "name"),
        ({"pin": ""}, 422, "pin"),
        ({"card": "G-1"}, 409, "card"),
    ],
)
def test_who_is_not_enrolled(desk: Desk, changed: dict[str, str], code: int, field: str) -> None:
    desk.actor = LEADER
    form = {"guard": "g-7", "name": "陈", "pin": PIN, **changed}
    assert desk.refused("guard.enrol", **form) == (code, field)


def test_the_installer_enrols_everybody(desk: Desk) -> None:
    desk.actor = "g-9"
    enrol(desk, role="installer")
    enrol(desk, guard="g-8", role="office")


def test_who_only_leads_for_a_shift_enrols_nobody(desk: Desk) -> None:
    form = {"guard": "g-7", "name": "陈", "pin": PIN}
    assert desk.refused("guard.enrol", **form) == (403, "role")
    desk.actor = "g-404"
    assert desk.refused("guard.enrol", **form) == (403, "role")


def test_a_lost_card_and_a_forgotten_pin(desk: Desk) -> None:
    desk.actor = LEADER
    desk.go("guard.card", guard=GUARD, card="G-8", reason="lost")
    assert desk.tables.table("guards")[GUARD]["card"] == "G-8"
    data = desk.last.data
    assert (data["change"], data["card"], data["was"]) == ("card", "G-8", "G-1")
    desk.go("guard.card", guard=GUARD, card="G-8", reason="it is his own")
    desk.go("guard.card", guard=GUARD, reason="lost again")
    assert desk.tables.table("guards")[GUARD]["card"] == ""
    desk.go("guard.pin", guard=GUARD, pin=PIN + "2", reason="forgotten")
    assert desk.tables.table("guards")[GUARD]["pin"] == PIN + "2"
    assert desk.last.data["change"] == "pin"
    assert not any("scrypt" in str(entry) for entry in desk.entries)


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("guard.card", {}),
        ("guard.pin", {"pin": PIN}),
        ("guard.role", {"role": "guard"}),
        ("guard.leave", {}),
    ],
)
def test_nobody_changes_who_stands_above_him(
    desk: Desk, kind: str, form: dict[str, object]
) -> None:
    desk.actor = LEADER
    assert desk.refused(kind, guard="g-9", **form) == (403, "guard")
    assert desk.refused(kind, guard=LEADER, **form) == (403, "guard")
    assert desk.refused(kind, guard="g-404", **form) == (404, "guard")
    assert desk.refused(kind, **form) == (422, "guard")


def test_another_role_counts_from_the_next_signing_on(desk: Desk) -> None:
    shift = desk.sign_on()
    desk.actor = "g-9"
    desk.go("guard.role", guard=GUARD, role="shift_leader", reason="promoted")
    assert desk.row("shifts", shift)["state"] == "ended"
    assert desk.tables.table("guards")[GUARD]["role"] == "shift_leader"
    assert (desk.last.data["role"], desk.last.data["was"]) == ("shift_leader", "guard")
    desk.actor = LEADER
    assert desk.refused("guard.role", guard=GUARD, role="guard") == (403, "guard")


def test_who_leaves_is_signed_off_and_his_card_is_free(desk: Desk) -> None:
    shift = desk.sign_on()
    desk.actor = LEADER
    desk.go("guard.leave", guard=GUARD, reason="moved away")
    assert desk.row("shifts", shift)["state"] == "ended"
    row = desk.tables.table("guards")[GUARD]
    assert (row["state"], row["card"]) == ("left", "")
    assert desk.refused("guard.leave", guard=GUARD) == (409, "guard")
    enrol(desk, card="G-1")


def test_the_card_of_who_has_left_may_be_used(desk: Desk) -> None:
    desk.tables.rows["guards"][GUARD]["state"] = "left"
    desk.actor = LEADER
    enrol(desk, card="G-1")


# The directory

LINE = {"name": "王女士", "unit": "3-1", "phones": ["+86 138 0000", "8120"], "signs": True}


def test_a_line_of_the_directory_is_put_and_dropped(desk: Desk) -> None:
    made = desk.go("directory.put", **LINE)["entry"]
    assert desk.tables.table("directory")[made] == {
        "kind": "resident",
        "name": "王女士",
        "unit": "3-1",
        "department": "",
        "phones": '["+86 138 0000", "8120"]',
        "signs": 1,
        "note": "",
        "quiet": "",
        "place": 0,
    }
    assert desk.last.personal == {"holder": "王女士", "unit": "3-1"}
    assert "138" not in str(desk.last)
    desk.go("directory.put", entry=made, name="王先生", kind="other")
    assert desk.tables.table("directory")[made]["signs"] == 0
    desk.go("directory.put", entry=made, name="王先生", quiet="Mo-Fr 13:00-14:00")
    assert desk.tables.table("directory")[made]["quiet"] == "Mo-Fr 13:00-14:00"
    desk.go("directory.drop", entry=made)
    assert desk.tables.table("directory") == {}
    assert desk.last.data["change"] == "drop"
    assert desk.refused("directory.drop", entry=made) == (404, "entry")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"entry": "a/b"}, "entry"),
        ({"kind": "friend"}, "kind"),
        ({"name": ""}, "name"),
        ({"phones": ["call me"]}, "phones"),
        ({"phones": ["1"] * 9}, "phones"),
        ({"unit": ""}, "unit"),
        ({"quiet": "at night"}, "quiet"),
        ({"quiet": "22:00-07:00," * 20}, "quiet"),
    ],
)
def test_what_is_no_line_of_the_directory(
    desk: Desk, changed: dict[str, object], field: str
) -> None:
    assert desk.refused("directory.put", **{**LINE, **changed}) == (422, field)


# The card desk

NEW = {
    "credential": "em4100:0100CDA4EC",
    "label": "R-1",
    "kind": "resident",
    "holder": "王小明",
    "unit": "3-1",
}


def put(desk: Desk) -> list[Card]:
    return [each.card for each in desk.changes if isinstance(each, PutCard)]


def test_a_card_is_issued_whole(desk: Desk) -> None:
    desk.go(
        "card.issue",
        **NEW,
        plate="粤B1",
        valid_from="2026-03-01T00:00",
        valid_until="2027-03-01T00:00",
        windows="Mo-Fr 07:00-19:00",
        lanes=[HERE],
        direction="out",
        reason="moved in",
    )
    (card,) = put(desk)
    assert card.credential == Credential("em4100", "0100CDA4EC")
    assert (card.label, card.kind, card.status) == ("R-1", CardKind.RESIDENT, CardStatus.ACTIVE)
    assert (card.lanes, card.direction) == ((LANE,), Direction.OUT)
    assert desk.last.type is EntryType.CARD_CHANGED
    told = {name: desk.last.data[name] for name in ("card", "kind", "was", "status", "reason")}
    assert told == {
        "card": "R-1",
        "kind": "resident",
        "was": "",
        "status": "active",
        "reason": "moved in",
    }
    assert desk.last.personal == {
        "credential": "em4100:0100CDA4EC",
        "holder": "王小明",
        "unit": "3-1",
        "plate": "粤B1",
    }


def test_a_card_is_laid_into_the_stock(desk: Desk) -> None:
    desk.go("card.issue", credential="uid:04A1", label="V-1", kind="visitor", stock=True)
    (card,) = put(desk)
    assert (card.status, card.direction, card.lanes) == (CardStatus.STOCK, Direction.BOTH, ())
    assert "reason" not in desk.last.data


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"credential": "V-17"}, 422, "credential"),
        ({"credential": ""}, 422, "credential"),
        ({"label": ""}, 422, "label"),
        ({"label": "a:b"}, 422, "label"),
        ({"kind": "king"}, 422, "kind"),
        ({"stock": True}, 422, "stock"),
        ({"holder": ""}, 422, "holder"),
        ({"windows": "always"}, 422, "windows"),
        ({"lanes": ["nowhere"]}, 404, "lanes"),
        ({"direction": "up"}, 422, "direction"),
        (
            {"valid_from": "2026-03-02T00:00", "valid_until": "2026-03-01T00:00"},
            422,
            "valid_until",
        ),
    ],
)
def test_what_is_no_card(desk: Desk, changed: dict[str, object], code: int, field: str) -> None:
    assert desk.refused("card.issue", **{**NEW, **changed}) == (code, field)


def test_what_is_in_use_is_not_issued_again(desk: Desk) -> None:
    desk.go("card.issue", **NEW)
    assert desk.refused("card.issue", **{**NEW, "label": "R-2"}) == (409, "credential")
    assert desk.refused("card.issue", **{**NEW, "credential": "uid:01"}) == (409, "label")


def test_a_lost_card_is_replaced_and_its_label_goes_on(desk: Desk) -> None:
    desk.go("card.issue", **NEW)
    desk.go("card.lost", label="R-1", reason="in the river")
    told = desk.go("card.replace", label="R-1", credential="uid:02", reason="lost")
    assert told == {"card": "R-1", "old": "R-1~north-s1-6-1"}
    old, new = put(desk)[-2:]
    assert (old.label, old.status, str(old.credential)) == (
        "R-1~north-s1-6-1",
        CardStatus.LOST,
        "em4100:0100CDA4EC",
    )
    assert (new.label, new.status, new.holder) == ("R-1", CardStatus.ACTIVE, "王小明")
    assert desk.entries[-2].data["by"] == "R-1"
    assert desk.last.data["of"] == told["old"]
    assert set(desk.cards) == {"R-1", told["old"]}


def test_a_worn_card_is_retired_under_a_label_of_its_own(desk: Desk) -> None:
    desk.cards["V-1"] = a_card("V-1", CardStatus.STOCK, CardKind.VISITOR)
    form = {"label": "V-1", "credential": "uid:02", "new_label": "V-2", "reason": "worn"}
    assert desk.go("card.replace", **form) == {"card": "V-2", "old": "V-1"}
    assert desk.cards["V-1"].status is CardStatus.RETIRED
    assert desk.cards["V-2"].status is CardStatus.STOCK
    form = {"label": "V-1", "credential": "uid:03", "reason": "again"}
    assert desk.refused("card.replace", **form) == (409, "label")


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"label": "R-9"}, "label"), ({"reason": ""}, "reason"), ({"new_label": "R-2"}, "new_label")],
)
def test_what_is_not_replaced(desk: Desk, changed: dict[str, str], field: str) -> None:
    desk.cards |= {label: a_card(label) for label in ("R-1", "R-2")}
    form = {"label": "R-1", "credential": "uid:02", "reason": "worn", **changed}
    assert desk.refused("card.replace", **form)[1] == field


@pytest.mark.parametrize(
    ("kind", "before", "act", "after"),
    [
        ("resident", "active", "card.block", "blocked"),
        ("visitor", "stock", "card.block", "blocked"),
        ("resident", "blocked", "card.unblock", "active"),
        ("visitor", "blocked", "card.unblock", "stock"),
        ("contractor", "blocked", "card.unblock", "active"),
        ("resident", "active", "card.lost", "lost"),
        ("visitor", "stock", "card.lost", "lost"),
        ("resident", "blocked", "card.lost", "lost"),
        ("vehicle", "lost", "card.found", "active"),
        ("visitor_vehicle", "lost", "card.found", "stock"),
        ("resident", "lost", "card.block", None),
        ("resident", "lost", "card.unblock", None),
        ("resident", "active", "card.unblock", None),
        ("resident", "active", "card.found", None),
        ("resident", "lost", "card.lost", None),
        ("resident", "retired", "card.found", None),
    ],
)
def test_a_card_turns_from_one_status_to_another(
    desk: Desk, kind: str, before: str, act: str, after: str | None
) -> None:
    desk.cards["X"] = a_card("X", CardStatus(before), CardKind(kind))
    if after is None:
        assert desk.refused(act, label="X", reason="because") == (409, "label")
        return
    told = desk.go(act, label="X", reason="because")
    assert told == {"card": "X", "was": before, "status": after}
    assert desk.cards["X"].status is CardStatus(after)
    assert (desk.last.data["was"], desk.last.data["reason"]) == (before, "because")


def test_a_contractors_card_goes_back_into_the_stock_when_it_is_said(desk: Desk) -> None:
    desk.cards["X"] = a_card("X", CardStatus.LOST, CardKind.CONTRACTOR)
    desk.go("card.found", label="X", reason="found", stock=True)
    assert desk.cards["X"].status is CardStatus.STOCK


def test_every_change_of_a_card_has_a_reason(desk: Desk) -> None:
    desk.cards["X"] = a_card("X")
    for act in ("card.block", "card.lost"):
        assert desk.refused(act, label="X") == (422, "reason")


def test_rows_of_guards_are_changed_in_part(desk: Desk) -> None:
    desk.actor = LEADER
    desk.go("guard.pin", guard=GUARD, pin=PIN)
    change = desk.changes[-1]
    assert isinstance(change, PutRow)
    assert set(change.values) == {"pin", "changed_us"}
