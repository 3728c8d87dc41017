from collections.abc import Mapping

import pytest

from agent.core import (
    project_alarms,
    project_booth,
    project_calls,
    project_passes,
    project_visits,
)
from agent.core.entries import EntryType
from agent.core.model import ClockQuality
from agent.core.project import PROJECTIONS, Add, Drop, Put, Row, project
from tests.core.zones import ended

GRANT = {"lane": "in-1", "passage": "p-1", "card": "A"}


def test_a_grant_opens_a_passage() -> None:
    row, over = project(7, EntryType.ACCESS_GRANTED, GRANT)
    assert row == Put("open_passages", "p-1", {"lane": "in-1", "sequence": 7, "card": "A"})
    assert over == Drop("duties", "lane/in-1")


def test_opening_by_hand_opens_a_passage_without_a_card() -> None:
    row, over = project(7, EntryType.ARM_ORDERED, {"lane": "in-1", "passage": "p-1"})
    assert row == Put("open_passages", "p-1", {"lane": "in-1", "sequence": 7, "card": ""})
    assert over == Drop("duties", "lane/in-1")


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


def test_a_hold_ends_when_it_is_released() -> None:
    assert ordered("release_hold") == [Drop("modes", "hold:in-1")]


@pytest.mark.parametrize("order", ["close", "stop", "open"])
def test_other_orders_leave_it_to_the_arm_to_say_that_it_was_released(order: str) -> None:
    assert ordered(order) == []


@pytest.mark.parametrize("order", ["hold_open", "release_hold"])
def test_what_was_refused_changes_nothing(order: str) -> None:
    assert ordered(order, refused="fire") == []


def test_a_hold_whose_time_was_over_is_no_more() -> None:
    released = project(9, EntryType.ARM_RELEASED, {"lane": "in-1"})
    assert list(released) == [Drop("modes", "hold:in-1")]


def test_nothing_else_changes_a_row() -> None:
    others = set(EntryType) - {
        *project_visits.FOLDS,
        *project_booth.FOLDS,
        *project_calls.FOLDS,
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


# Presence, counts, amnesties

PASSED = ended("passed", card="A", kind="vehicle").data
GRANTED_BY = "/gate/v1/estate/north/s1/00000000000000000004"


def rows(kind: EntryType, data: Mapping[str, object], **header: str) -> list[Row]:
    return list(project(9, kind, data, 5, **header))


def about(table: str, outcome: str, **more: object) -> list[Row]:
    data = {**ended(outcome, card="A", kind="vehicle").data, **more}
    found = rows(EntryType.PASSAGE_ENDED, data, cause=GRANTED_BY)
    return [row for row in found if row.table == table]


def test_presence_follows_a_passage_that_was_seen() -> None:
    values: dict[str, str | int] = {
        "zone": "inside",
        "kind": "vehicle",
        "lane": "in-1",
        "since_us": 5,
        "trusted": 1,
        "assumed": 0,
        "sequence": 9,
        "granted": 4,
    }
    assert about("presence", "passed") == [Put("presence", "A", values)]
    assert about("presence", "unobserved") == [Put("presence", "A", {**values, "assumed": 1})]


@pytest.mark.parametrize("outcome", ["no_entry", "reversed", "interrupted", "forced", "tailgated"])
def test_who_did_not_pass_stays_where_he_was(outcome: str) -> None:
    assert about("presence", outcome) == []


def test_a_passage_without_a_card_or_zones_moves_nobody() -> None:
    for missing in ("card", "to"):
        data = {name: value for name, value in PASSED.items() if name != missing}
        assert {row.table for row in rows(EntryType.PASSAGE_ENDED, data)}.isdisjoint({"presence"})


@pytest.mark.parametrize("cause", ["", "o-1", "a/b"])
def test_what_let_them_in_is_not_known_without_the_entry(cause: str) -> None:
    (row,) = (row for row in rows(EntryType.PASSAGE_ENDED, PASSED, cause=cause) if row.key == "A")
    assert isinstance(row, Put)
    assert row.values["granted"] == 0


@pytest.mark.parametrize("quality", ClockQuality)
def test_the_time_is_kept_with_what_the_clock_was_worth(quality: ClockQuality) -> None:
    found = rows(EntryType.PASSAGE_ENDED, PASSED, quality=quality.value)
    (row,) = (row for row in found if row.key == "A")
    assert isinstance(row, Put)
    assert row.values["trusted"] == int(quality.trusted)
    (amnesty,) = rows(EntryType.PRESENCE_FORGIVEN, {"zone": "inside"}, quality=quality.value)
    since_us = 5 if quality.trusted else 0
    assert amnesty == Put("amnesties", "zone/inside", {"since_us": since_us, "sequence": 9})


def test_whom_an_amnesty_is_for() -> None:
    (one,) = rows(EntryType.PRESENCE_FORGIVEN, {"card": "A"})
    (everybody,) = rows(EntryType.PRESENCE_FORGIVEN, {"reason": "asked"})
    assert (one.key, everybody.key) == ("card/A", "all")


@pytest.mark.parametrize(
    ("outcome", "more", "change"),
    [
        ("passed", {}, 1),
        ("passed", {"vehicles": 3, "card": ""}, 3),
        ("passed", {"vehicles": 0, "kind": "resident"}, 0),
        ("passed", {"kind": "resident"}, 1),
        ("tailgated", {"kind": ""}, 1),
        ("forced", {"kind": ""}, 1),
        ("unobserved", {"vehicles": 0}, 1),
        ("unobserved", {"vehicles": 2}, 2),
        ("unobserved", {"vehicles": 1, "kind": ""}, 1),
        ("unobserved", {"vehicles": 0, "kind": "visitor_vehicle"}, 1),
        ("unobserved", {"vehicles": 0, "kind": "resident"}, 0),
        ("unobserved", {"vehicles": 0, "kind": ""}, 0),
        ("reversed", {"vehicles": 0}, 0),
        ("no_entry", {"vehicles": 0}, 0),
        ("interrupted", {"vehicles": 0}, 0),
    ],
)
def test_vehicles_are_counted(outcome: str, more: dict[str, object], change: int) -> None:
    wanted = [Add("zone_counts", "inside", {"vehicles": change})] if change else []
    assert about("zone_counts", outcome, **more) == wanted


def test_a_count_goes_from_zone_to_zone_and_the_street_is_not_counted() -> None:
    down = about("zone_counts", "passed", **{"from": "inside", "to": "garage"})
    assert down == [
        Add("zone_counts", "inside", {"vehicles": -1}),
        Add("zone_counts", "garage", {"vehicles": 1}),
    ]
    leaving = about("zone_counts", "passed", **{"from": "inside", "to": "outside"})
    assert leaving == [Add("zone_counts", "inside", {"vehicles": -1})]
    data = {name: value for name, value in PASSED.items() if name not in ("from", "to")}
    assert rows(EntryType.PASSAGE_ENDED, data) == [Drop("open_passages", "p-1")]


def test_who_counted_sets_the_number() -> None:
    counted = rows(EntryType.ZONE_COUNTED, {"zone": "inside", "count": 7, "was": -2})
    assert counted == [Put("zone_counts", "inside", {"vehicles": 7})]


def test_rows_have_the_columns_that_are_declared() -> None:
    tables = {each.table: each for each in PROJECTIONS}
    types = {"TEXT": str, "INTEGER": int}
    found = [
        *project(7, EntryType.ACCESS_GRANTED, GRANT),
        *ordered("hold_open", untilus=77),
        *rows(EntryType.PASSAGE_ENDED, PASSED),
        *rows(EntryType.PRESENCE_FORGIVEN, {"card": "A"}),
        *rows(EntryType.ZONE_COUNTED, {"zone": "inside", "count": 7}),
    ]
    others = (project_visits, project_booth, project_calls, project_passes, project_alarms)
    booked = {each.table for noun in others for each in noun.PROJECTIONS}
    assert {row.table for row in found if isinstance(row, Put)} == set(tables) - booked
    for row in found:
        if isinstance(row, Put):
            columns = tables[row.table].columns
            assert set(row.values) == set(columns)
            for name, kind in columns.items():
                assert isinstance(row.values[name], types[kind])
