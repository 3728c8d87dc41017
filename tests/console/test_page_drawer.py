"""Deposits, goods, who is inside and receipts against a whole house."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.core.entries import EntryType
from tests.console.booth import CASH, LICENCE, OUT, Booth
from tests.patience import until
from tests.rigs.receipt_printer import ReceiptPrinter
from tests.rigs.screen import ScreenHouse

COPY = "（补打".encode("gb18030")


@pytest.fixture(scope="module")
def printer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReceiptPrinter]:
    made = ReceiptPrinter(Path(tmp_path_factory.mktemp("p")) / "lp0")
    made.plug()
    yield made
    made.unplug()


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory, printer: ReceiptPrinter
) -> Iterator[ScreenHouse]:
    changes = {"printer": {"port": str(printer.link)}}
    with ScreenHouse(Path(tmp_path_factory.mktemp("t")), changes=changes) as made:
        yield made.open()


@pytest.fixture
def booth(house: ScreenHouse) -> Iterator[Booth]:
    desk = Booth(house)
    with closing(desk.client):
        yield desk.sign()


def test_the_drawer(booth: Booth, house: ScreenHouse) -> None:
    visit = booth.admit("抽屉", {**LICENCE, "deposits.0.pocket": "71"})
    one = str(house.row("deposits", visit=visit)["deposit"])
    page = booth.text("/deposits")
    assert page.count("<li>") > 90
    assert "抽屉" in page
    assert "抽屉" in booth.text(f"/deposits?deposit={one}")
    booth.done("/deposits", do="move", deposit=one, pocket="72", reason="放错")
    assert house.row("deposits", deposit=one)["pocket"] == "72"
    page = booth.refused("/deposits", "pocket", do="move", deposit=one, pocket="500", reason="x")
    assert "there is no pocket 500" in page
    booth.done("/deposits", do="take", visit=visit, **CASH)
    money = house.row("deposits", visit=visit, kind="cash")
    assert "CN¥100.50" in booth.text("/deposits")
    booth.done("/deposits", do="reverse", deposit=str(money["deposit"]), mistake="没收")
    booth.done("/deposits", do="end", deposit=one, end="refund_due", why="没来取")
    page = booth.text("/deposits")
    assert "To be given back at the office" in page
    assert booth.send("/deposits", do="nothing").status_code == 200


def test_goods_on_a_slip(booth: Booth, house: ScreenHouse) -> None:
    slip = {"number": "T-1", "unit": "7-7", "signatory": "甲", "stamp": "true"}
    lines = {"lines.0.name": "沙发", "lines.0.quantity": "2"}
    page = booth.refused("/goods", "unit", do="receive", **{**slip, "unit": ""}, **lines)
    assert 'value="沙发"' in page
    led = booth.done("/goods", do="receive", **slip, **lines)
    row = house.row("slips", unit_slip="T-1")
    assert led == f"/goods?slip={row['slip']}"
    assert "沙发" in booth.text(led)
    assert "T-1" in booth.text("/goods")
    shown = {"slip": str(row["slip"]), "signatory": "甲", "stamp": "true", "by": "hand"}
    ticks = {"ticks.0.line": "0", "ticks.0.quantity": "1"}
    page = booth.refused("/goods", "why", do="use", **shown, **ticks)
    why = {"why": "本人在场"}
    led = booth.done("/goods", do="use", **shown, **ticks, **why)
    assert led == f"/goods?slip={row['slip']}"
    stopped = booth.text(led)
    assert "沙发: 2 listed, 1 counted" in stopped
    ticks["ticks.0.quantity"] = "2"
    assert booth.done("/goods", do="use", **shown, **ticks, **why) == "/goods"
    assert house.row("slips", slip=row["slip"])["state"] == "used"
    assert "T-1" in booth.text("/goods")
    booth.done("/goods", do="receive", **{**slip, "number": "T-2"}, **lines)
    other = str(house.row("slips", unit_slip="T-2")["slip"])
    booth.done("/goods", do="stop", slip=other, reason="不符")
    booth.done("/goods", do="cancel", slip=other, reason="作废")
    assert house.row("slips", slip=other)["state"] == "cancelled"


def test_a_truck_is_looked_into(booth: Booth, house: ScreenHouse) -> None:
    page = booth.refused("/goods", "opened", do=f"clear {OUT}", plate="粤B1", result="clear")
    assert "nothing is clear unseen" in page
    fields = {"plate": "粤B1", "result": "clear", "opened": "true"}
    assert booth.done("/goods", do=f"inspect {OUT}", **fields) == "/goods"
    after = house.head()
    assert booth.done("/goods", do=f"clear {OUT}", **fields) == "/"
    house.wait_entry(EntryType.ACCESS_GRANTED, after=after, lane=OUT)
    house.through(OUT, "truck")
    # What its visit still needs keeps the arm down, and that is said.
    visit = booth.admit("货车", LICENCE, plate="粤B·2")
    card = str(house.row("visits", visit=visit)["card"])
    held = {"card": card, "result": "clear", "opened": "true"}
    assert booth.done("/goods", do=f"clear {OUT}", **held) == "/goods"
    assert "The arm stays down" in booth.text("/goods")


def test_who_is_inside(booth: Booth, house: ScreenHouse) -> None:
    card = house.roster.draw("resident")
    after = house.head()
    house.tap_lane("in-1", card)
    house.wait_entry(EntryType.ACCESS_GRANTED, after=after, card=card)
    house.through("in-1", "car-2")
    house.wait_entry(EntryType.PASSAGE_ENDED, after=after, card=card)
    booth.admit("场内一", LICENCE)
    page = booth.text("/inside")
    assert card in page
    assert "no passage was seen" in page
    people = booth.text("/inside?what=people")
    assert card in people
    assert "场内一" not in people
    assert card not in booth.text("/inside?what=vehicles")
    assert card not in booth.text("/inside?what=visits")
    assert "场内一" in booth.text("/inside?q=场内一")
    assert card not in booth.text("/inside?q=场内一")


def test_a_receipt_is_printed_once_and_a_copy_says_so(
    booth: Booth, house: ScreenHouse, printer: ReceiptPrinter
) -> None:
    visit = booth.admit("收据", LICENCE)
    number = str(house.row("deposits", visit=visit)["receipt"])
    page = booth.text(f"/receipt?visit={visit}&new=1")
    assert "Print at the receipt printer" in page
    assert 'name="again"' not in page
    order = {"visit": visit, "number": number, "order_id": f"console-{'b' * 32}"}
    before = house.part("printer")["counters"]["printed"]
    led = [booth.done("/receipt", **order) for _ in range(3)]
    assert set(led) == {f"/receipt?visit={visit}"}
    until(lambda: "收据".encode("gb18030") in printer.printed, "the receipt on paper")
    until(lambda: house.part("printer")["counters"]["printed"] == before + 1, "one receipt")
    assert COPY not in printer.printed
    again = booth.text(f"/receipt?visit={visit}")
    assert 'name="again" value="1"' in again
    booth.done("/receipt", visit=visit, number=number, again="1")
    until(lambda: COPY in printer.printed, "the copy on paper")
