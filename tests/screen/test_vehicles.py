"""V1 to V7: everything that comes on wheels, the whole way, in both languages."""

from tests.patience import until
from tests.rigs.browser import Eyes, expect
from tests.rigs.house import ENDED, GRANTED, IN, ORDERED, OUT
from tests.rigs.screen import GUARD, NAMES
from tests.screen.ways import CASH, LICENCE, drives_in, lets_out, referred, register, state

INSPECTED = "gate.inspection.made.v1"


def test_resident_vehicle(desk: Eyes) -> None:
    """No question is asked; driver and companions can be added afterwards."""
    house, card = desk.house, desk.house.roster.draw("vehicle")
    after = house.head()
    house.tap_lane(IN, card)
    granted = str(house.wait_entry(GRANTED, after=after, card=card).sequence)
    desk.sees(f"粤B·{int(card[2:]):05}")
    drives_in(desk)
    note = f'input[name="sequence"][value="{granted}"]'

    def found() -> bool:
        """The index follows the ledger within moments."""
        desk.go(f"/search?card={card}")
        return desk.page.locator(note).count() > 0

    until(found, "the movement", step_s=0.5)
    desk.write("note", {"driver": "王先生", "companions": "孩子两名"}, {"sequence": granted})
    house.wait_entry("gate.passage.noted.v1", after=after, of=int(granted))


def test_visitor_vehicle(desk: Eyes) -> None:
    card = desk.house.roster.draw("visitor_vehicle")
    fields = {"visitor": f"孙七{card}", "plate": "粤B·D12345", "host": "陈经理", "bay": "会所 1"}
    fields["answer"] = "host_agreed"
    visit = register(desk, "company", fields, LICENCE, card=card)
    assert (visit["bay"], visit["vehicle"]) == ("会所 1", 1)
    drives_in(desk)
    referred(desk, card, "deposit_due")
    desk.go(f"/visitor-out?card={card}")
    desk.sees("D12345")
    lets_out(desk, visit)
    assert state(desk, visit) == ["returned"]


def test_house_viewer_vehicle(desk: Eyes) -> None:
    """To the bays at the club house; the sales office hears of it."""
    after, bay = desk.house.head(), f"会所 {2 if desk.language == 'zh' else 3}"
    fields = {"visitor": f"看房车{desk.language}", "plate": "粤B·F00001", "bay": bay}
    visit = register(desk, "viewing", fields)
    assert visit["bay"] == bay
    notice = desk.house.wait_entry("gate.notice.posted.v1", after=after)
    assert desk.house.data(notice)["audience"] == "sales"
    drives_in(desk)


def test_delivery(desk: Eyes) -> None:
    """The way and the rules of unloading stand there to be told; the patrol hears of it."""
    house, card = desk.house, desk.house.roster.draw("visitor_vehicle")
    after = house.head()
    fields = {"visitor": f"送货{card}", "plate": "粤B·54321", "unit": "8-1203"}
    visit = register(desk, "delivery", fields, CASH, card=card)
    desk.sees("直走第二个路口右转")
    desk.sees("只在货梯口卸货")
    notice = house.wait_entry("gate.notice.posted.v1", after=after)
    assert house.data(notice)["audience"] == "patrol"
    drives_in(desk)
    referred(desk, card, "deposit_due")
    desk.go(f"/visitor-out?card={card}")
    lets_out(desk, visit)


def test_priority(desk: Eyes) -> None:
    """One press opens and nothing is asked; why it was is written up afterwards."""
    house = desk.house
    desk.go("/")
    desk.shows(f"#lane-{IN}").click()
    after = house.head()
    desk.type("F9")
    given = house.wait_entry(ORDERED, after=after, order="priority", lane=IN)
    assert given.actor == GUARD
    assert "count" not in house.data(given)
    drives_in(desk)
    desk.shows(f'#todo a[href*="act={given.sequence}"]').click()
    desk.page.wait_for_url("**/shift?**")
    desk.sees(NAMES[GUARD])
    desk.write("sign", {"reason": "救护车，6 栋 402"}, {"act": str(given.sequence)})
    signed = house.data(house.wait_entry("gate.act.signed.v1", after=after))
    assert (signed["act"], signed["of"]) == (str(given.sequence), "priority")


def test_priority_announced(desk: Eyes) -> None:
    """It says the way beforehand; one press lets it through and uses the announcement up."""
    house = desk.house
    after = house.head()
    desk.go("/help")
    route = f"直走到 6 栋 {desk.language}"
    desk.write("announce", {"kind": "wedding", "unit": "6-402", "route": route, "count": "2"})
    first = house.data(house.wait_entry("gate.priority.announced.v1", after=after))["announced"]
    desk.go("/")
    desk.shows("#todo").get_by_text(route).wait_for()
    desk.shows(f"#lane-{IN}").click()
    after = house.head()
    desk.shows(f'#todo [data-of-lane="{IN}"]').click()
    given = house.wait_entry(ORDERED, after=after, order="priority", lane=IN)
    assert (house.data(given)["announced"], house.data(given)["count"]) == (first, 2)
    expect(desk.page.locator("#todo").get_by_text(route)).to_have_count(0)
    assert not house.rows("unsigned"), "who was announced is known"
    two_drive_in(desk, after)
    # Announced again, and let through by a key; then one that comes no more.
    for ends in (False, True):
        after = house.head()
        desk.go("/help")
        desk.write("announce", {"kind": "ambulance", "unit": "6-402", "route": route})
        announced = house.data(house.wait_entry("gate.priority.announced.v1", after=after))
        which = str(announced["announced"])
        if ends:
            desk.go("/help")
            desk.write("come", {}, {"announced": which})
            house.wait_entry("gate.priority.ended.v1", after=after)
            continue
        desk.go("/")
        desk.shows("#todo").get_by_text(route).wait_for()
        desk.type("Control+F9")
        house.wait_entry(ORDERED, after=after, order="priority", lane=IN, announced=which)
        drives_in(desk)


def test_priority_convoy(desk: Eyes) -> None:
    """Two cars on one grant, without a mouse: neither is a tailgater."""
    house = desk.house
    desk.go("/")
    desk.shows(f"#lane-{IN}").click()
    after = house.head()
    desk.type("Shift+F9")
    desk.shows("#convoy[open]")
    desk.type("2", "Enter")
    given = house.wait_entry(ORDERED, after=after, order="priority", lane=IN)
    assert house.data(given)["count"] == 2
    two_drive_in(desk, after)
    desk.go(f"/shift?act={given.sequence}")
    desk.write("sign", {"reason": "婚车"}, {"act": str(given.sequence)})
    house.wait_entry("gate.act.signed.v1", after=after)


def two_drive_in(desk: Eyes, after: int) -> None:
    """Two cars, nose to tail, on the grant that was given after this."""
    house = desk.house
    for car in ("a", "b"):
        house.drive(IN, f"car-{after}-{car}")
    ended = house.wait_entry(ENDED, after=after, lane=IN, outcome="passed")
    assert house.data(ended)["vehicles"] == 2
    house.wait(lane=IN, cars=0)
    house.wait(lane=IN, arm="down")
    (only,) = house.entries(ENDED, after=after)
    assert only.sequence == ended.sequence, "nobody tailgated"


def test_vehicle_without_a_card(desk: Eyes) -> None:
    """Never let in unrecorded: without a plate and a destination the form comes back."""
    house, card = desk.house, desk.house.roster.draw("visitor_vehicle")
    after = house.head()
    desk.forgive("422")
    desk.go("/visitor-in")
    desk.fill({"kind": "vehicle", "visitor": "司机"})
    desk.press(f"open {IN}")
    desk.shows("[aria-invalid]")
    assert not house.entries(GRANTED, after=after)
    fields = {"visitor": f"司机{card}", "plate": "粤B·98765", "destination": "物业中心"}
    visit = register(desk, "vehicle", fields, LICENCE, card=card)
    assert visit["vehicle"] == 1
    drives_in(desk)


def test_truck_leaving(desk: Eyes) -> None:
    """The arm stays down until its back was looked into, also when nothing else is due."""
    house, card = desk.house, desk.house.roster.draw("visitor_vehicle")
    fields: dict[str, str | bool] = {"visitor": f"货车{card}", "plate": "粤B·77777"}
    fields |= {"unit": "8-1203", "truck": True}
    visit = register(desk, "delivery", fields, CASH, card=card)
    assert visit["truck"] == 1
    drives_in(desk)
    desk.forgive("422")
    referred(desk, card, "inspection_due")
    desk.go(f"/goods?card={card}&lane={OUT}")
    desk.fill({"card": card}, "#truck")
    desk.press(f"inspect {OUT}", "#truck")
    desk.shows("#truck [aria-invalid]")  # nothing is clear unseen
    desk.fill({"card": card, "opened": True, "result": "clear"}, "#truck")
    after = house.head()
    desk.press(f"inspect {OUT}", "#truck")
    house.wait_entry(INSPECTED, after=after, result="clear")
    # The card is still out: the visit ends as every other.
    desk.go(f"/visitor-out?card={card}")
    lets_out(desk, visit)
