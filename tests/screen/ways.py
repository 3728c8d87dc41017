"""What the tests of the screen do again and again: let somebody in and out, read a row."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.patience import LIMIT_S, until
from tests.rigs.browser import Eyes, expect
from tests.rigs.house import ENDED, GRANTED, IN, OUT, REFERRED

OPENED, VISIT_ENDED = "gate.visit.opened.v1", "gate.visit.ended.v1"
TAKEN, GIVEN = "gate.deposit.taken.v1", "gate.deposit.ended.v1"
LICENCE = {"deposits.0.kind": "driving_licence", "deposits.0.description": "A 1234"}
CASH = {"deposits.0.kind": "cash", "deposits.0.amount": "100"}
ZONE = ZoneInfo("Asia/Shanghai")


def later(hours: float) -> str:
    """A local time of the gate as a form wants it."""
    at = datetime.now(ZONE) + timedelta(hours=hours)
    return at.strftime("%Y-%m-%dT%H:%M")


def hold_to_desk(desk: Eyes, label: str, name: str = "card") -> None:
    """Hold a card to the desk's reader: the form takes it up."""
    desk.hears().house.tap_desk(label)
    expect(desk.field(name)).to_have_value(label, timeout=LIMIT_S * 1000)


def register(
    desk: Eyes,
    kind: str,
    fields: Mapping[str, str | bool],
    deposit: Mapping[str, str | bool] | None = None,
    *,
    card: str = "",
    lane: str = IN,
    path: str = "/visitor-in",
) -> dict[str, object]:
    """Fill in the form of Visitor in, tap the card, send it; gives the row of the visit."""
    desk.go(path)
    desk.fill({"kind": kind})
    desk.fill(fields)
    if deposit:
        desk.fill(deposit)
    if card:
        hold_to_desk(desk, card)
    after = desk.house.head()
    desk.press(f"open {lane}" if lane else "open")
    assert not (wrong := desk.complaints()), wrong
    entry = desk.house.wait_entry(OPENED, after=after)
    return desk.house.row("visits", visit=desk.house.data(entry)["visit"])


def drives_in(desk: Eyes, lane: str = IN) -> None:
    """Through the lane that was opened, until its arm is down again."""
    after = desk.house.head()
    desk.house.through(lane, f"car-{after}")
    desk.house.wait_entry(ENDED, after=after, lane=lane, outcome="passed")


def referred(desk: Eyes, card: str, duty: str, lane: str = OUT) -> None:
    """Tap at the exit: the arm stays down, and the guard is told why."""
    house = desk.house
    until(lambda: house.lane(lane)["position"] == "closed", "the arm is down, as the gate knows")
    after = desk.house.head()
    desk.house.tap_lane(lane, card)
    desk.house.wait_entry(REFERRED, after=after, card=card, duty=duty)
    assert desk.house.lane(lane)["position"] == "closed"


def lets_out(desk: Eyes, visit: Mapping[str, object], does: str = f"end {OUT}") -> None:
    """Fill in the form of Visitor out as it should be, and see the visit ended."""
    after = desk.house.head()
    if desk.page.locator('[name="card_back"]').count():
        desk.fill({"card_back": True})
    desk.press(does)
    assert not (wrong := desk.complaints()), wrong
    desk.house.wait_entry(VISIT_ENDED, after=after, visit=visit["visit"])
    if does.startswith("end ") and does.endswith(OUT):
        desk.house.wait_entry(GRANTED, after=after, lane=OUT)
        drives_in(desk, OUT)


def state(desk: Eyes, visit: Mapping[str, object]) -> list[str]:
    """States of the deposits of a visit."""
    return [row["state"] for row in desk.house.rows("deposits", visit=visit["visit"])]
