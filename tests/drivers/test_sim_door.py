"""A door with a strike, in software. Pure."""

from typing import Any

import pytest

from drivers.sim.door import Door
from drivers.sim.physics import Build, Car, Kind

S = 1_000_000_000
WALK: dict[str, Any] = {"enter_ns": S // 10, "under_ns": 2 * S}


def door() -> Door:
    return Door(Build("gate", door=True), now_ns=0)


def whats(of: Door) -> list[str]:
    return [note.what for note in of.story]


def test_somebody_waits_for_the_strike_and_goes_through() -> None:
    one = door()
    one.drive(Car("A", approach_ns=S, **WALK), 0)
    one.advance(10 * S)
    assert one.closed
    one.relay("open", True, 10 * S)
    one.relay("open", False, 11 * S)  # the door is open already
    one.advance(12 * S)
    assert (one.closed, one.height, one.sensors()["closed"]) == (False, 1.0, False)
    one.advance(13 * S)
    assert (one.closed, one.passed, one.moving, one.next_ns()) == (True, 1, 0, None)
    assert whats(one) == [
        "A comes",
        "A is at the door",
        "the strike lets go",
        "A opens the door",
        "the strike holds",
        "A is through",
    ]


def test_a_strike_that_nobody_uses_changes_nothing() -> None:
    one = door()
    one.relay("open", True, 0)
    one.relay("open", False, S)
    assert (one.closed, one.opened, one.next_ns()) == (True, False, None)


def test_a_locked_door_is_pushed_in_vain() -> None:
    one = door()
    one.drive(Car("A", Kind.PUSH), 0)
    one.advance(10 * S)
    assert (one.closed, len(one.cars), whats(one)[-1]) == (True, 0, "A finds the door locked")


def test_a_forced_door_opens_without_the_strike() -> None:
    one = door()
    one.drive(Car("A", Kind.FORCE, **WALK), 0)
    one.advance(S)
    assert not one.closed
    one.advance(10 * S)
    assert (one.closed, one.passed) == (True, 1)


def test_a_wedged_door_stays_open_until_the_wedge_is_away() -> None:
    one = door()
    one.relay("open", True, 0)
    one.drive(Car("A", Kind.WEDGE, **WALK), 0)
    one.relay("open", False, S)
    one.advance(500 * S)
    assert not one.closed
    one.drive(Car("B", **WALK), 500 * S)  # walks in through the open door
    one.advance(510 * S)
    assert one.passed == 1
    one.release(510 * S)
    assert (one.closed, one.passed) == (True, 2)


def test_somebody_holds_the_door_for_the_next() -> None:
    one = door()
    one.relay("open", True, 0)
    one.drive(Car("A", **WALK), 0)
    one.person(50 * S, S)
    one.advance(40 * S)
    assert not one.closed
    one.advance(60 * S)
    assert one.closed


def test_without_power_the_strike_holds() -> None:
    one = door()
    one.power(False, 0)
    one.relay("open", True, 0)
    one.drive(Car("A", **WALK), 0)
    one.advance(S)
    assert one.closed
    one.power(True, 2 * S)
    one.advance(3 * S)
    assert one.opened


def test_what_a_door_has_not() -> None:
    one = door()
    assert (one.loop, one.beam) == (False, False)
    one.relay("close", True, 0)
    with pytest.raises(ValueError, match="door"):
        one.wave("A", 0)
    with pytest.raises(ValueError, match="door"):
        one.hand(1, 0)
    with pytest.raises(ValueError, match="door"):
        one.reach(0, 1, 0)
