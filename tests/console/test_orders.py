"""An order from a form: once, with its answer in words, and settled when nobody answered."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from agent.console.answers import Answer, of
from agent.console.app import make_app
from agent.console.desk import mint
from agent.console.said import translated
from agent.console.words import load
from tests.console.browsing import Browser, browsing, field
from tests.console.gate_end import ZONE, GateEnd, site
from tests.patience import until

NOT_DONE = {"status": "rejected", "code": 423, "detail": "", "result": {}}


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateEnd]:
    with GateEnd(tmp_path, ledger=True) as made:
        yield made


@pytest.fixture
def browser(gate: GateEnd, tmp_path: Path) -> Iterator[Browser]:
    assert gate.path.exists()
    with browsing(make_app(site(tmp_path))) as made:
        yield made


def test_an_order_says_at_which_desk_and_by_whom(browser: Browser, gate: GateEnd) -> None:
    browser.order(kind="stop", lane="in-1")
    browser.sign_on()
    browser.order(kind="open", lane="in-1", reason="送货")
    first, second = gate.orders
    assert first["desk"] == second["desk"] == "booth"
    assert "token" not in first
    assert str(second["token"]).startswith("secret")
    assert second["args"] == {"lane": "in-1", "reason": "送货"}
    assert re.fullmatch(r"console-[0-9a-f]{32}", str(second["order_id"]))


@pytest.mark.parametrize(
    ("address", "in_booth"),
    [
        ("::1", True),
        ("192.168.1.31", True),
        ("::ffff:192.168.1.31", True),
        ("192.168.1.32", False),
        ("fe80::1", False),
        ("somewhere", False),
    ],
)
def test_what_opens_with_nobody_signed_on_is_for_the_booth(
    gate: GateEnd, tmp_path: Path, address: str, in_booth: bool
) -> None:
    here = replace(site(tmp_path), booths=(ip_network("192.168.1.31"),))
    assert gate.path.exists()
    with browsing(make_app(here), address) as browser:
        for kind in ("fire", "priority"):
            told = browser.order(kind=kind, lane="in-1")
            assert (told["status"] == "done") is in_booth, told
        assert browser.order(kind="stop", lane="in-1")["status"] == "done", "it opens nothing"
        given = [order["kind"] for order in gate.orders]
        assert given == (["fire", "priority", "stop"] if in_booth else ["stop"])
        browser.sign_on()
        assert browser.order(kind="priority", lane="in-1")["status"] == "done", "there is a name"


def test_where_no_desk_is_configured_the_daemon_still_knows_a_console(tmp_path: Path) -> None:
    with (
        GateEnd(tmp_path) as gate,
        browsing(make_app(replace(site(tmp_path), desk=""))) as browser,
    ):
        browser.order(kind="stop", lane="in-1")
    assert gate.orders[0]["desk"] == "console"


def test_a_form_sent_twice_is_one_order(browser: Browser, gate: GateEnd) -> None:
    order = field(browser.see("/").text, "order_id")
    for _ in range(2):
        browser.send("/gate/act", kind="stop", lane="in-1", order_id=order)
    assert [one["order_id"] for one in gate.orders] == [order, order]


def test_a_form_that_was_corrected_is_another_order(browser: Browser, gate: GateEnd) -> None:
    order = mint()
    gate.answer = lambda _: NOT_DONE
    browser.order(kind="open", lane="in-1", reason="", order_id=order)
    browser.order(kind="open", lane="in-1", reason="送货", order_id=order)
    first, second = (one["order_id"] for one in gate.orders)
    assert first == order
    assert second != order


@pytest.mark.parametrize("given", ["", "cli-1", "console-xyz", "console-" + "0" * 33])
def test_an_id_that_we_did_not_mint_is_not_used(
    browser: Browser, gate: GateEnd, given: str
) -> None:
    browser.order(kind="stop", lane="in-1", order_id=given)
    assert gate.orders[0]["order_id"] != given


def test_every_form_of_a_page_has_an_id_of_its_own(browser: Browser) -> None:
    found = re.findall(r'name="order_id" value="([^"]*)"', browser.see("/").text)
    assert len(found) > 4
    assert len(set(found)) == len(found)


def test_the_answer_is_in_the_guards_language(browser: Browser, gate: GateEnd) -> None:
    assert browser.order(kind="stop", lane="in-1")["says"] == "已下令停住 in-1"
    detail = "not closing: fire, the arm stays up until the fire is reset"
    gate.answer = lambda _: {**NOT_DONE, "detail": detail}
    told = browser.order(kind="close", lane="in-1")
    assert told["says"] == "没有关闭：消防状态，复位前杆保持抬起"
    assert told["tone"] == "bad"
    browser.send("/language", language="en")
    assert browser.order(kind="close", lane="in-1")["says"] == detail


def test_without_a_script_the_answer_stands_on_the_page(browser: Browser) -> None:
    answer = browser.send("/gate/act", kind="stop", lane="in-1")
    assert answer.headers["Location"] == "/"
    assert "已下令停住 in-1" in browser.see("/").text
    assert "已下令停住 in-1" not in browser.see("/").text, "said once"


def test_only_what_belongs_here_may_be_ordered(browser: Browser, gate: GateEnd) -> None:
    browser.send("/gate/act", kind="visit.open", lane="in-1")
    assert gate.orders == []


def test_no_daemon_is_said_at_once_and_nothing_was_done(browser: Browser, gate: GateEnd) -> None:
    gate.away()
    told = browser.order(kind="stop", lane="in-1")
    assert (told["status"], told["tone"]) == ("failed", "bad")
    assert "没有执行" in told["says"]


def test_what_nobody_answers_is_not_known_yet_and_settles(browser: Browser, gate: GateEnd) -> None:
    gate.hung.set()
    told = browser.order(kind="priority", lane="in-1")
    assert (told["status"], told["tone"]) == ("unknown", "wait")
    path = f"/orders/{told['order_id']}"
    assert browser.see(path).json()["status"] == "unknown"
    gate.hung.clear()
    gate.let_go.set()
    gate.keep(told["order_id"], "priority ordered at lane in-1")
    settled = browser.see(path).json()
    assert (settled["status"], settled["says"]) == ("done", "已特勤放行 in-1")
    assert len(gate.orders) == 1, "it was looked up and never sent again"


def test_what_never_came_is_said_once_the_daemon_answers_again(
    browser: Browser, gate: GateEnd
) -> None:
    gate.hung.set()
    order = browser.order(kind="priority", lane="in-1")["order_id"]
    gate.hung.clear()
    gate.let_go.set()
    states = []

    def settled() -> bool:
        told = browser.see(f"/orders/{order}").json()
        states.append(told["status"])
        return bool(told["status"] != "unknown")

    until(settled, "the answer")
    assert states[-1] == "rejected"
    assert len(states) > 1, "it takes a while until nobody can have it any more"


def test_a_form_that_is_not_known_keeps_its_id(browser: Browser, gate: GateEnd) -> None:
    gate.hung.set()
    order = mint()
    browser.sign_on()
    answer = browser.send("/notices", do="post", text="停水", audience="all", order_id=order)
    assert answer.status_code == 202
    found = re.findall(r'name="order_id" value="([^"]*)"', answer.text)
    assert order in found
    assert f'data-order="{order}"' in answer.text
    gate.hung.clear()
    gate.let_go.set()


def test_a_guard_whose_shift_ended_in_mid_form_loses_nothing(
    browser: Browser, gate: GateEnd
) -> None:
    browser.sign_on()
    gate.answer = lambda _: {**NOT_DONE, "code": 401, "detail": "…"}
    answer = browser.send("/notices", do="post", text="停水", audience="all")
    assert answer.headers["Location"] == "/sign-on?next=%2Fnotices"
    assert "已填内容已保留" in browser.see("/sign-on").text
    browser.sign_on()
    assert "停水" in browser.see("/notices").text


def test_a_rejection_about_a_field_stands_beside_it(browser: Browser, gate: GateEnd) -> None:
    browser.sign_on()
    result = {"says": "this is too long: %(limit)s characters at most", "with": {"limit": 9}}
    gate.answer = lambda _: {**NOT_DONE, "code": 422, "result": {**result, "field": "text"}}
    answer = browser.send("/notices", do="post", text="很长很长", audience="all")
    assert answer.status_code == 422
    assert load("zh", ZONE).filled(str(result["says"]), {"limit": 9}) in answer.text
    assert "很长很长" in answer.text, "what was filled in stands there again"


def test_an_answer_in_words() -> None:
    chinese = load("zh", ZONE)
    told: Mapping[str, Any] = {
        "status": "rejected",
        "code": 422,
        "detail": "this is needed",
        "result": {"says": "this is needed", "with": {}, "field": "visitor"},
    }
    answer = of("x", told)
    words = chinese("this is needed")
    assert (answer.says(chinese), answer.field, answer.tone) == (words, "visitor", "bad")
    assert words != "this is needed"
    assert of("x", {**told, "status": "done"}).field == ""
    odd = of("x", {**told, "result": {"says": "%(a)s and %(b)s", "with": {"a": 1}}})
    assert odd.says(chinese) == "%(a)s and %(b)s", "a template that does not fit is shown as it is"
    assert (
        Answer("x", "done", detail="nobody has words for this").says(chinese).startswith("nobody")
    )


def test_sentences_with_values_are_found_again() -> None:
    chinese = load("zh", ZONE)
    assert translated(chinese, "a lockdown is already in force: nothing to do").startswith(
        "已在封控中"
    )
    assert translated(chinese, "lane out-1 has no stop relay") == "out-1 没有停止继电器"
    assert json.dumps(translated(chinese, "something else"))


def test_the_page_shows_what_the_feed_brings(browser: Browser, gate: GateEnd) -> None:
    def moved() -> bool:
        gate.tell("open")
        return "已开" in browser.see("/gate/now").text

    until(moved, "the open arm")
