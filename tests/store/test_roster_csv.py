"""Rosters as files: every fault with its line, and nothing changed by a way out and in again."""

import csv
import io
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import CardKind, CardStatus
from agent.core.residents import Resident
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
        "vehicle, V-1 ,uid:04A1B2C3,2026-01-01 08:30,2026-12-31T18:00,\n",
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


def test_without_a_status_cards_of_the_drawer_lie_in_stock(tmp_path: Path) -> None:
    text = (
        "credential,label,kind,status,holder\n"
        "uid:01A1B2C3,V-1,visitor,,somebody\n"
        "uid:02A1B2C3,W-1,visitor_vehicle,,\n"
        "uid:03A1B2C3,C-1,contractor,,\n"
        "uid:04A1B2C3,L-1,contractor,,张三\n"
        "uid:05A1B2C3,V-2,visitor,active,\n"
        "uid:06A1B2C3,V-3,visitor,stock,\n"
        "uid:07A1B2C3,R-1,resident,,\n"
    )
    found = roster_csv.read(_file(tmp_path, text))
    assert found.faults == []
    status = {row[1]: row[3] for row in found.rows()}
    assert {label for label in status if status[label] == "stock"} == {"V-1", "W-1", "C-1", "V-3"}
    assert {status[label] for label in ("L-1", "V-2", "R-1")} == {"active"}
    assert (found.laid, found.loose) == (3, 1)


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("em4100:xyz,R-1,resident,,,,,", "credential", "scheme:HEX"),
        ("uid:04A1B2C3,,resident,,,,,", "label", "every card needs a label"),
        ("uid:04A1B2C3,R-1,residnt,,,,,", "kind", "did you mean resident?"),
        ("uid:04A1B2C3,R-1,guest,,,,,", "kind", "not known; write one of resident,"),
        ("uid:04A1B2C3,R-1,,,,,,", "kind", "write one of"),
        ("uid:04A1B2C3,R-1,resident,activ,,,,", "status", "did you mean active?"),
        ("uid:04A1B2C3,R-1,resident,,2026-13-01,,,", "valid_from", "not a date"),
        ("uid:04A1B2C3,R-1,resident,,2026-02-01,2026-01-01,,", "valid_until", "ends before"),
        ("uid:04A1B2C3,R-1,resident,,,2026-01-01T00:00+08:00,,", "valid_until", "local time"),
        ("uid:04A1B2C3,R-1,resident,,,,Mo 25:00-26:00,", "windows", "00:00 to 24:00"),
        ("uid:04A1B2C3,R-1,resident,,,,,in-2", "lanes", "did you mean in-1?"),
        ("uid:04A1B2C3,R-1,resident,,,,,roof", "lanes", "there are in-1"),
        (f"uid:04A1B2C3,{'R' * 121},resident,,,,,", "label", "longer than 120"),
        ('uid:04A1B2C3,"R\t1",resident,,,,,', "label", "cannot be printed"),
        ("w26:0001022C,R-1,resident,,,,,", "credential", "w26 has 6 hexadecimal digits, this"),
        ("em4100:CDA4EC,R-1,resident,,,,,", "credential", "has 10 hexadecimal digits, this one"),
        ("uid:04A1B,R-1,resident,,,,,", "credential", "uid has 8, 14, 16 or 20 hexadecimal digits"),
    ],
)
def test_each_fault_is_named(tmp_path: Path, row: str, column: str, says: str) -> None:
    heading = "credential,label,kind,status,valid_from,valid_until,windows,lanes"
    found = roster_csv.read(_file(tmp_path, f"{heading}\n{row}\n"), ("in-1",))
    (fault,) = found.faults
    assert (fault.line, fault.column) == (2, column)
    assert says in str(fault)


def test_all_faults_are_found_at_once(tmp_path: Path) -> None:
    text = "credential,label,kind\npin:04,R-1,residnt\npin:05,R-2,resident\npin:05,,resident\n"
    found = roster_csv.read(_file(tmp_path, text))
    assert [(fault.line, fault.column) for fault in found.faults] == [
        (2, "kind"),
        (4, "label"),
        (4, "credential"),
    ]
    assert "in line 3 already" in str(found.faults[2])


@pytest.mark.parametrize(
    ("scheme", "digits"),
    [
        ("em4100", {10}),
        ("w26", {6}),
        ("w32", {8}),
        ("w34", {8}),
        ("w36", {9}),
        ("w37", {9}),
        ("uid", {8, 14, 16, 20}),
        ("pin", set(range(1, 25))),
    ],
)
def test_a_number_is_as_long_as_its_scheme_wants(
    tmp_path: Path, scheme: str, digits: set[int]
) -> None:
    body = "".join(f"{scheme}:{'A' * count},L{count},resident\n" for count in range(1, 25))
    found = roster_csv.read(_file(tmp_path, "credential,label,kind\n" + body))
    assert {fault.line - 1 for fault in found.faults} == set(range(1, 25)) - digits


def test_a_label_names_one_card(tmp_path: Path) -> None:
    body = "pin:1,R-1,resident\npin:2,R-2,resident\npin:3, R-1,resident\npin:4,R-1,resident\n"
    found = roster_csv.read(_file(tmp_path, "credential,label,kind\n" + body))
    assert [(fault.line, fault.column) for fault in found.faults] == [(4, "label"), (5, "label")]
    for fault in found.faults:
        assert "this label is in line 2 already: every card needs its own" in str(fault)


def test_a_value_with_a_comma_needs_quotes(tmp_path: Path) -> None:
    heading = "credential,label,kind,holder,unit\n"
    bare, quoted = "pin:1,R-1,resident,Smith, John,8-1\n", 'pin:2,R-2,resident,"Smith, John",8-1\n'
    (fault,) = roster_csv.read(_file(tmp_path, heading + bare + quoted)).faults
    assert fault.line == 2
    assert "has 6 cells, the heading has 5: put a value that holds a comma" in str(fault)
    (row,) = roster_csv.read(_file(tmp_path, heading + quoted)).rows()
    assert row[4:6] == ("Smith, John", "8-1")


@pytest.mark.parametrize(("mark", "called"), [(";", "';'"), ("\t", "tabs")])
def test_other_separators_are_one_fault(tmp_path: Path, mark: str, called: str) -> None:
    text = "credential,label,kind\npin:1,R-1,resident\n".replace(",", mark)
    (fault,) = roster_csv.read(_file(tmp_path, text)).faults
    assert f"separated by {called} here: save the file with commas" in str(fault)


@pytest.mark.parametrize("more", [0, 1, 10_000])
def test_a_quote_that_is_never_closed_is_found(tmp_path: Path, more: int) -> None:
    body = 'pin:1,R-1,resident,"A, B"\n\npin:2,R-2,resident,"C\n'
    body += "".join(f"pin:{number},R-{number},resident,\n" for number in range(10, 10 + more))
    found = roster_csv.read(_file(tmp_path, "credential,label,kind,holder\n" + body))
    (fault,) = found.faults
    assert fault.line == 4
    assert "a quote opened in line 4 is never closed" in str(fault)


def test_a_wrong_heading_is_named(tmp_path: Path) -> None:
    found = roster_csv.read(_file(tmp_path, "credental,label,colour\nuid:04A1B2C3,R-1,red\n"))
    told = [str(fault) for fault in found.faults]
    assert any("did you mean credential?" in each for each in told)
    assert any("'colour': no such column; columns are" in each for each in told)
    assert sum("this column is needed" in each for each in told) == 2
    assert found.glued == []


def test_an_empty_file_lacks_its_columns(tmp_path: Path) -> None:
    assert len(roster_csv.read(_file(tmp_path, "")).faults) == len(roster_csv.NEEDED)


def test_another_encoding_is_named_and_can_be_chosen(tmp_path: Path) -> None:
    text = "credential,label,kind,holder\nuid:04A1B2C3,R-1,resident,王小明\n"
    file = _file(tmp_path, text, "gb18030")
    (fault,) = roster_csv.read(file).faults
    assert str(fault).startswith("line 2: not UTF-8 text: save the file as 'CSV UTF-8'")
    (row,) = roster_csv.read(file, encoding="gb18030").rows()
    assert row[4] == "王小明"


def test_text_that_breaks_off_far_down_is_found_by_its_line(tmp_path: Path) -> None:
    good = "".join(f"pin:{number:X},R-{number},resident,王\n" for number in range(2, 2000))
    file = _file(tmp_path, f"credential,label,kind,holder\n{good}")
    with file.open("ab") as end:
        end.write("pin:1,R-1,resident,王\n".encode("gb18030"))
    (fault,) = roster_csv.read(file).faults
    assert fault.line == 2000
    (whole,) = roster_csv.read(file, encoding="utf-16").faults
    assert whole.line == 0


def test_an_unknown_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no encoding is called 'utf-9'"):
        roster_csv.read(_file(tmp_path, "credential,label,kind\n"), encoding="utf-9")


def test_what_is_no_csv_is_said(tmp_path: Path) -> None:
    (fault,) = roster_csv.read(_file(tmp_path, "credential,label,kind\n" + "x" * 200_000)).faults
    assert "not a CSV file" in str(fault)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cards\.csv cannot be read"):
        roster_csv.read(tmp_path / "cards.csv")


def test_rows_travel_by_their_low_bits(tmp_path: Path) -> None:
    body = "".join(f"uid:{number:08X},L{number},resident\n" for number in (9, 3, 0xFF, 0x10))
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
        unique_by=(lambda row: row[0], lambda row: row[1]),
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


PHONES = "credential,label,kind,holder,unit,phones\n"


def _numbered(tmp_path: Path, *rows: str) -> roster_csv.RosterFile:
    body = "".join(f"uid:0000000{n},R-{n},{row}\n" for n, row in enumerate(rows, 1))
    return roster_csv.read(_file(tmp_path, PHONES + body))


def test_numbers_are_the_holders_and_no_part_of_a_card(tmp_path: Path) -> None:
    found = _numbered(
        tmp_path,
        "resident,李娜,3-1,13900000002",
        "resident,王小明,3-1,+86 138 0000 0001； 8120;",
        "vehicle,王小明,3-1,",
        "vehicle,李娜,3-1,13900000002",
        "staff,张伟,,",
    )
    assert found.faults == []
    assert found.residents == [
        Resident("3-1", "李娜", ("13900000002",)),
        Resident("3-1", "王小明", ("+86 138 0000 0001", "8120")),
    ]
    without = [",".join(row) for row in found.rows()]
    assert len(without) == 5
    assert "138" not in "".join(without)


def test_without_the_column_nothing_is_said_of_residents(tmp_path: Path) -> None:
    text = "credential,label,kind,holder,unit\nuid:04A1B2C3,R-1,resident,王小明,3-1\n"
    assert roster_csv.read(_file(tmp_path, text)).residents is None
    assert _numbered(tmp_path, "resident,王小明,3-1,").residents == []


@pytest.mark.parametrize(
    ("row", "column", "problem"),
    [
        ("staff,张伟,3-1,8120", "phones", "only cards of resident and vehicle have numbers"),
        ("resident,,3-1,8120", "holder", "needed, since there are telephone numbers"),
        ("resident,王小明,,8120", "unit", "needed, since there are telephone numbers"),
        (f"resident,{'王' * 81},3-1,8120", "holder", "too long: 80"),
        ("resident,王小明,3-1,1.38E+10", "phones", "1.38E+10 is no telephone number: write"),
        (f"resident,王小明,3-1,{'8;' * 9}", "phones", "8 at most"),
        ("resident,李娜,3-1,8121", "phones", "other numbers than in line 2"),
    ],
)
def test_a_number_that_cannot_be_taken_is_told(
    tmp_path: Path, row: str, column: str, problem: str
) -> None:
    found = _numbered(tmp_path, "resident,李娜,3-1,8120", row)
    (fault,) = found.faults
    assert (fault.line, fault.column) == (3, column)
    assert problem in fault.problem


def test_more_residents_than_a_gate_calls(tmp_path: Path) -> None:
    rows = "".join(f"uid:{n:08X},R-{n},resident,N{n},3-1,8120\n" for n in range(10_001))
    (fault,) = roster_csv.read(_file(tmp_path, PHONES + rows)).faults
    assert "10001 holders have numbers: 10000 at most" in str(fault)
