"""Cards at the desk's reader on the pages of the desk, and pages that see what others did."""

from agent.core.entries import EntryType
from tests.patience import LIMIT_S
from tests.rigs.browser import Eyes, expect
from tests.rigs.screen import GUARD, GUARD_TAGS, LEADER, ScreenHouse
from tests.screen.conftest import Look

LIMIT_MS = LIMIT_S * 1000
MINE, THEIRS = f"G-{GUARD_TAGS[GUARD]}", f"G-{GUARD_TAGS[LEADER]}"


def hears(desk: Eyes) -> Eyes:
    """Wait until the page hears what happens at the gate."""
    expect(desk.page.locator("[data-clock]")).not_to_have_text("--:--:--", timeout=LIMIT_MS)
    return desk


def test_a_card_signs_a_handover_for_the_one_whose_it_is(
    look: Look, language: str, house: ScreenHouse
) -> None:
    """Whichever is shown first; nothing is typed but what was counted."""
    desk = hears(look(language, path="/shift/handover"))
    house.tap_desk(THEIRS)
    expect(desk.field("card.to")).to_have_value(THEIRS, timeout=LIMIT_MS)
    expect(desk.field("to")).to_have_value(LEADER, timeout=LIMIT_MS)
    expect(desk.field("card.from")).to_have_value("", timeout=LIMIT_MS)
    house.tap_desk(MINE)
    expect(desk.field("card.from")).to_have_value(MINE, timeout=LIMIT_MS)
    desk.fill({"cash.CNY": "0", "documents": "0", "cards": "7"})
    expect(desk.page.locator("[data-difference] .bad")).to_have_count(1, timeout=LIMIT_MS)
    before = house.head()
    desk.write("hand_over", {"note": f"{language}: 一切正常"})
    handed = house.data(house.wait_entry(EntryType.SHIFT_HANDED, after=before))
    assert handed["signed"] == {"from": "card", "to": "card"}
    assert desk.path.startswith("/shift/print?shift=")
    desk.sees("一切正常")
    assert not desk.barriers()


def test_a_new_card_fills_in_its_number(look: Look, language: str, house: ScreenHouse) -> None:
    desk = hears(look(language, LEADER, "/cards"))
    desk.unfold("details:has(#issue-credential)")
    desk.field("credential").click()
    tag = 777_120 if language == "zh" else 777_121
    house.sim.tap_em4100("desk-rdm", f"{tag:010}")
    expect(desk.field("credential")).to_have_value(f"em4100:{tag:010}", timeout=LIMIT_MS)


def test_help_that_is_asked_elsewhere_is_seen_and_never_wipes_what_is_typed(
    look: Look, language: str, house: ScreenHouse
) -> None:
    desk = hears(look(language, path="/help"))
    unit = f"8-{language}"
    house.act("help.ask", {"kind": "repair", "unit": unit, "description": "lift"})
    desk.sees(unit)
    desk.fill({"unit": "typed"}, 'form:has([name="visitor"])')
    house.act("help.ask", {"kind": "repair", "unit": f"{unit}-2", "description": "lift"})
    desk.shows("[data-news]")
    expect(desk.page.locator("#ask-unit")).to_have_value("typed", timeout=LIMIT_MS)
    desk.page.locator("[data-news] a").click()
    desk.sees(f"{unit}-2")
