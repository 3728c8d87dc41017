"""The call panel on the Gate page, in Chromium, with real telephones behind it."""

from collections.abc import Iterator

import pytest

from tests.parts import require
from tests.patience import LIMIT_S, until
from tests.rigs.browser import Eyes, expect
from tests.rigs.calling import NUMBER, QUIET, UNIT, CallingHouse
from tests.rigs.house import GRANTED, IN
from tests.rigs.screen import ScreenHouse
from tests.screen.conftest import Look

BEGAN, ENDED = "gate.call.began.v1", "gate.call.ended.v1"


@pytest.fixture(scope="module")
def calling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallingHouse]:
    require("baresip", "chromium")
    folder = tmp_path_factory.mktemp("t")
    with CallingHouse(folder, make=lambda at, told: ScreenHouse(at, changes=told)) as gate:
        yield gate


@pytest.fixture(scope="module")
def house(calling: CallingHouse) -> ScreenHouse:
    found = calling.house
    assert isinstance(found, ScreenHouse)
    return found.open_screen()


@pytest.fixture(autouse=True)
def nothing_on(calling: CallingHouse) -> Iterator[None]:
    """No call is left behind for the next test."""
    yield
    for row in read_open(calling):
        calling.order("call.end", call=row["call"])
    until(lambda: not read_open(calling), "every call is over")


def read_open(calling: CallingHouse) -> list[dict[str, str]]:
    house = calling.house
    assert isinstance(house, ScreenHouse)
    return house.rows("calls", state="open")


def count(calling: CallingHouse, kind: str) -> int:
    """How often the resident's telephone has told this."""
    return sum(told.kind == kind for told in list(calling.resident.heard))


def does(desk: Eyes, what: str) -> None:
    """Press a button of the panel."""
    desk.page.locator(f"#calls button[data-focus^='{what}']").click()


def test_a_call_is_seen_and_the_guard_opens(
    look: Look, calling: CallingHouse, house: ScreenHouse, language: str
) -> None:
    desk = look(language)
    expect(desk.page.locator("#calls")).to_be_hidden()
    after = house.head()
    calling.press()
    panel = desk.page.locator("#calls")
    expect(panel).to_be_visible(timeout=LIMIT_S * 1000)
    expect(panel).to_contain_text("王小明", timeout=LIMIT_S * 1000)
    expect(panel).to_contain_text(UNIT)
    assert NUMBER not in desk.page.content()
    assert desk.small_targets() == []
    assert desk.overflows() == 0
    does(desk, "call.decide-agreed-open")
    granted = house.wait_entry(GRANTED, after=after, order="call.decide")
    assert house.data(granted)["lane"] == IN
    expect(panel).to_be_hidden(timeout=LIMIT_S * 1000)
    house.through(IN, f"car-{after}")


def test_the_resident_declines_and_the_guard_sees_it(
    look: Look, calling: CallingHouse, house: ScreenHouse
) -> None:
    desk = look()
    after = house.head()
    rung, talked = (count(calling, kind) for kind in ("CALL_INCOMING", "CALL_ESTABLISHED"))
    calling.press()
    calling.resident.wait("CALL_INCOMING", rung + 1)
    calling.resident.command("accept")
    desk.sees("通话中")
    calling.resident.wait("CALL_ESTABLISHED", talked + 1)
    calling.resident.press("0")
    ended = house.wait_entry(ENDED, after=after)
    assert house.data(ended)["answer"] == "declined"
    expect(desk.page.locator("#calls")).to_be_hidden(timeout=LIMIT_S * 1000)


def test_the_guard_takes_the_call_and_hangs_up(
    look: Look, calling: CallingHouse, house: ScreenHouse
) -> None:
    desk = look()
    after = house.head()
    calling.press()
    house.wait_entry("gate.call.rang.v1", after=after)
    does(desk, "call.answer")
    answered = house.wait_entry("gate.call.answered.v1", after=after)
    assert house.data(answered)["by"] == "booth"
    desk.sees("通话中")
    does(desk, "call.end")
    house.wait_entry(ENDED, after=after)


def test_the_screen_rings_for_a_visitor_who_finds_no_button(look: Look, house: ScreenHouse) -> None:
    """By the lane's plan; while a call is on there the button is gone."""
    desk = look()
    after, rung = house.head(), len(house.entries("gate.call.rang.v1"))
    ring = desk.page.locator(f"#lane-{IN} form:has(input[value='call.ring']) button")
    expect(desk.page.locator("input[value='call.ring']")).to_have_count(1)
    ring.click()
    began = house.wait_entry(BEGAN, after=after)
    told = house.data(began)
    assert (told["origin"], told["lane"], began.actor) == ("screen", IN, "g-zhang")
    until(lambda: len(house.entries("gate.call.rang.v1")) > rung, "the resident's telephone rings")
    expect(desk.page.locator("#calls")).to_contain_text("王小明", timeout=LIMIT_S * 1000)
    expect(ring).to_have_count(0, timeout=LIMIT_S * 1000)
    assert desk.small_targets() == []
    assert desk.overflows() == 0
    does(desk, "call.end")
    house.wait_entry(ENDED, after=after)
    expect(ring).to_have_count(1, timeout=LIMIT_S * 1000)


def test_nobody_signed_on_sees_that_somebody_calls_and_not_whom(
    look: Look, calling: CallingHouse
) -> None:
    desk = look(guard="")
    # Nobody has touched the page yet, so that the browser lets no sound out.
    desk.forgive("AudioContext")
    desk.go("/")
    calling.press()
    expect(desk.page.locator("#calls")).to_be_visible(timeout=LIMIT_S * 1000)
    assert "王小明" not in desk.page.content()
    assert desk.page.locator("#calls button").count() == 0


def test_one_press_in_the_directory_calls(look: Look, house: ScreenHouse) -> None:
    desk = look(path="/directory")
    desk.fill({"q": "王小明"})
    desk.type("Enter")
    after = house.head()
    desk.page.locator("button[aria-label*='王小明'].good").click()
    began = house.wait_entry(BEGAN, after=after)
    assert (house.data(began)["origin"], began.actor) == ("guard", "g-zhang")
    desk.page.wait_for_url(lambda url: url.endswith("/"))
    expect(desk.page.locator("#calls")).to_contain_text(UNIT, timeout=LIMIT_S * 1000)


def test_the_answer_goes_into_the_visit(
    look: Look, calling: CallingHouse, house: ScreenHouse
) -> None:
    """The resident agrees by key; the form knows the unit, and the visit knows the call."""
    desk = look()
    rung, talked = (count(calling, kind) for kind in ("CALL_INCOMING", "CALL_ESTABLISHED"))
    call = calling.order("call.place", unit=UNIT)["call"]
    calling.resident.wait("CALL_INCOMING", rung + 1)
    calling.resident.command("accept")
    house.wait_entry("gate.call.answered.v1", call=call)
    calling.resident.wait("CALL_ESTABLISHED", talked + 1)
    calling.resident.press("5")
    house.wait_entry("gate.call.decided.v1", call=call)
    desk.sees("同意")
    desk.page.locator("#calls a[href^='/visitor-in']").click()
    desk.page.wait_for_url("**/visitor-in?call=*")
    expect(desk.page.locator("input[name=unit]")).to_have_value(UNIT)
    expect(desk.page.locator("[name=answer]").first).to_be_attached()
    card = house.roster.draw("visitor")
    desk.fill({"visitor": "李四", "card": card, "why_none": "known"})
    after = house.head()
    desk.submit("button[value=open]")
    opened = house.data(house.wait_entry("gate.visit.opened.v1", after=after))
    assert (opened["call"], opened["answer"]) == (call, "host_agreed")


def test_the_unit_is_called_from_the_visitors_form(
    look: Look, calling: CallingHouse, house: ScreenHouse
) -> None:
    """What was typed stays; what the resident presses goes into the visit by itself."""
    desk = look(path="/visitor-in")
    rung, talked = (count(calling, kind) for kind in ("CALL_INCOMING", "CALL_ESTABLISHED"))
    card = house.roster.draw("visitor")
    desk.page.locator("input[name=kind][value=resident]").check(force=True)
    desk.fill({"visitor": "钱七", "unit": UNIT, "card": card, "why_none": "known"})
    after = house.head()
    desk.submit("button[name=do][value=call]")
    began = house.data(house.wait_entry(BEGAN, after=after))
    assert (began["origin"], "lane" in began) == ("guard", False)
    panel = desk.page.locator("#calls")
    expect(panel).to_contain_text("王小明", timeout=LIMIT_S * 1000)
    expect(desk.page.locator("input[name=visitor]")).to_have_value("钱七")
    calling.resident.wait("CALL_INCOMING", rung + 1)
    calling.resident.command("accept")
    house.wait_entry("gate.call.answered.v1", call=began["call"])
    calling.resident.wait("CALL_ESTABLISHED", talked + 1)
    calling.resident.press("5")
    house.wait_entry("gate.call.decided.v1", call=began["call"])
    expect(panel).to_contain_text("同意", timeout=LIMIT_S * 1000)
    calling.resident.command("hangup")
    expect(panel).to_contain_text("已结束", timeout=LIMIT_S * 1000)
    desk.submit("button[name=do][value=open]")
    opened = house.data(house.wait_entry("gate.visit.opened.v1", after=after))
    assert (opened["call"], opened["answer"]) == (began["call"], "host_agreed")


def test_a_department_and_an_emergency_number_are_called_from_the_visitors_form(
    look: Look, calling: CallingHouse, house: ScreenHouse
) -> None:
    """One press each; the department's answer goes into the visit, the emergency call does not."""
    for entry, kind, name in (("d-71", "department", "财务部"), ("d-72", "emergency", "火警")):
        calling.order("directory.put", entry=entry, kind=kind, name=name, phones=[NUMBER])
    calling.order("directory.put", entry="d-73", kind="department", name="仓库")
    desk = look(path="/visitor-in")
    closed = count(calling, "CALL_CLOSED")
    assert desk.small_targets() == []
    assert desk.overflows() == 0
    assert NUMBER not in desk.page.content()
    expect(desk.page.locator("button[value='call d-73']")).to_have_count(0)
    rung, talked = (count(calling, kind) for kind in ("CALL_INCOMING", "CALL_ESTABLISHED"))
    card = house.roster.draw("visitor")
    desk.fill({"visitor": "吴九", "host": "郑会计", "card": card, "why_none": "known"})
    after = house.head()
    desk.submit("button[name=do][value='call d-71']")
    began = house.data(house.wait_entry(BEGAN, after=after))
    assert (began["origin"], "lane" in began) == ("guard", False)
    panel = desk.page.locator("#calls")
    expect(panel).to_contain_text("财务部", timeout=LIMIT_S * 1000)
    calling.resident.wait("CALL_INCOMING", rung + 1)
    calling.resident.command("accept")
    house.wait_entry("gate.call.answered.v1", call=began["call"])
    calling.resident.wait("CALL_ESTABLISHED", talked + 1)
    does(desk, "call.decide-agreed")
    house.wait_entry("gate.call.decided.v1", call=began["call"])
    calling.order("call.end", call=began["call"])
    house.wait_entry(ENDED, call=began["call"])
    until(lambda: count(calling, "CALL_CLOSED") > closed, "the telephone is free again")
    # Somebody falls over meanwhile: the form and the answer stay.
    between = house.head()
    desk.submit("button[name=do][value='call d-72']")
    urgent = house.data(house.wait_entry(BEGAN, after=between))
    assert urgent["call"] != began["call"]
    expect(panel).to_contain_text("火警", timeout=LIMIT_S * 1000)
    rang = house.data(house.wait_entry("gate.call.rang.v1", call=urgent["call"]))
    assert rang["party"] == "emergency"
    expect(desk.page.locator("input[name=visitor]")).to_have_value("吴九")
    desk.submit("button[name=do][value=open]")
    opened = house.data(house.wait_entry("gate.visit.opened.v1", after=after))
    assert (opened["call"], opened["answer"]) == (began["call"], "host_agreed")


def test_a_second_call_is_refused_and_the_form_stays(
    look: Look, calling: CallingHouse, house: ScreenHouse
) -> None:
    calling.order("directory.put", entry="d-72", kind="emergency", name="火警", phones=[NUMBER])
    calling.order("call.place", unit=UNIT)
    desk = look(path="/visitor-in")
    desk.forgive("422")
    desk.fill({"visitor": "冯十"})
    after = house.head()
    desk.submit("button[name=do][value='call d-72']")
    desk.sees("已有通话")
    expect(desk.page.locator("input[name=visitor]")).to_have_value("冯十")
    assert house.entries(BEGAN, after=after) == []


def test_a_unit_that_has_no_number_is_told_beside_its_field(look: Look) -> None:
    desk = look(path="/visitor-in")
    desk.forgive("422")
    desk.page.locator("input[name=kind][value=resident]").check(force=True)
    desk.fill({"visitor": "孙八", "unit": "99-9"})
    desk.submit("button[name=do][value=call]")
    expect(desk.page.locator("#fault-field-unit")).to_contain_text("99-9")
    expect(desk.page.locator("input[name=visitor]")).to_have_value("孙八")


def test_quiet_hours_are_told_and_the_guard_insists(
    look: Look, calling: CallingHouse, house: ScreenHouse
) -> None:
    calling.order(
        "directory.put", entry="d-2", kind="resident", name="周静", unit=QUIET, phones=[NUMBER]
    )
    desk = look(path="/directory")
    desk.forgive("422")
    desk.fill({"q": "周静"})
    desk.type("Enter")
    after = house.head()
    desk.page.locator("button[aria-label*='周静'].good").click()
    desk.sees("免打扰时间")
    assert house.entries(BEGAN, after=after) == []
    desk.page.locator("#place-reason").fill("楼道漏水")
    desk.page.locator("button[aria-label*='周静'].danger").click()
    began = house.data(house.wait_entry(BEGAN, after=after))
    assert (began["despite"], began["reason"]) == (True, "楼道漏水")
