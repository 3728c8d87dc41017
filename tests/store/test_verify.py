import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core.entries import Entry, EntryType
from agent.core.model import ClockQuality, Moment
from agent.errors import StoreError
from agent.store.reading import Reading
from agent.store.retention import plan
from agent.store.verify import parse_anchor, verify
from tests.store.aging import set_mark
from tests.store.build import US, at, fill, granted, open_ledger, tampered

CHANGES = {
    "stream": "UPDATE streams SET stream = 'ffff'",
    "boot": "UPDATE boots SET boot = 'ffff'",
    "uptime_ms": "UPDATE entries SET uptime_ms = uptime_ms + 1 WHERE sequence = 5",
    "time_us": "UPDATE entries SET time_us = time_us - 1 WHERE sequence = 5",
    "recorded_us": "UPDATE entries SET recorded_us = 0 WHERE sequence = 5",
    "quality": "UPDATE entries SET quality = 'unknown' WHERE sequence = 5",
    "type": "UPDATE entries SET type = 'gate.access.denied.v1' WHERE sequence = 5",
    "subject": "UPDATE entries SET subject = subject || 'x' WHERE sequence = 5",
    "actor": "UPDATE entries SET actor = 'guard' WHERE sequence = 5",
    "cause": "UPDATE entries SET cause = 'x' WHERE sequence = 5",
    "moved text": "UPDATE entries SET actor = subject, subject = '' WHERE sequence = 5",
    "data": "UPDATE entries SET data = CAST(replace(CAST(data AS TEXT), 'V-017', 'V-018') AS BLOB)"
    " WHERE sequence = 5",
    "hash": "UPDATE entries SET hash = zeroblob(32) WHERE sequence = 5",
    "not text": "UPDATE entries SET subject = CAST(x'ff' AS TEXT) WHERE sequence = 5",
}


def run(path: Path, sql: str, *values: object) -> None:
    conn = tampered(path)
    conn.execute("PRAGMA foreign_keys = OFF")
    conn.execute(sql, values)
    conn.close()


def test_all_is_well(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    head = fill(path, 10)
    seen: list[tuple[int, int]] = []
    verdict = verify(path, head, lambda done, of: seen.append((done, of)))
    assert verdict.ok
    assert (verdict.checked, verdict.first, verdict.last, verdict.head) == (20, 1, 20, head[1])
    assert seen == [(20, 20)]
    assert parse_anchor(verdict.anchor) == head


def test_empty_journal(tmp_path: Path) -> None:
    fill(tmp_path / "gate.db", 0)
    verdict = verify(tmp_path / "gate.db")
    assert verdict.ok
    assert verdict.last == 0


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_any_column_is_found(tmp_path: Path, what: str) -> None:
    path = tmp_path / "gate.db"
    fill(path, 10)
    run(path, CHANGES[what])
    verdict = verify(path)
    assert verdict.bad == (1 if what in ("stream", "boot") else 5)
    assert verdict.checked == verdict.bad - 1
    assert verdict.advice


@pytest.mark.parametrize("sequence", [1, 7])
def test_a_removed_entry_is_found(tmp_path: Path, sequence: int) -> None:
    path = tmp_path / "gate.db"
    fill(path, 10)
    run(path, "DELETE FROM entries WHERE sequence = ?", sequence)
    verdict = verify(path)
    assert verdict.bad == sequence
    assert "missing" in verdict.what


def test_removed_and_renumbered_is_found(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    fill(path, 10)
    run(path, "DELETE FROM entries WHERE sequence = 7")
    run(path, "UPDATE entries SET sequence = sequence - 1 WHERE sequence > 7")
    assert verify(path).bad == 7


def test_swapped_entries_are_found(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    fill(path, 10)
    run(path, "UPDATE entries SET sequence = 1000 WHERE sequence = 7")
    run(path, "UPDATE entries SET sequence = 7 WHERE sequence = 9")
    run(path, "UPDATE entries SET sequence = 9 WHERE sequence = 1000")
    assert verify(path).bad == 7


def test_a_cut_tail_is_found_with_an_anchor(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    head = fill(path, 10)
    run(path, "DELETE FROM entries WHERE sequence > 15")
    assert verify(path, head).bad == 16
    # The personal fields of the missing grants are still there, which gives it away as well.
    assert verify(path).bad == 16
    run(path, "DELETE FROM personal WHERE sequence > 15")
    assert verify(path).ok, "a chain alone cannot show that its end is gone"


def test_a_cut_tail_is_found_by_the_published_cursor(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    fill(path, 10)
    with open_ledger(path) as ledger:
        ledger.save_published(18)
    run(path, "DELETE FROM entries WHERE sequence > 15")
    run(path, "DELETE FROM personal WHERE sequence > 15")
    verdict = verify(path)
    assert verdict.bad == 16
    assert "18" in verdict.what
    with pytest.raises(StoreError, match="ends at 15"):
        open_ledger(path)


def test_a_chain_made_anew_is_found_with_an_anchor(tmp_path: Path) -> None:
    sequence, first = fill(tmp_path / "a.db", 10)
    fill(tmp_path / "b.db", 12)
    assert verify(tmp_path / "b.db").ok
    verdict = verify(tmp_path / "b.db", (sequence, first))
    assert verdict.bad == sequence
    assert "anchor" in verdict.what


def test_a_changed_personal_field_is_found(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    fill(path, 10)
    run(path, "UPDATE personal SET value = '李四' WHERE sequence = 5 AND field = 'holder'")
    verdict = verify(path)
    assert verdict.bad == 5
    assert "holder" in verdict.what


def test_an_added_personal_field_is_found(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    fill(path, 10)
    sql = "INSERT INTO personal (id, field, salt, value) VALUES (?, 'bearer', zeroblob(16), 'x')"
    run(path, sql, 5 << 5 | 9)
    assert verify(path).bad == 5


def test_erased_people_leave_a_chain_that_verifies(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    head = fill(path, 10)
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("DELETE FROM personal WHERE sequence < 8")
    conn.close()
    verdict = verify(path, head)
    assert verdict.ok
    assert verdict.erased == 16


def test_triggers_forbid_what_is_forbidden(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    fill(path, 3)
    conn = sqlite3.connect(path, isolation_level=None)
    for sql in (
        "UPDATE entries SET actor = 'x' WHERE sequence = 2",
        "DELETE FROM entries WHERE sequence = 2",
        "INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE sequence = 2",
        "UPDATE personal SET value = 'x'",
        "UPDATE streams SET stream = 'x'",
        "UPDATE boots SET boot = 'x'",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            conn.execute(sql)
    conn.close()
    assert verify(path).ok


def test_entries_below_a_signed_cut_may_go_and_the_rest_verifies(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    fill(path, 10)
    now = at(2 * 86_400)
    with open_ledger(path) as ledger:
        with Reading.open(path) as reading:
            wanted = plan(reading, US + 7_500_000)
        assert wanted is not None
        assert wanted.through == 16
        set_mark(ledger, path, wanted, now)
        head = ledger.head()
        conn = sqlite3.connect(path, isolation_level=None)
        for upto in (3, 16):
            conn.execute("DELETE FROM entries WHERE sequence <= ?", (upto,))
            conn.execute("DELETE FROM personal WHERE sequence <= ?", (upto,))
            verdict = verify(path, (head.sequence, head.hash))
            assert verdict.ok, verdict
            assert verdict.first == upto + 1
    with pytest.raises(sqlite3.IntegrityError):
        conn.execute("DELETE FROM entries WHERE sequence = 17")
    conn.close()
    assert verify(path, (3, bytes(32))).bad == 3
    run(path, "UPDATE cuts SET hash = zeroblob(32)")
    assert verify(path).bad == 17


def test_a_damaged_page_is_found(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    fill(path, 300)
    raw = bytearray(path.read_bytes())
    spot = raw.index(b"gate.access.granted.v1", len(raw) // 2)
    page = spot // 1024 * 1024
    raw[page : page + 1024] = b"\xa5" * 1024
    path.write_bytes(raw)
    verdict = verify(path)
    assert verdict.bad is not None
    assert "damaged" in verdict.what
    assert verdict.checked == verdict.bad - 1 > 100


@pytest.mark.parametrize("text", ["", "5", "5:abcd", "x:" + "0" * 64, "-1:" + "0" * 64])
def test_anchors_are_read_strictly(text: str) -> None:
    with pytest.raises(StoreError, match="is not an anchor"):
        parse_anchor(text)


def test_nothing_to_verify(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no ledger here"):
        verify(tmp_path / "none.db")
    other = tmp_path / "other.db"
    conn = sqlite3.connect(other)
    conn.execute("CREATE TABLE x (y)")
    conn.close()
    with pytest.raises(StoreError, match="not the ledger of a gate"):
        verify(other)


TEXT = st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
KINDS = st.sampled_from([EntryType.ACCESS_DENIED, EntryType.READER_LOST, EntryType.CARD_CHANGED])
ENTRIES = st.builds(
    Entry,
    KINDS,
    TEXT,
    st.builds(
        Moment, st.integers(-(2**60), 2**60), st.integers(0, 2**60), st.sampled_from(ClockQuality)
    ),
    st.dictionaries(TEXT.map("x".__add__), VALUES, max_size=4),
    st.dictionaries(st.sampled_from(["holder", "unit", "plate", "credential", "phone"]), TEXT),
    TEXT,
    TEXT,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(st.lists(ENTRIES, min_size=1, max_size=3), min_size=1, max_size=4))
def test_whatever_is_written_verifies(
    tmp_path_factory: pytest.TempPathFactory, steps: list[list[Entry]]
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "gate.db"
    with open_ledger(path) as ledger:
        for step in steps:
            head = ledger.append(step, at())
        assert head.sequence == sum(map(len, steps))
        assert verify(path, (head.sequence, head.hash)).ok


_SELECT = "SELECT CAST(@name AS BLOB) FROM @table WHERE @key = ?"
_UPDATE = "UPDATE @table SET @name = CAST(? AS @kind) WHERE @key = ?"
BYTES = {
    name: tuple(
        sql.replace("@name", name)
        .replace("@table", table)
        .replace("@key", key)
        .replace("@kind", kind)
        for sql in (_SELECT, _UPDATE)
    )
    for name, table, key, kind in (
        ("data", "entries", "sequence", "BLOB"),
        ("hash", "entries", "sequence", "BLOB"),
        ("type", "entries", "sequence", "TEXT"),
        ("subject", "entries", "sequence", "TEXT"),
        ("quality", "entries", "sequence", "TEXT"),
        ("salt", "personal", "id", "BLOB"),
        ("value", "personal", "id", "TEXT"),
        ("field", "personal", "id", "TEXT"),
    )
}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sequence=st.integers(1, 12),
    column=st.sampled_from(sorted(BYTES)),
    place=st.integers(0, 10_000),
    flip=st.integers(1, 255),
)
def test_any_changed_byte_is_found(
    ledger_of_twelve: Path, sequence: int, column: str, place: int, flip: int
) -> None:
    select, update = BYTES[column]
    key = sequence << 5 | place % 4 if column in ("salt", "value", "field") else sequence
    conn = tampered(ledger_of_twelve)
    (found,) = conn.execute(select, (key,)).fetchone()
    changed = bytearray(found)
    changed[place % len(changed)] ^= flip
    conn.execute(update, (bytes(changed), key))
    verdict = verify(ledger_of_twelve)
    conn.execute(update, (found, key))
    conn.close()
    assert verdict.bad == sequence
    assert verify(ledger_of_twelve).ok


@pytest.fixture(scope="module")
def ledger_of_twelve(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("twelve") / "gate.db"
    with open_ledger(path) as ledger:
        for n in range(12):
            ledger.append([granted(f"p{n}")], at(n))
    return path
