"""The Gate page by keyboard: lanes, reasons, held keys; and what it does by itself."""

import os
import signal

from tests.parts import require
from tests.patience import LIMIT_S, until
from tests.rigs.browser import HOLD_MS, Eyes, expect
from tests.rigs.house import IN, OUT
from tests.rigs.screen import LEADER, ScreenHouse
from tests.screen.conftest import Look

RAISED, ORDERED = "gate.emergency.raised.v1", "gate.arm.ordered.v1"


def chosen(desk: Eyes) -> str:
    """The lane on which the keys act."""
    found: str = desk.page.locator("[data-lane-card].chosen").get_attribute("data-lane-card") or ""
    return found


def focused(desk: Eyes, what: str) -> bool:
    """Does the focus lie on something with this attribute?"""
    found: bool = desk.page.evaluate(f"document.activeElement.hasAttribute('{what}')")
    return found


def test_arrows_choose_the_lane_and_keys_act_on_it(look: Look, house: ScreenHouse) -> None:
    desk = look()
    assert chosen(desk) == IN
    desk.type("ArrowRight")
    assert chosen(desk) == OUT
    desk.type("F5")
    expect(desk.page.locator("#open-lane")).to_be_visible()
    after = house.head()
    desk.type("4", "Enter")
    entry = house.wait_entry(ORDERED, after=after, order="open")
    assert house.data(entry)["lane"] == OUT
    assert house.data(entry)["reason"] == "送货"
    expect(desk.page.locator("#open-lane")).to_be_hidden()
    desk.type("F6")
    house.wait_entry(ORDERED, after=after, order="stop", lane=OUT)
    desk.type("F7")
    house.wait_entry(ORDERED, after=after, order="close", lane=OUT)
    desk.type("ArrowLeft")
    assert chosen(desk) == IN


def test_every_page_by_its_key(look: Look) -> None:
    desk = look()
    for key, path in (("F1", "/visitor-in"), ("F2", "/visitor-out"), ("F3", "/goods")):
        desk.type(key)
        desk.page.wait_for_url(f"**{path}*")
    desk.type("F8", "h")
    desk.page.wait_for_url("**/health")
    desk.type("Escape")
    desk.page.wait_for_url(lambda url: url.endswith("/"))


def test_a_slip_of_the_hand_raises_no_fire_and_a_held_key_does(
    look: Look, house: ScreenHouse
) -> None:
    desk = look(guard="")
    desk.go("/")
    after = house.head()
    desk.type("F12")
    expect(desk.page.locator("#fire")).to_be_visible()
    desk.type("F12", "Enter", "Escape")
    expect(desk.page.locator("#fire")).to_be_hidden()
    assert house.entries(RAISED, after=after) == []
    desk.type("F12")
    desk.page.keyboard.down("F12")
    entry = house.wait_entry(RAISED, after=after, emergency="fire")
    desk.page.keyboard.up("F12")
    assert house.data(entry)["unsigned"] is True
    until(lambda: house.lane(IN)["mode"] == "fire", "the fire")
    leader = look(guard=LEADER)
    leader.sees("消防：保持抬起")
    leader.type("F12")
    leader.page.locator("#fire button[value=fire_reset]").click(delay=HOLD_MS)
    until(lambda: house.lane(IN)["mode"] != "fire", "the end of the fire")
    for lane in (IN, OUT):
        leader.page.locator(f"#lane-{lane} [data-in-lane=F7]").click()
        house.wait(lane=lane, arm="down")


def test_who_needs_the_guard_comes_first_unless_he_is_at_something(
    look: Look, house: ScreenHouse
) -> None:
    desk, busy = look(), look(guard=LEADER)
    busy.type("F5")
    expect(busy.page.locator("#open-lane")).to_be_visible()
    busy.type("F8")
    card = house.roster.draw("visitor")
    house.act("visit.open", {"kind": "resident", "card": card, "visitor": "李四", "unit": "8-1203",
                             "answer": "host_agreed",
                             "deposits": [{"kind": "cash", "amount": "10000"}]})  # fmt: skip
    house.tap_lane(OUT, card)
    expect(desk.page.locator(f"#lane-{OUT} [data-next]")).to_be_focused(timeout=LIMIT_S * 1000)
    assert chosen(desk) == OUT
    expect(busy.page.locator(f"#lane-{OUT} [data-next]")).to_be_attached(timeout=LIMIT_S * 1000)
    expect(busy.page.locator("#open-lane")).to_be_visible()
    assert not focused(busy, "data-next")
    desk.type("F2")
    desk.page.wait_for_url(f"**/visitor-out?lane={OUT}&card={card}")


def test_what_is_not_known_settles_by_itself(look: Look, house: ScreenHouse) -> None:
    desk, pid = look(), house.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        desk.type("F6")
        desk.shows(".say.wait[data-order]")
        desk.sees("尚不清楚")
    finally:
        os.kill(pid, signal.SIGCONT)
    desk.sees("已下令停住")
    desk.misses("尚不清楚")


def test_a_page_that_outlives_its_console_works_on(look: Look, house: ScreenHouse) -> None:
    desk = look(guard="")
    desk.go("/")
    desk.forgive("ERR_", "403")
    house.console.kill()
    expect(desk.page.locator("body.old")).to_be_attached(timeout=LIMIT_S * 1000)
    house.console.start()
    expect(desk.page.locator("body:not(.old)")).to_be_attached(timeout=LIMIT_S * 1000)
    after = house.head()
    desk.type("F6")
    house.wait_entry(ORDERED, after=after, order="stop")


def test_light_and_dark_are_the_guards_choice(look: Look) -> None:
    require("chromium")
    desk = look()
    seen = set()
    for _ in range(3):
        desk.shows("[data-scheme-tool]").click()
        seen.add(str(desk.page.evaluate("getComputedStyle(document.body).backgroundColor")))
    assert len(seen) == 2
