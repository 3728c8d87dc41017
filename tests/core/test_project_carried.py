"""Rows carried over a cut: put whole, whatever became of their tables since."""

from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.core.entries import EntryType
from agent.core.fold import Drop, Fold, Projection, Put, Row, Told
from agent.core.project_carried import folds, in_force, packed, pointer

TABLES = (
    Projection("bans", "ban", {"state": "TEXT", "until_us": "INTEGER", "sequence": "INTEGER"}),
    Projection("presence", "card", {"sequence": "INTEGER", "granted": "INTEGER"}),
    Projection("zone_counts", "zone", {"vehicles": "INTEGER"}),
)


def carried(data: Mapping[str, object]) -> list[Row]:
    (fold,) = folds(TABLES)[EntryType.BOOKS_CARRIED]
    made: Fold = fold
    return list(made(Told(77, EntryType.BOOKS_CARRIED, data, 0, "synced", "")))


def test_the_row_points_to_the_entry_that_carries_it() -> None:
    values: dict[str, str | int] = {"state": "open", "until_us": 5, "sequence": 3}
    data = {"table": "bans", "key": "b-1", "values": values}
    assert carried(data) == [Put("bans", "b-1", {**values, "sequence": 77})]


def test_what_orders_events_stays_what_it_was() -> None:
    data = {"table": "presence", "key": "V-1", "values": {"sequence": 3, "granted": 2}}
    assert carried(data) == [Put("presence", "V-1", {"sequence": 3, "granted": 77})]
    assert pointer("amnesties") == ""


def test_a_table_without_a_pointer() -> None:
    data = {"table": "zone_counts", "key": "inside", "values": {"vehicles": -2}}
    assert carried(data) == [Put("zone_counts", "inside", {"vehicles": -2})]


def test_columns_that_came_are_empty_and_those_that_went_are_left_out() -> None:
    data = {"table": "bans", "key": "b-1", "values": {"gone": 1, "sequence": 3}}
    assert carried(data) == [Put("bans", "b-1", {"state": "", "until_us": 0, "sequence": 77})]
    odd: dict[str, object] = {"state": 5, "until_us": "x"}
    data = {"table": "bans", "key": "b-1", "values": odd}
    assert carried(data) == [Put("bans", "b-1", {"state": "5", "until_us": 0, "sequence": 77})]


def test_a_table_that_went_makes_nothing() -> None:
    assert carried({"table": "gone", "key": "x", "values": {}}) == []
    assert carried({}) == []


def test_that_there_is_no_row_is_carried_too() -> None:
    assert carried({"table": "bans", "key": "b-1", "values": None}) == [Drop("bans", "b-1")]


@example("长" * 201)
@given(st.text(max_size=900))
def test_long_texts_come_whole(text: str) -> None:
    sent = packed({"state": text, "until_us": 4})
    (row,) = carried({"table": "bans", "key": "b", "values": sent})
    assert isinstance(row, Put)
    assert row.values["state"] == text
    state = sent["state"]
    pieces = state if isinstance(state, list) else [state]
    assert all(len(str(piece)) <= 200 for piece in pieces)


@pytest.mark.parametrize(
    ("table", "row", "expected"),
    [
        ("visits", {"state": "open", "until_us": 1}, True),
        ("visits", {"state": "ended", "until_us": 1}, False),
        ("deposits", {"state": "held"}, True),
        ("deposits", {"state": "refund_due"}, True),
        ("bans", {"state": "open", "until_us": 0}, True),
        ("bans", {"state": "open", "until_us": 5}, False),
        ("bans", {"state": "open", "until_us": 50}, True),
        ("bans", {"state": "lifted", "until_us": 50}, False),
        ("bans", {"state": "open", "until_us": ""}, True),
        ("zone_counts", {"vehicles": 1}, True),
    ],
)
def test_what_is_in_force(table: str, row: dict[str, object], expected: bool) -> None:
    assert in_force(table, row, 10) is expected
