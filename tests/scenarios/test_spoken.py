"""A card is held to a reader, and the lane says what became of it: all parts are real."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.core.spoken import SENTENCES
from tests.parts import require
from tests.patience import until
from tests.rigs.calling import CallingHouse
from tests.rigs.cards import Card, digits
from tests.rigs.house import IN, OUT, House, demo_lanes
from tests.rigs.sound_card import SoundCard

KNOWN, UNKNOWN, EXPIRED = 1_000, 2_000, 3_000
DEVICES = {IN: "way-in", OUT: "way-out"}
AGAIN_S = 15.0
VALUES = {name: value for value, name in enumerate(SENTENCES, 1)}


def cards() -> list[Card]:
    return [
        Card(f"em4100:{digits(KNOWN)}", "R-1", holder="王小明", unit="3-1"),
        Card(f"em4100:{digits(EXPIRED)}", "R-2", valid_until="2020-01-01"),
    ]


def a_card(folder: Path, *missing: str) -> SoundCard:
    made = SoundCard(folder, *DEVICES.values())
    for name, value in VALUES.items():
        if name not in missing:
            made.record(name, value)
    return made


def speaking(lanes: dict[str, Any], card: SoundCard) -> dict[str, Any]:
    for lane, device in DEVICES.items():
        lanes[lane]["voice"] = {"sounds": str(card.sounds), "device": device}
    return lanes


def again(act: Callable[[], object], look: Callable[[], bool], what: str) -> None:
    """Do something until it shows: what a machine that stood still says too late is not said."""
    acted = -AGAIN_S

    def shows() -> bool:
        nonlocal acted
        if time.monotonic() - acted > AGAIN_S:
            act()
            acted = time.monotonic()
        return look()

    until(shows, what)


def says(house: House, card: SoundCard, lane: str, number: int, moment: str) -> None:
    """Hold a tag to the lane's reader until the lane says this, for the first time."""
    again(
        lambda: house.tap(lane, number),
        lambda: VALUES[moment] in card.played(DEVICES[lane]),
        f"{lane} says {moment}",
    )


def silenced(house: House, lane: str) -> int:
    """How often the loudspeaker of a lane said nothing because of a call."""
    found: int = house.part(f"voice {lane}")["counters"]["silenced"]
    return found


def test_the_lane_says_what_became_of_a_card(tmp_path: Path) -> None:
    require("aplay")
    card = a_card(tmp_path / "card", "denied_expired")
    changes = {"lanes": speaking(demo_lanes(open_for="5 min"), card)}
    environment = {"ALSA_CONFIG_PATH": str(card.config)}
    with House(tmp_path / "gate", cards(), changes=changes, environment=environment) as house:
        house.start()
        for number, moment in ((KNOWN, "granted_in"), (UNKNOWN, "denied_unknown")):
            says(house, card, IN, number, moment)
        # A common one stands in for what is missing.
        says(house, card, IN, EXPIRED, "denied")
        said = dict.fromkeys(card.played("way-in"))
        assert list(said) == [VALUES[name] for name in ("granted_in", "denied_unknown", "denied")]
        assert not card.played("way-out")
        assert house.part(f"voice {IN}")["condition"] == "ok"

        def lock() -> None:
            for order in ("lift-lockdown", "lockdown"):
                house.command(order, "--reason", "trial")

        again(lock, lambda: VALUES["lockdown"] in card.played("way-out"), "the lockdown is said")
        assert {*card.played("way-out")} == {VALUES["lockdown"]}
        assert "王小明" not in house.log()
        assert house.stop() == 0


def test_the_lane_is_silent_while_somebody_talks(tmp_path: Path) -> None:
    require("aplay", "baresip")
    card = a_card(tmp_path / "card")
    environment = {"ALSA_CONFIG_PATH": str(card.config)}

    def make(folder: Path, changes: Any) -> House:
        lanes = speaking(changes["lanes"], card)
        told = {**changes, "lanes": lanes}
        return House(folder, cards(), changes=told, environment=environment)

    with CallingHouse(tmp_path / "gate", make=make) as gate:
        house = gate.house
        gate.talk()
        again(lambda: house.tap(IN, UNKNOWN), lambda: silenced(house, IN) > 0, "it is silent")
        says(house, card, OUT, UNKNOWN, "denied_unknown")
        assert card.played("way-in") == []
        gate.resident.command("hangup")
        house.wait_entry("gate.call.ended.v1")
        says(house, card, IN, EXPIRED, "denied_expired")
        assert {*card.played("way-in")} == {VALUES["denied_expired"]}
