"""Cars on the road of the simulated gate: which loops they stand on, and when. Pure."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from drivers.sim.physics import Build, Lane
from drivers.sim.road import Car, Kind, Phase

S = 1_000_000_000
QUICK = 10  # ns that the arm takes: it is up at once
HABITS: dict[str, Any] = {"enter_ns": 3 * S, "under_ns": 6 * S, "leave_ns": 3 * S}


def open_lane(*cars: Car) -> Lane:
    """An arm that is up, and these cars coming at 0."""
    one = Lane(Build("in", QUICK, QUICK), now_ns=-S)
    one.relay("open", True, -S)
    one.relay("open", False, -S + QUICK)
    for car in cars:
        one.drive(car, 0)
    return one


def loops(one: Lane, until: int) -> list[tuple[float, str]]:
    """Every time in seconds when a loop changed, and what is occupied from then on."""
    found: list[tuple[float, str]] = []
    now = one.now_ns
    while now <= until:
        on = "".join(
            letter
            for letter, seen in (("a", one.approach), ("l", one.loop), ("e", one.exit))
            if seen
        )
        if not found or found[-1][1] != on:
            found.append((now / S, on))
        due = one.next_ns()
        if due is None:
            break
        now = max(due, now)
        one.advance(now)
    return found


def test_a_car_stands_on_two_loops_while_it_is_between() -> None:
    assert loops(open_lane(Car("A", **HABITS)), 100 * S) == [
        (0, "a"),
        (3, "al"),
        (5, "l"),
        (7, "le"),
        (9, "e"),
        (12, ""),
    ]


def test_from_the_inner_side_it_is_the_other_way_round() -> None:
    assert loops(open_lane(Car("A", outward=True, **HABITS)), 100 * S) == [
        (0, "e"),
        (3, "le"),
        (5, "l"),
        (7, "al"),
        (9, "a"),
        (12, ""),
    ]


def test_a_trailer_leaves_the_loop_clear_between() -> None:
    one = open_lane(Car("A", gap_ns=S, **HABITS))
    assert loops(one, 100 * S) == [
        (0, "a"),
        (3, "al"),
        (5, "l"),
        (6, ""),
        (7, "l"),
        (8, "le"),
        (10, "e"),
        (13, ""),
    ]
    assert one.passed == 1


def test_the_arm_falls_on_a_drawbar_that_no_loop_sees() -> None:
    one = open_lane(Car("A", gap_ns=S, **HABITS))
    one.advance(6 * S)
    assert not one.loop
    one.relay("close", True, 6 * S)
    one.advance(6 * S + QUICK)
    assert one.hits == 1


def test_a_car_that_backs_out_goes_the_way_it_came() -> None:
    one = open_lane(Car("A", Kind.BACK_OUT, **HABITS))
    assert loops(one, 100 * S) == [(0, "a"), (3, "al"), (5, "l"), (7, "al"), (9, "a"), (12, "")]
    assert (one.passed, len(one.cars)) == (0, 0)
    assert [note.what for note in one.story][-1] == "A backed out"


def test_it_may_turn_behind_the_arm_or_before_it() -> None:
    behind = open_lane(Car("A", Kind.BACK_OUT, turn_ns=10 * S, **HABITS))
    assert [on for _, on in loops(behind, 100 * S)] == [
        *("a", "al", "l", "le", "e"),
        *("le", "l", "al", "a", ""),
    ]
    before = open_lane(Car("A", Kind.BACK_OUT, turn_ns=2 * S, **HABITS))
    assert loops(before, 100 * S) == [(0, "a"), (4, "")]
    assert (behind.passed, before.passed) == (0, 0)


def test_a_creeping_car_takes_its_time_on_the_loop() -> None:
    one = open_lane(Car("A", Kind.CREEP, pause_ns=20 * S, **HABITS))
    assert loops(one, 100 * S) == [(0, "a"), (3, "al"), (25, "l"), (47, "le"), (49, "e"), (52, "")]


def test_nose_to_tail_the_loop_sees_one_thing() -> None:
    one = open_lane(Car("A", **HABITS), Car("B", behind_ns=5 * S, **HABITS))
    assert [on for _, on in loops(one, 100 * S) if "l" not in on] == ["a", "e", ""]
    assert one.passed == 2


def test_a_tailgater_with_a_gap_is_a_second_thing() -> None:
    one = open_lane(Car("A", **HABITS), Car("B", behind_ns=8 * S, **HABITS))
    assert [on for _, on in loops(one, 100 * S) if "l" not in on] == ["a", "ae", "e", ""]
    assert one.passed == 2


def test_cars_stop_before_an_arm_that_is_down() -> None:
    one = Lane(Build("in", QUICK, QUICK), now_ns=0)
    one.drive(Car("A", **HABITS), 0)
    one.drive(Car("B", behind_ns=S, **HABITS), 0)
    one.relay("open", True, 0)
    one.relay("open", False, 1)
    one.relay("close", True, 2 * S)
    one.advance(100 * S)
    assert (one.passed, one.hits, one.loop) == (0, 0, False)
    one.release(100 * S)  # nobody has stalled
    one.relay("open", True, 100 * S)
    one.advance(200 * S)
    assert (one.passed, one.hits) == (2, 0)


def test_who_forces_the_way_drives_on() -> None:
    one = Lane(Build("in", QUICK, QUICK), now_ns=0)
    one.drive(Car("A", Kind.FORCE, **HABITS), 0)
    assert [on for _, on in loops(one, 100 * S)] == ["a", "al", "l", "le", "e", ""]
    assert (one.passed, one.closed) == (1, True)


def test_who_is_shy_goes_when_waved_on() -> None:
    one = open_lane(Car("A", shy=True, **HABITS))
    one.relay("open", True, S)
    one.advance(50 * S)
    assert one.cars[0].phase is Phase.WAITING
    one.wave("A", 50 * S)
    one.advance(100 * S)
    assert one.passed == 1


def test_two_sides_do_not_drive_into_each_other() -> None:
    one = open_lane(Car("A", **HABITS), Car("B", outward=True, **HABITS))
    seen = loops(one, 100 * S)
    assert one.passed == 2
    assert seen[0] == (0, "ae")
    assert [note.what for note in one.story if "through" in note.what] == [
        "A is through",
        "B is through",
    ]


KINDS = st.sampled_from([Kind.THROUGH, Kind.BACK_OUT, Kind.CREEP])
SPAN = st.integers(1, 5 * S)


@given(
    st.lists(
        st.tuples(KINDS, SPAN, SPAN, st.integers(0, S), st.none() | SPAN, st.booleans()),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, S),
)
def test_every_car_ends_and_leaves_the_loops_clear(
    cars: list[tuple[Kind, int, int, int, int | None, bool]], step: int
) -> None:
    """Whatever they do, with the arm up everybody gets away, looked at coarsely or finely."""
    made = [
        Car(
            f"{number}",
            kind,
            enter_ns=enter,
            under_ns=under,
            leave_ns=under // 2,
            gap_ns=gap,
            behind_ns=behind,
            outward=outward,
        )
        for number, (kind, enter, under, gap, behind, outward) in enumerate(cars)
    ]
    once, often = open_lane(*made), open_lane(*made)
    for now in range(0, 20 * step, step):
        often.advance(now)
    for one in (once, often):
        one.advance(1000 * S)
        assert (len(one.cars), one.next_ns()) == (0, None)
        assert (one.approach, one.loop, one.exit, one.beam) == (False,) * 4
        assert one.passed == sum(car.kind is not Kind.BACK_OUT for car in made)
    assert once.story == often.story
