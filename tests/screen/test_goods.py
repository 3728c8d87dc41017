"""G1 and G2: goods leave as their slip lists them, once, in both languages."""

from tests.rigs.browser import Eyes
from tests.rigs.house import GRANTED, OUT
from tests.screen.ways import drives_in

RECEIVED, USED = "gate.releaseslip.received.v1", "gate.releaseslip.used.v1"
STOPPED = "gate.releaseslip.stopped.v1"


def receive(desk: Eyes, number: str, unit: str) -> str:
    """Type in a slip; gives its id."""
    house = desk.house
    entry = f"d-{number.lower()}"
    house.act(
        "directory.put",
        {
            "entry": entry,
            "kind": "resident",
            "name": f"业主{number}",
            "unit": unit,
            "phones": ["13800000000"],
            "signs": True,
        },
    )
    desk.go("/goods")
    desk.fill(
        {
            "number": number,
            "unit": unit,
            "signatory": f"业主{number}",
            "owner": "搬家公司",
            "stamp": True,
            "lines.0.name": "沙发",
            "lines.0.quantity": "2",
        },
        "#type",
    )
    desk.page.locator("#type [data-add]").click()
    desk.fill({"lines.1.name": "纸箱", "lines.1.quantity": "12"}, "#type")
    after = house.head()
    desk.press("receive", "#type")
    return str(house.data(house.wait_entry(RECEIVED, after=after))["slip"])


def tick(desk: Eyes, slip: str, *, boxes: str = "12", by: str = "vehicle") -> None:
    """Tick both lines of the slip, with so many boxes."""
    desk.go(f"/goods?slip={slip}")
    desk.fill({"ticks.0.line": True, "ticks.1.line": True, "ticks.1.quantity": boxes})
    row = desk.house.row("slips", slip=slip)
    desk.fill({"signatory": f"业主{row['unit_slip']}", "stamp": True, "by": by})


def test_slip_used_once(desk: Eyes) -> None:
    slip = receive(desk, f"FX1{desk.language}".upper(), f"9-1{desk.language}")
    tick(desk, slip)
    after = desk.house.head()
    desk.press(f"use {OUT}")
    desk.house.wait_entry(USED, after=after, slip=slip, by="vehicle")
    desk.house.wait_entry(GRANTED, after=after, lane=OUT)
    drives_in(desk, OUT)
    desk.house.act("slip.use", {"slip": slip, "signatory": "谁", "stamp": True}, code=409)


def test_slip_that_differs(desk: Eyes) -> None:
    """One box too many: the goods stay, and that is written down."""
    slip = receive(desk, f"FX2{desk.language}".upper(), f"9-2{desk.language}")
    tick(desk, slip, boxes="13")
    after = desk.house.head()
    desk.press(f"use {OUT}")
    stopped = desk.house.data(desk.house.wait_entry(STOPPED, after=after, slip=slip))
    assert stopped["differences"][0] == {
        "what": "quantity",
        "name": "纸箱",
        "listed": 12,
        "counted": 13,
    }
    assert not desk.house.entries(GRANTED, after=after)
    desk.sees("纸箱")


def test_by_hand(desk: Eyes) -> None:
    slip = receive(desk, f"FX3{desk.language}".upper(), f"9-3{desk.language}")
    tick(desk, slip, by="hand")
    after = desk.house.head()
    desk.press("use")
    desk.house.wait_entry(USED, after=after, slip=slip, by="hand")
    assert not desk.house.entries(GRANTED, after=after)
