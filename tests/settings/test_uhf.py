"""Long-range readers in the settings: what they may say, and what is told of a fault."""

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from agent.core.ids import ReaderId
from agent.readers import make_readers
from agent.settings.reader_uhf import UhfReader
from agent.settings.reading import read
from agent.settings.words import UhfProtocol
from drivers.clock import SystemClock
from drivers.uhf import UhfReader as Driven
from drivers.wire.uhf_families import FAMILIES
from tests.settings.pages import CONFIG, changed, faults_of, place_of_mark

RDM = "in-1-rdm: {driver: serial, port: /dev/ttyUSB0, protocol: em4100-ascii}"
DESK = 'desk-nfc: {driver: pcsc, name: "Desk 01"}'
UHF = "{driver: uhf, port: /dev/ttyUSB0, protocol: "


class Case(NamedTuple):
    """A reader instead of the good file's, and the fault that this is."""

    name: str
    reader: str
    key: str
    problem: str
    allowed: str = ""
    suggestion: str = ""


CASES = [
    Case("protocol", f"{UHF}⟦m200}}", "protocol", "not one of the words", "m100, r2000", "m100"),
    Case("address", f"{UHF}m100, ⟦address: 1}}", "address", "have no address", "no address: here"),
    Case("antenna", f"{UHF}m100, ⟦antenna: 1}}", "antenna", "have one antenna", "no antenna: here"),
    Case("strength", f"{UHF}uhfreader18, ⟦rssi_min: -60}}", "rssi_min", "does not tell how strong"),
    Case("one", f"{UHF}uhfreader18, ⟦antenna: 2}}", "antenna", "has one antenna"),
    Case("high", f"{UHF}r2000, antenna: ⟦9}}", "antenna", "outside the range", "from 1 to 8"),
    Case("power", f"{UHF}r2000, power: ⟦36}}", "power", "outside the range", "0 to 33"),
    Case("epc", f"{UHF}r2000, epc: ⟦E28Z}}", "epc", "does not fit here", "hexadecimal digits"),
    Case("number", f"{UHF}r2000, epc: ⟦3034}}", "epc", "text must stand here", "", '"3034"'),
    Case("mask", f'{UHF}r2000, epc: "E280", epc_mask: ⟦"FF"}}', "epc_mask",
         "the mask has 2 digits and epc has 4", "as many digits", "FFFF"),
    Case("mask-alone", f'{UHF}r2000, epc_mask: ⟦"FF"}}', "epc_mask", "epc has 0"),
    Case("window", f"{UHF}r2000, window: ⟦6 s}}", "window", "outside the range", "0 s to 5 s"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_is_told_at_its_place(case: Case, tmp_path: Path) -> None:
    text = changed(RDM, f"in-1-rdm: {case.reader}")
    (fault,) = faults_of(tmp_path, text)
    assert (fault.line, fault.column) == place_of_mark(text)
    assert fault.path == f"readers.in-1-rdm.{case.key}"
    assert case.problem in fault.problem
    assert case.allowed in fault.allowed
    assert case.suggestion in fault.suggestion


def two(first: str, second: str) -> str:
    """Two antennas at one port."""
    text = changed(RDM, f"in-1-rdm: {UHF}r2000{first}}}")
    return text.replace(DESK, f"desk-nfc: {UHF}r2000{second}}}")


@pytest.mark.parametrize(
    ("first", "second", "problems"),
    [
        (", antenna: 1", ", antenna: 2", []),
        (", antenna: 1", ", antenna: 1", ["antenna 1 is used twice on this line"]),
        (", antenna: 1", "", ["antenna is missing here"]),
        ("", "", ["antenna is missing here"] * 2),
        (", antenna: 1, power: 26", ", antenna: 2", ["power is None here and 26 at"]),
        (", antenna: 1, baud: 9600", ", antenna: 2, baud: 9600", []),
    ],
)
def test_antennas_of_one_reader(
    tmp_path: Path, first: str, second: str, problems: list[str]
) -> None:
    faults = faults_of(tmp_path, two(first, second))
    assert len(faults) == len(problems), faults
    for fault, problem in zip(faults, problems, strict=True):
        assert problem in fault.problem


def test_the_example_makes_one_line_of_two_antennas() -> None:
    settings = read(CONFIG / "uhf.yaml")
    made = make_readers(settings, SystemClock(), lambda _: None)
    in_, out = (made[ReaderId(name)] for name in ("in-1-tag", "out-1-tag"))
    assert isinstance(in_, Driven)
    assert isinstance(out, Driven)
    assert in_.antenna.number == 1
    assert out.antenna.number == 2
    assert in_.antenna.wanted.wants("E280AA")
    assert in_.antenna.least_dbm == -62
    assert in_.antenna.window_ns == 300_000_000
    told = settings.readers["in-1-tag"].told()
    assert "r2000, 115200 bits a second, antenna 1, 26 dBm, EPC E280…, from -62 dBm on" in told
    in_.stop()
    out.stop()


def test_the_speed_is_that_of_the_factory_if_none_is_told() -> None:
    speeds = {
        name: UhfReader(driver="uhf", port=Path("/dev/ttyUSB0"), protocol=UhfProtocol(name)).speed
        for name in FAMILIES
    }
    assert speeds == {
        "m100": 115_200,
        "r2000": 115_200,
        "uhfreader18": 57_600,
        "uhfreader288": 57_600,
    }
    own = UhfReader("uhf", Path("/dev/ttyUSB0"), UhfProtocol.M100, baud=9_600)
    assert own.speed == 9_600
    assert own.quiet == timedelta(seconds=10)
    assert own.place == "/dev/ttyUSB0"
    assert own.told() == "/dev/ttyUSB0, m100, 9600 bits a second"


def test_the_words_are_those_of_the_families() -> None:
    assert {word.value for word in UhfProtocol} == set(FAMILIES)
