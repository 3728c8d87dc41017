"""The booth of a real daemon: its printer, and identity numbers on their way in."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.booth import make_identities, make_printer
from agent.core.entries import EntryType
from agent.errors import GateError, SettingsError
from agent.identity import NO_KEY
from agent.settings.reading import read
from agent.store.reading import Reading
from tests.patience import until
from tests.rigs.cards import Card, digits
from tests.rigs.house import House
from tests.rigs.receipt_printer import ReceiptPrinter
from tests.settings.pages import GOOD

NUMBER = "11010519491231002X"
KEY = "0123456789abcdef"


@pytest.fixture
def printer(tmp_path: Path) -> Iterator[ReceiptPrinter]:
    made = ReceiptPrinter(tmp_path / "lp0")
    made.plug()
    yield made
    made.unplug()


def test_a_daemon_with_a_printer_and_a_key(tmp_path: Path, printer: ReceiptPrinter) -> None:
    key = tmp_path / "identity.key"
    key.write_text(f"{KEY}\n")
    changes = {"printer": {"port": str(printer.link)}, "identity_key": {"file": str(key)}}
    with House(tmp_path / "house", changes=changes).start() as house:
        assert house.ask("print", test=True)["waiting"] >= 1
        until(lambda: "绿园小区".encode("gb18030") in printer.printed, "the test page")
        until(lambda: house.part("printer")["counters"]["printed"] == 1, "that it was printed")
        with pytest.raises(GateError, match="no receipt 17"):
            house.ask("print", receipt=17)
        with pytest.raises(GateError, match="whole number"):
            house.ask("print", receipt="17")
        told = house.ask("identity", idnumber=NUMBER.lower())
        assert told["idmask"] == "110105********002X"
        with pytest.raises(GateError, match="look at it once more"):
            house.ask("identity", idnumber=f"{NUMBER[:17]}1")
        answer = house.ask(
            "order", order_id="o-1", kind="duty.note", args={}, form={"idnumber": "12"}
        )
        assert (answer["status"], answer["code"]) == ("rejected", 422)
        assert answer["result"]["field"] == "idnumber"
        house.ask(
            "order", order_id="o-2", kind="open", args={"lane": "in-1", "reason": f"is {NUMBER}"}
        )
        with Reading.open(house.ledger) as reading:
            kept = json.dumps(list(reading.export()), ensure_ascii=False, default=str)
        assert "110105********002X" in kept
        assert NUMBER not in kept
        assert NUMBER not in house.log()


def test_a_receipt_is_printed_from_the_books(tmp_path: Path, printer: ReceiptPrinter) -> None:
    cards = [Card(f"em4100:{digits(7)}", "V-017", "visitor", "stock")]
    changes = {"printer": {"port": str(printer.link), "columns": 48}}
    with House(tmp_path / "house", cards, changes=changes).start() as house:
        form = {
            "kind": "company",
            "card": "V-017",
            "visitor": "王女士",
            "host": "李工",
            "company": "某某公司",
            "answer": "host_agreed",
            "deposits": [
                {"kind": "cash", "amount": 5_000, "owner": "王女士"},
                {"kind": "work_card", "pocket": "12", "owner": "王女士", "description": "工号 88"},
            ],
        }
        done = house.ask("order", order_id="o-1", kind="visit.open", args={}, form=form)
        assert done["status"] == "done", done
        number = done["result"]["receipt"]
        house.ask("print", receipt=number)
        wanted = ("王女士", "现金 Cash", "￥50.00", "格 Pocket 12", "工号 88", f"{number:06d}")
        until(lambda: b"Return the card" in printer.printed, "the receipt")
        for part in (*wanted, "V-017", "离场 Leave by"):
            assert part.encode("gb18030") in printer.printed, part
        assert b"Copy" not in printer.printed
        house.ask("print", receipt=number, again=True)
        until(lambda: b"Copy" in printer.printed, "the same once more")


def test_without_printer_and_key_both_say_so(tmp_path: Path) -> None:
    with House(tmp_path / "house").start() as house:
        with pytest.raises(GateError, match="no printer is configured"):
            house.ask("print", test=True)
        with pytest.raises(GateError) as refused:
            house.ask("identity", idnumber=NUMBER)
        assert str(refused.value) == NO_KEY


def test_a_short_key_is_none(tmp_path: Path) -> None:
    key = tmp_path / "key"
    file = tmp_path / "gate.yaml"
    file.write_text(f"{GOOD}identity_key: {{file: {key}}}\n")
    key.write_bytes(b"0123456789abcde")
    with pytest.raises(SettingsError, match="has 15 bytes, and needs 16"):
        make_identities(read(file))
    key.write_text(KEY)
    assert make_identities(read(file)).known(NUMBER)
    assert make_printer(read(file)) is None


def test_what_the_law_refuses_is_in_the_journal_from_the_first_start_on(tmp_path: Path) -> None:
    changes = {"deposits": {"kinds": {"resident_id": {"responsible": "Wang Fang"}}}}
    kinds = (EntryType.DEPOSITKIND_ENABLED, EntryType.DEPOSITKIND_DISABLED)
    with House(tmp_path / "house", changes=changes).start() as house:
        for _ in range(2):
            with Reading.open(house.ledger) as reading:
                told = [entry for entry in reading.after(0, 500) if entry.type in kinds]
            (entry,) = told
            assert json.loads(entry.data)["responsible"] == "Wang Fang"
            assert entry.type == EntryType.DEPOSITKIND_ENABLED
            house.stop()
            house.start()
