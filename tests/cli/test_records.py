"""``gate-agent journal cut, rebuild, export, check`` and ``privacy``, with and without a daemon."""

import gzip
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.app import open_ledger
from agent.core.entries import Entry, EntryType
from agent.core.model import ClockQuality, Moment
from agent.store.chain import digest, framed, number
from agent.store.queries.visits import visit
from agent.store.reading import Reading
from drivers.clock import SystemClock
from tests.rigs.house import House
from tests.rigs.whole import whole

DAY = timedelta(days=1)
CHANGES = {"clock": {"assume_synced": True}}
NAMES = {"visitor": "王小明", "plate": "粤B12345"}


def moment(age: timedelta) -> Moment:
    wall_us = int((datetime.now(UTC) - age).timestamp() * 1e6)
    return Moment(wall_us, 1_000_000_000, ClockQuality.SYNCED)


def opened(name: str, age: timedelta) -> Entry:
    data = {"visit": name, "kind": "company", "card": "V-1", "untilus": 0}
    return whole(Entry(EntryType.VISIT_OPENED, f"visit/{name}", moment(age), data, NAMES, "g-1"))


def fill(gate: House) -> None:
    """Three years: an open visit, one that ended, and passages."""
    with open_ledger(gate.gate.settings) as ledger:
        for entry in (
            opened("v-open", 1000 * DAY),
            opened("v-over", 1000 * DAY),
            whole(
                Entry(
                    EntryType.VISIT_ENDED,
                    "visit/v-over",
                    moment(1000 * DAY),
                    {"visit": "v-over", "outcome": "left"},
                )
            ),
            *(
                Entry(
                    EntryType.ACCESS_GRANTED,
                    "lane/in-1",
                    moment(age * DAY),
                    {"lane": "in-1", "card": "V-1", "passage": f"p-{age}"},
                    {"holder": NAMES["visitor"], "plate": NAMES["plate"]},
                )
                for age in (950, 900, 100, 3)
            ),
            *(
                Entry(
                    EntryType.PASSAGE_ENDED,
                    "lane/in-1",
                    moment(3 * DAY),
                    {"lane": "in-1", "passage": f"p-{age}", "outcome": "no_entry", "vehicles": 0},
                )
                for age in (950, 900, 100, 3)
            ),
        ):
            ledger.append([entry], entry.at)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path / "gate", changes=CHANGES) as rig:
        fill(rig)
        yield rig


def said(gate: House, *words: str, code: int = 0) -> str:
    done = gate.command(*words)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout + done.stderr


@pytest.mark.parametrize("running", [False, True], ids=["alone", "daemon"])
def test_old_months_are_cut_off_and_archived(gate: House, tmp_path: Path, running: bool) -> None:
    if running:
        gate.start()
    told = said(gate, "journal", "cut", "--dry-run")
    assert "5 entries up to 5" in told
    assert "1 are over" in told
    with Reading.open(gate.ledger) as reading:
        old = reading.after(0, 5)
        hashes = reading.rows("SELECT hash FROM entries ORDER BY sequence LIMIT 5")
    told = said(gate, "journal", "cut", "--yes", "--archive", str(tmp_path), "--name", "Li")
    assert "the journal begins at entry 6" in told
    assert "all as written" in said(gate, "journal", "verify")
    assert "are what the journal makes" in said(gate, "journal", "rebuild", "--compare")
    with Reading.open(gate.ledger) as reading:
        assert reading.ends()[0] == 6
        row = visit(reading, "v-open")
        assert row is not None
        assert row["personal"] == NAMES
        assert visit(reading, "v-over") is None
        (mark,) = [it for it in reading.after(0, 99) if it.type == EntryType.JOURNAL_CUT]
        assert mark.actor.startswith("Li (uid:")
    assert (gate.ledger.parent / "cut.key").stat().st_mode & 0o777 == 0o600
    # The archive is the chain, without names.
    (file,) = tmp_path.glob("*.jsonl.gz")
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["sequence"] for row in rows] == [entry.sequence for entry in old]
    assert "王小明" not in "".join(lines)
    previous = bytes(32)
    for row, known in zip(rows, hashes, strict=True):
        columns = [
            framed(value.encode()) if isinstance(value, str) else number(value)
            for value in list(row.values())[:11]
        ]
        previous = digest(previous, columns, row["data"].encode())
        assert previous.hex() == row["hash"] == known["hash"].hex()
    # As if the last run had been killed before its end.
    with closing(sqlite3.connect(gate.ledger, isolation_level=None)) as conn:
        conn.execute("CREATE TEMP TABLE over AS SELECT * FROM visits")
        conn.execute("UPDATE over SET visit = 'v-over', state = 'ended'")
        conn.execute("INSERT INTO visits SELECT * FROM over")
    assert "does not make it" in said(gate, "journal", "rebuild", "--compare", code=1)
    assert "nothing before" in said(gate, "journal", "cut", "--yes")
    assert "are what the journal makes" in said(gate, "journal", "rebuild", "--compare")
    assert "all as written" in said(gate, "journal", "verify")


def test_nothing_is_cut_that_the_broker_does_not_have(tmp_path: Path) -> None:
    uplink = {"host": "127.0.0.1", "port": 1, "tls": False}
    with House(tmp_path / "gate", changes={**CHANGES, "uplink": uplink}) as gate:
        fill(gate)
        assert "nothing before" in said(gate, "journal", "cut", "--yes")
        with open_ledger(gate.gate.settings) as ledger:
            ledger.save_published(4)
        assert "4 entries up to 4" in said(gate, "journal", "cut", "--dry-run")


def test_not_by_a_clock_that_nobody_vouches_for(tmp_path: Path) -> None:
    believed = SystemClock(assume_synced=False).now().quality.trusted
    with House(tmp_path / "gate", changes={"clock": {"assume_synced": False}}) as gate:
        fill(gate)
        for words in (("journal", "cut", "--yes"), ("privacy", "erase", "--yes")):
            done = gate.command(*words)
            assert (done.returncode == 0) is believed
            assert ("until it can be believed" in done.stderr) is not believed


def test_a_duration_that_is_none_is_said(gate: House) -> None:
    assert "is not a duration" in said(gate, "journal", "cut", "--keep", "long", code=1)
    assert "up to 6" in said(gate, "journal", "cut", "--keep", "60 days", "--dry-run")


@pytest.mark.parametrize("running", [False, True], ids=["alone", "daemon"])
def test_old_names_are_erased(gate: House, running: bool) -> None:
    if running:
        gate.start()
    told = said(gate, "privacy", "status")
    assert "12 personal fields" in told
    assert "6 of 3 entries" in told
    assert json.loads(said(gate, "privacy", "status", "--json"))["old"] == 6
    assert "6 personal fields of 3" in said(gate, "privacy", "erase", "--dry-run")
    done = said(gate, "privacy", "erase", "--yes", "--older-than", "50 days", "--name", "Li")
    assert "erased: 8 fields of 4 entries" in done
    assert "0 personal fields" in said(gate, "privacy", "erase", "--yes")
    assert "all as written" in said(gate, "journal", "verify")
    with Reading.open(gate.ledger) as reading:
        row = visit(reading, "v-over")
        assert row is not None
        assert row["erased"]


def test_books_that_differ_are_made_anew(gate: House) -> None:
    assert "are what the journal makes of its 11 entries" in said(gate, "journal", "rebuild")
    with closing(sqlite3.connect(gate.ledger, isolation_level=None)) as conn:
        conn.execute("UPDATE visits SET state = 'ended' WHERE visit = 'v-open'")
        conn.execute("DELETE FROM visits WHERE visit = 'v-over'")
        conn.execute("INSERT INTO zone_counts VALUES ('nowhere', 3)")
        conn.execute("INSERT INTO counters VALUES ('x', 1)")
    told = said(gate, "journal", "rebuild", "--compare", code=1)
    assert "visits v-open: state" in told
    assert "visits v-over: it is missing" in told
    assert "zone_counts nowhere: the journal does not make it" in told
    assert "4 rows are not" in told
    gate.start()
    assert "when the gate starts next" in said(gate, "journal", "rebuild")
    gate.stop()
    gate.start()
    assert "are what the journal makes" in said(gate, "journal", "rebuild", "--compare")
    gate.stop()
    with closing(sqlite3.connect(gate.ledger, isolation_level=None)) as conn:
        conn.execute("DELETE FROM visits")
        many = [(f"x-{n}", n) for n in range(30)]
        conn.executemany("INSERT INTO counters VALUES (?, ?)", many)
    told = said(gate, "journal", "rebuild")
    assert "and 12 more rows" in told
    assert "made anew from" in told
    assert "are what the journal makes" in said(gate, "journal", "rebuild", "--compare")


def test_an_export_is_sealed(gate: House, tmp_path: Path) -> None:
    for name in ("all.csv", "all.jsonl"):
        file = tmp_path / name
        told = said(gate, "journal", "export", str(file), "--name", "Li")
        assert "11 entries in" in told
        assert "sealed: SHA-256" in told
        assert "11 entries of" in said(gate, "journal", "check", str(file))
        seal = json.loads((tmp_path / f"{name}.seal.json").read_text())
        assert seal["by"] == "Li"
        assert seal["rows"] == 11
        raw = file.read_bytes()
        file.write_bytes(raw.replace("王".encode(), "李".encode(), 1))
        assert "not what was sealed" in said(gate, "journal", "check", str(file), code=1)
        file.write_bytes(raw)
        seal["head"] = f"11:{'0' * 64}"
        (tmp_path / f"{name}.seal.json").write_text(json.dumps(seal))
        assert "another journal" in said(gate, "journal", "check", str(file), code=1)
    rows = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert rows[0]["personal"] == NAMES
    assert "name it .csv or .jsonl" in said(gate, "journal", "export", "x.txt", code=1)
