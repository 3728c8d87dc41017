"""Order, gaps and duplicates, as a consumer sees them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.uplink import follow
from agent.uplink.follow import Duplicate, Follower, Gap, Line, New


def test_a_gap_is_named_and_filled() -> None:
    line = Line()
    taken = [line.take(n) for n in (7, 8, 12, 10, 8, 9, 11, 13)]
    assert taken == [
        New(7),
        New(8),
        Gap(12, 9, 11),
        New(10, late=True),
        Duplicate(8),
        New(9, late=True),
        New(11, late=True),
        New(13),
    ]
    assert (line.through, line.last, line.missing, line.received) == (13, 13, 0, 7)


def test_the_cursor_stays_before_the_first_hole() -> None:
    line = Line(after=0)
    assert line.take(3) == Gap(3, 1, 2)
    assert (line.through, line.missing, line.holes) == (0, 2, ((1, 2),))
    line.take(1)
    assert (line.through, line.holes) == (1, ((2, 2),))


def test_where_nothing_is_known_the_first_event_is_the_beginning() -> None:
    line = Line()
    assert line.take(500) == New(500)
    assert line.take(499) == Duplicate(499)
    assert line.missing == 0


def test_streams_and_gates_are_apart() -> None:
    follower = Follower()
    assert follower.take("/g/a", "s1", 5) == New(5)
    assert follower.take("/g/a", "s2", 1) == New(1)
    assert follower.take("/g/b", "s1", 5) == New(5)
    assert follower.take("/g/a", "s1", 5) == Duplicate(5)
    follower.start("/g/a", "s1", 0)
    assert follower.lines["/g/a", "s1"].missing == 0
    follower.start("/g/a", "s3", 4)
    assert follower.take("/g/a", "s3", 6) == Gap(6, 5, 5)


def test_a_late_will_is_not_believed() -> None:
    follower = Follower()
    assert follower.believe("a", 7)
    assert not follower.believe("a", 6)
    assert follower.believe("a", 7)
    assert follower.believe("b", 1)


def test_memory_is_bounded() -> None:
    line = Line(after=0)
    for n in range(1, 2 * follow.MAX_HOLES + 3):
        line.take(2 * n)
    assert len(line.holes) == follow.MAX_HOLES
    assert line.missing == 2 * follow.MAX_HOLES + 2
    follower = Follower()
    for n in range(follow.MAX_STREAMS + 10):
        follower.take("a", str(n), 1)
        follower.believe(str(n), 1)
    assert len(follower.lines) == follow.MAX_STREAMS


def test_sequences_count_from_one() -> None:
    with pytest.raises(ValueError, match="count from 1"):
        Line().take(0)


@given(st.lists(st.integers(1, 60), max_size=120))
def test_agrees_with_a_set(arrivals: list[int]) -> None:
    line, seen = Line(after=0), set[int]()
    for sequence in arrivals:
        verdict = line.take(sequence)
        assert isinstance(verdict, Duplicate) == (sequence in seen)
        seen.add(sequence)
        absent = set(range(1, max(seen))) - seen
        assert line.missing == len(absent)
        assert line.through == (min(absent) - 1 if absent else max(seen))
        assert line.received == len(seen)
