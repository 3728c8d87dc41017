import pytest

from agent.core.entries import EntryType
from agent.core.project import ENDS_A_HOLD, PROJECTIONS, Drop, Put, Row, project

GRANT = {"lane": "in-1", "passage": "p-1", "card": "A"}


def test_a_grant_opens_a_passage() -> None:
    (row,) = project(7, EntryType.ACCESS_GRANTED, GRANT)
    assert row == Put("open_passages", "p-1", {"lane": "in-1", "sequence": 7, "card": "A"})


def test_opening_by_hand_opens_a_passage_without_a_card() -> None:
    (row,) = project(7, EntryType.ARM_ORDERED, {"lane": "in-1", "passage": "p-1"})
    assert row == Put("open_passages", "p-1", {"lane": "in-1", "sequence": 7, "card": ""})


def test_its_end_drops_it() -> None:
    assert list(project(8, EntryType.PASSAGE_ENDED, GRANT)) == [Drop("open_passages", "p-1")]


NOTHING = {"since_us": 5, "until_us": 0, "sequence": 9}


@pytest.mark.parametrize("name", ["fire", "lockdown"])
def test_an_emergency_is_in_force_until_it_is_lifted(name: str) -> None:
    raised = project(9, EntryType.EMERGENCY_RAISED, {"emergency": name, "by": "gate.fire"}, 5)
    assert list(raised) == [Put("modes", name, NOTHING)]
    lifted = project(10, EntryType.EMERGENCY_LIFTED, {"emergency": name})
    assert list(lifted) == [Drop("modes", name)]


def ordered(order: str, **more: object) -> list[Row]:
    return list(project(9, EntryType.ARM_ORDERED, {"lane": "in-1", "order": order, **more}, 5))


def test_a_hold_is_in_force_with_its_end() -> None:
    assert ordered("hold_open") == [Put("modes", "hold:in-1", NOTHING)]
    assert ordered("hold_open", untilus=77) == [
        Put("modes", "hold:in-1", {**NOTHING, "until_us": 77})
    ]


@pytest.mark.parametrize("order", sorted(ENDS_A_HOLD))
def test_what_brings_the_arm_out_of_it_ends_a_hold(order: str) -> None:
    assert ordered(order) == [Drop("modes", "hold:in-1")]


@pytest.mark.parametrize("order", ["hold_open", *sorted(ENDS_A_HOLD)])
def test_what_was_refused_changes_nothing(order: str) -> None:
    assert ordered(order, refused="fire") == []


def test_a_hold_whose_time_was_over_is_no_more() -> None:
    released = project(9, EntryType.ARM_RELEASED, {"lane": "in-1"})
    assert list(released) == [Drop("modes", "hold:in-1")]


def test_nothing_else_changes_a_row() -> None:
    others = set(EntryType) - {
        EntryType.ACCESS_GRANTED,
        EntryType.PASSAGE_ENDED,
        EntryType.EMERGENCY_RAISED,
        EntryType.EMERGENCY_LIFTED,
        EntryType.ARM_RELEASED,
        EntryType.PRESENCE_FORGIVEN,
        EntryType.ZONE_COUNTED,
    }
    for kind in others:
        assert list(project(9, kind, {"lane": "in-1"})) == []


def test_rows_have_the_columns_that_are_declared() -> None:
    tables = {each.table: each for each in PROJECTIONS}
    (passage,) = project(7, EntryType.ACCESS_GRANTED, GRANT)
    types = {"TEXT": str, "INTEGER": int}
    for row in (passage, *ordered("hold_open", untilus=77)):
        assert isinstance(row, Put)
        columns = tables[row.table].columns
        assert set(row.values) == set(columns)
        assert all(isinstance(row.values[name], types[kind]) for name, kind in columns.items())
