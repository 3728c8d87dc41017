"""kill -9 while a relay is on, for every wiring: what ExecStopPost and the next start do.

On a Raspberry Pi an output stays driven when its process dies. A killed daemon leaves its relay
on, and only ``gate-agent relays-safe`` or the next start ends it: a pulse goes off, nothing else
moves; a relay that holds an arm up is kept, since letting go would drop the arm on the car. All of
it is read from the simulated gate's own process, which outlives the daemon.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from signal import SIGKILL
from typing import Any

import pytest

from drivers.sim.board import Record
from drivers.sim.spec import Wire
from tests.patience import LIMIT_S
from tests.rigs.playing import Player
from tests.rigs.scenario import Scenario, Trace, page_of, relay_edges
from tests.rigs.sites import Apart, Folder

LIMIT_MS = int(LIMIT_S * 1000)
CAR = {"car": "A", "kind": "stall", "enter_ms": 50}


@dataclass(frozen=True, slots=True)
class Wiring:
    """``steps`` bring the relay ``role`` on; ``arm`` is what the arm does when it was made safe."""

    name: str
    gate: str
    role: str
    steps: Sequence[Mapping[str, Any]]
    arm: str
    change: Mapping[str, Any] = field(default_factory=dict)
    kept: bool = False
    rises: timedelta = timedelta(milliseconds=150)
    falls: timedelta | None = None


HELD_CLOSE = {
    "lanes.in-1.arm.open.pulse": "100 ms",
    "lanes.in-1.arm.close": {"pin": 27, "drive": "maintained"},
    "lanes.in-1.arm.travel": "1 min",
    "lanes.in-1.arm.when_blocked": "dead_man",
    "lanes.in-1.buttons": {"close": {"pin": 12, "debounce": "20 ms"}},
}
OPENED: Sequence[Mapping[str, Any]] = (
    {"order": {"kind": "open"}},
    {"until": {"arm": "up"}},
    {"until": {"pin": 17, "level": 1}},
)
WIRINGS = (
    Wiring(
        "pulse-open",
        "pulse",
        "open",
        [{"order": {"kind": "open"}}],
        "up",
        {"lanes.in-1.arm.open.pulse": "10 s"},
    ),
    Wiring(
        "pulse-close",
        "pulse",
        "close",
        [*OPENED, {"view": {"position": "open"}}, {"order": {"kind": "close"}}],
        "down",
        {"lanes.in-1.arm.close.pulse": "10 s"},
    ),
    Wiring(
        "pulse-stop",
        "pulse",
        "stop",
        [{"order": {"kind": "open"}}, {"until": {"above": 0.02}}, {"order": {"kind": "stop"}}],
        "between",
        {"lanes.in-1.arm.stop.pulse": "10 s", "lanes.in-1.arm.travel": "1 min"},
        rises=timedelta(minutes=1),
    ),
    Wiring(
        "maintained-open",
        "maintained",
        "open",
        [
            {"drive": CAR},
            {"order": {"kind": "open"}},
            {"until": {"loop": True}},
            {"view": {"loop": "occupied"}},
        ],
        "up",
        kept=True,
    ),
    Wiring(
        "self-closing",
        "self-closing",
        "open",
        [{"order": {"kind": "open"}}],
        "up",
        {"lanes.in-1.arm.open.pulse": "10 s", "lanes.in-1.open_for": "5 min"},
    ),
    Wiring(
        "hold-to-run",
        "pulse",
        "close",
        [
            *OPENED,
            {"hold": "in-1.safety"},
            {"view": {"position": "open"}},
            {"hold": "in-1.button-close"},
            {"until": {"arm": "falling"}},
        ],
        "between",
        HELD_CLOSE,
        falls=timedelta(minutes=5),
    ),
    Wiring(
        "door-strike",
        "door",
        "open",
        [{"order": {"kind": "open"}}],
        "down",
        {"lanes.door-1.door.strike.pulse": "30 s"},
    ),
)


class Struck:
    """A gate whose daemon was killed with a relay on."""

    def __init__(self, site: Apart, wiring: Wiring) -> None:
        self.site = site
        self.wiring = wiring
        settings = site.settings.lanes
        self.lane = next(iter(settings))
        outputs = settings[self.lane].relays().items()
        self.wires = {
            role: Wire(pin.pin, pin.active.value == "low")
            for role, pin in outputs
            if role not in ("red", "green")
        }
        wire = self.wires[wiring.role]
        scenario = Scenario(wiring.name, "", {}, wiring.rises, {}, [], Trace({}, [], {}, {}))
        self.player = Player(site, scenario)
        self.player.begin()
        for step in wiring.steps:
            self.player.do(step)
        site.sim.wait(LIMIT_MS, pin=wire.pin, level=wire.level(True), function="output")
        site.gate.stop(SIGKILL, LIMIT_S)
        self.mark = site.sim.mark()
        assert self.on() == [wiring.role], "the killed daemon's relay should still be on"

    def on(self) -> list[str]:
        """The relays that pull now, as the simulated gate sees them."""
        pins = self.site.sim.pins()
        return [
            role
            for role, wire in self.wires.items()
            if pins[wire.pin]["output"] and pins[wire.pin]["level"] == wire.level(True)
        ]

    def edges(self) -> list[str]:
        """What the relays did since the daemon died: the state then, and every change."""
        wire = self.wires[self.wiring.role]
        before = Record(0, "pin", wire.pin, "output", wire.level(True), 0)
        found = relay_edges([before, *self.since()], {self.lane: self.wires})
        return found[self.lane][1:]

    def since(self) -> list[Record]:
        """What the pins did since the daemon died."""
        return [one for one in self.site.sim.trace(since=self.mark) if one.kind == "pin"]

    def relays_safe(self) -> None:
        """What systemd runs after the daemon's end, whatever ended it (ExecStopPost)."""
        subprocess.run(
            [sys.executable, "-m", "agent", "relays-safe", "-c", str(self.site.gate.config)],
            capture_output=True,
            timeout=LIMIT_S,
            check=True,
            env=os.environ,
            stdin=subprocess.DEVNULL,
        )

    def unhurt(self) -> None:
        """No arm fell on anything."""
        assert self.site.sim.arms()[self.lane]["hits"] == 0


@pytest.fixture(params=WIRINGS, ids=lambda wiring: wiring.name)
def struck(request: pytest.FixtureRequest) -> Iterator[Struck]:
    wiring: Wiring = request.param
    page = page_of(wiring.gate, wiring.change)
    with Folder() as folder, Apart(page, folder, wiring.rises, wiring.falls) as site:
        yield Struck(site, wiring)


def test_what_is_done_after_the_daemons_end(struck: Struck) -> None:
    wiring, sim = struck.wiring, struck.site.sim
    struck.relays_safe()
    expected = [] if wiring.kept else [f"-{wiring.role}"]
    assert struck.edges() == expected
    assert struck.on() == ([wiring.role] if wiring.kept else [])
    sim.wait(LIMIT_MS, lane=struck.lane, arm=wiring.arm)
    struck.site.start()
    struck.player.do({"quiet": 300})
    assert struck.edges() == expected, "the next start moves nothing"
    sim.wait(LIMIT_MS, lane=struck.lane, arm=wiring.arm)
    struck.unhurt()


def test_what_the_next_start_does(struck: Struck) -> None:
    wiring, sim = struck.wiring, struck.site.sim
    struck.site.start()
    struck.player.do({"quiet": 300})
    assert struck.edges() == ([] if wiring.kept else [f"-{wiring.role}"])
    assert struck.on() == ([wiring.role] if wiring.kept else [])
    if not wiring.kept:
        first = next(one for one in struck.since() if one.who)
        assert first.pin == struck.wires[wiring.role].pin, "something else came first"
    sim.wait(LIMIT_MS, lane=struck.lane, arm=wiring.arm)
    if wiring.kept:
        sim.release(struck.lane)
        sim.wait(LIMIT_MS, lane=struck.lane, cars=0)
        struck.player.do({"view": {"loop": "clear", "position": "open", "proof": "switch"}})
        struck.player.do({"order": {"kind": "close"}})
        sim.wait(LIMIT_MS, lane=struck.lane, arm="down")
    struck.unhurt()


@pytest.mark.parametrize("gate", ["pulse", "maintained"])
def test_an_arm_that_falls_when_the_daemon_starts_is_still_guarded(gate: str) -> None:
    """Killed just after it let the arm down; somebody walks under it when it is back."""
    wiring = Wiring(
        gate,
        gate,
        "close" if gate == "pulse" else "open",
        [*OPENED[:2], {"view": {"position": "open"}}],
        "falling",
        {"lanes.in-1.arm.travel": "1 min"},
        falls=timedelta(minutes=5),
    )
    page = page_of(wiring.gate, wiring.change)
    with Folder() as folder, Apart(page, folder, wiring.rises, wiring.falls) as site:
        scenario = Scenario(gate, "", page, wiring.rises, {}, [], Trace({}, [], {}, {}))
        player = Player(site, scenario)
        player.begin()
        for step in (*wiring.steps, {"order": {"kind": "close"}}, {"until": {"arm": "falling"}}):
            player.do(step)
        site.gate.stop(SIGKILL, LIMIT_S)
        site.start()
        assert site.sim.arms()["in-1"]["arm"] == "falling", "the start itself moves nothing"
        player.do({"hold": "in-1.loop"})
        player.do({"until": {"arm": "up"}})
        player.do({"entry": "arm.protected"})
