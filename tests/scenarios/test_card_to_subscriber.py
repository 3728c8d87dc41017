"""A card is held to a reader: relay, journal, broker, subscriber. Every part is the real one."""

import json
from collections.abc import Sequence
from pathlib import Path

from drivers.sim.board import Record
from tests.parts import require
from tests.patience import Watch, until
from tests.rigs.broker import Mosquitto
from tests.rigs.cards import Card, residents
from tests.rigs.house import IN, OUT, House
from tests.rigs.listener import Listener
from tests.rigs.pcsc_rig import ACR122U, VirtualCard, pcscd_apart, virtual_reader
from tests.rigs.told import events, same_as_stored

TRAVEL_MS = 1_500
PULSE_NS = 300_000_000
EARLY_NS, LATE_NS = 50_000_000, 1_000_000_000
STEPS = [
    # What happened, pin, function, level (all are active low): one car at lane in-1 of the demo.
    *[(f"no car, not open: {pin}", pin, "input", 1) for pin in (23, 25, 24, 12)],
    *[(f"claimed {pin}", pin, "output", 1) for pin in (17, 27, 22, 5, 6, 13)],
    ("open on", 17, "output", 0),
    ("no longer closed", 8, "input", 1),
    ("open off", 17, "output", 1),
    ("opened", 25, "input", 0),
    ("on the loop", 23, "input", 0),
    ("off the loop", 23, "input", 1),
    ("close on", 27, "output", 0),
    ("no longer opened", 25, "input", 1),
    ("close off", 27, "output", 1),
    ("closed", 8, "input", 0),
]
STORY = [
    "gate.agent.started.v1",
    "gate.reader.found.v1",
    "gate.reader.found.v1",
    "gate.roster.switched.v1",
    "gate.access.granted.v1",
    "gate.arm.opened.v1",
    "gate.passage.ended.v1",
    "gate.arm.closed.v1",
]


def _passage(rig: House, listener: Listener, tap_ns: int) -> None:
    """What follows a tap that was granted, seen from everywhere."""
    stroke = rig.opened(IN, tap_ns)
    rig.sim.drive(IN, "car", enter_ms=300, under_ms=400)
    rig.wait(lane=IN, arm="down", passed=1)
    rig.wait_entry("gate.arm.closed.v1")
    assert rig.sim.arms()[IN]["hits"] == 0

    entries = rig.entries()
    kinds = [one.type for one in entries]
    assert sorted(kinds[:4]) == sorted(STORY[:4])
    assert kinds[4:] == STORY[4:]
    granted = entries[4]
    data = json.loads(granted.data)
    assert (data["lane"], data["card"], data["kind"]) == (IN, "R-00001", "resident")
    assert tap_ns // 1_000_000 <= granted.uptime_ms + 1
    assert granted.uptime_ms <= stroke.on_ns // 1_000_000
    ended = json.loads(entries[6].data)
    assert (ended["passage"], ended["outcome"]) == (data["passage"], "passed")
    assert rig.verified().last == len(entries)

    listener.wait(lambda them: len(them.on("/evt")) >= len(entries))
    heard = listener.on("/evt")
    found = events(heard)
    assert list(found) == [one.sequence for one in entries]
    same_as_stored(found, entries)
    assert [one.user["type"] for one in heard] == kinds
    assert all(one.content_type.startswith("application/cloudevents+json") for one in heard)
    assert not any(one.retained or "historical" in one.user for one in heard)


def _whole_trace(records: Sequence[Record], stood_s: float) -> None:
    """Every transition of every pin, in order, with the lengths of the pulses."""
    pins = [one for one in records if one.kind == "pin"]
    assert [(one.pin, one.function, one.level) for one in pins] == [step[1:] for step in STEPS]
    times = {step[0]: one.ns for step, one in zip(STEPS, pins, strict=True)}
    for relay in ("open", "close"):
        length = times[f"{relay} off"] - times[f"{relay} on"]
        late = length - PULSE_NS
        assert -EARLY_NS < late < LATE_NS + stood_s * 1e9, f"{relay}: {length} ns"


def test_a_tag_at_a_serial_reader(tmp_path: Path) -> None:
    require("mosquitto")
    with (
        Mosquitto(tmp_path / "broker") as broker,
        Listener(broker, "gate/v1/#") as listener,
        House(tmp_path / "gate", residents(1), broker=broker, travel_ms=TRAVEL_MS) as rig,
    ):
        rig.start()
        with Watch() as watch:
            _passage(rig, listener, rig.tap(IN, 1))
            _whole_trace(rig.sim.trace(), watch.stood_s)
        assert rig.strokes(OUT) == []


def test_a_card_at_a_pcsc_reader(tmp_path: Path) -> None:
    require("root", "pcscd", "mosquitto")
    reader = virtual_reader(ACR122U)
    cards = [Card("uid:04A1B2C3D4E5F6", "R-00001")]
    changes = {
        "readers": {
            "in-1-rdm": {"driver": "pcsc", "name": "*PICC* 00"},
            "out-1-rdm": {
                "driver": "serial",
                "port": "run:out-1-rdm",
                "protocol": "em4100-ascii",
            },
        }
    }
    with (
        pcscd_apart(reader) as pcscd,
        Mosquitto(tmp_path / "broker") as broker,
        Listener(broker, "gate/v1/#") as listener,
        House(
            tmp_path / "gate",
            cards,
            broker=broker,
            travel_ms=TRAVEL_MS,
            changes=changes,
            environment=pcscd.environment,
        ) as rig,
    ):
        rig.start()
        until(lambda: rig.part("reader in-1-rdm")["condition"] == "ok", "the PC/SC reader")
        before_ns = rig.wait(lane=IN, arm="down")
        with Watch() as watch:
            with VirtualCard(reader.port, bytes.fromhex("04A1B2C3D4E5F6")) as card:
                rig.opened(IN, before_ns)
                until(lambda: len(card.commands) >= 2, "the lamp's command")
            assert card.asked_ns is not None
            _passage(rig, listener, card.asked_ns)
            _whole_trace(rig.sim.trace(), watch.stood_s)
        # After the UID the card's reader is told to show green (ACR122U API 2.04, 6.2).
        assert card.commands[1].startswith(bytes.fromhex("FF0040A0"))
