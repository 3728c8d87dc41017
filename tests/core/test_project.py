from agent.core.entries import EntryType
from agent.core.project import PROJECTIONS, Drop, Put, project

GRANT = {"lane": "in-1", "passage": "p-1", "card": "A"}


def test_a_grant_opens_a_passage() -> None:
    (row,) = project(7, EntryType.ACCESS_GRANTED, GRANT)
    assert row == Put("open_passages", "p-1", {"lane": "in-1", "sequence": 7, "card": "A"})


def test_opening_by_hand_opens_a_passage_without_a_card() -> None:
    (row,) = project(7, EntryType.ARM_ORDERED, {"lane": "in-1", "passage": "p-1"})
    assert row == Put("open_passages", "p-1", {"lane": "in-1", "sequence": 7, "card": ""})


def test_its_end_drops_it() -> None:
    assert list(project(8, EntryType.PASSAGE_ENDED, GRANT)) == [Drop("open_passages", "p-1")]


def test_nothing_else_changes_a_row() -> None:
    others = set(EntryType) - {EntryType.ACCESS_GRANTED, EntryType.PASSAGE_ENDED}
    for kind in others:
        assert list(project(9, kind, {"lane": "in-1"})) == []


def test_rows_have_the_columns_that_are_declared() -> None:
    (table,) = PROJECTIONS
    (row,) = project(7, EntryType.ACCESS_GRANTED, GRANT)
    assert isinstance(row, Put)
    assert (row.table, set(row.values)) == (table.table, set(table.columns))
    types = {"TEXT": str, "INTEGER": int}
    assert all(isinstance(row.values[name], types[kind]) for name, kind in table.columns.items())
