"""The form of a reader's numbers in the settings: what is taken, and what cannot be meant."""

from pathlib import Path
from typing import get_args

import pytest

from agent.numbers import form_of
from agent.settings.reader_form import Formed
from agent.settings.readers import DRIVERS
from agent.settings.reading import read
from agent.settings.summary import summary
from agent.settings.words import ByteOrder as OrderWord
from agent.settings.words import Keep as KeepWord
from drivers.wire.credential import ByteOrder, Form, Keep
from tests.settings.pages import MARK, changed, faults_of, place_of_mark

EM = "{driver: serial, port: /dev/ttyUSB0, protocol: em4100-ascii}"


def reader(text: str) -> str:
    return changed(EM, "{driver: serial, port: /dev/ttyUSB0, " + text + "}")


def test_the_words_are_those_of_the_form() -> None:
    assert [word.value for word in OrderWord] == list(get_args(ByteOrder))
    assert [word.value for word in KeepWord] == list(get_args(Keep))


def test_every_reader_has_a_form() -> None:
    assert all(issubclass(model, Formed) for model in DRIVERS.models.values())


def test_a_form_is_read_and_told(tmp_path: Path) -> None:
    text = "protocol: wiegand-34, byte_order: reversed, keep: cascade, as_scheme: uid"
    file = tmp_path / "gate.yaml"
    file.write_text(reader(text), encoding="utf-8")
    settings = read(file)
    assert form_of(settings.readers["in-1-rdm"]) == Form("reversed", "cascade", "uid")
    assert form_of(settings.readers["desk-nfc"]) == Form()
    lines = "\n".join(summary(settings))
    assert "matching exact, bytes reversed, keep cascade, as uid, quiet" in lines
    assert lines.count("bytes reversed") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"protocol: line, {MARK}byte_order: reversed", "byte_order is for numbers"),
        (f"protocol: line, encoding: text, {MARK}keep: last3", "keep is for numbers"),
        (f"protocol: qr-pass, {MARK}as_scheme: uid", "as_scheme is for card numbers"),
        (f"protocol: qr-pass, {MARK}keep: last3", "keep is for card numbers"),
        (f"protocol: em4100-ascii, {MARK}as_scheme: pass", "pass is no scheme of card numbers"),
        (f"protocol: em4100-ascii, keep: last3, matching: {MARK}low32", "keep: last3 leaves 24"),
        (f"protocol: wiegand-26, matching: {MARK}low32", "wiegand-26 delivers 24 bits"),
        (f"protocol: em4100-ascii, byte_order: {MARK}revers", "not one of the words"),
        (f"protocol: em4100-ascii, as_scheme: {MARK}UID", "does not fit"),
    ],
)
def test_what_cannot_be_meant(tmp_path: Path, text: str, words: str) -> None:
    page = reader(text)
    # A reader of passes wants keys as well, which are not the matter here.
    (fault,) = [one for one in faults_of(tmp_path, page) if not one.path.endswith("protocol")]
    assert words in fault.problem
    assert (fault.line, fault.column) == place_of_mark(page)


@pytest.mark.parametrize(
    "text",
    [
        "protocol: line, byte_order: as_read, keep: all",
        "protocol: line, encoding: hex, byte_order: reversed, keep: first4",
        "protocol: wiegand-34, matching: low32",
        "protocol: wiegand-26, matching: low24, byte_order: reversed",
        "protocol: em4100-ascii, keep: last4, matching: low32",
    ],
)
def test_what_can(tmp_path: Path, text: str) -> None:
    assert faults_of(tmp_path, reader(text)) == []
