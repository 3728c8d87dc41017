"""The screen's process is killed, hangs, comes back: the gate does not care, the page says so."""

import os
import signal
from collections.abc import Iterator

import pytest

from tests.patience import LIMIT_S
from tests.rigs.browser import Eyes, expect
from tests.rigs.house import ENDED, GRANTED, IN
from tests.rigs.screen import ScreenHouse
from tests.screen.conftest import Look


@pytest.fixture(autouse=True)
def awake(house: ScreenHouse) -> Iterator[None]:
    """No test leaves a console behind that stands still."""
    yield
    if house.console.running:
        house.console.wake()
    else:
        house.console.start()


def passes(house: ScreenHouse) -> None:
    """A resident drives in: granted, up, through, down."""
    card, after = house.roster.draw("resident"), house.head()
    house.tap_lane(IN, card)
    house.wait_entry(GRANTED, after=after, card=card)
    house.through(IN, f"car-{after}")
    house.wait_entry(ENDED, after=after, card=card, outcome="passed")


def greys(desk: Eyes) -> None:
    """The page says that what it shows is old."""
    expect(desk.page.locator("body.old")).to_be_attached(timeout=LIMIT_S * 1000)
    desk.shows("[data-stale]")


def lives(desk: Eyes) -> None:
    """The page is current again, without anybody's help."""
    expect(desk.page.locator("body:not(.old)")).to_be_attached(timeout=LIMIT_S * 1000)


def test_killed(look: Look, house: ScreenHouse) -> None:
    desk = look()
    desk.forgive("ERR_", "403")
    house.console.kill()
    greys(desk)
    passes(house)
    house.console.start()
    lives(desk)


def test_hung(look: Look, house: ScreenHouse) -> None:
    desk = look()
    house.console.hang()
    greys(desk)
    passes(house)
    house.console.wake()
    lives(desk)
    desk.go("/")
    desk.sees("王R")


def test_daemon_anew(look: Look, house: ScreenHouse) -> None:
    """The daemon is killed under the screen: said within seconds, found again by itself."""
    desk = look()
    house.kill()
    greys(desk)
    house.start()
    lives(desk)
    passes(house)
    desk.sees("王R")


def test_daemon_hangs(look: Look, house: ScreenHouse) -> None:
    """An order that nobody answers is not known yet, and settles when the daemon goes on."""
    desk = look()
    os.kill(house.pid, signal.SIGSTOP)
    try:
        desk.shows(f"#lane-{IN}").click()
        desk.type("F9")
        desk.shows(".say.wait")
    finally:
        os.kill(house.pid, signal.SIGCONT)
    # Where the machine stood still it lay too long, and is refused.
    if "good" in (desk.shows(".say.good, .say.bad").get_attribute("class") or ""):
        house.through(IN, "car-late")
