"""Residents of a roster in the directory: what is put, dropped, and left alone."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.directory import line_of
from agent.core.effects import DropRow, PutRow
from agent.core.form import Fault, Form
from agent.core.needs import Row
from agent.core.residents import Brought, Resident, brought, resident
from tests.core.calling import WANG, WANG_2

Table = dict[str, dict[str, str | int]]
WANG_3_1 = Resident("3-1", "王小明", (WANG, WANG_2))
LI_3_1 = Resident("3-1", "李娜", ("13900000002",))
ZHOU_5_2 = Resident("5-2", "周静", ("13700000001",))


def rows(table: Table) -> list[Row]:
    return [{"entry": entry, "personal": {}, **values} for entry, values in table.items()]


def bring(table: Table, residents: Sequence[Resident]) -> Brought:
    """As the ledger does it; ids are never used twice."""
    first = len(table) + sum(ord(letter) for entry in table for letter in entry)
    done = brought(rows(table), residents, lambda number: f"n{first}-{number}")
    for change in done.changes:
        if isinstance(change, PutRow):
            table[change.key] = dict(change.values)
        else:
            del table[change.key]
    return done


def turn(table: Table, unit: str) -> list[str]:
    """Who of a unit is called, in turn."""
    found = sorted((row["place"], entry) for entry, row in table.items() if row["unit"] == unit)
    return [str(table[entry]["name"]) for _, entry in found]


def test_residents_come_in_the_order_of_the_file_and_stay_who_they_are() -> None:
    table: Table = {}
    done = bring(table, [WANG_3_1, ZHOU_5_2, LI_3_1])
    assert (done.put, done.dropped, done.kept) == (3, 0, 0)
    assert turn(table, "3-1") == ["王小明", "李娜"]
    assert [row["place"] for row in table.values()] == [1, 1, 2]
    before = {entry: dict(row) for entry, row in table.items()}
    assert bring(table, [WANG_3_1, ZHOU_5_2, LI_3_1]).changes == ()
    # The other way round they are the same lines in another order.
    done = bring(table, [LI_3_1, WANG_3_1, ZHOU_5_2])
    assert (done.put, done.dropped) == (2, 0)
    assert table.keys() == before.keys()
    assert turn(table, "3-1") == ["李娜", "王小明"]


def test_a_number_changes_and_who_is_gone_goes() -> None:
    table: Table = {}
    bring(table, [WANG_3_1, ZHOU_5_2])
    done = bring(table, [Resident("3-1", "王小明", (WANG_2, WANG))])
    assert (done.put, done.dropped, done.kept) == (1, 1, 0)
    assert isinstance(done.changes[-1], DropRow)
    (row,) = table.values()
    assert row["phones"] == f'["{WANG_2}", "{WANG}"]'
    assert bring(table, []).dropped == 1
    assert table == {}


def test_what_somebody_wrote_by_hand_stays_and_is_not_doubled() -> None:
    by_hand = line_of("resident", "王小明", "3-1", phones=("8120",), signs=1)
    aunt = line_of("resident", "王阿姨", "3-1", phones=("8121",))
    table: Table = {"d-1": dict(by_hand), "d-2": dict(aunt)}
    done = bring(table, [WANG_3_1, LI_3_1])
    assert (done.put, done.dropped, done.kept) == (1, 0, 1)
    assert (table["d-1"], table["d-2"]) == (by_hand, aunt)
    assert turn(table, "3-1") == ["王小明", "王阿姨", "李娜"]
    # A line of the roster that somebody doubles by hand gives way to what he wrote.
    table["d-9"] = line_of("resident", "李娜", "3-1", phones=("8122",))
    done = bring(table, [WANG_3_1, LI_3_1])
    assert (done.put, done.dropped, done.kept) == (0, 1, 2)
    assert bring(table, []).changes == ()
    assert table.keys() == {"d-1", "d-2", "d-9"}


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"unit": "", "name": "王", "phones": ["110"]}, "unit"),
        ({"unit": "3-1", "name": "", "phones": ["110"]}, "name"),
        ({"unit": "3-1", "name": "王" * 81, "phones": ["110"]}, "name"),
        ({"unit": "3-1", "name": "王", "phones": []}, "phones"),
        ({"unit": "3-1", "name": "王", "phones": ["1.38E+10"]}, "phones"),
        ({"unit": "3-1", "name": "王", "phones": ["110"] * 9}, "phones"),
    ],
)
def test_what_is_no_resident(form: dict[str, object], field: str) -> None:
    with pytest.raises(Fault) as fault:
        resident(Form(form))
    assert fault.value.field == field


def test_a_number_is_not_shown_by_accident() -> None:
    one = resident(Form({"unit": " 3-1 ", "name": "王  小明", "phones": [WANG]}))
    assert (one.unit, one.name, one.phones) == ("3-1", "王 小明", (WANG,))
    assert WANG not in repr(one)


_FILES = st.lists(
    st.builds(
        Resident,
        st.sampled_from(["1", "2"]),
        st.sampled_from("abcd"),
        st.lists(st.sampled_from(["110", "120"]), min_size=1, max_size=2).map(tuple),
    ),
    unique_by=lambda each: (each.unit, each.name),
)


@given(st.lists(_FILES, min_size=1, max_size=4), st.sampled_from("abcd"))
def test_after_any_files_the_directory_is_as_the_last_one_says(
    files: list[list[Resident]], by_hand: str
) -> None:
    mine = line_of("resident", by_hand, "1", phones=("999",))
    table: Table = {"mine": dict(mine)}
    for file in files:
        bring(table, file)
    assert bring(table, files[-1]).changes == ()
    assert table["mine"] == mine
    for unit in ("1", "2"):
        wanted = [each.name for each in files[-1] if each.unit == unit]
        if unit == "1":
            wanted = [by_hand, *(name for name in wanted if name != by_hand)]
        assert turn(table, unit) == wanted
