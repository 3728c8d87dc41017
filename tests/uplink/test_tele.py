"""The figures of `tele`, and what `health` tells of how far the centre has come."""

import json
from collections import Counter
from pathlib import Path
from time import monotonic_ns

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.model import ClockQuality, Moment
from agent.core.outbox import Outbox
from agent.errors import StoreError
from agent.ports import Head
from agent.uplink.feed import BATCH, Feed
from agent.uplink.report import Report
from agent.uplink.tele import SAMPLES, Delays, Gauge, Machine, Sampler, happened_ms, payload
from tests.patience import LIMIT_S
from tests.uplink.book import BOOT, STREAM, Book, SystemClock

NOW = Moment(1_795_302_000_000_000, 90_061_500_000_000, ClockQuality.HOLDOVER)
HEAD = Head(STREAM, BOOT, 3, 50, bytes(range(32)))


def test_what_a_message_says() -> None:
    told = payload(
        HEAD,
        published=40,
        confirmed=None,
        backlog=10,
        age_s=12,
        delays={"count": 1, "p50": 7, "p99": 7, "max": 7},
        machine=Machine(51.2, 1_000, 2_000),
        now=NOW,
    )
    assert json.loads(told) == {
        "time": "2026-11-21T23:00:00.000000Z",
        "timequality": "holdover",
        "bootid": BOOT,
        "uptimems": "90061500",
        "streamid": STREAM,
        "firstseq": 3,
        "headseq": 50,
        "headhash": bytes(range(32)).hex(),
        "published": 40,
        "confirmed": None,
        "backlog": 10,
        "age_s": 12,
        "delay_ms": {"count": 1, "p50": 7, "p99": 7, "max": 7},
        "temperature_c": 51.2,
        "disk_free_bytes": 1_000,
        "disk_size_bytes": 2_000,
    }
    bare = payload(
        HEAD, published=50, confirmed=0, backlog=0, age_s=0, delays=None,
        machine=Machine(None, None, None), now=NOW,
    )  # fmt: skip
    assert json.loads(bare)["delay_ms"] is None
    assert json.loads(bare)["confirmed"] == 0


def test_the_machine_is_looked_at(tmp_path: Path) -> None:
    for number, text in enumerate(("41250\n", "none", "55600\n", "-3000\n")):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "temp").write_text(text)
    found = Sampler(tmp_path, tmp_path).look()
    assert found.temperature_c == 55.6
    assert found.disk_free_bytes is not None
    assert found.disk_size_bytes is not None
    assert 0 < found.disk_free_bytes <= found.disk_size_bytes


def test_a_machine_without_either_says_so(tmp_path: Path) -> None:
    assert Sampler(tmp_path / "gone", tmp_path / "gone").look() == Machine(None, None, None)
    assert Sampler(tmp_path).look().disk_free_bytes is not None


def test_one_event_at_a_time_is_followed() -> None:
    delays = Delays()
    assert delays.figures() is None
    delays.sent(4, 1_000)
    delays.sent(5, 1_010)
    delays.acknowledged(5, 1_030)
    assert delays.figures() is None
    delays.acknowledged(4, 1_040)
    delays.acknowledged(4, 2_000)
    assert delays.figures() == {"count": 1, "p50": 40, "p99": 40, "max": 40}
    delays.sent(6, 2_000)
    delays.lost()
    delays.acknowledged(6, 9_000)
    delays.acknowledged(0, 9_000)
    assert delays.figures() == {"count": 1, "p50": 40, "p99": 40, "max": 40}


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=2 * SAMPLES))
def test_figures_are_of_the_last_samples(took: list[int]) -> None:
    delays = Delays()
    for sequence, ms in enumerate(took, 1):
        delays.sent(sequence, 5)
        delays.acknowledged(sequence, 5 + ms)
    kept = sorted(took[-SAMPLES:])
    told = delays.figures()
    assert told is not None
    assert told["count"] == len(kept)
    assert told["max"] == kept[-1]
    for figure, part in ((told["p50"], 0.5), (told["p99"], 0.99)):
        below = sum(ms < figure for ms in kept)
        upto = sum(ms <= figure for ms in kept)
        assert below <= part * len(kept) <= upto


@pytest.mark.parametrize(
    ("boot", "recorded_s", "expected"),
    [
        (BOOT, -1e9, 90_000_000),  # the uptime tells, whatever the wall clock says
        ("another", 0, 0),
        ("another", -100_000, 90_061_500 - 100_000_000),
        ("another", 500, 0),
    ],
)
def test_when_an_entry_was_written(
    tmp_path: Path, boot: str, recorded_s: float, expected: int
) -> None:
    book = Book(tmp_path / "book.db")
    book.append(1)
    (row,) = book.rows()
    recorded = NOW.wall_us + int(recorded_s * 1e6)
    row = row._replace(boot=boot, recorded_us=recorded, uptime_ms=90_000_000)
    assert happened_ms(row, NOW, BOOT) == expected


def test_the_oldest_that_waits_has_an_age(tmp_path: Path) -> None:
    book, report, clock = Book(tmp_path / "book.db"), Report(), SystemClock()
    feed = Feed(book.reader)
    gauge = Gauge(feed, report, Sampler(tmp_path), "now")
    outbox = Outbox(0, 20)
    head = book.append(10, age_s=500)
    # Of another boot than "now", so before this one began, whatever the wall clock says.
    up_s = monotonic_ns() // 10**9
    gauge.look(head, 0, 4, clock.now())
    counters = report.health(outbox, head, lambda: True).counters
    assert counters is not None
    assert max(500, up_s) <= counters["age_s"] <= max(500, up_s) + LIMIT_S
    assert (counters["published"], counters["confirmed"], counters["backlog"]) == (0, 4, 10)
    told = json.loads(gauge.payload(head, 0, 4, clock.now()))
    assert max(500, up_s) <= told["age_s"] <= max(500, up_s) + LIMIT_S
    assert (told["backlog"], told["confirmed"]) == (10, 4)
    # What retention took before it was sent does not wait any more.
    gauge.look(book.cut(4), 0, None, clock.now())
    assert report.oldest[0] == 4
    # What is published since is not taken for what waits.
    assert report.waiting_s(4) == 0
    told = json.loads(gauge.payload(head, 10, 4, clock.now()))
    assert (told["backlog"], told["age_s"]) == (0, 0)
    feed.close()


def test_without_consumers_nothing_is_confirmed() -> None:
    counters = Report().health(Outbox(0, 20), None, lambda: True).counters
    assert counters is not None
    assert "confirmed" not in counters
    assert counters["age_s"] == 0


def test_what_was_served_is_counted() -> None:
    report = Report()
    report.served = Counter(commands=3, refused=2)
    counters = report.health(Outbox(0, 20), None, lambda: True).counters
    assert counters is not None
    assert (counters["commands"], counters["commands_refused"]) == (3, 2)


def test_a_look_does_not_move_what_is_sent_next(tmp_path: Path) -> None:
    book, asked = Book(tmp_path / "book.db"), []
    book.append(2 * BATCH)
    reader = book.reader()

    class Counting:
        def after(self, sequence: int, limit: int) -> list:  # type: ignore[type-arg]
            asked.append((sequence, limit))
            return reader.after(sequence, limit)

        def close(self) -> None:
            reader.close()

    feed = Feed(Counting)
    assert feed.peek(1).sequence == 1
    assert feed.take(BATCH + 1).sequence == BATCH + 1
    assert feed.peek(7).sequence == 7
    assert feed.peek(BATCH + 2).sequence == BATCH + 2
    assert feed.take(BATCH + 2).sequence == BATCH + 2
    assert asked == [(0, BATCH), (BATCH, BATCH), (6, 1)]
    with pytest.raises(StoreError, match="no entry"):
        feed.peek(9_999)
    feed.close()
