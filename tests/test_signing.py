"""Signing on with card and PIN, what a console may order, and what is written down of it."""

import json
import pwd
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.control.server import Peer
from agent.core import project_booth
from agent.core.entries import EntryType
from agent.core.form import Fault
from agent.core.model import CardKind, CardProof, ClockQuality, Moment
from agent.core.remote import KINDS as CENTRE
from agent.errors import GateError, StoreError
from agent.signing import TRIES, WITHIN_NS, Pins, Tries, checked, minted, token_hash
from agent.signing_requests import SignOn, console_uids
from tests.core.builders import LANE
from tests.core.desk import booth_plan, guard_card
from tests.patience import LIMIT_S
from tests.rigs.booth import DESK, OTHER_PIN, PIN, Booth, lost

GUARD, OTHER = "g-1001", "g-1002"
CARD, SECOND = guard_card("G-1"), guard_card("G-2")
OLD = token_hash("a token of yesterday")
SECOND_NS = 1_000_000_000


@pytest.fixture
def booth(tmp_path: Path) -> Iterator[Booth]:
    made = Booth(tmp_path / "ledger.db", booth_plan())
    try:
        made.put(CARD, SECOND)
        made.enrol(GUARD, card="G-1")
        made.enrol(OTHER, OTHER_PIN, card="G-2")
        made.protected.clear()
        yield made
    finally:
        made.close()


# PINs and tokens


def test_a_pin_is_kept_as_scrypt_with_a_salt_of_its_own() -> None:
    pins = Pins()
    kept = pins.hashed(PIN)
    assert kept.startswith("scrypt$16384$8$1$")
    assert PIN not in kept
    assert kept != pins.hashed(PIN)
    assert pins.match(kept, PIN)
    assert not pins.match(kept, OTHER_PIN)
    assert not pins.match("", PIN)


@pytest.mark.parametrize("kept", ["md5$1$2", "scrypt$1", "x"])
def test_a_hash_that_is_not_known_is_a_fault_and_not_a_wrong_pin(kept: str) -> None:
    with pytest.raises(GateError, match="set a new one"):
        Pins().match(kept, PIN)


@pytest.mark.parametrize(
    "pin", ["48291", "4829130000000", "48 291", "48291a", "４８２９１３", None, 7]
)
def test_what_is_no_pin(pin: object) -> None:
    with pytest.raises(Fault) as raised:
        checked(pin)
    assert raised.value.field == "pin"
    assert str(pin) not in str(raised.value)


@pytest.mark.parametrize("pin", ["111111", "123456", "987654", "789012", "210987"])
def test_what_is_too_easy_to_guess(pin: str) -> None:
    with pytest.raises(Fault, match="too easy"):
        checked(pin)


def test_a_pin_is_taken_without_the_blanks_around_it() -> None:
    assert checked(f" {PIN} ") == PIN


def test_of_a_token_only_its_hash_is_kept() -> None:
    token, kept = minted()
    assert len(token) >= 43
    assert kept == token_hash(token)
    assert len(kept) == 64
    assert minted() != minted()


def test_five_wrong_ones_shut_a_guard_out_for_a_while() -> None:
    tries = Tries()
    assert [tries.begin("g", second * SECOND_NS) for second in range(TRIES)] == [0] * TRIES
    assert tries.begin("g", 5 * SECOND_NS) == 295
    assert tries.begin("other", 5 * SECOND_NS) == 0
    assert tries.begin("g", WITHIN_NS - 1) == 1
    assert tries.begin("g", WITHIN_NS) == 0
    assert tries.begin("g", WITHIN_NS) == 1, "four are younger than five minutes"
    assert tries.wrong("g") == TRIES
    tries.worked("g")
    assert tries.wrong("g") == 0
    assert tries.begin("g", WITHIN_NS) == 0


def test_many_at_once_are_no_more_tries() -> None:
    tries, pins = Tries(), Pins()
    kept = pins.hashed(PIN)
    begun: list[int] = []

    def guess() -> None:
        if tries.begin("g", 0) == 0:
            pins.match(kept, OTHER_PIN)
            begun.append(1)

    threads = [threading.Thread(target=guess, name=f"guess-{n}") for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert len(begun) == TRIES


# Signing on


def test_a_guard_signs_on_with_card_and_pin(booth: Booth) -> None:
    shown = booth.present(CARD)
    told = booth.ask("sign_on", desk=DESK, presented=shown, pin=PIN)
    token = told.pop("token")
    assert told["status"] == "done"
    assert (told["guard"], told["name"], told["role"], told["desk"]) == (
        GUARD,
        "张伟",
        "guard",
        DESK,
    )
    assert booth.ask("who", token=token)["shift"] == told["shift"]
    (row,) = booth.rows("shifts")
    assert (row["state"], row["without_card"]) == ("on", 0)
    (kept,) = booth.rows("tokens")
    assert kept["hash"] == token_hash(token)
    assert token not in str(booth.entries()) + str(booth.rows("results"))


def test_without_the_card_it_is_possible_and_leaves_a_mark(booth: Booth) -> None:
    booth.sign_on(GUARD)
    (row,) = booth.rows("shifts")
    assert row["without_card"] == 1
    (entry,) = booth.entries(EntryType.SHIFT_BEGAN)
    assert b'"withoutcard":true' in entry.data
    told = booth.ask("sign_on", desk=DESK, card="G-2", pin=OTHER_PIN)
    assert told["guard"] == OTHER, "by the label of the card that he forgot"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"guard": GUARD, "pin": OTHER_PIN}, 403),
        ({"guard": GUARD}, 403),
        ({"guard": "g-404", "pin": PIN}, 403),
        ({"pin": PIN}, 403),
        ({"card": "G-404", "pin": PIN}, 403),
        ({"guard": GUARD, "pin": PIN, "desk": ""}, 422),
        ({"guard": GUARD, "pin": PIN, "presented": "x"}, 409),
        ({"guard": GUARD, "pin": PIN, "presented": True}, 409),
        ({"guard": GUARD, "pin": PIN, "presented": 999}, 409),
        ({"guard": GUARD, "pin": PIN, "presented": 1}, 409),
    ],
)
def test_who_may_not_sign_on(booth: Booth, request_: dict[str, object], code: int) -> None:
    told = booth.ask("sign_on", **{"desk": DESK, **request_})
    assert (told["status"], told["code"]) == ("rejected", code)
    assert "token" not in told
    assert booth.rows("shifts") == []
    assert len(booth.entries(EntryType.SIGNON_FAILED)) == (code == 403)


def test_what_went_wrong_is_written_down_and_never_what_was_typed(booth: Booth) -> None:
    booth.ask("sign_on", desk=DESK, guard=GUARD, pin=OTHER_PIN)
    booth.ask("sign_on", desk=DESK, guard=PIN, pin=GUARD)
    known, nobody = booth.entries(EntryType.SIGNON_FAILED)
    assert (known.subject, nobody.subject) == (f"guard/{GUARD}", f"desk/{DESK}")
    everything = str(booth.entries()) + str(booth.rows("personal")) + str(booth.rows("results"))
    assert PIN not in everything
    assert OTHER_PIN not in everything


def test_a_card_counts_for_a_minute_at_its_desk(booth: Booth) -> None:
    shown = booth.present(CARD)
    told = booth.ask("sign_on", desk="desk-2", presented=shown, pin=PIN)
    assert (told["code"], told["result"]["field"]) == (409, "presented")
    booth.pass_by(60)
    assert booth.ask("sign_on", desk=DESK, presented=shown, pin=PIN)["status"] == "done"
    booth.pass_by(1)
    assert booth.ask("sign_on", desk=DESK, presented=shown, pin=PIN)["code"] == 409


def test_nobody_signs_on_with_what_may_be_a_copy_of_a_card(booth: Booth) -> None:
    copy = booth.present(CARD, CardProof.FAILED)
    assert booth.ask("sign_on", desk=DESK, presented=copy, pin=PIN)["code"] == 409
    card = booth.present(CARD, CardProof.DESFIRE)
    assert booth.ask("sign_on", desk=DESK, presented=card, pin=PIN)["status"] == "done"


def test_a_card_that_was_shown_before_a_restart_counts_no_more(booth: Booth) -> None:
    shown = booth.present(CARD)
    now = booth.now
    booth.gate.clock.set(Moment(now.wall_us, now.mono_ns - 1, ClockQuality.SYNCED))
    assert booth.ask("sign_on", desk=DESK, presented=shown, pin=PIN)["code"] == 409


def test_a_session_outlasts_a_restart_and_a_card_that_was_shown_does_not(booth: Booth) -> None:
    token, shown = booth.sign_on(GUARD), booth.present(CARD)
    booth.close()
    again = Booth(booth.path, booth.gate.plan, "boot-2")
    try:
        assert again.ask("who", token=token)["guard"] == GUARD
        assert again.order("duty.note", {"text": "x"}, token=token)["status"] == "done"
        assert again.ask("sign_on", desk=DESK, presented=shown, pin=PIN)["code"] == 409
    finally:
        again.close()


def test_a_lost_card_signs_nobody_on(booth: Booth) -> None:
    shown = booth.present(CARD)
    booth.put(lost(CARD))
    assert booth.ask("sign_on", desk=DESK, presented=shown, pin=PIN)["code"] == 409


def test_card_and_name_must_be_of_one_guard(booth: Booth) -> None:
    shown = booth.present(CARD)
    told = booth.ask("sign_on", desk=DESK, presented=shown, guard=OTHER, pin=OTHER_PIN)
    assert (told["code"], told["result"]["field"]) == (409, "guard")
    told = booth.ask("sign_on", desk=DESK, presented=shown, card="G-2", pin=PIN)
    assert (told["code"], told["result"]["field"]) == (409, "card")


def test_a_guard_is_shut_out_after_five_wrong_pins(booth: Booth) -> None:
    for _ in range(TRIES):
        assert booth.ask("sign_on", desk=DESK, guard=GUARD, pin=OTHER_PIN)["code"] == 403
    told = booth.ask("sign_on", desk=DESK, guard=GUARD, pin=PIN)
    assert (told["code"], told["result"]["with"]) == (429, {"seconds": 300})
    assert len(booth.entries(EntryType.SIGNON_FAILED)) == TRIES
    booth.sign_on(OTHER, OTHER_PIN)
    booth.pass_by(300)
    booth.sign_on(GUARD)


def test_a_lost_card_and_a_forgotten_pin_have_a_way_that_leaves_a_trace(booth: Booth) -> None:
    booth.enrol("g-2001", "305172", role="shift_leader")
    leader = booth.sign_on("g-2001", "305172")
    assert booth.order("guard.pin", {"guard": GUARD, "pin": "111111"}, token=leader)["code"] == 422
    told = booth.order(
        "guard.pin", {"guard": GUARD, "pin": "620481", "reason": "forgotten"}, token=leader
    )
    assert told["status"] == "done"
    assert booth.ask("sign_on", desk=DESK, guard=GUARD, pin=PIN)["code"] == 403
    booth.sign_on(GUARD, "620481")
    (entry,) = booth.entries(EntryType.GUARD_CHANGED)
    assert entry.actor == "g-2001"
    assert "620481" not in str(booth.entries()) + str(booth.rows("results"))


def test_who_signs_off_can_do_no_more(booth: Booth) -> None:
    token = booth.sign_on(GUARD)
    assert booth.order("duty.note", {"text": "x"}, token=token)["status"] == "done"
    assert booth.ask("sign_off", token=token)["status"] == "done"
    assert booth.rows("tokens") == []
    assert booth.rows("shifts")[0]["state"] == "ended"
    told = booth.order("duty.note", {"text": "x"}, token=token)
    assert (told["status"], told["code"]) == ("rejected", 401)
    assert booth.ask("who", token=token)["code"] == 401
    assert booth.ask("sign_off", token=token)["status"] == "done", "twice is no fault"


def test_who_has_left_can_do_no_more(booth: Booth) -> None:
    token = booth.sign_on(GUARD)
    booth.cli("guard.leave", {"guard": GUARD, "reason": "moved"})
    assert booth.order("duty.note", {"text": "x"}, token=token)["code"] == 401
    assert booth.ask("sign_on", desk=DESK, guard=GUARD, pin=PIN)["code"] == 403


def test_tokens_of_one_guard_are_few(booth: Booth) -> None:
    tokens: list[str] = []
    for _ in range(7):
        tokens.append(booth.sign_on(GUARD))
        booth.pass_by(1)
    assert len(booth.rows("tokens")) == 4
    assert booth.ask("who", token=tokens[0])["code"] == 401
    assert booth.ask("who", token=tokens[-1])["status"] == "done"
    assert len(booth.rows("shifts")) == 1


# What a console may order


def test_an_order_acts_as_the_guard_of_its_token(booth: Booth) -> None:
    token = booth.sign_on(GUARD)
    booth.order("duty.note", {"text": "x"}, token=token)
    (entry,) = booth.entries(EntryType.DUTY_NOTED)
    assert entry.actor == GUARD
    assert b'"origin":"console"' in entry.data
    assert b'"desk":"desk-1"' in entry.data


def test_a_role_may_do_its_own_things_only(booth: Booth) -> None:
    token = booth.sign_on(GUARD)
    told = booth.order("lift_lockdown", token=token, reason="over")
    assert (told["status"], told["code"]) == ("rejected", 403)
    assert told["result"]["with"] == {"role": "guard", "kind": "lift_lockdown"}
    booth.order("shift.lead", {"reason": "the leader is ill"}, token=token)
    assert booth.order("lift_lockdown", token=token, reason="over")["status"] == "done"
    form = {"guard": "g-7", "name": "陈", "pin": "620481"}
    assert booth.order("guard.enrol", form, token=token)["code"] == 403


@pytest.mark.parametrize("kind", ["stop", "fire", "priority"])
def test_what_protects_works_while_nobody_is_signed_on(booth: Booth, kind: str) -> None:
    told = booth.order(kind, lane=LANE)
    assert told["code"] != 401
    assert booth.protected[0] == kind
    (row,) = booth.rows("unsigned")
    assert (row["kind"], row["desk"]) == (kind, DESK)
    entry = booth.entries(EntryType.ARM_ORDERED, EntryType.EMERGENCY_RAISED)[-1]
    assert entry.actor == f"desk/{DESK}"
    token = booth.sign_on(GUARD)
    signed = booth.order("act.sign", {"act": row["act"], "reason": "a child"}, token=token)
    assert signed["status"] == "done"
    assert booth.rows("unsigned") == []


def test_what_protects_works_with_an_old_token_and_an_unreadable_ledger(booth: Booth) -> None:
    assert booth.order("stop", token=OLD, lane=LANE)["code"] != 401
    booth.unreadable = True
    assert booth.order("stop", token=OLD, lane=LANE)["code"] != 401
    with pytest.raises(StoreError):
        booth.order("open", token=OLD, lane=LANE, reason="x")
    assert len(booth.rows("unsigned")) == 2


def test_nothing_else_works_while_nobody_is_signed_on(booth: Booth) -> None:
    for kind in ("open", "duty.note", "lift_lockdown", "no.such.kind"):
        told = booth.order(kind, lane=LANE, reason="x")
        assert (told["status"], told["code"]) == ("rejected", 401)
    assert booth.protected == []


def test_an_order_of_a_console_without_a_desk_says_so(booth: Booth) -> None:
    booth.requests._signing._consoles = frozenset({1000})
    booth.order("stop", desk="", lane=LANE)
    assert booth.entries(EntryType.ARM_ORDERED)[-1].actor == "desk"
    assert booth.order("open", desk="", lane=LANE, reason="x")["code"] == 401


def test_a_console_that_says_it_is_none_is_one_all_the_same(booth: Booth) -> None:
    booth.requests._signing._consoles = frozenset({1000})
    told = booth.order("open", desk="", lane=LANE, reason="x")
    assert told["code"] == 401
    for op in ("roster.begin", "roster.stage", "roster.switch", "roster.status"):
        with pytest.raises(GateError, match="not for a console"):
            booth.ask(op)
    booth.peer = Peer(1, 1001)
    assert booth.requests.handlers()["roster.begin"]({}, booth.peer) == 2


def test_the_command_line_acts_by_its_user(booth: Booth) -> None:
    booth.cli("duty.note", {"text": "x"})
    assert booth.entries(EntryType.DUTY_NOTED)[-1].actor == "uid:1000"
    told = {"order_id": "o", "kind": "duty.note", "args": {}, "form": {"text": "x"}}
    booth.ask("order", **told, actor="Li")
    assert booth.entries(EntryType.DUTY_NOTED)[-1].actor == "Li (uid:1000)"


@pytest.mark.parametrize("kind", sorted(CENTRE))
def test_what_the_centre_asks_is_no_order_of_the_gate_itself(booth: Booth, kind: str) -> None:
    before = booth.entries()
    told = booth.order(kind, {}, desk="")
    assert (told["status"], told["code"]) == ("rejected", 403)
    assert told["detail"] == f"{kind} is the centre's to ask, over MQTT"
    assert booth.entries() == before


@pytest.mark.parametrize("kind", ["shift.begin", "shift.end"])
def test_nobody_begins_a_shift_but_by_signing_on(booth: Booth, kind: str) -> None:
    form = {"guard": GUARD, "role": "installer", "desk": DESK, "hash": "h"}
    for desk in (DESK, ""):
        assert booth.order(kind, form, desk=desk)["code"] == 403


def test_a_lane_that_cannot_be_signed_for(booth: Booth) -> None:
    told = booth.order("stop", lane="nowhere")
    assert told["code"] == 404
    assert booth.rows("unsigned") == []


# Cards that were shown


def test_a_supervisor_is_known_by_the_card_that_was_shown(booth: Booth) -> None:
    token = booth.sign_on(GUARD)
    booth.put(patrol := guard_card("P-1", CardKind.PATROL))
    shown = booth.present(patrol)
    told = booth.order("patrol.check", {"presented": shown}, token=token)
    assert told["result"] == {"card": "P-1"}
    told = booth.order("patrol.check", {"shown": "P-1"}, token=token)
    assert (told["code"], told["result"]["field"]) == (422, "presented"), "a form proves nothing"
    booth.pass_by(121)
    assert booth.order("patrol.check", {"presented": shown}, token=token)["code"] == 409


def counted(**more: object) -> dict[str, object]:
    return {"cash": {"amount": 0}, "documents": 0, "cards": 0, **more}


def test_both_guards_sign_a_handover_with_card_or_pin(booth: Booth) -> None:
    token = booth.sign_on(GUARD)
    shift = booth.ask("who", token=token)["shift"]
    booth.order("open", token=token, lane=LANE, reason="a bicycle")
    form = counted(
        shift=shift,
        to=OTHER,
        presented={"from": booth.present(CARD)},
        pins={"to": OTHER_PIN},
    )
    told = booth.order("shift.hand_over", form, token=token)
    assert (told["status"], told["result"]["differences"]) == ("done", [])
    (entry,) = booth.entries(EntryType.SHIFT_HANDED)
    data = json.loads(entry.data)
    assert data["signed"] == {"from": "card", "to": "pin"}
    assert (data["open"]["alarms"], data["open"]["overrides"]) == (0, 1)
    assert OTHER_PIN not in str(booth.entries()) + str(booth.rows("results"))


@pytest.mark.parametrize(
    ("form", "code", "field"),
    [
        ({"signed": {"from": "card", "to": "card"}}, 422, "presented.from"),
        ({"pins": {"from": OTHER_PIN, "to": OTHER_PIN}}, 403, "pins.from"),
        ({"pins": {"from": PIN, "to": PIN}}, 403, "pins.to"),
        ({"pins": {"from": PIN}}, 422, "presented.to"),
        ({"pins": {"from": PIN}, "presented": {"to": "G-1"}}, 409, "presented.to"),
        ({"pins": {"from": PIN}, "presented": {"to": "G-404"}}, 409, "presented"),
        ({"pins": {"from": PIN, "to": PIN}, "to": "g-404"}, 403, "pins.to"),
    ],
)
def test_a_handover_that_is_not_signed(
    booth: Booth, form: dict[str, object], code: int, field: str
) -> None:
    token = booth.sign_on(GUARD)
    shift = booth.ask("who", token=token)["shift"]
    shown = {"G-1": booth.present(CARD), "G-404": 1}
    presented = form.get("presented")
    if isinstance(presented, dict):
        form = {**form, "presented": {side: shown[str(card)] for side, card in presented.items()}}
    told = booth.order("shift.hand_over", {**counted(shift=shift, to=OTHER), **form}, token=token)
    assert (told["code"], told["result"]["field"]) == (code, field)
    assert booth.entries(EntryType.SHIFT_HANDED) == []


# The whole booth on the disk


def test_what_is_rebuilt_is_what_was_live(booth: Booth) -> None:
    token = booth.sign_on(GUARD)
    booth.order("appointment.make", {"visitor": "李"}, token=token)
    booth.order("ban.set", {"plate": "粤B1", "reason": "theft"}, token=token)
    booth.order("notice.post", {"text": "no water"}, token=token)
    lines = [{"name": "sofa", "quantity": 1}]
    slip = {"number": "7", "unit": "3-1", "lines": lines}
    booth.order("slip.receive", slip, token=token)
    booth.order("inspection.make", {"lane": LANE, "card": "G-1", "result": "clear", "opened": True})
    booth.order("help.ask", {"kind": "flood", "unit": "3-1"}, token=token)
    booth.order("priority.announce", {"kind": "police", "route": "left"}, token=token)
    booth.order("stop", lane=LANE)
    booth.pass_by(301)
    booth.ask("sign_off", token=token)
    tables = [each.table for each in project_booth.PROJECTIONS]
    before = {table: booth.rows(table) for table in tables}
    assert [row["state"] for row in before["help"]] == ["escalated"]
    booth.ledger.rebuild()
    assert {table: booth.rows(table) for table in tables} == before


def test_a_card_that_is_issued_is_known_at_once(booth: Booth) -> None:
    booth.cli(
        "card.issue",
        {"credential": "uid:04A1B2C3", "label": "R-1", "kind": "resident", "holder": "王"},
    )
    told = booth.order(
        "card.issue",
        {"credential": "uid:04A1B2C3", "label": "R-2", "kind": "resident", "holder": "王"},
        desk="",
    )
    assert (told["code"], told["result"]["field"]) == (409, "credential")
    booth.cli("card.lost", {"label": "R-1", "reason": "in the river"})
    with booth._reading() as reading:
        card = reading.card_by_label("R-1")
    assert card is not None
    assert card.status.value == "lost"


def test_no_gate_no_signing(booth: Booth) -> None:
    house = booth.requests._house
    alone = SignOn(type(house)(house.plan, house.timezone, house.clock, house.ledger, house.run,
                               house.reading))  # fmt: skip
    for op in ("sign_on", "sign_off"):
        with pytest.raises(GateError, match="nobody can sign on"):
            alone.handlers()[op]({"token": "x"}, booth.peer)


def test_a_console_has_a_user_where_the_machine_has_one() -> None:
    found = [user.pw_uid for user in pwd.getpwall() if user.pw_name == "gate-console"]
    assert console_uids() == frozenset(found)
