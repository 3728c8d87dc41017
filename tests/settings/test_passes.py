"""The keys of QR passes in the settings: what is told, what is refused, what the core is given."""

from pathlib import Path

import pytest

from agent.planning import gate_plan
from agent.settings.reading import read
from agent.settings.summary import summary
from tests.settings.pages import GOOD, MARK, changed, faults_of, place_of_mark

READER = "in-1-rdm: {driver: serial, port: /dev/ttyUSB0, protocol: em4100-ascii}"
SCANNER = READER.replace("em4100-ascii", "qr-pass")
PASSES = """qr_passes:
  keys:
    k1: {file: /etc/gate/k1.pem}
    k0: {file: /etc/gate/k0.pem, revoked: true}
"""
WITH = changed(READER, SCANNER) + PASSES


def a_file(folder: Path, text: str) -> Path:
    file = folder / "gate.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_installer_is_told_whose_passes_count(tmp_path: Path) -> None:
    settings = read(a_file(tmp_path, WITH))
    told = "\n".join(summary(settings))
    assert "QR passes signed with k1, k0 (revoked); an unknown appointment: enter" in told
    assert "qr-pass, 9600 bits a second" in told
    assert not gate_plan(settings).books.known_appointments
    strict = read(a_file(tmp_path, WITH + "  unknown_appointment: refuse\n"))
    assert gate_plan(strict).books.known_appointments
    assert not gate_plan(read(a_file(tmp_path, GOOD))).books.known_appointments


def test_a_scanner_may_have_a_pattern_for_other_lines(tmp_path: Path) -> None:
    more = SCANNER.replace("}", ", pattern: 'V-.*', scheme: card, encoding: text}")
    assert faults_of(tmp_path, changed(READER, more) + PASSES) == []
    other = READER.replace("}", f", {MARK}scheme: card}}")
    (fault,) = faults_of(tmp_path, changed(READER, other))
    assert (fault.line, fault.column) == place_of_mark(changed(READER, other))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (changed(READER, SCANNER.replace("qr-pass", f"{MARK}qr-pass")), "qr_passes: is missing"),
        (changed("gpio:", f"{MARK}{PASSES}gpio:"), "no reader has the protocol qr-pass"),
        (changed(READER, SCANNER) + f"qr_passes: {{keys: {MARK}{{}}}}\n", "no key is named"),
        (WITH.replace("k1: ", f"{MARK}K_1: "), "cannot be a name"),
        (WITH + f"  unknown_appointment: {MARK}entre\n", "entre"),
        (WITH.replace("revoked: true", f"revoked: {MARK}perhaps"), "perhaps"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(tmp_path: Path, text: str, says: str) -> None:
    (fault,) = faults_of(tmp_path, text)
    assert says in str(fault.as_json())
    assert (fault.line, fault.column) == place_of_mark(text)


def test_nothing_is_said_of_a_reader_that_is_faulty_itself(tmp_path: Path) -> None:
    text = changed(READER, READER.replace("em4100-ascii", f"{MARK}qr-passs")) + PASSES
    (fault,) = faults_of(tmp_path, text)
    assert (fault.line, fault.column) == place_of_mark(text)
