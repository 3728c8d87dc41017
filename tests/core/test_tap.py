from dataclasses import replace

import pytest

from agent.core.effects import ShowVerdict, Verdict
from agent.core.entries import EntryType
from agent.core.events import CardRead, Started
from agent.core.facts import Facts
from agent.core.gate import Gate
from agent.core.model import CardKind, CardProof, CardStatus, ClockQuality, Direction
from agent.core.passages import GRANTS
from agent.core.tap import LATE_NS
from tests.core.builders import (
    DESK_READER,
    LANE,
    OTHER_READER,
    READER,
    WEDNESDAY,
    a_card,
    credential,
    gate_plan,
    moment,
)
from tests.core.play import Play


def test_a_granted_tap_is_one_entry_with_a_copy_of_what_was_decided_on() -> None:
    play = Play.ready(gate_plan(), [replace(a_card(), plate="京A12345", department="Lab")])
    before = len(play.entries)
    (entry,) = play.tap("A").entries
    passage = f"north-s1-{before + 1}-1"
    assert (entry.type, entry.subject, entry.at) == (
        EntryType.ACCESS_GRANTED,
        "lane/in-1",
        play.now,
    )
    assert entry.data == {
        "lane": "in-1",
        "reader": "near",
        "direction": "in",
        "proof": "uid_only",
        "card": "A",
        "kind": "resident",
        "passage": passage,
    }
    assert entry.personal == {
        "credential": "uid:41",
        "holder": "王小明",
        "unit": "3-1-502",
        "department": "Lab",
        "plate": "京A12345",
    }
    assert play.lane.passages.grants[0].cause == f"/gate/v1/estate/north/s1/{before + 1:020d}"


def test_a_second_tap_renews_the_passage() -> None:
    play = Play.ready(gate_plan(), [a_card("A"), a_card("B")])
    first, other, again = (play.tap(label).entries[0] for label in "ABA")
    assert first.data["passage"] == again.data["passage"]
    assert first.data["passage"] != other.data["passage"]


def test_an_unknown_card_leaves_its_number_and_nothing_else() -> None:
    (entry,) = Play.ready(gate_plan()).tap("X").entries
    assert entry.data == {
        "lane": "in-1",
        "reader": "near",
        "direction": "in",
        "proof": "uid_only",
        "reason": "unknown_credential",
    }
    assert entry.personal == {"credential": "uid:58"}


def test_what_names_a_person_never_stands_in_data() -> None:
    play = Play.ready(gate_plan(), [a_card("A"), a_card("L", CardStatus.LOST)])
    for label in ("A", "L", "X"):
        for reader in (READER, DESK_READER):
            (entry,) = play.tap(label, reader).entries
            told = str(entry.data)
            assert "王小明" not in told
            assert "3-1-502" not in told
            assert "uid:" not in told


@pytest.mark.parametrize(
    ("lane", "reader", "wanted"),
    [
        (Direction.IN, OTHER_READER, "in"),
        (Direction.OUT, READER, "out"),
        (Direction.BOTH, READER, "in"),
        (Direction.BOTH, OTHER_READER, "out"),
    ],
)
def test_a_two_way_lane_goes_by_the_side_of_the_reader(
    lane: Direction, reader: str, wanted: str
) -> None:
    play = Play.ready(gate_plan(direction=lane), [a_card()])
    (entry,) = play.tap("A", READER if reader == READER else OTHER_READER).entries
    assert entry.data["direction"] == wanted


def _tap_without_clock(kind: CardKind) -> tuple[EntryType, object, Verdict]:
    gate = Gate(gate_plan())
    at = moment(0, ClockQuality.ESTIMATED)
    event = CardRead(READER, credential("A"), at)
    facts = Facts("s1", 1, WEDNESDAY, (a_card(kind=kind),))
    step = gate.step(gate.first_state(), event, facts)
    (entry,) = step.entries
    shown = step.effects[-1]
    assert isinstance(shown, ShowVerdict)
    return entry.type, entry.data.get("marks") or entry.data.get("duty"), shown.verdict


def test_without_a_clock_a_resident_passes_marked_and_a_visitor_is_referred() -> None:
    granted = (EntryType.ACCESS_GRANTED, ["clock_unknown"], Verdict.GRANTED)
    referred = (EntryType.ACCESS_REFERRED, "clock_unknown", Verdict.REFERRED)
    assert _tap_without_clock(CardKind.RESIDENT) == granted
    assert _tap_without_clock(CardKind.VISITOR) == referred


def test_a_card_at_the_desk() -> None:
    play = Play.ready(gate_plan(), [a_card("A")])
    (known,) = play.tap("A", DESK_READER).entries
    assert known.subject == "desk/desk-1"
    at_desk = {"reader": "booth", "desk": "desk-1", "proof": "uid_only"}
    assert known.data == {**at_desk, "card": "A", "kind": "resident"}
    (unknown,) = play.tap("X", DESK_READER).entries
    assert unknown.data == at_desk


def test_the_number_of_waiting_grants_is_bounded() -> None:
    labels = [f"C{number}" for number in range(GRANTS + 2)]
    play = Play.ready(gate_plan(), [a_card(label) for label in labels])
    play.act("loop on")
    steps = [play.tap(label) for label in labels]
    assert [len(step.entries) for step in steps] == [1] * GRANTS + [2, 2]
    ended = [step.entries[1] for step in steps[GRANTS:]]
    # The first grant is the vehicle on the loop: it stays.
    assert [entry.data["card"] for entry in ended] == ["C1", "C2"]
    assert {entry.data["outcome"] for entry in ended} == {"unobserved"}
    assert play.view.waiting == GRANTS
    assert play.lane.passages.grants[0].card == "C0"


def test_a_lane_that_waits_gives_up_the_oldest() -> None:
    labels = [f"C{number}" for number in range(GRANTS + 1)]
    play = Play.ready(gate_plan(), [a_card(label) for label in labels])
    last = [play.tap(label) for label in labels][-1]
    assert last.entries[1].data["card"] == "C0"


def test_the_end_of_an_old_passage_names_its_start() -> None:
    play = Play.ready(gate_plan(), [a_card()])
    (granted,) = play.tap("A").entries
    (ended,) = play.do(Started(play.now)).entries[1:]
    assert ended.data == {
        "lane": LANE,
        "passage": granted.data["passage"],
        "outcome": "interrupted",
        "vehicles": 0,
        "unseen": ["passage"],
        "card": "A",
    }
    assert ended.cause == f"/gate/v1/estate/north/s1/{len(play.entries) - 1:020d}"


def test_what_the_reader_knows_besides_the_number_is_kept() -> None:
    play = Play.ready(gate_plan(), [a_card("A")])
    for reader in (READER, DESK_READER):
        (entry,) = play.tap("A", reader, note="atr:3B8F8001").entries
        assert entry.data["note"] == "atr:3B8F8001"


PROOFS = [
    (CardProof.UID_ONLY, "proof_required"),
    (CardProof.FAILED, "proof_failed"),
    (CardProof.DESFIRE, ""),
    (CardProof.NTAG424, ""),
]


@pytest.mark.parametrize(("proof", "reason"), PROOFS)
def test_a_kind_that_has_to_prove_itself(proof: CardProof, reason: str) -> None:
    plan = replace(gate_plan(), proved=frozenset({CardKind.RESIDENT}))
    play = Play.ready(plan, [a_card("A"), a_card("V", kind=CardKind.VEHICLE)])
    (entry,) = play.tap("A", proof=proof).entries
    wanted = EntryType.ACCESS_DENIED if reason else EntryType.ACCESS_GRANTED
    assert entry.type is wanted
    assert entry.data["proof"] == proof.value
    assert entry.data.get("reason", "") == reason
    (other,) = play.tap("V", proof=CardProof.UID_ONLY).entries
    assert other.type is EntryType.ACCESS_GRANTED


@pytest.mark.parametrize(("proof", "reason"), PROOFS)
@pytest.mark.parametrize("label", ["A", "unknown"])
def test_a_reader_that_asks_for_proof(label: str, proof: CardProof, reason: str) -> None:
    plan = gate_plan()
    readers = {name: replace(each, needs_proof=True) for name, each in plan.readers.items()}
    play = Play.ready(replace(plan, readers=readers), [a_card("A", kind=CardKind.PATROL)])
    (entry,) = play.tap(label, proof=proof).entries
    known = label == "A"
    assert entry.data.get("reason", "") == (reason if known else "unknown_credential")
    (shown,) = play.tap(label, DESK_READER, proof=proof).entries
    assert shown.type is EntryType.CARD_PRESENTED
    assert shown.data["proof"] == proof.value
    assert shown.data.get("reason", "") == reason
    assert shown.data.get("card", "") == ("A" if known else "")


def test_at_a_desk_only_the_kinds_that_have_to_are_doubted() -> None:
    plan = replace(gate_plan(), proved=frozenset({CardKind.GUARD}))
    cards = [a_card("A"), a_card("G", kind=CardKind.GUARD)]
    play = Play.ready(plan, cards)
    shown = [play.tap(label, DESK_READER).entries[0].data for label in ("A", "G", "unknown")]
    assert [each.get("reason", "") for each in shown] == ["", "proof_required", ""]


def test_a_tap_that_is_decided_late_opens_nothing() -> None:
    play = Play.ready(gate_plan(), [a_card("A")])
    play.held_up_ns = LATE_NS + 1
    step = play.tap("A")
    (entry,) = step.entries
    assert entry.data["reason"] == "too_late"
    assert entry.data["card"] == "A"
    assert step.effects == (ShowVerdict(READER, Verdict.DENIED),)
    play.held_up_ns = LATE_NS
    assert play.tap("A").entries[0].type is EntryType.ACCESS_GRANTED
