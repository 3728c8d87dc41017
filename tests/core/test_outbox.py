"""The cursor: nothing skipped, nothing counted twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.core.outbox import Outbox


def sent(count: int, *, published: int = 0, window: int = 10) -> Outbox:
    outbox = Outbox(published, window)
    for _ in range(count):
        outbox.send(outbox.next)
    return outbox


def test_the_prefix_moves_over_what_has_no_hole() -> None:
    outbox = sent(5, published=100)
    assert [outbox.acknowledge(n) for n in (103, 102, 105)] == [0, 0, 0]
    assert outbox.published == 100
    assert outbox.inflight == 2
    assert outbox.acknowledge(101) == 3
    assert outbox.published == 103
    assert outbox.acknowledge(104) == 2
    assert (outbox.published, outbox.inflight, outbox.room) == (105, 0, 10)


def test_the_window_counts_from_the_prefix() -> None:
    outbox = sent(3, window=3)
    outbox.acknowledge(2)
    outbox.acknowledge(3)
    assert outbox.room == 0
    with pytest.raises(ValueError, match="window is full"):
        outbox.send(4)
    outbox.acknowledge(1)
    assert outbox.room == 3


def test_entries_go_in_turn() -> None:
    outbox = Outbox(7, 3)
    with pytest.raises(ValueError, match="8 comes next"):
        outbox.send(9)


def test_a_refused_entry_stays_and_stops_what_follows() -> None:
    outbox = sent(4)
    outbox.refuse(3)
    outbox.refuse(2)
    outbox.refuse(4)
    assert outbox.refused == 2
    assert outbox.room == 0
    assert outbox.acknowledge(2) == 0
    assert outbox.acknowledge(1) == 1
    outbox.reset()
    assert (outbox.refused, outbox.next, outbox.inflight) == (0, 2, 0)


def test_what_was_never_sent_can_be_refused_by_its_size() -> None:
    outbox = sent(1)
    outbox.refuse(2)
    assert outbox.refused == 2


def test_a_refusal_of_what_is_done_or_far_ahead_means_nothing() -> None:
    outbox = sent(4)
    outbox.acknowledge(1)
    outbox.acknowledge(3)
    for sequence in (0, 1, 3, 6):
        outbox.refuse(sequence)
    assert outbox.refused == 0


def test_late_and_foreign_acknowledgements_change_nothing() -> None:
    outbox = sent(2)
    assert [outbox.acknowledge(n) for n in (0, 3, 1, 1)] == [0, 0, 1, 0]


def test_retention_moves_the_cursor_and_says_by_how_much() -> None:
    outbox = Outbox(10, 5)
    assert outbox.resume(8) == 0
    assert outbox.resume(21) == 10
    assert (outbox.published, outbox.next) == (20, 21)
    outbox.send(21)
    with pytest.raises(ValueError, match="reset first"):
        outbox.resume(30)


@pytest.mark.parametrize(("published", "window"), [(-1, 5), (0, 0), (0, 65_536)])
def test_nonsense_is_refused(published: int, window: int) -> None:
    with pytest.raises(ValueError, match=r"published|window"):
        Outbox(published, window)


@given(st.permutations(range(1, 21)))
def test_any_order_of_acknowledgements_ends_the_same(order: list[int]) -> None:
    outbox = sent(20, window=20)
    moved = sum(outbox.acknowledge(n) for n in order)
    assert (moved, outbox.published, outbox.inflight) == (20, 20, 0)


class Model(RuleBasedStateMachine):
    """The outbox beside a plain set of what the broker has."""

    @initialize(published=st.integers(0, 50), window=st.integers(1, 12))
    def begin(self, published: int, window: int) -> None:
        self.outbox = Outbox(published, window)
        self.window = window
        self.floor = published
        self.sent: set[int] = set()
        self.has: set[int] = set()
        self.refused: set[int] = set()

    @rule()
    def send(self) -> None:
        if self.outbox.room:
            self.sent.add(self.outbox.next)
            self.outbox.send(self.outbox.next)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        sequence = data.draw(st.sampled_from(sorted(self.sent)))
        if sequence not in self.refused:
            self.has.add(sequence)
        self.outbox.acknowledge(sequence)

    @precondition(lambda self: self.sent - self.has)
    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        sequence = data.draw(st.sampled_from(sorted(self.sent - self.has)))
        self.outbox.refuse(sequence)
        # Only the lowest refusal is held; others are still without an acknowledgement.
        self.refused = {self.outbox.refused}

    @rule()
    def reconnect(self) -> None:
        self.outbox.reset()
        self.sent = set()
        self.has = {n for n in self.has if n <= self.outbox.published}
        self.refused = set()
        assert self.outbox.next == self.outbox.published + 1

    @invariant()
    def nothing_is_skipped(self) -> None:
        if not hasattr(self, "outbox"):
            return
        expected = self.floor
        while expected + 1 in self.has:
            expected += 1
        assert self.outbox.published == expected
        assert self.outbox.next - 1 - self.outbox.published <= self.window
        assert self.outbox.inflight == len({n for n in self.sent if n > expected} - self.has)


TestModel = Model.TestCase
