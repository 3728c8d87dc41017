"""Acks: what moves a cursor, what is refused, and what all consumers have."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ports import Head
from agent.uplink.acks import MAX_BYTES, Acks

HEAD = Head("s-1", "b", 1, 100, bytes(32))


def ack(through: object, stream: object = "s-1", **more: object) -> bytes:
    return json.dumps({"streamid": stream, "throughseq": through, **more}).encode()


def test_the_least_of_them_is_confirmed() -> None:
    acks = Acks(("a", "b"), {})
    assert acks.confirmed("s-1") == 0
    assert acks.heard("a", ack(40), HEAD) == ""
    assert acks.confirmed("s-1") == 0
    assert acks.heard("b", ack(30), HEAD) == ""
    assert acks.confirmed("s-1") == 30
    assert acks.heard("b", ack(100), HEAD) == ""
    assert acks.confirmed("s-1") == 40
    assert acks.confirmed("s-2") == 0
    assert acks.changed() == {"a": ("s-1", 40), "b": ("s-1", 100)}
    assert acks.changed() == {}


def test_nobody_named_is_nobody_waited_for() -> None:
    acks = Acks((), {"a": ("s-1", 4)})
    assert acks.confirmed("s-1") is None
    assert "no such consumer" in acks.heard("a", ack(5), HEAD)
    assert acks.changed() == {}


def test_what_was_saved_is_known_again() -> None:
    acks = Acks(("a", "b"), {"a": ("s-1", 40), "b": ("s-1", 50), "left": ("s-1", 1)})
    assert acks.confirmed("s-1") == 40
    assert acks.changed() == {}
    # The broker forgot, or has an older one: nothing is taken back.
    assert acks.heard("a", ack(12), HEAD) == ""
    assert acks.heard("a", ack(40), HEAD) == ""
    assert acks.heard("a", b"", HEAD) == ""
    assert acks.confirmed("s-1") == 40
    assert acks.changed() == {}


def test_a_new_stream_begins_at_nothing() -> None:
    acks = Acks(("a",), {"a": ("s-0", 900)})
    assert acks.confirmed("s-1") == 0
    assert acks.heard("a", ack(0), HEAD) == ""
    assert acks.changed() == {}
    assert acks.heard("a", ack(7), HEAD) == ""
    assert acks.confirmed("s-1") == 7
    assert acks.changed() == {"a": ("s-1", 7)}


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (ack(101), "ends at 100"),
        (ack(50, "s-0"), "another stream"),
        (ack(50, ""), "another stream"),
        (ack(-1), "no ack"),
        (ack(True), "no ack"),
        (ack("50"), "no ack"),
        (ack(50.0), "no ack"),
        (ack(None), "no ack"),
        (ack(50, 7), "no ack"),
        (b"50", "no ack"),
        (b"[]", "no ack"),
        (b"{}", "no ack"),
        (b"{", "no ack"),
        (b"\xff", "no ack"),
        (b"[" * 1_000, "no ack"),
        (b'{"streamid":"s-1","throughseq":' + b"9" * 5_000 + b"}", "no ack"),
        (ack(50, note="x" * MAX_BYTES), "no ack"),
    ],
)
def test_what_is_wrong_moves_nothing_and_is_said(payload: bytes, why: str) -> None:
    acks = Acks(("a",), {"a": ("s-1", 40)})
    complaint = acks.heard("a", payload, HEAD)
    assert why in complaint
    assert "ack/a" in complaint
    assert acks.confirmed("s-1") == 40
    assert acks.changed() == {}


def test_a_complaint_stays_until_that_consumer_is_right() -> None:
    acks = Acks(("a", "b"), {})
    wrong = acks.heard("a", b"{", HEAD)
    assert acks.heard("b", ack(5), HEAD) == ""
    assert acks.complaint == wrong
    other = acks.heard("b", ack(101), HEAD)
    assert acks.complaint == f"{wrong}; {other}"
    acks.heard("stranger", b"{", HEAD)
    assert "stranger" not in acks.complaint
    acks.heard("a", ack(1), HEAD)
    acks.heard("b", b"", HEAD)
    assert acks.complaint == ""


def test_what_is_not_known_of_an_ack_does_not_matter() -> None:
    acks = Acks(("a",), {})
    assert acks.heard("a", ack(5, at="2026-11-22T10:00:00Z"), HEAD) == ""
    assert acks.confirmed("s-1") == 5


NAMES = st.sampled_from(("a", "b", "stranger"))
TEXT = st.one_of(
    st.builds(ack, st.integers(-2, 120), st.sampled_from(("s-1", "s-0"))),
    st.builds(
        lambda told: json.dumps(told).encode(),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=3),
            lambda it: (
                st.lists(it) | st.dictionaries(st.sampled_from(("streamid", "throughseq", "x")), it)
            ),
            max_leaves=4,
        ),
    ),
    st.binary(max_size=40),
)


@given(told=st.lists(st.tuples(NAMES, TEXT), max_size=30))
def test_whatever_is_said_cursors_grow_and_stay_within_the_journal(
    told: list[tuple[str, bytes]],
) -> None:
    acks = Acks(("a", "b"), {"a": ("s-1", 10)})
    cursors, saved = {"a": 10, "b": 0}, {"a": 10, "b": 0}
    for name, payload in told:
        complaint = acks.heard(name, payload, HEAD)
        if name == "stranger":
            assert complaint
        elif not complaint and payload:
            # Read anew, by the words of the contract.
            stated = json.loads(payload)
            assert stated["streamid"] == "s-1"
            assert 0 <= stated["throughseq"] <= 100
            cursors[name] = max(cursors[name], stated["throughseq"])
        assert acks.confirmed("s-1") == min(cursors.values())
    saved |= {name: through for name, (_, through) in acks.changed().items()}
    assert saved == cursors
