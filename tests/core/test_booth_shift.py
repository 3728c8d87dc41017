"""Shifts, handover, the duty log, calls for help, and who may do what."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import arm_orders, books, emergency, presence, remote, roles
from agent.core.effects import DropRow, PutRow
from agent.core.entries import EntryType
from agent.core.form import Fault
from agent.core.handover import differences, in_the_books
from agent.core.model import CardKind, ClockQuality
from agent.core.roles import MAY, RANK, Role
from tests.core.builders import WALL_US
from tests.core.desk import GUARD, Desk, booth_plan, guard_card

OTHER = "g-1002"


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.enrol(GUARD, card="G-1")
    made.enrol(OTHER, card="G-2")
    made.stock("V-001", "V-002", "V-003")
    return made


# Shifts


def test_a_shift_begins_and_ends(desk: Desk) -> None:
    shift = desk.sign_on()
    assert desk.row("shifts") == {
        "state": "on",
        "sequence": 3,
        "guard": GUARD,
        "desk": "desk-1",
        "role": "guard",
        "without_card": 0,
        "handed": 0,
        "began_us": WALL_US,
        "ended_us": 0,
    }
    (token,) = [each for each in desk.changes if each.table == "tokens"]  # type: ignore[union-attr]
    assert isinstance(token, PutRow)
    assert token.values["shift"] == shift
    desk.seconds = 60
    desk.go("shift.end", shift=shift, drop=[token.key])
    row = desk.row("shifts")
    assert (row["state"], row["ended_us"]) == ("ended", WALL_US + 60_000_000)
    assert desk.changes[-1] == DropRow("tokens", token.key)
    assert desk.last.data["why"] == "signed_off"
    assert desk.last.data["handed"] is False
    assert desk.refused("shift.end", shift=shift) == (409, "shift")


def test_who_signs_on_again_goes_on_with_his_shift(desk: Desk) -> None:
    shift = desk.sign_on()
    desk.seconds = 60
    told = desk.go(
        "shift.begin", guard=GUARD, role="guard", desk="desk-1", hash="h", drop=["hash-3"]
    )
    assert told == {"shift": shift}
    assert desk.row("shifts")["began_us"] == WALL_US
    assert desk.last.data["again"] is True
    assert list(desk.tables.table("tokens")) == ["h"]


def test_another_desk_ends_the_shift_at_the_first(desk: Desk) -> None:
    first = desk.sign_on()
    second = desk.sign_on(desk="desk-2")
    assert desk.row("shifts", first)["state"] == "ended"
    assert desk.row("shifts", second)["state"] == "on"
    assert desk.entries[-2].data["why"] == "elsewhere"
    assert desk.sign_on(OTHER) != second
    assert desk.row("shifts", second)["state"] == "on", "a shift of somebody else"


def test_a_shift_that_began_without_a_card_says_so(desk: Desk) -> None:
    told = {"guard": GUARD, "role": "guard", "desk": "desk-1", "hash": "h"}
    desk.go("shift.begin", **told, without_card=True)
    assert desk.row("shifts")["without_card"] == 1
    assert desk.last.data["withoutcard"] is True


def test_a_guard_leads_while_no_shift_leader_is_on(desk: Desk) -> None:
    assert desk.refused("shift.lead", reason="ill") == (409, "")
    shift = desk.sign_on()
    assert desk.refused("shift.lead") == (422, "reason")
    told = desk.go("shift.lead", reason="the leader is ill")
    assert told == {"shift": shift, "role": "shift_leader"}
    assert desk.row("shifts")["role"] == "shift_leader"
    assert desk.last.data["reason"] == "the leader is ill"
    desk.sign_on(OTHER)
    desk.actor = OTHER
    assert desk.refused("shift.lead", reason="me too") == (409, "")


# Handover


def held(desk: Desk, kind: str, amount: int = 0, currency: str = "CNY") -> None:
    rows = desk.tables.rows.setdefault("deposits", {})
    rows[f"d-{len(rows)}"] = {
        "kind": kind,
        "amount": amount,
        "currency": currency,
        "state": "held",
        "sequence": 0,
    }


def hand_over(shift: str, **more: Any) -> dict[str, Any]:
    return {"shift": shift, "documents": 1, "cards": 2, "cash": {"amount": 20_000}, **more}


SIGNED = {"from": "card", "to": "pin"}


def test_a_shift_is_handed_over_with_what_was_counted(desk: Desk) -> None:
    shift = desk.sign_on()
    held(desk, "cash", 20_000)
    held(desk, "driving_licence")
    desk.tables.rows["passes"] = {"V-001": {"state": "out"}, "V-002": {"state": "in"}}
    desk.go("help.ask", kind="repair", unit="3-1")
    answered, closed, late = ask_help(desk), ask_help(desk), ask_help(desk)
    desk.go("help.answer", help=answered)
    desk.go("help.close", help=closed)
    desk.tables.rows["help"][late]["state"] = "escalated"
    also = {"alarms": 2, "overrides": 0}
    form = hand_over(shift, to=OTHER, signed=SIGNED, also=also, note="the lamp is broken")
    assert desk.go("shift.hand_over", **form) == {"shift": shift, "differences": []}
    data = desk.last.data
    assert data["counted"] == data["booked"] == {"cash.CNY": 20_000, "documents": 1, "cards": 2}
    assert (data["from"], data["to"], data["signed"]) == (GUARD, OTHER, SIGNED)
    counts = {"visits": 0, "help": 3, "notices": 0, "duties": 0, "unsigned": 0}
    assert data["open"] == counts | also
    assert desk.last.personal == {"text_private": "the lamp is broken"}
    assert desk.row("shifts")["handed"] == 1


def test_a_difference_stops_nobody_and_is_written_as_it_is(desk: Desk) -> None:
    shift = desk.sign_on()
    held(desk, "cash", 5_000)
    held(desk, "cash", 100, "HKD")
    form = hand_over(shift, signed={"from": "pin"}, cash={"CNY": 4_000, "USD": 7})
    told = desk.go("shift.hand_over", **form)
    assert told["differences"] == [
        {"what": "cash.CNY", "counted": 4_000, "booked": 5_000},
        {"what": "documents", "counted": 1, "booked": 0},
        {"what": "cash.HKD", "counted": 0, "booked": 100},
        {"what": "cards", "counted": 2, "booked": 3},
        {"what": "cash.USD", "counted": 7, "booked": 0},
    ]
    assert desk.last.data["to"] == ""
    assert desk.last.data["signed"] == {"from": "pin"}
    desk.go("shift.end", shift=shift)
    assert desk.last.data["handed"] is True


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"shift": "x"}, 404, "shift"),
        ({"signed": {}}, 422, "presented.from"),
        ({"to": GUARD, "signed": SIGNED}, 409, "to"),
        ({"to": "g-9", "signed": SIGNED}, 404, "guard"),
        ({"to": OTHER, "signed": {"from": "card"}}, 422, "presented.to"),
        ({"cash": {"yuan": 1}}, 422, "cash.yuan"),
        ({"cash": {"元元元": 1}}, 422, "cash.元元元"),
        ({"cash": {"¥¥¥": 1}}, 422, "cash.¥¥¥"),
        ({"cash": {}}, 422, "cash.amount"),
        ({"cash": ""}, 422, "cash.amount"),
        ({"cash": "7"}, 422, "cash"),
        ({"cards": None}, 422, "cards"),
        ({"documents": -1}, 422, "documents"),
    ],
)
def test_what_is_no_handover(desk: Desk, changed: dict[str, object], code: int, field: str) -> None:
    form = {**hand_over(desk.sign_on(), signed={"from": "card"}), **changed}
    assert desk.refused("shift.hand_over", **form) == (code, field)


def test_nobody_hands_over_somebody_elses_shift(desk: Desk) -> None:
    shift = desk.sign_on(OTHER)
    form = hand_over(shift, signed={"from": "card"})
    assert desk.refused("shift.hand_over", **form) == (403, "shift")


def test_nobody_hands_over_to_who_has_left(desk: Desk) -> None:
    shift = desk.sign_on()
    desk.tables.rows["guards"][OTHER]["state"] = "left"
    form = hand_over(shift, to=OTHER, signed=SIGNED)
    assert desk.refused("shift.hand_over", **form) == (409, "to")


NUMBERS = st.dictionaries(st.sampled_from(["cash.CNY", "documents", "cards"]), st.integers(0, 9))


@given(NUMBERS, NUMBERS)
def test_differences_are_exactly_counted_minus_booked(
    counted: Mapping[str, int], booked: Mapping[str, int]
) -> None:
    told = {str(each["what"]): each for each in differences(counted, booked)}
    for name in {*counted, *booked}:
        much, should = counted.get(name, 0), booked.get(name, 0)
        assert (name in told) == (much != should)
        if name in told:
            assert (told[name]["counted"], told[name]["booked"]) == (much, should)


DEPOSITS = st.lists(
    st.tuples(st.sampled_from(["cash", "driving_licence", "bicycle"]), st.integers(0, 500))
)
PASSES = st.dictionaries(st.integers(0, 9), st.sampled_from(["out", "in", "lost"]))


@given(DEPOSITS, st.integers(0, 9), PASSES)
def test_the_books_know_what_lies_in_the_drawer(
    deposits: list[tuple[str, int]], stock: int, passes: dict[int, str]
) -> None:
    rows = [{"kind": kind, "amount": amount, "currency": "CNY"} for kind, amount in deposits]
    cards = [{"label": f"V-{n}"} for n in range(stock)]
    away = [{"card": f"V-{n}", "state": state} for n, state in passes.items()]
    booked = in_the_books(booth_plan().books, rows, cards, away)
    money = [
        amount for kind, amount in deposits if kind == "cash" or (kind == "bicycle" and amount)
    ]
    assert booked["cash.CNY"] == sum(money)
    assert booked["documents"] == len(deposits) - len(money)
    assert booked["cards"] == sum(passes.get(n, "in") == "in" for n in range(stock))


# The duty log


def test_a_line_of_the_duty_log_stays_inside_the_gate(desk: Desk) -> None:
    desk.go("duty.note", text="王女士 asked for a key")
    assert desk.last.personal == {"text_private": "王女士 asked for a key"}
    assert "text" not in desk.last.data
    assert desk.refused("duty.note") == (422, "text")


def test_a_supervisor_shows_his_card(desk: Desk) -> None:
    desk.cards["P-1"] = guard_card("P-1", CardKind.PATROL)
    desk.go("patrol.check", shown="P-1", note="all well")
    assert desk.last.type is EntryType.SUPERVISOR_CHECKED
    assert desk.last.data["card"] == "P-1"
    assert desk.last.personal == {"holder": "张伟", "text_private": "all well"}
    desk.cards["G-2"] = guard_card("G-2")
    desk.go("patrol.check", shown="G-2")


def test_what_is_no_supervisors_check(desk: Desk) -> None:
    assert desk.refused("patrol.check") == (422, "presented")
    assert desk.refused("patrol.check", shown="P-9") == (404, "shown")
    assert desk.refused("patrol.check", shown="V-001") == (422, "presented")
    desk.cards["G-1"] = guard_card()
    assert desk.refused("patrol.check", shown="G-1") == (409, "presented"), "his own card"


def test_driver_and_companions_are_added_to_a_passage(desk: Desk) -> None:
    seal = {"file": "m.csv", "sha256": "0" * 64, "rows": 3, "head": "7:ab", "about": "粤B"}
    desk.go("evidence.export", **seal)
    assert desk.entries[-1].data["rows"] == 3
    assert desk.entries[-1].personal == {"text_private": "粤B"}
    assert desk.refused("evidence.export", **{**seal, "sha256": "x"}) == (422, "sha256")
    desk.go("passage.note", sequence=7, driver="李", companions="two children")
    assert desk.last.data["of"] == 7
    assert desk.last.personal == {"driver": "李", "companions": "two children"}
    assert desk.refused("passage.note", sequence=7) == (422, "driver")
    assert desk.refused("passage.note", driver="李") == (422, "sequence")


def test_a_call_is_noted_with_its_answer(desk: Desk) -> None:
    desk.go("call.note", to="王女士", unit="3-1", answer="agreed", note="comes down")
    assert desk.last.data["answer"] == "agreed"
    assert desk.last.personal == {"host": "王女士", "unit": "3-1", "text_private": "comes down"}
    assert desk.refused("call.note", answer="agreed") == (422, "to")
    assert desk.refused("call.note", to="王", answer="maybe") == (422, "answer")


# Help


def ask_help(desk: Desk) -> str:
    told = desk.go(
        "help.ask", kind="flood", unit="6-402", visitor="王", phone="138", description="x"
    )
    assert told["due_us"] == desk.now.wall_us + 300_000_000
    return str(told["help"])


def test_help_is_answered_and_closed(desk: Desk) -> None:
    made = ask_help(desk)
    assert desk.last.personal == {
        "unit": "6-402",
        "visitor": "王",
        "phone": "138",
        "description": "x",
    }
    desk.seconds = 60
    desk.go("help.answer", help=made, note="on the way")
    row = desk.row("help")
    assert (row["state"], row["answered_us"]) == ("answered", WALL_US + 60_000_000)
    assert desk.last.personal == {"text_private": "on the way"}
    assert desk.refused("help.answer", help=made) == (409, "help")
    desk.seconds = 900
    assert desk.sweep() == []
    desk.go("help.close", help=made)
    assert desk.row("help")["state"] == "closed"
    assert desk.refused("help.close", help=made) == (409, "help")


def test_to_close_what_nobody_answered_answers_it(desk: Desk) -> None:
    desk.go("help.close", help=ask_help(desk), note="a cat")
    assert [entry.type for entry in desk.entries[-2:]] == [
        EntryType.HELP_ANSWERED,
        EntryType.HELP_CLOSED,
    ]
    assert desk.row("help")["answered_us"] == WALL_US


def test_after_five_minutes_it_is_escalated_once(desk: Desk) -> None:
    made = ask_help(desk)
    desk.seconds = 299
    assert desk.sweep() == []
    desk.seconds = 300
    (entry,) = desk.sweep()
    assert (entry.type, entry.data["to"]) == (EntryType.HELP_ESCALATED, "shift_leader")
    assert desk.row("help")["state"] == "escalated"
    assert desk.sweep() == []
    desk.go("help.answer", help=made)
    assert desk.last.data["late"] is True


def test_no_clock_that_is_put_back_holds_it_up(desk: Desk) -> None:
    ask_help(desk)
    desk.seconds, desk.stepped = 300, -86_400
    assert len(desk.sweep()) == 1


def test_it_is_escalated_also_while_no_clock_is_trusted(desk: Desk) -> None:
    desk.quality = ClockQuality.UNKNOWN
    ask_help(desk)
    desk.seconds, desk.stepped = 60, 86_400
    assert desk.sweep() == [], "a jump of the clock is no time"
    desk.seconds = 300
    assert len(desk.sweep()) == 1


def test_it_is_escalated_after_a_restart_of_the_machine(desk: Desk) -> None:
    desk.quality = ClockQuality.UNKNOWN
    ask_help(desk)
    desk.seconds, desk.booted = 20, 1000
    assert len(desk.sweep()) == 1


@pytest.mark.parametrize(
    ("form", "field"), [({"unit": "3-1"}, "kind"), ({"kind": "flood"}, "description")]
)
def test_what_is_no_request_for_help(desk: Desk, form: dict[str, str], field: str) -> None:
    assert desk.refused("help.ask", **form) == (422, field)


# Roles


def test_every_order_that_can_be_given_stands_in_the_table_of_roles() -> None:
    given = {*books.ACTS, *arm_orders.KINDS, *emergency.KINDS, *presence.KINDS} - roles.INNER
    given -= remote.KINDS
    assert given <= set(MAY), given - set(MAY)
    assert not remote.KINDS & set(MAY), "what the centre asks is nobody's at a desk"
    assert set(books.ACTS) >= roles.INNER
    assert set(MAY) >= roles.UNSIGNED


@pytest.mark.parametrize(
    ("role", "kind", "may"),
    [
        ("guard", "visit.open", True),
        ("guard", "lift_lockdown", False),
        ("guard", "guard.enrol", False),
        ("shift_leader", "lift_lockdown", True),
        ("shift_leader", "shift.begin", False),
        ("office", "open", False),
        ("office", "notice.post", True),
        ("office", "visit.open", False),
        ("installer", "deposit.take", False),
        ("installer", "guard.pin", True),
        ("nobody", "stop", False),
        ("guard", "no.such.kind", False),
    ],
)
def test_a_role_may_do_what_the_table_says(role: str, kind: str, may: bool) -> None:
    if may:
        roles.check(role, kind)
    else:
        with pytest.raises(Fault) as raised:
            roles.check(role, kind)
        assert raised.value.code == 403


def test_nobody_stands_above_himself_but_the_installer() -> None:
    assert [role for role in Role if role in RANK[role]] == [Role.INSTALLER]
