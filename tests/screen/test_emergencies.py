"""E1 to E5, in both languages."""

import hashlib
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.console.words import load
from agent.core.entries import MEANINGS, EntryType
from tests.patience import until
from tests.rigs.browser import HOLD_MS, Eyes
from tests.rigs.house import IN, ORDERED, OUT
from tests.rigs.screen import DESK_READER, LEADER, ScreenHouse
from tests.screen.conftest import Look
from tests.screen.ways import LICENCE, ZONE, drives_in, referred, register

FAILED, RETURNED = "gate.power.failed.v1", "gate.power.returned.v1"
CHECKED = "gate.agent.checked.v1"
RAISED, LIFTED = "gate.emergency.raised.v1", "gate.emergency.lifted.v1"


@pytest.fixture
def leader(look: Look, language: str) -> Eyes:
    """A shift leader: only one may end an emergency."""
    return look(language, LEADER)


@pytest.fixture(autouse=True)
def calm(house: ScreenHouse) -> Iterator[None]:
    """No test leaves an emergency behind for the next one."""
    yield
    house.sim.mend("gate.fire")
    for kind in ("fire_reset", "lift_lockdown"):
        house.ask("order", order_id=f"calm-{kind}-{house.head()}", kind=kind, args={"reason": "ok"})


def hold(desk: Eyes, dialog: str, button: str) -> None:
    """Open a dialog of the emergency keys, and hold a button of it."""
    desk.go("/")
    desk.page.locator(f'footer [data-opens="{dialog}"]').click()
    if dialog == "lockdown":
        desk.pick_reason(f"#{dialog}")
    desk.page.locator(f"#{dialog} {button}").click(delay=HOLD_MS)


def test_lockdown(leader: Eyes) -> None:
    """Entry only. Who tries to leave is recorded, and leaves only by name."""
    house, card = leader.house, leader.house.roster.draw("resident")
    after = house.head()
    # A slip of the hand does nothing: it has to be held.
    leader.go("/")
    leader.page.locator('footer [data-opens="lockdown"]').click()
    leader.pick_reason("#lockdown")
    leader.page.locator("#lockdown button.danger").click()
    hold(leader, "lockdown", "button.danger")
    house.wait_entry(RAISED, after=after, emergency="lockdown")
    referred(leader, card, "lockdown_release")
    leader.go("/")
    leader.shows(f"#lane-{OUT} [data-next]").click()
    leader.pick_reason("#open-lane")
    leader.fill({"for": "王女士"}, "#open-lane")
    leader.page.locator("#open-lane button.good").click()
    released = house.wait_entry(ORDERED, after=after, order="open", lane=OUT)
    assert released.actor == LEADER
    drives_in(leader, OUT)
    house.tap_lane(IN, card)
    house.wait_entry("gate.access.granted.v1", after=after, card=card, lane=IN)
    drives_in(leader)
    hold(leader, "lockdown", 'button[value="lift_lockdown"]')
    house.wait_entry(LIFTED, after=after, emergency="lockdown")
    assert len(house.entries(RAISED, after=after)) == 1


def test_fire(leader: Eyes) -> None:
    """Every arm goes up and stays up; no close until the reset."""
    house = leader.house
    after = house.head()
    hold(leader, "fire", "button.danger")
    house.wait_entry(RAISED, after=after, emergency="fire")
    for lane in (IN, OUT):
        house.wait(lane=lane, arm="up")
    leader.go("/")
    leader.page.locator(f"#lane-{IN} [data-in-lane=F7]").click()
    house.wait_entry(ORDERED, after=after, order="close", lane=IN)
    assert house.lane(IN)["position"] == "open"
    hold(leader, "fire", 'button[value="fire_reset"]')
    house.wait_entry(LIFTED, after=after, emergency="fire")
    for lane in (IN, OUT):
        leader.page.locator(f"#lane-{lane} [data-in-lane=F7]").click()
        house.wait(lane=lane, arm="down")


def test_power_cut(leader: Eyes) -> None:
    """The mains go and come back: every part is looked at then, and the duty log says so."""
    house = leader.house
    after = house.head()
    house.sim.input("gate.mains", True)
    until(lambda: house.entries(FAILED, RETURNED, after=after), "the mains changed")
    house.sim.mend("gate.mains")
    house.wait_entry(FAILED, after=after)
    returned = house.wait_entry(RETURNED, after=after)
    checked = house.wait_entry(CHECKED, after=returned.sequence)
    parts = " ".join(each["part"] for each in house.data(checked)["parts"])
    for part in ("in-1-rdm", "out-1-rdm", DESK_READER, "in-1.loop"):
        assert part in parts, parts
    words = load(leader.language, ZONE)
    leader.go("/shift")
    leader.sees(words(MEANINGS[EntryType(RETURNED)]))
    leader.sees(words(MEANINGS[EntryType(CHECKED)]))


def test_search_and_export(leader: Eyes) -> None:
    """Two characters of a name, three of a plate; what was found leaves sealed."""
    card = leader.house.roster.draw("visitor_vehicle")
    plate = f"粤B·9{card[2:]}"
    fields = {"visitor": f"欧阳{card}", "plate": plate, "host": "陈经理"}
    fields["answer"] = "host_agreed"
    register(leader, "company", fields, LICENCE, card=card)
    drives_in(leader)
    for part in ("欧阳", plate[-3:]):

        def found(part: str = part) -> bool:
            """The index follows the ledger within moments."""
            leader.go("/search")
            leader.fill({"text": part}, "main form")
            leader.submit('main form[role="search"] button')
            return card in leader.text()

        until(found, f"a movement by {part}", step_s=0.5)
    after = leader.house.head()
    with leader.page.expect_download() as download:
        leader.shows('a[href*="/search/export"]').click()
    with zipfile.ZipFile(download.value.path()) as archive:
        parts = {Path(name).suffix: archive.read(name) for name in archive.namelist()}
    assert card.encode() in parts[".csv"]
    assert hashlib.sha256(parts[".csv"]).hexdigest().encode() in parts[".json"], "it is sealed"
    leader.house.wait_entry("gate.evidence.exported.v1", after=after)
    leader.go("/inside")
    leader.sees(card)


def test_help(leader: Eyes) -> None:
    house = leader.house
    unit = f"6-40{1 if leader.language == 'zh' else 2}"
    leader.go("/help")
    after = house.head()
    leader.write(
        "ask",
        {"kind": "flood", "unit": unit, "visitor": "李女士", "description": "厨房漏水"},
    )
    asked = house.data(house.wait_entry("gate.help.requested.v1", after=after))
    leader.go("/")
    leader.shows("#todo").get_by_text(unit).wait_for()
    leader.go("/help")
    leader.sees(re.compile(r"[45]:\d\d"))
    leader.write("answer", {"note": "工程部已去"}, {"help": str(asked["help"])})
    house.wait_entry("gate.help.answered.v1", after=after)
    leader.write("close", {"note": "已修好"}, {"help": str(asked["help"])})
    house.wait_entry("gate.help.closed.v1", after=after)
