"""The example's database: exactly once, holes, and who is inside at all gates."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.central import Store, exact_events
from tests.examples.gates import (
    ENDED,
    GRANTED,
    ISSUED,
    NORTH,
    OPENED,
    PASSED,
    SOUTH,
    STREAM,
    cursors,
    event,
    everybody,
    passed,
)
from tests.rigs.postgres import a_postgres, installed

DATABASES = ["sqlite", *(["postgresql"] if installed() else [])]


@pytest.fixture(scope="module", params=DATABASES)
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ":memory:"
    else:
        with a_postgres() as server:
            yield server


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    made = Store(address)
    for table in ("events", "cursors", "lost", "gates", "whereabouts"):
        made.run(f"DELETE FROM {table}")  # noqa: S608 - the names stand in the line above
    made.commit()
    yield made
    made._db.close()


def test_an_event_counts_once_and_keeps_its_bytes(store: Store) -> None:
    told = passed(NORTH, 1, 0, "R-1", "inside", note="王** \u2028 ]")
    for _ in range(3):
        store.take(NORTH, told)
        store.commit()
    assert store.run("SELECT count(*) FROM events").fetchone() == (1,)
    assert store.event(NORTH, STREAM, 1) == told


def test_the_same_number_with_other_bytes_is_refused_and_the_first_stay(store: Store) -> None:
    first = passed(NORTH, 1, 0, "R-1", "inside")
    store.take(NORTH, first)
    with pytest.raises(ValueError, match="came again with other bytes"):
        store.take(NORTH, passed(NORTH, 1, 0, "R-2", "inside"))
    assert store.event(NORTH, STREAM, 1) == first


def test_nobody_speaks_for_another_gate(store: Store) -> None:
    with pytest.raises(ValueError, match="speaks for"):
        store.take(SOUTH, passed(NORTH, 1, 0, "R-1", "inside"))
    assert store.run("SELECT count(*) FROM events").fetchone() == (0,)


def test_the_cursor_stands_before_a_hole_until_it_is_filled(store: Store) -> None:
    for number in (1, 2, 5, 6, 9):
        store.take(NORTH, passed(NORTH, number, number, "R-1", "inside"))
    assert cursors(store) == {NORTH: (2, 9)}
    assert store.holes() == [(NORTH, STREAM, 3, 4, True)]
    store.take(NORTH, passed(NORTH, 4, 4, "R-1", "inside"))
    assert store.holes() == [(NORTH, STREAM, 3, 3, True)]
    store.take(NORTH, passed(NORTH, 3, 3, "R-1", "inside"))
    assert cursors(store) == {NORTH: (6, 9)}
    store.expect(NORTH, STREAM, 12)
    for number in (7, 8):
        store.take(NORTH, passed(NORTH, number, number, "R-1", "inside"))
    assert store.holes() == [(NORTH, STREAM, 10, 12, False)], "the end is missing: status says so"


def test_streams_of_one_gate_and_gates_have_numbers_of_their_own(store: Store) -> None:
    for source, stream in ((NORTH, STREAM), (NORTH, "another"), (SOUTH, STREAM)):
        store.take(source, event(source, 1, GRANTED, 0, stream))
        store.take(source, event(source, 3, GRANTED, 0, stream))
    assert sorted(store.holes()) == [
        (NORTH, STREAM, 2, 2, True),
        (NORTH, "another", 2, 2, True),
        (SOUTH, STREAM, 2, 2, True),
    ]


def test_what_a_gate_has_no_more_is_written_down_as_lost(store: Store) -> None:
    for number in (1, 5, 8):
        store.take(NORTH, passed(NORTH, number, number, "R-1", "inside"))
    store.give_up(NORTH, STREAM, 6)
    store.give_up(NORTH, STREAM, 6)
    assert store.run("SELECT * FROM lost").fetchall() == [
        (NORTH, STREAM, 2, 4),
        (NORTH, STREAM, 6, 6),
    ]
    assert store.holes() == [(NORTH, STREAM, 7, 7, True)]
    assert cursors(store) == {NORTH: (6, 8)}


def test_a_card_comes_in_at_one_gate_and_leaves_at_another(store: Store) -> None:
    store.take(NORTH, event(NORTH, 1, GRANTED, 0, holder="王**", unit="3-1201"))
    store.take(NORTH, passed(NORTH, 2, 1, "R-1", "inside", cause=1))
    store.take(SOUTH, passed(SOUTH, 7, 2, "R-2", "garage", outcome="unobserved"))
    one, two = store.inside()["inside"]
    assert (one["who"], one["gate"], one["unit"], one["seen"]) == (
        "card R-1",
        "north",
        "3-1201",
        True,
    )
    assert (two["who"], two["gate"], two["zone"], two["seen"]) == (
        "card R-2",
        "south",
        "garage",
        False,
    )
    store.take(SOUTH, passed(SOUTH, 8, 3, "R-1", "outside"))
    assert everybody(store) == {"card R-2": "garage"}
    store.take(NORTH, passed(NORTH, 3, 4, "R-2", "outside", outcome="reversed"))
    store.take(NORTH, passed(NORTH, 4, 4, "R-2", "outside", outcome="interrupted"))
    assert everybody(store) == {"card R-2": "garage"}, "who turned round is where he was"


def test_a_visit_is_opened_at_one_gate_and_ended_at_another(store: Store) -> None:
    visit = "north-5d1c0a9e2b77-2-1"
    store.take(NORTH, event(NORTH, 1, OPENED, 0, visit="v-0", card="", zone="inside", plate="京A"))
    store.take(NORTH, event(NORTH, 2, OPENED, 0, visit=visit, card="V-017", zone="inside"))
    store.take(NORTH, event(NORTH, 3, ISSUED, 0, visit=visit, card="V-017"))
    assert everybody(store) == {"visit v-0": "inside"}, "who has a card is in when he went in"
    store.take(NORTH, passed(NORTH, 4, 5, "V-017", "inside"))
    assert everybody(store) == {"visit v-0": "inside", "card V-017": "inside"}
    store.take(SOUTH, event(SOUTH, 1, ENDED, 9, visit=visit, card="V-017", outcome="elsewhere"))
    store.take(SOUTH, event(SOUTH, 2, ENDED, 9, visit="v-0", card="", outcome="left", lane="out"))
    assert everybody(store) == {}


def test_who_leaves_through_a_lane_is_in_until_he_went_through(store: Store) -> None:
    store.take(NORTH, passed(NORTH, 1, 0, "V-017", "inside"))
    store.take(NORTH, event(NORTH, 2, ENDED, 5, visit="v", card="V-017", lane="out-1"))
    assert everybody(store) == {"card V-017": "inside"}
    store.take(NORTH, passed(NORTH, 3, 9, "V-017", "outside"))
    assert everybody(store) == {}


def test_what_no_event_says_moves_nobody(store: Store) -> None:
    store.take(NORTH, event(NORTH, 1, "gate.drone.landed.v1", 0, card="R-1", to="roof"))
    store.take(NORTH, event(NORTH, 2, PASSED, 0, lane="in-1", outcome="forced", to="inside"))
    assert everybody(store) == {}
    assert cursors(store) == {NORTH: (2, 2)}


HISTORY = [
    (NORTH, passed(NORTH, 1, 0, "A", "inside")),
    (NORTH, event(NORTH, 2, OPENED, 1, visit="v", card="", zone="inside")),
    (SOUTH, passed(SOUTH, 1, 2, "A", "outside")),
    (SOUTH, passed(SOUTH, 2, 3, "B", "inside")),
    (NORTH, passed(NORTH, 3, 4, "A", "garage")),
    (SOUTH, event(SOUTH, 3, ENDED, 5, visit="v", card="")),
    (NORTH, passed(NORTH, 4, 6, "B", "outside")),
    # The clock of this gate goes back: its numbers still say what came last.
    (NORTH, passed(NORTH, 5, 3.5, "A", "inside")),
]


@given(st.permutations(HISTORY), st.lists(st.sampled_from(HISTORY)))
def test_in_whatever_order_and_however_often_the_end_is_the_same(
    once: list[tuple[str, bytes]], again: list[tuple[str, bytes]]
) -> None:
    store = Store(":memory:")
    for source, told in once + again:
        store.take(source, told)
    store.commit()
    assert cursors(store) == {NORTH: (5, 5), SOUTH: (3, 3)}
    rows = store.run("SELECT source, payload FROM events").fetchall()
    assert sorted(rows) == sorted(HISTORY)
    assert everybody(store) == {"card A": "inside"}
    store._db.close()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=6), st.booleans(), st.data())
def test_the_events_of_a_chunk_are_taken_out_byte_for_byte(
    told: list[dict[str, Any]], plain: bool, data: st.DataObject
) -> None:
    separators = data.draw(st.sampled_from([(",", ":"), (", ", " : ")]))
    exact = [json.dumps(each, ensure_ascii=plain, separators=separators) for each in told]
    chunk = '{"events":[' + ",".join(exact) + '],"last":true,"nextfrom":null}'
    assert list(exact_events(chunk)) == [each.encode() for each in exact]


def test_the_file_outlives_the_program(tmp_path: Path) -> None:
    path = str(tmp_path / "central.db")
    first = Store(path)
    first.take(NORTH, passed(NORTH, 1, 0, "A", "inside"))
    first.commit()
    first.take(NORTH, passed(NORTH, 2, 1, "A", "outside"))
    first._db.close()
    second = Store(path)
    assert cursors(second) == {NORTH: (1, 1)}, "what was not committed is nowhere"
    assert everybody(second) == {"card A": "inside"}
    second._db.close()
