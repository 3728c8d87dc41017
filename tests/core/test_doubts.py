"""Inputs that cannot be believed are told once each way."""

from agent.core.doubts import Doubt, judged
from agent.core.entries import EntryType
from agent.core.events import InputChanged
from agent.core.ids import InputId
from tests.core.builders import BEAM, LOOP, moment
from tests.core.drafts import a_draft
from tests.core.whole import FIRE, WholeGate, moves

NOW = moment(0)


def changed(name: InputId, active: bool | None, fault: str = "") -> InputChanged:
    return InputChanged(name, active, 1, NOW, fault)


def test_an_input_that_was_never_doubted_says_nothing() -> None:
    out = a_draft()
    known = {LOOP: Doubt("chatter", "x")}
    for active in (True, False, None):
        assert judged({}, changed(BEAM, active), out) == {}
        assert judged(known, changed(BEAM, active), out) is known
    assert out.entries == []


def test_it_begins_and_ends_with_one_entry_each() -> None:
    out = a_draft()
    doubts = judged({}, changed(BEAM, None, "chatter"), out)
    assert judged(doubts, changed(BEAM, None, "chatter"), out) is doubts
    begun = out.entries[0]
    assert (begun.type, begun.subject) == (EntryType.INPUT_FAULTED, "input/beam")
    assert begun.data == {"input": "beam", "fault": "chatter"}
    cause = doubts[BEAM].cause
    assert doubts == {BEAM: Doubt("chatter", cause)}
    assert cause.endswith("/00000000000000000001")
    assert judged(doubts, changed(BEAM, False), out) == {}
    assert len(out.entries) == 2
    ended = out.entries[1]
    assert (ended.type, ended.data, ended.cause) == (
        EntryType.INPUT_RECOVERED,
        {"input": "beam"},
        cause,
    )


def test_another_fault_is_told_again_and_the_last_one_is_what_ended() -> None:
    out = a_draft()
    doubts = judged({}, changed(BEAM, None, "chatter"), out)
    doubts = judged(doubts, changed(LOOP, True, "stuck"), out)
    doubts = judged(doubts, changed(BEAM, None, "contacts contradict"), out)
    assert [entry.data["fault"] for entry in out.entries] == [
        "chatter",
        "stuck",
        "contacts contradict",
    ]
    assert set(doubts) == {LOOP, BEAM}
    cause = doubts[BEAM].cause
    doubts = judged(doubts, changed(BEAM, False), out)
    assert set(doubts) == {LOOP}
    assert out.entries[-1].cause == cause


def test_a_gate_tells_of_every_input_that_it_has() -> None:
    gate = WholeGate().begin()
    for name in (BEAM, FIRE, InputId("in-1.button-open"), InputId("out-1.closed")):
        since = len(gate.entries)
        gate.act(f"{name} fault contacts contradict")
        gate.act(f"{name} fault contacts contradict")
        gate.act(f"{name} off")
        gate.act(f"{name} off")
        told = [entry.type for entry in gate.entries[since:] if entry.subject == f"input/{name}"]
        assert told == [EntryType.INPUT_FAULTED, EntryType.INPUT_RECOVERED], name
        assert all(moves(step) == [] for step in gate.steps[-4:])
    assert gate.state.doubts == {}


def test_a_restart_forgets_doubts_and_tells_them_anew() -> None:
    gate = WholeGate().begin()
    gate.act("beam fault chatter")
    gate.act("restart")
    gate.act("beam fault chatter")
    told = [entry for entry in gate.entries if entry.type is EntryType.INPUT_FAULTED]
    assert len(told) == 2
