"""The mains power goes and comes: the gate goes on, and looks at every part when it is back."""

from dataclasses import replace

from agent.core.effects import CheckParts
from agent.core.entries import EntryType
from agent.core.events import PartsChecked, Started
from agent.core.facts import Mode
from agent.core.ids import InputId
from agent.core.plan import EmergencyPlan
from agent.core.plan_books import BooksPlan
from tests.core.whole import WholeGate, moves, whole

MAINS = InputId("gate.mains")
PLAN = replace(whole(), books=BooksPlan(mains=MAINS))


def begun() -> WholeGate:
    return WholeGate(PLAN).begin()


def test_a_failure_and_its_end_are_written_and_nothing_moves() -> None:
    gate = begun()
    count = len(gate.steps)
    for line in ("on", "off", "off", "on", "on"):
        gate.act(f"{MAINS} {line}")
    entries, effects = gate.since(count)
    assert [each.type for each in entries] == [EntryType.POWER_FAILED, EntryType.POWER_RETURNED]
    (look,) = [each for each in effects if isinstance(each, CheckParts)]
    assert look.cause.endswith(f"{len(gate.journal.written):020d}")
    assert not any(moves(step) for step in gate.steps[count:])


def test_what_is_found_is_written_whole_with_the_inputs() -> None:
    gate = begun()
    gate.act(f"{MAINS} off")
    gate.act(f"{MAINS} on")
    beam = next(iter(gate.plan.lanes.values())).arm.safety[1]
    gate.act(f"{beam} lost")
    parts = (("reader in-1", "ok", ""), ("relays", "down", "no pins"))
    (entry,) = gate.do(PartsChecked(parts, "why", gate.now)).entries
    assert (entry.type, entry.cause) == (EntryType.AGENT_CHECKED, "why")
    assert entry.data["faulty"] == ["relays", f"input {beam}"]
    told = entry.data["parts"]
    assert isinstance(told, list)
    assert {"part": "reader in-1", "condition": "ok"} in told
    assert entry.data["count"] == len(told) > 5


def test_the_inputs_of_the_whole_gate_are_among_what_is_found() -> None:
    fire, lockdown = InputId("gate.fire"), InputId("gate.lockdown")
    gate = WholeGate(replace(PLAN, emergency=EmergencyPlan(fire, lockdown))).begin()
    for line in (f"{MAINS} on", f"{fire} lost", f"{lockdown} off"):
        gate.act(line)
    (entry,) = gate.do(PartsChecked((), "why", gate.now)).entries
    parts = entry.data["parts"]
    assert isinstance(parts, list)
    told = {each["part"]: each for each in parts}
    assert told[f"input {fire}"]["condition"] == "down"
    assert told[f"input {lockdown}"] == {
        "part": f"input {lockdown}",
        "condition": "ok",
        "detail": "quiet",
    }
    assert told[f"input {MAINS}"]["detail"] == "active"


def test_a_failure_that_an_earlier_run_saw_is_over_when_power_is_there() -> None:
    gate = WholeGate(PLAN)
    facts = replace(gate.facts(Started(gate.now)), modes=(Mode("mains", 1),))
    state = gate.gate.step(gate.state, Started(gate.now), facts).state
    assert state.power is False
    gate.state = state
    assert gate.act(f"{MAINS} on") == "power.returned; CheckParts"
