import json
from pathlib import Path

import pytest

from agent.core.entries import Entry, EntryType
from agent.core.model import Credential, Matching
from agent.errors import StoreError
from agent.store.reading import Reading
from agent.store.search import Search
from tests.rigs.contract import card_known
from tests.rigs.whole import whole
from tests.store.build import US, at, card, ended, fill, granted, open_ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "gate.db"
    kind = EntryType.ACCESS_DENIED
    with open_ledger(path) as ledger:
        ledger.append([granted("p1", 1), ended("p1", 2)], at(2))
        other = {"credential": "uid:04", "holder": "John Smith", "plate": "粤B_777%"}
        data = {"lane": "out-1", "card": 'R"1', "note": '"card":"V-017"'}
        ledger.append([whole(Entry(kind, "lane/out-1", at(10), data, other))], at(10))
        ledger.append([whole(Entry(EntryType.CARD_CHANGED, "card/V-017", at(20)))], at(20))
        ledger.put_card(card(5), card_known(card(5), at(30)), at(30))
        visit = {"visitor": "李雷", "company": "Swift Removals"}
        kind = EntryType.VISIT_OPENED
        ledger.append([whole(Entry(kind, "visit/v-1", at(40), {"card": "V-018"}, visit))], at(40))
    return path


def found(path: Path, what: Search, limit: int = 100) -> list[int]:
    with Reading.open(path) as reading:
        return [entry.sequence for entry in reading.search(what, limit)]


@pytest.mark.parametrize(
    ("what", "sequences"),
    [
        (Search(), [1, 2, 3, 4, 5, 6]),
        (Search(card="V-017"), [1, 4]),
        (Search(card='R"1'), [3]),
        (Search(card="V-01"), []),
        (Search(card="em4100:0100CDA4EC"), [1]),
        (Search(person="小"), [1]),
        (Search(person="smith"), [3]),
        (Search(person="3-12"), [1]),
        (Search(person="李雷"), [6]),
        (Search(person="removals"), [6]),
        (Search(person="uid"), []),
        (Search(person="京A"), []),
        (Search(plate="a123"), [1]),
        (Search(plate="_"), [3]),
        (Search(plate="7%"), [3]),
        (Search(plate="!"), []),
        (Search(lane="in-1"), [1, 2]),
        (Search(lane="out-1", person="john"), [3]),
        (Search(type="gate.access."), [1, 3]),
        (Search(type="gate.passage.ended.v1"), [2]),
        (Search(type="visit"), [6]),
        (Search(type="access"), [1, 3]),
        (Search(type="passage.ended"), [2]),
        (Search(type="ended"), []),
        (Search(since=US + 2_000_000, until=US + 10_000_000), [2, 3]),
    ],
)
def test_search(path: Path, what: Search, sequences: list[int]) -> None:
    assert found(path, what) == sequences


def test_search_gives_the_newest(path: Path) -> None:
    assert found(path, Search(), 2) == [5, 6]


def test_what_was_erased_is_not_found(path: Path) -> None:
    with open_ledger(path) as ledger:
        ledger._conn.execute("DELETE FROM personal WHERE field = 'holder'")
    assert found(path, Search(person="smith")) == []


def test_pages_of_the_journal(path: Path) -> None:
    with Reading.open(path) as reading:
        assert [entry.sequence for entry in reading.after(2, 2)] == [3, 4]
        assert reading.after(6, 10) == []
        assert [entry.sequence for entry in reading.tail(2)] == [5, 6]
        assert reading.counts()["entries"] == 6
        assert reading.counts()["last"] == 6


def test_export_holds_data_and_personal_fields(path: Path) -> None:
    with Reading.open(path) as reading:
        rows = list(reading.export())
        raw = reading.after(0, 1)[0]
    assert [row["sequence"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[0]["data"] == json.loads(raw.data)
    personal = rows[0]["personal"]
    assert isinstance(personal, dict)
    assert personal["holder"] == "王小明"
    assert rows[1]["personal"] == {}
    with Reading.open(path) as reading:
        assert [row["sequence"] for row in reading.export(Search(lane="in-1"))] == [1, 2]


def test_export_runs_over_batches(tmp_path: Path) -> None:
    fill(tmp_path / "gate.db", 700)
    with Reading.open(tmp_path / "gate.db") as reading:
        assert [row["sequence"] for row in reading.export()] == list(range(1, 1401))


def test_reading_sees_what_is_written_meanwhile_and_holds_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    with open_ledger(path) as ledger, Reading.open(path) as reading:
        assert reading.head() == (0, bytes(32))
        steps = reading.export()
        for n in range(600):
            ledger.append([granted(f"p{n}")], at())
        next(steps)
        head = ledger.append([granted("last")], at())
        assert reading.head() == (head.sequence, head.hash)
        busy, pages, moved = ledger._conn.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        assert (busy, pages) == (0, moved), "no reader stands in the way"


def test_a_new_boot_is_known_to_an_open_reader(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    fill(path, 1)
    with Reading.open(path) as reading:
        assert reading.after(0, 1)[0].boot == "boot-1"
        with open_ledger(path) as ledger:
            ledger._conn.execute("INSERT INTO boots (boot) VALUES ('boot-9')")
            ledger._scribe._boot_id = 2
            ledger.append([granted("p9")], at())
        assert reading.tail(1)[0].boot == "boot-9"


def test_the_roster_is_read(path: Path) -> None:
    with Reading.open(path) as reading:
        number = Credential("em4100", "0000000005")
        assert reading.find_cards(number, Matching.EXACT) == (card(5),)
        assert reading.card_by_label("C-5") == card(5)
        assert list(reading.cards()) == [card(5)]


def test_a_reader_cannot_write(path: Path) -> None:
    with Reading.open(path) as reading, pytest.raises(StoreError, match="readonly"):
        reading._fetch("UPDATE state SET published = 1")


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no ledger here yet"):
        Reading.open(tmp_path / "gate.db")
    (tmp_path / "x.db").write_bytes(b"something else entirely " * 50)
    with pytest.raises(StoreError, match="cannot be read"):
        Reading.open(tmp_path / "x.db")
