"""Faults of lanes, sensors, zones and emergencies, each at its place with what to write instead."""

from pathlib import Path
from typing import NamedTuple

import pytest

from agent.settings.reading import read
from tests.settings.pages import faults_of, place_of_mark

LANES = """\
estate: green-garden
gate: north
timezone: Asia/Shanghai
lanes:
  in-1:
    direction: in
    readers: [in-1-rdm]
    zones: {from: outside, to: garage}
    arm:
      open: {pin: 17}
      close: {pin: 27}
      stop: {pin: 22}
      when_blocked: dead_man
      open_too_long: {pre_alarm: 1 min, alarm: 2 min, escalate: [5 min, 10 min]}
    inputs:
      approach: {pin: 4, longest: 10 min}
      loop: {pin: 23}
      safety: [{pin: 24, active: high, test: {pin: 18}}, {pin: 25, test: {pin: 18}}]
      closed: {pin: 8}
    buttons:
      close: {pin: 7}
      stop: {pin: 9, active: high, pair: {pin: 10, active: low}}
    signals:
      red: {pin: 5}
      horn: {pin: 6, pulse: 2 s}
      display: {port: /dev/ttyUSB5}
  both-1:
    direction: both
    readers: [both-in, both-out]
    right_of_way: out
    arm: {open: {pin: 16, drive: maintained, on_exit: keep}}
  foot:
    direction: out
    readers: [foot-nfc]
    door: {strike: {pin: 20, pulse: 4 s}}
    inputs: {closed: {pin: 21}}
    buttons: {exit: {pin: 26}}
  out-1:
    direction: out
    readers: [out-rdm]
    zones: {from: garage, to: outside}
    arm: {open: {pin: 19}, closes_itself: true}
readers:
  in-1-rdm: {driver: serial, port: /dev/ttyUSB0, protocol: em4100-ascii}
  out-rdm: {driver: serial, port: /dev/ttyUSB1, protocol: em4100-ascii}
  both-in: {driver: serial, port: /dev/ttyUSB2, protocol: em4100-ascii, side: in}
  both-out: {driver: serial, port: /dev/ttyUSB3, protocol: em4100-ascii, side: out}
  foot-nfc: {driver: pcsc}
zones:
  garage: {bays: 80, refuse_when_full: [visitor_vehicle], passback: {mode: hard, amnesty: 04:00}}
emergency: {fire: {pin: 12, active: high}, lockdown: {pin: 13}}
"""


class Case(NamedTuple):
    """A piece of the good file, what stands there instead, and the fault that this is."""

    name: str
    old: str
    new: str
    path: str
    problem: str
    allowed: str = ""
    suggestion: str = ""


ARM = "lanes.in-1.arm"
FOOT = "    door: {strike: {pin: 20, pulse: 4 s}}\n"
GARAGE = "{bays: 80, refuse_when_full: [visitor_vehicle], passback: {mode: hard, amnesty: 04:00}}"

CASES = [
    # An arm or a door
    Case("no-arm", f"  foot:\n    direction: out\n    readers: [foot-nfc]\n{FOOT}",
         "  ⟦foot:\n    direction: out\n    readers: [foot-nfc]\n", "lanes.foot.arm",
         "arm is missing here", "door: {strike: {pin: 17}}"),
    Case("both", FOOT, "    arm: {open: {pin: 2}}\n    ⟦door: {strike: {pin: 20}}\n",
         "lanes.foot.door", "an arm or a door, not both"),
    Case("misspelt-arm", "    arm: {open: {pin: 19}", "    ⟦amr: {open: {pin: 19}",
         "lanes.out-1.amr", "unknown key", "", "arm"),
    Case("door-loop", "{closed: {pin: 21}}", "{closed: {pin: 21}, ⟦loop: {pin: 2}}",
         "lanes.foot.inputs.loop", "a door has no loop", "closed: its contact"),
    Case("door-stop", "{exit: {pin: 26}}", "{exit: {pin: 26}, ⟦stop: {pin: 2}}",
         "lanes.foot.buttons.stop", "a door has no stop", "exit: beside the door"),
    Case("door-waits", FOOT, f"{FOOT}    ⟦open_for: 20 s\n", "lanes.foot.open_for",
         "as long as its strike is released", "strike: {pulse: ...}"),
    Case("door-travel", "{strike: {pin: 20, pulse: 4 s}}", "{strike: {pin: 20}, ⟦travel: 5 s}",
         "lanes.foot.door.travel", "unknown key"),
    # What lowers it
    Case("itself-close", "open: {pin: 19}", "close: {pin: 2}, open: {pin: 19}",
         "lanes.out-1.arm.closes_itself", "not told to close", "not both"),
    Case("itself-held", "{pin: 19}, closes_itself", "{pin: 19, drive: maintained, on_exit: keep}, "
         "⟦closes_itself", "lanes.out-1.arm.closes_itself", "lets the arm down itself"),
    Case("hold-to-run", "open: {pin: 17}\n      close: {pin: 27}",
         "open: {pin: 17, drive: maintained, on_exit: keep}\n"
         "      close: {pin: 27, drive: ⟦maintained}", f"{ARM}.close.drive", "hold-to-run",
         "as long as the arm takes"),
    Case("dead-man-stop", "      stop: {pin: 22}\n      when_blocked: dead",
         "      when_blocked: ⟦dead", f"{ARM}.stop", "the arm has to stop", "drive: maintained"),
    Case("dead-man-close", "      close: {pin: 27}\n      stop: {pin: 22}\n      when_blocked: ",
         "      stop: {pin: 22}\n      when_blocked: ⟦", f"{ARM}.close", "is not wired"),
    Case("dead-man-button", "      close: {pin: 7}\n", "", "lanes.in-1.buttons.close",
         "needs the button", "buttons: {close: {pin: ...}}"),
    Case("close-button", "closes_itself: true}", "closes_itself: true}\n    buttons: {⟦close: "
         "{pin: 2}}", "lanes.out-1.buttons.close", "nothing here can lower this arm", "arm.close"),
    Case("one-way", "  out-1:\n", "  out-1:\n    ⟦right_of_way: in\n", "lanes.out-1.right_of_way",
         "one way only, out", "direction: both"),
    Case("way-word", "right_of_way: out", "right_of_way: ⟦both", "lanes.both-1.right_of_way",
         "not one of", "first, in or out"),
    Case("blocked-word", "dead_man", "⟦deadman", f"{ARM}.when_blocked", "not one of",
         "stay_open or dead_man", "dead_man"),
    Case("retries", "      stop: {pin: 22}\n", "      stop: {pin: 22}\n      retries: ⟦11\n",
         f"{ARM}.retries", "11 is outside", "0 to 10"),
    # Alarms
    Case("ladder-order", "alarm: 2 min", "alarm: ⟦30 s", f"{ARM}.open_too_long.alarm",
         "not after the step before it (1 min)", "each later"),
    Case("ladder-steps", "[5 min, 10 min]", "[5 min, ⟦5 min]", f"{ARM}.open_too_long.escalate.1",
         "not after the step before it (5 min)"),
    Case("ladder-one", "[5 min, 10 min]", "⟦2 min", f"{ARM}.open_too_long.escalate",
         "not after the step before it (2 min)"),
    Case("ladder-top", "alarm: 2 min, escalate", "⟦escalate", f"{ARM}.open_too_long.alarm",
         "alarm is missing"),
    # Sensors
    Case("test-loop", "loop: {pin: 23}", "loop: {pin: 23, ⟦test: {pin: 2}}",
         "lanes.in-1.inputs.loop.test", "only safety inputs are tested", "inputs.safety"),
    Case("test-switch", "closed: {pin: 8}", "closed: {pin: 8, ⟦test: {pin: 2}}",
         "lanes.in-1.inputs.closed.test", "only safety inputs are tested"),
    Case("test-button", "{pin: 7}", "{pin: 7, ⟦test: {pin: 2}}", "lanes.in-1.buttons.close.test",
         "unknown key"),
    Case("test-levels", "{pin: 25, test: {pin: 18}}", "{pin: 25, test: {pin: 18, active: ⟦high}}",
         "lanes.in-1.inputs.safety.1.test.active", "is active low in line 18, and high here",
         "low"),
    Case("test-slow", "{pin: 25, test: {pin: 18}}", "{pin: 25, test: {pin: 18, within: ⟦5 s}}",
         "lanes.in-1.inputs.safety.1.test.within", "outside the range", "10 ms to 900 ms"),
    Case("pair-same", "active: low}}", "active: ⟦high}}", "lanes.in-1.buttons.stop.pair.active",
         "a cut cable would look like a clear one", "one contact closes while the other opens",
         "low"),
    Case("longest-switch", "closed: {pin: 8}", "closed: {pin: 8, ⟦longest: 5 min}",
         "lanes.in-1.inputs.closed.longest", "the arm rests at this switch"),
    Case("longest-button", "{pin: 26}", "{pin: 26, ⟦longest: 5 min}",
         "lanes.foot.buttons.exit.longest", "unknown key", "pin, active, pull"),
    # Pins
    Case("pin-pair", "{pin: 10, active: low}", "{pin: ⟦23, active: low}",
         "lanes.in-1.buttons.stop.pair.pin", "the first is lanes.in-1.inputs.loop in line 17"),
    Case("pin-test", "{pin: 25, test: {pin: 18}}", "{pin: 25, test: {pin: ⟦17}}",
         "lanes.in-1.inputs.safety.1.test.pin", f"the first is {ARM}.open in line 10"),
    Case("pin-strike", "{pin: 20, pulse", "{pin: ⟦27, pulse", "lanes.foot.door.strike.pin",
         f"the first is {ARM}.close"),
    Case("pin-lamp", "red: {pin: 5}", "red: {pin: ⟦9}", "lanes.in-1.signals.red.pin",
         "the first is lanes.in-1.buttons.stop"),
    Case("pin-button", "{pin: 26}", "{pin: ⟦6}", "lanes.foot.buttons.exit.pin",
         "the first is lanes.in-1.signals.horn"),
    Case("pin-fire", "fire: {pin: 12", "fire: {pin: ⟦26", "emergency.fire.pin",
         "the first is lanes.foot.buttons.exit"),
    Case("pin-test-of-another-lane", "closed: {pin: 21}}", "closed: {pin: ⟦18}}",
         "lanes.foot.inputs.closed.pin", "the first is lanes.in-1.inputs.safety.0.test"),
    Case("display-port", "/dev/ttyUSB5", "⟦/dev/ttyUSB0", "lanes.in-1.signals.display.port",
         "the first is readers.in-1-rdm.port"),
    Case("display-uart", "red: {pin: 5}\n      horn: {pin: 6, pulse: 2 s}\n"
         "      display: {port: /dev/ttyUSB5}", "red: {pin: ⟦14}\n"
         "      display: {port: /dev/ttyAMA0}", "lanes.in-1.signals.red.pin",
         "the first is lanes.in-1.signals.display.port in line 25 (the serial line's TXD)"),
    Case("display-text", "{port: /dev/ttyUSB5}", "{port: /dev/ttyUSB5, encoding: ⟦gb2213}",
         "lanes.in-1.signals.display.encoding", "not one of", "gb18030", "gb2312"),
    # Zones
    Case("zone", "to: garage", "to: ⟦garaeg", "lanes.in-1.zones.to", "no zone 'garaeg'",
         "outside, inside or garage", "garage"),
    Case("zone-key", "from: outside", "⟦form: outside", "lanes.in-1.zones.form", "unknown key",
         "from or to", "from"),
    Case("zone-half", "zones: {from: outside, to: garage}", "⟦zones: {from: outside}",
         "lanes.in-1.zones.to", "to is missing here", "outside, inside"),
    Case("zone-same", "to: garage", "to: ⟦outside", "lanes.in-1.zones.to", "leads nowhere"),
    Case("zone-in", "{from: outside, to: garage}", "{from: inside, to: ⟦outside}",
         "lanes.in-1.zones.to", "does not lead outside", "direction: out"),
    Case("zone-out", "{from: garage, to: outside}", "{from: ⟦outside, to: garage}",
         "lanes.out-1.zones.from", "does not come from outside", "direction: in"),
    Case("zone-nowhere", "zones:\n  garage", "zones:\n  ⟦yard: {bays: 4}\n  garage", "zones.yard",
         "no lane leads to the zone yard", "to: yard"),
    Case("zone-outside", "zones:\n  garage", "zones:\n  ⟦outside: {bays: 4}\n  garage",
         "zones.outside", "the rest of the world"),
    Case("full", "{bays: 80, refuse_when_full", "{⟦refuse_when_full", "zones.garage.bays",
         "bays is missing", "how many"),
    Case("timed", "mode: hard", "mode: ⟦timed", "zones.garage.passback.within", "within is missing",
         "within: 10 min"),
    Case("within", "mode: hard,", "mode: hard, ⟦within: 5 min,", "zones.garage.passback.within",
         "belongs to mode: timed, not to hard"),
    Case("no-way-out", "    zones: {from: garage, to: outside}\n", "", "zones.garage.passback.mode",
         "no lane leads out of garage", "mode: timed"),
    Case("amnesty", "04:00", "⟦4:00", "zones.garage.passback.amnesty", "two digits", "04:30",
         "04:00"),
    Case("amnesty-none", "04:00", "⟦24:00", "zones.garage.passback.amnesty", "no 24:00 on the"),
    Case("amnesty-text", "04:00", "⟦early", "zones.garage.passback.amnesty", "not a time of day"),
    Case("bays", "bays: 80", "bays: ⟦many", "zones.garage.bays", "whole number"),
    Case("fire", "fire: {pin: 12, active: high}", "⟦fier: {pin: 12}", "emergency.fier",
         "unknown key", "fire, lockdown or mains", "fire"),
]  # fmt: skip

UNMARKED = {
    "itself-close": (42, 45),
    "dead-man-button": (13, 21),
    "no-way-out": (49, 76),
}


def test_the_good_file_is_good(tmp_path: Path) -> None:
    assert faults_of(tmp_path, LANES) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_is_told_once_and_at_its_place(case: Case, tmp_path: Path) -> None:
    assert LANES.count(case.old) == 1, f"{case.old!r} is there {LANES.count(case.old)} times"
    text = LANES.replace(case.old, case.new)
    faults = faults_of(tmp_path, text)
    assert len(faults) == 1, "\n".join(map(str, faults))
    fault = faults[0]
    expected = UNMARKED[case.name] if case.name in UNMARKED else place_of_mark(text)
    assert (fault.line, fault.column) == expected, str(fault)
    assert fault.path == case.path
    assert case.problem in fault.problem
    assert case.allowed.lower() in fault.allowed.lower()
    assert fault.suggestion == case.suggestion


TAKEN = [
    ("{pre_alarm: 1 min, alarm: 2 min, escalate: [5 min, 10 min]}", "false"),
    ("[5 min, 10 min]", "5 min"),
    ("pre_alarm: 1 min, ", ""),
    ("{pin: 25, test: {pin: 18}}", "{pin: 25, test: {pin: 3}}"),
    (", pair: {pin: 10, active: low}", ", pair: {pin: 10}"),
    ("    zones: {from: outside, to: garage}\n", ""),
    (GARAGE, "{passback: {mode: timed, within: 10 min}}"),
    (GARAGE, "{bays: 3}"),
    ("      stop: {pin: 22}\n      when_blocked", "      when_blocked"),
    ("inputs: {closed: {pin: 21}}", "inputs:"),
    (", closes_itself: true", ""),
    ("emergency: {fire: {pin: 12, active: high}, lockdown: {pin: 13}}\n", ""),
]


@pytest.mark.parametrize(("old", "new"), TAKEN)
def test_what_is_taken(tmp_path: Path, old: str, new: str) -> None:
    text = LANES.replace(old, new)
    assert text != LANES
    if "when_blocked" in new:
        text = text.replace("close: {pin: 27}", "close: {pin: 27, drive: maintained}")
    assert faults_of(tmp_path, text) == []


def test_several_faults_of_one_lane_are_all_told(tmp_path: Path) -> None:
    text = LANES.replace("      close: {pin: 27}\n      stop: {pin: 22}\n", "")
    text = text.replace("      close: {pin: 7}\n", "")
    paths = [fault.path for fault in faults_of(tmp_path, text)]
    assert paths == ["lanes.in-1.arm.close", "lanes.in-1.buttons.close"]


def test_defaults_are_the_careful_choice(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(LANES, encoding="utf-8")
    lane = read(file).lanes["both-1"]
    assert lane.arm is not None
    ladder = lane.arm.open_too_long
    assert ladder is not None
    assert ladder.pre_alarm is not None
    assert lane.arm.when_blocked == "stay_open"
    assert lane.arm.retries == 3
    assert not lane.arm.closes_itself
