"""The Health page: what the parts say and count, in the guard's language."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.console.app import make_app
from agent.console.pages.counted import COUNTERS, TOLD, counted
from agent.console.said import translated
from agent.console.words import Words, load
from tests.console.browsing import Browser, browsing
from tests.console.gate_end import ZONE, GateEnd, site
from tests.patience import until

EN = Words("en", ZoneInfo("Asia/Shanghai"))
ZH = load("zh", ZONE)
CONNECTED = "connected to broker.example:8883, session 12"
UPLINK: Mapping[str, object] = {
    "part": "uplink",
    "condition": "ok",
    "detail": f"{CONNECTED}; 1200 events wait to be sent",
    "counters": {
        "published": 0,
        "confirmed": 0,
        "backlog": 1200,
        "age_s": 7260,
        "inflight": 0,
        "reconnects": 3,
        "session": 12,
    },
}
READER: Mapping[str, object] = {
    "part": "reader in-1-rdm",
    "condition": "down",
    "detail": "lost",
    "counters": {"frames": 4, "faults": 0, "never_heard_of": 2},
}


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with GateEnd(tmp_path, ledger=True) as gate:
        gate.parts = [UPLINK, READER]
        with browsing(make_app(site(tmp_path))) as made:
            yield made


def seen(browser: Browser, what: str) -> str:
    """The table, once the gate has told it."""
    return until(
        lambda: text if what in (text := browser.see("/health/now").text) else "",
        f"{what!r} on the page",
    )


def test_how_far_the_centre_has_come_is_on_the_page_in_chinese(browser: Browser) -> None:
    page = seen(browser, "中心线路")
    for said in (
        "已连接 broker.example:8883",
        "1200 条记录待发送",
        "已发送 0",
        "中心已确认 0",
        "待发送 1,200",
        "其中最早的已等待 2小时1分",
        "重新连接 3 次",
    ):
        assert said in page
    assert "发送途中" not in page, "nothing is on the way"
    assert "读数 4 · never_heard_of 2" in page
    assert "故障 0" not in page


def test_and_in_english(browser: Browser) -> None:
    browser.send("/language", language="en", next="/health")
    page = seen(browser, "line to the centre")
    for said in (
        "sent 0",
        "confirmed by the centre 0",
        "waiting to be sent 1,200",
        "the oldest of them waits for 2 h 1 min",
    ):
        assert said in page
    assert "age_s" not in page


def test_without_consumers_nothing_is_said_to_be_confirmed() -> None:
    told = counted(EN, {"published": 7, "backlog": 0, "age_s": 0})
    assert told == "sent 7 · waiting to be sent 0"


def test_every_counter_has_words_in_both_languages() -> None:
    for name, template in COUNTERS.items():
        assert "%(n)s" in template, name
        assert ZH(template) != template, name
    assert set(COUNTERS) >= TOLD
    assert counted(ZH, {"pulses": "many"}) == "pulses many"


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        (f"{CONNECTED}; 1 event waits to be sent", "第 12 次连接；1 条记录待发送"),
        (f"{CONNECTED}; 2 events wait to be sent", "第 12 次连接；2 条记录待发送"),
        ("no broker; 31 events wait to be sent", "no broker；31 条记录待发送"),
    ],
)
def test_what_waits_is_told_after_whatever_the_link_says(sentence: str, told: str) -> None:
    said = translated(ZH, sentence)
    assert said.endswith(told.rpartition("；")[2])
    assert "events" not in said
    assert "waits" not in said
