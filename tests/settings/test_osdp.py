"""OSDP readers in the settings: keys, lines that are shared, what is said of them."""

from pathlib import Path

import pytest

from agent.settings.reader_osdp import LineDirection, OsdpFormat, OsdpReader, OsdpSecure
from agent.settings.reading import read
from drivers.wire.osdp_card import FORMATS
from tests.settings.pages import CONFIG, GOOD, MARK, faults_of, place_of_mark

KEY = "key: {file: /etc/k}"
LINE = "driver: osdp, port: /dev/ttyUSB0, address: 1"
ONE = "in-1-rdm: {driver: serial, port: /dev/ttyUSB0, protocol: em4100-ascii}"
TWO = 'out-1-nfc: {driver: pcsc, name: "ACS*"}'


def page(first: str, second: str = "") -> str:
    """The good file with its readers exchanged."""
    text = GOOD.replace(ONE, f"in-1-rdm: {{{first}}}")
    return text.replace(TWO, f"out-1-nfc: {{{second}}}") if second else text


FIRST = f"{LINE}, {KEY}"


@pytest.mark.parametrize(
    ("first", "second", "path", "problem", "allowed"),
    [
        (f"⟦{LINE}", "", "key", "key is missing here", "secure: off"),
        (f"{LINE}, secure: off, ⟦{KEY}", "", "key", "has no key", "no key:"),
        (f"{LINE}, ⟦key: {{}}", "", "key", "a secret needs one place", "{file: PATH}"),
        (f"{FIRST}, layout: PCCCCCCCP, ⟦format: raw", "", "format", "both say", "one of them"),
        (f"{FIRST}, format: ⟦w27", "", "format", "", "w26"),
        (FIRST.replace("address: 1", "address: ⟦127"), "", "address", "outside", "0 to 126"),
        (f"{FIRST}, secure: ⟦on", "", "secure", "", "required, install"),
        (FIRST, FIRST.replace("1", "⟦1", 1), "address", "address 1 is used twice", "each address"),
        (
            FIRST,
            f"driver: osdp, port: /dev/ttyUSB0, address: 2, baud: ⟦19200, {KEY}",
            "baud",
            "baud is 19200 here and 9600 at readers.in-1-rdm (line 21)",
            "baud: 9600 for both",
        ),
        (
            f"{FIRST}, direction: rts",
            f"driver: osdp, port: ⟦/dev/ttyUSB0, address: 2, {KEY}",
            "direction",
            "direction is own here and rts at",
            "direction: rts for both",
        ),
        (
            FIRST,
            "driver: serial, port: ⟦/dev/ttyUSB0, protocol: em4100-ascii",
            "port",
            "is used twice",
            "each port once",
        ),
    ],
)
def test_faults(
    tmp_path: Path, first: str, second: str, path: str, problem: str, allowed: str
) -> None:
    text = page(first, second)
    line, column = place_of_mark(text)
    found = [one for one in faults_of(tmp_path, text) if one.path.endswith(f".{path}")]
    assert len(found) == 1
    (fault,) = found
    assert (fault.line, fault.column) == (line, column)
    assert problem in fault.problem
    assert allowed in fault.allowed


def test_readers_of_one_line_are_no_fault(tmp_path: Path) -> None:
    second = f"driver: osdp, port: /dev//ttyUSB0, address: 2, secure: install, {KEY}"
    assert faults_of(tmp_path, page(FIRST, second)) == []


def test_a_misspelt_key_is_told_once(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, page(f"{LINE}, keyy: {{file: /etc/k}}").replace(MARK, ""))
    assert [fault.path for fault in faults] == ["readers.in-1-rdm.keyy"]


def test_the_example_says_what_it_is() -> None:
    settings = read(CONFIG / "osdp.yaml")
    first, second = settings.readers["main-in"], settings.readers["main-out"]
    assert isinstance(first, OsdpReader)
    assert isinstance(second, OsdpReader)
    assert first.port == second.port
    assert (first.place[-2:], second.place[-2:]) == ("#1", "#2")
    assert second.secure is OsdpSecure.REQUIRED
    assert second.direction is LineDirection.OWN
    assert "OSDP address 1, 9600 bits a second, secure channel, cards wiegand" in first.told()


@pytest.mark.parametrize(("baud", "says"), [(38_400, "second,"), (38_900, "second (UNUSUAL),")])
def test_a_speed_that_hardly_any_reader_has_is_told(tmp_path: Path, baud: int, says: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(page(f"{LINE}, baud: {baud}, {KEY}").replace(MARK, ""), encoding="utf-8")
    assert f"{baud} bits a {says}" in read(file).readers["in-1-rdm"].told()


def test_the_words_are_those_of_the_driver() -> None:
    assert tuple(word.value for word in OsdpFormat) == FORMATS


HEX = "00112233445566778899AABBCCDDEEF0"  # it must never be seen again


@pytest.mark.parametrize("written", [f"key: '{HEX}'", f"key:\n      {HEX}", f"key: {HEX}: {HEX}"])
def test_a_key_that_stands_in_the_settings_is_not_shown(tmp_path: Path, written: str) -> None:
    text = page(f"{LINE}, {written}").replace(MARK, "")
    told = "\n".join(map(str, faults_of(tmp_path, text)))
    assert told
    assert HEX not in told
