"""What people, power and bent metal do to the arm of the simulated gate. Pure."""

from typing import Any

from drivers.sim.physics import Build, Car, Kind, Lane

S = 1_000_000_000


def lane(**build: Any) -> Lane:
    return Lane(Build("in", 2 * S, 2 * S, **build), now_ns=0)


def press(of: Lane, which: str, at: int) -> None:
    of.relay(which, True, at)
    of.relay(which, False, at + S // 10)


def test_an_arm_that_does_not_reach_its_end() -> None:
    one = lane()
    one.reach(0, 0.75, 0)
    press(one, "open", 0)
    one.advance(30 * S)
    assert (one.height, one.opened, one.moving) == (0.75, False, 0)
    one.reach(0, 1, 30 * S)  # what was in its way is gone, and the motor still pushes
    assert one.moving == 1
    one.advance(31 * S)
    assert one.opened


def test_an_operator_that_gets_nowhere_gives_up() -> None:
    one = lane()
    one.reach(0, 0.75, 0)
    press(one, "open", 0)
    one.advance(1000 * S)
    assert [note.what for note in one.story][-1] == "the operator gives up"
    one.reach(0, 1, 1000 * S)
    assert (one.moving, one.next_ns()) == (0, None)


def test_a_person_holds_the_arm_and_lets_go() -> None:
    one = lane()
    press(one, "open", 0)
    one.advance(5 * S)
    press(one, "close", 5 * S)
    one.hand(0, 6 * S)
    one.advance(9 * S)
    assert (one.height, one.moving) == (0.5, 0)
    one.hand(None, 9 * S)
    assert one.moving == -1
    one.advance(10 * S)
    assert one.closed


def test_an_arm_lifted_by_hand_stays_where_it_is_left() -> None:
    one = lane()
    one.hand(1, 0)
    one.advance(50 * S)
    assert (one.opened, one.moving) == (True, 0)
    one.hand(None, 50 * S)
    one.advance(99 * S)
    assert one.opened
    one.hand(-1, 99 * S)
    one.advance(200 * S)
    assert one.closed


def test_power_that_returns_moves_nothing_of_a_pulse_operator() -> None:
    one = lane()
    press(one, "open", 0)
    one.power(False, S)
    press(one, "open", 2 * S)  # nobody hears it
    one.advance(50 * S)
    assert (one.height, one.moving) == (0.5, 0)
    one.power(True, 50 * S)
    one.advance(99 * S)
    assert (one.height, one.moving, one.next_ns()) == (0.5, 0, None)
    press(one, "open", 99 * S)
    one.advance(100 * S)
    assert one.opened


def test_a_maintained_operator_does_what_its_relay_says_when_power_returns() -> None:
    for held, ends_open in ((True, True), (False, False)):
        one = lane(maintained=True)
        one.relay("open", True, 0)
        one.power(False, S)
        one.relay("open", held, 2 * S)
        one.advance(50 * S)
        assert one.height == 0.5
        one.power(True, 50 * S)
        one.advance(99 * S)
        assert (one.opened, one.closed) == (ends_open, not ends_open)


def test_hold_to_run_goes_down_only_while_the_relay_is_on() -> None:
    one = lane(held_close=True)
    press(one, "open", 0)
    one.relay("close", True, 10 * S)
    one.relay("close", False, 11 * S)
    one.advance(50 * S)
    assert (one.height, one.moving) == (0.5, 0)
    one.relay("close", True, 50 * S)
    one.advance(51 * S)
    assert one.closed
    one.relay("close", False, 52 * S)


def test_a_pulse_to_an_open_arm_lets_its_own_logic_count_again() -> None:
    one = lane(self_close_ns=5 * S)
    press(one, "open", 0)
    press(one, "open", 6 * S)
    one.advance(11 * S - 1)
    assert one.opened
    one.advance(13 * S)
    assert one.closed


def test_an_operator_that_closes_itself_has_to_have_power_for_it() -> None:
    one = lane(self_close_ns=5 * S)
    press(one, "open", 0)
    one.power(False, 4 * S)
    one.advance(1000 * S)
    assert one.opened


def test_a_hit_is_a_hit_for_whoever_stands_there() -> None:
    one = lane()
    press(one, "open", 0)
    one.advance(2 * S)
    one.drive(Car("A", Kind.STALL, enter_ns=0), 2 * S)
    one.hand(-1, 10 * S)  # pulled down on it by hand
    one.advance(20 * S)
    assert one.hits == 1
