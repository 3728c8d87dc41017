"""Limits, sessions, the live hub and the pages' table, each by itself."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.console import live, sessions
from agent.console.app import make_app
from agent.console.limits import Limit
from agent.console.link import Link, Picture
from agent.console.pages import PAGES, entries
from agent.console.serve import Listen, serve
from agent.console.sessions import Guard, Sessions
from agent.errors import GateError
from tests.console.browsing import browsing
from tests.console.gate_end import GateEnd, site


def test_a_bucket_empties_and_fills() -> None:
    now = [0.0]
    limit = Limit(2, 0.5, lambda: now[0])
    assert [limit.take("a") for _ in range(2)] == [0.0, 0.0]
    assert limit.take("a") == 2.0
    assert limit.take("b") == 0.0, "another one has a bucket of his own"
    now[0] = 2.0
    assert limit.take("a") == 0.0
    now[0] = 1000.0
    assert [limit.take("a") for _ in range(3)] == [0.0, 0.0, 2.0], "it fills up to its size"


def test_the_buckets_are_bounded() -> None:
    limit = Limit(1, 0.001, lambda: 0.0)
    for number in range(1200):
        assert limit.take(str(number)) == 0.0
    assert limit.take("1199") > 0
    assert limit.take("0") == 0.0, "who was here long ago is forgotten"


def test_sessions_of_nobody_go_first() -> None:
    kept = Sessions()
    signed = kept.fresh()
    signed.guard = Guard("g-1", "张伟", "guard", "s-1", 1, "token")
    others = [kept.fresh() for _ in range(sessions.SESSIONS + 5)]
    assert kept.find(signed.key) is signed
    assert kept.find(others[0].key) is None
    assert kept.find(others[-1].key) is others[-1]
    assert kept.find("") is None


def test_a_session_that_nobody_used_for_long_is_over() -> None:
    kept = Sessions()
    made = kept.fresh()
    made.seen_s -= sessions.IDLE_S + 1
    assert kept.find(made.key) is None


def test_a_session_that_changes_hands_has_another_id() -> None:
    kept = Sessions()
    made = kept.fresh()
    key, csrf = made.key, made.csrf
    kept.renew(made)
    assert kept.find(key) is None
    assert kept.find(made.key) is made
    assert csrf != made.csrf


def test_neither_token_nor_id_is_ever_printed() -> None:
    made = Sessions().fresh()
    made.guard = Guard("g-1", "张伟", "guard", "s-1", 1, "the-token")
    assert "the-token" not in repr(made)
    assert made.key not in repr(made)
    assert made.csrf not in repr(made)


def test_what_a_session_keeps_is_bounded() -> None:
    made = Sessions().fresh()
    for number in range(sessions.KEPT + 10):
        made.keep(f"/{number}", {"a": "b"})
        made.sent(str(number), "about")
        made.say(str(number))
    assert len(made.drafts) == len(made.orders) == len(made.times) == sessions.KEPT
    assert "/0" not in made.drafts
    assert [text for text, _ in made.flashes] == [str(sessions.KEPT + n) for n in range(6, 10)]


def told(event: bytes) -> tuple[str, Mapping[str, Any]]:
    name, data, *_ = event.decode().split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_what_the_pages_hear() -> None:
    name, beat = told(live.beat(Picture()))
    assert (name, beat["fresh"], beat["age"]) == ("beat", False, None)
    assert told(live._event({"link": Picture(fresh=True)}))[1]["fresh"] is True
    assert told(live._event({"lane": {"lane": "in-1", "x": 1}})) == ("lane", {"lane": "in-1"})
    entry = {"sequence": 5, "type": "gate.card.presented.v1", "data": {"desk": "b", "card": "V-1"}}
    name, card = told(live._event({"entry": entry}))
    assert (name, card["desk"], card["card"], card["sequence"]) == ("card", "b", "V-1", 5)
    referred = {
        "sequence": 6,
        "type": "gate.access.referred.v1",
        "data": {"lane": "x", "duty": "d"},
    }
    name, tap = told(live._event({"entry": referred}))
    assert (name, tap["duty"], tap["tap"]) == ("entry", "d", True)
    other = {"sequence": 7, "type": "gate.agent.started.v1", "data": {}}
    assert told(live._event({"entry": other}))[1]["tap"] is False


def test_a_page_that_does_not_keep_up_is_ended() -> None:
    page: asyncio.Queue[bytes | None] = asyncio.Queue(2)
    for number in range(3):
        live._put(page, str(number).encode())
    assert page.get_nowait() is None
    assert page.empty()


def test_news_before_and_after_the_service_are_nobodys() -> None:
    hub = live.Live()
    hub.tell({"lane": {"lane": "in-1"}})
    hub.close()
    hub.tell({"lane": {"lane": "in-1"}})


def test_a_silent_alarm_stands_in_no_log_before_an_hour_is_over() -> None:
    alarm = {"lane": "in-1", "alarm": "duress", "step": "alarm", "level": 1}
    row = {"type": "gate.alarm.raised.v1", "data": alarm, "time_us": 5_000_000}
    hour_us = entries.HUSHED_US
    assert entries.hushed(row, 5_000_000)
    assert entries.hushed(row, 5_000_000 + hour_us - 1)
    assert not entries.hushed(row, 5_000_000 + hour_us)
    assert not entries.hushed({**row, "data": {**alarm, "alarm": "forced"}}, 5_000_000)


def test_keys_lead_to_one_page_each() -> None:
    for keys in ([page.key for page in PAGES if page.key], [page.menu for page in PAGES]):
        assert len(keys) == len(set(keys))
    assert len({page.path for page in PAGES}) == len(PAGES)
    assert {"F1", "F2", "F3", "F4"} <= {page.key for page in PAGES}


def test_it_listens_to_the_world_only_with_tls(tmp_path: Any) -> None:
    assert Listen("127.0.0.1").loopback
    assert not Listen("0.0.0.0").loopback  # noqa: S104 - it is refused
    with pytest.raises(GateError, match="without TLS"):
        serve(site(tmp_path), Listen("0.0.0.0"))  # noqa: S104 - it is refused


def test_a_page_hears_news_beats_and_the_end(tmp_path: Path) -> None:
    link = Link(tmp_path / "control.sock", lambda _: None)

    async def listen() -> list[str]:
        hub = live.Live()
        hub.open()
        news = hub._events(link)
        first = await anext(news)
        waiting = asyncio.ensure_future(anext(news))
        alarm = {"lane": "in-1", "alarm": "duress", "step": "alarm", "level": 1}
        silent = {"sequence": 9, "type": "gate.alarm.raised.v1", "data": alarm}
        await asyncio.to_thread(hub.tell, {"entry": silent})
        await asyncio.to_thread(hub.tell, {"lane": {"lane": "in-1"}})
        second = await waiting
        third = await anext(news)
        hub.close()
        rest = [event async for event in news]
        assert rest == []
        assert not hub._pages
        return [
            event.decode().split("event: ")[1].split("\n")[0] for event in (first, second, third)
        ]

    assert asyncio.run(listen()) == ["beat", "lane", "beat"]


def test_so_many_pages_and_no_more(tmp_path: Path) -> None:
    with GateEnd(tmp_path), browsing(make_app(site(tmp_path))) as browser:
        hub = browser.client.app.state.live  # type: ignore[attr-defined]
        hub._pages |= {asyncio.Queue() for _ in range(live.PAGES)}
        assert browser.see("/events").status_code == 503
        hub._pages.clear()
