"""Cards out of edges and their times."""

from itertools import accumulate, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.wire.frame import Fault, Frame
from drivers.wire.registry import wiegand_meaning
from drivers.wire.wiegand_edges import CLOSEST_NS, GAP_NS, MOST, Edge, Edges
from drivers.wire.wiegand_format import parse
from tests.wire.makers import FORMATS, faults, frames, wiegand

MS = 1_000_000
Found = list[Frame | Fault]

# A busy machine makes examples slowly.
BUSY = settings(suppress_health_check=[HealthCheck.too_slow])


def train(bits: str, begins: int, apart: int = 2 * MS) -> list[Edge]:
    return [Edge(begins + number * apart, int(bit)) for number, bit in enumerate(bits)]


def bits26(number: int) -> str:
    return wiegand(f"{number:024b}", 12)


def collect(*pieces: list[Edge], size: int = 26) -> Found:
    edges = Edges("x", wiegand_meaning(f"wiegand-{size}"))
    found = [one for piece in pieces for one in edges.feed(piece)]
    if edges.due_ns is not None:
        found += edges.flush(edges.due_ns)
    assert edges.due_ns is None
    return found


@BUSY
@given(
    st.sampled_from(sorted(FORMATS)),
    st.lists(st.integers(0, 2**35 - 1), min_size=1, max_size=4),
    st.lists(st.integers(CLOSEST_NS, GAP_NS - 1), min_size=40, max_size=40),
    st.lists(st.integers(1, 150), max_size=6),
)
def test_cards_at_any_pace_heard_at_any_time(
    size: int, numbers: list[int], gaps: list[int], cuts: list[int]
) -> None:
    span, odd_first = FORMATS[size]
    edges: list[Edge] = []
    at = 10**15
    for number in numbers:
        data = f"{number % (1 << (size - 2)):0{size - 2}b}"
        bits = wiegand(data, span, odd_first=odd_first)
        times = list(accumulate(gaps[: size - 1], initial=at))
        edges += [Edge(ns, int(bit)) for ns, bit in zip(times, bits, strict=True)]
        at = times[-1] + GAP_NS
    whole = collect(edges, size=size)
    assert [int(one.split(":")[1], 16) for one in frames(whole)] == [
        number % (1 << (size - 2)) for number in numbers
    ]
    places = [0, *sorted(cuts), len(edges)]
    pieces = [edges[a:b] for a, b in pairwise(places)]
    assert collect(*pieces, size=size) == whole
    # Heard one by one, and flushed before each with its own time: the same cards.
    one_by_one = Edges("x", wiegand_meaning(f"wiegand-{size}"))
    found = []
    for edge in edges:
        found += one_by_one.flush(edge.ns)
        found += one_by_one.feed([edge])
    assert one_by_one.flush(at - 1) == []
    assert found + one_by_one.flush(at) == whole


@BUSY
@given(st.lists(st.tuples(st.integers(0, 60 * MS), st.integers(0, 1)), max_size=400))
def test_any_edges_are_cards_and_faults_and_nothing_grows(steps: list[tuple[int, int]]) -> None:
    edges = Edges("x", wiegand_meaning("wiegand-26"))
    at, heard, told = 5, 0, 0
    for apart, wire in steps:
        at += apart
        found = edges.feed([Edge(at, wire)])
        heard += 1
        assert len(edges._edges) <= MOST + 1
        told += sum(len(one.raw) for one in found)
        assert all(one.detail for one in found if isinstance(one, Fault))
    due = edges.due_ns
    if due is not None:
        assert edges.flush(due - 1) == []
        told += sum(len(one.raw) for one in edges.flush(due))
    assert told <= heard
    assert edges.due_ns is None


def test_edges_out_of_order_are_put_in_order() -> None:
    good = train(bits26(0x123456), 10**9)
    good[3], good[4] = good[4], good[3]
    good[10], good[11] = good[11], good[10]
    assert frames(collect(good)) == ["w26:123456"]
    first_two = [good[1], good[0], *good[2:]]
    assert frames(collect(first_two)) == ["w26:123456"]


def test_pulses_too_close() -> None:
    good = train(bits26(0x123456), 10**9)
    twice = [*good[:5], Edge(good[4].ns + 30_000, good[4].wire), *good[5:]]
    both = [*good[:5], Edge(good[4].ns + 30_000, 1 - good[4].wire), *good[5:]]
    for edges, said in ((twice, "fell twice within 30 µs"), (both, "D0 and D1 fell within 30 µs")):
        (one,) = collect(edges)
        assert isinstance(one, Fault)
        assert one.reason == "too_close"
        assert said in one.detail


def test_a_stream_without_an_end_is_one_fault() -> None:
    noise = train("01" * 5000, 10**9)
    (one, card) = collect(noise, train(bits26(7), noise[-1].ns + GAP_NS))
    assert isinstance(one, Fault)
    assert (one.reason, len(one.raw)) == ("too_long", MOST + 1)
    assert frames([card]) == ["w26:000007"]


def test_lost_edges_spoil_their_card_and_no_other() -> None:
    edges = Edges("x", wiegand_meaning("wiegand-26"))
    first, second = train(bits26(1), 10**9), train(bits26(2), 2 * 10**9)
    assert edges.feed(first[:10]) == []
    assert edges.lose(first[10].ns) == []
    found = edges.feed(first[11:])
    found += edges.feed(second)
    found += edges.lose(3 * 10**9)
    assert edges.due_ns == 3 * 10**9 + GAP_NS
    found += edges.flush(4 * 10**9)
    assert faults(found) == ["edges_lost", "edges_lost"]
    assert frames(found) == ["w26:000002"]


def test_swapped_wires_are_named() -> None:
    swapped = train(bits26(0x123456).translate(str.maketrans("01", "10")), 10**9)
    (one,) = collect(swapped)
    assert isinstance(one, Fault)
    assert one.reason == "d0_d1_swapped"


@pytest.mark.parametrize(("wire", "other"), [(0, "D1"), (1, "D0")])
def test_a_broken_wire_is_named(wire: int, other: str) -> None:
    (one,) = collect(train(str(wire) * 13, 10**9))
    assert isinstance(one, Fault)
    assert one.reason == "wrong_length"
    assert one.detail.endswith(f"is the wire of {other} broken?")
    (single,) = collect(train(str(wire), 10**9))
    assert isinstance(single, Fault)
    assert "broken" not in single.detail


@pytest.mark.parametrize("number", range(16))
def test_keys_of_keypads(number: int) -> None:
    four, eight = f"{number:04b}", f"{number ^ 15:04b}{number:04b}"
    found = [*collect(train(four, 10**9)), *collect(train(eight, 10**9))]
    if number < 12:
        assert frames(found) == [f"key:{'0123456789*#'[number]}"] * 2
    else:
        assert faults(found) == ["wrong_length"] * 2


def test_eight_bits_that_are_no_key_or_are_cards() -> None:
    assert faults(collect(train("01010101", 10**9))) == ["wrong_length"]
    edges = Edges("x", parse("CCCCCCCC"))
    edges.feed(train("11110000", 10**9))
    assert frames(edges.flush(2 * 10**9)) == ["w8:F0"]
