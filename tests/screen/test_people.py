"""P1 to P7: everybody who comes on foot, the whole way, in both languages."""

import re
from datetime import datetime, timedelta

from tests.rigs.browser import Eyes
from tests.rigs.house import DENIED, ENDED, GRANTED, IN, OUT, REFERRED
from tests.screen.ways import (
    CASH,
    LICENCE,
    ZONE,
    drives_in,
    later,
    lets_out,
    referred,
    register,
    state,
)


def test_staff(desk: Eyes) -> None:
    card = desk.house.roster.draw("staff")
    after = desk.house.head()
    desk.house.tap_lane(IN, card)
    desk.house.wait_entry(GRANTED, after=after, card=card)
    desk.sees("工程部")
    drives_in(desk)
    desk.house.tap_lane(OUT, card)
    desk.house.wait_entry(GRANTED, after=after, card=card, lane=OUT)
    drives_in(desk, OUT)


def test_resident(desk: Eyes) -> None:
    """The screen says name and unit, and how to greet."""
    card = desk.house.roster.draw("resident")
    after = desk.house.head()
    desk.house.tap_lane(IN, card)
    desk.house.wait_entry(GRANTED, after=after, card=card)
    number = int(card[2:])
    desk.sees(f"王R{number}")
    desk.sees(f"8-12{number:02}")
    drives_in(desk)
    desk.house.wait_entry(ENDED, after=after, card=card, outcome="passed")


def test_company_visitor_with_an_appointment(desk: Eyes) -> None:
    house, card = desk.house, desk.house.roster.draw("visitor")
    name = f"李四{card}"
    desk.go("/appointments")
    desk.fill({"kind": "company", "visitor": name, "company": "海港物流", "host": "陈经理"})
    desk.fill({"from": later(0), "until": later(2)})
    desk.press("make")
    desk.go("/appointments")
    desk.sees(name)
    desk.page.locator("li", has_text=name).locator('a[href*="/visitor-in"]').click()
    desk.page.wait_for_url(re.compile(r".*/visitor-in\?appointment="))
    assert desk.field("visitor").input_value() == name
    visit = register(desk, "company", {"answer": "host_agreed"}, LICENCE, card=card, path=desk.path)
    assert visit["card"] == card
    assert state(desk, visit) == ["held"]
    assert house.rows("appointments", appointment=visit["appointment"])[0]["state"] == "used"
    assert house.rows("passes", card=card)[0]["state"] == "out"
    drives_in(desk)

    referred(desk, card, "deposit_due")
    desk.go(f"/visitor-out?card={card}&lane={OUT}")
    pocket = house.rows("deposits", visit=visit["visit"])[0]["pocket"]
    assert pocket in desk.shows(".give").inner_text()
    lets_out(desk, visit)
    assert state(desk, visit) == ["returned"]
    assert house.rows("passes", card=card)[0]["state"] == "in"


def test_company_visitor_declined(desk: Eyes) -> None:
    name = f"周五{desk.language}"
    desk.go("/visitor-in")
    desk.fill({"kind": "company", "visitor": name, "host": "陈经理"})
    desk.unfold("#decline")
    desk.fill({"reason": "host_declined", "asked": "host"})
    after = desk.house.head()
    desk.press("decline")
    desk.house.wait_entry("gate.visit.declined.v1", after=after, reason="host_declined")
    assert not [row for row in desk.house.rows("visits") if row["sequence"] > after]


def test_visitor_to_a_resident(desk: Eyes) -> None:
    card = desk.house.roster.draw("visitor")
    desk.go("/directory")
    after = desk.house.head()
    desk.write("call", {"to": "王女士", "unit": "8-1203", "answer": "agreed"})
    desk.house.wait_entry("gate.call.noted.v1", after=after)
    fields = {"visitor": f"赵六{card}", "unit": "8-1203", "host": "王女士", "answer": "host_agreed"}
    visit = register(desk, "resident", fields, CASH, card=card)
    money = desk.house.row("deposits", visit=visit["visit"])
    assert (money["amount"], money["currency"], money["pocket"]) == (10_000, "CNY", "")
    drives_in(desk)
    referred(desk, card, "deposit_due")
    desk.go(f"/visitor-out?card={card}")
    lets_out(desk, visit)
    assert state(desk, visit) == ["returned"]


def test_house_viewing(desk: Eyes) -> None:
    """No deposit, no card; the sales office hears of it at once."""
    after = desk.house.head()
    visit = register(desk, "viewing", {"visitor": f"看房{desk.language}"})
    notice = desk.house.wait_entry("gate.notice.posted.v1", after=after)
    assert desk.house.data(notice)["audience"] == "sales"
    assert (visit["card"], state(desk, visit)) == ("", [])
    drives_in(desk)


def test_hawker_is_banned(desk: Eyes) -> None:
    name = f"推销员{desk.language}"
    desk.go("/visitor-in")
    desk.fill({"kind": "resident", "visitor": name})
    desk.unfold("#decline")
    desk.fill({"reason": "hawker", "note": "在门口发传单", "ban": True})
    after = desk.house.head()
    desk.press("decline")
    desk.house.wait_entry("gate.visit.declined.v1", after=after, reason="hawker")
    desk.house.wait_entry("gate.ban.set.v1", after=after)
    desk.go("/bans")
    desk.sees(name)
    # The next shift sees it while it types.
    desk.go("/visitor-in")
    desk.page.locator('[name="visitor"]').press_sequentially(name)
    desk.shows("[data-found]")
    desk.sees("发传单")


def test_contractor_for_days(desk: Eyes) -> None:
    """Three days at most: more is not to be chosen, and is refused by the gate itself."""
    house, card = desk.house, desk.house.roster.draw("contractor")
    desk.go("/visitor-in")
    hours = desk.page.locator('[name="hours"] option').evaluate_all("all => all.map(e => e.value)")
    assert max(map(int, filter(None, hours))) == 72
    fields = {"visitor": f"电工{card}", "company": "装修公司", "unit": "6-402"}
    fields |= {"hours": "72"}
    visit = register(desk, "contractor", fields, LICENCE, card=card)
    now_us = datetime.now(ZONE).timestamp() * 1e6
    assert int(str(visit["until_us"])) - now_us < timedelta(days=3).total_seconds() * 1e6
    form = {"kind": "contractor", "visitor": "电工", "card": house.roster.draw("contractor")}
    house.act("visit.open", form | {"hours": "73"}, code=422)
    drives_in(desk)
    # In the evening he goes and leaves nothing: the deposit stays, the card goes with him.
    assert house.rows("passes", card=card)[0]["state"] == "out"


def test_long_term_contractor(desk: Eyes) -> None:
    """Dates are checked at each entry, and the guard looks whether the bearer is the holder."""
    house = desk.house
    label, tag = f"L-{desk.language}", 600 + ord(desk.language[0])
    ends = (datetime.now(ZONE) + timedelta(days=90)).strftime("%Y-%m-%dT%H:%M")
    house.act(
        "card.issue",
        {
            "credential": f"em4100:{tag:010X}",
            "label": label,
            "kind": "contractor",
            "holder": f"工头{label}",
            "valid_from": "2024-01-01T00:00",
            "valid_until": ends,
        },
    )
    house.roster.tags[label] = tag
    after = house.head()
    house.tap_lane(IN, label)
    house.wait_entry(REFERRED, after=after, card=label, duty="bearer_check")
    desk.go("/")
    desk.sees(f"工头{label}")
    desk.page.locator(f"#lane-{IN} [data-dialog], #lane-{IN} .next").first.click()
    dialog = desk.shows("dialog[open]")
    desk.fill({"document": "work_permit"}, "#bearer")
    dialog.locator("button.good").click()
    house.wait_entry("gate.bearer.confirmed.v1", after=after)
    drives_in(desk)


def test_a_card_that_nobody_issued(desk: Eyes) -> None:
    """A card of the stock opens nothing."""
    card = desk.house.roster.draw("visitor")
    after = desk.house.head()
    desk.house.tap_lane(IN, card)
    desk.house.wait_entry(DENIED, after=after, card=card)
    assert desk.house.lane(IN)["position"] == "closed"
