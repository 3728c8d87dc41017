"""The table of the arm: every pair of state and trigger, and what must hold for all of them."""

from dataclasses import replace
from itertools import product

import pytest

from agent.core.arm import (
    REFUSES,
    TABLE,
    Act,
    Aim,
    ArmState,
    Lock,
    Move,
    Proof,
    State,
    Trigger,
    may,
    turn,
)
from agent.core.entries import EntryType

PAIRS = list(product(State, Trigger))
ORDERS = {
    Trigger.OPEN,
    Trigger.CLOSE,
    Trigger.STOP,
    Trigger.HOLD,
    Trigger.RELEASE,
    Trigger.CLEAR,
}
SEEN = {
    Trigger.TOP_REACHED,
    Trigger.TOP_LEFT,
    Trigger.TOP_LOST,
    Trigger.BOTTOM_REACHED,
    Trigger.BOTTOM_LEFT,
    Trigger.BOTTOM_LOST,
    Trigger.FALLS,
    Trigger.LIFTED,
    Trigger.DEAD_MAN,
}


def rows(*triggers: Trigger) -> list[tuple[State, Move]]:
    return [(state, move) for (state, trigger), move in TABLE.items() if trigger in triggers]


@pytest.mark.parametrize(("state", "trigger"), PAIRS)
def test_a_pair_leads_where_its_row_says_and_without_a_row_nowhere(
    state: State, trigger: Trigger
) -> None:
    for due, held, proof in product([False, True], [False, True], Proof):
        arm = ArmState(state, proof, due=due, held=held)
        after, move = turn(arm, trigger, proof)
        row = TABLE.get((state, trigger))
        assert may(arm, trigger) is (row is not None)
        if row is None:
            assert after is arm
            assert (move.act, move.aim, move.writes) == (Act.NOTHING, Aim.KEEP, None)
        else:
            assert move is row
            assert after.state is row.to
            assert (after.due, after.held) == {
                Aim.KEEP: (due, held),
                Aim.UP: (False, held),
                Aim.DOWN: (True, False),
                Aim.HOLD: (False, True),
                Aim.NONE: (False, False),
            }[row.aim]


@pytest.mark.parametrize(("lock", "trigger"), list(product(Lock, Trigger)))
def test_a_lock_refuses_and_fire_forgets_what_was_due(lock: Lock, trigger: Trigger) -> None:
    for state in State:
        arm = ArmState(state, lock=lock, due=True)
        allowed = (state, trigger) in TABLE and trigger not in REFUSES[lock]
        assert may(arm, trigger) is allowed
        after, _ = turn(arm, trigger)
        if lock is Lock.FIRE and (state, trigger) in TABLE:
            assert not after.due


def test_every_state_can_be_reached_and_left() -> None:
    for state in State:
        assert any(move.to is state and was is not state for (was, _), move in TABLE.items())
        assert any(move.to is not state for (was, _), move in TABLE.items() if was is state)


def test_an_arm_is_lowered_by_nothing_but_a_clear_way() -> None:
    for (_, trigger), move in TABLE.items():
        assert (move.act is Act.LOWER) is (trigger is Trigger.WAY_CLEAR)
        if trigger is Trigger.WAY_CLEAR:
            assert move.to is State.CLOSING


def test_no_way_is_ever_clear_after_a_stop_a_hold_or_a_fault() -> None:
    for state in (State.STOPPED, State.HELD_OPEN, State.FAULTED):
        assert not may(ArmState(state, due=True), Trigger.WAY_CLEAR)
        assert not may(ArmState(state), Trigger.DONE)
    assert all(
        move.aim is Aim.NONE
        for _, move in rows(Trigger.STOP)
        if move.to is State.STOPPED and _ is not State.STOPPED
    )


def test_open_wins_wherever_it_is_ordered() -> None:
    found = dict(rows(Trigger.OPEN))
    assert set(found) == set(State), "an open order is taken in every state"
    for move in found.values():
        assert move.act is Act.RAISE
        assert move.to in {State.OPENING, State.OPEN, State.HELD_OPEN, State.FAULTED}
    assert found[State.CLOSING].to is State.OPENING


def test_fire_wins_and_takes_back_what_was_due() -> None:
    for state in State:
        arm, _ = turn(ArmState(state, lock=Lock.FIRE, due=True), Trigger.FIRE)
        assert arm.state not in {State.CLOSING, State.STOPPED, State.CLOSED, State.UNKNOWN}
    assert {Trigger.CLOSE, Trigger.STOP, Trigger.WAY_CLEAR, Trigger.DONE} <= REFUSES[Lock.FIRE]
    assert Trigger.OPEN not in REFUSES[Lock.FIRE]


def test_what_is_only_seen_drives_nothing() -> None:
    assert all(move.act is Act.NOTHING for _, move in rows(*SEEN))


def test_what_is_driven_without_an_order_is_a_safety_input_or_another_try() -> None:
    for (_, trigger), move in TABLE.items():
        if move.act is Act.RAISE and trigger not in ORDERS:
            assert trigger in {Trigger.SAFETY_TAKEN, Trigger.TRAVEL_OVER}
            assert move.again


def test_stop_moves_nothing_and_ends_every_movement() -> None:
    for _, move in rows(Trigger.STOP):
        assert move.act is Act.NOTHING
        assert move.to in {State.STOPPED, State.CLOSED, State.FAULTED}


def test_only_a_person_leaves_a_fault() -> None:
    ways = {
        trigger
        for (state, trigger), move in TABLE.items()
        if state is State.FAULTED and move.to is not State.FAULTED
    }
    assert ways == {Trigger.CLEAR}
    assert all(state is State.FAULTED for state, _ in rows(Trigger.CLEAR))
    assert {move.to for _, move in rows(Trigger.CLEAR)} == {State.UNKNOWN}


def test_a_fault_is_written_down_from_everywhere() -> None:
    found = dict(rows(Trigger.FAULT))
    assert set(found) == set(State) - {State.FAULTED}
    assert all(move.writes is EntryType.ARM_FAULTED for move in found.values())


def test_a_hold_is_lost_by_nothing_that_keeps_the_arm_up_by_order() -> None:
    for state in (State.OPENING, State.OPEN, State.HELD_OPEN):
        for trigger in (Trigger.OPEN, Trigger.FIRE, Trigger.TOP_REACHED):
            after, _ = turn(replace(ArmState(state), held=True), trigger)
            assert after.held


@pytest.mark.parametrize(("state", "trigger"), PAIRS)
def test_proof_goes_with_an_end_and_with_nothing_else(state: State, trigger: Trigger) -> None:
    ends = {State.CLOSED, State.OPEN, State.HELD_OPEN}
    for proof in Proof:
        arm = ArmState(state, proof if state in ends else Proof.NONE)
        after, _ = turn(arm, trigger)
        if after.state not in ends or trigger in {Trigger.TOP_LOST, Trigger.TOP_LEFT}:
            assert after is arm or after.proof is Proof.NONE
        reached, _ = turn(arm, trigger, Proof.SWITCH)
        if reached is not arm:
            assert (reached.proof is Proof.SWITCH) is (reached.state in ends)
