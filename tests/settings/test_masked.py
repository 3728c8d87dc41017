"""What the centre is told of the settings: all but secrets and names of people, as plain JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.settings.masked import MASK, masked
from agent.settings.reading import read
from tests.settings.pages import GOOD, changed

SHIPPED = sorted((Path(__file__).parents[2] / "config").glob("*.yaml"))


def told(tmp_path: Path, text: str) -> dict[str, Any]:
    file = tmp_path / "gate.yaml"
    file.write_text(text, encoding="utf-8")
    found = masked(read(file))
    return json.loads(json.dumps(found, ensure_ascii=False)) or {}


def test_secrets_and_people_are_covered(tmp_path: Path) -> None:
    text = changed(
        "  password: {file: /etc/gate/password}\n",
        "  password: {file: /etc/gate/password}\n  personal: full\n  responsible: Wang Fang\n"
        "  clients: {centre: {group: a, keys: {k1: {credential: centre-key}}}}\n"
        "  groups: {a: {may: [open]}}\n",
    )
    text += "deposits: {kinds: {resident_id: {responsible: Li Na}}}\n"
    text += "identity_key: {file: /etc/gate/identity}\n"
    found = told(tmp_path, text)
    assert found["uplink"]["password"] == MASK
    assert found["uplink"]["clients"]["centre"] == {"group": "a", "keys": {"k1": MASK}}
    assert found["uplink"]["responsible"] == MASK
    assert found["deposits"]["kinds"]["resident_id"]["responsible"] == MASK
    assert found["identity_key"] == MASK
    said = json.dumps(found)
    for hidden in ("Wang Fang", "Li Na", "/etc/gate/password", "/etc/gate/identity", "centre-key"):
        assert hidden not in said


def test_the_rest_is_written_as_in_the_file(tmp_path: Path) -> None:
    text = GOOD + "calendar: {holidays: [2026-10-01]}\n"
    text += "zones: {inside: {passback: {mode: soft, amnesty: '04:30'}}}\n"
    found = told(tmp_path, text)
    assert found["readers"]["in-1-rdm"]["port"] == "/dev/ttyUSB0"
    assert found["readers"]["in-1-rdm"]["quiet"] == "3 s"
    assert found["calendar"] == {"holidays": ["2026-10-01"]}
    assert found["zones"]["inside"]["passback"]["amnesty"] == "04:30:00"
    assert found["clock"] == {
        "assume_synced": False,
        "pass_untrusted": ["resident", "staff", "vehicle"],
    }
    assert "printer" not in found, "what is not there is left out"


def test_whom_the_intercom_calls_is_covered() -> None:
    example = next(file for file in SHIPPED if file.stem == "intercom")
    settings = read(example)
    assert settings.intercom is not None
    called = [step.number for steps in settings.intercom.lanes.values() for step in steps]
    numbers = [*filter(None, called), *settings.intercom.control]
    found = masked(settings)
    assert numbers
    assert found["intercom"]["control"] == ["***"] * len(settings.intercom.control)
    said = json.dumps(found)
    assert not [number for number in numbers if number in said]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_example_can_be_told(file: Path) -> None:
    found = json.loads(json.dumps(masked(read(file))))
    assert set(found) >= {"estate", "gate", "lanes", "readers"}
    assert len(json.dumps(found)) < 64 * 1024
