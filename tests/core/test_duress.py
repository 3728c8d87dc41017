"""A code at a reader near a card calls for help, and nothing else at the gate is any different."""

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agent.core.effects import Effect
from agent.core.entries import Entry, EntryType
from agent.core.events import CardRead, KeysTyped
from agent.core.ids import ReaderId
from agent.core.model import CardStatus
from agent.core.plan import DuressPlan, GatePlan, SignalPlan
from agent.core.project import project
from agent.core.project_alarms import silent
from tests.core.builders import (
    DESK_READER,
    LANE,
    OTHER_READER,
    READER,
    SECOND,
    a_card,
    credential,
    gate_plan,
    moment,
)
from tests.core.drafts import a_draft
from tests.core.play import Play

PIN = "471108"
WITHIN_S = 10


def a_plan(pin: str = PIN) -> GatePlan:
    plan = gate_plan()
    lane = replace(plan.lanes[LANE], signals=SignalPlan())
    return replace(plan, lanes={LANE: lane}, duress=DuressPlan(pin, WITHIN_S * SECOND))


class Gate(Play):
    """A played gate at which keys can be typed; the clock goes on by what each step is told."""

    def keys(self, keys: str, after: float = 0, reader: ReaderId = READER) -> list[Entry]:
        self.seconds += after
        return list(self.do(KeysTyped(reader, keys, self.now)).entries)

    def card(self, label: str = "A", after: float = 0, reader: ReaderId = READER) -> list[Entry]:
        self.seconds += after
        return list(self.do(CardRead(reader, credential(label), self.now)).entries)

    @property
    def raised(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.type is EntryType.ALARM_RAISED]


def a_gate(plan: GatePlan | None = None) -> Gate:
    gate = Gate.ready(plan or a_plan(), [a_card("A"), a_card("B", CardStatus.BLOCKED)])
    assert isinstance(gate, Gate)
    return gate


def test_a_card_and_then_the_code() -> None:
    gate = a_gate()
    (granted,) = gate.card()
    for key in PIN[:-1]:
        assert gate.keys(key, after=0.5) == []
    (alarm,) = gate.keys(PIN[-1], after=0.5)
    assert alarm.type is EntryType.ALARM_RAISED
    assert alarm.subject == f"lane/{LANE}"
    assert alarm.data == {
        "lane": LANE,
        "alarm": "duress",
        "step": "alarm",
        "level": 1,
        "reader": READER,
        "card": "A",
    }
    assert alarm.personal == {}
    assert granted.type is EntryType.ACCESS_GRANTED
    assert alarm.cause.endswith(f"/{gate.entries.index(granted) + 1:020d}")


def test_the_code_and_then_a_card() -> None:
    gate = a_gate()
    assert gate.keys(PIN) == []
    granted, alarm = gate.card(after=WITHIN_S)
    assert (granted.type, alarm.type) == (EntryType.ACCESS_GRANTED, EntryType.ALARM_RAISED)
    assert alarm.cause.endswith(f"/{gate.entries.index(granted) + 1:020d}")


@pytest.mark.parametrize("label", ["B", "nobody's"])
def test_a_card_that_is_denied_calls_as_well(label: str) -> None:
    gate = a_gate()
    gate.card(label)
    (alarm,) = gate.keys(PIN, after=3)
    assert alarm.data.get("card") == (label if label == "B" else None)


def test_a_card_that_is_referred_calls_as_well() -> None:
    plan = a_plan()
    gate = a_gate(replace(plan, clock_pass=frozenset()))
    doubted = replace(gate.now, quality=type(gate.now.quality).UNKNOWN)
    step = gate.do(CardRead(READER, credential("A"), doubted))
    assert [entry.type for entry in step.entries] == [EntryType.ACCESS_REFERRED]
    assert len(gate.keys(PIN, after=1)) == 1


def effects(gate: Gate, keys: str) -> list[Effect]:
    """What the gate does at a card and a code."""
    gate.card()
    gate.keys(keys, after=1)
    return [effect for step in gate.steps for effect in step.effects]


def test_nothing_at_the_gate_is_any_different() -> None:
    forced, calm = a_gate(), a_gate()
    assert effects(forced, PIN) == effects(calm, "999999")
    assert len(forced.raised) == 1
    assert calm.raised == []
    assert forced.state.lanes == calm.state.lanes, "the grant stands as it stood"
    assert forced.state.views == calm.state.views


@pytest.mark.parametrize(
    "keys",
    [
        "",
        PIN[:-1],
        PIN[1:],
        f"{PIN[:3]}0{PIN[3:]}",
        f"{PIN[:3]}#{PIN[3:]}",
        f"{PIN[:3]}*{PIN[3:]}",
        f"{PIN[:3]}?{PIN[3:]}",
        PIN[::-1],
    ],
)
def test_what_is_not_the_code_is_nothing_and_is_not_told(keys: str) -> None:
    gate = a_gate()
    gate.card()
    before = len(gate.entries)
    assert gate.keys(keys, after=1) == []
    assert len(gate.entries) == before


@pytest.mark.parametrize("keys", [f"12{PIN}", f"47#{PIN}", f"*{PIN}#", f"{PIN}{PIN}"])
def test_what_stands_before_or_behind_the_code_does_not_matter(keys: str) -> None:
    gate = a_gate()
    gate.card()
    assert len(gate.keys(keys, after=1)) == 1


def test_too_late_is_nothing() -> None:
    gate = a_gate()
    gate.card()
    assert gate.keys(PIN, after=WITHIN_S + 0.001) == []
    assert gate.card("B", after=WITHIN_S + 0.001)[1:] == []


def test_a_code_that_is_typed_too_slowly_is_none() -> None:
    gate = a_gate()
    gate.keys(PIN[0])
    gate.keys(PIN[1:], after=WITHIN_S + 0.001)
    assert len(gate.card()) == 1


def test_another_reader_is_another_place() -> None:
    gate = a_gate()
    gate.card()
    assert gate.keys(PIN, after=1, reader=OTHER_READER) == []
    assert gate.keys(PIN[:3], after=1) == []
    assert gate.keys(PIN[3:], reader=OTHER_READER) == []


def test_one_code_and_one_card_are_one_alarm() -> None:
    gate = a_gate()
    gate.card()
    gate.keys(PIN, after=1)
    gate.keys(PIN, after=1)
    assert len(gate.raised) == 1
    gate.card("B", after=1)
    assert len(gate.raised) == 2, "the second code and the second card"


def test_a_desk_and_a_gate_without_a_code_keep_nothing() -> None:
    gate = a_gate()
    gate.card(reader=DESK_READER)
    assert gate.keys(PIN, reader=DESK_READER) == []
    assert gate.state.typed == {}
    gate = a_gate(replace(a_plan(), duress=None))
    gate.card()
    assert gate.keys(PIN) == []
    assert gate.state.typed == {}


def test_after_a_restart_nothing_is_known_of_what_was_before() -> None:
    gate = a_gate()
    gate.card()
    gate.keys(PIN[:3])
    gate.state = gate.gate.first_state()
    assert gate.keys(PIN[3:], after=1) == []
    assert gate.keys(PIN, after=1) == [], "no card since the restart"


def test_it_stands_on_no_list_of_the_booth() -> None:
    gate = a_gate()
    gate.card()
    (alarm,) = gate.keys(PIN)
    assert silent(alarm.type, alarm.data)
    assert not silent(EntryType.ALARM_ENDED, alarm.data)
    assert not silent(alarm.type, {**alarm.data, "alarm": "forced"})
    assert list(project(9, alarm.type, alarm.data)) == []
    assert list(project(9, alarm.type, {**alarm.data, "alarm": "forced"}))


def test_the_code_shows_in_no_text() -> None:
    gate = a_gate()
    gate.keys(PIN[:-1])
    typed = KeysTyped(READER, PIN, moment(0))
    shown = f"{typed}{gate.plan}{gate.state}{gate.state.typed}{gate.steps}"
    assert PIN not in shown
    assert PIN[:-1] not in shown
    assert f"'{PIN[0]}'" not in shown


def test_an_entry_of_a_draft_is_found_behind_others() -> None:
    out = a_draft()
    first = out.write(EntryType.ACCESS_GRANTED, "lane/in-1", {})
    out.write(EntryType.ARM_ORDERED, "lane/in-1", {})
    assert out.found({EntryType.ACCESS_GRANTED}) == (first, out.entries[0])


def test_a_draft_without_such_an_entry_says_so() -> None:
    with pytest.raises(LookupError):
        a_draft().found({EntryType.ACCESS_GRANTED})


class Machine(RuleBasedStateMachine):
    """Two readers and an oracle that keeps everything that ever happened."""

    pin = "12"

    @initialize()
    def begin(self) -> None:
        self.gate = a_gate(a_plan(self.pin))
        self.typed: dict[ReaderId, list[tuple[str, float]]] = {READER: [], OTHER_READER: []}
        self.codes: dict[ReaderId, float | None] = {READER: None, OTHER_READER: None}
        self.cards: dict[ReaderId, float | None] = {READER: None, OTHER_READER: None}
        self.expected = 0

    readers = st.sampled_from([READER, OTHER_READER])

    @rule(reader=readers, keys=st.text("12#", max_size=4))
    def type(self, reader: ReaderId, keys: str) -> None:
        self.gate.keys(keys, reader=reader)
        for key in keys:
            self.typed[reader].append((key, self.gate.seconds))
            last = self.typed[reader][-2:]
            whole = "".join(key for key, _ in last) == self.pin
            if whole and last[1][1] - last[0][1] <= WITHIN_S:
                self.codes[reader] = self.gate.seconds
        self._judge(reader)

    @rule(reader=readers, label=st.sampled_from(["A", "B", "nobody's"]))
    def tap(self, reader: ReaderId, label: str) -> None:
        self.gate.card(label, reader=reader)
        self.cards[reader] = self.gate.seconds
        self._judge(reader)

    @rule(seconds=st.sampled_from([1, 6, 10, 11]))
    def wait(self, seconds: int) -> None:
        self.gate.seconds += seconds

    @rule()
    def restart(self) -> None:
        self.gate.state = replace(self.gate.state, typed={})
        for reader in self.typed:
            self.typed[reader], self.codes[reader], self.cards[reader] = [], None, None

    def _judge(self, reader: ReaderId) -> None:
        code, card = self.codes[reader], self.cards[reader]
        if code is not None and card is not None and abs(code - card) <= WITHIN_S:
            self.expected += 1
            self.typed[reader], self.codes[reader], self.cards[reader] = [], None, None

    @invariant()
    def as_many_alarms_as_codes_at_cards(self) -> None:
        assert len(self.gate.raised) == self.expected
        for entry in self.gate.raised:
            assert set(entry.data) <= {"lane", "alarm", "step", "level", "reader", "card"}


TestMachine = Machine.TestCase
