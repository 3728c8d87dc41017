"""Rosters as files: every fault with its line, and nothing changed by a way out and in again."""

import csv
import io
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import CardKind, CardStatus
from agent.errors import StoreError
from agent.store import roster_csv
from agent.store.rows import COLUMNS, RosterDigest, Row, card_of, order_of


def _file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    file = folder / "cards.csv"
    file.write_text(text, encoding)
    return file


def test_columns_come_in_any_order_and_defaults_are_filled(tmp_path: Path) -> None:
    file = _file(
        tmp_path,
        "kind,label,credential,valid_from,valid_until,lanes\n"
        "resident,R-1,em4100:0100CDA4EC,2026-01-01,2026-12-31,out-1 in-1\n"
        "\n"
        "vehicle, V-1 ,uid:04A1,2026-01-01 08:30,2026-12-31T18:00,\n",
    )
    found = roster_csv.read(file, ("in-1", "out-1"))
    assert found.faults == []
    vehicle, resident = (card_of(row) for row in found.rows())
    assert (resident.label, resident.kind, resident.status) == (
        "R-1",
        CardKind.RESIDENT,
        CardStatus.ACTIVE,
    )
    assert resident.lanes == ("in-1", "out-1")
    assert [str(at) for at in (resident.valid_from, resident.valid_until)] == [
        "2026-01-01 00:00:00",
        "2026-12-31 23:59:00",
    ]
    assert vehicle.label == "V-1"
    assert [str(at) for at in (vehicle.valid_from, vehicle.valid_until)] == [
        "2026-01-01 08:30:00",
        "2026-12-31 18:00:00",
    ]


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("em4100:xyz,R-1,resident,,,,,", "credential", "scheme:HEX"),
        ("uid:04,,resident,,,,,", "label", "every card needs a label"),
        ("uid:04,R-1,residnt,,,,,", "kind", "did you mean resident?"),
        ("uid:04,R-1,,,,,,", "kind", "write one of"),
        ("uid:04,R-1,resident,activ,,,,", "status", "did you mean active?"),
        ("uid:04,R-1,resident,,2026-13-01,,,", "valid_from", "not a date"),
        ("uid:04,R-1,resident,,2026-02-01,2026-01-01,,", "valid_until", "ends before"),
        ("uid:04,R-1,resident,,,2026-01-01T00:00+08:00,,", "valid_until", "local time"),
        ("uid:04,R-1,resident,,,,Mo 25:00-26:00,", "windows", "00:00 to 24:00"),
        ("uid:04,R-1,resident,,,,,in-2", "lanes", "did you mean in-1?"),
        ("uid:04,R-1,resident,,,,,roof", "lanes", "there are in-1"),
        (f"uid:04,{'R' * 121},resident,,,,,", "label", "longer than 120"),
        ('uid:04,"R\t1",resident,,,,,', "label", "cannot be printed"),
    ],
)
def test_each_fault_is_named(tmp_path: Path, row: str, column: str, says: str) -> None:
    heading = "credential,label,kind,status,valid_from,valid_until,windows,lanes"
    found = roster_csv.read(_file(tmp_path, f"{heading}\n{row}\n"), ("in-1",))
    (fault,) = found.faults
    assert (fault.line, fault.column) == (2, column)
    assert says in str(fault)


def test_all_faults_are_found_at_once(tmp_path: Path) -> None:
    text = "credential,label,kind\nuid:04,R-1,residnt\nuid:05,R-2,resident\nuid:05,,resident\n"
    found = roster_csv.read(_file(tmp_path, text))
    assert [(fault.line, fault.column) for fault in found.faults] == [
        (2, "kind"),
        (4, "label"),
        (4, "credential"),
    ]
    assert "in line 3 already" in str(found.faults[2])


def test_a_wrong_heading_is_named(tmp_path: Path) -> None:
    found = roster_csv.read(_file(tmp_path, "credental,label,colour\nuid:04,R-1,red\n"))
    told = [str(fault) for fault in found.faults]
    assert any("did you mean credential?" in each for each in told)
    assert any("'colour': no such column; columns are" in each for each in told)
    assert sum("this column is needed" in each for each in told) == 2
    assert found.glued == []


def test_an_empty_file_lacks_its_columns(tmp_path: Path) -> None:
    assert len(roster_csv.read(_file(tmp_path, "")).faults) == len(roster_csv.NEEDED)


def test_another_encoding_is_named_and_can_be_chosen(tmp_path: Path) -> None:
    text = "credential,label,kind,holder\nuid:04,R-1,resident,王小明\n"
    file = _file(tmp_path, text, "gb18030")
    (fault,) = roster_csv.read(file).faults
    assert "CSV UTF-8" in str(fault)
    (row,) = roster_csv.read(file, encoding="gb18030").rows()
    assert row[4] == "王小明"


def test_what_is_no_csv_is_said(tmp_path: Path) -> None:
    (fault,) = roster_csv.read(_file(tmp_path, "credential,label,kind\n" + "x" * 200_000)).faults
    assert "not a CSV file" in str(fault)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cards\.csv cannot be read"):
        roster_csv.read(tmp_path / "cards.csv")


def test_rows_travel_by_their_low_bits(tmp_path: Path) -> None:
    body = "".join(f"uid:{number:04X},L{number},resident\n" for number in (9, 3, 0xFF, 0x10))
    found = roster_csv.read(_file(tmp_path, "credential,label,kind\n" + body))
    assert found.total().cards == 4
    assert [row[1] for row in found.rows()] == ["L3", "L9", "L16", "L255"]


_word = st.text(st.characters(exclude_categories=("C", "Z")), max_size=20)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**40 - 1),
            _word.filter(bool),
            st.sampled_from(CardKind),
            st.sampled_from(CardStatus),
            _word,
        ),
        unique_by=lambda row: row[0],
        max_size=30,
    )
)
def test_out_and_in_again_is_the_same_roster(
    tmp_path_factory: pytest.TempPathFactory,
    cards: list[tuple[int, str, CardKind, CardStatus, str]],
) -> None:
    rows = [
        cast(
            "Row",
            (f"em4100:{number:010X}", label, kind.value, status.value, holder, *[""] * 7, "both"),
        )
        for number, label, kind, status, holder in cards
    ]
    rows.sort(key=lambda row: order_of(row[0]))
    before = RosterDigest()
    for row in rows:
        before.add(row)
    out = io.StringIO(newline="")
    assert roster_csv.write(out, rows) == len(rows)
    assert next(csv.reader(io.StringIO(out.getvalue()))) == list(COLUMNS)
    file = _file(tmp_path_factory.mktemp("csv"), out.getvalue())
    found = roster_csv.read(file)
    assert found.faults == []
    assert found.total().digest() == before.digest()
