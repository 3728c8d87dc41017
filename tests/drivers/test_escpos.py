"""The receipt printer on real pseudo-terminals, as a serial port and as a file."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import DeviceError
from agent.ports import Condition
from drivers import escpos
from drivers.escpos import CUT, FEED, INIT, EscPos, encoded
from tests.patience import QUIET_S, until
from tests.rigs.receipt_printer import ENDED, FULL, ReceiptPrinter

RECEIPT = ("绿园小区", "编号 No.  000017")


@pytest.fixture(params=["serial", "lp0"])
def printer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReceiptPrinter]:
    made = ReceiptPrinter(tmp_path / request.param)
    yield made
    made.unplug()


@pytest.fixture
def driver(printer: ReceiptPrinter) -> Iterator[EscPos]:
    made = EscPos(str(printer.link), 9_600, "gb18030")
    yield made
    made.stop()


def is_ok(driver: EscPos) -> bool:
    return driver.health().condition is Condition.OK


def test_a_receipt_comes_out_whole(printer: ReceiptPrinter, driver: EscPos) -> None:
    printer.plug()
    driver.start()
    driver.put(RECEIPT)
    wanted = encoded(RECEIPT, "gb18030", cut=True)
    until(lambda: printer.printed == wanted, "the receipt")
    assert wanted.startswith(INIT)
    assert wanted.endswith(FEED + CUT)
    assert "绿园小区".encode("gb18030") in wanted
    until(lambda: (driver.health().counters or {})["waiting"] == 0, "nothing waits")
    assert is_ok(driver)
    assert (driver.health().counters or {})["printed"] == 1


def test_receipts_wait_for_a_printer_that_is_plugged_in_later(
    printer: ReceiptPrinter, driver: EscPos
) -> None:
    driver.start()
    assert driver.put(RECEIPT) == 1
    assert driver.put(["two"]) == 2
    until(lambda: driver.health().condition is Condition.DOWN, "that it is missing")
    assert "is not there" in driver.health().detail
    printer.plug()
    both = encoded(RECEIPT, "gb18030", cut=True) + encoded(["two"], "gb18030", cut=True)
    until(lambda: printer.printed == both, "both receipts")


def test_without_paper_receipts_wait(printer: ReceiptPrinter, driver: EscPos) -> None:
    printer.answers = ENDED
    printer.plug()
    driver.start()
    driver.put(RECEIPT)
    until(lambda: driver.health().condition is Condition.DEGRADED, "that the paper has ended")
    assert "no paper" in driver.health().detail
    threading.Event().wait(QUIET_S)
    assert printer.printed == b""
    printer.answers = FULL
    until(lambda: printer.printed != b"", "the receipt, once there is paper")


@pytest.mark.parametrize("answer", [b"", b"\x00", b"\xff"])
def test_a_printer_that_tells_nothing_of_use_prints_all_the_same(
    answer: bytes, printer: ReceiptPrinter, driver: EscPos
) -> None:
    printer.answers = answer
    printer.plug()
    driver.start()
    driver.put(RECEIPT)
    until(lambda: printer.printed != b"", "the receipt")


def test_a_printer_that_was_pulled_out_is_found_again(
    printer: ReceiptPrinter, driver: EscPos
) -> None:
    printer.plug()
    driver.start()
    until(lambda: is_ok(driver), "that it is there")
    printer.unplug()
    driver.put(["one"])
    until(lambda: driver.health().condition is Condition.DOWN, "that it is gone")
    printer.torn_off()
    printer.plug()
    until(lambda: is_ok(driver), "that it is there again")
    assert (driver.health().counters or {})["reconnects"] == 1


def test_what_waits_is_bounded(tmp_path: Path) -> None:
    driver = EscPos(str(tmp_path / "none"), 9_600, "gb18030")
    for _ in range(escpos.WAITING):
        driver.put(RECEIPT)
    with pytest.raises(DeviceError, match="wait for the printer already"):
        driver.put(RECEIPT)
    assert driver.health().condition is Condition.UNKNOWN


def test_a_receipt_of_somebody_who_has_gone_is_dropped(tmp_path: Path) -> None:
    driver = EscPos(str(tmp_path / "none"), 9_600, "gb18030")
    driver.put(RECEIPT)
    began, job = driver._jobs.popleft()
    driver._jobs.append((began - escpos.GOOD_FOR_S - 1, job))
    driver.put(["fresh"])
    driver.start()
    until(lambda: (driver.health().counters or {})["dropped"] == 1, "the old one is dropped")
    assert (driver.health().counters or {})["waiting"] == 1
    driver.stop()
    driver.stop()


def test_it_is_started_once_and_may_be_stopped_before(tmp_path: Path) -> None:
    driver = EscPos(str(tmp_path / "none"), 9_600, "gb18030")
    driver.stop()
    other = EscPos(str(tmp_path / "none"), 9_600, "gb18030")
    other.start()
    with pytest.raises(DeviceError, match="started already"):
        other.start()
    other.stop()


def test_a_port_that_takes_nothing_is_gone() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    try:
        with pytest.raises(TimeoutError, match="takes nothing"):
            escpos.FileLine(write, QUIET_S).write(b"x" * 1_000_000)
    finally:
        os.close(read)
        os.close(write)


@given(st.lists(st.text(max_size=40), max_size=6), st.sampled_from(["gb18030", "utf-8", "ascii"]))
def test_a_text_is_never_a_command(lines: list[str], encoding: str) -> None:
    raw = encoded(lines, encoding, cut=False)
    escapes = sum(raw.count(lead) for lead in (b"\x1b", b"\x1c", b"\x1d", b"\x10"))
    ours = encoded(["x"] if lines else [], encoding, cut=False)
    assert escapes == sum(ours.count(lead) for lead in (b"\x1b", b"\x1c", b"\x1d", b"\x10"))
    assert raw.count(b"\n") == len(lines)
    assert INIT in raw
