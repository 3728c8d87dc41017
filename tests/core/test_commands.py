"""Commands of the centre in the gate: what they leave in the journal, and when they are late."""

from dataclasses import replace
from typing import Any

from agent.core.commands import LATE, Command, Name, Reply
from agent.core.effects import AnswerOrder, Effect, PulseRelay
from agent.core.entries import Entry, EntryType
from agent.core.events import CommandRefused, OrderReceived
from agent.core.gate_state import Step
from agent.core.ids import OrderId
from agent.core.orders import Order
from agent.core.remote import KINDS
from tests.core.booth import Booth
from tests.core.builders import LANE


def a_command(**changes: Any) -> Command:
    made = Command("centre", Name.OPEN, "c-1", "Li", "a van", {}, "d", 0)
    return replace(made, **changes)


def given(booth: Booth, kind: str, *, deadline_ns: int = 0, **more: Any) -> Step:
    command = a_command()
    order = Order(
        OrderId(command.cmd_id), command.origin_actor, "mqtt", kind, client="centre",
        command=kind, digest="d", deadline_ns=deadline_ns, **more,
    )  # fmt: skip
    return booth.do(OrderReceived(order, booth.now))


def answer(step: Step) -> AnswerOrder:
    (found,) = (each for each in step.effects if isinstance(each, AnswerOrder))
    return found


def moved(effects: tuple[Effect, ...]) -> list[Effect]:
    return [each for each in effects if isinstance(each, PulseRelay)]


def noted(step: Step) -> Entry:
    (found,) = (each for each in step.entries if each.type is EntryType.COMMAND_ANSWERED)
    return found


def test_a_command_is_known_by_its_client() -> None:
    assert a_command().key == "centre/c-1"
    assert a_command().origin_actor == "mqtt:centre/Li"
    assert a_command(actor="").origin_actor == "mqtt:centre"
    order = Order(OrderId("c-1"), "x", "mqtt", "ping", client="centre")
    assert (order.key, replace(order, client="").key) == ("centre/c-1", "c-1")
    assert Reply("done") == Reply("done", 200, {}, "", duplicate=False)


def test_what_it_did_and_what_came_of_it_are_one_group() -> None:
    step = given(Booth(), "open", args={"lane": LANE, "reason": "a van"})
    assert answer(step).status == "done"
    assert len(moved(step.effects)) == 1
    assert step.entries[-1] is noted(step)
    assert {each.cause for each in step.entries if each.actor} == {"c-1"}
    assert {each.actor for each in step.entries if each.actor} == {"mqtt:centre/Li"}
    assert noted(step).subject == "client/centre"
    assert noted(step).data == {
        "client": "centre", "command": "open", "status": "done", "code": 200, "reason": "a van",
    }  # fmt: skip


def test_a_rejected_one_is_noted_too() -> None:
    step = given(Booth(), "open", args={"lane": "nowhere"})
    assert (answer(step).status, answer(step).code) == ("rejected", 404)
    assert moved(step.effects) == []
    assert [each.type for each in step.entries] == [EntryType.COMMAND_ANSWERED]
    assert noted(step).data["code"] == 404
    assert "reason" not in noted(step).data


def test_one_that_is_late_does_nothing() -> None:
    booth = Booth()
    step = given(booth, "open", args={"lane": LANE, "reason": "x"}, deadline_ns=booth.now.mono_ns)
    assert answer(step) == AnswerOrder(OrderId("c-1"), "expired", 410, LATE)
    assert moved(step.effects) == []
    assert noted(step).data["status"] == "expired"
    in_time = booth.now.mono_ns + 1
    step = given(booth, "open", args={"lane": LANE, "reason": "x"}, deadline_ns=in_time)
    assert len(moved(step.effects)) == 1


def test_an_order_of_the_booth_leaves_no_such_entry() -> None:
    step = Booth().plain("open", lane=LANE, reason="x")
    assert EntryType.COMMAND_ANSWERED not in {each.type for each in step.entries}


def test_what_was_done_outside_is_noted_with_its_answer() -> None:
    for kind in sorted(KINDS):
        step = given(Booth(), kind, form={"result": {"count": 3}})
        assert (answer(step).status, answer(step).result) == ("done", {"count": 3})
        assert [each.type for each in step.entries] == [EntryType.COMMAND_ANSWERED]
    step = given(Booth(), "ping", form={"result": 5})
    assert (answer(step).status, answer(step).code) == ("rejected", 422)
    step = given(Booth(), "replay", form={"result": {}, "code": 410, "detail": "it is gone"})
    assert (answer(step).code, answer(step).detail) == (410, "it is gone")


def test_who_asked_for_what_he_may_not_have() -> None:
    booth = Booth()
    step = booth.do(CommandRefused("other", "open", 403, "not named", 7, booth.now))
    (entry,) = step.entries
    assert (entry.type, entry.subject) == (EntryType.COMMAND_REFUSED, "client/other")
    assert entry.actor == "mqtt:other"
    assert entry.data == {
        "client": "other", "command": "open", "code": 403, "detail": "not named", "count": 7,
    }  # fmt: skip
