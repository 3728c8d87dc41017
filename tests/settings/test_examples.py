"""The shipped examples, the schema for editors, and what settings share with other parts."""

import json
import re
from pathlib import Path

import pytest

from agent.core.model import Direction
from agent.settings.readers import SerialReader
from agent.settings.reading import check, read
from agent.settings.schema import json_schema
from agent.settings.shapes import fields_of
from agent.settings.words import Checksum, Encoding, WireProtocol
from drivers.wire.registry import PROTOCOLS, Options, make_decoder
from tests.settings.pages import CONFIG

EXAMPLES = sorted(CONFIG.glob("*.yaml"))
HEAD = "# yaml-language-server: $schema=gate-agent.schema.json\n"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_without_fault(example: Path) -> None:
    assert check(example) == []
    assert example.read_text(encoding="utf-8").startswith(HEAD)


def test_the_examples_are_there() -> None:
    names = {path.stem for path in EXAMPLES}
    wirings = {"maintained-relay", "self-closing", "two-way-lane", "dead-man", "guarded-gate"}
    assert wirings | {"small-gate", "pedestrian-door", "wiegand-pcsc", "mqtt-tls", "demo"} <= names


def test_the_demo_lies_below_the_run_directory() -> None:
    settings = read(CONFIG / "demo.yaml")
    ports = [
        reader.port for reader in settings.readers.values() if isinstance(reader, SerialReader)
    ]
    assert ports == [settings.paths.run / "in-1-rdm", settings.paths.run / "out-1-rdm"]
    assert settings.gpio.socket == settings.paths.run / "pins"


def test_a_reader_faces_the_side_of_its_lane() -> None:
    small, mixed = read(CONFIG / "small-gate.yaml"), read(CONFIG / "wiegand-pcsc.yaml")
    assert small.readers["out-1-rdm"].side is Direction.OUT
    assert mixed.readers["main-out"].side is Direction.OUT
    assert mixed.readers["desk-nfc"].side is None


def test_the_schema_in_config_is_current() -> None:
    kept = (CONFIG / "gate-agent.schema.json").read_text(encoding="utf-8")
    assert kept == json_schema(), "run: gate-agent schema > config/gate-agent.schema.json"


def test_every_key_has_a_place_in_the_schema() -> None:
    schema = json.loads(json_schema())
    for name, part in [("Settings", schema), *schema["$defs"].items()]:
        assert part["additionalProperties"] is False, name
        assert part.get("properties"), name
    assert schema["properties"]["lanes"]["additionalProperties"] is False
    assert schema["$defs"]["OutputPin"]["properties"]["pulse"]["default"] == "500 ms"


def test_the_form_of_durations_in_the_schema_takes_those_of_the_examples() -> None:
    schema = json.loads(json_schema())
    form = re.compile(schema["properties"]["retention"]["pattern"])
    for text in ("2 years", "500 ms", "1 h 30 min", "5s", "1.5 s"):
        assert form.search(text)
    assert not form.search("15")


def test_protocols_are_those_of_the_decoders() -> None:
    assert {word.value for word in WireProtocol} == set(PROTOCOLS)


def test_words_of_a_reader_are_taken_by_the_decoders() -> None:
    for checksum in Checksum:
        make_decoder("em4100-ascii", Options(checksum=checksum.value))
    for encoding in Encoding:
        make_decoder("line", Options(encoding=encoding.value))
    reader = fields_of(SerialReader)
    assert {"checksum", "pattern", "scheme", "encoding"} <= set(reader)
