import os
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.entries import Entry, EntryType
from agent.core.model import ClockQuality
from agent.core.personal import Level
from agent.errors import StoreError
from agent.ports import Condition, KeptResult
from agent.store import schema
from agent.store.database import Identity
from agent.store.desk import KEEP_COUNT
from agent.store.disk import CHECKPOINT_PAGES
from agent.store.ledger import Ledger
from agent.store.projections import rebuild
from agent.store.reading import Reading
from agent.store.seal import Disclosure
from agent.store.verify import verify
from tests.patience import LIMIT_S
from tests.store.build import (
    KEY,
    NORTH,
    US,
    at,
    ended,
    fill,
    granted,
    open_ledger,
)


def test_what_is_appended_is_there_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    with open_ledger(path) as ledger:
        assert ledger.head().sequence == 0
        assert ledger.head().hash == bytes(32)
        head = ledger.append([granted("p1", 1), ended("p1", 2)], at(3))
        assert (head.first, head.sequence) == (1, 2)
    with Ledger.open(path, NORTH, Disclosure(Level.NONE, KEY), "boot-2", ballast_bytes=0) as ledger:
        assert ledger.head().stream == head.stream
        assert ledger.head().hash == head.hash
        ledger.append([granted("p2", 4)], at(5))
    with Reading.open(path) as reading:
        one, _, three = reading.after(0, 10)
    assert (one.sequence, one.stream, one.boot) == (1, head.stream, "boot-1")
    assert (one.time_us, one.recorded_us, one.uptime_ms) == (US + 1_000_000, US + 3_000_000, 8000)
    assert (one.quality, one.type, one.subject) == ("synced", "gate.access.granted.v1", "lane/in-1")
    assert three.boot == "boot-2"
    assert verify(path).ok


def test_nothing_to_append_is_no_commit(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "gate.db") as ledger:
        assert ledger.append([], at()).sequence == 0


def test_a_failed_append_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    with open_ledger(path) as ledger:
        before = ledger.append([granted("p1")], at())
        bad = Entry(EntryType.READER_LOST, "r", at(), {"x": float("inf")})
        with pytest.raises(StoreError, match="JSON"):
            ledger.append([granted("p2"), bad], at())
        # An entry that the projection cannot fold is a fault of the program, and loud as well.
        with pytest.raises(KeyError):
            ledger.append([granted("p3"), Entry(EntryType.PASSAGE_ENDED, "l", at())], at())
        saboteur = sqlite3.connect(path, isolation_level=None)
        saboteur.execute(
            "CREATE TRIGGER refuse AFTER INSERT ON personal BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        with pytest.raises(StoreError, match="nothing was written"):
            ledger.append([ended("p1"), granted("p4")], at())
        assert ledger.head() == before
        assert [each.passage for each in ledger.open_passages()] == ["p1"]
        saboteur.execute("DROP TRIGGER refuse")
        saboteur.close()
        assert ledger.append([ended("p1")], at()).sequence == 2
    assert verify(path).ok


def test_open_passages_are_folded_and_rebuilt(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    with open_ledger(path) as ledger:
        for n in range(5):
            ledger.append([granted(f"p{n}", card=f"V-{n}")], at())
        ledger.append([ended("p1"), ended("p3")], at())
        live = ledger.open_passages()
        assert [(each.passage, each.sequence, each.card) for each in live] == [
            ("p0", 1, "V-0"),
            ("p2", 3, "V-2"),
            ("p4", 5, "V-4"),
        ]
        assert ledger.rebuild() == 7
        assert ledger.open_passages() == live
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("UPDATE projections SET shape = 'older'")
    conn.execute("DELETE FROM open_passages")
    conn.close()
    with open_ledger(path) as ledger:
        assert ledger.open_passages() == live


def test_rebuild_is_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    fill(path, 2)
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("INSERT INTO open_passages VALUES ('kept', 'l', 1, 'c')")
    conn.execute("PRAGMA ignore_check_constraints = ON")
    conn.execute("DROP TRIGGER entries_stay")
    conn.execute("UPDATE entries SET data = CAST('{}' AS BLOB) WHERE sequence = 1")
    with pytest.raises(KeyError):
        rebuild(conn)
    assert conn.execute("SELECT passage FROM open_passages").fetchall() == [("kept",)]
    conn.close()


def test_cursor_only_grows_and_never_beyond_the_head(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    fill(path, 5)
    with open_ledger(path) as ledger:
        assert ledger.published() == 0
        ledger.save_published(7)
        ledger.save_published(3)
        assert ledger.published() == 7
        with pytest.raises(StoreError, match="ends at 10"):
            ledger.save_published(11)
        assert [ledger.next_session(), ledger.next_session()] == [1, 2]
    with open_ledger(path) as ledger:
        assert ledger.published() == 7
        assert ledger.next_session() == 3


def test_results_are_kept_for_a_day(tmp_path: Path) -> None:
    hour = 3600
    kept = KeptResult("o-1", "done", 200, "")
    with open_ledger(tmp_path / "gate.db") as ledger:
        head = ledger.append([granted("p1")], at(), [kept])
        assert head.sequence == 1
        assert ledger.append([], at(), [KeptResult("o-2", "failed", 503, "x")]) == head
        assert ledger.result("o-1", at(23 * hour)) == kept
        assert ledger.result("o-1", at(25 * hour)) is None
        assert ledger.result("o-1", at(25 * hour, ClockQuality.UNKNOWN)) == kept
        assert ledger.result("none", at()) is None
        unsure = KeptResult("o-3", "done", 200, "")
        ledger.append([], at(-900 * hour, ClockQuality.UNKNOWN), [unsure])
        assert ledger.result("o-3", at(hour)) == unsure
        again = KeptResult("o-1", "failed", 500, "again")
        ledger.append([], at(), [again])
        assert ledger.result("o-1", at()) == again


def test_results_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    with open_ledger(path) as ledger:
        results = [KeptResult(f"o-{n}", "done", 200, "") for n in range(KEEP_COUNT + 50)]
        ledger.append([], at(0, ClockQuality.UNKNOWN), results)
        for n in range(CHECKPOINT_PAGES):
            ledger.append([granted(f"p{n}")], at())
            if n % 100 == 0:
                ledger.housekeeping(at())
        assert ledger.result("o-0", at()) is None
        assert ledger.result(f"o-{KEEP_COUNT + 49}", at()) is not None


def test_the_log_is_used_again(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    log = tmp_path / "gate.db-wal"
    with open_ledger(path) as ledger:
        sizes = set()
        for n in range(2000):
            ledger.append([granted(f"p{n}"), ended(f"p{n}")], at())
            ledger.housekeeping(at())
            sizes.add(log.stat().st_size)
        assert max(sizes) < 4 * CHECKPOINT_PAGES * 1048
        assert log.stat().st_size == max(sizes), "reused, never cut"
    assert verify(path).ok


def test_the_log_is_bounded_without_any_idle_time(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "gate.db") as ledger:
        batch = [
            Entry(EntryType.READER_LOST, "reader/r", at(), {"detail": str(n)}) for n in range(500)
        ]
        for _ in range(40):
            ledger.append(batch, at())
        assert (tmp_path / "gate.db-wal").stat().st_size < 20 * CHECKPOINT_PAGES * 1048


def test_only_the_opening_thread_may_write(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "gate.db") as ledger:
        caught: list[StoreError] = []

        def intrude() -> None:
            try:
                ledger.append([granted("p1")], at())
            except StoreError as error:
                caught.append(error)

        thread = threading.Thread(target=intrude, name="intruder")
        thread.start()
        thread.join(LIMIT_S)
        assert len(caught) == 1
        assert ledger.head().sequence == 0


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    ledger = open_ledger(path)
    with pytest.raises(StoreError, match=f"process {os.getpid()} is writing"):
        open_ledger(path)
    ledger.close()
    ledger.close()
    open_ledger(path).close()


def test_settings_of_the_file(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "gate.db") as ledger:
        for pragma, value in {
            "journal_mode": "wal",
            "synchronous": 2,
            "page_size": 1024,
            "foreign_keys": 1,
            "wal_autocheckpoint": 0,
            "cache_size": -2000,
            "user_version": schema.SCHEMA,
        }.items():
            assert ledger._conn.execute(f"PRAGMA {pragma}").fetchone() == (value,), pragma
        tables = ledger._conn.execute("PRAGMA table_list").fetchall()
        ours = [row for row in tables if row[2] == "table" and not row[1].startswith("sqlite_")]
        assert len(ours) >= 13
        assert all(row[5] for row in ours), "every table is STRICT"
        made = ledger._conn.execute("SELECT number, software FROM migrations").fetchall()
        assert [number for number, _ in made] == [step.number for step in schema.MIGRATIONS]
        assert ledger.health().condition is Condition.OK


def test_a_start_does_not_import_sqlite_utils(tmp_path: Path) -> None:
    fill(tmp_path / "gate.db", 1)
    code = (
        "import sys; from pathlib import Path; from tests.store.build import open_ledger;"
        "open_ledger(Path(sys.argv[1])).close(); sys.exit('sqlite_utils' in sys.modules)"
    )
    path = str(tmp_path / "gate.db")
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == 0


# Files that must not be touched


def refused(path: Path, identity: Identity = NORTH) -> str:
    before = path.read_bytes()
    with pytest.raises(StoreError) as caught:
        Ledger.open(path, identity, Disclosure(Level.MASKED, KEY), "b", ballast_bytes=0)
    assert path.read_bytes() == before, "left as it was"
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_another_gate_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    fill(path, 1)
    assert "belongs to gate north" in refused(path, Identity("garden", "south"))
    assert "belongs to gate north" in refused(path, Identity("park", "north"))
    open_ledger(path).close()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    fill(path, 1)
    conn = sqlite3.connect(path)
    conn.execute(f"PRAGMA user_version = {schema.SCHEMA + 1}")
    conn.close()
    assert "newer version" in refused(path)


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    conn = sqlite3.connect(path)
    conn.execute("CREATE TABLE books (title)")
    conn.close()
    assert "not the ledger of a gate" in refused(path)


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough " * 40])
def test_an_empty_or_foreign_file_is_never_made_over(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "gate.db"
    path.write_bytes(content)
    assert "begins a new ledger" in refused(path)


@pytest.mark.parametrize("page", [0, 1, 2, 5])
def test_a_damaged_file_is_refused(tmp_path: Path, page: int) -> None:
    path = tmp_path / "gate.db"
    fill(path, 50)
    raw = bytearray(path.read_bytes())
    raw[page * 1024 : (page + 1) * 1024] = b"\xa5" * 1024
    path.write_bytes(raw)
    refused(path)


def test_a_missing_file_with_its_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    (tmp_path / "gate.db-wal").write_bytes(b"x" * 2000)
    with pytest.raises(StoreError, match="is missing, but its write-ahead file"):
        open_ledger(path)
    assert not path.exists()


def test_leftovers_of_an_unfinished_start_are_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "gate.db.new").write_bytes(b"half")
    fill(tmp_path / "gate.db", 1)
    assert not (tmp_path / "gate.db.new").exists()


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="directory must exist"):
        open_ledger(tmp_path / "none" / "gate.db")


def test_the_last_time_that_was_trusted(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "gate.db") as ledger:
        assert ledger.trusted_us() == 0
        ledger.append([granted("p1")], at(5))
        unsure = replace(at(900), quality=ClockQuality.UNKNOWN)
        ledger.append([replace(granted("p2"), at=unsure)], unsure)
        assert ledger.trusted_us() == at(5).wall_us
