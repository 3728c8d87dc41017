"""The gate in figures: what is told, what is not, and what it costs the daemon."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent import __version__
from agent.console.app import make_app
from agent.console.figures import PARTS
from agent.console.link import BEAT_S, Picture
from agent.console.metrics import CONTENT_TYPE, KEPT_S, STALE_S, Metrics
from agent.console.pages.counted import COUNTERS
from agent.control.client import ControlClient
from agent.control.server import Peer
from agent.ports import Condition
from agent.readers import make_readers
from agent.settings.readers import PcscReader
from agent.settings.reading import read
from drivers.clock import SystemClock
from drivers.pcsc import _COUNTERS as PCSC_COUNTERS
from tests.console.browsing import Browser, browsing
from tests.console.gate_end import GateEnd, site
from tests.console.scraped import Scrape, everything
from tests.parts import require
from tests.patience import LIMIT_S, until
from tests.rigs.broker import Mosquitto
from tests.rigs.screen import ScreenHouse
from tests.settings.pages import CONFIG

UNITS = (
    "total|seconds|sequence|events|entries|vehicles|receipts|devices|calls|faults|"
    "info|up|position|mode|loop|alarm|emergency|condition"
)
LABELS = {
    *("lane", "reader", "part", "position", "mode", "loop", "alarm", "emergency", "condition"),
    *("version", "estate", "gate"),
}


def told(picture: Picture, now_s: float = 100.5) -> Scrape:
    return Scrape(Metrics(lambda: now_s).text(picture).decode())


# --- what is told ---------------------------------------------------------------------------------


def test_every_name_has_its_unit_and_no_label_is_foreign() -> None:
    scrape = told(everything())
    assert scrape.names
    for one in scrape.samples:
        assert re.fullmatch(f"gate_([a-z_]+_)?({UNITS})", one.name), one.name
        assert set(one.labels) <= LABELS, one.name
        assert (one.kind == "counter") == one.name.endswith("_total"), one.name


def test_every_figure_of_every_part_is_told_once_with_its_value() -> None:
    picture, scrape = everything(), told(everything())
    for part in picture.parts:
        kind, _, which = part["part"].partition(" ")
        for key, value in (part["counters"] or {}).items():
            name, label = PARTS[kind].figures[key].name, PARTS[kind].label
            assert scrape.value(name, **({label: which} if label else {})) == value
    names = [figure.name for part in PARTS.values() for figure in part.figures.values()]
    assert len(set(names)) == len(names), "two figures share a name"


def test_what_is_counted_anywhere_is_told() -> None:
    known = {key for part in PARTS.values() for key in part.figures}
    assert set(COUNTERS) <= known, "the health page shows what is no metric"
    assert set(PCSC_COUNTERS) <= set(PARTS["reader"].figures)


@pytest.mark.parametrize("example", sorted(CONFIG.glob("*.yaml")), ids=lambda path: path.stem)
def test_what_a_reader_counts_is_told_and_shown(example: Path) -> None:
    settings = read(example)
    others = {
        name: reader
        for name, reader in settings.readers.items()
        if not isinstance(reader, PcscReader)
    }
    settings = replace(settings, readers=others)
    readers = make_readers(settings, SystemClock(assume_synced=True), lambda _reader: None)
    for reader in readers.values():
        counted = set(reader.health().counters or {})
        assert counted <= set(PARTS["reader"].figures)
        assert counted <= set(COUNTERS)


def test_a_lane_is_told_word_by_word() -> None:
    scrape = told(everything())
    words = {"position": "open", "mode": "held_open", "loop": "occupied", "alarm": "pre_alarm"}
    for key, word in words.items():
        assert scrape.word(f"gate_lane_{key}", key, lane="in-1") == word
    assert scrape.word("gate_lane_position", "position", lane="out-1") == "stopped"
    assert scrape.word("gate_emergency", "emergency") == "lockdown"
    assert scrape.value("gate_lane_waiting_vehicles", lane="in-1") == 2
    assert scrape.value("gate_lane_faults", lane="in-1") == 2
    assert scrape.value("gate_lane_faults", lane="out-1") == 0


def test_the_gate_its_journal_and_its_parts_are_told() -> None:
    scrape = told(everything())
    assert scrape.value("gate_up") == 1
    assert scrape.value("gate_status_age_seconds") == 0.5
    assert scrape.value("gate_info", estate="green", gate="north") == 1
    assert scrape.value("gate_console_info", version=__version__) == 1
    assert scrape.value("gate_journal_entries_total") == 4711
    for condition in Condition:
        holds = float(condition is Condition.DEGRADED)
        assert scrape.value("gate_part_condition", part="uplink", condition=condition) == holds
    assert scrape.value("gate_part_condition", part="disk", condition="ok") == 1


def test_no_sentence_and_nobodys_name_is_told() -> None:
    text = Metrics(lambda: 100.5).text(everything()).decode()
    assert "张伟" not in text
    assert "stands on it" not in text
    assert text.isascii()


def test_what_the_ledger_has_never_counted_is_zero_and_other_parts_tell_what_they_have() -> None:
    parts = [
        {"part": "ledger", "condition": "ok", "counters": {"owed": 3}},
        {"part": "uplink", "condition": "ok", "counters": {"backlog": 5}},
        {"part": "reader r-1", "condition": "ok", "counters": {"frames": 1, "of-tomorrow": 1}},
        {"part": "reader r-2", "condition": "down", "counters": {"taps": 2}},
        {"part": "reader", "condition": "ok", "counters": {"frames": 9}},
        {"part": "of tomorrow", "condition": "ok", "counters": {"frames": 9}},
    ]
    scrape = told(replace(everything(), parts=parts))
    assert scrape.value("gate_ledger_owed_entries") == 3
    assert scrape.value("gate_ledger_commits_failed_total") == 0
    assert scrape.value("gate_uplink_backlog_events") == 5
    assert "gate_uplink_confirmed_sequence" not in scrape.names, "nobody has to confirm"
    assert scrape.value("gate_reader_frames_total", reader="r-1") == 1
    assert scrape.value("gate_reader_taps_total", reader="r-2") == 2
    assert [one.name for one in scrape.samples if one.value == 9] == []


@pytest.mark.parametrize(
    "picture",
    [
        Picture(),
        Picture(why="nothing answers"),
        replace(everything(), fresh=False, why="it went"),
        everything(heard_s=100.5 - STALE_S),
    ],
)
def test_of_a_gate_that_does_not_answer_no_old_figure_is_told(picture: Picture) -> None:
    scrape = told(picture)
    assert scrape.value("gate_up") == 0
    assert scrape.names <= {"gate_up", "gate_status_age_seconds", "gate_console_info"}
    assert ("gate_status_age_seconds" in scrape.names) == bool(picture.heard_s)


def test_an_answer_is_kept_for_a_second() -> None:
    now = [100.0]
    metrics = Metrics(lambda: now[0])
    first = metrics.text(everything())
    now[0] += KEPT_S - 0.01
    assert metrics.text(Picture()) is first
    now[0] += 0.01
    assert Scrape(metrics.text(Picture()).decode()).value("gate_up") == 0


def test_strange_ids_do_not_break_the_format() -> None:
    parts = [{"part": 'reader "\\\n{}', "condition": "ok", "counters": {"frames": 1}}]
    scrape = told(replace(everything(), parts=parts))
    assert scrape.value("gate_reader_frames_total", reader='"\\\n{}') == 1


# --- over HTTP ------------------------------------------------------------------------------------


class Counting(GateEnd):
    """Counts how often it is asked for its status."""

    asked_for_status = 0

    def _status(self, request: Mapping[str, Any], peer: Peer) -> object:
        self.asked_for_status += 1
        told: object = super()._status(request, peer)
        return told


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Counting]:
    with Counting(tmp_path) as made:
        yield made


@pytest.fixture
def browser(gate: Counting, tmp_path: Path) -> Iterator[Browser]:
    assert gate.path.exists()
    with browsing(make_app(site(tmp_path))) as made:
        yield made


def scrape(browser: Browser) -> Scrape:
    answer = browser.see("/metrics")
    assert answer.status_code == 200
    return Scrape(answer.text)


def up(browser: Browser) -> bool:
    return scrape(browser).value("gate_up") == 1


def test_anybody_who_reaches_the_console_may_ask_and_leaves_nothing_behind(
    browser: Browser,
) -> None:
    until(lambda: up(browser), "the gate's first answer", step_s=0.2)
    answer = browser.see("/metrics")
    assert answer.headers["Content-Type"] == CONTENT_TYPE
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert not browser.client.app.state.sessions._sessions  # type: ignore[attr-defined]  # httpx's
    assert browser.see("/metrics", headers={"Host": "gate.example"}).status_code == 421
    assert browser.see("/metrics/x").status_code == 404


def test_it_costs_the_daemon_nothing(browser: Browser, gate: Counting) -> None:
    until(lambda: up(browser), "the gate's first answer", step_s=0.2)
    before, began = gate.asked_for_status, time.monotonic()
    seen = [up(browser) for _ in range(100)]
    assert any(seen)
    lasted_s = time.monotonic() - began
    # And where the machine stood still, the line was taken up anew.
    assert gate.asked_for_status - before <= lasted_s / BEAT_S + 3


def test_it_says_that_the_daemon_is_away_and_that_it_is_back(
    browser: Browser, gate: Counting
) -> None:
    until(lambda: up(browser), "the gate's first answer", step_s=0.2)
    gate.away()
    until(lambda: not up(browser), "the loss", step_s=0.2)
    assert "gate_lane_position" not in scrape(browser).names
    gate.back()
    until(lambda: up(browser), "the gate again", step_s=0.2)
    assert "gate_lane_position" in scrape(browser).names


# --- a whole gate ---------------------------------------------------------------------------------


def counted(status: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Name and labels of all that a gate tells of its parts."""
    for part in status["parts"]:
        name, _, which = part["part"].partition(" ")
        yield "gate_part_condition", {"part": part["part"], "condition": "ok"}
        for key in part["counters"]:
            label = PARTS[name].label
            yield PARTS[name].figures[key].name, {label: which} if label else {}


def missing(found: Scrape, wanted: Sequence[tuple[str, Mapping[str, str]]]) -> list[str]:
    """What is not told."""
    return [name for name, labels in wanted if found.value(name, **labels) is None]


def test_what_a_real_gate_counts_is_all_told(tmp_path: Path) -> None:
    require("mosquitto")
    with Mosquitto(tmp_path / "broker") as broker:
        uplink = {"host": broker.host, "port": broker.port, "tls": False}
        with (
            ScreenHouse(tmp_path / "gate", each=1, changes={"uplink": uplink}) as house,
            httpx.Client(base_url=house.open().console.address, timeout=LIMIT_S) as client,
        ):
            until(lambda: up(Browser(client)), "the gate's first answer", step_s=0.2)
            with ControlClient(house.gate.settings.paths.control, LIMIT_S) as control:
                status = control.ask("status")
            wanted = list(counted(status))
            # The console's picture of the gate may be the one of a second ago.
            until(lambda: not missing(scrape(Browser(client)), wanted), "all of it", step_s=0.2)
            found = scrape(Browser(client))
    assert len(wanted) > 10
    assert found.word("gate_lane_position", "position", lane="in-1")
    assert found.word("gate_emergency", "emergency") == "none"
    assert (found.value("gate_journal_entries_total") or 0) > 0
