from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from drivers.debounce import Debounce

QUIET, RESTLESS = 50, 1_000
Edges = list[tuple[int, bool]]
EDGES = st.lists(st.tuples(st.integers(0, 200), st.booleans()), max_size=60)


def live(belief: Debounce, edges: Edges) -> list[tuple[int, bool | None]]:
    """Let edges happen at their distances, settling when due; every change of the belief."""
    now, raw, seen = 0, False, []
    belief.begin(raw)
    for distance, level in [*edges, (10 * RESTLESS, None)]:
        now += distance
        while belief.settle_ns is not None and belief.settle_ns < now:
            due = belief.settle_ns
            before = belief.level
            belief.settle(raw, due)
            if belief.level is not before:
                seen.append((due, belief.level))
        if level is not None and level is not raw:
            raw = level
            before = belief.level
            belief.edge(raw, now)
            if belief.level is not before:
                seen.append((now, belief.level))
    return seen


@given(EDGES, st.sampled_from((None, True, False)))
def test_in_the_end_the_line_is_believed(edges: Edges, at_once: bool | None) -> None:
    belief = Debounce(QUIET, at_once=at_once, restless_ns=RESTLESS)
    live(belief, edges)
    assert belief.level is (edges[-1][1] if edges else False)
    assert belief.settle_ns is None
    changes, last = 0, False
    for _, level in edges:
        changes += level is not last
        last = level
    assert belief.edges == changes


@given(EDGES, st.booleans())
def test_only_one_level_is_believed_without_quiet(edges: Edges, at_once: bool) -> None:
    belief = Debounce(QUIET, at_once=at_once, restless_ns=10**9)
    seen = live(belief, edges)
    now, raw = 0, False
    changes: dict[bool, list[int]] = {True: [], False: [0]}
    for distance, level in edges:
        now += distance
        if level is not raw:
            changes[level].append(now)
            raw = level
    for at, believed in seen:
        assert believed is not None
        assert at in changes[believed] if believed is at_once else at - QUIET in changes[believed]
    levels = [believed for _, believed in seen]
    if at_once:
        # Nothing that was active for a moment is missed.
        first = min((at for at in changes[True]), default=None)
        assert first is None or seen[0] == (first, True)
    assert all(one is not other for one, other in pairwise(levels))


@given(EDGES)
def test_other_inputs_change_only_after_quiet(edges: Edges) -> None:
    belief = Debounce(QUIET, at_once=None, restless_ns=10**9)
    seen = live(belief, edges)
    assert all(later - sooner >= QUIET for (sooner, _), (later, _) in pairwise(seen))
    assert all(level is not None for _, level in seen)


def test_an_input_that_is_never_quiet_is_unknown() -> None:
    belief = Debounce(QUIET, at_once=None, restless_ns=RESTLESS)
    belief.begin(False)
    told = [now for now in range(0, 2 * RESTLESS, 20) if belief.edge(now % 40 == 0, now)]
    assert told == [RESTLESS]
    assert belief.level is None
    assert belief.restless
    assert belief.settle(True, 3 * RESTLESS)
    assert belief.level is True
    assert not belief.restless


def test_safety_that_is_never_quiet_is_active_first_and_then_unknown() -> None:
    belief = Debounce(QUIET, at_once=True, restless_ns=RESTLESS)
    belief.begin(False)
    told = [now for now in range(0, 2 * RESTLESS, 20) if belief.edge(now % 40 == 0, now)]
    assert told == [0, RESTLESS]
    assert belief.level is None
    assert belief.edges == 2 * RESTLESS // 20
    assert not belief.settle(False, 2 * RESTLESS + QUIET - 21)
    assert belief.settle(False, 2 * RESTLESS + QUIET)
    assert belief.level is False


def test_no_quiet_needed() -> None:
    belief = Debounce(0, at_once=None)
    belief.begin(False)
    assert belief.edge(True, 5)
    assert belief.level is True
    assert belief.settle_ns is None
    assert not belief.settle(True, 10)


def test_a_lost_line_is_news_once() -> None:
    belief = Debounce(QUIET, at_once=None)
    belief.begin(False)
    assert belief.lose()
    assert not belief.lose()
    assert belief.level is None
