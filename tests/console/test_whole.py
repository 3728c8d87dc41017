"""The real daemon and the real console, each of them killed, hung and started anew."""

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from ruamel.yaml import YAML

from agent.console.desk import mint
from agent.core.tap import LATE_NS
from tests.console.browsing import Browser
from tests.patience import LIMIT_S, until
from tests.rigs.pki import Authority
from tests.rigs.ports import free_port
from tests.rigs.screen import DESK, GUARD, PINS, ScreenHouse

IN = "in-1"
T = TypeVar("T")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScreenHouse]:
    with ScreenHouse(tmp_path_factory.mktemp("whole")) as made:
        yield made.open()


@contextmanager
def looking(house: ScreenHouse) -> Iterator[Browser]:
    """Somebody at the screen."""
    with httpx.Client(base_url=house.console.address, timeout=LIMIT_S) as client:
        yield Browser(client)


@pytest.fixture
def browser(house: ScreenHouse) -> Iterator[Browser]:
    with looking(house) as made:
        yield made


def sign_on(house: ScreenHouse, browser: Browser) -> httpx.Response:
    """With card and PIN, as a guard does it."""
    before = house.head()
    house.tap_desk("G-901")
    shown = house.wait_entry("gate.card.presented.v1", before, desk=DESK)
    return browser.send("/sign-on", pin=PINS[GUARD], presented=str(shown.sequence))


def fresh(browser: Browser) -> bool:
    """Does the page say that the gate answers?"""
    answer = browser.see("/health/now")
    assert answer.status_code == 200
    return "没有回应" not in answer.text


def soon(look: Callable[[], T], what: str) -> T:
    """Wait for a page to say it, and ask no more often than the console allows."""
    return until(look, what, step_s=0.25)


def test_a_guard_signs_on_with_card_and_pin(house: ScreenHouse, browser: Browser) -> None:
    assert browser.see("/shift").status_code == 303
    answer = sign_on(house, browser)
    assert answer.headers["Location"] == "/", answer.text
    assert "张伟" in browser.see("/").text
    assert browser.see("/shift").status_code == 200


def test_a_tap_is_on_the_page_with_name_and_phrase(house: ScreenHouse, browser: Browser) -> None:
    nobody = browser.see("/").text
    sign_on(house, browser)
    label = house.roster.draw("resident")
    house.tap_lane(IN, label)
    soon(lambda: label in browser.see("/gate/now").text, "the tap")
    page = browser.see("/gate/now").text
    name = f"王R{int(label[2:])}"
    assert f"{name}，欢迎回家。" in page
    assert "准入" in page
    assert label not in nobody
    house.through(IN, "R1")
    with looking(house) as stranger:
        assert name not in stranger.see("/").text, "no names while nobody is signed on"


def test_what_protects_needs_nobody_and_the_rest_does(house: ScreenHouse, browser: Browser) -> None:
    before = house.head()
    assert browser.order(kind="stop", lane=IN)["status"] == "done"
    entry = house.wait_entry("gate.arm.ordered.v1", before, order="stop")
    assert house.data(entry)["unsigned"] is True
    told = browser.order(kind="open", lane=IN, reason="x")
    assert told["status"] != "done"
    sign_on(house, browser)
    before = house.head()
    assert browser.order(kind="close", lane=IN)["order_id"]
    told = browser.order(kind="open", lane=IN, reason="送货")
    assert told["status"] == "done", told
    entry = house.wait_entry("gate.arm.ordered.v1", before, order="open")
    assert entry.actor == GUARD
    house.through(IN, "R2")


def test_one_form_in_two_browsers_and_a_double_click_is_one_passage(house: ScreenHouse) -> None:
    order, answers = mint(), list[str]()

    def press() -> None:
        with looking(house) as browser:
            fields = {"kind": "priority", "lane": IN, "order_id": order}
            answers.extend(browser.order(**fields)["status"] for _ in range(2))

    before = house.head()
    threads = [threading.Thread(target=press, name=f"browser-{n}") for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert answers == ["done"] * 4
    assert len(house.entries("gate.arm.ordered.v1", after=before)) == 1
    house.through(IN, "R3")


def test_a_killed_console_costs_the_gate_nothing(house: ScreenHouse) -> None:
    with looking(house) as browser:
        sign_on(house, browser)
    house.console.kill()
    label = house.roster.draw("resident")
    house.opened(IN, house.tap_lane(IN, label))
    house.through(IN, "R4")
    house.console.start()
    with looking(house) as browser:
        assert "无人签到" in browser.see("/").text, "who was signed on signs on again"
        sign_on(house, browser)
        assert label in browser.see("/gate/now").text


def test_a_hung_console_costs_the_gate_nothing(house: ScreenHouse, browser: Browser) -> None:
    browser.see("/")
    house.console.hang()
    try:
        label = house.roster.draw("resident")
        house.opened(IN, house.tap_lane(IN, label))
        house.through(IN, "R5")
    finally:
        house.console.wake()
    sign_on(house, browser)
    soon(lambda: label in browser.see("/gate/now").text, "what it has missed")


def test_a_daemon_that_was_killed_is_said_and_found_again(
    house: ScreenHouse, browser: Browser
) -> None:
    soon(lambda: fresh(browser), "the daemon")
    house.kill()
    soon(lambda: not fresh(browser), "the loss")
    told = browser.order(kind="priority", lane=IN)
    assert told["status"] == "failed"
    assert browser.see("/").status_code == 200
    house.start()
    soon(lambda: fresh(browser), "the daemon")


def test_a_hung_daemon_hangs_no_page(house: ScreenHouse, browser: Browser) -> None:
    sign_on(house, browser)
    soon(lambda: fresh(browser), "the daemon")
    pid = house.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        soon(lambda: not fresh(browser), "the loss")
        for path in ("/", "/gate/now", "/health", "/deposits"):
            assert browser.see(path).status_code == 200
        told = browser.order(kind="stop", lane=IN)
        assert told["status"] == "unknown"
    finally:
        os.kill(pid, signal.SIGCONT)
    soon(lambda: fresh(browser), "the daemon")

    def settled() -> Any:
        answer = browser.see(f"/orders/{told['order_id']}").json()
        return answer["status"] != "unknown" and answer

    assert soon(settled, "what became of the order")


def test_an_order_that_lay_too_long_opens_nothing(house: ScreenHouse, browser: Browser) -> None:
    back = "the daemon"
    soon(lambda: fresh(browser), back)
    before, pid = house.head(), house.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        told = browser.order(kind="priority", lane=IN)
        assert told["status"] == "unknown"
        soon(lambda: time.monotonic() - began > LATE_NS / 1e9 + 0.5, "it to be too late")
    finally:
        os.kill(pid, signal.SIGCONT)
    soon(lambda: fresh(browser), back)

    def settled() -> str:
        status = browser.see(f"/orders/{told['order_id']}").json()["status"]
        return "" if status == "unknown" else str(status)

    assert soon(settled, "what became of the order") == "rejected"
    assert house.entries("gate.arm.ordered.v1", after=before) == []


def test_who_waits_at_the_exit_is_shown_with_what_he_gets_back(
    house: ScreenHouse, browser: Browser
) -> None:
    sign_on(house, browser)
    card = house.roster.draw("visitor")
    deposits = [
        {"kind": "cash", "amount": "10000"},
        {"kind": "driving_licence", "owner": "李四", "pocket": "47"},
    ]
    form = {"kind": "resident", "card": card, "visitor": "李四", "unit": "8-1203"}
    house.act("visit.open", {**form, "answer": "host_agreed", "deposits": deposits})
    house.tap_lane("out-1", card)
    soon(lambda: "47 号格" in browser.see("/gate/now").text, "what he gets back")
    page = browser.see("/gate/now").text
    assert page.index("47 号格 · 驾驶证") < page.index("¥100.00")
    assert f"/visitor-out?lane=out-1&amp;card={card}" in page
    told = browser.order(kind="duty.dismiss", lane="out-1", reason="已驶离")
    assert (told["status"], told["says"]) == ("done", "已记录。")
    soon(lambda: "47 号格" not in browser.see("/gate/now").text, "that he has gone")


def test_every_browser_hears_the_news(house: ScreenHouse) -> None:
    heard: dict[int, list[str]] = {0: [], 1: []}
    sequences: dict[int, int] = {}
    began = [threading.Event(), threading.Event()]

    def listen(number: int) -> None:
        with looking(house) as browser, browser.client.stream("GET", "/events") as lines:
            assert lines.headers["Content-Type"].startswith("text/event-stream")
            name = ""
            for line in lines.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    told = json.loads(line.removeprefix("data: "))
                    assert "王" not in line, "names are not told, only what to ask for"
                    heard[number].append(name)
                    if name == "beat":
                        assert told["fresh"] in (True, False)
                        began[number].set()
                    elif name == "card":
                        sequences[number] = told["sequence"]
                        return

    threads = [
        threading.Thread(target=listen, args=(number,), name=f"ear-{number}") for number in heard
    ]
    for thread in threads:
        thread.start()
    assert all(one.wait(LIMIT_S) for one in began)
    before = house.head()
    house.tap_desk("G-902")
    shown = house.wait_entry("gate.card.presented.v1", before, desk=DESK)
    for thread in threads:
        thread.join(LIMIT_S)
    assert set(sequences.values()) == {shown.sequence}
    assert len(sequences) == 2


def test_what_is_known_of_a_card_at_the_desk(house: ScreenHouse, browser: Browser) -> None:
    sign_on(house, browser)
    before = house.head()
    label = house.roster.draw("visitor")
    house.tap_desk(label)
    shown = house.wait_entry("gate.card.presented.v1", before, desk=DESK)
    told = browser.see(f"/desk/card/{shown.sequence}").json()
    assert (told["card"], told["known"]) == (label, True)
    before = house.head()
    house.sim.tap_em4100("desk-rdm", "00000EEEEE")
    shown = house.wait_entry("gate.card.presented.v1", before, desk=DESK)
    told = browser.see(f"/desk/card/{shown.sequence}").json()
    assert (told["card"], told["known"]) == ("", False)
    for nothing in (1, 9**30):
        assert browser.see(f"/desk/card/{nothing}").status_code == 404


def test_all_pages_are_there_and_it_stays_small(house: ScreenHouse, browser: Browser) -> None:
    from agent.console.pages import _ALL, PAGES  # noqa: PLC0415

    assert PAGES == _ALL, "every page of the table has its module"
    # What measures coverage takes 7 MB of its own: they are not the console's.
    house.console.stop()
    house.console.start(plain=True)
    sign_on(house, browser)
    for language in ("en", "zh"):
        browser.send("/language", language=language)
        for page in PAGES:
            answer = browser.see(page.path)
            assert answer.status_code == 200, page.path
    assert house.console.resident_kb() < 60 * 1024


def test_it_ends_when_it_is_told_to_with_pages_open(house: ScreenHouse) -> None:
    with looking(house) as browser, browser.client.stream("GET", "/events") as lines:
        assert next(lines.iter_lines())
        assert house.console.stop() == 0
    house.console.start()


def test_over_tls(house: ScreenHouse, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair, port = authority.issue("console", server=True), free_port()
    yaml = YAML()
    page = yaml.load(house.gate.config)
    page["console"]["listen"] = f"127.0.0.1:{port}"
    page["console"]["tls"] = {"cert": str(pair.cert), "key": str(pair.key)}
    config = tmp_path / "gate.yaml"
    yaml.dump(page, config)
    command = [sys.executable, "-m", "agent", "console", "-c", str(config)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
    try:
        assert process.stdout is not None
        assert (
            process.stdout.readline() == f"the guard's screen: https://127.0.0.1:{port}/\n".encode()
        )
        trust = ssl.create_default_context(cafile=authority.ca)
        address = f"https://127.0.0.1:{port}"
        with httpx.Client(base_url=address, verify=trust, timeout=LIMIT_S) as client:
            browser = Browser(client)
            answer = browser.see("/")
            assert "; Secure" in answer.headers["Set-Cookie"]
            origin = {"Origin": address, "Sec-Fetch-Site": "same-origin"}
            assert browser.send("/language", origin, language="en").status_code == 303
            plain = {"Origin": address.replace("https", "http")}
            assert browser.send("/language", plain, language="zh").status_code == 403
    finally:
        process.terminate()
        assert process.wait(LIMIT_S) == 0
        if process.stdout is not None:
            process.stdout.close()


def test_it_does_not_listen_to_the_world_without_tls(house: ScreenHouse) -> None:
    done = house.command("console", "--listen", "0.0.0.0", "--port", "0")  # noqa: S104 - refused
    assert done.returncode == 1
    assert "without TLS" in done.stderr


def test_a_port_that_is_taken_is_said(house: ScreenHouse) -> None:
    done = house.command("console", "--port", str(house.port))
    assert done.returncode == 1
    assert "cannot listen" in done.stderr
    assert Path(house.gate.config).exists()
