"""A PN532 module in the settings."""

from pathlib import Path

import pytest

from agent.core.ids import ReaderId
from agent.errors import SettingsError
from agent.planning import gate_plan
from agent.readers import make_readers
from agent.settings.reader_pn532 import Pn532Reader
from agent.settings.reading import examine, read
from agent.settings.words import CardTypes
from drivers.clock import SystemClock
from tests.settings.pages import CONFIG, GOOD, faults_of, place_of_mark

OLD = "{driver: serial, port: /dev/ttyUSB0, protocol: em4100-ascii}"


def test_the_example() -> None:
    settings = read(CONFIG / "pn532.yaml")
    foot = settings.readers["foot-nfc"]
    assert isinstance(foot, Pn532Reader)
    told = "/dev/serial0, PN532, 115200 bits a second, cards of type A"
    assert (foot.place, foot.told()) == ("/dev/serial0", told)


@pytest.mark.parametrize(("word", "told"), [("b", "B"), ("both", "A and B")])
def test_the_types_of_cards(tmp_path: Path, word: str, told: str) -> None:
    new = f"{{driver: pn532, port: /dev/ttyUSB0, cards: {word}}}"
    file = tmp_path / "config.yaml"
    file.write_text(GOOD.replace(OLD, new), encoding="utf-8")
    settings = read(file)
    reader = settings.readers["in-1-rdm"]
    assert isinstance(reader, Pn532Reader)
    assert reader.cards is CardTypes(word)
    assert reader.told().endswith(f"cards of type {told}")
    made = make_readers(settings, SystemClock(), lambda _reader: None)
    assert made[ReaderId("in-1-rdm")].health().detail == "not started"


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        ("{driver: pn532, port: /dev/ttyUSB0, ⟦protocol: em4100-ascii}", "unknown key 'protocol'"),
        ("{driver: pn532, port: /dev/ttyUSB0, cards: ⟦c}", "'c' is not one of the words"),
        ("{driver: pn532, port: /dev/ttyUSB0, baud: ⟦100}", "100 is outside the range"),
        (
            "{driver: pn532, port: /dev/x, cards: ⟦b, authenticate: {ntag424: {key: {file: k}}}}",
            "of type A, and only type B is looked for",
        ),
        ("{driver: ⟦pn533, port: /dev/ttyUSB0}", "'pn533' is no driver"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, new: str, problem: str) -> None:
    text = GOOD.replace(OLD, new)
    (fault,) = faults_of(tmp_path, text)
    assert problem in fault.problem
    assert (fault.line, fault.column) == place_of_mark(text)


def test_cards_prove_themselves_at_it_too(tmp_path: Path) -> None:
    key = tmp_path / "site.key"
    key.write_text("6A3F0C5581D24E97B0C1D2E3F4051627\n")
    asks = f"authenticate: {{desfire: {{application: 'F52100', key: {{file: {key}}}}}}}"
    new = f"{{driver: pn532, port: /dev/ttyUSB0, {asks}}}"
    file = tmp_path / "config.yaml"
    file.write_text(GOOD.replace(OLD, new), encoding="utf-8")
    settings = read(file)
    told = "type A, proof by DESFire F52100 (key 0, an10922), a number alone is refused"
    assert settings.readers["in-1-rdm"].told().endswith(told)
    assert gate_plan(settings).readers[ReaderId("in-1-rdm")].needs_proof
    assert make_readers(settings, SystemClock(), lambda _reader: None)
    key.write_text("00" * 16)
    with pytest.raises(SettingsError, match=r"in-1-rdm\.authenticate\.desfire\.key: .*factory"):
        make_readers(settings, SystemClock(), lambda _reader: None)
    (key_,) = [one for one in examine(file).keys if one.path.startswith("readers.")]
    assert key_.secret.place() == key


def test_its_port_is_used_once(tmp_path: Path) -> None:
    text = GOOD.replace('{driver: pcsc, name: "Desk 01"}', "{driver: pn532, port: ⟦/dev/ttyUSB0}")
    (fault,) = faults_of(tmp_path, text)
    assert "/dev/ttyUSB0" in fault.problem
