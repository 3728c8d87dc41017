"""What a person wants of a call: ring, call somebody, take it, note the answer, hang up."""

import pytest

from agent.core.call_orders import DOES, KINDS
from agent.core.call_state import State
from agent.core.effects import PulseRelay
from agent.core.entries import EntryType
from agent.core.events import Turn
from agent.core.roles import MAY
from tests.core.booth import company
from tests.core.builders import LANE
from tests.core.calling import BUTTON_OUT, CONTROL, LI, WANG, Calling
from tests.core.whole import OUT, RAMP

NIGHT = 11 * 3600


def test_the_screen_rings_like_the_button() -> None:
    gate = Calling()
    result = gate.done("call.ring", lane=LANE)
    assert result["call"] == gate.call.call
    assert gate.told(EntryType.CALL_BEGAN)[0]["origin"] == "screen"
    assert gate.done("call.ring", lane=LANE) == result, "it is the call that is on"
    assert len(gate.every(EntryType.CALL_BEGAN)) == 1


@pytest.mark.parametrize(("lane", "code"), [(RAMP, 404), ("nowhere", 404), ("", 422)])
def test_a_lane_that_calls_nobody(lane: str, code: int) -> None:
    gate = Calling()
    assert gate.refused("call.ring", lane=lane)[:2] == (code, "lane")


def test_too_many_wait() -> None:
    gate = Calling()
    gate.press()
    for number in range(4):
        gate.tell(Turn.CALLED, f"c-{number}", peer=CONTROL)
    assert gate.refused("call.ring", lane=OUT)[0] == 429


def test_the_guard_calls_a_unit_and_the_resident_opens() -> None:
    gate = Calling()
    call = gate.done("call.place", unit="3-1", lane=LANE)["call"]
    began = gate.last(EntryType.CALL_BEGAN)
    assert (began.actor, began.personal) == ("g-1", {"unit": "3-1"})
    assert (began.data["desk"], began.data["origin"]) == ("desk-1", "guard")
    assert gate.dialled[gate.call.line] == f"sip:{WANG}@10.0.0.1"
    gate.rings()
    gate.answers()
    gate.key("5")
    assert gate.last(EntryType.ACCESS_GRANTED).data["lane"] == LANE
    assert gate.row("calls", "call", call)["opened"] == 1


def test_without_a_lane_the_open_key_only_agrees() -> None:
    gate = Calling()
    gate.done("call.place", unit="3-1")
    gate.answers()
    gate.key("5", "5", "5")
    assert gate.told(EntryType.CALL_DECIDED)[0]["opened"] is False
    assert not gate.every(EntryType.ACCESS_GRANTED)


def test_the_numbers_of_a_unit_in_their_order_and_no_alarm() -> None:
    gate = Calling()
    gate.done("call.place", unit="3-1")
    gate.after(76)
    dialled = list(gate.dialled.values())
    assert len(dialled) == 3
    assert dialled[2] == f"sip:{LI}@10.0.0.1"
    assert gate.state.calls.active is None
    assert not gate.every(EntryType.ALARM_RAISED)


def test_by_hand_comes_first_and_then_the_roster_in_its_order() -> None:
    gate = Calling()
    gate.done("call.place", unit="7-1")
    gate.after(76)
    assert list(gate.dialled.values()) == [f"sip:{n}@10.0.0.1" for n in ("70", "71", "72")]


@pytest.mark.parametrize(("entry", "number"), [("d-3", "8001"), ("d-4", "110"), ("d-6", "8009")])
def test_the_guard_calls_a_line_of_the_directory(entry: str, number: str) -> None:
    gate = Calling()
    gate.done("call.place", entry=entry)
    assert gate.dialled[gate.call.line] == f"sip:{number}@10.0.0.1"
    gate.answers()
    gate.key("5", "5")
    assert len(gate.told(EntryType.CALL_DECIDED)) == 1


@pytest.mark.parametrize(
    ("form", "refused"),
    [
        ({}, (422, "unit")),
        ({"unit": "3-1", "entry": "d-1"}, (422, "unit")),
        ({"unit": "9-9"}, (404, "unit")),
        ({"unit": "none"}, (404, "unit")),
        ({"entry": "d-5"}, (404, "entry")),
        ({"entry": "none"}, (404, "entry")),
        ({"unit": "3-1", "lane": "nowhere"}, (404, "lane")),
    ],
)
def test_whom_nobody_can_call(form: dict[str, str], refused: tuple[int, str]) -> None:
    gate = Calling()
    assert gate.refused("call.place", **form)[:2] == refused


def test_quiet_hours_unless_the_guard_insists() -> None:
    gate = Calling(seconds=NIGHT)
    assert gate.refused("call.place", unit="3-1")[:2] == (409, "despite")
    assert gate.refused("call.place", entry="d-1")[:2] == (409, "despite"), "he lives there"
    assert gate.refused("call.place", entry="d-1", despite=True)[:2] == (422, "reason")
    gate.done("call.place", entry="d-1", despite=True, reason="water runs down the stairs")
    began = gate.told(EntryType.CALL_BEGAN)[-1]
    assert (began["despite"], began["reason"]) == (True, "water runs down the stairs")


def test_quiet_hours_of_one_line_of_the_directory() -> None:
    gate = Calling(seconds=1800)
    assert gate.refused("call.place", entry="d-8")[:2] == (409, "despite")
    gate.done("call.place", unit="5-2")
    assert [leg.entry for leg in gate.call.legs] == ["d-9"], "the other one is left alone"
    assert "despite" not in gate.told(EntryType.CALL_BEGAN)[-1]
    gate = Calling(seconds=5400)
    assert gate.refused("call.place", unit="5-2")[:2] == (409, "despite")
    gate.done("call.place", unit="5-2", despite=True, reason="fire")
    assert [leg.entry for leg in gate.call.legs] == ["d-8", "d-9"]


def test_one_line_of_sound() -> None:
    gate = Calling()
    gate.press()
    assert gate.refused("call.place", unit="3-1")[:2] == (409, "call")


def test_the_guard_takes_a_visitor_himself() -> None:
    gate = Calling()
    gate.press()
    line = gate.call.line
    gate.rings()
    call = gate.call.call
    gate.done("call.answer", call=call)
    assert gate.hung_up == [line]
    answered = gate.last(EntryType.CALL_ANSWERED)
    assert (answered.actor, answered.data["by"]) == ("g-1", "booth")
    assert gate.row("calls", "call", call)["stage"] == "answered"
    gate.tell(Turn.ENDED, line)
    assert gate.call.state is State.ANSWERED, "the line that was hung up is not the call"
    gate.done("call.end", call=call)
    assert gate.last(EntryType.CALL_ENDED).actor == "g-1"
    assert gate.told(EntryType.CALL_ENDED)[0]["outcome"] == "answered"


def test_the_guard_takes_the_control_room_s_call_and_keeps_its_line() -> None:
    gate = Calling()
    gate.tell(Turn.CALLED, "c-1", peer=CONTROL)
    gate.done("call.answer", call=gate.call.call)
    assert gate.hung_up == []


def test_what_does_not_ring_here_is_not_answered() -> None:
    gate = Calling()
    gate.done("call.place", unit="3-1")
    assert gate.refused("call.answer", call=gate.call.call)[:2] == (409, "call")
    gate.done("call.end", call=gate.call.call)
    assert gate.told(EntryType.CALL_ENDED)[0]["outcome"] == "cancelled"
    gate.press()
    gate.press(BUTTON_OUT)
    (waiting,) = gate.state.calls.waiting
    assert gate.refused("call.answer", call=waiting.call)[:2] == (409, "call")


@pytest.mark.parametrize("kind", ["call.answer", "call.end", "call.decide"])
def test_calls_that_are_over(kind: str) -> None:
    gate = Calling()
    more = {"answer": "agreed"} if kind == "call.decide" else {}
    assert gate.refused(kind, call="gone", **more)[:2] == (404, "call")
    assert gate.refused(kind)[:2] == (422, "call")


def test_the_guard_opens_while_it_rings_and_the_call_is_over() -> None:
    gate = Calling()
    gate.press()
    call = gate.call.call
    step = gate.ordered("call.decide", {"call": call, "answer": "agreed", "open": True})
    assert [each for each in step.effects if isinstance(each, PulseRelay)]
    granted = gate.last(EntryType.ACCESS_GRANTED)
    assert (granted.actor, granted.data["order"]) == ("g-1", "call.decide")
    assert gate.state.calls.active is None
    ended = gate.told(EntryType.CALL_ENDED)[0]
    assert (ended["outcome"], ended["opened"], ended["answer"]) == ("answered", True, "agreed")


def test_the_guard_notes_by_voice_what_was_said() -> None:
    gate = Calling().to_unit()
    gate.answers()
    call = gate.call.call
    assert gate.done("call.decide", call=call, answer="agreed") == {"call": call, "opened": False}
    assert gate.call.state is State.ANSWERED
    gate.done("call.decide", call=call, answer="agreed", open=True)
    assert gate.refused("call.decide", call=call, answer="agreed", open=True)[:2] == (409, "open")
    assert len(gate.every(EntryType.ACCESS_GRANTED)) == 1


def test_the_guard_notes_that_he_declined() -> None:
    gate = Calling().to_unit()
    gate.answers()
    gate.done("call.decide", call=gate.call.call, answer="declined")
    assert gate.state.calls.active is None
    assert gate.told(EntryType.CALL_ENDED)[0]["outcome"] == "declined"


def test_who_waits_is_declined_too() -> None:
    gate = Calling()
    gate.press()
    gate.press(BUTTON_OUT)
    (waiting,) = gate.state.calls.waiting
    gate.done("call.decide", call=waiting.call, answer="declined")
    assert gate.state.calls.waiting == ()
    assert gate.call.lane == LANE


@pytest.mark.parametrize(
    ("form", "refused"),
    [
        ({"answer": "declined", "open": True}, (422, "open")),
        ({"answer": "perhaps"}, (422, "answer")),
    ],
)
def test_senseless_answers(form: dict[str, object], refused: tuple[int, str]) -> None:
    gate = Calling()
    gate.press()
    assert gate.refused("call.decide", call=gate.call.call, **form)[:2] == refused


def test_nothing_is_opened_without_a_lane_and_nothing_agreed_before_an_answer() -> None:
    gate = Calling()
    gate.done("call.place", unit="3-1")
    call = gate.call.call
    assert gate.refused("call.decide", call=call, answer="agreed")[:2] == (409, "call")
    gate.answers()
    assert gate.refused("call.decide", call=call, answer="agreed", open=True)[:2] == (422, "open")


def test_what_bars_the_lane_bars_the_guard() -> None:
    gate = Calling()
    gate.plain("lockdown", reason="a theft")
    gate.press(BUTTON_OUT)
    form = {"call": gate.call.call, "answer": "agreed", "open": True}
    assert gate.refused("call.decide", **form)[0] == 423


def test_the_answer_goes_into_the_visit() -> None:
    gate = Calling()
    call = gate.done("call.place", unit="3-1")["call"]
    gate.answers()
    gate.key("5")
    form = {**company("V-1"), "kind": "resident", "unit": "3-1"}
    form.pop("answer")
    gate.done("visit.open", **form, call=call)
    opened = gate.last(EntryType.VISIT_OPENED).data
    assert (opened["call"], opened["answer"]) == (call, "host_agreed")


def test_who_was_declined_by_voice_is_not_let_in() -> None:
    gate = Calling().to_unit()
    gate.answers()
    call = gate.call.call
    gate.key("0")
    gate.done("visit.decline", kind="resident", visitor="Li", reason="not known", call=call)
    declined = gate.last(EntryType.VISIT_DECLINED).data
    assert (declined["call"], declined["asked"]) == (call, "host_declined")
    gate.done("visit.decline", kind="resident", visitor="Li", reason="not known")
    assert "call" not in gate.last(EntryType.VISIT_DECLINED).data
    assert gate.last(EntryType.VISIT_DECLINED).data["asked"] == "nobody"


def test_a_call_that_nobody_knows_proves_nothing() -> None:
    gate = Calling()
    assert gate.refused("visit.open", **company("V-1"), call="gone")[:2] == (404, "call")
    delivery = {**company("V-1"), "kind": "delivery", "unit": "3-1", "answer": ""}
    call = gate.done("call.place", unit="3-1")["call"]
    gate.done("visit.open", **delivery, call=call)
    assert gate.last(EntryType.VISIT_OPENED).data["answer"] == "not_needed"


def test_every_kind_has_somebody_who_may() -> None:
    assert set(KINDS) <= set(MAY)
    assert set(KINDS) == set(DOES)


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_that_nobody_looks_at_is_told(kind: str) -> None:
    gate = Calling()
    assert gate.refused(kind, loud=True)[:2] == (422, "loud")
