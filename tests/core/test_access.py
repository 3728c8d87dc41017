from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.access import (
    RULES,
    UNWRITABLE,
    Ban,
    Denied,
    Duty,
    Granted,
    Passback,
    Question,
    Reason,
    Referred,
    decide,
    walk,
    words,
)
from agent.core.ids import LaneId
from agent.core.model import Card, CardKind, CardProof, CardStatus, Direction
from tests.core.builders import WEDNESDAY, a_card, a_question

MINUTE = timedelta(minutes=1)
PRECEDENCE: list[Reason | Duty] = [
    Reason.TOO_LATE,
    Reason.KEY_UNKNOWN,
    Reason.FORGED,
    Reason.KEY_REVOKED,
    Reason.ELSEWHERE,
    Reason.UNKNOWN_CREDENTIAL,
    Reason.AMBIGUOUS,
    Reason.CARD_LOST,
    Reason.CARD_BLOCKED,
    Reason.CARD_RETIRED,
    Reason.CARD_NOT_ISSUED,
    Reason.TEST_CARD,
    Reason.PROOF_FAILED,
    Reason.PROOF_REQUIRED,
    Reason.BANNED,
    Duty.LOCKDOWN_RELEASE,
    Reason.LANE_NOT_ALLOWED,
    Reason.DIRECTION_NOT_ALLOWED,
    Duty.INSPECTION_DUE,
    Duty.RELEASE_SLIP_DUE,
    Duty.DEPOSIT_DUE,
    Duty.CLOCK_UNKNOWN,
    Reason.NOT_YET_VALID,
    Reason.EXPIRED,
    Reason.OUTSIDE_HOURS,
    Reason.APPOINTMENT_CANCELLED,
    Reason.APPOINTMENT_UNKNOWN,
    Reason.USED,
    Reason.PASSBACK,
    Reason.ARM_FAULTED,
    Reason.ZONE_FULL,
    Reason.ONCOMING,
    Duty.BEARER_CHECK,
]

Change = Callable[[Question], Question]


def on_card(**changes: Any) -> Change:
    """Change the (first) card of a question; leave a question without one alone."""

    def change(asked: Question) -> Question:
        if not asked.cards:
            return asked
        first, *rest = asked.cards
        return replace(asked, cards=(replace(first, **changes), *rest))

    return change


def due(duty: Duty) -> Change:
    return lambda asked: replace(asked, due=asked.due | {duty})


def no_clock(asked: Question) -> Question:
    return replace(asked, clock_trusted=False, clock_pass=frozenset())


def no_proof(asked: Question) -> Question:
    return replace(asked, prove=frozenset(CardKind))


def wrong(reason: Reason) -> Change:
    return lambda asked: replace(asked, wrong=asked.wrong | {reason})


PASSES = (
    *(Reason.KEY_UNKNOWN, Reason.FORGED, Reason.KEY_REVOKED, Reason.ELSEWHERE),
    *(Reason.APPOINTMENT_CANCELLED, Reason.APPOINTMENT_UNKNOWN, Reason.USED),
)
TRIGGERS: dict[Reason | Duty, Change] = {
    **{reason: wrong(reason) for reason in PASSES},
    Reason.TOO_LATE: lambda asked: replace(asked, late=True),
    Reason.UNKNOWN_CREDENTIAL: lambda asked: replace(asked, cards=()),
    Reason.AMBIGUOUS: lambda asked: replace(asked, cards=asked.cards * 2),
    Reason.CARD_LOST: on_card(status=CardStatus.LOST),
    Reason.CARD_BLOCKED: on_card(status=CardStatus.BLOCKED),
    Reason.CARD_RETIRED: on_card(status=CardStatus.RETIRED),
    Reason.CARD_NOT_ISSUED: on_card(status=CardStatus.STOCK),
    Reason.TEST_CARD: on_card(kind=CardKind.TEST),
    Reason.PROOF_FAILED: lambda asked: replace(asked, proof=CardProof.FAILED),
    Reason.PROOF_REQUIRED: no_proof,
    Reason.LANE_NOT_ALLOWED: on_card(lanes=(LaneId("out-1"),)),
    Reason.DIRECTION_NOT_ALLOWED: on_card(direction=Direction.OUT),
    Duty.CLOCK_UNKNOWN: no_clock,
    Reason.NOT_YET_VALID: on_card(valid_from=WEDNESDAY + MINUTE),
    Reason.EXPIRED: on_card(valid_until=WEDNESDAY - MINUTE),
    Reason.OUTSIDE_HOURS: on_card(windows="Mo-Su 07:00-12:00"),
    Duty.LOCKDOWN_RELEASE: lambda asked: replace(asked, lockdown=True),
    Reason.PASSBACK: lambda asked: replace(asked, passback=Passback.REFUSED),
    Reason.ZONE_FULL: lambda asked: replace(asked, full=True),
    Reason.ONCOMING: lambda asked: replace(asked, oncoming=True),
    Reason.ARM_FAULTED: lambda asked: replace(asked, faulted=True),
    Reason.BANNED: lambda asked: replace(asked, ban=Ban.REFUSED),
    Duty.INSPECTION_DUE: due(Duty.INSPECTION_DUE),
    Duty.RELEASE_SLIP_DUE: due(Duty.RELEASE_SLIP_DUE),
    Duty.DEPOSIT_DUE: due(Duty.DEPOSIT_DUE),
    Duty.BEARER_CHECK: due(Duty.BEARER_CHECK),
}
STATUSES = {
    *(Reason.CARD_LOST, Reason.CARD_BLOCKED, Reason.CARD_RETIRED, Reason.CARD_NOT_ISSUED),
}
DATES = {Reason.NOT_YET_VALID, Reason.EXPIRED, Reason.OUTSIDE_HOURS}


def answer(asked: Question) -> Reason | Duty | None:
    match decide(asked):
        case Denied(reason):
            return reason
        case Referred(duty):
            return duty
    return None


def test_the_table_is_in_the_order_that_is_documented() -> None:
    assert [rule.answer for rule in RULES] == PRECEDENCE
    assert set(PRECEDENCE) | {UNWRITABLE.answer} == {*Reason, *Duty}


def test_a_good_card_is_granted_without_a_mark() -> None:
    assert decide(a_question(a_card())) == Granted(a_card(), ())


def test_a_mark_of_passback_denies_nobody() -> None:
    asked = replace(a_question(a_card()), passback=Passback.MARKED)
    assert decide(asked) == Granted(a_card(), ("passback",))
    both = replace(asked, clock_trusted=False)
    assert decide(both) == Granted(a_card(), ("clock_unknown", "passback"))


def test_a_ban_that_only_marks_denies_nobody() -> None:
    asked = replace(a_question(a_card()), ban=Ban.MARKED)
    assert decide(asked) == Granted(a_card(), ("ban",))


def test_a_visitor_who_stayed_too_long_is_sent_to_the_guard_and_not_denied() -> None:
    asked = on_card(valid_until=WEDNESDAY - MINUTE)(a_question(a_card()))
    assert decide(due(Duty.DEPOSIT_DUE)(asked)) == Referred(Duty.DEPOSIT_DUE, asked.card)


@pytest.mark.parametrize("wanted", PRECEDENCE)
def test_each_rule_speaks_alone(wanted: Reason | Duty) -> None:
    asked = TRIGGERS[wanted](a_question(a_card()))
    assert answer(asked) is wanted


def _can_meet(earlier: Reason | Duty, later: Reason | Duty) -> bool:
    """A card has one status, and dates are not judged by a clock that refers."""
    if earlier in STATUSES and later in STATUSES:
        return False
    return not (earlier is Duty.CLOCK_UNKNOWN and later in DATES)


@pytest.mark.parametrize(
    ("earlier", "later"), [(a, b) for a, b in combinations(PRECEDENCE, 2) if _can_meet(a, b)]
)
def test_when_two_would_speak_the_earlier_one_decides(
    earlier: Reason | Duty, later: Reason | Duty
) -> None:
    both = TRIGGERS[earlier](TRIGGERS[later](a_question(a_card())))
    assert answer(both) is earlier


@pytest.mark.parametrize("date_rule", sorted(DATES))
def test_dates_are_not_judged_by_a_clock_that_cannot_be_trusted(date_rule: Reason) -> None:
    asked = replace(TRIGGERS[date_rule](a_question(a_card())), clock_trusted=False)
    assert decide(asked) == Granted(asked.card, ("clock_unknown",))


@pytest.mark.parametrize("kind", CardKind)
def test_who_passes_without_a_clock(kind: CardKind) -> None:
    asked = replace(a_question(a_card(kind=kind)), clock_trusted=False)
    wanted = {
        CardKind.RESIDENT: None,
        CardKind.STAFF: None,
        CardKind.VEHICLE: None,
        CardKind.TEST: Reason.TEST_CARD,
    }
    assert answer(asked) is wanted.get(kind, Duty.CLOCK_UNKNOWN)


@pytest.mark.parametrize("later_s", [0, 30, 59.999999])
def test_validity_includes_both_ends_to_the_minute(later_s: float) -> None:
    card = replace(a_card(), valid_from=WEDNESDAY, valid_until=WEDNESDAY)
    asked = replace(a_question(card), local=WEDNESDAY + timedelta(seconds=later_s))
    assert answer(asked) is None
    assert answer(replace(asked, local=WEDNESDAY + MINUTE)) is Reason.EXPIRED
    assert answer(replace(asked, local=WEDNESDAY - timedelta(seconds=1))) is Reason.NOT_YET_VALID


def test_the_lane_and_the_direction_of_a_card() -> None:
    named = replace(a_card(), lanes=(LaneId("x"), LaneId("in-1")), direction=Direction.IN)
    assert answer(a_question(named)) is None
    leaving = replace(a_question(named), direction=Direction.OUT)
    assert answer(leaving) is Reason.DIRECTION_NOT_ALLOWED


def test_holidays_count() -> None:
    card = replace(a_card(), windows="08:00-18:00; PH off")
    assert answer(a_question(card)) is None
    holiday = replace(a_question(card), holidays=frozenset({WEDNESDAY.date()}))
    assert answer(holiday) is Reason.OUTSIDE_HOURS


def test_who_is_named_in_a_denial() -> None:
    one, other = a_card("A"), a_card("B")
    assert decide(a_question()) == Denied(Reason.UNKNOWN_CREDENTIAL, None)
    assert decide(a_question(one, other)) == Denied(Reason.AMBIGUOUS, None)
    lost = a_card(status=CardStatus.LOST)
    assert decide(a_question(lost)) == Denied(Reason.CARD_LOST, lost)


@pytest.mark.parametrize("proof", CardProof)
@pytest.mark.parametrize("kind", [CardKind.RESIDENT, CardKind.VEHICLE])
def test_only_a_proof_is_good_for_a_kind_that_has_to_prove_itself(
    kind: CardKind, proof: CardProof
) -> None:
    asked = replace(a_question(a_card(kind=kind)), proof=proof)
    must = replace(asked, prove=frozenset({CardKind.RESIDENT}))
    failed = Reason.PROOF_FAILED if proof is CardProof.FAILED else None
    assert answer(asked) is failed
    if kind is CardKind.RESIDENT and proof is CardProof.UID_ONLY:
        assert answer(must) is Reason.PROOF_REQUIRED
    else:
        assert answer(must) is failed


@pytest.mark.parametrize("each", [*Reason, *Duty])
def test_everything_has_words(each: Reason | Duty) -> None:
    sentence = words(each)
    assert sentence[0].islower()
    assert not sentence.endswith(".")
    assert len(sentence) > 15


def test_no_rule_but_the_loop_says_unwritable() -> None:
    assert not UNWRITABLE.speaks(a_question(a_card()))
    assert len({words(each) for each in [*Reason, *Duty]}) == len(RULES) + 1
    assert len({rule.asks for rule in (*RULES, UNWRITABLE)}) == len(RULES) + 1


NEAR = st.one_of(st.none(), st.integers(-3, 3).map(lambda minutes: WEDNESDAY + minutes * MINUTE))
CARDS = st.builds(
    Card,
    st.just(a_card().credential),
    st.just("A"),
    st.sampled_from(CardKind),
    st.sampled_from([CardStatus.ACTIVE, *CardStatus]),
    valid_from=NEAR,
    valid_until=NEAR,
    windows=st.sampled_from(["", "Mo-Su 11:59-12:01", "PH off", "We 22:00-06:00"]),
    lanes=st.sampled_from([(), (LaneId("in-1"),), (LaneId("out-1"),)]),
    direction=st.sampled_from(Direction),
)
QUESTIONS = st.builds(
    Question,
    st.lists(CARDS, max_size=2).map(tuple),
    st.sampled_from([LaneId("in-1"), LaneId("out-1")]),
    st.sampled_from([Direction.IN, Direction.OUT]),
    st.integers(-120, 120).map(lambda seconds: WEDNESDAY + timedelta(seconds=seconds)),
    st.booleans(),
    st.sampled_from([frozenset[date](), frozenset({WEDNESDAY.date()})]),
    st.frozensets(st.sampled_from(CardKind)),
    proof=st.sampled_from(CardProof),
    prove=st.sampled_from([frozenset[CardKind](), frozenset(CardKind)]),
)


@given(QUESTIONS)
def test_the_decision_is_the_last_row_of_the_walk(asked: Question) -> None:
    rows = list(walk(asked))
    assert [rule for rule, _ in rows] == list(RULES[: len(rows)])
    assert not any(spoke for _, spoke in rows[:-1])
    last, spoke = rows[-1]
    assert answer(asked) is (last.answer if spoke else None)
    assert spoke or len(rows) == len(RULES)


@given(QUESTIONS)
def test_only_one_active_card_that_is_good_here_is_ever_granted(asked: Question) -> None:
    decision = decide(asked)
    if not isinstance(decision, Granted):
        return
    (card,) = asked.cards
    assert decision.card is card
    assert card.status is CardStatus.ACTIVE
    assert card.kind is not CardKind.TEST
    assert asked.proof is not CardProof.FAILED
    assert asked.proof.proved or card.kind not in asked.prove
    assert not card.lanes or asked.lane in card.lanes
    assert card.direction in (Direction.BOTH, asked.direction)
    assert decision.marks == (() if asked.clock_trusted else ("clock_unknown",))
    if asked.clock_trusted:
        assert card.valid_from is None or card.valid_from <= asked.local
        assert card.valid_until is None or asked.local < card.valid_until + MINUTE
