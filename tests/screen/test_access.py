"""Everybody can use it: no serious barrier on any page, by keyboard alone, at both sizes."""

import pytest

from agent.console.pages import PAGES
from tests.patience import LIMIT_S
from tests.rigs.browser import SIZES, Eyes, expect
from tests.rigs.house import IN, OUT
from tests.rigs.screen import LEADER, ScreenHouse
from tests.screen.conftest import Look
from tests.screen.ways import OPENED, VISIT_ENDED, drives_in, referred

PATHS = [*(page.path for page in PAGES), "/bans"]


@pytest.fixture(scope="module", autouse=True)
def busy(house: ScreenHouse) -> None:
    """Something stands on every page."""
    card = house.roster.draw("visitor")
    form = {
        "kind": "company",
        "visitor": "李四",
        "company": "海港物流",
        "host": "陈经理",
        "answer": "host_agreed",
        "plate": "粤B·D12345",
        "card": card,
        "deposits": [{"kind": "driving_licence", "pocket": "12", "description": "A 1234"}],
    }
    house.act("visit.open", form)
    house.act("notice.post", {"text": "今天 15:00 停水", "audience": "all"})
    house.act("help.ask", {"kind": "flood", "unit": "6-402", "description": "漏水"})
    house.act("ban.set", {"visitor": "张三", "reason": "发传单"})
    house.act("appointment.make", {"kind": "company", "visitor": "钱八", "host": "陈经理"})
    house.act(
        "slip.receive",
        {"number": "FX-1", "unit": "8-1203", "lines": [{"name": "沙发", "quantity": 2}]},
    )
    house.act(
        "directory.put",
        {"entry": "d-1", "kind": "emergency", "name": "火警", "phones": ["119"]},
    )
    house.tap_lane(IN, house.roster.draw("resident"))
    house.through(IN, "car-first")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_serious_barrier(look: Look, language: str) -> None:
    """axe-core on every page, light and dark, at the small size; nothing sticks out."""
    desk = look(language, LEADER, size=SIZES["small"])
    found: dict[str, list[str]] = {}
    for path in PATHS:
        desk.go(path)
        barriers = desk.barriers()
        desk.page.emulate_media(color_scheme="dark")
        barriers += [f"dark: {one}" for one in desk.barriers()]
        desk.page.emulate_media(color_scheme="light")
        if wide := desk.overflows():
            barriers.append(f"{wide} px wider than the window")
        barriers += [f"small: {one}" for one in desk.small_targets()]
        if barriers:
            found[path] = barriers
    assert not found


@pytest.mark.parametrize("size", SIZES)
def test_first_page_needs_no_scrolling(look: Look, size: str) -> None:
    """The lanes with their keys are all in sight at once."""
    desk = look("zh", LEADER, size=SIZES[size])
    height = SIZES[size][1]
    for lane in (IN, OUT):
        box = desk.shows(f"#lane-{lane} .lanekeys").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= height
    keys = desk.shows("footer.keys").bounding_box()
    assert keys is not None
    assert keys["y"] + keys["height"] <= height


def focus(desk: Eyes, name: str, most: int = 60) -> None:
    """Tab until the field of this name has the focus; with the keyboard only."""
    for _ in range(most):
        at = desk.page.evaluate("document.activeElement.name || ''")
        if at == name:
            return
        desk.type("Tab")
    raise AssertionError(f"no way to {name} by keyboard")


def test_keyboard_alone(look: Look, house: ScreenHouse) -> None:
    """A visitor in and out without a mouse: keys shown on the buttons, and Tab."""
    desk = look()
    card = house.roster.draw("visitor")
    after = house.head()
    desk.page.keyboard.press("F1")
    desk.page.wait_for_url("**/visitor-in")
    focus(desk, "kind")
    desk.page.keyboard.press("ArrowRight")
    focus(desk, "visitor")
    desk.page.keyboard.type(f"键盘{card}")
    focus(desk, "unit")
    desk.page.keyboard.type("8-1203")
    focus(desk, "answer")
    desk.page.keyboard.press("ArrowDown")
    focus(desk, "card")
    desk.hears()
    house.tap_desk(card)
    expect(desk.field("card")).to_have_value(card, timeout=LIMIT_S * 1000)
    focus(desk, "deposits.0.kind")
    desk.page.keyboard.press("ArrowDown")
    chosen = desk.page.locator('[name="deposits.0.kind"]').input_value()
    if chosen == "cash":
        focus(desk, "deposits.0.amount")
        desk.page.keyboard.press("Control+A")
        desk.page.keyboard.type("100")
    assert "Ctrl+Enter" in desk.button(f"open {IN}").inner_text()
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Control+Enter")
    visit = house.data(house.wait_entry(OPENED, after=after))["visit"]
    drives_in(desk)
    referred(desk, card, "deposit_due")
    desk.page.keyboard.press("Escape")
    desk.page.wait_for_url(f"{house.console.address}/")
    desk.hears()
    desk.shows(f"#lane-{OUT} [data-next]")
    while desk.page.locator(f"#lane-{OUT}.chosen").count() == 0:
        desk.page.keyboard.press("ArrowRight")
    desk.page.keyboard.press("F2")
    desk.page.wait_for_url("**/visitor-out?**")
    focus(desk, "card_back")
    if not desk.field("card_back").is_checked():  # a card that was tapped at the exit is at hand
        desk.page.keyboard.press("Space")
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Control+Enter")
    house.wait_entry(VISIT_ENDED, after=after, visit=visit)
    drives_in(desk, OUT)


def test_pages_by_keys(look: Look) -> None:
    """Every page is two keys away, and Esc leads back."""
    desk = look()
    for page in PAGES:
        if page.path == "/":
            continue
        desk.go("/")
        if page.key:
            desk.type(page.key)
        else:
            desk.type("F8")
            desk.shows("#all-pages[open]")
            desk.type(page.menu)
        desk.page.wait_for_url(f"**{page.path}")
