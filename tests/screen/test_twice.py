"""Nothing is doubled and nothing is lost, whatever is pressed twice, gone back to or cut short."""

import threading

import pytest
from playwright.sync_api import Route

from tests.patience import QUIET_S, until
from tests.rigs.browser import Eyes, expect
from tests.rigs.house import IN, ORDERED, OUT
from tests.rigs.screen import GUARD, LEADER, PINS, ScreenHouse
from tests.screen.conftest import Look
from tests.screen.ways import LICENCE, OPENED, drives_in, hold_to_desk, referred, register

VISITOR = {"unit": "8-1203", "answer": "host_agreed"}


def filled(desk: Eyes) -> str:
    """The form of Visitor in, filled in and ready to be sent; gives the card."""
    card = desk.house.roster.draw("visitor")
    desk.go("/visitor-in")
    desk.fill({"kind": "resident", "visitor": f"客人{card}"} | VISITOR | LICENCE)
    hold_to_desk(desk, card)
    return card


def opened(desk: Eyes, after: int) -> int:
    """How many visits were opened since; what comes late is waited for."""
    desk.house.wait_entry(OPENED, after=after)
    threading.Event().wait(QUIET_S)
    return len(desk.house.entries(OPENED, after=after))


def test_double_click(look: Look) -> None:
    desk = look()
    filled(desk)
    after = desk.house.head()
    with desk.page.expect_navigation():
        desk.button(f"open {IN}").dblclick()
    assert opened(desk, after) == 1
    drives_in(desk)


def test_form_sent_twice(look: Look, house: ScreenHouse) -> None:
    """The same form from the same page once more, as an impatient browser sends it: one order."""
    desk = look()
    filled(desk)
    body = desk.page.evaluate(
        "() => { const form = document.querySelector('form[action=\"/visitor-in\"]');"
        " const data = new URLSearchParams(new FormData(form)); data.set('do', 'open');"
        " return data.toString(); }"
    )
    after = house.head()
    send = """body => Promise.all([1, 2, 3].map(() => fetch('/visitor-in', {method: 'POST',
        headers: {'Content-Type': 'application/x-www-form-urlencoded'}, body})
        .then(answer => answer.status)))"""
    statuses = desk.page.evaluate(send, body)
    assert all(status < 400 for status in statuses), statuses
    assert opened(desk, after) == 1


def test_back_button(look: Look) -> None:
    """Back to the form that was sent, and sent again: still one visit."""
    desk = look()
    filled(desk)
    after = desk.house.head()
    desk.press("open")
    assert opened(desk, after) == 1
    desk.page.go_back()
    desk.shows('[name="visitor"]')
    if desk.field("visitor").input_value():
        desk.forgive("422")
        desk.press("open")
    assert opened(desk, after) == 1
    assert desk.text()


def test_two_browsers(look: Look) -> None:
    """Both end the same visit: one does, the other is told."""
    one, other = look(), look("en", LEADER)
    card = one.house.roster.draw("visitor")
    visit = register(one, "resident", VISITOR | {"visitor": f"客人{card}"}, LICENCE, card=card)
    drives_in(one)
    referred(one, card, "deposit_due")
    for eyes in (one, other):
        eyes.forgive("422")
        eyes.go(f"/visitor-out?visit={visit['visit']}")
        eyes.fill({"card_back": True})
    after = one.house.head()
    one.press(f"end {OUT}")
    drives_in(one, OUT)
    other.press(f"end {OUT}")
    entries = one.house.entries("gate.visit.ended.v1", "gate.deposit.ended.v1", after=after)
    assert len(entries) == 2
    assert one.house.row("deposits", visit=visit["visit"])["state"] == "returned"
    assert other.text()


def test_both_see_a_lane(look: Look) -> None:
    """What one orders the other sees without asking."""
    one, other = look(), look("en", LEADER)
    after = one.house.head()
    one.page.locator(f"#lane-{OUT} [data-in-lane=F5]").click()
    one.pick_reason("#open-lane")
    one.page.locator("#open-lane button.good").click()
    one.house.wait_entry(ORDERED, after=after, order="open", lane=OUT)
    expect(other.page.locator(f"#lane-{OUT} svg.arm.open")).to_be_visible(timeout=90_000)
    one.house.through(OUT, f"car-{after}")
    expect(other.page.locator(f"#lane-{OUT} svg.arm.closed")).to_be_visible(timeout=90_000)


def test_key_pressed_twice(look: Look, house: ScreenHouse) -> None:
    """F9 hit twice in a hurry: an order that is on its way is not given again."""
    desk = look()
    desk.shows(f"#lane-{IN}").click()
    after = house.head()
    desk.page.evaluate(
        """() => { for (let n = 0; n < 2; n += 1) dispatchEvent(
            new KeyboardEvent('keydown', {key: 'F9', bubbles: true, cancelable: true})); }"""
    )
    house.wait_entry(ORDERED, after=after, order="priority")
    threading.Event().wait(QUIET_S)
    orders = [e for e in house.entries(ORDERED, after=after) if house.data(e)["lane"] == IN]
    assert len(orders) == 1
    house.through(IN, f"car-{after}")


def test_tap_while_the_page_opens(look: Look, house: ScreenHouse) -> None:
    """What happens between a page and its first news is on it all the same."""
    desk, held = look(path="/help"), list[Route]()

    def keep(route: Route) -> None:
        held.append(route)

    desk.page.route("**/events", keep)
    with desk.page.expect_request("**/events"):
        desk.go("/")
    card, after = house.roster.draw("resident"), house.head()
    house.tap_lane(IN, card)
    house.wait_entry("gate.arm.opened.v1", after=after, lane=IN)
    desk.misses(card)
    held[0].continue_()
    desk.sees(card)
    house.through(IN, f"car-{after}")


@pytest.mark.parametrize("how", ["signed off elsewhere", "console anew"])
def test_session_ends_in_mid_form(look: Look, house: ScreenHouse, how: str) -> None:
    """What was filled in waits for the sign-on, and is one visit in the end."""
    desk = look()
    card = filled(desk)
    after = house.head()
    if how == "console anew":
        house.console.kill()
        house.console.start()
        desk.forgive("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED", "ERR_", "403")
    else:
        # He signs on at another browser of this desk, and off again: his shift is over.
        other = look()
        other.go("/sign-on")
        other.submit('main form[action="/sign-on/off"] button')
        house.wait_entry("gate.shift.ended.v1", after=after)
    desk.forgive("422", "401")
    desk.press(f"open {IN}")
    until(lambda: "/sign-on" in desk.path or "/visitor-in" in desk.path, "the sign-on")
    assert not house.entries(OPENED, after=after)
    if "/sign-on" not in desk.path:
        desk.go("/sign-on?next=%2Fvisitor-in")
    desk.fill({"guard": GUARD, "pin": PINS[GUARD]})
    desk.submit('main form:has([name="pin"]) button:not([type="button"])')
    desk.page.wait_for_url("**/visitor-in**")
    assert desk.field("visitor").input_value() == f"客人{card}"
    assert desk.field("card").input_value() == card
    desk.press(f"open {IN}")
    assert opened(desk, after) == 1
    drives_in(desk)
