"""The example's database: exactly once, in order, what is lost, and who is inside at all gates."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.central import Store
from tests.examples.gates import (
    ENDED,
    GRANTED,
    ISSUED,
    NORTH,
    NORTHERN,
    OPENED,
    PASSED,
    SOUTH,
    SOUTHERN,
    STREAM,
    cursors,
    event,
    everybody,
    passed,
)
from tests.parts import require
from tests.rigs.postgres import a_postgres


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ":memory:"
    else:
        require("postgresql")
        with a_postgres() as server:
            yield server.address


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    made = Store(address)
    for table in ("events", "cursors", "lost", "moves"):
        made.run(f"DELETE FROM {table}")  # noqa: S608 - the names stand in the line above
    made.db.commit()
    yield made
    made.db.close()


def _walks(store: Store, *numbers: int) -> None:
    """Somebody goes in at the northern gate, which says so in these events."""
    for number in numbers:
        store.take(NORTH, passed(NORTH, number, number, "R-1", "inside"))


def test_an_event_counts_once_and_keeps_its_bytes(store: Store) -> None:
    told = passed(NORTH, 1, 0, "R-1", "inside", note='王** \u2028 ] \\ "')
    for _ in range(3):
        store.take(NORTH, told)
        store.db.commit()
    exact = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
    assert store.run("SELECT id, event FROM events").fetchall() == [(told["id"], exact)]


def test_the_same_number_that_says_something_else_is_refused_and_the_first_stays(
    store: Store,
) -> None:
    first = passed(NORTH, 1, 0, "R-1", "inside")
    store.take(NORTH, first)
    with pytest.raises(ValueError, match="came again and says something else"):
        store.take(NORTH, passed(NORTH, 1, 0, "R-2", "inside"))
    assert [row["data"]["card"] for row in store.inside()] == ["R-1"]


@pytest.mark.parametrize(
    "wrong", [{"streamid": "another"}, {"sequence": f"{2:020}"}, {"id": "1"}, {"id": None}]
)
def test_nobody_speaks_for_another_gate_and_an_id_agrees_with_the_rest(
    store: Store, wrong: dict[str, str | None]
) -> None:
    told = passed(NORTH, 1, 0, "R-1", "inside")
    with pytest.raises(ValueError, match="is none of"):
        store.take(SOUTH, told)
    with pytest.raises(ValueError, match="is none of"):
        store.take(NORTH, told | wrong)
    assert store.run("SELECT count(*) FROM events").fetchone() == (0,)


def test_behind_a_hole_nothing_is_taken_until_it_is_filled(store: Store) -> None:
    _walks(store, 1, 2, 5, 6, 9)
    assert cursors(store) == {NORTHERN: (2, 9)}
    _walks(store, 4)
    assert cursors(store) == {NORTHERN: (2, 9)}
    _walks(store, 3, 4, 5, 6, 3)
    assert cursors(store) == {NORTHERN: (6, 9)}
    store.expect(f"/{NORTHERN}", 12)
    store.expect(f"/{NORTHERN}", 8)
    assert cursors(store) == {NORTHERN: (6, 12)}, "the end is missing: status says so"
    assert store.run("SELECT count(*) FROM events").fetchone() == (6,)


def test_streams_of_one_gate_and_gates_have_numbers_of_their_own(store: Store) -> None:
    for gate, stream in ((NORTH, STREAM), (NORTH, "another"), (SOUTH, STREAM)):
        store.take(gate, event(gate, 1, GRANTED, 0, stream))
        store.take(gate, event(gate, 3, GRANTED, 0, stream))
    assert cursors(store) == {
        NORTHERN: (1, 3),
        f"{NORTH}/another": (1, 3),
        SOUTHERN: (1, 3),
    }


def test_what_a_gate_has_no_more_is_written_down_as_lost(store: Store) -> None:
    _walks(store, 1, 9)
    for _ in range(2):
        store.give_up(f"/{NORTHERN}", 6)
    assert cursors(store) == {NORTHERN: (5, 9)}
    _walks(store, 5, 6)
    store.give_up(f"/{NORTHERN}", 4)
    assert cursors(store) == {NORTHERN: (6, 9)}, "what is here is not lost"
    store.give_up(f"/{NORTHERN}", sys.maxsize)
    assert cursors(store) == {NORTHERN: (9, 9)}
    lost = store.run("SELECT * FROM lost ORDER BY first").fetchall()
    assert lost == [(f"/{NORTHERN}", 2, 5), (f"/{NORTHERN}", 7, 9)]


def test_a_card_comes_in_at_one_gate_and_leaves_at_another(store: Store) -> None:
    store.take(NORTH, event(NORTH, 1, GRANTED, 0, holder="王**", unit="3-1201"))
    store.take(NORTH, passed(NORTH, 2, 1, "R-1", "inside", cause=1))
    store.take(SOUTH, passed(SOUTH, 1, 2, "R-2", "garage", outcome="unobserved"))
    one, two = store.inside()
    assert (one["who"], one["source"], one["estate"]) == ("card R-1", f"/{NORTH}", "garden")
    assert (one["data"]["unit"], one["data"]["outcome"]) == ("3-1201", "passed")
    assert (two["who"], two["source"], two["zone"]) == ("card R-2", f"/{SOUTH}", "garage")
    assert two["data"]["outcome"] == "unobserved"
    store.take(SOUTH, passed(SOUTH, 2, 3, "R-1", "outside"))
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
    assert cursors(store) == {NORTHERN: (2, 2)}


HISTORY = [
    (NORTH, passed(NORTH, 1, 0, "A", "inside")),
    (NORTH, event(NORTH, 2, OPENED, 1, visit="v", card="", zone="inside")),
    (SOUTH, passed(SOUTH, 1, 2, "A", "outside")),
    (SOUTH, passed(SOUTH, 2, 3, "B", "inside")),
    (NORTH, passed(NORTH, 3, 4, "A", "garage")),
    (SOUTH, event(SOUTH, 3, ENDED, 5, visit="v", card="")),
    (NORTH, passed(NORTH, 4, 6, "B", "outside")),
    # The clock of this gate goes back: its numbers still say what came last.
    (NORTH, passed(NORTH, 5, 2.5, "A", "inside")),
    (SOUTH, passed(SOUTH, 4, 2.2, "A", "outside")),
]


@given(st.lists(st.sampled_from(HISTORY)), st.permutations(HISTORY))
def test_in_whatever_order_and_however_often_the_end_is_the_same(
    lost_and_found: list[tuple[str, dict[str, object]]],
    last: list[tuple[str, dict[str, object]]],
) -> None:
    store = Store(":memory:")
    # What stands behind a hole comes again until all is there, as a gate tells it on request.
    for gate, told in lost_and_found + last * len(HISTORY):
        store.take(gate, told)
    store.db.commit()
    assert cursors(store) == {NORTHERN: (5, 5), SOUTHERN: (4, 4)}
    rows = store.run("SELECT event FROM events").fetchall()
    ids = sorted(json.loads(row[0])["id"] for row in rows)
    assert ids == sorted(str(told["id"]) for _, told in HISTORY)
    assert everybody(store) == {"card A": "inside"}
    store.db.close()


def test_the_file_outlives_the_program(tmp_path: Path) -> None:
    path = str(tmp_path / "central.db")
    first = Store(path)
    _walks(first, 1)
    first.db.commit()
    first.take(NORTH, passed(NORTH, 2, 1, "R-1", "outside"))
    first.db.close()
    second = Store(path)
    assert cursors(second) == {NORTHERN: (1, 1)}, "what was not committed is nowhere"
    assert everybody(second) == {"card R-1": "inside"}
    second.db.close()
