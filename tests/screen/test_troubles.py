"""What of the gate does not work, and what a guard has to see: on every page, by itself."""

from playwright.sync_api import Locator

from tests.rigs.browser import LANGUAGES, SIZES, Eyes, expect
from tests.rigs.house import IN, OUT
from tests.rigs.screen import GUARD, ScreenHouse
from tests.screen.conftest import Look

READER = f"{IN}-rdm"
BROKEN = {"zh": "此处读不到卡", "en": "No card is read here."}
FORCED = {"zh": "外力移动", "en": "moved by force"}


def item(desk: Eyes, text: str) -> Locator:
    """The item of the list of what is to be done that holds this text."""
    return desk.page.locator("#todo li", has_text=text)


def test_a_lost_reader_is_told_and_taken_back(look: Look, house: ScreenHouse) -> None:
    """Also where nobody is signed on, and on other pages."""
    eyes = {language: look(language, size=SIZES["small"]) for language in LANGUAGES}
    nobody, elsewhere = look(guard=""), look(path="/deposits")
    nobody.go("/")
    for desk in (*eyes.values(), nobody, elsewhere):
        desk.hears()
        expect(desk.page.locator("[data-link]")).not_to_have_class("link bad")
    house.sim.unplug(READER)
    try:
        for desk in (*eyes.values(), nobody, elsewhere):
            expect(desk.page.locator("[data-link]")).to_have_class("link bad")
        for language, desk in eyes.items():
            expect(item(desk, BROKEN[language])).to_contain_text(READER)
            for scheme in ("light", "dark"):
                desk.page.evaluate(f"document.documentElement.dataset.scheme = '{scheme}'")
                assert desk.barriers() == [], (language, scheme)
            assert desk.small_targets() == []
            assert desk.overflows() <= 0
        expect(item(nobody, BROKEN["zh"])).to_be_visible()
        elsewhere.page.locator("header .state").click()
        elsewhere.page.wait_for_url("**/health")
    finally:
        house.sim.replug(READER)
    for language, desk in eyes.items():
        expect(item(desk, BROKEN[language])).to_have_count(0)
    expect(nobody.page.locator("[data-link]")).not_to_have_class("link bad")


def test_a_forced_arm_stands_in_the_list_until_a_guard_has_seen_it(
    desk: Eyes, language: str, house: ScreenHouse
) -> None:
    after = house.head()
    house.sim.hand(OUT, 1)
    house.wait_entry("gate.alarm.raised.v1", after=after, alarm="forced", lane=OUT)
    found = item(desk, FORCED[language])
    expect(found).to_have_count(1)
    house.sim.hand(OUT, -1)
    house.wait_entry("gate.arm.closed.v1", after=after, lane=OUT)
    house.sim.hand(OUT, None)
    expect(found).to_have_count(1)
    found.locator(".see button").click()
    over = house.wait_entry("gate.alarm.ended.v1", after=after, alarm="forced", lane=OUT)
    assert over.actor == GUARD
    expect(found).to_have_count(0)
    assert house.rows("alarms", alarm="forced") == []
