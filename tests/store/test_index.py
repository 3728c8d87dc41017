"""The search index: it finds what a plain look through the journal finds, and forgets with it."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.entries import Entry, EntryType
from agent.errors import StoreError
from agent.store.index import SearchIndex
from agent.store.reading import Reading
from agent.store.words import Wanted, folded
from tests.store.build import US, at, open_ledger

DAY = 86_400
WANG = {"holder": "王小明", "unit": "3-1201", "plate": "粤B·D12345", "credential": "em4100:01"}
LI = {"visitor": "李小龙", "host": "王小明", "unit": "13-1201", "phone": "13800138000"}
SMITH = {"holder": "John Smith", "department": "Sales", "plate": "京A98765"}


def moved(personal: dict[str, str], card: str = "", second: float = 0, lane: str = "in-1") -> Entry:
    data = {"lane": lane, "passage": f"p-{second}"} | ({"card": card} if card else {})
    return Entry(EntryType.ACCESS_GRANTED, f"lane/{lane}", at(second), data, personal)


def fill(index: SearchIndex, reading: Reading, entries: int = 2000) -> int:
    slices = 0
    while index.fill(reading, entries):
        slices += 1
    return slices


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "gate.db"
    with open_ledger(made) as ledger:
        entries = [
            moved(WANG, "V-1", 1),
            moved(LI, "V-2", 2, "out-1"),
            moved(SMITH, "V-3", 3),
            moved(WANG, "V-1", 4, "out-1"),
            Entry(EntryType.ARM_OPENED, "lane/in-1", at(5), {"lane": "in-1"}),
            Entry(EntryType.CARD_CHANGED, "card/V-3", at(2 * DAY), {"status": "lost"}, {}),
        ]
        ledger.append(entries, at(6))
    return made


@pytest.fixture
def reading(path: Path) -> Iterator[Reading]:
    with Reading.open(path) as made:
        yield made


@pytest.fixture
def index(tmp_path: Path, reading: Reading) -> Iterator[SearchIndex]:
    with SearchIndex.open(tmp_path / "search.db") as made:
        fill(made, reading)
        yield made


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(person="小明"), [4, 2, 1]),
        (Wanted(person="王小明"), [4, 2, 1]),
        (Wanted(person="小"), [4, 2, 1]),
        (Wanted(person="龙"), [2]),
        (Wanted(person="明小"), []),
        (Wanted(person="SMITH"), [3]),
        (Wanted(person="john smith"), [3]),
        (Wanted(person="sal"), [3]),
        (Wanted(person="1201"), [4, 2, 1]),
        (Wanted(plate="123"), [4, 1]),
        (Wanted(plate="粤BD1"), [4, 1]),
        (Wanted(plate="bd12345"), [4, 1]),
        (Wanted(plate="124"), []),
        (Wanted(unit="3-1201"), [4, 1]),
        (Wanted(unit="3-120"), []),
        (Wanted(unit="sales"), [3]),
        (Wanted(card="V-1"), [4, 1]),
        (Wanted(card="V-3"), [6, 3]),
        (Wanted(card="em4100:01"), [4, 1]),
        (Wanted(phone="13800138000"), [2]),
        (Wanted(text="V-2"), [2]),
        (Wanted(text="小龙"), [2]),
        (Wanted(text="987"), [3]),
        (Wanted(text="13-1201"), [2]),
        (Wanted(person="小明", plate="123"), [4, 1]),
        (Wanted(person="小龙", plate="123"), []),
        (Wanted(person="小明", lane="out-1"), [4, 2]),
        (Wanted(lane="out-1"), [4, 2]),
        (Wanted(type="gate.arm."), [5]),
        (Wanted(person="小明", since=US + 2_000_000, until=US + 3_000_000), [2]),
        (Wanted(since=US + DAY * 1_000_000), [6]),
        (Wanted(card="V-3", until=US + DAY * 1_000_000), [3]),
        (Wanted(card="V-3", since=US + 99 * DAY * 1_000_000), []),
        (Wanted(), [6, 5, 4, 3, 2, 1]),
        (Wanted(person=" "), [6, 5, 4, 3, 2, 1]),
        (Wanted(plate="'; DROP TABLE hits; --"), []),
        (Wanted(person="%"), []),
    ],
)
def test_what_is_found(
    index: SearchIndex, reading: Reading, wanted: Wanted, found: Sequence[int]
) -> None:
    told = index.find(reading, wanted)
    assert [row["sequence"] for row in told.rows] == list(found)
    assert (told.before, told.upto, told.head) == (0, 6, 6)


def test_a_row_has_all_that_the_journal_says(index: SearchIndex, reading: Reading) -> None:
    (row,) = index.find(reading, Wanted(person="龙")).rows
    assert row["personal"] == LI
    assert row["data"]["card"] == "V-2"
    assert row["type"] == "gate.access.granted.v1"
    assert not row["erased"]


def test_page_by_page(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    with open_ledger(path) as ledger:
        for n in range(25):
            ledger.append([moved(WANG, "V-1", n), moved(LI, "V-2", n)], at(n))
    with Reading.open(path) as reading, SearchIndex.open(tmp_path / "search.db") as index:
        fill(index, reading)

        def pages(wanted: Wanted) -> list[int]:
            seen: list[int] = []
            before = 0
            while True:
                told = index.find(reading, wanted, 5, before)
                seen += [row["sequence"] for row in told.rows]
                before = told.before
                if not before:
                    return seen

        assert pages(Wanted(person="小明", unit="3-1201")) == list(range(49, 0, -2))
        # Two bundles, whose hits take turns; and one that is looked through in vain.
        assert pages(Wanted(person="小明")) == list(range(50, 0, -1))
        assert pages(Wanted(person="小明", type="gate.visit.")) == []


def test_slices_go_on_where_the_last_one_ended(tmp_path: Path, reading: Reading) -> None:
    for expected in (2, 4, 6):
        # Every time as if the process had been killed after one slice.
        with SearchIndex.open(tmp_path / "search.db") as index:
            assert index.fill(reading, 2)
            assert index.upto == expected
    with SearchIndex.open(tmp_path / "search.db") as index:
        assert not index.fill(reading, 2)
        assert len(index.find(reading, Wanted(person="小明")).rows) == 3


def test_new_entries_are_taken_in(path: Path, index: SearchIndex, reading: Reading) -> None:
    with open_ledger(path) as ledger:
        ledger.append([moved(SMITH, "V-3", 9)], at(9))
    told = index.find(reading, Wanted(person="smith"))
    assert (len(told.rows), told.upto, told.head) == (1, 6, 7)
    fill(index, reading)
    assert len(index.find(reading, Wanted(person="smith")).rows) == 2


def test_another_stream_is_indexed_anew(tmp_path: Path, index: SearchIndex) -> None:
    other = tmp_path / "other.db"
    with open_ledger(other) as ledger:
        ledger.append([moved(SMITH, "V-9")], at())
    with Reading.open(other) as reading:
        fill(index, reading)
        assert index.upto == 1
        assert not index.find(reading, Wanted(person="小明")).rows
        (row,) = index.find(reading, Wanted(person="smith")).rows
        assert row["data"]["card"] == "V-9"
    with closing(sqlite3.connect(tmp_path / "search.db")) as conn:
        assert conn.execute("SELECT count(*) FROM bundles").fetchone() == (1,)


def test_an_older_copy_of_the_ledger_is_indexed_anew(
    tmp_path: Path, path: Path, index: SearchIndex
) -> None:
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    for each in (path, copy):
        with open_ledger(each) as ledger:
            ledger.append([moved(SMITH if each == copy else LI, "V-9", 9)], at(9))
    with Reading.open(path) as reading:
        fill(index, reading)
    with Reading.open(copy) as reading:
        fill(index, reading)
        assert [row["sequence"] for row in index.find(reading, Wanted(card="V-9")).rows] == [7]
        assert [row["sequence"] for row in index.find(reading, Wanted(person="smith")).rows] == [
            7,
            3,
        ]


@pytest.mark.parametrize("damage", ["format", "rubbish"])
def test_what_cannot_be_used_is_thrown_away(tmp_path: Path, reading: Reading, damage: str) -> None:
    path = tmp_path / "old.db"
    if damage == "format":
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("PRAGMA user_version = 99")
    else:
        path.write_bytes(b"rubbish" * 1000)
    with SearchIndex.open(path) as index:
        fill(index, reading)
        assert len(index.find(reading, Wanted(person="小明")).rows) == 3
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_turns_out_to_be_damaged_is_begun_anew(
    tmp_path: Path, reading: Reading
) -> None:
    path = tmp_path / "search.db"
    with SearchIndex.open(path) as index:
        fill(index, reading)
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xa5" * (len(raw) - 4096)
    path.write_bytes(raw)
    with SearchIndex.open(path) as index:
        fill(index, reading)
        assert len(index.find(reading, Wanted(person="小明")).rows) == 3


def test_a_file_that_is_locked_is_not_thrown_away(tmp_path: Path, reading: Reading) -> None:
    path = tmp_path / "search.db"
    with SearchIndex.open(path) as index:
        fill(index, reading)
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA locking_mode = EXCLUSIVE").fetchone()
        conn.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="locked"):
            SearchIndex.open(path)
        conn.execute("COMMIT")
    with SearchIndex.open(path) as index:
        assert index.upto == 6


def test_no_place_for_an_index_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="search index cannot be used"):
        SearchIndex.open(tmp_path / "none" / "search.db")


def test_a_table_that_went_away_is_said(tmp_path: Path, reading: Reading) -> None:
    with SearchIndex.open(tmp_path / "search.db") as index:
        fill(index, reading)
        with closing(sqlite3.connect(tmp_path / "search.db")) as conn:
            conn.execute("DROP TABLE hits")
            conn.execute("DROP TABLE mark")
        for ask in (
            lambda: index.find(reading, Wanted(person="小明")),
            lambda: index.fill(reading),
            lambda: index.upto,
        ):
            with pytest.raises(StoreError, match="delete it"):
                ask()


# Forgetting


def erase(path: Path, first: int, through: int) -> None:
    """As the ledger does it: fields and an entry that says so."""
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("DELETE FROM personal WHERE sequence BETWEEN ? AND ?", (first, through))
    data = {"from": first, "through": through, "entries": 1, "fields": 1}
    with open_ledger(path) as ledger:
        ledger.append([Entry(EntryType.PERSONAL_ERASED, "journal", at(10), data)], at(10))


def test_what_is_erased_vanishes_at_once_and_for_good(
    tmp_path: Path, path: Path, index: SearchIndex, reading: Reading
) -> None:
    erase(path, 2, 3)
    # The index does not know yet; the journal does.
    assert [row["sequence"] for row in index.find(reading, Wanted(person="小明")).rows] == [4, 1]
    assert not index.find(reading, Wanted(person="smith")).rows
    fill(index, reading, 2)
    assert [row["sequence"] for row in index.find(reading, Wanted(person="小明")).rows] == [4, 1]
    # Who passed with which card is no secret; only names went.
    assert [row["sequence"] for row in index.find(reading, Wanted(card="V-2")).rows] == [2]
    index.close()
    raw = b"".join(
        each.read_bytes() for each in sorted(tmp_path.glob("search.db*")) if each.is_file()
    )
    for gone in ("李小龙", "小龙", "johnsmith", "13800138000", "John Smith"):
        assert gone.encode() not in raw, gone
    # Two letters alone may stand in a hash.
    assert "mi" not in {piece for _, _, piece in content(tmp_path / "search.db")["pieces"]}
    assert "王小明".encode() in raw


def test_an_index_made_after_the_erasure_is_the_same(
    tmp_path: Path, path: Path, index: SearchIndex, reading: Reading
) -> None:
    erase(path, 1, 3)
    fill(index, reading)
    with SearchIndex.open(tmp_path / "fresh.db") as fresh:
        fill(fresh, reading)
    assert content(tmp_path / "search.db") == content(tmp_path / "fresh.db")


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Pieces and hits by what their bundle tells, so that numbers of bundles do not count."""
    with closing(sqlite3.connect(path)) as conn:
        return {
            "pieces": conn.execute(
                "SELECT told, kind, piece FROM pieces JOIN bundles ON id = bundle ORDER BY 1, 2, 3"
            ).fetchall(),
            "hits": conn.execute(
                "SELECT sequence, told FROM hits JOIN bundles ON id = bundle ORDER BY 1"
            ).fetchall(),
        }


# The same as a plain look

NAMES = st.text(st.sampled_from("王小明李ab·B "), max_size=4)
PERSONS = st.fixed_dictionaries(
    {}, optional={"holder": NAMES, "visitor": NAMES, "unit": NAMES, "plate": NAMES}
)
ENTRIES = st.lists(
    st.builds(moved, PERSONS, st.sampled_from(["", "V-1", "V-2"]), st.integers(0, 9)), max_size=12
)


def plain(reading: Reading, wanted: Wanted) -> list[int]:
    """What a look through all entries finds."""
    found = []
    for entry in reading.after(0, 1000):
        personal = {name: folded(it) for name, it in reading.personal(entry.sequence).items()}
        label = json.loads(entry.data).get("card", "")
        person, plate = folded(wanted.person), folded(wanted.plate)
        named = [personal[name] for name in ("holder", "visitor", "unit") if name in personal]
        if (
            (not person or any(person in each for each in named))
            and (not plate or plate in personal.get("plate", ""))
            and (not wanted.card or wanted.card == label)
            and (not folded(wanted.unit) or folded(wanted.unit) == personal.get("unit"))
        ):
            found.append(entry.sequence)
    return found[::-1]


@given(ENTRIES, st.builds(Wanted, person=NAMES, plate=NAMES, unit=NAMES))
def test_it_finds_what_a_plain_look_finds(entries: list[Entry], wanted: Wanted) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gate.db"
        with open_ledger(path) as ledger:
            ledger.append(entries, at(9))
        with Reading.open(path) as reading, SearchIndex.open(Path(folder) / "i.db") as index:
            fill(index, reading, 5)
            told = index.find(reading, wanted)
            assert [row["sequence"] for row in told.rows] == plain(reading, wanted)
