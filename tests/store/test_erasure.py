"""Personal fields go when they are old and over; the chain, the books and the numbers stay."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.entries import Entry, EntryType
from agent.core.model import ClockQuality, Moment
from agent.errors import StoreError
from agent.store.care import STEADY_NS
from agent.store.ledger import Ledger
from agent.store.queries.desk import bans
from agent.store.queries.visits import visit
from agent.store.reading import Reading
from agent.store.rebuilt import Rebuilt
from agent.store.verify import verify
from tests.rigs.whole import whole
from tests.store.aging import erase
from tests.store.build import US, at, granted, open_ledger
from tests.store.test_retention import opened, over, taken

DAY_S = 86_400
DAY_US = DAY_S * 1_000_000
NOW = at(200 * DAY_S)
BEFORE = US + 100 * DAY_US


def banned(ban: str, second: float, until_us: int = 0) -> Entry:
    data = {"ban": ban, "reason": "hawker", "untilus": until_us}
    personal = {"visitor": "张三丰", "plate": "粤B99999"}
    return whole(Entry(EntryType.BAN_SET, f"ban/{ban}", at(second), data, personal, "g-1"))


def left(path: Path) -> list[int]:
    """The entries that have personal fields."""
    with Reading.open(path) as reading:
        rows = reading.rows("SELECT DISTINCT id >> 5 AS sequence FROM personal ORDER BY 1")
    return [row["sequence"] for row in rows]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with open_ledger(tmp_path / "gate.db") as ledger:
        for entry in (
            opened("v-1", 1),
            taken("d-1", "v-1", 1),
            opened("v-2", 2, "V-018"),
            over("v-2", 3),
            banned("b-1", 4),
            banned("b-2", 5, US + 50 * DAY_US),
            granted("p-1", 6),
            granted("p-2", 150 * DAY_S),
        ):
            ledger.append([entry], entry.at)
    return tmp_path / "gate.db"


def test_old_fields_go_and_what_is_in_force_stays(path: Path) -> None:
    with open_ledger(path) as ledger:
        head = ledger.head()
        with Reading.open(path) as reading:
            assert reading.erasable(BEFORE)[1:] == (3, 9)
        assert left(path) == [1, 2, 3, 5, 6, 7, 8]
        assert erase(ledger, BEFORE, NOW) == (3, 9)
        with Reading.open(path) as reading:
            assert reading.erasable(BEFORE)[1:] == (0, 0)
        assert erase(ledger, BEFORE, NOW) == (0, 0)
        assert ledger.head().sequence == head.sequence + 1
    # Open visit, held deposit, ban without an end, and what is young.
    assert left(path) == [1, 2, 5, 8]
    verdict = verify(path, (head.sequence, head.hash))
    assert verdict.ok, verdict
    assert verdict.erased == 9
    with Reading.open(path) as reading:
        (told,) = reading.tail(1)
        assert told.type == EntryType.PERSONAL_ERASED
        assert told.actor == "me"
        assert told.data == b'{"from":3,"through":7,"entries":3,"fields":9}'
        row = visit(reading, "v-2")
        assert row is not None
        assert row["erased"]
        assert row["personal"] == {}
        assert row["card"] == "V-018"
        kept = visit(reading, "v-1")
        assert kept is not None
        assert kept["personal"]["visitor"] == "王小明"
        assert not kept["erased"]
        assert [row["erased"] for row in bans(reading)] == [True, False]
        with Rebuilt(reading) as rebuilt:
            assert rebuilt.differences() == []


def test_it_goes_when_it_is_over(path: Path) -> None:
    with open_ledger(path) as ledger:
        erase(ledger, BEFORE, NOW)
        ended = {"deposit": "d-1", "visit": "v-1", "end": "returned"}
        later = [over("v-1", 200 * DAY_S)]
        later.append(whole(Entry(EntryType.DEPOSIT_ENDED, "deposit/d-1", NOW, ended)))
        later.append(whole(Entry(EntryType.BAN_LIFTED, "ban/b-1", NOW, {"ban": "b-1"})))
        ledger.append(later, NOW)
        # The ban goes at once, visit and deposit when they have been over for as long.
        assert erase(ledger, BEFORE, NOW) == (1, 2)
        assert left(path) == [1, 2, 8]
        assert erase(ledger, NOW.wall_us + 1, at(400 * DAY_S)) == (3, 9)
    assert left(path) == []
    assert verify(path).ok


def test_what_is_erased_is_overwritten_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    with open_ledger(path) as ledger:
        secret = {"holder": "ZANZIBAR-SECRET", "plate": "粤B12345"}
        for n in range(300):
            entry = Entry(
                EntryType.ACCESS_GRANTED, "lane/in-1", at(n), {"lane": "in-1", "passage": "p"}
            )
            ledger.append([replace(entry, personal=secret)], at(n))
        erase(ledger, BEFORE, NOW)
        for _ in range(4):
            ledger.append([whole(Entry(EntryType.AGENT_STARTED, "agent", NOW))], NOW)
    raw = path.read_bytes()
    assert b"ZANZIBAR" not in raw
    assert verify(path).erased == 600


def test_many_slices(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    with open_ledger(path) as ledger:
        for n in range(13):
            ledger.append([granted(f"p-{n}-{k}", n) for k in range(50)], at(n))
        young = granted("young", 150 * DAY_S)
        ledger.append([young], young.at)
        assert erase(ledger, BEFORE, NOW) == (650, 2600)
        said = [row for row in said_of(path) if row[0] == EntryType.PERSONAL_ERASED]
        assert len(said) == 6
    assert left(path) == [651]
    assert verify(path).ok


def said_of(path: Path) -> list[tuple[str, bytes]]:
    with Reading.open(path) as reading:
        return [(entry.type, entry.data) for entry in reading.tail(1000)]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([(1, "s"), (2, "u"), (150, "s")], [2, 3]),
        ([(1, "u"), (2, "s"), (150, "s")], [3]),
        ([(1, "u"), (2, "u")], [1, 2]),
        ([(1, "s"), (2, "u")], [2]),
        ([(150, "s"), (1, "s")], [1, 2]),
        ([(150, "u"), (1, "s")], []),
    ],
)
def test_what_was_written_by_a_doubtful_clock_goes_with_its_neighbours(
    tmp_path: Path, times: Sequence[tuple[int, str]], expected: list[int]
) -> None:
    path = tmp_path / "gate.db"
    quality = {"s": ClockQuality.SYNCED, "u": ClockQuality.ESTIMATED}
    with open_ledger(path) as ledger:
        for day, kind in times:
            moment = at(day * DAY_S, quality[kind])
            ledger.append([replace(granted("p"), at=moment)], moment)
        erase(ledger, BEFORE, NOW)
    assert left(path) == expected


def test_a_slice_that_ends_in_doubt_looks_further(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    doubted = at(1, ClockQuality.UNKNOWN)
    with open_ledger(path) as ledger:
        for _ in range(6):
            many = [replace(granted("p"), at=doubted) for _ in range(50)]
            ledger.append(many, doubted)
        ledger.append([whole(Entry(EntryType.AGENT_STARTED, "agent", at(2)))], at(2))
        assert erase(ledger, BEFORE, NOW) == (300, 1200)
    assert left(path) == []


def test_never_by_a_clock_that_is_not_trusted(path: Path) -> None:
    with open_ledger(path) as ledger:
        with pytest.raises(StoreError, match="clock is unknown"):
            erase(ledger, BEFORE, at(200 * DAY_S, ClockQuality.UNKNOWN))
        with pytest.raises(StoreError, match="future"):
            erase(ledger, NOW.wall_us + 1, NOW)
    assert len(left(path)) == 7


# By itself, once a day


def keep_house(ledger: Ledger, now: Moment) -> None:
    for _ in range(20):
        ledger.housekeeping(now)


def later(seconds: float, quality: ClockQuality = ClockQuality.SYNCED) -> Moment:
    return at(200 * DAY_S + seconds, quality)


def aging(path: Path) -> Ledger:
    ledger = open_ledger(path)
    ledger._erase_after_us = 100 * DAY_US
    return ledger


def test_once_a_day_after_an_hour_of_trust(path: Path) -> None:
    with aging(path) as ledger:
        keep_house(ledger, later(0))
        keep_house(ledger, later(3599))
        assert len(left(path)) == 7
        keep_house(ledger, later(3600))
        assert left(path) == [1, 2, 5, 8]
        ledger.append([over("v-1", 4)], later(3700))
        keep_house(ledger, later(3800))
        assert left(path) == [1, 2, 5, 8]
        keep_house(ledger, later(DAY_S))
        assert left(path) == [2, 5, 8]
    assert verify(path).ok


def test_a_clock_that_is_doubted_or_steps_begins_its_hour_anew(path: Path) -> None:
    with aging(path) as ledger:
        keep_house(ledger, later(0))
        keep_house(ledger, later(3000, ClockQuality.ESTIMATED))
        keep_house(ledger, later(3001))
        keep_house(ledger, later(6000))
        stepped = later(6001)
        stepped = replace(stepped, wall_us=stepped.wall_us + 400 * DAY_US)
        keep_house(ledger, stepped)
        assert len(left(path)) == 7
        moment = replace(stepped, mono_ns=stepped.mono_ns + STEADY_NS - 1)
        keep_house(ledger, replace(moment, wall_us=stepped.wall_us + STEADY_NS // 1000))
        assert len(left(path)) == 7
        moment = replace(stepped, mono_ns=stepped.mono_ns + STEADY_NS)
        keep_house(ledger, replace(moment, wall_us=stepped.wall_us + STEADY_NS // 1000))
        # By this clock everything is old.
        assert left(path) == [1, 2, 5]


def test_without_an_age_nothing_goes_by_itself(path: Path) -> None:
    with open_ledger(path) as ledger:
        for second in (0, 4000, DAY_S):
            keep_house(ledger, later(second))
    assert len(left(path)) == 7
