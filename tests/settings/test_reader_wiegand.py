"""Wiegand readers on pins in the settings, and formats of both kinds of Wiegand readers."""

from pathlib import Path
from typing import NamedTuple

import pytest

from agent.core.ids import ReaderId
from agent.readers import make_readers
from agent.replica import sim_spec
from agent.settings.reader_wiegand import WiegandReader
from agent.settings.reading import read
from agent.settings.summary import summary
from drivers.clock import SystemClock
from tests.settings.pages import CONFIG, GOOD, faults_of, place_of_mark

OLD = "{driver: serial, port: /dev/ttyUSB0, protocol: em4100-ascii}"
PINS = "driver: wiegand, d0: 7, d1: 8"
PORT = "driver: serial, port: /dev/ttyUSB0"


class Case(NamedTuple):
    name: str
    new: str
    path: str
    problem: str
    allowed: str = ""
    suggestion: str = ""


def test_the_example() -> None:
    settings = read(CONFIG / "wiegand-pins.yaml")
    post, other = settings.readers["in-1-post"], settings.readers["out-1-post"]
    assert isinstance(post, WiegandReader)
    assert isinstance(other, WiegandReader)
    assert post.place == "GPIO5/GPIO6"
    assert post.told() == (
        "D0 GPIO5, D1 GPIO6, pulled up, wiegand-26, a card ends after 25 ms, green GPIO12, "
        "buzzer GPIO13"
    )
    assert "wiegand-custom (35 bits, 12 of facility, 20 of card, 3 parities)" in other.told()
    assert any("D0 GPIO19, D1 GPIO20" in line for line in summary(settings))


def text_of(new: str) -> str:
    return GOOD.replace(OLD, f"{{{new}}}")


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (f"{PINS}, protocol: wiegand-37, format: h10304", "wiegand-37 as H10304"),
        (f"{PORT}, protocol: wiegand-37, format: H10302", "wiegand-37 as H10302"),
        (f"{PINS}, protocol: wiegand-34, pull: none, gap: 50 ms", "no resistor, wiegand-34"),
        (f"{PORT}, protocol: wiegand-custom, format: CCCCCCCCCC", "CANNOT be noticed"),
        (f"{PORT}, protocol: wiegand-custom, format: PCCCCCCC EXXXXXXX", "1 parity"),
    ],
)
def test_formats_and_what_is_told_of_them(tmp_path: Path, new: str, told: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text_of(new), encoding="utf-8")
    settings = read(file)
    assert told in settings.readers["in-1-rdm"].told()
    made = make_readers(settings, SystemClock(), lambda _reader: None)
    assert made[ReaderId("in-1-rdm")].health().detail == "not started"


CASES = [
    Case("37", f"{PINS}, protocol: ⟦wiegand-37", "format",
         "format is missing here: 37 bits are sold as H10302", "h10302 or h10304"),
    Case("37-serial", f"{PORT}, protocol: ⟦wiegand-37", "format",
         "cannot be told apart by their bits", "h10302 or h10304"),
    Case("37-other", f"{PORT}, protocol: wiegand-37, format: ⟦CCCCCCCC", "format",
         "no format of wiegand-37", "h10302 or h10304"),
    Case("37-misspelt", f"{PORT}, protocol: wiegand-37, format: ⟦h10303", "format",
         "no kind of bit", "h10302 or h10304", "h1030"),
    Case("custom", f"{PINS}, protocol: ⟦wiegand-custom", "format",
         "format is missing here: what the bits are is not known", "a layout"),
    Case("custom-named", f"{PINS}, protocol: wiegand-custom, format: ⟦h10302", "format",
         "h10302 is a format of 37 bits", "protocol: wiegand-37"),
    Case("custom-wrong", f"{PINS}, protocol: wiegand-custom, format: ⟦PCCCZCCC", "format",
         "character 5 of the layout is 'Z'", "P parity, F facility"),
    Case("custom-number", f"{PINS}, protocol: wiegand-custom, format: ⟦26", "format",
         "a format must stand here, not a number", "a layout such as"),
    Case("no-format", f"{PORT}, protocol: wiegand-26, ⟦format: h10302", "format",
         "wiegand-26 has no format: to choose", "wiegand-37 or wiegand-custom"),
    Case("no-format-em", f"{PORT}, protocol: em4100-ascii, ⟦format: h10302", "format",
         "em4100-ascii has no format", "no format: here"),
    Case("same-pin", "driver: wiegand, d0: 7, d1: ⟦7, protocol: wiegand-26", "d1",
         "pin 7 is used twice; the first is readers.in-1-rdm.d0", "each pin once"),
    Case("relays-pin", "driver: wiegand, d0: 7, d1: ⟦17, protocol: wiegand-26", "d1",
         "pin 17 is used twice; the first is lanes.in-1.arm.open", "each pin once"),
    Case("lamp-pin", f"{PINS}, protocol: wiegand-26, green: {{pin: 27}}", "",
         "pin 27 is used twice"),
    Case("no-pin", "driver: wiegand, d0: 7, d1: ⟦28, protocol: wiegand-26", "d1",
         "28 is outside the range"),
    Case("missing", "⟦driver: wiegand, d0: 7, protocol: wiegand-26", "d1", "d1 is missing here"),
    Case("protocol", f"{PINS}, protocol: ⟦wiegand-27", "protocol", "is not one of the words", "",
         "wiegand-"),
    Case("gap", f"{PINS}, protocol: wiegand-26, gap: ⟦1 s", "gap", "outside the range"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_wrong_is_told_at_its_place(case: Case, tmp_path: Path) -> None:
    text = text_of(case.new)
    (fault,) = faults_of(tmp_path, text)
    assert case.problem in fault.problem
    assert case.allowed in fault.allowed
    assert fault.suggestion.startswith(case.suggestion)
    if case.path:
        assert fault.path == f"readers.in-1-rdm.{case.path}"
    if "⟦" in text and case.name != "missing":
        assert (fault.line, fault.column) == place_of_mark(text)


def test_the_simulated_gate_has_its_wires(tmp_path: Path) -> None:
    text = text_of(f"{PINS}, protocol: wiegand-26")
    text = text.replace("gpio: {backend: mock}", "gpio: {backend: socket, socket: run:pins}")
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    spec = sim_spec(read(file))
    assert spec["wiegand"] == [{"reader": "in-1-rdm", "d0": 7, "d1": 8}]
