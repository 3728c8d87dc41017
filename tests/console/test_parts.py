"""What of the gate does not work: in the header, in the list of what is to be done, and at once."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.console import parts
from agent.console.app import make_app
from agent.console.link import Picture
from agent.console.live import beat
from agent.console.site import Site
from agent.console.todo import item, merged
from agent.console.words import Words, load
from agent.core.ids import DeskId, ReaderId
from agent.core.plan import ReaderPlan
from tests.console.browsing import Browser, browsing
from tests.console.gate_end import IN, ZONE, GateEnd, site
from tests.patience import until

EN = Words("en", ZoneInfo("Asia/Shanghai"))
ZH = load("zh", ZONE)


def part(name: str, condition: str, detail: str = "", **counters: int) -> Mapping[str, Any]:
    return {"part": name, "condition": condition, "detail": detail, "counters": counters}


WELL = (
    part("ledger", "ok"),
    part("clock", "ok", "the clock is synced"),
    part("uplink", "ok", "", backlog=0),
    part("reader near", "unknown", "not started"),
)


def seen(*others: Mapping[str, Any]) -> Picture:
    """The gate with these parts, and all others well."""
    named = {each["part"] for each in others}
    well = (each for each in WELL if each["part"] not in named)
    return Picture(fresh=True, parts=(*well, *others))


def with_readers(folder: Path) -> Site:
    made = site(folder)
    at = {"near": IN, "far": IN, "desk": None, "gone": None}
    readers = {
        ReaderId(name): ReaderPlan(
            ReaderId(name), lane, DeskId("booth") if name == "desk" else None
        )
        for name, lane in at.items()
        if name != "gone"
    }
    return replace(made, plan=replace(made.plan, readers=readers))


@pytest.mark.parametrize(
    ("others", "tone"),
    [
        ((), "good"),
        ((part("uplink", "down", backlog=7),), "wait"),
        ((part("clock", "degraded"),), "wait"),
        ((part("printer", "down"),), "wait"),
        ((part("reader near", "degraded"),), "wait"),
        ((part("reader near", "down"),), "bad"),
        ((part("gpio", "down"), part("printer", "ok")), "bad"),
        ((part("ledger", "down"),), "bad"),
        ((part("disk", "degraded"),), "wait"),
        ((part("disk", "down"),), "bad"),
    ],
)
def test_the_word_is_of_the_worst_part(others: tuple[Mapping[str, Any], ...], tone: str) -> None:
    assert parts.header(seen(*others)).tone == tone


def test_what_waits_for_the_centre_and_whether_the_clock_is_right() -> None:
    assert parts.header(seen())[1:4] == (True, 0, True)
    away = parts.header(seen(part("uplink", "down", backlog=7), part("clock", "degraded")))
    assert away[1:4] == (False, 7, False)
    assert away.known == "uplink=down;clock=degraded"
    assert parts.header(seen(part("uplink", "ok", "no broker is configured"))).left is None
    assert parts.header(Picture()) == ("good", True, None, False, "")


def test_what_is_down_is_to_be_done_the_gravest_first(tmp_path: Path) -> None:
    picture = seen(
        part("uplink", "down", "connected to a:1, session 2; 7 events wait to be sent", backlog=7),
        part("reader near", "degraded", "slow"),
        part("reader far", "down", "lost"),
        part("reader desk", "down", "lost"),
        part("reader gone", "degraded", "slow"),
        part("ledger", "down", "disk I/O error"),
        part("clock", "degraded", "the clock is unknown"),
    )
    due: list[dict[str, Any]] = [
        {"what": what, "title": what} for what in ("duty", "alarm", "overdue")
    ]
    items = merged(parts.todo(EN, with_readers(tmp_path), picture), due)
    assert [(each["what"], each["title"]) for each in items] == [
        ("halt", "ledger"),
        ("duty", "duty"),
        ("broken", "入口 reader"),
        ("broken", "岗亭 reader"),
        ("alarm", "alarm"),
        ("impaired", "line to the centre"),
        ("impaired", "clock"),
        ("impaired", "reader"),
        ("overdue", "overdue"),
    ]
    assert items[2]["text"] == "near, far · does not work · No card is read here."
    assert items[7]["text"] == "gone · impaired · tell whoever looks after the gate"
    zh = {each["title"]: each["text"] for each in parts.todo(ZH, with_readers(tmp_path), picture)}
    assert zh["中心线路"] == "不工作 · 道闸照常工作，记录稍后发送。"
    assert zh["时钟"].endswith("请自行查看卡片。")
    assert "不能放行" in next(
        text for title, text in zh.items() if title == parts.name(ZH, "ledger")
    )


def test_an_item_has_all_that_the_list_asks_for(tmp_path: Path) -> None:
    row = {"alarm": "forced", "lane": "in-1", "data": {}, "personal": {}}
    found = {"what": "alarm", "key": "in-1/forced", "lane": "in-1", "row": row}
    due = item(EN, site(tmp_path), {**found, "since_us": 1, "due_us": 0, "left_us": 0})
    (trouble,) = parts.todo(EN, site(tmp_path), seen(part("disk", "down")))
    assert set(trouble) == set(due)


def test_nothing_is_to_be_done_while_all_works(tmp_path: Path) -> None:
    assert parts.todo(EN, site(tmp_path), seen()) == []


def test_a_page_hears_it_with_every_beat() -> None:
    told = beat(seen(part("uplink", "down", backlog=7))).decode()
    assert '"tone": "wait"' in told
    assert '"left": 7' in told
    assert '"known": "uplink=down"' in told


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateEnd]:
    with GateEnd(tmp_path, ledger=True) as made:
        yield made


@pytest.fixture
def browser(tmp_path: Path, gate: GateEnd) -> Iterator[Browser]:
    gate.parts = WELL
    with browsing(make_app(with_readers(tmp_path))) as made:
        yield made


def test_the_gate_page_tells_it_in_both_languages_and_takes_it_back(
    browser: Browser, gate: GateEnd
) -> None:
    def tells(word: str, path: str = "/") -> str:
        return until(lambda: text if word in (text := browser.see(path).text) else "", word)

    assert "入口 读卡器" not in tells('class="link good"')
    gate.parts = (*WELL[:2], part("reader far", "down", "lost"), part("uplink", "down", backlog=7))
    page = tells("入口 读卡器")
    for said in ("far · 不工作 · 此处读不到卡", "中心线路", 'class="link bad"', ">道闸有故障<"):
        assert said in page, said
    assert "<span data-centre-left>7</span>" in page
    assert "入口 读卡器" in tells("入口 读卡器", "/gate/now")
    browser.send("/language", language="en", next="/")
    for said in ("far · does not work · No card is read here.", ">gate does not work fully<"):
        tells(said)
    gate.parts = WELL
    assert "far ·" not in tells(">gate works<")
