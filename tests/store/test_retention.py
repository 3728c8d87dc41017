"""Whole periods go, what is in force stays, and the journal verifies and makes the same books."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.entries import Entry, EntryType
from agent.core.model import ClockQuality
from agent.errors import StoreError
from agent.store.endmark import EndMark, sign, signed
from agent.store.ledger import Ledger
from agent.store.queries.visits import visit, visits
from agent.store.reading import Reading
from agent.store.rebuilt import Rebuilt
from agent.store.retention import boundary, plan, through
from agent.store.verify import verify
from tests.rigs.whole import whole
from tests.store.aging import cut, set_mark
from tests.store.build import PERSON, US, at, granted, open_ledger, tampered

DAY_S = 86_400
NOW = at(800 * DAY_S)


def opened(visit_id: str, second: float, card: str = "V-017") -> Entry:
    data = {
        "visit": visit_id,
        "kind": "company",
        "card": card,
        "untilus": US,
        "purpose": "meeting",
        "destination": "1-101",
    }
    personal = {"visitor": "王小明", "company": "Acme", "plate": "京A12345"}
    return whole(
        Entry(EntryType.VISIT_OPENED, f"visit/{visit_id}", at(second), data, personal, "g-1")
    )


def taken(deposit: str, visit_id: str, second: float, receipt: int = 1) -> Entry:
    data = {"deposit": deposit, "visit": visit_id, "kind": "driving_licence", "receipt": receipt}
    data |= {"card": "V-017", "pocket": "12", "amount": 0, "currency": ""}
    personal = {"owner": "王小明", "description": "licence"}
    return whole(
        Entry(EntryType.DEPOSIT_TAKEN, f"deposit/{deposit}", at(second), data, personal, "g-1")
    )


def over(visit_id: str, second: float) -> Entry:
    data = {"visit": visit_id, "outcome": "left"}
    return whole(Entry(EntryType.VISIT_ENDED, f"visit/{visit_id}", at(second), data))


def slip(number: str, second: float) -> Entry:
    lines = [{"name": f"Waschmaschine {n}", "quantity": n} for n in range(1, 31)]
    data = {"slip": number, "number": "F-1", "lines": lines, "untilus": 0}
    personal = {"signatory": "李小龙", "unit": "3-1201"}
    return whole(
        Entry(EntryType.SLIP_RECEIVED, f"slip/{number}", at(second), data, personal, "g-1")
    )


def counted(zone: str, vehicles: int, second: float) -> Entry:
    data = {"zone": zone, "count": vehicles}
    return whole(Entry(EntryType.ZONE_COUNTED, f"zone/{zone}", at(second), data))


def two_years(ledger: Ledger) -> None:
    """Ten entries of the first days, ten of the last ones."""
    for entry in (
        opened("v-1", 1),
        taken("d-1", "v-1", 1, 41),
        opened("v-2", 2, "V-018"),
        over("v-2", 3),
        slip("s-1", 4),
        counted("inside", 5, 5),
        granted("p-1", 6),
        Entry(EntryType.EMERGENCY_RAISED, "gate", at(7), {"emergency": "lockdown"}),
        *(granted(f"p-{n}", n) for n in range(8, 10)),
    ):
        ledger.append([entry], entry.at)
    late = 799 * DAY_S
    for n in range(10):
        ledger.append([granted(f"q-{n}", late + n)], at(late + n))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with open_ledger(tmp_path / "gate.db") as ledger:
        two_years(ledger)
    return tmp_path / "gate.db"


BEFORE = US + 100 * DAY_S * 1_000_000


def test_what_is_in_force_is_carried_and_the_rest_is_gone(path: Path) -> None:
    with open_ledger(path) as ledger, Reading.open(path) as reading:
        modes = [mode.name for mode in ledger.modes()]
        was = visit(reading, "v-1")
        done = cut(ledger, path, BEFORE, NOW)
        assert done is not None
        assert (done.through, done.entries) == (10, 10)
        assert ledger.head().first == 11
        assert reading.ends()[0] == 11
        verdict = verify(path)
        assert verdict.ok, verdict
        assert verdict.first == 11
        # Nothing of the first days is there in the clear any more but what was carried.
        assert [row["visit"] for row in visits(reading, "")] == ["v-1"]
        now = visit(reading, "v-1")
        assert was is not None
        assert now is not None
        for name in ("personal", "data", "actor", "at_us", "card", "purpose", "opened_us"):
            assert now[name] == was[name], name
        assert now["deposits"][0]["personal"]["owner"] == "王小明"
        assert now["deposits"][0]["pocket"] == "12"
        assert [mode.name for mode in ledger.modes()] == modes == ["lockdown"]
        assert ledger.zone_counts() == {"inside": 5}
        (lines,) = reading.rows("SELECT lines FROM slips")
        assert len(lines["lines"]) > 300
        (receipt,) = reading.rows("SELECT value FROM counters")
        assert receipt["value"] == 41
        # And a rebuild from what is left makes the same.
        with Rebuilt(reading) as rebuilt:
            assert rebuilt.differences() == []


def test_a_second_cut_carries_what_was_carried(path: Path) -> None:
    with open_ledger(path) as ledger, Reading.open(path) as reading:
        was = visit(reading, "v-1")
        cut(ledger, path, BEFORE, NOW)
        later = at(1600 * DAY_S)
        ledger.append([granted("r-1", 1600 * DAY_S - 2 * DAY_S)], at(1598 * DAY_S))
        ledger.append([granted("r-2", 1600 * DAY_S)], later)
        done = cut(ledger, path, US + 1599 * DAY_S * 1_000_000, later)
        assert done is not None
        assert done.through > 20
        assert verify(path).ok
        now = visit(reading, "v-1")
        assert was is not None
        assert now is not None
        assert (now["personal"], now["data"], now["actor"], now["at_us"]) == (
            was["personal"],
            was["data"],
            was["actor"],
            was["at_us"],
        )
        with Rebuilt(reading) as rebuilt:
            assert rebuilt.differences() == []


def test_what_ends_after_a_cut_ends_as_ever(path: Path) -> None:
    with open_ledger(path) as ledger, Reading.open(path) as reading:
        cut(ledger, path, BEFORE, NOW)
        ledger.append([over("v-1", 800 * DAY_S)], NOW)
        row = visit(reading, "v-1")
        assert row is not None
        assert (row["state"], row["outcome"]) == ("ended", "left")
        with Rebuilt(reading) as rebuilt:
            assert rebuilt.differences() == []


def test_trimming_goes_on_after_a_crash_and_verifies_at_every_step(path: Path) -> None:
    with open_ledger(path) as ledger:
        with Reading.open(path) as reading:
            wanted = plan(reading, BEFORE)
        assert wanted is not None
        ledger.care.carry(wanted.carry, NOW)
        set_mark(ledger, path, wanted, NOW)
        assert ledger.care.trim(4)
    assert verify(path).first == 5
    with open_ledger(path) as ledger:
        assert ledger.head().first == 5
        while ledger.head().first < 11:
            ledger.housekeeping(NOW)
        assert not ledger.care.trim()
    assert verify(path).ok


def test_a_cut_that_nobody_signed_is_found(path: Path) -> None:
    with open_ledger(path) as ledger:
        cut(ledger, path, BEFORE, NOW)
    assert verify(path).ok
    conn = tampered(path)
    (signature,) = conn.execute("SELECT signature FROM cuts").fetchone()
    conn.execute("UPDATE cuts SET signature = ?", (bytes(64),))
    assert verify(path).what == "it was cut off, and the mark of the cut is not signed"
    conn.execute("UPDATE cuts SET signature = ?, made_us = made_us + 1", (signature,))
    assert verify(path).bad == 10
    conn.execute("UPDATE cuts SET made_us = made_us - 1")
    assert verify(path).ok
    # Cutting off more by hand is found, too.
    conn.execute("DELETE FROM entries WHERE sequence < 15")
    assert verify(path).bad == 11
    (found,) = conn.execute("SELECT hash FROM entries WHERE sequence = 15").fetchone()
    conn.execute("INSERT INTO cuts VALUES (15, ?, 0, x'')", (found,))
    assert verify(path).what == "it was cut off, and no entry says who did it"
    conn.close()


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    key = tmp_path / "cut.key"
    mark = EndMark("garden", "north", "s", 5, bytes(32), US)
    public, signature = sign(mark, key)
    assert key.stat().st_mode & 0o777 == 0o600
    assert sign(mark, key) == (public, signature)
    assert signed(mark, public, signature)
    assert not signed(EndMark("garden", "south", "s", 5, bytes(32), US), public, signature)
    assert not signed(mark, b"", signature)
    key.chmod(0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        sign(mark, key)
    key.write_bytes(b"short")
    key.chmod(0o600)
    with pytest.raises(StoreError, match="restore it"):
        sign(mark, key)
    with pytest.raises(StoreError, match="cannot be used"):
        sign(mark, tmp_path / "none" / "cut.key")


def test_never_by_a_clock_that_is_not_trusted(path: Path) -> None:
    doubted = at(800 * DAY_S, ClockQuality.ESTIMATED)
    with open_ledger(path) as ledger, Reading.open(path) as reading:
        wanted = plan(reading, BEFORE)
        assert wanted is not None
        with pytest.raises(StoreError, match="clock is estimated"):
            set_mark(ledger, path, wanted, doubted)
        with pytest.raises(StoreError, match="of today"):
            set_mark(ledger, path, wanted, at(5))
        # What was written by such a clock is of unknown age.
        unknown = at(801 * DAY_S, ClockQuality.UNKNOWN)
        ledger.append([replace(granted("x"), at=unknown)], unknown)
        young = plan(reading, US + 900 * DAY_S * 1_000_000)
        assert young is not None
        assert young.through == 20
    assert reading_is_whole(path)


def reading_is_whole(path: Path) -> bool:
    verdict = verify(path)
    return verdict.ok and verdict.first == 1


def test_a_mark_that_is_not_of_this_journal_is_refused(path: Path) -> None:
    with open_ledger(path) as ledger, Reading.open(path) as reading:
        wanted = plan(reading, BEFORE)
        assert wanted is not None
        stream = ledger.head().stream
        entry = Entry(EntryType.JOURNAL_CUT, "journal", NOW)
        mark = EndMark("garden", "north", stream, 10, bytes(32), NOW.wall_us)
        with pytest.raises(StoreError, match="not what the mark says"):
            ledger.care.cut(mark, b"", b"", entry, NOW)
        ahead = EndMark("garden", "north", stream, 10, wanted.hash, NOW.wall_us + 1)
        with pytest.raises(StoreError, match="future"):
            ledger.care.cut(ahead, b"", b"", entry, NOW)
        with pytest.raises(StoreError, match="no table"):
            ledger.care.carry([("nonsense", "x")], NOW)
        assert ledger.care.drop([("nonsense", "x"), ("visits", "none"), ("visits", "v-1")], 0) == 0


@pytest.mark.parametrize(
    ("times", "limit", "expected"),
    [
        ([(1, "s"), (2, "s"), (3, "s")], None, 0),
        ([(-3, "s"), (-2, "s"), (3, "s"), (-1, "s")], None, 2),
        ([(-3, "s"), (-2, "u"), (3, "s")], None, 1),
        ([(-3, "u"), (-2, "s"), (3, "u")], None, 2),
        ([(-3, "u"), (-2, "u")], None, 0),
        ([(-3, "s"), (-2, "s"), (-1, "s")], 2, 2),
        ([], None, 0),
    ],
)
def test_how_far_a_cut_may_go(
    tmp_path: Path, times: Sequence[tuple[int, str]], limit: int | None, expected: int
) -> None:
    path = tmp_path / "gate.db"
    quality = {"s": ClockQuality.HOLDOVER, "u": ClockQuality.UNKNOWN}
    with open_ledger(path) as ledger:
        for second, kind in times:
            moment = at(second, quality[kind])
            ledger.append([replace(granted("p"), at=moment)], moment)
    with Reading.open(path) as reading:
        assert through(reading, US, limit) == expected
        assert (plan(reading, US, limit) is None) == (expected == 0)


def test_whole_months_of_the_gate() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    now = datetime(2026, 11, 22, 7, tzinfo=UTC)
    first = datetime(2024, 11, 1, tzinfo=shanghai)
    assert boundary(now, timedelta(days=732), shanghai) == int(first.timestamp()) * 1_000_000


def test_a_cut_while_somebody_verifies(path: Path) -> None:
    with open_ledger(path) as ledger:
        with Reading.open(path) as reading:
            wanted = plan(reading, BEFORE)
        assert wanted is not None
        ledger.care.carry(wanted.carry, NOW)
        set_mark(ledger, path, wanted, NOW)
        slices = iter((3, 20))

        def trim(done: int, of: int) -> None:
            del done, of
            ledger.care.trim(next(slices, 1))

        trim(0, 0)
        verdict = verify(path, None, trim)
        assert verdict.ok, verdict


# Random books

STEPS = st.lists(
    st.one_of(
        st.builds(opened, st.sampled_from(["v-1", "v-2", "v-3"]), st.just(0.0)),
        st.builds(over, st.sampled_from(["v-1", "v-2", "v-3"]), st.just(0.0)),
        st.builds(taken, st.sampled_from(["d-1", "d-2"]), st.just("v-1"), st.just(0.0)),
        st.builds(counted, st.sampled_from(["inside", "garage"]), st.integers(0, 9), st.just(0.0)),
        st.builds(
            lambda card, count: Entry(
                EntryType.PASSAGE_ENDED,
                "lane/in-1",
                at(),
                {
                    "lane": "in-1",
                    "passage": "p",
                    "outcome": "passed",
                    "card": card,
                    "kind": "vehicle",
                    "from": "outside",
                    "to": "inside",
                    "vehicles": count,
                },
            ),
            st.sampled_from(["V-1", "V-2"]),
            st.integers(0, 2),
        ),
        st.builds(
            lambda zone: Entry(EntryType.PRESENCE_FORGIVEN, "gate", at(), {"zone": zone}),
            st.sampled_from(["inside", "garage"]),
        ),
    ),
    max_size=10,
)


def books(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """What is in force, without the numbers of the entries behind it."""
    with closing(sqlite3.connect(path)) as conn:
        return {
            "visits": conn.execute(
                "SELECT visit, card, opened_us FROM visits WHERE state = 'open'"
            ).fetchall(),
            "deposits": conn.execute("SELECT deposit, state, pocket FROM deposits").fetchall(),
            "inside": conn.execute(
                "SELECT card, zone, EXISTS (SELECT 1 FROM amnesties WHERE scope = 'zone/' || zone "
                "AND amnesties.sequence > presence.sequence) FROM presence"
            ).fetchall(),
            "counts": conn.execute("SELECT zone, vehicles FROM zone_counts").fetchall(),
        }


@given(STEPS, STEPS, STEPS)
def test_whatever_was_written_a_cut_keeps_the_books(
    old: list[Entry], young: list[Entry], later: list[Entry]
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gate.db"
        with open_ledger(path) as ledger, Reading.open(path) as reading:
            for steps, second in ((old, 0), (young, 799 * DAY_S)):
                for entry in steps:
                    ledger.append([entry], at(second))
            was = books(path)
            cut(ledger, path, BEFORE, NOW)
            assert books(path) == was
            with Rebuilt(reading) as rebuilt:
                assert rebuilt.differences() == []
            for entry in later:
                ledger.append([entry], NOW)
            with Rebuilt(reading) as rebuilt:
                assert rebuilt.differences() == []
        verdict = verify(path)
        assert verdict.ok, verdict


def test_who_was_erased_is_not_brought_back_by_a_cut(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("DELETE FROM personal WHERE sequence = 1")
    with open_ledger(path) as ledger, Reading.open(path) as reading:
        cut(ledger, path, BEFORE, NOW)
        row = visit(reading, "v-1")
        assert row is not None
        assert row["personal"] == {}
        assert PERSON["holder"] not in str(row["data"])
