"""How ``gate-agent status`` tells a lane."""

from dataclasses import asdict, replace

import pytest
from click.testing import CliRunner

from agent.cli import status
from agent.core.ids import LaneId
from agent.core.view import LaneView

PLAIN = LaneView(LaneId("in-1"), "closed", "normal", "clear", 0, proof="switch")


@pytest.mark.parametrize(
    ("lane", "told"),
    [
        (PLAIN, "arm closed, loop clear"),
        (
            replace(PLAIN, position="open", proof="assumed", mode="held_open", exit="occupied"),
            "arm open (assumed), held open, loop clear, exit occupied",
        ),
        (
            replace(PLAIN, position="stopped", mode="stopped", waiting=2, proof="none"),
            "arm stopped, loop clear, 2 waiting",
        ),
        (
            replace(PLAIN, mode="faulted", faults=("in-1.loop: stuck",), alarm="pre_alarm"),
            "arm closed, faulted, loop clear, open too long: pre-alarm, in-1.loop: stuck",
        ),
        (
            replace(PLAIN, mode="fire", emergency="fire", position="open", text="消防 FIRE"),
            "arm open, loop clear, text '消防 FIRE'",
        ),
    ],
)
def test_a_lane_in_words(lane: LaneView, told: str) -> None:
    assert ", ".join(status.lane_words(asdict(lane))) == told


@pytest.mark.parametrize(
    ("emergency", "told"), [("fire", "FIRE: every arm"), ("lockdown", "LOCKDOWN: entry only")]
)
def test_an_emergency_stands_above_the_lanes(emergency: str, told: str) -> None:
    lanes = [asdict(replace(PLAIN, emergency=emergency))]
    part = {"part": "gpio", "condition": "ok", "detail": "fine", "counters": {"pulses": 1}}
    gate = {
        "estate": "e", "gate": "g", "head": {"sequence": 7}, "lanes": lanes, "parts": [part],
    }  # fmt: skip
    with CliRunner().isolation() as streams:
        status._show(gate)
        lines = streams[0].getvalue().decode().splitlines()
    assert lines[1].strip().startswith(told)
    assert lines[2] == "  lane in-1: arm closed, loop clear"
    assert lines[3].endswith("fine  (pulses 1)")


def test_counters_in_words() -> None:
    uplink = {"published": 0, "confirmed": 0, "backlog": 3, "age_s": 12, "inflight": 0}
    assert list(status.count_words(uplink)) == [
        "published 0", "confirmed 0", "backlog 3", "age 12 s",
    ]  # fmt: skip
    assert list(status.count_words({"pulses": 2, "tests": 0})) == ["pulses 2"]
