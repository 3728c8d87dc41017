"""Pairs, chatter and stuck inputs, on a clock of their own."""

from hypothesis import given
from hypothesis import strategies as st

from drivers.supervision import CHATTERS, CONTRADICT, SKEW_NS, Supervised

QUIET, RESTLESS, LONGEST = 50_000_000, 1_000_000_000, 10_000_000_000
START = 7


def pair(at_once: bool | None = None) -> Supervised:
    belief = Supervised(QUIET, at_once=at_once, paired=True, restless_ns=RESTLESS)
    belief.begin(False, False, START)
    return belief


def told(belief: Supervised) -> tuple[bool | None, str]:
    return belief.level, belief.fault


def test_a_pair_that_changes_together_is_believed() -> None:
    belief = pair()
    assert not belief.edge(START + 1, first=True)
    assert belief.raw is None
    assert not belief.edge(START + 2, second=True)
    assert belief.due_ns == START + 2 + QUIET
    assert belief.look(True, True, START + 2 + QUIET)
    assert told(belief) == (True, "")
    assert belief.edges == 2


def test_a_pair_that_contradicts_itself_is_unknown_and_says_why() -> None:
    belief = pair()
    belief.edge(100, first=True)
    assert belief.due_ns == 100 + SKEW_NS
    assert not belief.look(True, False, 100 + SKEW_NS - 1)
    assert told(belief) == (False, "")  # what was believed stays, for as long as contacts may take
    assert belief.look(True, False, 100 + SKEW_NS)
    assert told(belief) == (None, CONTRADICT)
    assert belief.due_ns is None
    assert not belief.edge(10**9, first=True)
    assert not belief.look(True, False, 10**9)
    belief.edge(2 * 10**9, second=True)
    assert belief.look(True, True, 2 * 10**9 + QUIET)
    assert told(belief) == (True, "")


def test_a_safety_pair_that_parts_is_believed_active_at_once() -> None:
    belief = pair(at_once=True)
    assert belief.edge(100, second=True)
    assert told(belief) == (True, "")
    assert belief.look(False, True, 100 + SKEW_NS)
    assert told(belief) == (None, CONTRADICT)
    assert not belief.edge(100 + 2 * SKEW_NS, second=True)  # and it does not flicker


def test_a_pair_that_contradicts_itself_from_the_start() -> None:
    belief = Supervised(QUIET, paired=True)
    belief.begin(True, False, START)
    assert told(belief) == (None, "")
    assert belief.look(True, False, START + SKEW_NS)
    assert told(belief) == (None, CONTRADICT)


def test_chatter_is_a_fault_that_ends_with_quiet() -> None:
    belief = Supervised(QUIET, at_once=True, restless_ns=RESTLESS)
    belief.begin(False, False, START)
    now, level = START, False
    while not belief.fault:
        now, level = now + QUIET // 2, not level
        belief.edge(now, first=level)
        assert now < 2 * RESTLESS
    assert told(belief) == (None, CHATTERS)
    assert belief.look(level, level, now + QUIET)
    assert told(belief) == (level, "")


def test_active_for_too_long_is_a_fault_and_stays_active() -> None:
    belief = Supervised(QUIET, at_once=True, longest_ns=LONGEST)
    belief.begin(False, False, START)
    assert belief.due_ns is None
    belief.edge(100, first=True)
    assert belief.due_ns == 100 + QUIET
    belief.look(True, True, 100 + QUIET)
    assert belief.due_ns == 100 + LONGEST
    assert not belief.look(True, True, 100 + LONGEST - 1)
    assert belief.look(True, True, 100 + LONGEST)
    assert told(belief) == (True, "stuck: active for more than 10 s")
    assert belief.due_ns is None
    belief.edge(2 * LONGEST, first=False)
    assert belief.look(False, False, 2 * LONGEST + QUIET)
    assert told(belief) == (False, "")


def test_an_input_that_cannot_be_read_is_unknown_until_it_can() -> None:
    belief = pair()
    assert belief.lose("it cannot be read: gone")
    assert not belief.lose("it cannot be read: gone")
    assert told(belief) == (None, "it cannot be read: gone")
    assert belief.look(True, True, 10**9)
    assert told(belief) == (True, "")


def test_an_edge_that_was_lost_is_found_by_looking() -> None:
    belief = Supervised(QUIET, at_once=True)
    belief.begin(False, False, START)
    assert belief.look(True, True, 10**9)
    assert told(belief) == (True, "")
    assert not belief.look(True, True, 10**9 + QUIET)


def test_what_is_overlooked_counts_afterwards_as_it_is_then() -> None:
    belief = Supervised(QUIET, at_once=True)
    belief.begin(False, False, START)
    belief.overlook(first=True, second=None)
    belief.overlook(first=False, second=None)
    assert not belief.resume(100)
    assert told(belief) == (False, "")
    assert belief.edges == 0
    belief.overlook(first=True, second=None)
    assert belief.resume(200)
    assert told(belief) == (True, "")


EDGES = st.lists(
    st.tuples(
        st.sampled_from((1, 10**6, QUIET - 1, QUIET, SKEW_NS - 1, SKEW_NS, 5 * 10**8)),
        st.booleans(),
        st.booleans(),
    ),
    max_size=60,
)


@given(EDGES, st.sampled_from((None, True, False)), st.booleans())
def test_in_the_end_it_is_what_its_contacts_say(
    edges: list[tuple[int, bool, bool]], at_once: bool | None, safety: bool
) -> None:
    """And never clear where the contacts of a safety input did not both say so for a while."""
    belief = Supervised(QUIET, at_once=True if safety else at_once, paired=True)
    contacts = [False, False]
    belief.begin(False, False, 0)
    now = clear_since = 0
    for distance, second, active in [*edges, (10**10, True, contacts[0])]:
        ends = now + distance
        while (due := belief.due_ns) is not None and due <= ends:
            belief.look(contacts[0], contacts[1], due)
            again = belief.due_ns
            assert again is None or again > due, "it would be looked at without end"
            if safety and belief.level is False:
                assert contacts == [False, False]
                assert due - clear_since >= QUIET
        now = ends
        if contacts[second] is not active:
            contacts[second] = active
            belief.edge(now, **{"second" if second else "first": active})
            clear_since = now
            if safety:
                assert belief.level is not False or contacts == [False, False]
    belief.look(contacts[0], contacts[1], now)
    limit = now + 10**10
    while (due := belief.due_ns) is not None and due <= limit:
        belief.look(contacts[0], contacts[1], due)
    agreed = contacts[0] is contacts[1]
    assert belief.level is (contacts[0] if agreed else None)
    assert belief.fault == ("" if agreed else CONTRADICT)
